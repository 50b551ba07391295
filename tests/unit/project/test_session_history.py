"""A session: undo, redo, history, signals."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core.landmark import PlacementState, ReviewState
from app.io.bundle import Bundle
from app.project.changes import Change, LandmarksChanged, PlacementsChanged
from app.project.session import Session
from tests.unit.store.fakes import chest, make, snapshot

P = PlacementState


# --- undo, history, signals


def act(session: Session, kind: int, number: int) -> None:
    """One action; which one follows from two numbers. Impossible ones are refused and change nothing."""
    images, own = session.images, [mark.name for mark in session.landmarks if not mark.hidden]
    image = images[number % len(images)] if images else "none"
    mark = own[number % len(own)] if own and number % 3 else "heart_00"
    uv = ((number * 37 % 100) / 100, (number * 61 % 100) / 100 - 0.5)
    states = list(ReviewState)
    actions = [
        lambda: session.define_landmark(f"mark {number}", "right_lung", uv),
        lambda: session.move_placement(image, mark, (number, number / 2)),
        lambda: session.set_absent(image, mark),
        lambda: session.confirm_placement(image, mark),
        lambda: session.reset_placement(image, mark),
        lambda: session.set_review(image, states[number % 5], f"note {number}"),
        lambda: session.set_review(image, "accepted"),
        lambda: session.move_landmark(mark, uv),
        lambda: session.update_landmark(mark, name=f"renamed {number}"),
        lambda: session.delete_landmark(mark),
        lambda: session.set_spacing(image, 0.1 + number, 0.2),
        lambda: session.remove_images([image]),
        lambda: session.add_images([session.path.parent / "images"]),
        lambda: session.set_review(image, states[number % 5], f"note {number}", structure="heart"),
        lambda: session.order_landmark(mark, own[number // 2 % len(own)] if own else None),
        lambda: session.set_orientation(image, number % 4, number % 5 == 0, number % 3 == 0),
    ]
    with contextlib.suppress(ValueError):
        actions[kind % len(actions)]()


STEPS = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 40)), min_size=1, max_size=15)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(STEPS, st.booleans(), st.booleans())
def test_undo_and_redo_anything(steps: list[tuple[int, int]], early: bool, late: bool):
    with tempfile.TemporaryDirectory() as folder:
        session = make(Path(folder) / "p", chest())
        first, done = snapshot(session), len(session.history())
        try:
            for kind, number in steps:
                act(session, kind, number)
            done = len(session.history()) - done
            last = snapshot(session)
            session = reopened(session) if early else session
            assert snapshot(session) == last
            for _ in range(done):
                assert session.undo() is not None
            assert snapshot(session) == first
            session = reopened(session) if late else session
            for _ in range(done):
                assert session.redo() is not None
            assert session.redo() is None
            assert snapshot(session) == last
        finally:
            session.close()


def reopened(session: Session) -> Session:
    session.close()
    return Session.open(session.path, model=session.bundle)


def test_history(session: Session):
    session.set_absent("im0.png", "heart_00")
    session.reader = "Bob"
    session.undo()
    lines = [(line.reader, line.label, line.undone) for line in session.history()]
    assert lines == [
        ("Ann", "Add 3 images", False),
        ("Ann", "Set “heart_00” absent in im0", True),
        ("Bob", "Undo: Set “heart_00” absent in im0", False),
    ]
    assert session.redo_label == "Set “heart_00” absent in im0"
    assert session.redo().label == "Set “heart_00” absent in im0"
    assert session.redo() is None


def test_changes_are_told_after_the_commit(session: Session):
    seen: list[Change] = []

    def look(change: Change) -> None:
        with Session.open(session.path, read_only=True, model=session.bundle) as other:
            assert len(other.history()) == len(session.history())
        seen.append(change)

    session.changed.connect(look)
    session.define_landmark("x", "heart", (0, 0))
    session.move_placement("im0.png", "x", (1, 2))
    session.undo()
    assert [(type(c), c.images, c.landmarks) for c in seen] == [
        (LandmarksChanged, (), ("x",)),
        (PlacementsChanged, ("im0.png",), ("x",)),
        (PlacementsChanged, ("im0.png",), ("x",)),
    ]
    assert seen[1].label == "Move “x” in im0"


def test_a_failing_view_harms_no_action(session: Session, caplog: pytest.LogCaptureFixture):
    def fail(change: Change) -> None:
        raise RuntimeError("broken view")

    session.changed.connect(fail)
    session.set_absent("im0.png", "heart_00")
    assert session.placements("heart_00").states[0] == P.ABSENT
    assert "A view failed" in caplog.text


@pytest.mark.parametrize("column", ["charts", "placements", "maps"])
def test_what_is_damaged_of_one_accepted_image_harms_no_other(session: Session, column: str):
    before = snapshot(session)
    session.set_review("im0.png", "accepted")
    session.close()
    db = apsw.Connection(str(session.path))
    db.execute(f"UPDATE blobs SET data = zeroblob(length(data)) WHERE sha256 = (SELECT {column} FROM frozen)")
    db.close()
    with Session.open(session.path) as again:
        again.placements("heart_00")
        assert (again.prediction("im0.png") is None) == (column != "placements")
        assert again.image("im0.png").status == "failed"
        assert "does not match its checksum" in again.image("im0.png").message
        assert P.ABSENT not in {p.state for p in again.placements_in("im0.png") if column == "placements"}
        assert not again.predict().done
        again.set_review("im0.png", "unread")  # the prediction is there still
        assert snapshot(again) == before


def test_what_undo_would_bring_back_is_known_after_reopening(session: Session, bundle: Bundle):
    session.set_absent("im1.png", "heart_01")
    session.remove_images("im1.png")
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert again.next_undo.images == ("im1.png",)
        again.undo()
        assert again.corrections("im1.png") == 1
        assert again.next_redo.images == ("im1.png",)
