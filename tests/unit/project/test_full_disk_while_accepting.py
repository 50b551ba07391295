"""The disk is full at any stage of an acceptance: nothing of it is left, and later it is as if nobody had tried.

The limit is SQLite's own and as real as a full disk's: the file may have no more pages (`PRAGMA max_page_count`).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import apsw
import pytest

from app.io.bundle import Bundle
from app.jobs import Failed, Finished, Result
from app.project.session import Session
from app.store.errors import ProjectError, Trouble
from tests.unit.store.fakes import snapshot


@pytest.fixture
def limited(session: Session, bundle: Bundle, monkeypatch: pytest.MonkeyPatch):
    """The project, opened so that the number of pages it may grow by can be set."""
    path = session.path
    session.set_absent("im1.png", "heart_01")
    session.close()
    growth = pages_of_acceptance(path, bundle)
    made: list[tuple[str, apsw.Connection]] = []
    hooks = [*apsw.connection_hooks, lambda db: made.append((db.filename, db))]
    monkeypatch.setattr(apsw, "connection_hooks", hooks)
    with Session.open(path, model=bundle, reader="Ann") as again:
        (db,) = [db for file, db in made if file and Path(file) == path]
        (held,) = next(iter(db.execute("PRAGMA page_count")))

        def room(share: float | None) -> None:
            """The file may grow by this share of what accepting takes, but not by all; None: by any size."""
            most = 1 << 30 if share is None else held + min(round(share * growth), growth - 1)
            assert list(db.execute(f"PRAGMA max_page_count={most}")) == [(most,)]

        yield again, room


def pages_of_acceptance(path: Path, bundle: Bundle) -> int:
    """By how many pages a file grows where all of its images are accepted, seen in a copy."""
    for ending in ("", ".predictions"):
        shutil.copy(f"{path}{ending}", path.with_name(f"trial{ending}"))
    counts = []
    with Session.open(path.with_name("trial"), model=bundle) as trial:
        for act in (lambda: None, lambda: trial.set_review(trial.images, "accepted")):
            act()
            with apsw.Connection(str(trial.path), flags=apsw.SQLITE_OPEN_READONLY) as db:
                counts += [count for (count,) in db.execute("PRAGMA page_count")]
    return counts[1] - counts[0]


def blobs_in(path: Path) -> set[str]:
    with apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY) as db:
        return {name for (name,) in db.execute("SELECT sha256 FROM blobs")}


def named_in(path: Path) -> set[str]:
    with apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY) as db:
        rows = list(db.execute("SELECT placements, charts, maps FROM frozen"))
    return {name for row in rows for name in row if name is not None}


STAGES = (0.0, 0.02, 0.3, 0.6, 0.9, 1.0)
"""Full with the first blob, amid the blobs of each image, and with the very last page."""


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("by_job", [False, True])
def test_nothing_is_left_of_a_failed_acceptance(limited, bundle: Bundle, by_job: bool, stage: float) -> None:
    session, room = limited
    before, lines = snapshot(session), session.history()
    room(stage)
    if by_job:
        job = session.start_accept(session.images)
        while not job.go_on(0.0):
            pass
        events = list(job)
        failed = any(isinstance(event, Failed) and "no space left" in event.message for event in events)
        assert events[-1] == Finished(cancelled=False)
        assert failed != any(isinstance(event, Result) for event in events)
    else:
        try:
            session.set_review(session.images, "accepted")
            failed = False
        except ProjectError as error:
            failed = error.trouble is Trouble.FULL
    assert failed
    assert (snapshot(session), session.history(), session.accepted) == (before, lines, ())
    room(None)
    session.move_placement("im1.png", "heart_00", (50.5, 40.25))  # what is accepted now is another thing than before
    assert session.trouble is None
    session.set_review(session.images, "accepted")
    frozen = snapshot(session)
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert snapshot(again) == frozen
        assert again.undo_label == "Set 3 images to accepted"
        (place,) = [one for one in again.placements_in("im1.png") if one.landmark.name == "heart_00"]
        assert place.xy.tolist() == [50.5, 40.25]
    assert blobs_in(session.path) == named_in(session.path)


def test_a_cancelled_acceptance_leaves_no_blob(session: Session) -> None:
    before = blobs_in(session.path)
    job = session.start_accept(session.images)
    for _ in range(2):
        job.go_on(0.0)
    assert len(blobs_in(session.path)) > len(before)
    job.cancel()
    job.go_on(0.0)
    assert blobs_in(session.path) == before


def test_what_is_accepted_meanwhile_keeps_its_blobs(session: Session, bundle: Bundle) -> None:
    job = session.start_accept(session.images)
    for _ in range(2):
        job.go_on(0.0)
    session.set_review("im2.png", "accepted")
    job.cancel()
    job.go_on(0.0)
    assert session.accepted == ("im2.png",)
    session.close()
    assert blobs_in(session.path) == named_in(session.path)
    with Session.open(session.path, model=bundle) as again:
        assert again.status("im2.png") == "predicted"
        assert again.prediction("im2.png") is not None
