"""The command `import`: what it says, what it does, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli.main import run
from app.io.bundle import Bundle
from app.project.session import Session
from tests.unit.store.fakes import make


@pytest.fixture
def project(tmp_path: Path, bundle: Bundle) -> Path:
    with make(tmp_path / "p.dsr", bundle) as session:
        session.define_landmark("hilum", "heart", (0.125, 0.25))
        session.move_placement("im0.png", "hilum", (70.5, 80.25))
    return tmp_path / "p.dsr"


def table(folder: Path, *rows: str) -> Path:
    path = folder / "theirs.csv"
    path.write_text("\n".join(["image,landmark,x_px,y_px", *rows, ""]))
    return path


def places(project: Path) -> dict[str, list[float]]:
    with Session.open(project, read_only=True) as session:
        return {name: session.placements("hilum").xy[i].tolist() for i, name in enumerate(session.images)}


def call(project: Path, *arguments: object) -> int:
    return run(["import", "--project", str(project), *map(str, arguments)])


def test_corrections_come_in_and_what_is_there_stays_unless_asked(project, tmp_path, capsys):
    path = table(tmp_path, "im0.png,hilum,50,40", "im1,hilum,51.5,41.25")
    before = project.read_bytes()
    assert call(project, path, "--format", "csv", "--dry-run") == 0
    told = capsys.readouterr().err
    assert "im0.png: kept, 1 correction there (hilum); --over replaces." in told
    assert "Would import 1 placements and 0 masks in 1 image as corrections." in told
    assert project.read_bytes() == before
    assert call(project, path) == 0
    assert "Imported 1 placements and 0 masks in 1 image as corrections." in capsys.readouterr().err
    assert places(project)["im0.png"] == [70.5, 80.25]
    assert places(project)["im1.png"] == [51.5, 41.25]
    assert call(project, path, "--over") == 0
    assert places(project)["im0.png"] == [50, 40]
    with Session.open(project) as session:
        assert session.history()[-1].label == "Import 1 placement in im0 from theirs.csv as corrections"
        session.undo()
    assert places(project)["im0.png"] == [70.5, 80.25]


def test_an_opinion_comes_in_beside_ours(project, tmp_path, capsys):
    assert call(project, table(tmp_path, "im0.png,hilum,50,40"), "--as", "reader:Bea") == 0
    assert "as the opinion of Bea" in capsys.readouterr().err
    assert places(project)["im0.png"] == [70.5, 80.25]
    with Session.open(project, read_only=True) as session:
        assert session.opinions == ("Bea",)
        assert session.opinion_placements("Bea", "im0.png")[0].xy.tolist() == [50, 40]


def test_what_does_not_match_and_files_that_fail_are_named_and_the_rest_is_done(project, tmp_path, capsys):
    (tmp_path / "folder").mkdir()
    path = table(tmp_path / "folder", "im1.png,hilum,50,40", "other.png,hilum,1,2", "im1.png,carina,3,4")
    (tmp_path / "folder" / "bad.mrk.json").write_text(json.dumps({"markups": [{}]}))
    assert call(project, path.parent) == 1
    told = capsys.readouterr().err
    assert "bad.mrk.json is no whole list" in told
    assert "“other.png”: the project has no such image." in told
    assert "Landmark “carina”: the project has none of this name (in im1.png)." in told
    assert places(project)["im1.png"] == [50, 40]
    (tmp_path / "none").mkdir()
    assert call(project, tmp_path / "none") == 1
    assert "No annotations were found." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "docx"], "There is no format “docx” to import. There are: csv,"),
        (["--as", "Bea"], "--as is “corrections” or “reader:NAME”, not “Bea”."),
        (["--as", "reader: "], "can’t name a reader"),
        (["nowhere.csv"], "There is no file or folder nowhere.csv."),
    ],
)
def test_wrong_usage(project, tmp_path, capsys, arguments, sentence):
    assert call(project, table(tmp_path, "im0.png,hilum,50,40"), *arguments) == 2
    assert sentence in capsys.readouterr().err
    assert run(["import", "--project", str(tmp_path / "no.dsr"), str(tmp_path)]) == 2
    assert run(["import", "--project", str(project)]) == 2
