"""Exports as jobs: scopes, formats, reports, cancelling, damage; read back by other programs' readers."""

from __future__ import annotations

import csv
import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from app.core.landmark import landmark_set_from_json
from app.formats import write as writing
from app.formats.client import start_export
from app.formats.export_report import Report
from app.formats.from_session import view_of
from app.formats.write import CANCELLED, NOT_PREDICTED
from app.jobs import Failed, Finished, Job, Progress, Result
from app.project.session import Session
from tests.unit.store.fakes import fake_predicted, write_images


@pytest.fixture
def session(session: Session) -> Session:
    session.define_landmark("hilum", "right_lung", (0.1, 0.2), rule="where it crosses")
    session.move_placement("im1.png", "hilum", (5, 6.25))
    session.set_review("im1.png", "rejected", "mask leaks", structure="heart")
    session.set_review("im1.png", "accepted", "the rest is good")
    return session


def outcome(job: Job) -> tuple[Report, list[object]]:
    events = list(job)
    reports = [event.value for event in events if isinstance(event, Result)]
    assert isinstance(events[-1], Finished)
    return reports[0] if reports else None, events


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "landmarks.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # inside pycocotools' decode
def test_every_format_at_once_beside_an_open_session(session: Session, tmp_path: Path, capsys):
    out = tmp_path / "out"
    job = start_export(session, ["csv", "coco", "masks", "landmarks"], out)
    session.define_landmark("meanwhile", "heart", (0, 0))  # the session is not blocked
    report, events = outcome(job)
    assert report.complete
    assert report.images == list(session.images)
    assert report.files == ["landmarks.csv", "coco.json", "masks", "landmarks.json"]
    assert [e.done for e in events if isinstance(e, Progress)] == [1, 2, 3]
    mine = [row for row in table(out) if row["landmark"] == "hilum"]
    assert [row["state"] for row in mine][1] == "corrected"
    assert (mine[1]["x_px"], mine[1]["y_px"]) == ("5.000", "6.250")
    marks = landmark_set_from_json(json.loads((out / "landmarks.json").read_text("utf-8")), session.template)
    assert "hilum" in [mark.name for mark in marks]
    assert "heart_00" not in [mark.name for mark in marks]
    assert json.loads((out / "report.json").read_text("utf-8"))["bundle_sha256"] == session.bundle.sha256
    assert not list(out.rglob("*.part"))
    coco = COCO(str(out / "coco.json"))
    capsys.readouterr()
    (accepted,) = [image for image in coco.imgs.values() if image["file_name"] == "im1.png"]
    assert (accepted["review"], accepted["review_note"]) == ("accepted", "the rest is good")
    reviewed = [a for a in coco.anns.values() if "review" in a]
    assert [(a["image_id"], a["review"], a["review_note"]) for a in reviewed] == [
        (accepted["id"], "rejected", "mask leaks")
    ]
    for annotation in coco.anns.values():
        name = coco.cats[annotation["category_id"]]["name"]
        stem = Path(coco.imgs[annotation["image_id"]]["file_name"]).stem
        if annotation.get("review") == "rejected":
            assert not coco.annToMask(annotation).any()
            assert not (out / "masks" / stem / f"{name}.png").exists()
            continue
        mask = np.asarray(Image.open(out / "masks" / stem / f"{name}.png"))
        np.testing.assert_array_equal(coco.annToMask(annotation) > 0, mask > 0)
        assert mask.any()


def test_scopes(session: Session, tmp_path: Path):
    report, _ = outcome(start_export(session, ["csv"], tmp_path / "a", "accepted"))
    assert report.images == ["im1.png"]
    assert {row["image"] for row in table(tmp_path / "a")} == {"im1.png"}
    report, _ = outcome(start_export(session, ["masks"], tmp_path / "b", "image", "im2.png"))
    assert report.images == ["im2.png"]
    assert [p.name for p in (tmp_path / "b" / "masks").iterdir()] == ["im2"]
    report, _ = outcome(start_export(session, ["csv"], tmp_path / "d", "selected", ["im2.png", "im0.png"]))
    assert report.images == ["im0.png", "im2.png"]
    for wrong in (["nonsense"], "all", ""), (["csv"], "some", ""), (["csv"], "image", "x.png"):
        with pytest.raises(ValueError, match=r"There is no format|images to export|no image"):
            start_export(session, wrong[0], tmp_path / "c", *wrong[1:])


def test_what_is_not_written_is_named_with_its_reason(session: Session, tmp_path: Path):
    session.add_images(write_images(tmp_path / "more", 1))
    name = session.images[-1]
    report, events = outcome(start_export(session, ["csv"], tmp_path / "out"))
    assert report.failed == [(name, NOT_PREDICTED)]
    assert [(e.key, e.message) for e in events if isinstance(e, Failed)] == [(name, NOT_PREDICTED)]
    told = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert [entry["state"] for entry in told["images"]] == ["done"] * 3 + ["failed"]


def test_a_structure_that_is_absent_keeps_its_review(session: Session, tmp_path: Path):
    seen = session.prediction("im0.png")
    absent = session.template.structures[int(np.argmin(seen.present))]
    assert not seen.present.all()
    session.set_review("im0.png", "rejected", "it is there", structure=absent.name)
    writing.write(view_of(session, "image", "im0.png"), tmp_path, ["coco"])
    data = json.loads((tmp_path / "coco.json").read_text("utf-8"))
    (found,) = [a for a in data["annotations"] if a.get("review") == "rejected"]
    assert (found["area"], found["num_keypoints"], found["review_note"]) == (0, 0, "it is there")


