"""An image that is called otherwise is the same image."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.orientation import Orientation
from app.core.plausibility import Finding, Reason
from app.io.bundle import Bundle
from app.project.session import Session
from tests.unit.store.fakes import fake_predict, snapshot


def said(session: Session, name: str) -> list[object]:
    """Everything of an image but its name."""
    entry = session.image(name)
    placed = [(p.landmark.name, p.state, np.nan_to_num(p.xy, nan=-1).tolist()) for p in session.placements_in(name)]
    structures = [(s.structure, s.state, s.note, s.reader) for s in entry.structures]
    kept = [entry.path, entry.status, entry.review, entry.note, entry.frame, entry.reviewed_by, entry.suspect]
    kept.append(entry.left_as_is)
    return [*kept, structures, placed, session.mask(name, "heart").tolist(), session.least_certain(name)]


def test_what_is_said_of_an_image_goes_with_it_to_another_name_and_back(session: Session, bundle: Bundle):
    session.set_spacing("im1.png", 0.5, 0.25)
    session.set_orientation("im1.png", 1, inverted=True)
    fake_predict(session, Finding(Reason.LOOKS, Orientation(mirrored=True)).code)
    session.leave_as_is("im1.png")
    session.move_placement("im1.png", "heart_00", (50.5, 40.25))
    session.set_absent("im1.png", "heart_01")
    session.set_review("im1.png", "rejected", "blurred")
    session.set_review("im1.png", "second_opinion", "leaks", structure="heart")
    assert session.image("im1.png").left_as_is
    before, whole = said(session, "im1.png"), snapshot(session)
    session.rename_image("im1.png", " other.png ")
    assert session.images == ("im0.png", "other.png", "im2.png")
    assert said(session, "other.png") == before
    places = session.placements("heart_00")
    assert places.xy[1].tolist() == [50.5, 40.25]
    with pytest.raises(ValueError, match=r"has no image “im1\.png”"):
        session.image("im1.png")
    assert session.undo().images == ("im1.png",)
    assert snapshot(session) == whole
    session.redo()
    session.undo()
    session.set_absent("im1.png", "heart_02")
    assert session.undo().images == ("im1.png",)
    session.redo()
    session.rename_image("im1.png", "other.png")
    assert session.next_undo.images == ("other.png",)
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert again.images == ("im0.png", "other.png", "im2.png")
        again.undo()
        assert again.undo().images == ("im1.png",)
        assert snapshot(again) == whole


def test_a_placement_is_undone_in_an_image_that_has_another_name_now(session: Session):
    """The history keeps numbers: undoing names the image as it is called at that moment."""
    session.rename_image("im1.png", "first.png")
    session.set_absent("first.png", "heart_00")
    assert session.next_undo.images == ("first.png",)
    assert session.undo().images == ("first.png",)


@pytest.mark.parametrize(("name", "words"), [("im2.png", "There is an image “im2.png” already"), (" ", "needs a name")])
def test_a_name_that_another_image_has_or_none_is_refused(session: Session, name: str, words: str):
    with pytest.raises(ValueError, match=words):
        session.rename_image("im1.png", name)
    assert session.rename_image("im1.png", "im1.png") is None


@pytest.mark.parametrize(
    "name", ["/abs", "../../evil", "a/../b.png", "a/./b.png", "a//b.png", "a/", "..", r"..\evil", r"C:\evil", "C:evil"]
)
def test_a_name_that_leads_to_another_folder_is_refused(session: Session, name: str):
    before = session.images
    with pytest.raises(ValueError, match="no drive and no empty part"):
        session.rename_image("im1.png", name)
    assert session.images == before
    session.rename_image("im1.png", "left/im..1.png")
    assert session.images == ("im0.png", "left/im..1.png", "im2.png")
