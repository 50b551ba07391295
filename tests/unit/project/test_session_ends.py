"""A reader says where a width or a height ends: what is measured between follows, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.measure import Unit
from app.formats.from_session import view_of
from app.formats.write import write
from app.project.measured import MeasurementState
from app.project.session import Session
from tests.unit.store.fakes import fake_predict

ENDS = np.array([[60.5, 80.25], [190.25, 120.0]])
NAME = "im1.png"


@pytest.fixture
def measured(session: Session) -> Session:
    session.set_spacing(NAME, row_mm=0.5, column_mm=0.25)
    for name, formula in (
        *(("wide", "width(heart)"), ("high", "height(heart)"), ("size", "area(heart)")),
        ("share", "width(heart) / width(right_lung)"),
    ):
        session.define_measurement(name, formula)
    return session


def values(session: Session) -> dict[str, float]:
    return {one.entry.name: one.value for one in session.measurements_in(NAME)}


def states(session: Session) -> dict[str, str]:
    return {one.entry.name: str(one.state) for one in session.measurements_in(NAME)}


def test_the_width_is_measured_between_the_ends_and_counts_as_corrected(measured: Session) -> None:
    before = values(measured)
    change = measured.set_ends(NAME, "heart", 0, ENDS[::-1])  # in either order
    assert change is not None
    assert change.label == "Move an end of “heart” along x in im1"
    after = values(measured)
    assert after["wide"] == pytest.approx((190.25 - 60.5) * 0.25)
    assert after["share"] == pytest.approx(before["share"] * after["wide"] / before["wide"])
    assert (after["high"], after["size"]) == (before["high"], before["size"])
    touched = {name for name, state in states(measured).items() if state == "corrected"}
    assert touched == {"ctr", "wide", "share"}
    assert measured.corrections(NAME) == 1
    place = measured.images.index(NAME)
    for one in measured.measure():  # all images at once say the same as one alone
        assert one.values[place] == pytest.approx(after[one.entry.name], nan_ok=True)
        assert str(one.states[place]) == states(measured)[one.entry.name]
        assert MeasurementState.CORRECTED not in one.states[:place] + one.states[place + 1 :]
    assert measured.set_ends(NAME, "heart", 0, ENDS) is None
    measured.undo()
    assert values(measured) == pytest.approx(before, nan_ok=True)
    assert set(states(measured).values()) == {"predicted"}
    measured.redo()
    assert values(measured) == pytest.approx(after, nan_ok=True)
    measured.reset_ends(NAME, "heart", 0)
    assert values(measured) == pytest.approx(before, nan_ok=True)
    assert measured.reset_ends(NAME, "heart", 0) is None


def test_the_ends_of_several_shapes_are_forgotten_in_one_undo_step(measured: Session) -> None:
    before = values(measured)
    measured.set_ends(NAME, "heart", 0, ENDS)
    measured.set_ends(NAME, "right_lung", 1, ENDS)
    moved, lines = values(measured), len(measured.history())
    change = measured.reset_ends(NAME, "heart", 0, ("right_lung", 1))
    assert change is not None
    assert change.label == "Go back to the measured ends of “heart”, “right_lung” in im1"
    assert values(measured) == pytest.approx(before, nan_ok=True)
    assert len(measured.history()) == lines + 1
    measured.undo()
    assert values(measured) == pytest.approx(moved, nan_ok=True)


def test_the_caliper_lies_between_the_ends_and_a_preview_stores_nothing(measured: Session) -> None:
    (predicted,) = measured.calipers(NAME, "wide")
    assert not predicted.corrected
    (held,) = measured.calipers(NAME, "wide", ended=("heart", 0, ENDS))
    np.testing.assert_array_equal(held.places, ENDS)
    assert held.value == pytest.approx(129.75 * 0.25)
    shown = {one.entry.name: one for one in measured.preview_ends(NAME, "heart", 0, ENDS)}
    assert shown["wide"].value == pytest.approx(held.value)
    assert shown["wide"].state is MeasurementState.CORRECTED
    assert shown["high"].state is MeasurementState.PREDICTED
    np.testing.assert_array_equal(measured.calipers(NAME, "wide")[0].places, predicted.places)
    measured.set_ends(NAME, "heart", 0, ENDS)
    (kept,) = measured.calipers(NAME, "wide")
    assert (kept.corrected, kept.axis, kept.unit) == (True, 0, Unit.MM)
    np.testing.assert_allclose(kept.lines[0], [[60.5, 100.125], [190.25, 100.125]])


def test_ends_are_kept_stay_with_a_turned_image_and_are_exported(measured: Session, tmp_path: Path) -> None:
    measured.set_ends(NAME, "heart", 0, ENDS)
    path = measured.path
    measured.close()
    with Session.open(path) as again:
        assert values(again)["wide"] == pytest.approx(129.75 * 0.25)
        write(view_of(again), tmp_path / "out", ["measurements"])
        rows = [line.split(",") for line in (tmp_path / "out" / "measurements.csv").read_text().splitlines()]
        said = {(row[0], row[1]): (row[2], row[5]) for row in rows}
        assert said[NAME, "wide"][1] == "corrected"
        assert float(said[NAME, "wide"][0]) == pytest.approx(129.75 * 0.25, abs=1e-3)
        assert said[NAME, "high"][1] == "predicted"
        again.set_orientation(NAME, 1)  # what is across in the file is upright now
        fake_predict(again)
        assert values(again)["high"] == pytest.approx(129.75 * 0.25)
        assert states(again)["high"] == "corrected"


@pytest.mark.parametrize(
    ("shape", "ends", "words"),
    [
        ("liver", ENDS, "no structure"),
        ("heart", ENDS + np.array([1000, 0]), "on the picture"),
        ("heart", ENDS[[0, 0]], "same place"),
        ("heart", ENDS * np.nan, "on the picture"),
        ("left_lung", ENDS, "absent"),
    ],
)
def test_what_can_not_be_is_refused(measured: Session, shape: str, ends: np.ndarray, words: str) -> None:
    if shape == "left_lung":
        measured.set_mask_absent(NAME, shape)
    with pytest.raises(ValueError, match=words):
        measured.set_ends(NAME, shape, 0, ends)


def test_an_absent_structure_has_no_width_whatever_was_said_of_its_ends(measured: Session) -> None:
    measured.set_ends(NAME, "heart", 0, ENDS)
    measured.set_mask_absent(NAME, "heart")
    assert np.isnan(values(measured)["wide"])
    assert measured.calipers(NAME, "wide") == ()
    measured.undo()
    measured.set_review(NAME, "accepted")
    with pytest.raises(ValueError, match="accepted"):
        measured.set_ends(NAME, "heart", 0, ENDS + 1)
    with pytest.raises(ValueError, match="accepted"):
        measured.reset_ends(NAME, "heart", 0)
    assert states(measured)["wide"] == "corrected"


def test_a_caliper_follows_a_mask_that_is_drawn_and_one_that_is_taken_back(measured: Session) -> None:
    (before,) = measured.calipers(NAME, "wide")
    mask = np.zeros((300, 320), bool)
    mask[100:120, 40:201] = True
    measured.set_mask(NAME, "heart", mask)
    np.testing.assert_array_equal(measured.calipers(NAME, "wide")[0].places, [[39.5, 109.5], [200.5, 109.5]])
    measured.undo()
    np.testing.assert_array_equal(measured.calipers(NAME, "wide")[0].places, before.places)