def test_a_folder_that_cannot_be_made_gets_a_sentence(session: Session, tmp_path: Path):
    (tmp_path / "file").write_text("")
    report, events = outcome(start_export(session, ["csv"], tmp_path / "file"))
    assert report is None
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.message == f"{tmp_path / 'file'} is a file, not a folder. Choose another folder."


def test_what_is_wrong_with_the_folder_is_told(session: Session, tmp_path: Path):
    for folder, words in ((tmp_path / ("x" * 300), "too long a name"), (Path("/dev/null/below"), "below a file")):
        _, events = outcome(start_export(session, ["csv"], folder))
        (failed,) = [event for event in events if isinstance(event, Failed)]
        assert words in failed.message


def test_one_format_may_fail_without_the_others(session: Session, tmp_path: Path):
    (tmp_path / "landmarks.csv").mkdir()
    (tmp_path / "masks").write_text("in the way")
    report = writing.write(view_of(session), tmp_path, ["csv", "coco", "masks"])
    assert report.files == ["coco.json", "masks"]
    assert [file for file, _ in report.not_written] == ["landmarks.csv"]
    assert len(report.failed) == 3
    assert not list(tmp_path.glob(".*.part"))


def test_cancelling_leaves_whole_files_only(session: Session, tmp_path: Path):
    (tmp_path / "landmarks.csv").write_text("from last week")
    seen: list[int] = []
    report = writing.write(
        view_of(session), tmp_path, ["csv", "masks"], lambda *told: seen.append(told[0]), lambda: len(seen) >= 1
    )
    assert report.cancelled
    assert not report.complete
    assert report.images == ["im0.png"]
    assert report.not_written == [("landmarks.csv", CANCELLED)]
    assert (tmp_path / "landmarks.csv").read_text() == "from last week"
    assert len(list((tmp_path / "masks" / "im0").iterdir())) == 5
    assert not list(tmp_path.rglob("*.part"))
    alone = writing.write(view_of(session), tmp_path / "masks alone", ["masks"], cancelled=lambda: True)
    assert not alone.complete, "although nothing failed and every file of it is whole"


def test_a_cancelled_job_ends_soon_and_silently(session: Session, tmp_path: Path):
    job = start_export(session, ["csv"], tmp_path / "out")
    started = time.monotonic()
    job.cancel()
    _, events = outcome(job)
    assert time.monotonic() - started < 5
    assert events[-1] == Finished(cancelled=True)
    assert not [event for event in events if isinstance(event, Failed)]
    assert not (tmp_path / "out" / "landmarks.csv").exists()


@pytest.mark.parametrize("last_words", ["", '{"done": 1, "na', "no words of ours\\n"])
def test_a_child_that_dies_is_told(session: Session, tmp_path: Path, last_words: str):
    code = f"import os; os.write(1, b'{last_words}'); os._exit(3)"
    job = start_export(session, ["csv"], tmp_path / "out", worker=("-c", code))
    _, events = outcome(job)
    assert [type(event) for event in events] == [Failed, Finished]
    assert "ended unexpectedly" in events[0].message


def test_an_interrupted_export_leaves_no_half_file(session: Session, tmp_path: Path):
    def told(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        writing.write(view_of(session), tmp_path / "out", ["csv", "coco"], told)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["../beside.png", "/tmp/beside.png", "a/../../beside.png"])
def test_a_name_in_a_made_up_project_leads_nowhere_else(session: Session, tmp_path: Path, name: str):
    session._state._project._db.execute("UPDATE images SET name = ? WHERE name = 'im0.png'", (name,))
    with Session.open(session.path, read_only=True) as other:
        report = writing.write(view_of(other), tmp_path / "out" / "deep", ["masks"])
    assert [said for said, _ in report.failed] == [name]
    assert "leads out of the folder" in report.failed[0][1]
    assert not list(tmp_path.rglob("beside"))


def test_a_damaged_image_harms_no_other(session: Session, tmp_path: Path):
    session._state._project._db.execute(
        "UPDATE blobs SET data = zeroblob(length(data)) WHERE sha256 = (SELECT charts FROM frozen)"
    )
    session._state._recent.clear()
    report = writing.write(view_of(session), tmp_path, ["csv", "coco"])
    assert [name for name, _ in report.failed] == ["im1.png"]
    assert "does not match its checksum" in report.failed[0][1]
    assert report.files == ["landmarks.csv", "coco.json"]


def test_the_frozen_prediction_is_written(session: Session, tmp_path: Path):
    before = writing.write(view_of(session, "accepted"), tmp_path / "a", ["csv", "coco"])
    assert before.complete
    session._asked["im1.png"] = session.image("im1.png").path
    session.take_in(Result("im1.png", fake_predicted(session, "im1.png", 23)))
    writing.write(view_of(session, "accepted"), tmp_path / "b", ["csv", "coco"])
    for file in ("landmarks.csv", "coco.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_the_worker_loads_neither_qt_nor_torch(tmp_path: Path):
    import subprocess

    code = (
        "import sys, app.formats.worker\n"
        "bad = {'torch', 'PySide6', 'pyqtgraph', 'openvino', 'models'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {bad}' if bad else 0)"
    )
    root = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=60)
