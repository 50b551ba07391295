"""The project file: version, transactions, changes, damage."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import apsw
import pytest

from app.store.blobs import pack
from app.store.changes import Action, at_once
from app.store.errors import ProjectError
from app.store.project_file import Project
from tests.unit.store.faults import faulty_disk

LANDMARK = (1, "hilum", "heart", 0.1, 0.2, "", "", "#ffffff", 0, 0)


def make(path: Path) -> Project:
    return Project.create(path, {"model": "chest"}, {"landmarks": [LANDMARK]})


def add(name: str) -> Action:
    return Action("images", f"Add {name}", lambda w: w.put("images", None, name, 1, "file", f"/{name}", name), (name,))


def test_sqlite_is_new_enough():
    # Before 3.51.3 a WAL file could be reset under a reader (design 5.7).
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)


def test_every_commit_reaches_the_disk(tmp_path: Path):
    """In a new file and in each one that is opened again: an action that has returned was synced to the log."""
    synced: list[str] = []

    def note(operation: str, name: str) -> None:
        if operation == "sync":
            synced.append(Path(name).name)

    with faulty_disk() as faults:
        project = make(tmp_path / "p")
        faults.fail = note
        for number in range(3):
            synced.clear()
            project.act("Ann", add(f"image {number}"))
            assert "p-wal" in synced
            synced.clear()
            at_once(project.undo_in_pieces("Ann"))
            assert "p-wal" in synced
            project.close()
            project = Project.open(tmp_path / "p", read_only=False)
        project.close()


def test_actions_undo_and_redo_survive_reopening(tmp_path: Path):
    path = tmp_path / "p"
    project = make(path)
    project.act("Ann", add("a"))
    project.act("Ann", add("b"))
    at_once(project.undo_in_pieces("Bob"))
    project.close()
    project = Project.open(path, read_only=False)
    assert [row[1] for row in project.rows("images")] == ["a"]
    assert project.next_undo.label == "Add a"
    assert project.next_redo.label == "Add b"
    at_once(project.redo_in_pieces("Bob"))
    assert [row[1] for row in project.rows("images")] == ["a", "b"]
    assert [(e.reader, e.label, undone) for e, undone in project.entries()] == [
        ("Ann", "Add a", False),
        ("Ann", "Add b", False),
        ("Bob", "Add b", False),
        ("Bob", "Add b", False),
    ]
    at_once(project.undo_in_pieces("Bob"))
    project.act("Bob", add("c"))
    assert project.next_redo is None
    assert [undone for _, undone in project.entries()] == [False, True, False, False, False, False]
    project.close()


def test_a_failing_action_leaves_nothing(tmp_path: Path):
    project = make(tmp_path / "p")

    def edit(writer):
        writer.put("images", None, "a", 1, "file", "/a", "a")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        project.act("Ann", Action("images", "Add a", edit))
    assert project.rows("images") == []
    assert project.entries() == []
    project.close()


def test_blobs_are_written_ahead_once_what_is_done_in_pieces_has_ended(tmp_path: Path):
    project = make(tmp_path / "p")

    def edit(writer):
        for name in "ab":
            writer.put("images", None, name, 1, "file", f"/{name}", name)
            yield

    pieces = project.act_in_pieces("Ann", Action("images", "Add a and b", edit))
    next(pieces)
    project.on_write = lambda: list(pieces)
    assert len(project.write_ahead([b"one", b"two"])) == 2
    assert [entry.label for entry, _ in project.entries()] == ["Add a and b"]
    assert len(project.rows("images")) == 2
    project.close()


def test_nothing_changed_is_no_action(tmp_path: Path):
    project = make(tmp_path / "p")
    assert project.act("Ann", Action("landmarks", "Same", lambda w: w.put("landmarks", *LANDMARK))) is None
    assert project.entries() == []
    project.close()


def test_landmark_numbers_are_never_used_again(tmp_path: Path):
    project = make(tmp_path / "p")
    new = Action("landmarks", "Define", lambda w: w.put("landmarks", None, *LANDMARK[1:]))
    _, changes = project.act("Ann", new)
    at_once(project.undo_in_pieces("Ann"))
    _, again = project.act("Ann", new)
    assert changes[0].new[0] == 2
    assert again[0].new[0] == 3
    project.close()


def test_image_numbers_are_never_used_again(tmp_path: Path):
    project = make(tmp_path / "p")
    project.act("Ann", add("a"))
    project.act("Ann", Action("images", "Remove a", lambda w: w.drop("images", name="a"), ()))
    project.act("Ann", add("a"))
    assert project.rows("images") == [(2, "a", 1, "file", "/a", "a")]
    assert [entry.images for entry, _ in project.entries()] == [(1,), (), (2,)]
    project.close()


def test_damaged_blob_is_noticed(tmp_path: Path):
    project = make(tmp_path / "p")
    names = []
    project.act("Ann", Action("x", "x", lambda w: (names.append(w.blob(pack({"a": LANDMARK[3:5]}))), add("a").edit(w))))
    project._db.execute("UPDATE blobs SET data = zeroblob(length(data))")
    with pytest.raises(ProjectError, match="does not match its checksum"):
        project.blob(names[0])
    with pytest.raises(ProjectError, match="is missing"):
        project.blob("00")
    project.close()


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough" * 40])
def test_other_files_are_no_projects(tmp_path: Path, content: bytes):
    path = tmp_path / "p"
    path.write_bytes(content)
    with pytest.raises(ProjectError, match="not a DenseSeg Review project"):
        Project.open(path, read_only=False)
    other = apsw.Connection(str(tmp_path / "other"))
    other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(ProjectError, match="not a DenseSeg Review project"):
        Project.open(tmp_path / "other", read_only=True)
    with pytest.raises(ProjectError, match="no project file"):
        Project.open(tmp_path / "none", read_only=False)


def test_newer_version_is_refused(tmp_path: Path):
    make(tmp_path / "p").close()
    db = apsw.Connection(str(tmp_path / "p"))
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(ProjectError, match="newer"):
        Project.open(tmp_path / "p", read_only=False)


def test_create_never_overwrites(tmp_path: Path):
    make(tmp_path / "p").close()
    with pytest.raises(ProjectError, match="already"):
        make(tmp_path / "p")
    with pytest.raises(ProjectError, match="can't be made"):
        make(tmp_path / "none" / "p")


def test_damage_is_told_in_a_sentence_or_does_no_harm(tmp_path: Path):
    path = tmp_path / "p"
    project = make(path)
    for i in range(200):
        project.act("Ann", add(f"image {i}"))
    project.close()
    whole, rng = path.read_bytes(), random.Random(0)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(40):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data[: rng.randrange(len(data) // 2, len(data) + 1)])
        with contextlib.suppress(ProjectError):
            opened = Project.open(path, read_only=False)
            with contextlib.closing(opened):
                for table in ("images", "landmarks", "placements"):
                    opened.rows(table)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)


def test_read_only_writes_nothing(tmp_path: Path):
    path = tmp_path / "p"
    make(path).close()
    project = Project.open(path, read_only=True)
    with pytest.raises(ValueError, match="reading only"):
        project.act("Ann", add("a"))
    assert project.rows("images") == []
    project.close()


def test_read_only_in_a_folder_without_permission(tmp_path: Path):
    path = tmp_path / "p"
    make(path).close()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        project = Project.open(path, read_only=True)
        assert len(project.rows("landmarks")) == 1
        project.close()
    finally:
        tmp_path.chmod(0o755)


def test_what_is_not_as_the_action_left_it_is_not_undone(tmp_path: Path):
    """Somebody changed a row without the trail: undoing would throw that away."""
    project = make(tmp_path / "p")
    project.act("Ann", add("a"))
    other = apsw.Connection(str(tmp_path / "p"))
    other.execute("UPDATE images SET path = '/elsewhere'")
    other.close()
    with pytest.raises(ProjectError):
        at_once(project.undo_in_pieces("Ann"))
    assert [row[4] for row in project.rows("images")] == ["/elsewhere"]
    assert project.next_undo.label == "Add a"
    assert project.next_redo is None
    project.close()
