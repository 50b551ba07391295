"""Blobs, stored charts and the file of predictions."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import apsw
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numcodecs.blosc import Blosc

from app.core.frame import Frame, View
from app.core.prediction import Prediction
from app.core.propagate import ChartStack
from app.io.bundle import Bundle
from app.store.blobs import DamagedBlob, checksum, pack, unpack
from app.store.charts import StoredCharts, compact, maps, restore
from app.store.errors import ProjectError, Trouble
from app.store.predictions import PredictionStore
from tests.unit.store.fakes import fake_prediction
from tests.unit.store.faults import failing, faulty_disk

FRAME = Frame(600, 500)
KEY = "ab" * 32


@pytest.fixture
def prediction(bundle: Bundle) -> Prediction:
    return fake_prediction(bundle.template, bundle.sha256, FRAME, 3)


@settings(deadline=None)  # on a busy machine one example may take any time
@given(
    hnp.arrays(st.sampled_from([np.uint8, np.float16, np.float32, bool]), hnp.array_shapes(min_side=0)), st.booleans()
)
def test_pack_and_unpack(array: np.ndarray, quick: bool):
    data = pack({"a": array, "b": array.T}, quick)
    found = unpack(data, checksum(data))
    np.testing.assert_array_equal(found["a"], array)
    np.testing.assert_array_equal(found["b"], array.T)
    assert found["a"].dtype == array.dtype


def test_unpack_notices_each_changed_byte():
    data = pack({"a": np.arange(5)})
    for i in range(len(data)):
        with pytest.raises(DamagedBlob):
            unpack(data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :], checksum(data))


def test_stored_charts_equal_the_stack(bundle: Bundle, prediction: Prediction):
    plain = ChartStack(bundle.template)
    plain.put(300, prediction)
    stored = StoredCharts(bundle.template)
    stored.put_compact((slot, compact(bundle.template, prediction)) for slot in range(301))
    for structure in bundle.template.structures:
        a, b = plain.find(structure.name, (0.2, -0.3)), stored.find(structure.name, (0.2, -0.3))
        np.testing.assert_array_equal(a.xy[300], b.xy[300])
        np.testing.assert_array_equal(a.expected_error[300], b.expected_error[300])


def test_restored_prediction(bundle: Bundle, prediction: Prediction):
    found = restore(bundle.sha256, "odd", compact(bundle.template, prediction), maps(prediction))
    np.testing.assert_array_equal(found.masks, prediction.masks)
    np.testing.assert_array_equal(found.uv, prediction.uv)
    np.testing.assert_array_equal(found.present, prediction.present)
    np.testing.assert_allclose(found.charts[found.present], prediction.charts[found.present], atol=0.03)
    np.testing.assert_allclose(found.expected_error[found.present], prediction.expected_error[found.present], 1e-3)
    assert found.suspect == "odd"


@pytest.mark.parametrize("view", [None, View(3, 1, 40, 25, mirrored=True), View(0, 7, 11, 12)])
def test_what_the_network_saw_is_kept(bundle: Bundle, prediction: Prediction, view: View | None):
    data = pack(maps(replace(prediction, view=view)))
    held = unpack(data, checksum(data))
    assert restore(bundle.sha256, "", compact(bundle.template, prediction), held).view == view


def test_keeps_predictions_by_file_and_bundle(bundle: Bundle, prediction: Prediction, tmp_path: Path):
    store = PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=False)
    preview = np.arange(12, dtype=np.uint8).reshape(3, 4)
    store.put(KEY, prediction, preview)
    store.close()
    store = PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=True)
    assert store.known() == {KEY: ""}
    np.testing.assert_array_equal(store.get(KEY).masks, prediction.masks)
    np.testing.assert_array_equal(store.preview(KEY), preview)
    assert [file for file, _ in store.charts()] == [KEY]
    assert store.get("other") is None
    store.close()
    store = PredictionStore(tmp_path / "p", "another bundle", bundle.template, read_only=True)
    assert store.known() == {}
    assert store.get(KEY) is None
    store.close()


def test_missing_file_read_only(bundle: Bundle, tmp_path: Path):
    store = PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=True)
    assert store.known() == {}
    assert store.get(KEY) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"no database" * 1000, b"", b"SQLite format 3\0" + b"\1" * 5000])
def test_damaged_file_is_begun_afresh(bundle: Bundle, prediction: Prediction, tmp_path: Path, content: bytes):
    (tmp_path / "p.predictions").write_bytes(content)
    store = PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=False)
    assert store.known() == {}
    store.put(KEY, prediction, None)
    assert store.get(KEY) is not None
    store.close()


def test_file_damaged_inside(bundle: Bundle, prediction: Prediction, tmp_path: Path):
    store = PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=False)
    for i in range(30):
        store.put(f"{i:064x}", prediction, None)
    store.close()
    path = tmp_path / "p.predictions"
    data = bytearray(path.read_bytes())
    data[8192:] = b"\x55" * (len(data) - 8192)
    path.write_bytes(data)
    store = PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=False)
    assert list(store.charts()) == []
    assert store.get(KEY) is None
    store.put(KEY, prediction, None)
    assert store.get(KEY) is not None
    store.close()


def test_damaged_blob_counts_as_missing(bundle: Bundle, prediction: Prediction, tmp_path: Path):
    store = PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=False)
    store.put(KEY, prediction, np.zeros((2, 2), np.uint8))
    for table in ("charts", "previews"):
        store._db.execute(f"UPDATE {table} SET data = zeroblob(9)")
    assert store.get(KEY) is None
    assert store.packed(KEY) is None
    assert store.preview(KEY) is None
    assert list(store.charts()) == []
    store.close()


# --- predictions are thrown away for no error


@pytest.fixture
def kept(bundle: Bundle, prediction: Prediction, tmp_path: Path) -> Path:
    """A file of one prediction beside a project."""
    with contextlib.closing(PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=False)) as store:
        store.put(KEY, prediction, None)
    return tmp_path / "p.predictions"


def known(bundle: Bundle, path: Path) -> list[str]:
    store = PredictionStore(path.with_name("p"), bundle.sha256, bundle.template, read_only=False)
    with contextlib.closing(store):
        assert store.get(KEY) is None or KEY in store.known()
        return list(store.known())


def test_predictions_that_another_program_holds_stay(bundle: Bundle, prediction, kept: Path, monkeypatch):
    monkeypatch.setattr("app.store.database.BUSY_MS", 1)
    other = apsw.Connection(str(kept))
    list(other.execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE x (x)"))
    store = PredictionStore(kept.with_name("p"), bundle.sha256, bundle.template, read_only=False)
    assert "held by another program" in store.remark
    assert store.known() == {}
    store.put("other", prediction, None)  # it lives as long as the store
    np.testing.assert_array_equal(store.get("other").masks, prediction.masks)
    store.close()
    other.execute("ROLLBACK")
    other.close()
    assert known(bundle, kept) == [KEY]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (apsw.FullError, "no space left"),
        (apsw.IOError, "does not answer"),
        (apsw.BusyError, "held by another program"),
        (apsw.ReadOnlyError, "can't be changed"),
    ],
)
def test_predictions_stay_where_writing_fails(bundle: Bundle, prediction, kept: Path, kind: type, words: str):
    with faulty_disk() as faults:
        store = PredictionStore(kept.with_name("p"), bundle.sha256, bundle.template, read_only=False)
        faults.fail = failing(kind, "write", "-wal")
        with pytest.raises(ProjectError, match=words):
            store.put("other", prediction, None)
        assert store.get(KEY) is not None
        store.close()
        faults.fail = lambda *_: None
        assert known(bundle, kept) == [KEY]
    assert not list(kept.parent.glob("*damaged*"))


def test_predictions_of_a_newer_program_stay(bundle: Bundle, kept: Path):
    db = apsw.Connection(str(kept))
    db.execute("PRAGMA user_version=2")
    db.close()
    before = kept.read_bytes()
    assert known(bundle, kept) == []
    assert kept.read_bytes() == before


def test_damaged_predictions_lie_aside_each_time_under_another_name(bundle: Bundle, prediction, tmp_path: Path):
    for content in (b"no database" * 1000, b"not this either" * 1000):
        (tmp_path / "p.predictions").write_bytes(content)
        store = PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=False)
        assert "will be made again" in store.remark
        store.put(KEY, prediction, None)
        assert list(store.known()) == [KEY]
        store.close()
    assert (tmp_path / "p.predictions.damaged-1").read_bytes() == b"no database" * 1000
    assert (tmp_path / "p.predictions.damaged-2").read_bytes() == b"not this either" * 1000


def test_a_prediction_is_found_under_its_own_file_and_bundle_alone(bundle: Bundle, tmp_path: Path):
    """Two files, two bundles: masks, charts, suspicion and preview of each are its own."""
    said = {("a", "x"): 1, ("a", "y"): 2, ("b", "x"): 3}
    for (name, key), seed in said.items():
        store = PredictionStore(tmp_path / "p", name, bundle.template, read_only=False)
        made = replace(fake_prediction(bundle.template, name, FRAME, seed), suspect=f"odd {seed}")
        store.put(key, made, np.full((2, 3), seed, np.uint8))
        store.close()
    for (name, key), seed in said.items():
        store = PredictionStore(tmp_path / "p", name, bundle.template, read_only=True)
        made = fake_prediction(bundle.template, name, FRAME, seed)
        found = store.get(key)
        np.testing.assert_array_equal(found.masks, made.masks)
        assert found.suspect == store.known()[key] == f"odd {seed}"
        assert found.bundle_sha256 == name
        np.testing.assert_array_equal(store.chart(key)["error"], compact(bundle.template, made)["error"])
        np.testing.assert_array_equal(found.extents, made.extents)
        np.testing.assert_array_equal(dict(store.charts())[key]["affine"], compact(bundle.template, made)["affine"])
        assert set(store.known()) == {k for n, k in said if n == name}
        assert store.checksum(key) == hashlib.sha256(store.packed(key)[0]).hexdigest()
        assert unpack(store.packed(key)[0], store.checksum(key)).keys() == {"offset", "error", "affine", "extents"}
        store.close()


def test_a_new_prediction_takes_the_place_of_the_old_one_whole(bundle: Bundle, kept: Path):
    store = PredictionStore(kept.with_name("p"), bundle.sha256, bundle.template, read_only=False)
    for seed in (5, 6):
        made = replace(fake_prediction(bundle.template, bundle.sha256, FRAME, seed), suspect=f"odd {seed}")
        store.put(KEY, made, np.full((2, 3), seed, np.uint8))
    np.testing.assert_array_equal(store.get(KEY).masks, made.masks)
    np.testing.assert_array_equal(store.chart(KEY)["offset"], compact(bundle.template, made)["offset"])
    np.testing.assert_array_equal(store.preview(KEY), np.full((2, 3), 6))
    assert store.known() == {KEY: "odd 6"}
    store.close()


def test_a_store_for_reading_writes_nothing(bundle: Bundle, prediction: Prediction, kept: Path):
    before = kept.read_bytes()
    store = PredictionStore(kept.with_name("p"), bundle.sha256, bundle.template, read_only=True)
    store.put("other", prediction, None)
    assert list(store.known()) == [KEY]
    store.close()
    assert kept.read_bytes() == before


def test_packed_arrays_are_what_their_format_says():
    """Length of the header (4 bytes, little endian), header as JSON, one Blosc chunk per array."""
    array = np.arange(6, dtype="<i4").reshape(2, 3)
    data = pack({"a": array, "none": np.zeros((0, 4), np.float16)})
    length = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + length])
    assert head[0][:3] == ["a", "<i4", [2, 3]]
    assert head[1] == ["none", "<f2", [0, 4], 0]
    chunk = data[4 + length :]
    assert len(chunk) == head[0][3]
    assert Blosc().decode(chunk) == array.tobytes()
    assert checksum(data) == hashlib.sha256(data).hexdigest()
    both = unpack(data, checksum(data))
    assert both["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert both["none"].shape == (0, 4)
    with pytest.raises(DamagedBlob):
        unpack(data, checksum(data + b"x"))


def test_each_file_has_its_own_small_picture(tmp_path: Path, bundle: Bundle, prediction: Prediction):
    pictures = {f"{i:064x}": np.arange(6 * i, 6 * i + 6, dtype=np.uint8).reshape(2, 3) for i in range(3)}
    store = PredictionStore(tmp_path / "p.dsr", bundle.sha256, bundle.template, read_only=False)
    for file, picture in pictures.items():
        store.put(file, prediction, picture)
    for file, picture in pictures.items():
        np.testing.assert_array_equal(store.preview(file), picture)
    assert store.preview("f" * 64) is None
    store.close()


def test_what_cannot_be_read_just_now_is_told_and_stays(bundle: Bundle, prediction: Prediction, kept: Path):
    with faulty_disk() as faults:
        store = PredictionStore(kept.with_name("p"), bundle.sha256, bundle.template, read_only=False)
        faults.fail = failing(apsw.IOError, "read", ".predictions")
        for read in (store.get, store.chart, store.packed, store.preview, lambda _: list(store.charts())):
            with pytest.raises(ProjectError, match="does not answer as it should") as error:
                read(KEY)
            assert error.value.trouble is Trouble.DEVICE
        faults.fail = lambda *_: None
        np.testing.assert_array_equal(store.get(KEY).masks, prediction.masks)
        store.close()
    assert not list(kept.parent.glob("*damaged*"))


def test_a_file_whose_list_cannot_be_read_stays_and_new_predictions_live_in_memory(
    bundle: Bundle, prediction: Prediction, tmp_path: Path
):
    store = PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=False)
    for i in range(400):  # so many that opening the file does not read the whole list
        store.put_packed(f"{i:064x}", "", b"charts", b"maps")
    store.close()
    before = (tmp_path / "p.predictions").read_bytes()
    with faulty_disk() as faults:
        store = PredictionStore(tmp_path / "p", bundle.sha256, bundle.template, read_only=False)
        faults.fail = failing(apsw.IOError, "read", ".predictions")
        assert store.known() == {}
        assert "new ones are not kept" in store.remark
        assert "does not answer as it should" in store.remark
        store.put(KEY, prediction, None)
        assert list(store.known()) == [KEY]
        store.close()
    assert (tmp_path / "p.predictions").read_bytes() == before


@pytest.mark.parametrize("second", [apsw.FullError, apsw.CorruptError])
def test_a_second_failure_while_a_damaged_file_is_begun_afresh_is_told(
    bundle: Bundle, prediction: Prediction, tmp_path: Path, second: type[apsw.Error]
):
    """The first write proves damage; then each of the following writes fails once, whichever it is."""
    told = []
    for number in range(2, 40):
        count = 0

        def fail(operation: str, name: str, number: int = number) -> None:
            nonlocal count
            if operation == "write" and name.endswith("-wal"):
                count += 1
                if count in (1, number):
                    raise (apsw.CorruptError if count == 1 else second)("made to fail")

        folder = tmp_path / str(number)
        folder.mkdir()
        with faulty_disk() as faults:
            store = PredictionStore(folder / "p", bundle.sha256, bundle.template, read_only=False)
            store.put("other", prediction, None)
            faults.fail = fail
            try:
                store.put(KEY, prediction, None)
                assert store.get(KEY) is not None
            except ProjectError as error:
                told.append(error.trouble)
            faults.fail = lambda *_: None
            store.close()
        assert (folder / "p.predictions.damaged-1").exists()
        if count < number:
            break
    assert set(told) == {Trouble.FULL if second is apsw.FullError else Trouble.DAMAGED}
