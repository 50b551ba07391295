"""Accepted images: what was accepted is what was seen, and it never changes."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.landmark import PlacementState
from app.session import Placement, Session


def shown(session: Session, image: str) -> dict[str, Placement]:
    """What an image shows of the landmarks that are no points of the model's own."""
    return {p.landmark.name: p for p in session.placements_in(image) if not p.landmark.hidden}


def accepted_with_x(session: Session) -> np.ndarray:
    """“x” in three images, and where it is in im0.png, which is accepted."""
    session.define_landmark("x", "heart", (0.25, -0.5))
    session.set_review("im0.png", "accepted")
    return session.placements("x").xy[0].copy()


@pytest.mark.parametrize("reopened", [False, True])
def test_a_landmark_that_is_deleted_later_stays_in_accepted_images(session: Session, reopened: bool):
    place = accepted_with_x(session)
    session.define_landmark("y", "right_lung", (0.5, 0.125))
    session.delete_landmark("x")
    session.delete_landmark("y")
    if reopened:
        session.close()
        session = Session.open(session.path, model=session.bundle)
    kept = shown(session, "im0.png")
    assert list(kept) == ["x"]  # “y” was no part of what was accepted
    assert (kept["x"].deleted, kept["x"].new_since_accepted) == (True, False)
    assert (kept["x"].state, kept["x"].landmark.structure) == (PlacementState.PREDICTED, "heart")
    np.testing.assert_array_equal(kept["x"].xy, place)
    assert shown(session, "im1.png") == {}
    session.set_review("im0.png", "in_progress")
    assert shown(session, "im0.png") == {}
    session.undo()
    assert list(shown(session, "im0.png")) == ["x"]
    session.undo()
    session.undo()
    assert not shown(session, "im0.png")["x"].deleted
    session.close()


def test_a_new_landmark_of_a_deleted_ones_name_is_beside_it(session: Session):
    place = accepted_with_x(session)
    session.delete_landmark("x")
    session.define_landmark("x", "heart", (-0.5, 0.25))
    both = [p for p in session.placements_in("im0.png") if not p.landmark.hidden]
    assert [(p.landmark.name, p.deleted, p.new_since_accepted) for p in both] == [
        ("x", True, False),
        ("x", False, True),
    ]
    np.testing.assert_array_equal(both[0].xy, place)
    assert np.linalg.norm(both[1].xy - place) > 5


def test_what_came_later_is_told_and_is_no_part_of_what_was_accepted(session: Session):
    place = accepted_with_x(session)
    lowest = session.lowest_confidence("im0.png")
    session.move_landmark("x", (0.9, 0.9))
    session.define_landmark("far out", "heart", (1.1, 1.1))
    session.define_landmark("hidden", "heart", (0.0, 0.0))
    session.update_landmark("hidden", hidden=True)
    assert session.new_since_accepted("im0.png") == ("far out",)
    assert session.new_since_accepted("im1.png") == ()
    found = shown(session, "im0.png")
    assert [name for name, placement in found.items() if placement.new_since_accepted] == ["far out"]
    np.testing.assert_array_equal(found["x"].xy, place)
    np.testing.assert_array_equal(session.placements("x").xy[0], place)
    assert session.lowest_confidence("im0.png") == lowest
    with pytest.raises(ValueError, match="no image"):
        session.new_since_accepted("none")


def test_who_reviewed_and_when_is_told(session: Session):
    assert (session.image("im0.png").reviewed_by, session.image("im0.png").reviewed_at) == ("", "")
    session.move_placement("im0.png", "heart_00", (5, 6))
    touched = session.image("im0.png")
    assert touched.reviewed_by == "Ann"
    session.reader = "Bea"
    session.set_review("im0.png", "rejected", "mask leaks", structure="heart")
    session.set_review("im0.png", "second_opinion", structure="left_lung")
    session.set_review("im0.png", "accepted")
    session.reader = "Cem"
    entry = session.image("im0.png")
    assert (entry.reviewed_by, entry.rejected) == ("Bea", ("heart",))
    done = {line.label: line.at for line in session.history()}
    assert done["Move “heart_00” in im0"][:16] == touched.reviewed_at[:16]
    assert touched.reviewed_at <= entry.reviewed_at <= done["Set im0 to accepted"]
