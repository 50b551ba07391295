"""A project has one writer, however its path is spelled; nothing that lies beside it is written over through links."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.io.bundle import Bundle
from app.io.errors import BundleError
from app.io.relocate import Content, start_search
from app.jobs import Progress
from app.project.session import Session
from app.store.errors import ProjectError, ProjectLocked, Trouble
from app.store.paths import held_files

ROOT = Path(__file__).parents[3]
READ = """
import sys
from pathlib import Path
from app.store.errors import ProjectError
from app.store.project_file import Project
try:
    print(Project.open(Path(sys.argv[1]), read_only=True).next_undo.label)
except ProjectError as error:
    print(error)
"""
TRY = """
import sys
from pathlib import Path
from app.store.errors import ProjectError
from app.store.lock import ProjectLock
from app.store.paths import real_path
for path in sys.argv[1:]:
    try:
        ProjectLock(real_path(Path(path)), "Bob").release()
        print("had")
    except ProjectError as error:
        print(error.trouble)
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from app.store.lock import ProjectLock
from app.store.project_file import Project
from app.store.changes import Action
path = Path(sys.argv[1])
lock = ProjectLock(path, "Cleo")
project = Project.open(path, read_only=False)
project.act("Cleo", Action("images", "Add last", lambda w: w.put("images", None, "last", 99, "file", "/last", "last")))
os.kill(os.getpid(), signal.SIGKILL)
"""
PASSING_BY = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(len(list(db.execute("SELECT id FROM changes"))))
db.close()
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="links, kills")


def tried_elsewhere(*paths: Path) -> list[str]:
    """What another process hears when it wants to write."""
    command = [sys.executable, "-c", TRY, *map(str, paths)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()


@contextmanager
def bind_mount(source: Path, target: Path):
    target.touch() if source.is_file() else target.mkdir()
    if os.geteuid() or subprocess.run(["mount", "--bind", source, target], capture_output=True).returncode:
        pytest.skip("no mounts here")
    try:
        yield target
    finally:
        subprocess.run(["umount", target], check=True)


def spellings(path: Path, relative_to: Path) -> dict[str, Path]:
    """Other paths to one project file."""
    folder = path.parent / "elsewhere"
    folder.mkdir()
    (folder / "link").symlink_to(path)
    (folder / "link of a link").symlink_to(folder / "link")
    (folder / "folder").symlink_to(path.parent)
    os.link(path, folder / "hard.dsr")
    os.link(path, path.with_name("beside.dsr"))
    return {
        "the same": path,
        "relative": Path(os.path.relpath(path, relative_to)),
        "parent and back": path.parent / ".." / path.parent.name / path.name,
        "symbolic link": folder / "link",
        "link of a link": folder / "link of a link",
        "linked folder": folder / "folder" / path.name,
        "hard link elsewhere": folder / "hard.dsr",
        "hard link beside": path.with_name("beside.dsr"),
    }


@posix
def test_every_spelling_of_a_path_finds_the_one_writer(session: Session, bundle: Bundle, tmp_path: Path):
    known = spellings(session.path, Path.cwd())
    for path in known.values():
        with pytest.raises(ProjectLocked, match="open for writing"):
            Session.open(path, model=bundle)
    absolute = [path.absolute() for path in known.values()]
    assert tried_elsewhere(*absolute) == ["locked"] * len(known)
    session.path.with_name("p.dsr.lock").unlink()
    assert tried_elsewhere(*absolute) == ["locked"] * len(known)
    for path in known.values():
        with pytest.raises(ProjectLocked):
            Session.open(path, model=bundle)
    session.set_absent("im0.png", "heart_00")
    session.close()
    assert tried_elsewhere(*absolute) == ["had"] * len(known)
    for path in known.values():
        with Session.open(path, model=bundle) as again:
            assert again.undo_label == "Set “heart_00” absent in im0"


@posix
@pytest.mark.parametrize("what", ["file", "folder"])
def test_another_mount_finds_the_one_writer(session: Session, tmp_path: Path, what: str):
    source = session.path if what == "file" else session.path.parent
    with bind_mount(source, tmp_path.parent / f"{tmp_path.name}-mounted") as mounted:
        there = mounted if what == "file" else mounted / session.path.name
        assert tried_elsewhere(there) == ["locked"]


@posix
def test_readers_by_every_other_spelling_see_what_the_writer_does(session: Session, bundle: Bundle):
    known = spellings(session.path, Path.cwd())
    session.set_absent("im0.png", "heart_00")
    for words, path in known.items():
        if "hard" in words:  # SQLite looks for the log beside the name: the last changes would be missing
            command = [sys.executable, "-c", READ, str(path)]
            told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
            assert "is the same file as" in told
            assert f"Open {session.path}." in told
            with pytest.raises(ProjectError, match="the same file as") as here:
                Session.open(path, read_only=True, model=bundle)
            assert here.value.trouble is Trouble.LINK
        else:
            with Session.open(path, read_only=True, model=bundle) as reader:
                assert reader.undo_label == "Set “heart_00” absent in im0"
    session.set_absent("im1.png", "heart_00")
    assert len(session.history()) == 3


@posix
def test_what_a_killed_writer_left_under_one_name_is_not_written_over_under_another(
    session: Session, bundle: Bundle, tmp_path: Path
):
    path, other = session.path, tmp_path / "other.dsr"
    session.close()
    os.link(path, other)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    for read_only in (True, False):
        with pytest.raises(ProjectError, match=r"the same file as .*p\.dsr, and its last changes are kept"):
            Session.open(other, model=bundle, read_only=read_only)
    with Session.open(path, model=bundle) as again:
        assert again.images[-1] == "last"
    with Session.open(other, model=bundle) as again:
        assert again.images[-1] == "last"


@posix
def test_a_copy_or_a_renamed_project_is_a_project_of_its_own(session: Session, bundle: Bundle, tmp_path: Path):
    copy = tmp_path / "copy.dsr"
    session.save_copy(copy)
    session.close()
    with Session.open(tmp_path / "p.dsr", model=bundle) as one, Session.open(copy, model=bundle) as other:
        assert one.images == other.images
    copy.rename(tmp_path / "renamed.dsr")
    Session.open(tmp_path / "renamed.dsr", model=bundle).close()


@posix
@pytest.mark.parametrize("kind", ["symbolic link", "hard link", "dangling link", "pipe", "folder"])
@pytest.mark.parametrize("ending", [".lock", "-wal", "-shm", "-journal"])
def test_planted_links_are_neither_followed_nor_removed(session: Session, bundle: Bundle, kind: str, ending: str):
    session.close()
    victim, planted = session.path.with_name("thesis.txt"), session.path.with_name(f"p.dsr{ending}")
    victim.write_text("years of work")
    plant(kind, planted, victim)
    before = session.path.read_bytes()
    with pytest.raises(ProjectError, match=rf"p\.dsr{ending} is a link .* Remove that link from") as told:
        Session.open(session.path, model=bundle)
    assert told.value.trouble is Trouble.LINK
    assert victim.read_text() == "years of work"
    assert session.path.read_bytes() == before
    assert os.path.lexists(planted)
    planted.rmdir() if kind == "folder" else planted.unlink()
    Session.open(session.path, model=bundle).close()


def plant(kind: str, planted: Path, victim: Path) -> None:
    if kind == "hard link":
        os.link(victim, planted)
    elif kind == "pipe":
        os.mkfifo(planted)
    elif kind == "folder":
        planted.mkdir()
    else:
        planted.symlink_to(victim if kind == "symbolic link" else victim.with_name("nowhere"))


@posix
@pytest.mark.parametrize("kind", ["symbolic link", "hard link", "dangling link", "pipe", "folder"])
@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
def test_planted_links_in_place_of_predictions_are_not_followed(session: Session, bundle: Bundle, kind, ending):
    session.close()
    predictions = session.path.with_name("p.dsr.predictions")
    predictions.rename(predictions.with_name("kept")) if not ending else None
    victim, planted = session.path.with_name("thesis.txt"), predictions.with_name(predictions.name + ending)
    victim.write_text("years of work")
    plant(kind, planted, victim)
    for read_only in (False, True):
        with Session.open(session.path, model=bundle, read_only=read_only) as again:
            assert f"{planted.name} is a link" in again.remark
            assert again.status("im0.png") == "waiting"
    assert victim.read_text() == "years of work"
    planted.rmdir() if kind == "folder" else planted.unlink()
    predictions.with_name("kept").rename(predictions) if not ending else None
    with Session.open(session.path, model=bundle) as again:
        assert again.remark == ""
        assert again.status("im0.png") == "predicted"


@posix
def test_a_project_is_not_made_through_a_dangling_link(bundle: Bundle, tmp_path: Path):
    (tmp_path / "new.dsr").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ProjectError, match="is a link"):
        Session.create(tmp_path / "new.dsr", bundle)
    assert not (tmp_path / "nowhere").exists()


@posix
def test_closing_leaves_the_lock_of_another(session: Session, bundle: Bundle, tmp_path: Path):
    """The file was replaced and opened by somebody else, who has a lock of the same name and a log of the same name."""
    path, aside = session.path, tmp_path / "aside"
    session.set_absent("im0.png", "heart_00")
    session.save_copy(tmp_path / "copy.dsr")
    session.close()
    first = Session.open(path, model=bundle)
    aside.mkdir()
    for one in [*tmp_path.glob("p.dsr*")]:
        one.rename(aside / one.name)
    (tmp_path / "copy.dsr").rename(path)
    with Session.open(path, model=bundle) as second:
        second.set_absent("im1.png", "heart_00")
        first.close()
        assert tried_elsewhere(path) == ["locked"]
        assert path.with_name("p.dsr.lock").exists()
        assert path.with_name("p.dsr-wal").exists()
        second.set_absent("im2.png", "heart_00")
    with Session.open(path, model=bundle) as again:
        assert [line.label for line in again.history()][-3:] == [f"Set “heart_00” absent in im{i}" for i in range(3)]
    with Session.open(aside / "p.dsr", model=bundle) as again:
        assert again.undo_label == "Set “heart_00” absent in im0"


@posix
def test_a_file_put_in_place_of_an_open_one_does_not_meet_its_log(session: Session, bundle: Bundle, tmp_path: Path):
    session.save_copy(tmp_path / "copy.dsr")
    session.close()
    with Session.open(tmp_path / "p.dsr", model=bundle) as first:
        first.set_absent("im0.png", "heart_00")
        (tmp_path / "copy.dsr").replace(tmp_path / "p.dsr")
        with pytest.raises(ProjectError, match="the one of before is still open") as told:
            Session.open(tmp_path / "p.dsr", model=bundle)
        assert told.value.trouble is Trouble.GONE


@posix
def test_failing_to_open_leaves_no_handle_and_no_file(session: Session, bundle: Bundle, tmp_path: Path):
    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc")
    session.close()
    (tmp_path / "bad.dsr").write_bytes(b"no database at all, but long enough" * 40)
    before = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(3):
        with Session.open(session.path, model=bundle), pytest.raises(ProjectLocked):
            Session.open(session.path, model=bundle)
        with pytest.raises(ProjectError):
            Session.open(tmp_path / "bad.dsr", model=bundle)
        with pytest.raises(BundleError):
            Session.open(session.path, model="no such model")
        with pytest.raises(ProjectError):
            Session.create(tmp_path / "none" / "p.dsr", bundle)
    assert len([*Path("/proc/self/fd").iterdir()]) == before
    assert not list(tmp_path.glob("*.lock"))


@posix
@pytest.mark.parametrize("known_by", ["name", "place alone"])
def test_looking_for_images_never_opens_the_project_itself(
    session: Session, bundle: Bundle, tmp_path: Path, known_by: str
):
    """To close any handle of a file drops SQLite's locks on it: another program would then remove the log."""
    session.close()
    path = tmp_path / ("mine" if known_by == "place alone" else "p.dsr")
    for one in [*tmp_path.glob("p.dsr*")]:
        one.rename(path.with_name(path.name + one.name.removeprefix("p.dsr")))
    (tmp_path / "other").mkdir()
    with Session.open(path, model=bundle) as again:
        again.set_absent("im0.png", "heart_00")
        for ending in ("", "-wal", "-shm", ".lock", ".predictions", ".predictions-wal", ".predictions-shm"):
            lying = path.with_name(path.name + ending)
            assert lying.exists(), ending
            (tmp_path / "other" / f"linked{ending}".replace(".", "_")).symlink_to(lying)
        assert again.add_images([tmp_path]).added == ()
        assert again.add_images([path]).added == ()
        again.find_moved(tmp_path)
        assert tried_elsewhere(path) == ["locked"]
        count = len(again.history())
        command = [sys.executable, "-c", PASSING_BY, str(path)]
        assert int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) == count
        assert path.with_name(path.name + "-wal").stat().st_size
        again.set_absent("im1.png", "heart_00")
        assert len(again.history()) == count + 1


