"""Many processes open one project at once, each by a spelling of its own: one writes, nothing is ruined."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from app.io.bundle import Bundle
from app.project.session import Session
from app.store.errors import ProjectLocked
from tests.unit.store.test_one_writer import ROOT, spellings

TRIALS = int(os.environ.get("TWO_WRITER_TRIALS", "25"))
ACTIONS = 4
WRITER = """
import sys
from pathlib import Path
from app.store.errors import ProjectError
from app.store.lock import ProjectLock
from app.store.paths import real_path
from app.store.project_file import Project
from app.store.changes import Action
path, me, actions = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def act(project, label):
    project.act(me, Action("images", label, lambda w: w.put("images", None, label, 1000, "file", "/" + label, label)))

print("ready", flush=True)
for trial in sys.stdin:
    try:
        with ProjectLock(real_path(path), me).released_on_failure() as lock:
            project = Project.open(path, read_only=False)
    except ProjectError as error:
        print(error.trouble, flush=True)
        sys.stdin.readline()
        print("refused", flush=True)
        continue
    for i in range(actions):
        act(project, f"{me} {trial.strip()} {i}")
    print("wrote", flush=True)
    sys.stdin.readline()
    act(project, f"{me} {trial.strip()} last")
    project.close()
    lock.release()
    print("closed", flush=True)
"""


def asked(writers: list[subprocess.Popen[str]], line: str) -> list[str]:
    """Send a line to all at once, then read what each answers."""
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(line + "\n")
        writer.stdin.flush()
    return [heard(writer) for writer in writers]


def heard(writer: subprocess.Popen[str]) -> str:
    assert writer.stdout is not None
    return writer.stdout.readline().strip()


def started(stack: ExitStack, path: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path.absolute()), name, str(ACTIONS)]
    pipe = subprocess.PIPE
    return stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True))


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_of_many_processes_that_open_a_project_by_every_spelling_one_writes(session: Session, bundle: Bundle):
    """The lock file is deleted in every second trial while the project is open."""
    path, known = session.path, spellings(session.path, Path.cwd())
    before = [line.label for line in session.history()]
    session.close()
    expected: list[str] = []
    refused = 0
    with ExitStack() as stack:
        writers = [started(stack, one, f"w{i}") for i, one in enumerate(known.values())]
        for writer in writers:
            stack.callback(writer.stdin.close)
        assert [heard(writer) for writer in writers] == ["ready"] * len(writers)
        for trial in range(TRIALS):
            told = asked(writers, str(trial))
            assert sorted(told) == ["locked"] * (len(writers) - 1) + ["wrote"]
            refused += told.count("locked")
            holder = told.index("wrote")
            if trial % 2:
                for lock in [*path.parent.rglob("*.lock")]:
                    lock.unlink()
                with pytest.raises(ProjectLocked, match="open for writing by"):
                    Session.open(path, model=bundle)
            assert asked(writers, "end")[holder] == "closed"
            expected += [f"w{holder} {trial} {word}" for word in (*map(str, range(ACTIONS)), "last")]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert [label for (label,) in db.execute("SELECT label FROM changes ORDER BY id")] == before + expected
        names = {name for (name,) in db.execute("SELECT name FROM images")}
    assert names >= set(expected)
    assert refused == TRIALS * (len(known) - 1)
