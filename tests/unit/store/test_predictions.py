"""Blobs, stored charts and the file of predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.core.frame import Frame
from app.core.prediction import Prediction
from app.core.propagate import ChartStack
from app.io.bundle import Bundle
from app.store.blobs import DamagedBlob, checksum, pack, unpack
from app.store.charts import StoredCharts, compact, maps, restore
from app.store.predictions import PredictionStore
from tests.unit.store.fakes import fake_prediction

FRAME = Frame(600, 500)
KEY = "ab" * 32


@pytest.fixture
def prediction(bundle: Bundle) -> Prediction:
    return fake_prediction(bundle.template, bundle.sha256, FRAME, 3)


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
