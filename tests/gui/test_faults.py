"""Failures anywhere in the program reach the log file, and no name of a file or patient does."""

from __future__ import annotations

import logging

import pytest

from app.gui import faults


@pytest.fixture
def log_file():
    root = logging.getLogger("app")
    before = list(root.handlers)
    for handler in before:
        root.removeHandler(handler)
    yield faults.start_log()
    for handler in list(root.handlers):
        handler.close()
        root.removeHandler(handler)
    for handler in before:
        root.addHandler(handler)


@pytest.mark.parametrize("name", ["app.engine", "app.open_project", "app.gui.bridge"])
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
