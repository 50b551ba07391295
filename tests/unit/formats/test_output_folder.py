"""A folder of results belongs to the program by its report: what it wrote is replaced, what others wrote stays."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from app.formats.from_session import view_of
from app.formats.output_folder import Contents, Earlier, Others, OutputFolder, look_into
from app.formats.write import write
from app.project.session import Session


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder without the session's own files."""
    (tmp_path / "results").mkdir()
    return tmp_path / "results"


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def report(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text("utf-8"))


def test_the_report_names_the_program_and_every_file(session: Session, tmp_path: Path):
    write(view_of(session), tmp_path / "out", ["csv", "coco", "masks", "landmarks"])
    said = report(tmp_path / "out")
    assert said["program"] == "DenseSeg Review"
    assert {*said["files"], "report.json"} == files_in(tmp_path / "out")
    assert "masks/im1/right_clavicle.png" in said["files"]


def test_a_later_export_removes_what_it_no_longer_writes_and_nothing_else(session: Session, tmp_path: Path):
    out = tmp_path / "out"
    write(view_of(session), out, ["csv", "masks"])
    for name in ("notes.txt", "masks/im0/pacemaker.png", "masks/mine.png"):
        (out / name).write_text("mine")
    again = write(view_of(session, "image", "im2.png"), out, ["masks"])
    structures = [structure.name for structure in session.template.structures]
    mine = {"notes.txt", "masks/im0/pacemaker.png", "masks/mine.png"}
    assert files_in(out) == {*mine, "report.json", *(f"masks/im2/{name}.png" for name in structures)}
    assert {(out / name).read_text() for name in mine} == {"mine"}
    assert again.removed == 2 * len(structures) + 1
    assert again.others == "3 files (notes.txt, masks/mine.png, masks/im0/pacemaker.png)"
    assert not (out / "masks" / "im1").exists()
    assert set(report(out)["files"]) == {f"masks/im2/{name}.png" for name in structures}


def test_half_files_of_a_run_that_was_killed_go_and_those_of_one_that_runs_stay(session: Session, out: Path):
    """A run of another program may be writing there now: what is younger than an hour may be its own."""
    write(view_of(session, "image", "im1.png"), out, ["masks"])
    hours = {f".{8:016x}.part": 2, f".{9:016x}.part": 0, ".mine.part": 2, "masks/im1/.00ff00ff00ff00ff.part": 3}
    for name, age in hours.items():
        (out / name).write_bytes(b"half")
        os.utime(out / name, (time.time() - 3600 * age,) * 2)
    write(view_of(session, "image", "im1.png"), out, ["csv", "masks"])
    left = {name for name in files_in(out) if name.endswith(".part")}
    assert left == {f".{9:016x}.part", ".mine.part"}


def test_a_file_of_others_in_the_way_is_kept_under_another_name(session: Session, out: Path):
    (out / "landmarks.csv").write_text("from last week")
    (out / "report.json").write_text('{"mine": 1}')
    done = write(view_of(session), out, ["csv"])
    assert dict(done.kept_aside) == {
        "report.json": "report (kept 1).json",
        "landmarks.csv": "landmarks (kept 1).csv",
    }
    assert (out / "landmarks (kept 1).csv").read_text() == "from last week"
    assert (out / "report (kept 1).json").read_text() == '{"mine": 1}'
    assert (out / "landmarks.csv").read_text().startswith("image,structure,")
    write(view_of(session), out, ["csv"])
    assert files_in(out) >= {"landmarks.csv", "landmarks (kept 1).csv"}
    assert "landmarks (kept 2).csv" not in files_in(out)


