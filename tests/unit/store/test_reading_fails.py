"""What is stored can't be read for a while: that is told at its image, and it comes back; it is not given up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import numpy as np
import pytest

from app.io.bundle import Bundle
from app.project.session import Session
from app.store.errors import ProjectError
from tests.unit.store.fakes import fake_predict, make, snapshot, write_images
from tests.unit.store.faults import Faults, failing, faulty_disk


@pytest.fixture
def faults() -> Iterator[Faults]:
    with faulty_disk() as found:
        yield found


@pytest.mark.parametrize("first", ["placements", "prediction", "preview", "prediction_id"])
def test_predictions_that_cannot_be_read_come_back_as_they_were(
    faults: Faults, session: Session, bundle: Bundle, first: str
):
    before, masks = snapshot(session), session.prediction("im1.png").masks
    session.close()
    with Session.open(session.path, model=bundle) as again:
        faults.fail = failing(apsw.IOError, "read", ".predictions")
        assert again.status("im1.png") == "predicted"
        if first == "placements":
            assert set(again.placements("heart_00").states) == {None}
        else:
            assert not getattr(again, first)("im1.png")
        assert again.status("im1.png") == "failed"
        assert "does not answer as it should" in again.image("im1.png").message
        assert again.placements("heart_00").states[1] is None
        assert again.due() == ()
        with pytest.raises(ValueError, match=r"im1\.png"):
            again.set_review("im1.png", "accepted")
        again.check_files()
        assert again.status("im1.png") == "failed"
        faults.fail = lambda *_: None
        assert "im1.png" in again.check_files()
        assert snapshot(again) == before
        np.testing.assert_array_equal(again.prediction("im1.png").masks, masks)


def test_accepting_what_cannot_be_read_is_refused_with_its_sentence(faults: Faults, session: Session, bundle: Bundle):
    session.close()
    with Session.open(session.path, model=bundle) as again:
        again.placements("heart_00")
        faults.fail = failing(apsw.IOError, "read", ".predictions")
        with pytest.raises(ProjectError, match="does not answer as it should"):
            again.set_review("im1.png", "accepted")
        faults.fail = lambda *_: None
        again.set_review("im1.png", "accepted")
        assert again.accepted == ("im1.png",)


def test_a_new_prediction_takes_the_place_of_one_that_could_not_be_read(
    faults: Faults, session: Session, bundle: Bundle
):
    session.close()
    with Session.open(session.path, model=bundle) as again:
        faults.fail = failing(apsw.IOError, "read", ".predictions")
        assert again.prediction("im1.png") is None
        faults.fail = lambda *_: None
        fake_predict(again)
        assert again.status("im1.png") == "predicted"
        assert again.prediction("im1.png") is not None


def calls_while(action) -> int:
    """Calls of the program's own functions: what grows with the project shows, and no clock is needed."""
    count = 0

    def see(frame, event, _argument) -> None:
        nonlocal count
        count += event == "call" and "/app/" in frame.f_code.co_filename

    sys.setprofile(see)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("action", ["accept", "reopen", "turn"])
def test_one_image_takes_no_more_steps_in_a_larger_project(tmp_path: Path, bundle: Bundle, action: str):
    counts = []
    for many in (3, 30):
        folder = tmp_path / str(many)
        write_images(folder / "images", many)
        with make(folder / "p.dsr", bundle) as session:
            session.add_images([folder / "images"])
            fake_predict(session)
            steps = {
                "accept": lambda s=session: s.set_review("im1.png", "accepted"),
                "reopen": lambda s=session: s.set_review("im1.png", "unread"),
                "turn": lambda s=session: s.set_orientation("im1.png", inverted=True),
            }
            if action == "reopen":
                steps["accept"]()
            assert [p is None for p in session.placements("heart_00").states] == [False] * many

            def act(s: Session = session, done=steps[action]) -> None:
                done()
                s.placements("heart_00")

            counts.append(calls_while(act))
            states = session.placements("heart_00").states
            assert [p is None for p in states] == [action == "turn" and name == "im1.png" for name in session.images]
    assert counts[0] == counts[1]
