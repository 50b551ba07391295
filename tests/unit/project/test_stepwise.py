"""Actions of very many images that are done in pieces: the same as at once, one undo step, all of it or nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.core.landmark import PlacementState
from app.io.bundle import Bundle
from app.jobs import Failed, Finished, Result, SteppedJob
from app.project.adding import search
from app.project.changes import ImagesChanged, ReviewsChanged
from app.project.session import Session
from tests.unit.store.fakes import fake_predicted, write_images

IMAGES = 1200
"""More than two pieces of rows."""


def snapshot(session: Session) -> object:
    """What readers see of images, quickly."""
    images = session.images
    reviews, marks = [session.review(name) for name in images], [mark.name for mark in session.landmarks]
    placed = session.placements("heart_01")
    return images, reviews, marks, placed.states, repr(placed.xy.tolist()), session.reader


def to_its_end(job: SteppedJob) -> list[object]:
    while not job.go_on(0.0):
        pass
    return list(job)


def some_pieces(job: SteppedJob, count: int) -> None:
    for _ in range(count):
        assert not job.go_on(0.0)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for number in range(IMAGES):
        (folder / f"film {number}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def adding(session: Session, files: Path) -> SteppedJob:
    return session.start_take_added(search([files], session.path.parent, frozenset()))


def test_adding_in_pieces_is_adding_at_once(session: Session, files: Path) -> None:
    told: list[object] = []
    session.changed.connect(told.append)
    before, job = snapshot(session), adding(session, files)
    some_pieces(job, 4)
    assert snapshot(session) == before
    (report,) = [event.value for event in to_its_end(job) if isinstance(event, Result)]
    assert len(report.added) == IMAGES
    assert report.change == told[0]
    assert len(told) == 1
    little = snapshot(session)
    session.undo()
    assert snapshot(session) == before
    session.add_images([files])
    assert snapshot(session) == little


@pytest.mark.parametrize("pieces", [1, 2, 4, 6])
def test_cancelled_at_any_piece_nothing_is_added(session: Session, files: Path, bundle: Bundle, pieces: int) -> None:
    before, lines, job = snapshot(session), session.history(), adding(session, files)
    some_pieces(job, pieces)
    job.cancel()
    assert to_its_end(job)[-1] == Finished(cancelled=True)
    assert (snapshot(session), session.history()) == (before, lines)
    session.set_absent("im0.png", "heart_01")
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert len(again.images) == 3
        assert again.undo_label == "Set “heart_01” absent in im0"


@pytest.mark.parametrize("pieces", [1, 2, 4, 6])
def test_a_project_that_is_closed_amid_adding_has_all_or_nothing(
    session: Session, files: Path, bundle: Bundle, pieces: int
) -> None:
    some_pieces(adding(session, files), pieces)
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert len(again.images) == 3
        assert again.undo_label == "Add 3 images"


MEANWHILE: dict[str, Callable[[Session], object]] = {
    "set_absent": lambda s: s.set_absent("im1.png", "heart_01"),
    "define_landmark": lambda s: s.define_landmark("hilum", "heart", (0.1, 0.2)),
    "remove_images": lambda s: s.remove_images("im2.png"),
    "reader": lambda s: setattr(s, "reader", "Ben"),
    "set_review": lambda s: s.set_review("im0.png", "accepted"),
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_whatever_is_done_meanwhile_comes_after_the_images(session: Session, files: Path, name: str) -> None:
    before, job = snapshot(session), adding(session, files)
    some_pieces(job, 2)
    MEANWHILE[name](session)
    assert IMAGES <= len(session.images) <= IMAGES + 3
    assert Finished(cancelled=False) in to_its_end(job)
    after = snapshot(session)
    if session.undo_label != f"Add {IMAGES} images":
        session.undo()
        assert session.undo_label == f"Add {IMAGES} images"
        session.redo()
    assert snapshot(session) == after
    session.reader = "Ann"
    while session.undo_label != "Add 3 images":
        session.undo()
    assert snapshot(session) == before


def test_undo_in_pieces_is_undo_and_a_second_one_follows_it(session: Session, files: Path) -> None:
    session.set_absent("im1.png", "heart_01")
    first = snapshot(session)
    session.add_images([files])
    second = snapshot(session)
    told: list[object] = []
    session.changed.connect(told.append)
    job = session.start_undo()
    some_pieces(job, 3)
    assert snapshot(session) == second
    (change,) = [event.value for event in to_its_end(job) if isinstance(event, Result)]
    assert told == [change]
    assert snapshot(session) == first
    assert isinstance(change, ImagesChanged)
    to_its_end(session.start_redo())
    assert snapshot(session) == second
    job = session.start_undo()
    some_pieces(job, 2)
    assert session.undo().label == "Set “heart_01” absent in im1"  # the reader presses the key again
    assert session.undo_label == "Add 3 images"
    to_its_end(job)
    assert session.undo_label == "Add 3 images"


def test_images_are_accepted_after_an_undo_that_is_under_way(session: Session, files: Path) -> None:
    session.delete_landmark("heart_01")
    session.undo()
    session.add_images([files])
    undoing = session.start_undo()
    some_pieces(undoing, 3)
    events = to_its_end(session.start_accept(("im0.png", "im1.png")))
    assert events[-1] == Finished(cancelled=False)
    assert session.images == ("im0.png", "im1.png", "im2.png")
    assert session.accepted == ("im0.png", "im1.png")
    assert Finished(cancelled=False) in to_its_end(undoing)
    assert session.undo_label == "Set 2 images to accepted"


def test_images_are_accepted_as_the_undo_that_is_under_way_leaves_them(session: Session) -> None:
    session.move_placement("im1.png", "heart_00", (50.5, 40.25))
    undoing = session.start_undo()
    some_pieces(undoing, 1)
    to_its_end(session.start_accept(("im0.png", "im1.png")))
    assert session.accepted == ("im0.png", "im1.png")
    (place,) = [one for one in session.placements_in("im1.png") if one.landmark.name == "heart_00"]
    assert place.state is PlacementState.PREDICTED
    assert place.xy.tolist() != [50.5, 40.25]


def test_what_undo_names_is_what_it_takes_back_while_images_are_added(session: Session, files: Path) -> None:
    session.move_placement("im0.png", "heart_01", (50, 40))
    job = adding(session, files)
    some_pieces(job, 3)
    step = session.next_undo
    assert step is not None
    assert (step.label, len(step.images)) == (f"Add {IMAGES} images", IMAGES)
    change = session.undo(step)
    assert change is not None
    assert change.label == step.label
    assert session.undo_label == "Move “heart_01” in im0"
    step, job = session.next_redo, adding(session, files)
    some_pieces(job, 3)
    assert session.next_redo is None  # the images that are added take its place
    with pytest.raises(ValueError, match=f"“Add {IMAGES} images” was not done again: something else was done"):
        session.redo(step)


def test_undo_takes_back_nothing_but_what_was_asked_about(session: Session, files: Path) -> None:
    """A window asks; while it does, the images that were being looked for are added."""
    session.move_placement("im0.png", "heart_01", (50, 40))
    step, job = session.next_undo, adding(session, files)
    some_pieces(job, 3)
    with pytest.raises(ValueError, match="“Move “heart_01” in im0” was not undone: something else was done"):
        session.undo(step)
    assert session.undo_label == f"Add {IMAGES} images"


def test_an_undo_that_begins_later_takes_back_what_it_was_started_for(session: Session, files: Path) -> None:
    session.add_images([files])
    job = session.start_undo()
    session.set_absent("im0.png", "heart_01")
    after = snapshot(session)
    (failed,) = [event for event in to_its_end(job) if isinstance(event, Failed)]
    assert failed.message.startswith(f"“Add {IMAGES} images” was not undone")
    assert snapshot(session) == after
    assert session.undo_label == "Set “heart_01” absent in im0"


def test_a_cancelled_undo_undoes_nothing(session: Session, files: Path) -> None:
    session.add_images([files])
    before, job = snapshot(session), session.start_undo()
    some_pieces(job, 3)
    job.cancel()
    to_its_end(job)
    assert snapshot(session) == before
    assert (session.undo_label, session.redo_label) == (f"Add {IMAGES} images", None)


def test_an_action_meets_what_is_being_kept_when_it_is_asked_for(session: Session) -> None:
    """Accepting is being kept when the reader moves a point of one of the images: that one is locked by then."""
    job = session.start_accept(session.images)
    some_pieces(job, 3)  # all is made ready, and the first rows are written
    assert session.accepted == ()
    with pytest.raises(ValueError, match="accepted and locked"):
        session.move_placement("im1.png", "heart_00", (50.5, 40.25))
    assert session.accepted == session.images
    (report,) = [event.value for event in to_its_end(job) if isinstance(event, Result)]
    assert report.changed == session.images


def test_a_stroke_in_another_image_is_kept_while_images_are_accepted(session: Session) -> None:
    mask = session.mask("im0.png", "heart").copy()
    mask[:20, :30] = True
    job = session.start_accept(("im1.png", "im2.png"))
    some_pieces(job, 3)
    assert session.accepted == ()
    session.set_mask("im0.png", "heart", mask)
    np.testing.assert_array_equal(session.mask("im0.png", "heart"), mask)
    assert session.accepted == ("im1.png", "im2.png")
    assert session.undo_label == "Correct the heart in im0"
    assert Finished(cancelled=False) in to_its_end(job)


GONE: dict[str, Callable[[Session, str], object]] = {
    "set_absent": lambda s, name: s.set_absent(name, "heart_01"),
    "remove_images": lambda s, name: s.remove_images(name),
    "rename_image": lambda s, name: s.rename_image(name, "other"),
    "set_review": lambda s, name: s.set_review(name, "rejected"),
    "set_spacing": lambda s, name: s.set_spacing(name, 0.2, 0.3),
    "set_orientation": lambda s, name: s.set_orientation(name, 1, more=True),
    "reset_placement": lambda s, name: s.reset_placement(name, "heart_01"),
    "set_mask_absent": lambda s, name: s.set_mask_absent(name, "heart"),
}


@pytest.mark.parametrize("act", GONE)
def test_an_image_that_an_undo_under_way_takes_away_is_told_to_be_gone(session: Session, files: Path, act: str) -> None:
    session.add_images([files])
    job = session.start_undo()
    some_pieces(job, 3)
    with pytest.raises(ValueError, match="has no image “film 3"):
        GONE[act](session, "film 3.png")
    assert Finished(cancelled=False) in to_its_end(job)
    assert (len(session.images), session.undo_label) == (3, "Add 3 images")


def test_a_prediction_that_comes_while_an_acceptance_is_kept_changes_nothing_of_it(session: Session) -> None:
    told: list[object] = []
    session.changed.connect(told.append)
    session.start_predict(["im1.png"]).cancel()
    held, job = session.prediction_id("im1.png"), session.start_accept(session.images)
    some_pieces(job, 3)
    session.take_in(Result("im1.png", fake_predicted(session, "im1.png", 5)))
    to_its_end(job)
    assert [type(change) for change in told] == [ReviewsChanged]
    assert session.prediction_id("im1.png").split()[-1] == held.split()[-1]


def test_images_that_are_there_already_are_told_and_nothing_is_done(session: Session, tmp_path: Path) -> None:
    job = session.start_take_added(search([write_images(tmp_path / "images")], tmp_path, frozenset()))
    events = to_its_end(job)
    (report,) = [event.value for event in events if isinstance(event, Result)]
    assert (report.added, report.change) == ((), None)
    assert not any(isinstance(event, Failed) for event in events)
    assert session.undo_label == "Add 3 images"


KILLED = """
import os, signal, sys
from pathlib import Path
from app.project.adding import search
from app.project.session import Session

session = Session.open(sys.argv[1])
job = session.start_take_added(search([Path(sys.argv[2])], session.path.parent, frozenset()))
for _ in range(5):
    assert not job.go_on(0.0)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_killed_amid_adding_the_project_holds_none_of_the_images(session: Session, files: Path, bundle: Bundle) -> None:
    before = snapshot(session)
    session.close()
    command = [sys.executable, "-c", KILLED, str(session.path), str(files)]
    assert subprocess.run(command, cwd=Path(__file__).parents[3], check=False).returncode == -signal.SIGKILL
    with Session.open(session.path, model=bundle) as again:
        assert snapshot(again) == before
        assert again.undo_label == "Add 3 images"