@posix
def test_a_search_for_moved_images_never_opens_the_project_itself(session: Session, bundle: Bundle, tmp_path: Path):
    """An image as large as the project: its content is compared with every file of that size."""
    session.set_absent("im0.png", "heart_00")
    size = session.path.stat().st_size
    wanted = {"im2.png": Content("im2.png", size, "0" * 64)}
    events = list(start_search(tmp_path, wanted, (), held_files()))
    assert not [event for event in events if isinstance(event, Progress)]  # nothing was compared
    command = [sys.executable, "-c", PASSING_BY, str(session.path)]
    subprocess.run(command, capture_output=True, text=True, check=True)
    assert session.path.with_name("p.dsr-wal").exists()
    session.set_absent("im1.png", "heart_00")


def test_a_project_that_could_not_be_begun_is_held_by_nobody(tmp_path: Path, bundle: Bundle, monkeypatch) -> None:
    path = tmp_path / "p.dsr"
    path.touch()

    def full(self, **values: str) -> None:
        raise ProjectError("The disk is full.", Trouble.FULL)

    with monkeypatch.context() as failing:
        failing.setattr("app.store.project_file.Project.set_meta", full)
        with pytest.raises(ProjectError, match="The disk is full"):
            Session.create(path, model=bundle)
    with Session.open(path, model=bundle) as session:  # nobody holds it any more
        assert not session.read_only
