"""A full or failing disk, a file that may not be written: each is told as what it is, and nothing is lost by it."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw
import pytest

from app.io.bundle import Bundle
from app.project.session import Session
from app.store.errors import ProjectError, ProjectLocked, Trouble, of_system, trouble_of
from tests.unit.store.fakes import fake_predict, snapshot
from tests.unit.store.faults import Faults, failing, faulty_disk

linux = pytest.mark.skipif(sys.platform != "linux", reason="tmpfs, chattr, file system user")


@pytest.fixture
def faults() -> Iterator[Faults]:
    with faulty_disk() as found:
        yield found


FAILURES = [
    (apsw.FullError, "write", "-wal", Trouble.FULL, "There is no space left"),
    (apsw.IOError, "write", "-wal", Trouble.DEVICE, "does not answer as it should"),
    (apsw.IOError, "sync", "-wal", Trouble.DEVICE, "does not answer as it should"),
]


@pytest.mark.parametrize(("kind", "operation", "ending", "trouble", "words"), FAILURES)
def test_a_write_that_fails_is_told_and_changes_nothing(
    faults: Faults, session: Session, bundle: Bundle, kind, operation, ending, trouble, words
):
    session.set_absent("im0.png", "heart_01")
    before, told, changes = snapshot(session), [], []
    session.refused.connect(told.append)
    session.changed.connect(changes.append)
    faults.fail = failing(kind, operation, ending)
    for act in (lambda: session.set_absent("im0.png", "heart_02"), session.undo):
        with pytest.raises(ProjectError, match=words) as error:
            act()
        assert error.value.trouble is session.trouble.trouble is told[-1].trouble is trouble
    assert not changes
    assert snapshot(session) == before
    assert "damaged" not in str(error.value)
    faults.fail = lambda *_: None
    session.set_absent("im0.png", "heart_03")
    assert session.trouble is told[-1] is None
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert [again.undo().label for _ in range(2)] == [f"Set “heart_0{i}” absent in im0" for i in (3, 1)]


def test_what_is_committed_stays_where_the_log_cannot_be_written_back(faults: Faults, session: Session, bundle: Bundle):
    session.set_absent("im0.png", "heart_01")
    faults.fail = failing(apsw.FullError, "write", "p.dsr")
    session.set_absent("im0.png", "heart_02")
    session.close()
    assert not session.path.with_name("p.dsr.lock").exists()
    faults.fail = lambda *_: None
    with Session.open(session.path, model=bundle) as again:
        assert [again.undo().label for _ in range(2)] == [f"Set “heart_0{i}” absent in im0" for i in (2, 1)]


def test_a_prediction_that_finds_no_space_is_told_and_those_before_stay(faults: Faults, session: Session, bundle):
    session.set_orientation("im0.png", inverted=True)
    faults.fail = failing(apsw.FullError, "write", ".predictions-wal")
    with pytest.raises(ProjectError, match="no space left") as error:
        fake_predict(session)
    assert error.value.trouble is Trouble.FULL
    assert [session.status(name) for name in session.images] == ["waiting", "predicted", "predicted"]
    faults.fail = lambda *_: None
    fake_predict(session)
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert {again.status(name) for name in again.images} == {"predicted"}


# --- a real disk that is full


@contextmanager
def small_disk(folder: Path, kilobytes: int):
    folder.mkdir()
    options = f"size={kilobytes}k"
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True).returncode
    ):
        pytest.skip("no mounts here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        with suppress(OSError):
            while file.write(bytes(4096)) == 4096:
                pass
        with pytest.raises(OSError, match="No space"):
            file.write(b"x")


@linux
def test_a_full_disk_keeps_what_was_kept_and_a_copy_on_another_goes_on(
    session: Session, bundle: Bundle, tmp_path: Path
):
    session.close()
    with small_disk(tmp_path / "disk", 4096) as disk:
        path = Path(shutil.copy(session.path, disk))
        with Session.open(path, model=bundle, reader="Ann") as full:
            full.set_absent("im0.png", "heart_01")
            fill(disk / "ballast")
            with pytest.raises(ProjectError, match=r"no space left in .*disk") as error:
                full.set_review("im0.png", "rejected", "x" * 3_000_000)
            assert error.value.trouble is Trouble.FULL
            before, lines = snapshot(full), full.history()
            full.save_copy(tmp_path / "saved.dsr")
            assert snapshot(full) == before
            assert full.history() == lines
            full.set_absent("im0.png", "heart_02")
        assert not (disk / "p.dsr.lock").exists()
        (disk / "ballast").unlink()
        with Session.open(path, model=bundle) as again:
            assert again.history() == lines
        with pytest.raises(ProjectError, match=r"There is no space left in .*disk"), small_space(disk):
            Session.create(disk / "new.dsr", bundle)
        assert not (disk / "new.dsr").exists()
        assert not (disk / "new.dsr.lock").exists()


@contextmanager
def small_space(disk: Path):
    fill(disk / "ballast")
    with (disk / "ballast").open("rb+") as file:
        file.truncate(file.seek(0, 2) - 16384)
    yield


# --- files and folders that may not be written


@contextmanager
def nobody():
    """What this thread does to files, it does as a user without rights (root may write anywhere)."""
    if os.geteuid():
        yield
        return
    libc = ctypes.CDLL(None)
    libc.setfsuid(65534)
    try:
        yield
    finally:
        libc.setfsuid(0)


def above(folder: Path) -> list[Path]:
    """The folders that pytest made for itself around a test's; there is one more where tests run side by side."""
    return [one for one in folder.parents if Path(tempfile.gettempdir()) in one.parents]


