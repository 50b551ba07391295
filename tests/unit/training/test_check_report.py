"""The report on the check of images: what was done to a copy and what was said of it, counted and set in tables."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.core.orientation import AS_STORED, ORIENTATIONS, Orientation
from app.core.plausibility import Finding, Reason
from app.training.check_report import CHANGES, Judge, changed, count, outcome, table, undone

PICTURE = np.random.default_rng(5).integers(0, 256, (24, 36), np.uint8)
"""Not alike in any of the 16 ways to turn, mirror and invert it."""


def knowing(original: np.ndarray) -> Judge:
    """Finds out by trying what makes a picture the original again; knows nothing of what was done to it."""

    def judge(pixels: np.ndarray) -> Finding | None:
        for way in ORIENTATIONS:
            again = changed(pixels, way)
            if again.shape == original.shape and np.array_equal(again, original.astype(np.float32)):
                return None if way == AS_STORED else Finding(Reason.LOOKS, way)
        return Finding(Reason.OTHER)

    return judge


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_who_finds_what_mends_a_copy_has_found_it(change: Orientation) -> None:
    judge, copy = knowing(PICTURE), changed(PICTURE, change)
    assert outcome(judge(copy), change) == "found"
    assert outcome(None, change) == "nothing said"
    assert outcome(Finding(Reason.OTHER), change) == "something else"
    others = [way for way in ORIENTATIONS if way not in (AS_STORED, undone(change))]
    assert {outcome(Finding(Reason.LOOKS, way), change) for way in others} == {"wrong"}


def test_images_and_their_copies_are_counted_and_shares_are_of_each_row(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), PICTURE)
    cv2.imwrite(str(tmp_path / "b.png"), PICTURE[::-1])
    (tmp_path / "torn.png").write_bytes(b"no picture")
    files = [(f"odd/{name}", tmp_path / name) for name in ("a.png", "b.png", "torn.png")]
    counts = count(files, [knowing(PICTURE)], with_copies=True)
    assert counts[""] == Counter({"fine": 1, f"needs {Orientation(2, mirrored=True).words}": 1})
    assert set(counts) == {"", *CHANGES}
    assert {words: of["found"] for words, of in counts.items() if words} == dict.fromkeys(CHANGES, 1)
    assert {of.total() for of in counts.values()} == {2}
    lines = table({"odd": counts}).splitlines()
    assert "| odd | 2 | 1 (50.0%) | 1 needs turned by 180°, mirrored |" in lines
    assert sum(line.startswith("| odd | ") for line in lines) == 1 + len(CHANGES)
    assert count(files, [knowing(PICTURE)] * 3, with_copies=False) == {
        "": Counter({"fine": 3, "needs turned by 180°, mirrored": 3})
    }


def test_only_folds_that_left_a_patient_out_judge_ill_images(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "x.png"), PICTURE)
    seen: list[int] = []

    def judge_of(fold: int) -> Judge:
        return lambda pixels: seen.append(fold)

    judges = [judge_of(fold) for fold in range(3)]
    count([("validation/x.png", tmp_path / "x.png")], judges, with_copies=False)
    assert seen == [0, 1, 2]
    for name, fold in (("h010.jpg", 0), ("h100.jpg", 1), ("h200.jpg", 2), ("o100.jpg", 1)):
        seen.clear()
        count([(f"chest_unlabelled/{name}", tmp_path / "x.png")], judges, with_copies=False)
        assert seen == [fold], name
