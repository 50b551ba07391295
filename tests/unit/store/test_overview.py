"""What a project file holds at a glance: counts of files of any format, and which images lie below a folder."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from app.io.bundle import Bundle
from app.project.session import Session
from app.store.overview import overview
from tests.unit.store.fakes import make, write_images

FORMATS = Path(__file__).parent / "formats"


def test_images_reviews_and_the_last_change_are_counted(tmp_path: Path, bundle: Bundle) -> None:
    with make(tmp_path / "p.dsr", bundle) as session:
        images, last = len(session.images), ""
        session.set_review("im0.png", "rejected")
        session.set_review("im1.png", "accepted")
        session.set_review("im2.png", "second_opinion")
        last = session.history()[-1].at
        found = overview(tmp_path / "p.dsr")  # while it is open
        assert (found.images, found.reviewed, found.changed, found.below) == (images, 2, last, 0)
        session.undo()
    assert overview(tmp_path / "p.dsr")[:2] == (images, 2)


def test_images_below_a_folder_are_known_also_where_both_were_moved(tmp_path: Path, bundle: Bundle) -> None:
    (tmp_path / "a").mkdir()
    with Session.create(tmp_path / "a" / "p.dsr", bundle) as session:
        films = write_images(tmp_path / "a" / "films")
        session.add_images([films])
        count = len(session.images)
    file = tmp_path / "a" / "p.dsr"
    assert overview(file, [films]).below == count
    assert overview(file, [films / "im1.png"]).below == 1
    assert overview(file, [tmp_path / "a" / "film"]).below == 0  # the beginning of a name is no folder
    assert overview(file, [films / ".." / "films"]).below == count
    shutil.move(tmp_path / "a", tmp_path / "b")
    assert overview(tmp_path / "b" / "p.dsr", [tmp_path / "b" / "films"]).below == count


def test_a_file_of_format_8_is_read_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "p.dsr"
    with closing(apsw.Connection(str(file))) as db:
        db.execute((FORMATS / "format_8_short.sql").read_text("utf-8"))
        images = next(iter(db.execute("SELECT count(*) FROM images")))[0]
        decided = next(iter(db.execute("SELECT count(*) FROM reviews WHERE state IN ('accepted', 'rejected')")))[0]
        last = next(iter(db.execute("SELECT max(at) FROM changes")))[0]
    assert images > 0
    before = file.read_bytes()
    assert overview(file) == (images, decided, last, 0)
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\0" * 200])
def test_what_is_no_project_has_no_overview(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.dsr").write_bytes(content)
    assert overview(tmp_path / "p.dsr") is None
    assert overview(tmp_path / "missing.dsr") is None
    assert (tmp_path / "p.dsr").read_bytes() == content
