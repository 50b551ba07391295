"""One writer at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.store.errors import ProjectError, ProjectLocked, Trouble
from app.store.lock import ProjectLock

ROOT = Path(__file__).parents[3]
HOLDER = """
import sys
from pathlib import Path
from app.store.lock import ProjectLock
lock = ProjectLock(Path(sys.argv[1]), "Dr. Grün", make=True)
print("held", flush=True)
sys.stdin.read()
"""


def test_second_one_is_told_who_and_where(tmp_path: Path):
    project = tmp_path / "p.dsr"
    lock = ProjectLock(project, "Ann", make=True)
    assert json.loads((tmp_path / "p.dsr.lock").read_text())["pid"] == os.getpid()
    with pytest.raises(ProjectLocked, match=rf"by Ann on .* \(process {os.getpid()}\)"):
        ProjectLock(project, "Bob")
    lock.name("Cleo")
    with pytest.raises(ProjectLocked, match="by Cleo"):
        ProjectLock(project, "Bob")
    lock.release()
    lock.release()
    assert not (tmp_path / "p.dsr.lock").exists()
    ProjectLock(project, "Bob", make=True).release()


def test_a_stale_file_is_no_lock(tmp_path: Path):
    (tmp_path / "p.lock").write_text("left behind")
    lock = ProjectLock(tmp_path / "p", "Ann", make=True)
    assert "Ann" in (tmp_path / "p.lock").read_text()
    lock.release()


def test_unreadable_holder(tmp_path: Path):
    lock = ProjectLock(tmp_path / "p", "Ann", make=True)
    (tmp_path / "p.lock").write_text("{")
    with pytest.raises(ProjectLocked, match="another program"):
        ProjectLock(tmp_path / "p", "Bob")
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_lock_dies_with_its_process(tmp_path: Path):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "p")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        assert child.stdout.readline().strip() == b"held"
        with pytest.raises(ProjectLocked, match=f"Dr. Grün on .*process {child.pid}"):
            ProjectLock(tmp_path / "p", "Bob")
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=10)
    ProjectLock(tmp_path / "p", "Bob").release()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes with a name")
def test_a_pipe_is_refused_as_no_file_and_not_waited_for(tmp_path: Path):
    """A handle for writing alone could not even be had for it, and it would be called a disk that fails."""
    os.mkfifo(tmp_path / "p")
    with pytest.raises(ProjectError) as error:
        ProjectLock(tmp_path / "p", "Ann")
    assert error.value.trouble is Trouble.LINK


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be removed there")
def test_no_number_of_a_closed_handle_is_closed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The lock's file goes between opening and locking, and something else lies there then: the next try fails."""
    import fcntl

    lock, real, others = tmp_path / "p.lock", fcntl.fcntl, []

    def meanwhile(handle: int, *rest: object) -> object:
        if lock.exists():
            lock.unlink()
            lock.mkdir()
        return real(handle, *rest)

    def close(handle: int, really=os.close) -> None:
        really(handle)
        others.append(os.open(os.devnull, os.O_RDONLY))  # as another thread might: it gets the same number

    monkeypatch.setattr(fcntl, "fcntl", meanwhile)
    monkeypatch.setattr(os, "close", close)
    with pytest.raises(ProjectError):
        ProjectLock(tmp_path / "p", "Ann", make=True)
    monkeypatch.undo()
    assert others
    for handle in others:
        os.close(handle)  # raises OSError where somebody has closed it already