@linux
@pytest.mark.parametrize("what", ["file", "folder", "unreadable"])
def test_what_may_not_be_written_is_told_and_can_be_read(session: Session, bundle: Bundle, tmp_path: Path, what: str):
    session.set_absent("im0.png", "heart_01")
    session.close()
    for one in (*above(tmp_path), tmp_path, *tmp_path.rglob("*")):
        one.chmod(0o777)
    locked = session.path if what != "folder" else tmp_path
    locked.chmod({"file": 0o444, "folder": 0o555, "unreadable": 0o000}[what])
    with nobody():
        with pytest.raises(ProjectError, match=r"can't be changed in .* open it for reading only") as error:
            Session.open(session.path, model=bundle)
        assert not isinstance(error.value, ProjectLocked)
        assert error.value.trouble is Trouble.READ_ONLY
        if what == "unreadable":
            with pytest.raises(ProjectError) as error:
                Session.open(session.path, model=bundle, read_only=True)
            assert error.value.trouble is Trouble.READ_ONLY
        else:
            with Session.open(session.path, model=bundle, read_only=True) as reader:
                assert reader.undo_label == "Set “heart_01” absent in im0"
                assert reader.status("im0.png") == "predicted"
        with pytest.raises(ProjectError, match="can't be changed in"):
            Session.create("/proc/new.dsr", bundle)
    locked.chmod(0o777)
    assert not session.path.with_name("p.dsr.lock").exists()


@linux
def test_last_changes_that_cannot_be_read_are_told_not_left_out(session: Session, bundle: Bundle, tmp_path: Path):
    """A killed writer's log in a folder without write permission: without it the project would be an older one."""
    session.set_absent("im0.png", "heart_01")
    folder = tmp_path / "medium"
    folder.mkdir()
    for name in ("p.dsr", "p.dsr-wal"):
        shutil.copy(tmp_path / name, folder)
    for one in (*above(tmp_path), tmp_path):
        one.chmod(0o777)
    folder.chmod(0o555)
    with nobody(), pytest.raises(ProjectError, match=r"its last changes lie in p\.dsr-wal") as error:
        Session.open(folder / "p.dsr", model=bundle, read_only=True)
    assert error.value.trouble is Trouble.READ_ONLY


@linux
@pytest.mark.parametrize("what", ["file", "folder"])
def test_an_immutable_file_is_no_damage(session: Session, bundle: Bundle, tmp_path: Path, what: str):
    session.close()
    target = session.path if what == "file" else tmp_path
    if os.geteuid() or subprocess.run(["chattr", "+i", target], capture_output=True).returncode:
        pytest.skip("no chattr here")
    try:
        with pytest.raises(ProjectError, match="can't be changed in") as error:
            Session.open(session.path, model=bundle)
        assert error.value.trouble is Trouble.READ_ONLY
        with Session.open(session.path, model=bundle, read_only=True) as reader:
            assert reader.status("im0.png") == "predicted"
    finally:
        subprocess.run(["chattr", "-i", target], check=True)


@linux
def test_a_project_that_becomes_immutable_while_it_is_open(session: Session, bundle: Bundle, tmp_path: Path):
    if os.geteuid() or subprocess.run(["chattr", "+i", session.path], capture_output=True).returncode:
        pytest.skip("no chattr here")
    try:
        session.set_absent("im0.png", "heart_01")  # into the log, which is another file
        session.close()
    finally:
        subprocess.run(["chattr", "-i", session.path], check=True)
    with Session.open(session.path, model=bundle) as again:
        assert again.undo_label == "Set “heart_01” absent in im0"


# --- locks