def test_a_report_that_names_files_elsewhere_removes_none_of_them(session: Session, tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.png").write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "link").symlink_to(tmp_path / "elsewhere")
    names = ["../thesis.txt", str(tmp_path / "thesis.txt"), "link/a.png", "a/../../thesis.txt", "", "..", 7, None]
    (out / "report.json").write_text(json.dumps({"program": "DenseSeg Review", "files": names}))
    write(view_of(session), out, ["csv"])
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    assert (tmp_path / "elsewhere" / "a.png").read_text() == "mine"


def test_what_a_version_without_a_list_of_files_wrote_is_known(session: Session, out: Path):
    for name in ("landmarks.csv", "masks/a/heart.png", "masks/a/pacemaker.png", "masks/b/heart.png"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("old")
    old = {"model": "chest", "bundle_sha256": "0" * 64, "images": [{"name": "a.dcm", "state": "done"}]}
    (out / "report.json").write_text(json.dumps(old))
    write(view_of(session), out, ["coco"])
    assert files_in(out) == {"coco.json", "report.json", "masks/a/pacemaker.png", "masks/b/heart.png"}


def test_what_a_killed_run_wrote_is_known_to_the_next(session: Session, out: Path):
    (out / "masks").mkdir()
    (out / "masks" / "mine.png").write_text("mine")
    killed = OutputFolder(out)
    killed.claim(["landmarks.csv", "masks/a.png", "masks/mine.png"])
    (out / "masks" / "a.png").write_text("its own")  # and no more: it never came to its end
    write(view_of(session), out, ["coco"])
    assert files_in(out) == {"coco.json", "report.json", "masks/mine.png"}


def test_a_cancelled_export_leaves_the_earlier_one_and_keeps_it_as_its_own(session: Session, out: Path):
    write(view_of(session), out, ["csv", "masks"])
    before = files_in(out)
    table = (out / "landmarks.csv").read_bytes()
    write(view_of(session), out, ["csv"], cancelled=lambda: True)
    assert files_in(out) == before
    assert (out / "landmarks.csv").read_bytes() == table
    assert {*report(out)["files"], "report.json"} == before


@pytest.mark.parametrize(("files", "words"), [([], ""), (["b.txt"], "1 file (b.txt)"), (["c", "a"], "2 files (a, c)")])
def test_a_window_sees_at_once_what_of_others_lies_there(session: Session, out: Path, files, words):
    write(view_of(session), out, ["csv", "masks"])
    for name in files:
        (out / name).write_text("")
    assert look_into(out, 10).others.words == words
    assert look_into(out / "nowhere") == Contents(Others(), None)


def test_an_export_that_takes_the_place_of_another_one_is_known_before_and_told_after(session: Session, out: Path):
    session.set_review("im1.png", "accepted")
    assert not write(view_of(session, "accepted"), out, ["csv"]).replaced
    earlier = look_into(out).earlier
    assert earlier is not None
    assert (earlier.scope, earlier.images) == ("accepted", ("im1.png",))
    name = session.path.name
    assert earlier.goes_with(name, "accepted", ["im0.png"])  # what is accepted now
    assert not earlier.goes_with(name, "all", session.images)
    assert not earlier.goes_with("other.dsr", "accepted", ["im1.png"])
    replaced = write(view_of(session), out, ["csv"]).replaced
    assert replaced == f"an export of the accepted images (1) of {name}"
    assert not write(view_of(session), out, ["csv"]).replaced


def test_an_export_of_an_earlier_version_is_known_by_its_images(session: Session, out: Path):
    session.set_review("im1.png", "accepted")
    write(view_of(session, "accepted"), out, ["csv"])
    told = report(out)
    del told["scope"]
    (out / "report.json").write_text(json.dumps(told), "utf-8")
    earlier = look_into(out).earlier
    assert earlier is not None
    assert earlier.scope == "accepted"


@pytest.mark.parametrize(
    ("project", "scope", "images", "same"),
    [
        ("p.dsr", "selected", "a b", True),
        ("p.dsr", "selected", "c b a", True),
        ("p.dsr", "selected", "a", False),
        ("p.dsr", "selected", "a c", False),
        ("p.dsr", "selected", "", False),
        ("p.dsr", "filtered", "a b", False),
        ("q.dsr", "selected", "a b", False),
    ],
)
def test_only_an_export_that_holds_all_of_the_earlier_one_goes_with_it(project, scope, images, same: bool):
    assert Earlier("p.dsr", "selected", ("a", "b")).goes_with(project, scope, images.split()) is same


def test_what_an_export_could_not_write_takes_nothing_of_the_earlier_one_away(session: Session, out: Path):
    """`coco.json` can't be put in its place: the table and the masks of before stay, and stay this program's."""
    write(view_of(session), out, ["csv", "masks"])
    before = {name: (out / name).read_bytes() for name in files_in(out) if name != "report.json"}
    (out / "coco.json").mkdir()
    done = write(view_of(session, "image", "im1.png"), out, ["coco"])
    assert [file for file, _ in done.not_written] == ["coco.json"]
    assert (done.removed, done.replaced) == (0, "")
    assert {name: (out / name).read_bytes() for name in files_in(out) if name != "report.json"} == before
    assert set(report(out)["files"]) == set(before)
    (out / "coco.json").rmdir()
    assert write(view_of(session), out, ["coco"]).removed == len(before)
    assert files_in(out) == {"coco.json", "report.json"}
