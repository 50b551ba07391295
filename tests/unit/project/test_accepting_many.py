"""Accepting many images is a job that the session's thread goes on with: its outcome is that of accepting at once."""

from __future__ import annotations

import apsw
import numpy as np

from app.core.landmark import PlacementState
from app.jobs import Finished, Result, SteppedJob
from app.project.session import Session
from tests.unit.store.fakes import fake_predicted, snapshot

ALL = ("im0.png", "im1.png", "im2.png")


def to_its_end(job: SteppedJob) -> list[object]:
    while not job.go_on(0.0):
        pass
    return list(job)


def test_accepting_little_by_little_is_accepting_at_once(session: Session):
    session.define_landmark("hilum", "right_lung", (0.125, 0.25))
    session.move_placement("im1.png", "hilum", (70.25, 30.5))
    session.set_absent("im2.png", "hilum")
    job = session.start_accept(ALL)
    assert not job.go_on(0.0)
    assert session.accepted == ()
    (report,) = [event.value for event in to_its_end(job) if isinstance(event, Result)]
    assert report.changed == session.accepted == ALL
    little, cross = snapshot(session), session.crosses("hilum")
    assert session.undo_label == "Set 3 images to accepted"
    session.undo()
    assert session.accepted == ()
    session.set_review(ALL, "accepted")
    assert snapshot(session) == little
    np.testing.assert_array_equal(session.crosses("hilum"), cross)


def test_what_changes_while_images_are_made_ready_is_accepted_as_it_is_in_the_end(session: Session):
    job = session.start_accept(ALL)
    job.go_on(0.0)
    job.go_on(0.0)  # all three are made ready now
    session.move_placement("im1.png", "heart_00", (50.5, 40.25))
    session.define_landmark("hilum", "right_lung", (0.125, 0.25))
    session.take_in(Result("im2.png", fake_predicted(session, "im2.png", 5)))
    moved = session.prediction_id("im2.png")
    to_its_end(job)
    assert session.accepted == ALL
    (place,) = [one for one in session.placements_in("im1.png") if one.landmark.name == "heart_00"]
    assert (place.state, place.xy.tolist()) == (PlacementState.CORRECTED, [50.5, 40.25])
    assert session.new_since_accepted("im0.png") == ()
    assert moved.split()[-1] in session.prediction_id("im2.png")  # the same charts, frozen now


def test_cancelling_accepts_nothing(session: Session):
    before = snapshot(session)
    job = session.start_accept(ALL)
    job.go_on(0.0)
    job.go_on(0.0)
    job.cancel()
    assert to_its_end(job)[-1] == Finished(cancelled=True)
    assert snapshot(session) == before
    assert session.undo_label == "Add 3 images"


def test_a_session_that_is_closed_meanwhile_leaves_nothing_behind(session: Session):
    job = session.start_accept(ALL)
    job.go_on(0.0)
    job.go_on(0.0)  # all three are made ready, and written
    session.close()
    job.cancel()
    assert to_its_end(job)[-1] == Finished(cancelled=True)
    db = apsw.Connection(str(session.path), apsw.SQLITE_OPEN_READONLY)
    assert db.execute("SELECT count(*) FROM blobs").get == 0
    db.close()


def test_an_image_that_is_removed_meanwhile_is_left_out(session: Session):
    job = session.start_accept(ALL)
    job.go_on(0.0)
    session.remove_images("im0.png")
    events = to_its_end(job)
    assert events[-1] == Finished(cancelled=False)
    assert session.accepted == ALL[1:]


def test_an_image_that_has_no_prediction_meanwhile_is_refused_and_frozen_whole_later(session: Session):
    job = session.start_accept(ALL)
    job.go_on(0.0)
    session.set_orientation("im1.png", 1)  # what was predicted of it no longer counts
    (report,) = [event.value for event in to_its_end(job) if isinstance(event, Result)]
    assert (report.changed, list(report.refused)) == (("im0.png", "im2.png"), ["im1.png"])
    session.take_in(Result("im1.png", fake_predicted(session, "im1.png", 3)))
    session.set_review("im1.png", "accepted")
    assert len(session.placements_in("im1.png")) == len(session.landmarks)
    assert session.prediction("im1.png") is not None