@pytest.mark.skipif(sys.platform == "win32", reason="fcntl")
@pytest.mark.parametrize(
    ("number", "trouble", "words"),
    [
        (errno.ENOLCK, Trouble.UNLOCKABLE, "can't be locked .* Copy it to a folder on this computer"),
        (errno.EINVAL, Trouble.UNLOCKABLE, "can't be locked"),
        (errno.EOPNOTSUPP, Trouble.UNLOCKABLE, "can't be locked"),
        (errno.EIO, Trouble.DEVICE, "does not answer as it should"),
        (errno.EAGAIN, Trouble.LOCKED, "is open for writing by another program"),
    ],
)
def test_a_lock_that_cannot_be_had_is_told_as_what_it_is(
    session: Session, bundle: Bundle, monkeypatch: pytest.MonkeyPatch, number: int, trouble: Trouble, words: str
):
    """A network file system without locks can't be had in a test: its answer is."""
    import fcntl

    session.close()

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    with pytest.raises(ProjectError, match=words) as error:
        Session.open(session.path, model=bundle)
    assert error.value.trouble is trouble
    assert isinstance(error.value, ProjectLocked) == (trouble is Trouble.LOCKED)
    with Session.open(session.path, model=bundle, read_only=True) as reader:
        assert reader.images == ("im0.png", "im1.png", "im2.png")
    monkeypatch.undo()
    Session.open(session.path, model=bundle).close()


def test_a_project_held_by_another_program_is_busy(session: Session, bundle: Bundle, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.store.database.BUSY_MS", 1)
    session.close()
    other = apsw.Connection(str(session.path))
    with Session.open(session.path, model=bundle) as again:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ProjectError, match="held by another program just now") as error:
            again.set_absent("im0.png", "heart_01")
        assert error.value.trouble is Trouble.BUSY
        other.execute("ROLLBACK")
        again.set_absent("im0.png", "heart_01")
    other.close()


def test_every_error_of_sqlite_has_its_own_trouble():
    """By result code: https://sqlite.org/rescode.html."""
    table = {
        (apsw.FullError, 0): Trouble.FULL,
        (apsw.BusyError, 0): Trouble.BUSY,
        (apsw.LockedError, 0): Trouble.BUSY,
        (apsw.IOError, 0): Trouble.DEVICE,
        (apsw.IOError, errno.ENOSPC): Trouble.FULL,
        (apsw.IOError, errno.EDQUOT): Trouble.FULL,
        (apsw.IOError, errno.EFBIG): Trouble.FULL,
        (apsw.IOError, errno.EROFS): Trouble.READ_ONLY,
        (apsw.IOError, errno.EIO): Trouble.DEVICE,
        (apsw.CantOpenError, errno.EACCES): Trouble.READ_ONLY,
        (apsw.CantOpenError, errno.EMFILE): Trouble.DEVICE,
        (apsw.CantOpenError, 0): Trouble.READ_ONLY,
        (apsw.ReadOnlyError, 0): Trouble.READ_ONLY,
        (apsw.PermissionsError, 0): Trouble.READ_ONLY,
        (apsw.AuthError, 0): Trouble.READ_ONLY,
        (apsw.CorruptError, 0): Trouble.DAMAGED,
        (apsw.NotADBError, 0): Trouble.FOREIGN,
        (apsw.SQLError, 0): Trouble.DAMAGED,
        (apsw.NoMemError, 0): Trouble.OTHER,
    }
    for (kind, number), trouble in table.items():
        assert trouble_of(kind("said"), number) is trouble, (kind, number)
    moved = apsw.ReadOnlyError("moved")
    moved.extendedresult = apsw.SQLITE_READONLY_DBMOVED
    assert trouble_of(moved) is Trouble.GONE


@pytest.mark.parametrize(
    ("number", "trouble"),
    [
        (errno.ENOSPC, Trouble.FULL),
        (errno.EDQUOT, Trouble.FULL),
        (errno.EACCES, Trouble.READ_ONLY),
        (errno.EPERM, Trouble.READ_ONLY),
        (errno.EROFS, Trouble.READ_ONLY),
        (errno.ELOOP, Trouble.LINK),
        (errno.ENOENT, Trouble.MISSING),
        (errno.ENOLCK, Trouble.UNLOCKABLE),
        (errno.EIO, Trouble.DEVICE),
        (errno.EMFILE, Trouble.DEVICE),
    ],
)
def test_every_refusal_of_the_system_has_its_own_trouble(tmp_path: Path, number: int, trouble: Trouble):
    told = of_system(tmp_path / "p.dsr", OSError(number, os.strerror(number)))
    assert told.trouble is trouble
    assert "p.dsr" in str(told)
    assert "damaged" not in str(told)
    assert str(told).endswith(".")
