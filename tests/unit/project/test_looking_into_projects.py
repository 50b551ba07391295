"""Project files are looked into in the order in which somebody wants to hear of them: those named, then the newest."""

from __future__ import annotations

import os
from pathlib import Path

from app.io.bundle import Bundle
from app.jobs import Finished, Result
from app.project.overview import MOST, FoundProject, start_looking
from tests.unit.store.fakes import make


def found(*args: object) -> list[FoundProject]:
    *results, end = list(start_looking(*args))
    assert end == Finished(cancelled=False)
    assert all(isinstance(event, Result) and event.key == str(event.value.path) for event in results)
    return [event.value for event in results]


def test_named_files_come_first_then_the_newest_of_the_folders_each_once(tmp_path: Path, bundle: Bundle) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    make(tmp_path / "a" / "named.dsr", bundle).close()
    ages = {"a/old.dsr": 500, "b/new.DSR": 10, "b/middle.dsr": 90, "b/newest.txt": 1, "a/named.dsr": 200}
    for name, age in ages.items():
        path = tmp_path / name
        path.touch()
        os.utime(path, (1_800_000_000 - age,) * 2)
    gone, named = tmp_path / "gone.dsr", tmp_path / "a" / "named.dsr"
    folders = [tmp_path / "a", tmp_path / "b", tmp_path / "none"]
    looked = found([gone, named], folders, ".dsr", [tmp_path / "a" / "images" / "im1.png"])
    assert [one.path.name for one in looked] == ["gone.dsr", "named.dsr", "new.DSR", "middle.dsr", "old.dsr"]
    assert [one.there for one in looked] == [False, True, True, True, True]
    assert [one.holds is not None for one in looked] == [False, True, False, False, False]
    assert (looked[1].holds.images, looked[1].holds.below) == (3, 1)


def test_of_very_many_files_the_newest_are_looked_into(tmp_path: Path) -> None:
    for number in range(MOST + 3):
        path = tmp_path / f"p{number * 7 % (MOST + 3):02}.dsr"
        path.touch()
        os.utime(path, (1_800_000_000 + int(path.stem[1:]),) * 2)
    names = [one.path.stem for one in found([], [tmp_path], ".dsr")]
    assert names == [f"p{number:02}" for number in range(MOST + 2, 2, -1)]
