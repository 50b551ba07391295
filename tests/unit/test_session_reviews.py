"""Reviews of single structures: stored, undoable, locked by acceptance."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.landmark import ReviewState
from app.io.bundle import Bundle
from app.session import Change, Session
from tests.unit.store.fakes import chest, make


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return chest()


@pytest.fixture
def session(tmp_path: Path, bundle: Bundle):
    with make(tmp_path / "p.dsr", bundle) as session:
        yield session


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
    assert session.image("im1.png").review is ReviewState.UNREAD
    assert said(session, "im0.png") == []
    assert [(c.kind, c.images) for c in seen] == [("review", ("im1.png",))] * 2
    assert session.undo() == "Set left lung in im1 to second opinion"
    assert said(session, "im1.png") == expected[:1]
    session.redo()
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert said(again, "im1.png") == expected
        assert again.history()[-1].label == "Redo: Set left lung in im1 to second opinion"


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


def test_several_images_are_one_step_and_go_with_their_image(session: Session):
    session.set_review(["im0.png", "im2.png"], "rejected", "cut off", structure="right_lung")
    assert said(session, "im2.png") == [("right_lung", ReviewState.REJECTED, "cut off", "Ann")]
    session.remove_images("im2.png")
    session.undo()
    assert said(session, "im2.png") == [("right_lung", ReviewState.REJECTED, "cut off", "Ann")]
    assert session.undo() == "Set right lung in 2 images to rejected"
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
