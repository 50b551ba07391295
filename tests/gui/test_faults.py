"""Failures anywhere in the program reach the log file, and no name of a file or patient does."""

from __future__ import annotations

import logging
import threading

import pytest
from PySide6.QtCore import QTimer

from app.gui.shell import crash_log


@pytest.fixture
def log_file():
    root = logging.getLogger("app")
    before = list(root.handlers)
    for handler in before:
        root.removeHandler(handler)
    yield crash_log.start_log()
    for handler in list(root.handlers):
        handler.close()
        root.removeHandler(handler)
    for handler in before:
        root.addHandler(handler)


@pytest.mark.parametrize("name", ["app.engine", "app.project.open_project", "app.gui.state.bridge"])
def test_a_failure_is_logged_by_type_and_place_without_names(log_file, name: str) -> None:
    try:
        try:
            raise KeyError("Secret^Name.dcm")
        except KeyError as error:
            raise RuntimeError("a view of Secret^Name.dcm") from error
    except RuntimeError:
        logging.getLogger(name).exception("A listener of “%s” raised an error.", "Secret^Name.dcm")
    text = log_file.read_text("utf-8")
    assert f"{name}: A listener of “%s” raised an error." in text
    assert "RuntimeError at test_faults.py" in text
    assert "KeyError at test_faults.py" in text
    assert "Secret" not in text


def said(app) -> str:
    return "\n".join(app.window.messages.sentences())


def fails() -> None:
    raise ValueError("Secret^Name.dcm has no rows")


@pytest.mark.parametrize("slot", ["a command", "a timer", "a change of the project"])
def test_an_error_in_a_slot_reaches_the_log_and_a_message_and_the_program_goes_on(app, log_file, qtbot, slot) -> None:
    window, session = app.window, app.window.controller.session
    crash_log.install(window.controller.say, log_file)  # as `launch` does; the tests' own hook comes back afterwards
    if slot == "a command":
        window.actions_["fit"].triggered.connect(fails)
        window.actions_["fit"].trigger()
    elif slot == "a timer":
        QTimer.singleShot(0, window, fails)
    else:
        window.controller.changed.connect(lambda change: fails())
        session.move_placement(session.images[0], session.landmarks[0].name, (40, 50))
        assert session.corrections(session.images[0]) == 1  # the error came after the commit
    qtbot.waitUntil(lambda: "Something went wrong in the program" in said(app))
    assert str(log_file) in said(app)
    text = log_file.read_text("utf-8")
    assert "ValueError at test_faults.py" in text
    assert "fails" in text
    assert "Secret" not in text
    assert "Secret" not in said(app)
    window.controller.show_image(session.images[1])
    assert window.image_view.image == session.images[1]


def test_an_error_that_ends_a_thread_reaches_the_log_and_a_message(app, log_file, qtbot, monkeypatch) -> None:
    window = app.window
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # what is set below is put back
    crash_log.watch_threads(lambda sentence: window.bridge.post(window.controller.say, sentence))  # as `run` does
    told_on: list[threading.Thread] = []
    window.controller.said.connect(lambda _: told_on.append(threading.current_thread()))
    thread = threading.Thread(target=fails, name="decoder of Secret^Name.dcm")
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: "Something went wrong in the program" in said(app))
    assert told_on == [threading.current_thread()]
    text = log_file.read_text("utf-8")
    assert "A thread ended (decoder): ValueError at" in text
    assert "test_faults.py" in text
    assert "Secret" not in text + said(app)
