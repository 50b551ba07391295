"""A file replaced after its image was accepted, or not readable, is told in the window and in exports."""

from __future__ import annotations

import json
import os
import threading

import pytest
from PySide6.QtCore import Qt

from app.formats.from_session import view_of
from app.formats.write import write
from app.gui.state import predicting
from tests.gui.conftest import shown_fully


def test_an_accepted_image_whose_file_was_replaced_is_flagged_in_the_list_and_on_the_image(
    app, qtbot, tmp_path
) -> None:
    window, session = app.window, app.window.controller.session
    _, second, third = session.images
    window.controller.show_image(second)
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    window.actions_["accept"].trigger()
    model = window.worklist.model
    assert (model.row(second).words, model.row(second).trouble) == ("accepted", False)
    session.image(second).path.write_bytes(session.image(third).path.read_bytes())
    window.file_check.begin()
    qtbot.waitUntil(lambda: session.image(second).changed_since_accepted, timeout=30_000)
    qtbot.waitUntil(lambda: model.row(second).words == "accepted · file changed")
    assert model.row(second).trouble
    qtbot.mouseClick(window.worklist.flagged, Qt.MouseButton.LeftButton)
    assert model.shown == [second]
    view = view_of(session, "accepted")
    report = write(view, tmp_path / "out", ["masks"])
    assert report.images == [second]
    assert any(note.startswith("The file of 1 image has changed since it was accepted") for note in report.notes)
    told = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["images"]
    assert [(image["name"], image["file_changed_since_accepted"]) for image in told] == [(second, True)]


def test_an_export_says_why_an_unreadable_image_is_not_in_it(app, qtbot, tmp_path) -> None:
    window, session = app.window, app.window.controller.session
    name = session.images[1]
    session.image(name).path.write_bytes(b"\x89PNG torn")
    window.file_check.begin()
    qtbot.waitUntil(lambda: session.status(name) == "failed" and not window.predicting.running, timeout=30_000)
    report = write(view_of(session, "image", name), tmp_path / "out", ["csv"])
    assert report.failed == [(name, session.image(name).message)]
    assert "Predict it" not in report.failed[0][1]


def test_a_file_that_is_written_all_the_time_is_told_and_not_predicted_for_ever(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name = session.images[1]
    path, stop = session.image(name).path, threading.Event()

    def write_on() -> None:
        stamp = 1_000_000_000
        while not stop.wait(0.001):
            stamp += 1_000_000
            os.utime(path, ns=(stamp, stamp))

    def told() -> bool:
        return any("changed 3 times while it was read" in said for said in window.messages.sentences())

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        qtbot.waitUntil(lambda: path.stat().st_mtime_ns < 1e18)
        window.file_check.begin()
        qtbot.waitUntil(lambda: told() and not window.predicting.running, timeout=60_000)
        assert session.status(name) == "waiting"
    finally:
        stop.set()
        writer.join()
    window.controller.show_image(name)  # it is looked at again, and stays as it is now
    qtbot.waitUntil(lambda: session.status(name) == "predicted", timeout=30_000)


def test_an_accepted_image_whose_file_was_only_written_again_is_not_flagged(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    second = session.images[1]
    window.controller.show_image(second)
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    window.actions_["accept"].trigger()
    path = session.image(second).path
    data = path.read_bytes()
    path.write_bytes(data)
    os.utime(path, ns=(10**18, 10**18))
    seen: list[tuple[str, ...]] = []
    window.controller.changed.connect(lambda change: seen.append(change.images))
    window.file_check.begin()
    qtbot.waitUntil(lambda: seen.count((second,)) == 2, timeout=30_000)  # it is written again; it is the same
    assert session.written_again() == ()
    assert window.worklist.model.row(second).words == "accepted"
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(2 * 10**18, 2 * 10**18))
    window.file_check.begin()
    qtbot.waitUntil(lambda: window.worklist.model.row(second).words == "accepted · file changed", timeout=30_000)


@pytest.mark.parametrize("stop", ["cancel", "forget"])
@pytest.mark.parametrize("early", [True, False], ids=["before a thread looks", "while it looks"])
def test_files_that_were_to_be_looked_at_begin_no_prediction_once_it_is_cancelled(
    app, qtbot, monkeypatch, stop: str, early: bool
) -> None:
    window, session = app.window, app.window.controller.session
    monkeypatch.setattr(predicting, "AT_ONCE", 1)
    jobs, begun, start, listen = [], [], session.start_check_files, window.bridge.job

    def look(names=None):
        jobs.append(start(names))
        assert jobs[-1].wait(10)
        return jobs[-1]

    def listen_and_stop(job, handler) -> None:
        listen(job, handler)
        if jobs == [job]:
            getattr(window.predicting, stop)()

    monkeypatch.setattr(session, "start_check_files", look)
    monkeypatch.setattr(window.bridge, "job", listen_and_stop)
    window.predicting.started.connect(lambda *told: begun.append(told))
    session.set_orientation(session.images[1:], 1)  # the shown image is not due: no prediction runs yet
    if early:
        getattr(window.predicting, stop)()
        qtbot.wait(100)  # nothing tells that nothing begins
        assert not jobs
    else:
        qtbot.waitUntil(lambda: bool(jobs))
        qtbot.wait(100)
    assert not begun
    window.predicting.start()
    if early:  # the first job that a thread does is stopped here
        qtbot.waitUntil(lambda: bool(jobs))
        window.predicting.start()
    qtbot.waitUntil(lambda: bool(begun))
    window.predicting.cancel()
