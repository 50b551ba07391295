"""The thread behind the engine: whatever ends it, nobody waits for ever."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from app.engine.results import Picture
from app.engine.scheduler import Scheduler, Work
from app.io.bundle import Bundle
from app.jobs import Finished, Job


def test_what_is_asked_for_while_the_thread_dies_ends_too(bundle: Bundle, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    scheduler, asked = Scheduler(bundle, 1, "auto", 60.0, 0), threading.Event()
    job, future = Job("Predicting", 1), Future[Picture]()

    def die() -> None:
        assert asked.wait(60)
        raise SystemExit

    assert scheduler.call(die)
    assert scheduler.call(lambda: scheduler.begin(job, [Work("a", tmp_path / "a.png", job)]))
    assert scheduler.call(lambda: scheduler.show(Work("b", tmp_path / "b.png", None, future)))
    asked.set()
    assert job.wait(60)
    assert list(job)[-1] == Finished(cancelled=True)
    scheduler.close()
    assert future.cancelled()
    assert not scheduler.call(lambda: None)
