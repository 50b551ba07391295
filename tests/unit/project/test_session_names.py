"""Files whose names are no text are images like others: kept, read, exported and found again."""

from __future__ import annotations

import csv
import os
import shutil
import sys
from pathlib import Path

import pytest

from app.core.text import kept_path, path_kept
from app.formats.client import start_export
from app.io.bundle import Bundle
from app.jobs import Failed
from app.project.session import Session
from app.store.errors import ProjectError
from tests.unit.pictures import ramp, write_png
from tests.unit.tiny_bundle import tiny, tiny_folder  # noqa: F401

NAMES = ("a\\xff.png", "good.png", "sub\\xfe/z.png")
"""As they are spelled everywhere; the bytes FF and FE are no UTF-8."""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_text_go_through_a_project(tmp_path: Path, tiny: Bundle):  # noqa: F811
    films = tmp_path / "films"
    (films / os.fsdecode(b"sub\xfe")).mkdir(parents=True)
    for name in (b"a\xff.png", b"good.png", b"sub\xfe/z.png"):
        write_png(films / "new.png", ramp(60, 70)).rename(films / os.fsdecode(name))
    with Session.create(tmp_path / "p.dsr", tiny, reader="Ann") as session:
        report = session.add_images(films)
        assert (report.added, report.failed) == (NAMES, ())
        assert session.predict().failed == ()
        assert session.add_images(films).known == NAMES
        session.move_placement(NAMES[0], "heart_00", (3, 4))
        assert not [event for event in start_export(session, ["csv"], tmp_path / "out") if isinstance(event, Failed)]
    with (tmp_path / "out" / "landmarks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["image"] for row in rows} == set(NAMES)

    (tmp_path / "moved").mkdir()
    for path in (films, tmp_path / "p.dsr"):  # the project and its images go elsewhere together
        path.rename(tmp_path / "moved" / path.name)
    with Session.open(tmp_path / "moved" / "p.dsr", model=tiny) as session:
        there = [
            tmp_path / "moved" / "films" / os.fsdecode(name) for name in (b"a\xff.png", b"good.png", b"sub\xfe/z.png")
        ]
        assert [session.image(name).path for name in NAMES] == there
        odd = tmp_path / "moved" / os.fsdecode(b"\xfd.png")
        session.image(NAMES[0]).path.rename(odd)
        session.check_files()
        assert session.find_moved(tmp_path / "moved").found == (NAMES[0],)
        assert session.image(NAMES[0]).path == odd
        assert session.placements("heart_00").xy[0] == pytest.approx([3, 4])


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/films/Müller 1%.png", "/films/Müller 1%.png"),
        (os.fsdecode(b"/f/a\xff%.png"), "file:/f/a%FF%25.png"),
        ("file:/x", "file:file%3A/x"),
    ],
)
def test_a_path_is_kept_as_text_and_comes_back(path, kept):
    if sys.platform != "linux" and "\udcff" in path:
        pytest.skip("other systems have no such names")
    assert kept_path(path) == kept
    assert path_kept(kept) == Path(path)


@pytest.mark.skipif(sys.platform != "linux", reason="names are any bytes there alone")
def test_a_project_in_a_folder_whose_name_is_no_utf8_opens_keeps_and_is_copied(tmp_path: Path, tiny: Bundle):  # noqa: F811
    odd, plain = tmp_path / os.fsdecode(b"f\xff"), tmp_path / "plain"
    shutil.copytree(tiny.folder, odd / "bundle")
    plain.mkdir()
    (odd / "one.png").write_bytes(b"no image, but a name")
    with Session.create(odd / "p.dsr", odd / "bundle", reader="Ann") as session:
        session.add_images([odd / "one.png"])
        session.set_spacing("one.png", 0.2, 0.3)
    with Session.open(odd / "p.dsr") as session:  # it finds the bundle by itself
        assert session.bundle.sha256 == tiny.sha256
        assert session.undo().label == "Set the pixel size of one"
        for copy in (plain / "p.dsr", odd / "q.dsr"):
            session.save_copy(copy)
            assert session.image("one.png").path == odd / "one.png"
            assert session.redo_label == "Set the pixel size of one"
        session.redo()
    with Session.open(odd / "q.dsr", read_only=True) as session:
        assert session.image("one.png").path == odd / "one.png"
        assert session.undo_label == "Set the pixel size of one"
    with pytest.raises(ProjectError, match=r"There is no project file .*f\\xff/none\.dsr\.") as error:
        Session.open(odd / "none.dsr")
    str(error.value).encode()  # a terminal and a window can show it
