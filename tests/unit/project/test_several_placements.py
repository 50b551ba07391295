"""One landmark in several images at once: one undo step, and nothing where one of them is locked."""

import numpy as np
import pytest

from app.core.landmark import PlacementState
from app.project.session import Session

PREDICTED, CONFIRMED, ABSENT, CORRECTED = (
    *(PlacementState.PREDICTED, PlacementState.CONFIRMED),
    *(PlacementState.ABSENT, PlacementState.CORRECTED),
)
TWO = ("im0.png", "im1.png")


def states(session: Session) -> tuple[PlacementState | None, ...]:
    """In the two images; in the third one there is no heart."""
    found = session.placements("heart_00").states
    assert found[2] is ABSENT
    return found[:2]


def test_each_is_confirmed_where_it_is_and_an_absent_one_stays_absent(session: Session):
    before = session.placements("heart_00").xy.copy()
    session.set_absent("im1.png", "heart_00")
    lines = len(session.history())
    change = session.confirm_placement(["im1.png", "im0.png"], "heart_00")
    assert set(change.images) == set(TWO)
    assert states(session) == (CONFIRMED, ABSENT)
    np.testing.assert_array_equal(session.placements("heart_00").xy[0], before[0])
    assert session.undo_label == "Confirm “heart_00” in 2 images"
    assert len(session.history()) == lines + 1
    session.undo()
    assert states(session) == (PREDICTED, ABSENT)
    session.redo()
    assert states(session) == (CONFIRMED, ABSENT)


def test_absent_and_reset_take_several_too(session: Session):
    session.move_placement("im0.png", "heart_00", (30.5, 41.25))
    session.set_absent(TWO, "heart_00")
    assert states(session) == (ABSENT, ABSENT)
    assert np.isnan(session.placements("heart_00").xy[:2]).all()
    session.undo()
    assert states(session) == (CORRECTED, PREDICTED)
    assert session.placements("heart_00").xy[0] == pytest.approx((30.5, 41.25))
    session.set_absent("im1.png", "heart_00")
    session.reset_placement(TWO, "heart_00")
    assert states(session) == (PREDICTED, PREDICTED)


@pytest.mark.parametrize("method", ["confirm_placement", "set_absent", "reset_placement"])
def test_one_locked_image_refuses_all(session: Session, method: str):
    session.set_review("im1.png", "accepted")
    lines = len(session.history())
    with pytest.raises(ValueError, match=r"im1\.png” is accepted and locked"):
        getattr(session, method)(TWO, "heart_00")
    assert len(session.history()) == lines
    assert states(session) == (PREDICTED, PREDICTED)
