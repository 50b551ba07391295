"""What a session tells and counts beside its actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import apsw
import numpy as np
import pytest

from app.core.frame import Frame, Provenance, Spacing
from app.core.landmark import ReviewState
from app.core.orientation import AS_STORED, Orientation
from app.core.plausibility import Finding, Reason
from app.io.bundle import Bundle
from app.jobs import Failed
from app.project.accepting import Refusal
from app.project.changes import Change, ImagesChanged, ReaderChanged
from app.project.session import Placement, Session
from app.store.errors import ProjectError
from tests.unit.store.fakes import fake_predict, make, write_images


def told_by(session: Session) -> list[Change]:
    found: list[Change] = []
    session.changed.connect(found.append)
    return found


def test_files_that_went_or_came_back_are_told(session: Session):
    told = told_by(session)
    path = session.image("im1.png").path
    aside = path.rename(path.with_name("aside.png"))
    assert session.status("im1.png") == "predicted"  # nobody has looked yet
    assert session.check_files() == ("im1.png",)
    assert session.status("im1.png") == "missing"
    aside.rename(path)
    assert session.check_files(["im0.png", "im1.png"]) == ("im1.png",)
    assert session.status("im1.png") == "predicted"
    assert told == [ImagesChanged(("im1.png",))] * 2
    assert session.check_files() == ()
    assert len(told) == 2


def test_an_image_s_frame_has_the_height_and_width_of_its_model_s_network(tmp_path: Path, bundle: Bundle):
    upright = replace(bundle, network={**bundle.network, "height": 384, "width": 224})
    with make(tmp_path / "p.dsr", upright) as session:
        session.set_spacing("im1.png", 0.5, 0.25)
        session.set_orientation("im1.png", quarter_turns=3)
        spacing = Spacing(0.5, 0.25, Provenance.GIVEN)
        assert session.image("im1.png").frame == Frame(300, 320, 384, 224, spacing, Orientation(3))
        facts = session.image("im0.png").facts
        assert facts is not None
        assert facts.frame == Frame(300, 320, 384, 224)


def test_another_reader_is_told_and_named_with_what_comes(session: Session):
    told = told_by(session)
    session.reader = "Bea"
    assert told == [ReaderChanged()]
    session.set_review("im1.png", "rejected")
    assert session.image("im1.png").reviewed_by == "Bea"


def test_corrections_are_what_a_reader_moved_or_called_absent(session: Session):
    session.move_placement("im1.png", "right_lung_00", (3.5, 4.25))
    session.set_absent("im1.png", "right_lung_01")
    session.nudge_placement("im1.png", "right_lung_02", (0.25, -0.5))
    session.confirm_placement("im1.png", "right_lung_03")
    session.confirm_placement("im1.png", "right_lung_01")  # stays absent
    assert [session.corrections(name) for name in session.images] == [0, 3, 0]
    session.reset_placement("im1.png", "right_lung_00")
    assert session.corrections("im1.png") == 2


def test_a_place_by_a_reader_is_expected_to_be_right_and_no_place_has_no_error(session: Session):
    session.define_landmark("hilum", "right_lung", (0.125, 0.25))
    session.move_placement("im0.png", "hilum", (3.5, 4.25))
    session.set_absent("im1.png", "hilum")
    found = session.placements("hilum")
    np.testing.assert_array_equal(found.xy[:2], [[3.5, 4.25], [np.nan, np.nan]])
    np.testing.assert_array_equal(found.expected_error[:2], [0, np.nan])
    for place, name in enumerate(session.images[:2]):  # and the same where one image is asked
        (alone,) = [p for p in session.placements_in(name) if p.landmark.name == "hilum"]
        np.testing.assert_array_equal(alone.xy, found.xy[place])
        np.testing.assert_array_equal(alone.expected_error, found.expected_error[place])


def worst(session: Session, image: str) -> Placement:
    """The least certain placement of an image, without what came after it was accepted."""
    placed = [p for p in session.placements_in(image) if not (np.isnan(p.expected_error) or p.new_since_accepted)]
    return max(placed, key=lambda placement: placement.expected_error)


def lowest_by_hand(session: Session, image: str) -> float:
    """One half at 1.2 % of the diagonal (300 x 320 pixels), written out; what a reader placed is certain."""
    return 1 / (1 + (worst(session, image).expected_error / (0.012 * np.hypot(300, 320))) ** 2)


def test_the_lowest_confidence_is_that_of_the_least_certain_placement_whatever_readers_do(session: Session):
    def place(act: Callable[[str, str], None]) -> Callable[[], object]:
        return lambda: act("im1.png", worst(session, "im1.png").landmark.name)

    seen = [session.least_certain("im1.png").confidence]
    for act in (
        place(lambda image, name: session.move_placement(image, name, (30.5, 40.25))),
        place(session.set_absent),
        place(session.confirm_placement),
        lambda: session.delete_landmark(worst(session, "im1.png").landmark.name),
        lambda: session.move_landmark(worst(session, "im1.png").landmark.name, (0.015625, 0.03125)),
    ):
        act()
        seen.append(session.least_certain("im1.png").confidence)
        assert seen[-1] == pytest.approx(lowest_by_hand(session, "im1.png"), rel=1e-3)
    assert len(set(seen)) == len(seen)
    for before in seen[-2::-1]:
        session.undo()
        assert session.least_certain("im1.png").confidence == pytest.approx(before, rel=1e-3)


def test_a_landmark_that_came_after_acceptance_makes_no_accepted_image_less_certain(session: Session):
    session.set_review("im1.png", "accepted")
    before = session.least_certain("im1.png").confidence
    grid = [(u, v) for u in np.linspace(-0.6, 0.6, 41) for v in np.linspace(-0.6, 0.6, 41)]
    errors = [session.preview_places("right_lung", uv).expected_error[1] for uv in grid]
    assert max(errors) > worst(session, "im1.png").expected_error
    session.define_landmark("later", "right_lung", grid[int(np.argmax(errors))])
    assert (
        session.least_certain("im1.png").confidence
        == before
        == pytest.approx(lowest_by_hand(session, "im1.png"), rel=1e-3)
    )
    session.close()
    with Session.open(session.path, model=session.bundle) as again:
        assert again.least_certain("im1.png").confidence == pytest.approx(before, rel=1e-3)


def test_a_prediction_that_was_looked_at_goes_with_its_orientation(session: Session):
    first = session.prediction("im1.png")
    session.set_orientation("im1.png", quarter_turns=1)
    assert session.prediction("im1.png") is None
    fake_predict(session)
    turned = session.prediction("im1.png")
    assert turned is not None
    assert not np.array_equal(turned.masks, first.masks)
    session.undo()
    np.testing.assert_array_equal(session.prediction("im1.png").masks, first.masks)


def test_nudges_in_two_images_are_two_steps(session: Session):
    session.define_landmark("hilum", "right_lung", (0.125, 0.25))
    before = session.placements("hilum").xy.copy()
    for name in ("im1.png", "im1.png", "im2.png"):
        session.nudge_placement(name, "hilum", (1, -2))
    session.undo()
    np.testing.assert_allclose(session.placements("hilum").xy, before + np.array([[0, 0], [2, -4], [0, 0]]))
    session.undo()
    np.testing.assert_allclose(session.placements("hilum").xy, before)


def test_what_a_reader_left_as_it_is_holds_for_that_remark_alone(session: Session):
    session.set_orientation("im1.png", quarter_turns=1)
    fake_predict(session, suspect="It looks mirrored.")
    session.leave_as_is("im1.png")
    assert session.image("im1.png").left_as_is
    assert session.refusals("im1.png") == {}
    session.set_orientation("im1.png", quarter_turns=2)
    fake_predict(session, suspect="It does not look like a chest radiograph.")
    assert not session.image("im1.png").left_as_is
    assert session.refusals("im1.png") == {"im1.png": Refusal.SUSPECT}
    with pytest.raises(ValueError, match=r"“im1\.png” was not accepted: it does not look like"):
        session.set_review("im1.png", "accepted")


def test_an_image_that_is_taken_out_and_added_again_has_nothing_said_of_it(session: Session):
    path = session.image("im1.png").path
    session.move_placement("im1.png", "heart_00", (3.5, 4.25))
    session.set_spacing("im1.png", 0.5, 0.25)
    session.set_review("im1.png", "rejected", "blurred")
    session.set_review("im1.png", "second_opinion", structure="heart")
    session.set_orientation("im1.png", quarter_turns=1, mirrored=True)
    fake_predict(session, suspect="It looks mirrored.")
    session.leave_as_is("im1.png")
    session.remove_images("im1.png")
    assert session.add_images(path).added == ("im1.png",)
    entry = session.image("im1.png")
    assert entry.frame is not None
    assert (entry.frame.orientation, entry.frame.spacing) == (AS_STORED, None)
    assert (entry.review, entry.note, entry.structures) == (ReviewState.UNREAD, "", ())
    assert (entry.left_as_is, entry.replaced, session.corrections("im1.png")) == (False, False, 0)
    session.set_orientation("im1.png", quarter_turns=1, mirrored=True)
    assert session.image("im1.png").suspect == "It looks mirrored."
    assert not session.image("im1.png").left_as_is


def test_images_that_the_same_remedy_mends_are_those_that_may_still_be_turned(session: Session):
    judge = session.bundle.plausibility
    assert judge is not None
    session.set_orientation(session.images, quarter_turns=1)
    fake_predict(session, suspect=judge.sentence(Finding(Reason.LOOKS, Orientation(mirrored=True))))
    assert session.equally_suspect("im0.png") == session.images
    session.set_review("im1.png", "accepted", although_suspect=True)
    assert session.equally_suspect("im0.png") == ("im0.png", "im2.png")
    session.leave_as_is("im2.png")
    assert session.equally_suspect("im0.png") == ("im0.png",)


def test_what_is_accepted_already_is_not_refused_because_it_is_not_on_the_screen(session: Session):
    session.set_review("im0.png", "accepted")
    shown = {"im1.png": session.prediction_id("im1.png")}
    assert session.refusals(["im0.png", "im1.png"], shown=shown) == {}
    report = session.set_review(["im0.png", "im1.png"], "accepted", shown=shown)
    assert (report.changed, report.refused) == (("im1.png",), {})


def test_a_file_that_fails_the_second_time_keeps_its_size_and_its_prediction(session: Session):
    frame, first = session.image("im1.png").frame, session.prediction_id("im1.png")
    session.start_predict(["im1.png"]).cancel()
    session.take_in(Failed("im1.png", "The process ended."))
    assert session.image("im1.png").frame == frame
    assert (session.status("im1.png"), session.prediction_id("im1.png")) == ("predicted", first)


def test_who_touched_an_image_last_is_told(session: Session):
    session.move_placement("im1.png", "heart_00", (3.5, 4.25))
    session.reader = "Bea"
    session.set_absent("im1.png", "heart_01")
    entry = session.image("im1.png")
    assert (entry.review, entry.reviewed_by) == (ReviewState.IN_PROGRESS, "Bea")
    assert entry.reviewed_at == max(p.at for p in session.placements_in("im1.png"))


MIRRORED = Finding(Reason.LOOKS, Orientation(mirrored=True))
SENTENCE = "This frontal chest radiograph looks mirrored; right and left may be swapped."


def test_what_is_odd_is_kept_as_a_code(session: Session):
    session.set_orientation(session.images, quarter_turns=1)
    fake_predict(session, suspect=MIRRORED.code)
    assert {session.suspect(name) for name in session.images} == {SENTENCE}
    session.leave_as_is("im0.png")
    session.set_review("im1.png", "accepted", although_suspect=True)
    with apsw.Connection(str(session.path), flags=apsw.SQLITE_OPEN_READONLY) as db:
        kept = db.execute("SELECT suspect FROM left_as_is UNION SELECT suspect FROM frozen").fetchall()
    assert kept == [(MIRRORED.code,)]


def test_sentences_that_earlier_versions_kept_go_on_working(session: Session):
    session.set_orientation(session.images, quarter_turns=1)
    fake_predict(session, suspect=SENTENCE)
    assert session.suspect("im0.png") == SENTENCE
    assert session.remedy("im0.png") == MIRRORED.needed
    session.leave_as_is("im0.png")
    session.close()
    with apsw.Connection(str(session.path)) as db:
        db.execute("UPDATE left_as_is SET suspect = ?", (SENTENCE,))
    with Session.open(session.path) as again:
        assert [again.image(name).left_as_is for name in again.images] == [True, False, False]
        assert again.equally_suspect("im1.png") == ("im1.png", "im2.png")


def test_half_characters_in_a_name_or_note_are_spelled_out(bundle: Bundle, tmp_path: Path):
    path = tmp_path / "half.dsr"
    with Session.create(path, bundle, reader="A\udcffn") as session:
        session.add_images([write_images(tmp_path / "images")])
        assert session.reader == "A\\xffn"
        session.reader = "B\ud83d"
        name = session.images[0]
        session.set_review(name, "rejected", "no\udcfe\nsecond line")
        session.set_review(name, "rejected", "\ud800", structure="heart")
    with Session.open(path) as again:
        assert again.reader == "B\\ud83d"
        entry = again.image(name)
        assert (entry.note, entry.structures[0].note) == ("no\\xfe\nsecond line", "\\ud800")
        assert entry.reviewed_by == "B\\ud83d"


def test_a_readers_name_that_can_not_be_kept_is_not_taken(session: Session):
    session.reader = "Bea"
    session.path.unlink()
    with pytest.raises(ProjectError):
        session.reader = "Cem"
    assert session.reader == "Bea"


def test_the_history_calls_a_note_a_note_and_an_orientation_an_orientation(session: Session):
    session.set_review("im0.png", "rejected", "blurred")
    session.set_review("im0.png", "rejected", "mask leaks")
    session.set_review("im0.png", "rejected", "")
    session.set_orientation("im1.png", quarter_turns=1)
    assert [entry.label for entry in session.history()][-4:] == [
        "Set im0 to rejected",
        "Note to im0",
        "Remove the note of im0",
        "Orientation of im1: turned right by 90°",
    ]


def test_new_landmarks_get_colours_of_their_own(session: Session):
    for i in range(3):
        session.define_landmark(f"mark {i}", "heart", (0.1 * i, 0))
    colours = [session.landmark(f"mark {i}").colour for i in range(3)]
    assert len(set(colours)) == 3
    session.delete_landmark("mark 1")
    session.define_landmark("again", "heart", (0, 0.2))
    assert session.landmark("again").colour == colours[1]
    session.define_landmark("own", "heart", (0, 0.2), colour="#123456")
    assert session.landmark("own").colour == "#123456"
