import os
from pathlib import Path

import numpy as np
import pytest

from app.core.propagate import BLOCK
from app.store import charts as module
from app.store.charts import StoredCharts, compact
from app.store.scratch import Scratch
from tests.unit.core.test_propagate import TEMPLATE, prediction

SLOTS = (3, 0, BLOCK + 1, 5, 2 * BLOCK)


def filled(folder):
    found = StoredCharts(TEMPLATE, 2, folder)
    found.put_compact((slot, compact(TEMPLATE, prediction(i))) for i, slot in enumerate(SLOTS))
    return found


def test_mapped_charts_say_what_resident_ones_say(tmp_path, monkeypatch):
    resident = filled(None)
    monkeypatch.setattr(module, "RESIDENT_BYTES", 0)
    monkeypatch.setattr("app.store.scratch.RESIDENT_BYTES", 1)  # given back after every look
    mapped = filled(tmp_path)
    assert mapped.mapped
    assert not resident.mapped
    for _ in range(2):
        for one, other in zip(resident.find("heart", (0.1, 0.2)), mapped.find("heart", (0.1, 0.2)), strict=True):
            np.testing.assert_array_equal(one, other)
    for slot in SLOTS:
        np.testing.assert_array_equal(resident.chart("lung", slot), mapped.chart("lung", slot))
        np.testing.assert_array_equal(resident.errors("lung", slot), mapped.errors("lung", slot))
        single = mapped.only(slot).find("lung", (0, 0)).xy[0]
        np.testing.assert_array_equal(single, resident.find("lung", (0, 0)).xy[slot])


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
