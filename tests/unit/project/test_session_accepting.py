"""Accepted images: what was accepted is what was seen, and it never changes."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from app.core.landmark import PlacementState, ReviewState
from app.jobs import Failed, Result
from app.project.accepting import Refusal, reasons
from app.project.due import Condition, Due, due
from app.project.entries import Step
from app.project.session import Placement, Session
from tests.unit.store.fakes import fake_predict, fake_predicted, snapshot


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


def test_a_landmark_of_accepted_images_stays_on_its_structure(session: Session):
    place = accepted_with_x(session)
    with pytest.raises(ValueError, match="“x” belongs to 1 accepted image, which never change"):
        session.update_landmark("x", structure="right_lung", u=0.5)
    session.update_landmark("x", u=0.5)
    assert session.landmark("x").structure == "heart"
    np.testing.assert_array_equal(shown(session, "im0.png")["x"].xy, place)
    session.set_review("im0.png", "in_progress")
    session.update_landmark("x", structure="right_lung")
    assert session.landmark("x").structure == "right_lung"


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
    lowest = session.least_certain("im0.png")
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
    assert session.least_certain("im0.png") == lowest
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
    assert touched.reviewed_at <= done["Move “heart_00” in im0"]
    assert touched.reviewed_at <= entry.reviewed_at <= done["Set im0 to accepted"]


# --- what may be accepted

LEG = "It does not look like a chest radiograph."


def add(session: Session, *names: str) -> None:
    """More images, not predicted yet; none is like another."""
    for number, name in enumerate(names):
        path = session.path.parent / "more" / name
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((300, 320), 90 + number, np.uint8))
        session.add_images(path)


def fail(session: Session, name: str) -> None:
    """What the engine says of a file that it can't read."""
    session.start_predict([name]).cancel()
    session.take_in(Failed(name, "It is torn."))


def test_only_what_was_predicted_can_be_accepted(session: Session):
    add(session, "waits.png", "torn.png")
    fail(session, "torn.png")
    session.image("im2.png").path.unlink()
    session.check_files()
    session.move_placement("waits.png", "heart_00", (1, 2))
    before = snapshot(session)
    for name, why in (("waits.png", "no prediction"), ("torn.png", "could not be read"), ("im2.png", "not there")):
        with pytest.raises(ValueError, match=f"“{name}” was not accepted: .*{why}"):
            session.set_review(name, "accepted")
    assert snapshot(session) == before
    assert session.accepted == ()


def test_of_several_images_the_rest_is_accepted_and_the_refused_are_counted(session: Session):
    add(session, "waits.png", "too.png", "torn.png")
    fail(session, "torn.png")
    report = session.set_review(session.images, "accepted", "seen")
    assert session.accepted == report.changed == ("im0.png", "im1.png", "im2.png")
    assert list(report.refused) == ["waits.png", "too.png", "torn.png"]
    assert report.sentence == (
        "3 images were not accepted: 1 could not be read (“torn.png”), "
        "2 have no prediction yet (“waits.png”, “too.png”)."
    )
    assert session.undo().label == "Set 3 images to accepted"
    assert session.accepted == ()
    with pytest.raises(ValueError, match="2 images were not accepted"):
        session.set_review(["waits.png", "too.png"], "accepted")


def test_a_prediction_that_comes_later_is_not_accepted(session: Session):
    add(session, "late.png")
    session.set_review(session.images, "accepted")
    fake_predict(session)
    assert session.review("late.png") is ReviewState.UNREAD
    assert "late.png" not in session.accepted
    assert session.image("late.png").status == "predicted"


def test_only_the_prediction_that_was_shown_is_accepted(session: Session):
    shown = {name: session.prediction_id(name) for name in ("im0.png", "im1.png")}
    session.start_predict(["im1.png"]).cancel()
    session.take_in(Result("im1.png", fake_predicted(session, "im1.png", 23)))  # a newer one
    report = session.set_review(session.images, "accepted", shown=shown)
    assert report.changed == ("im0.png",)
    assert report.refused == {"im1.png": Refusal.UNSEEN, "im2.png": Refusal.UNSEEN}
    with pytest.raises(ValueError, match="not on the screen"):
        session.set_review("im1.png", "accepted", shown=shown)
    shown["im1.png"] = session.prediction_id("im1.png")
    assert session.set_review("im1.png", "accepted", shown=shown).changed == ("im1.png",)


