"""`main.py` as a user calls it: what is a command, what opens the window and what is wrong usage."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import main
from app.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start(tmp_path):
    """Run main.py in an empty folder, where Qt would fail loudly: there is no such platform to open a window on."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, str(ROOT / "main.py"), *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | {"QT_QPA_PLATFORM": "a window was to be opened"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=60,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["predikt", ".", "--out", "out"],
            "“predikt” is neither a command nor an existing file",
        ),
        (["predikt"], "Did you mean “predict”?"),
        (["Evaluate"], "Did you mean “evaluate”?"),
        (["segment"], "The commands are predict, propagate, measure, export, import, train, evaluate, compare."),
        (["nowhere/films"], "There is no file or folder “nowhere/films”."),
        (["film.png"], "There is no file or folder “film.png”."),
        (["--project", "p.dsr", "predict"], "There is no file or folder “predict”."),
        (["--", "-film.png"], "There is no file or folder “-film.png”."),
        ([".", "film 1\n.png"], r"There is no file or folder “film 1\n.png”."),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_what_is_no_command_and_no_path_ends_with_a_sentence_and_opens_no_window(start, tmp_path, arguments, told):
    done = start(*arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_each_missing_path_is_named_and_those_that_exist_are_not(start, tmp_path):
    (tmp_path / "here.png").write_bytes(b"")
    done = start("here.png", "one.png", "two.png")
    assert done.returncode == 2
    assert [line.split("“")[1].split("”")[0] for line in done.stderr.splitlines()] == ["one.png", "two.png"]


def test_a_path_called_like_a_command_is_for_the_window_where_it_is_given_as_one(start, tmp_path):
    (tmp_path / "predict").mkdir()
    done = start("./predict")
    assert done.returncode not in {0, 2}
    assert "a window was to be opened" in done.stderr


def test_every_command_is_one_for_main(start):
    names = {command.name or command.callback.__name__ for command in cli.registered_commands}
    assert set(main.COMMANDS) == names
    helped = start("--help")
    assert helped.returncode == 0
    assert all(name in helped.stdout for name in names)
