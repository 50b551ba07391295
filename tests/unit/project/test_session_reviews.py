"""Reviews of images and of single structures: stored, undoable, locked by acceptance."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.landmark import ReviewState
from app.io.bundle import Bundle
from app.jobs import Result
from app.project.changes import Change, ReviewsChanged
from app.project.session import Session
from tests.unit.store.fakes import fake_predicted


def said(session: Session, image: str) -> list[tuple[str, ReviewState, str, str]]:
    return [(r.structure, r.state, r.note, r.reader) for r in session.image(image).structures]


def test_a_structure_is_rejected_with_a_reason(session: Session, bundle: Bundle):
    seen: list[Change] = []
    session.changed.connect(seen.append)
    session.set_review("im1.png", "rejected", "mask leaks", structure="heart")
    session.set_review("im1.png", "second_opinion", structure="left_lung")
    expected = [
        ("heart", ReviewState.REJECTED, "mask leaks", "Ann"),
        ("left_lung", ReviewState.SECOND_OPINION, "", "Ann"),
    ]
    assert said(session, "im1.png") == expected
    assert session.image("im1.png").review is ReviewState.IN_PROGRESS
    assert said(session, "im0.png") == []
    assert [(type(c), c.images) for c in seen] == [(ReviewsChanged, ("im1.png",))] * 2
    assert session.undo().label == "Set left lung in im1 to second opinion"
    assert said(session, "im1.png") == expected[:1]
    session.redo()
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert said(again, "im1.png") == expected
        assert again.history()[-1].label == "Redo: Set left lung in im1 to second opinion"


def test_reviewed_is_what_was_decided(session: Session):
    session.set_review("im2.png", "rejected", "blurred")
    session.set_review("im1.png", "second_opinion")
    session.set_review("im1.png", "rejected", structure="heart")  # of a structure alone
    session.set_review("im0.png", "accepted")
    assert session.reviewed == {"im0.png", "im2.png"}
    session.set_review("im2.png", "in_progress")
    assert session.reviewed == {"im0.png"}
    session.undo()
    assert session.reviewed == {"im0.png", "im2.png"}


def test_a_reason_stays_until_another_is_given(session: Session):
    session.set_review("im0.png", "rejected", "mask leaks", structure="heart")
    session.set_review("im0.png", "second_opinion", structure="heart")
    assert said(session, "im0.png") == [("heart", ReviewState.SECOND_OPINION, "mask leaks", "Ann")]
    count = len(session.history())
    session.set_review("im0.png", "second_opinion", "mask leaks", structure="heart")
    assert len(session.history()) == count
    session.set_review("im0.png", "unread", structure="heart")
    assert said(session, "im0.png") == []
    session.undo()
    assert said(session, "im0.png") == [("heart", ReviewState.SECOND_OPINION, "mask leaks", "Ann")]


def test_a_reason_can_be_cleared_and_comes_back_by_undo(session: Session):
    session.set_review("im0.png", "rejected", "mask leaks", structure="heart")
    session.set_review("im0.png", "rejected", "", structure="heart")
    assert said(session, "im0.png") == [("heart", ReviewState.REJECTED, "", session.reader)]
    session.undo()
    assert said(session, "im0.png") == [("heart", ReviewState.REJECTED, "mask leaks", session.reader)]


def test_several_images_are_one_step_and_go_with_their_image(session: Session):
    session.set_review(["im0.png", "im2.png"], "rejected", "cut off", structure="right_lung")
    assert said(session, "im2.png") == [("right_lung", ReviewState.REJECTED, "cut off", "Ann")]
    session.remove_images("im2.png")
    session.undo()
    assert said(session, "im2.png") == [("right_lung", ReviewState.REJECTED, "cut off", "Ann")]
    assert session.undo().label == "Set right lung in 2 images to rejected"
    assert said(session, "im0.png") == said(session, "im2.png") == []


def test_accepted_images_are_locked_for_it_too(session: Session):
    session.set_review("im0.png", "rejected", "mask leaks", structure="heart")
    session.set_review("im0.png", "accepted")
    with pytest.raises(ValueError, match="accepted and locked"):
        session.set_review("im0.png", "unread", structure="heart")
    with pytest.raises(ValueError, match="accepted and locked"):
        session.set_review(["im1.png", "im0.png"], "rejected", structure="heart")
    assert said(session, "im1.png") == []
    assert said(session, "im0.png") == [("heart", ReviewState.REJECTED, "mask leaks", "Ann")]


def test_unknown_structures_and_images_get_a_sentence(session: Session):
    with pytest.raises(ValueError, match="no structure “spleen”"):
        session.set_review("im0.png", "rejected", structure="spleen")
    with pytest.raises(ValueError, match="no image “x”"):
        session.set_review("x", "rejected", structure="heart")


# --- images as a whole


def test_accepted_images_are_locked(session: Session):
    session.define_landmark("x", "heart", (0, 0))
    session.move_placement("im1.png", "heart_00", (5, 6))
    session.set_review(["im1.png", "im2.png"], "accepted")
    before = session.placements("x")
    for act in (
        lambda: session.move_placement("im1.png", "x", (1, 1)),
        lambda: session.set_absent("im1.png", "x"),
        lambda: session.confirm_placement("im1.png", "x"),
        lambda: session.reset_placement("im1.png", "heart_00"),
        lambda: session.remove_images(["im0.png", "im1.png"]),
        lambda: session.set_spacing(["im0.png", "im1.png"], 1, 1),
    ):
        with pytest.raises(ValueError, match=r"“im1\.png” is accepted and locked"):
            act()
    assert session.images == ("im0.png", "im1.png", "im2.png")
    session.move_landmark("x", (0.4, 0.4))
    session._asked["im1.png"] = session.image("im1.png").path
    session.take_in(Result("im1.png", fake_predicted(session, "im1.png", 23)))
    after = session.placements("x")
    np.testing.assert_array_equal(after.xy[1:], before.xy[1:])
    assert not np.allclose(after.xy[0], before.xy[0])
    session.set_review("im1.png", "in_progress")
    assert not np.allclose(session.placements("x").xy[1], before.xy[1])
    np.testing.assert_array_equal(session.placements("heart_00").xy[1], (5, 6))


def test_review_states_and_notes(session: Session):
    session.set_review("im0.png", "rejected", "rotated")
    session.set_review("im0.png", ReviewState.SECOND_OPINION)
    assert session.image("im0.png").note == "rotated"
    session.set_review("im0.png", "second_opinion")
    assert session.undo().label == "Set im0 to second opinion"
    assert session.image("im0.png").review is ReviewState.REJECTED
    with pytest.raises(ValueError, match="done"):
        session.set_review("im0.png", "done")


def test_what_a_reader_touched_is_in_progress_until_it_is_reviewed(session: Session, bundle: Bundle):
    session.define_landmark("Apex", "heart", (0.5, 0.5))
    session.move_placement("im0.png", "Apex", (20.0, 30.0))
    assert session.review("im0.png") is session.image("im0.png").review is ReviewState.IN_PROGRESS
    assert session.review("im1.png") is ReviewState.UNREAD
    session.undo()
    assert session.review("im0.png") is ReviewState.UNREAD
    session.redo()
    session.set_review("im0.png", "accepted")
    assert session.review("im0.png") is ReviewState.ACCEPTED
    session.undo()
    assert session.review("im0.png") is ReviewState.IN_PROGRESS