def test_the_same_file_predicted_to_another_result_is_another_prediction(session: Session):
    """A file, orientation and bundle may be predicted twice, by another backend: what was seen was the first."""
    first = session.prediction_id("im0.png")
    other = fake_predicted(session, "im0.png", 1).prediction
    session.start_predict(["im0.png"]).cancel()
    session.take_in(Result("im0.png", dataclasses.replace(fake_predicted(session, "im0.png", 0), prediction=other)))
    assert session.prediction_id("im0.png") not in ("", first)
    assert session.refusals("im0.png", shown={"im0.png": first}) == {"im0.png": Refusal.UNSEEN}


def test_another_file_orientation_or_image_is_another_prediction(session: Session):
    first = session.prediction_id("im0.png")
    assert len({first, session.prediction_id("im1.png"), session.prediction_id("im2.png")}) == 3
    session.set_orientation("im0.png", quarter_turns=1)
    assert session.prediction_id("im0.png") == ""
    fake_predict(session)
    assert session.prediction_id("im0.png") not in ("", first)
    session.set_orientation("im0.png")
    assert session.prediction_id("im0.png") == first


def test_suspect_images_are_accepted_by_an_explicit_choice(session: Session):
    add(session, "leg.png", "arm.png")
    fake_predict(session, suspect=LEG)
    with pytest.raises(ValueError, match=r"“leg\.png” was not accepted: it does not look like"):
        session.set_review("leg.png", "accepted")
    report = session.set_review(["im0.png", "leg.png"], "accepted")
    assert report.refused == {"leg.png": Refusal.SUSPECT}
    session.set_review("leg.png", "accepted", although_suspect=True)
    session.leave_as_is("arm.png")
    session.set_review("arm.png", "accepted")
    assert session.accepted == ("im0.png", "leg.png", "arm.png")
    assert session.image("leg.png").suspect == LEG


def test_a_note_can_be_written_changed_and_cleared(session: Session):
    for state in ("second_opinion", "accepted"):
        session.set_review("im1.png", state, "left apex?")
        session.set_review("im1.png", state)
        assert session.image("im1.png").note == "left apex?"
        session.set_review("im1.png", state, "")
        assert session.image("im1.png").note == ""
        session.undo()
        assert session.image("im1.png").note == "left apex?"
    session.close()
    with Session.open(session.path, model=session.bundle) as again:
        again.set_review("im1.png", "accepted", "")
        assert (again.image("im1.png").note, again.review("im1.png")) == ("", ReviewState.ACCEPTED)


# --- choices that are kept


def test_leaving_a_suspect_image_as_it_is_can_be_undone(session: Session):
    add(session, "leg.png", "arm.png")
    fake_predict(session, suspect=LEG)
    session.leave_as_is("leg.png")
    assert [session.image(name).left_as_is for name in ("leg.png", "arm.png")] == [True, False]
    session.close()
    with Session.open(session.path, model=session.bundle) as again:
        assert again.image("leg.png").left_as_is
        assert again.next_undo == Step(True, "Leave leg as it is", ("leg.png",))
        assert again.undo().label == "Leave leg as it is"
        assert not again.image("leg.png").left_as_is
        assert again.images[-1] == "arm.png"  # and nothing else is taken back


def test_undo_and_redo_say_beforehand_in_how_many_images(session: Session):
    assert session.next_undo == Step(True, "Add 3 images", session.images)
    assert session.next_redo is None
    session.define_landmark("x", "heart", (0, 0))
    assert session.next_undo == Step(True, "Define “x”", (), ("x",))
    session.set_absent("im0.png", "x")
    session.confirm_placement("im2.png", "x")
    session.delete_landmark("x")
    assert session.next_undo.images == ("im0.png", "im2.png")
    session.set_review(["im1.png", "im2.png"], "accepted")
    assert session.next_undo.sentence == "Undone: Set 2 images to accepted (2 images)"
    session.undo()
    session.undo()
    again = session.next_redo
    assert (again.undo, again.label, again.images) == (False, "Delete “x”", ("im0.png", "im2.png"))


# --- a file that was replaced


def replace_file(session: Session, name: str, grey: int) -> None:
    cv2.imwrite(str(session.image(name).path), np.full((200, 260), grey, np.uint8))
    session.check_files()


