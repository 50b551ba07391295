"""One writer at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.store.errors import ProjectLocked
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
