"""The real program in a process of its own, ended kindly and cruelly: no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="survivors are looked for in /proc")
MARK = "DENSESEG_TEST_MARK"
CLOSES_BY_ITSELF = """
import sys
from PySide6.QtCore import QTimer
from app.gui.application import launch
app = launch(sys.argv[1:])
def watch():
    session = app.window.controller.session
    if session is not None and any(session.status(name) == "predicted" for name in session.images):
        app.window.close()
timer = QTimer()
timer.timeout.connect(watch)
timer.start(20)
sys.exit(app.qt_app.exec())
"""


def family(mark: str) -> dict[int, str]:
    """Processes that run with this mark in their environment, with their command lines; zombies do not count."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            marked = f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
            if marked and state != "Z":
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


def until(condition: Callable[[], bool]) -> None:
    """Wait as long as it takes on a busy machine; ten minutes stand for ever."""
    end = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path: Path, samples: Path, request: pytest.FixtureRequest):
    """Starts the program on three radiographs; ends what is left of it afterwards."""
    mark = f"{os.getpid()}-{request.node.name}"

    def begin(*command: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", MARK: mark}
        arguments = [str(samples), "--project", str(tmp_path / "p.dsr")]
        with (tmp_path / "said").open("wb") as said:
            return subprocess.Popen([sys.executable, *command, *arguments], cwd=ROOT, env=environment, stderr=said)

    yield begin, mark
    for pid in family(mark):
        os.kill(pid, signal.SIGKILL)


def workers(mark: str) -> list[int]:
    return [pid for pid, command in family(mark).items() if "app.engine.worker" in command]


def listens_to_its_end(pid: int) -> bool:
    """Whether a worker has asked the system to end it with its parent: it ignores Ctrl+C right after that."""
    lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    ignored = next(int(line.split()[1], 16) for line in lines if line.startswith("SigIgn:"))
    return bool(ignored >> (signal.SIGINT - 1) & 1)


def test_a_closed_window_leaves_no_process(start) -> None:
    begin, mark = start
    program = begin("-c", CLOSES_BY_ITSELF)
    assert program.wait() == 0
    until(lambda: not family(mark))


def test_ctrl_c_in_the_terminal_closes_the_window_and_leaves_no_process(start) -> None:
    begin, mark = start
    program = begin("main.py")
    until(lambda: len(workers(mark)) == 2)  # the event loop runs: workers begin from it
    program.send_signal(signal.SIGINT)
    assert program.wait() == 0
    until(lambda: not family(mark))


@pytest.mark.parametrize("stopped", [False, True], ids=["working", "children stopped"])
def test_a_killed_program_leaves_no_process(start, stopped: bool) -> None:
    begin, mark = start
    program = begin("main.py")
    until(lambda: len(workers(mark)) == 2)
    if stopped:  # a child that hangs cannot see that its input has ended
        until(lambda: all(map(listens_to_its_end, workers(mark))))
        for pid in workers(mark):
            os.kill(pid, signal.SIGSTOP)
    program.send_signal(signal.SIGKILL)
    program.wait()
    until(lambda: not family(mark))