def test_corrections_of_a_replaced_file_are_told_and_kept_or_dropped(session: Session):
    for name in ("im0.png", "im1.png"):
        session.move_placement(name, "heart_00", (5, 6))
    session.set_spacing("im0.png", 0.5, 0.25)
    session.set_review("im1.png", "rejected", "blurred")
    for name in session.images:
        replace_file(session, name, 200)
    for seed, name in enumerate(session.images):
        session.start_predict([name]).cancel()
        session.take_in(Result(name, fake_predicted(session, name, 40 + seed, (200, 260))))
    assert [session.image(name).replaced for name in session.images] == [True, True, False]
    assert "another one than the one that was corrected" in session.image("im0.png").remark
    session.keep_corrections("im0.png")
    session.drop_corrections("im1.png")
    assert [session.image(name).replaced for name in session.images] == [False, False, False]
    assert [session.corrections(name) for name in session.images] == [1, 0, 0]
    assert session.review("im1.png") is ReviewState.UNREAD
    assert session.image("im1.png").note == ""
    assert session.undo().label == "Drop the corrections of im1"
    assert session.image("im1.png").replaced
    assert (session.corrections("im1.png"), session.image("im1.png").note) == (1, "blurred")
    session.undo()
    assert session.image("im0.png").replaced
    session.close()
    with Session.open(session.path, model=session.bundle) as again:
        assert again.image("im0.png").replaced


def test_an_accepted_image_keeps_what_it_has_when_its_file_is_replaced(session: Session):
    session.move_placement("im0.png", "heart_00", (5, 6))
    session.set_review("im0.png", "accepted")
    before, frame = snapshot(session), session.image("im0.png").frame
    replace_file(session, "im0.png", 200)
    assert snapshot(session) == before
    assert session.image("im0.png").frame == frame
    assert "What was accepted is kept" in session.image("im0.png").remark
    with pytest.raises(ValueError, match="accepted and locked"):
        session.drop_corrections("im0.png")
    session.set_review("im0.png", "in_progress")
    fake_predict(session)
    assert session.image("im0.png").status == "predicted"


# --- what is due


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("predicted", [False, True])
@pytest.mark.parametrize("failed", [False, True])
def test_an_image_is_predicted_if_it_is_there_open_not_predicted_and_has_not_failed(
    there: bool, accepted: bool, predicted: bool, failed: bool
):
    wanted = Due.PREDICT if (there, accepted, predicted, failed) == (True, False, False, False) else Due.NOTHING
    assert due(Condition(there, accepted, predicted, failed)) is wanted


def test_what_is_due_follows_undo_files_orientation_and_acceptance(session: Session):
    add(session, "new.png")
    assert session.due() == ("new.png",)
    fail(session, "new.png")
    assert session.due() == ()
    replace_file(session, "new.png", 33)
    assert session.due() == ("new.png",)
    assert session.image("new.png").status == "waiting"
    session.image("new.png").path.unlink()
    session.check_files()
    assert session.due() == ()
    session.undo()
    session.set_orientation("im1.png", quarter_turns=1)
    assert session.due(["im0.png", "im1.png"]) == ("im1.png",)
    session.undo()
    assert session.due() == ()


def test_an_acceptance_reopened_under_another_bundle_is_due(session: Session):
    session.set_review("im1.png", "accepted")
    session.close()
    other = dataclasses.replace(session.bundle, sha256="f" * 64)
    with Session.open(session.path, model=other) as again:
        assert again.due() == ("im0.png", "im2.png")
        again.set_review("im1.png", "in_progress")
        assert again.due() == again.images
        again.undo()
        assert again.due() == ("im0.png", "im2.png")


def test_an_accepted_image_keeps_the_expected_error_of_its_prediction(session: Session):
    name = "heart_07"
    before = session.placements(name).expected_error
    assert len({*before.tolist()}) == 3
    session.set_review(["im0.png", "im2.png"], "accepted")
    np.testing.assert_allclose(session.placements(name).expected_error, before, rtol=1e-6)
    session.close()
    with Session.open(session.path, model=session.bundle) as again:
        np.testing.assert_allclose(again.placements(name).expected_error, before, rtol=1e-6)
        for slot, image in enumerate(again.images):
            (one,) = (placed for placed in again.placements_in(image) if placed.landmark.name == name)
            np.testing.assert_allclose(one.expected_error, before[slot], rtol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_up_to_three_refused_images_are_named_and_more_are_counted(count: int):
    missing = {f"m{i}.png": Refusal.MISSING for i in range(count)}
    suspect = {f"s{i}.png": Refusal.SUSPECT for i in range(2)}
    names = ["(“m0.png”)", "(“m0.png”, “m1.png”)", "(“m0.png”, “m1.png”, “m2.png”)", ""][count - 1]
    told = f"{count} {'has' if count == 1 else 'have'} no file {names}".rstrip()
    assert reasons(suspect | missing) == f"{told}, 2 are suspect (“s0.png”, “s1.png”)"
    assert reasons(suspect | missing, named=0) == f"{count} {'has' if count == 1 else 'have'} no file, 2 are suspect"
