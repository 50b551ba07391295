"""What a look at files says is taken in as far as nobody has looked later."""

from __future__ import annotations

import os

from app.jobs import Result
from app.project.session import Session
from tests.unit.store.fakes import fake_predicted


def test_an_older_look_never_takes_the_place_of_a_newer_one(session: Session) -> None:
    """Looked at as it was predicted, then written again and looked at once more; the first look is told last."""
    path = session.image("im1.png").path
    early = list(session.start_check_files(["im1.png"]))
    os.utime(path, ns=(1_000_000_000, 1_000_000_000))
    late = list(session.start_check_files(["im1.png"]))
    told = [name for event in late for name in session.take_checked(event)]
    assert (told, session.status("im1.png")) == (["im1.png"], "waiting")
    assert [name for event in early for name in session.take_checked(event)] == []
    assert session.status("im1.png") == "waiting"


def test_a_look_from_before_a_prediction_does_not_take_it_back(session: Session) -> None:
    """The file is written again and predicted at once, while a slow look still knows it as it was."""
    path = session.image("im1.png").path
    early = list(session.start_check_files(["im1.png"]))
    os.utime(path, ns=(1_000_000_000, 1_000_000_000))
    session.start_predict(["im1.png"]).cancel()
    session.take_in(Result("im1.png", fake_predicted(session, "im1.png", 4)))
    assert [name for event in early for name in session.take_checked(event)] == []
    assert session.status("im1.png") == "predicted"
