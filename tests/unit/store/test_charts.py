import os
from pathlib import Path

import numpy as np
import pytest

from app.core.propagate import BLOCK
from app.store import charts as module
from app.store.charts import StoredCharts
from app.store.scratch import Scratch
from tests.unit.core.shapes import two_structures

TEMPLATE = two_structures()
GRID = 40

SLOTS = (3, 0, BLOCK + 1, 5, 2 * BLOCK, BLOCK - 1, BLOCK, 2 * BLOCK + 7, 2 * BLOCK + 8, 2 * BLOCK + 9, 1)
"""In three blocks; some side by side, some not, the blocks in turn."""


def stored(slot):
    """Charts made of nothing but chance, no two images, structures, nodes or axes alike."""
    rng = np.random.default_rng(slot)
    return {
        "offset": rng.normal(0, 9, (2, GRID, GRID, 2)).astype(np.float16),
        "error": rng.uniform(1, 8, (2, GRID, GRID)).astype(np.float16),
        "affine": rng.normal(200, 90, (2, 3, 2)).astype(np.float32),
        "extents": rng.normal(500, 90, (2, 5)).astype(np.float32),
    }


def written_out(slot, c, row, column):
    """Place and expected error at one node: an affine map of (u, v) plus the offset (design 5.1)."""
    arrays = stored(slot)
    u, v = (-1.15 + 2.3 * i / (GRID - 1) for i in (column, row))
    matrix = arrays["affine"][c].astype(float)
    xy = u * matrix[0] + v * matrix[1] + matrix[2] + arrays["offset"][c, row, column].astype(float)
    return (u, v), xy, float(arrays["error"][c, row, column])


@pytest.fixture(params=["resident", "mapped"])
def charts(request, tmp_path, monkeypatch):
    if request.param == "mapped":
        monkeypatch.setattr(module, "RESIDENT_BYTES", 0)
        monkeypatch.setattr("app.store.scratch.RESIDENT_BYTES", 1)  # given back after every look
    found = StoredCharts(TEMPLATE, 2, tmp_path)
    found.put_compact((slot, stored(slot)) for slot in SLOTS)
    assert found.mapped is (request.param == "mapped")
    return found


@pytest.mark.parametrize(("c", "structure"), [*enumerate(s.name for s in TEMPLATE.structures)])
@pytest.mark.parametrize("node", [(0, 0), (7, 31), (GRID - 1, 12)])
def test_each_slot_finds_what_was_stored_for_it(charts, c, structure, node):
    assert len(charts) == max(SLOTS) + 1
    uv, _, _ = written_out(0, c, *node)
    places = charts.find(structure, uv)
    for slot in SLOTS:
        _, xy, error = written_out(slot, c, *node)
        np.testing.assert_allclose(places.xy[slot], xy, atol=2e-3)
        np.testing.assert_allclose(places.expected_error[slot], error, atol=2e-3)
        alone = charts.only([slot]).find(structure, uv)
        np.testing.assert_array_equal(alone.xy[0], places.xy[slot])
        np.testing.assert_array_equal(alone.expected_error[0], places.expected_error[slot])
    empty = np.setdiff1d(np.arange(len(charts)), SLOTS)
    assert np.isnan(places.xy[empty]).all()
    assert np.isnan(places.expected_error[empty]).all()


@pytest.mark.parametrize("structure", [s.name for s in TEMPLATE.structures])
def test_many_points_in_some_images_are_the_numbers_of_each_point_in_all(charts, structure):
    uv = np.random.default_rng(3).uniform(-1.1, 1.1, (7, 2))
    slots = [SLOTS[2], SLOTS[0], max(SLOTS)]
    some = charts.only(slots).find_all(structure, uv)
    assert some.xy.shape == (7, 3, 2)
    for row, point in enumerate(uv):
        each = charts.find(structure, point)
        np.testing.assert_array_equal(some.xy[row], each.xy[slots])
        np.testing.assert_array_equal(some.expected_error[row], each.expected_error[slots])


@pytest.mark.parametrize(("c", "structure"), [*enumerate(s.name for s in TEMPLATE.structures)])
def test_each_slot_gives_back_what_was_stored_for_it(charts, c, structure):
    for slot in SLOTS:
        arrays, chart = stored(slot), charts.chart(structure, slot)
        for row, column in ((0, 0), (3, 29), (38, 1)):
            np.testing.assert_allclose(chart[row, column], written_out(slot, c, row, column)[1], atol=1e-4)
        np.testing.assert_array_equal(charts.errors(structure, slot), arrays["error"][c].astype(float))
        for name, array in charts.compact(slot).items():
            np.testing.assert_array_equal(array, arrays[name])
    assert charts.chart(structure, 2) is None


@pytest.mark.parametrize("count", [1, 23, 24, 25, 255, 256, 257])
def test_charts_are_taken_in_little_by_little_and_none_is_left_out(count):
    found = StoredCharts(TEMPLATE, 2)
    slots = [3 * i for i in range(count)]
    one = stored(0)
    found.begin((slot, one | {"affine": one["affine"] + slot}) for slot in slots)
    found.go_on(0)
    assert len(found) == 0
    steps = 0
    while not found.complete:
        found.go_on(1e-9)
        steps += 1
    assert steps == count // 24 + 1 + (count % 24 > 0)
    uv, xy, _ = written_out(0, 1, 5, 6)
    moved = 1 + uv[0] + uv[1]  # every number of the affine map is larger by the slot
    np.testing.assert_allclose(
        found.find(TEMPLATE.structures[1].name, uv).xy[slots], xy + moved * np.c_[slots], atol=0.01
    )


def test_scratch_files_have_no_name_and_go_with_their_array(tmp_path):
    scratch = Scratch(tmp_path)
    array = scratch.zeros((1000, 1000), np.float16)
    array[:] = 1
    scratch.touched(1 << 40)
    assert array.sum(dtype=float) == 1e6
    assert scratch.size == array.nbytes
    if os.name == "posix":
        assert not list(tmp_path.iterdir())
    del array
    assert scratch.size == 0


def test_where_no_file_has_room_the_array_stays_in_memory(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Scratch, "_map", full)
    scratch = Scratch(tmp_path)
    assert scratch.zeros((4, 4), np.float16).shape == (4, 4)
    assert scratch.size == 0


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc")
def test_mapped_charts_leave_memory(tmp_path):
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    scratch, before = Scratch(tmp_path), resident()
    array = scratch.zeros((64 << 20,), np.float16)
    array[:] = 1
    assert resident() - before > 100 << 20
    scratch.touched(1 << 40)
    assert resident() - before < 20 << 20
