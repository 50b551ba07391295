"""What every export tells beside places and masks: who, when, spacing, orientation, rejected, later, off outline."""

from __future__ import annotations

import csv
import json
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from app.formats.client import start_export
from app.formats.from_session import view_of
from app.formats.write import write
from app.io.bundle import Bundle
from app.jobs import Failed, Finished
from app.project.session import Session
from app.store.changes import now
from tests.unit.store.fakes import fake_predict, make

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools' decode


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "landmarks.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def row_of(folder: Path, image: str, landmark: str) -> dict[str, str]:
    (found,) = [row for row in table(folder) if (row["image"], row["landmark"]) == (image, landmark)]
    return found


def annotation(folder: Path, image: str, structure: str) -> tuple[dict, list[str]]:
    data = json.loads((folder / "coco.json").read_text("utf-8"))
    number = next(entry["id"] for entry in data["images"] if entry["file_name"] == image)
    category = next(entry for entry in data["categories"] if entry["name"] == structure)
    found = [a for a in data["annotations"] if (a["image_id"], a["category_id"]) == (number, category["id"])]
    return found[0], category["keypoints"]


def report(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text("utf-8"))


def test_rows_say_who_when_spacing_and_orientation(session: Session, tmp_path: Path):
    session.set_spacing("im1.png", 0.25, 0.125)
    session.define_landmark("hilum", "right_lung", (0.1, 0.2))
    session.move_placement("im1.png", "hilum", (5, 6.25))
    moved_at = next(p.at for p in session.placements_in("im1.png") if p.landmark.name == "hilum")
    while now() == moved_at:  # times are kept to the millisecond, and the review's must differ
        pass
    session.set_review("im1.png", "second_opinion", "=look")
    write(view_of(session), tmp_path, ["csv", "coco"])
    moved, other = row_of(tmp_path, "im1.png", "hilum"), row_of(tmp_path, "im1.png", "heart_03")
    placement = next(p for p in session.placements_in("im1.png") if p.landmark.name == "hilum")
    entry = session.image("im1.png")
    assert (moved["reader"], moved["time_utc"]) == ("Ann", placement.at)
    assert (other["reader"], other["time_utc"]) == ("Ann", entry.reviewed_at)
    assert placement.at < entry.reviewed_at, "the two times differ, so that a swap would show"
    assert moved["time_utc"].endswith("+00:00")
    for row in (moved, other):
        assert row["review"] == "second_opinion"
        sizes = row["spacing_row_mm"], row["spacing_column_mm"], row["spacing_provenance"]
        assert sizes == ("0.25", "0.125", "given by the reader")
        assert row["orientation"] == "as_stored"
    assert (moved["x_mm"], moved["y_mm"]) == ("0.625", "1.562")
    unread = row_of(tmp_path, "im2.png", "hilum")
    assert [unread[key] for key in ("review", "reader", "time_utc", "spacing_row_mm")] == ["unread", "", "", ""]
    picture = json.loads((tmp_path / "coco.json").read_text("utf-8"))["images"][1]
    assert picture["spacing"] == {"row_mm": 0.25, "column_mm": 0.125, "provenance": "given by the reader"}
    assert (picture["reader"], picture["time_utc"]) == ("Ann", entry.reviewed_at)


def test_a_rejected_structure_has_no_mask_and_is_told_everywhere(session: Session, tmp_path: Path, capsys):
    session.set_review("im1.png", "rejected", "leaks", structure="heart")
    session.set_review("im1.png", "second_opinion", "apex?", structure="right_lung")
    write(view_of(session), tmp_path, ["csv", "coco", "masks"])
    assert not (tmp_path / "masks" / "im1" / "heart.png").exists()
    assert np.asarray(Image.open(tmp_path / "masks" / "im1" / "right_lung.png")).any()
    assert np.asarray(Image.open(tmp_path / "masks" / "im2" / "heart.png")).shape == (300, 320)
    found, _ = annotation(tmp_path, "im1.png", "heart")
    assert (found["review"], found["review_note"], found["review_reader"]) == ("rejected", "leaks", "Ann")
    assert (found["mask"], found["ignore"], found["area"]) == ("rejected", 1, 0)
    coco = COCO(str(tmp_path / "coco.json"))
    capsys.readouterr()
    assert not coco.annToMask(found).any()
    heart, lung = row_of(tmp_path, "im1.png", "heart_00"), row_of(tmp_path, "im1.png", "right_lung_00")
    assert (heart["structure_review"], heart["mask"]) == ("rejected", "rejected")
    assert (lung["structure_review"], lung["mask"]) == ("second_opinion", "predicted")
    said = report(tmp_path)
    assert said["images"][1]["structures"][0] | {"time_utc": ""} == {
        "name": "heart",
        "review": "rejected",
        "note": "leaks",
        "reader": "Ann",
        "time_utc": "",
    }
    assert any("rejected 1 structure" in note for note in said["notes"])


def test_a_corrected_point_of_the_contour_is_told_to_disagree_with_the_mask(session: Session, tmp_path: Path):
    session.define_landmark("hilum", "heart", (0.1, 0.2))
    session.move_placement("im1.png", "hilum", (50, 60.25))
    session.move_placement("im1.png", "heart_07", (150.5, 160.25))
    session.set_absent("im1.png", "heart_08")
    write(view_of(session), tmp_path, ["csv", "coco", "masks"])
    marked = {row["landmark"] for row in table(tmp_path) if row["off_outline"]}
    assert marked == {"heart_07", "heart_08"}
    found, names = annotation(tmp_path, "im1.png", "heart")
    assert sorted(found["off_outline"]) == ["heart_07", "heart_08"]
    assert found["keypoint_states"][names.index("heart_07")] == "corrected"
    assert found["keypoints"][3 * names.index("heart_07") :][:3] == [150.5, 160.25, 2]
    assert found["mask"] == "predicted"
    notes = report(tmp_path)["notes"]
    assert notes[0].startswith("Masks are predictions of the model.")
    assert any("2 points of the model’s contours in 1 image" in note for note in notes)


def test_corrected_masks_are_written_and_told(session: Session, tmp_path: Path):
    shape = session.image("im1.png").frame
    mask = np.zeros((shape.height, shape.width), bool)
    mask[20:90, 40:61] = True
    session.set_mask("im1.png", "heart", mask)
    session.set_mask_absent("im1.png", "left_clavicle")
    session.move_placement("im1.png", "heart_07", (40.5, 61.25))
    session.move_placement("im1.png", "heart_08", (43.5, 61.25))
    session.move_placement("im1.png", "left_clavicle_05", (150.5, 160.25))
    write(view_of(session), tmp_path, ["csv", "coco", "masks"])
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "masks" / "im1" / "heart.png")), 255 * mask)
    assert not np.asarray(Image.open(tmp_path / "masks" / "im1" / "left_clavicle.png")).any()
    found, _ = annotation(tmp_path, "im1.png", "heart")
    assert (found["mask"], found["area"], found["bbox"]) == ("corrected", 70 * 21, [40, 20, 21, 70])
    points = [row for row in table(tmp_path) if row["image"] == "im1.png" and row["landmark"].startswith("heart_")]
    off = {row["landmark"] for row in points if from_box(row, 40, 20, 60, 89) > 0.004 * np.hypot(300, 320)}
    assert 20 < len(off) < 26, "the model's points stay where they were predicted, and the mask is another one"
    assert set(found["off_outline"]) == off == {row["landmark"] for row in points if row["off_outline"]}
    assert off.isdisjoint({"heart_07"})
    assert "heart_08" in off
    assert row_of(tmp_path, "im1.png", "heart_07")["mask"] == "corrected"
    told = report(tmp_path)
    assert any(f"{len(off)} points of the model’s contours in 1 image lie off the outline" in n for n in told["notes"])
    assert told["notes"][0].startswith("Masks are predictions of the model, but for 2 masks in 1 image that readers")
    by_name = {image["name"]: image["corrected_masks"] for image in told["images"]}
    assert by_name == {"im0.png": [], "im1.png": ["heart", "left_clavicle"], "im2.png": []}


def from_box(row: dict, left: int, top: int, right: int, bottom: int) -> float:
    """How far a point is from the outermost pixels of a filled box."""
    x, y = float(row["x_px"]), float(row["y_px"])
    if left <= x <= right and top <= y <= bottom:
        return min(x - left, right - x, y - top, bottom - y)
    return float(np.hypot(max(left - x, 0, x - right), max(top - y, 0, y - bottom)))


def test_landmarks_of_a_structure_that_a_reader_set_absent_are_absent_in_every_file(session: Session, tmp_path: Path):
    session.move_placement("im1.png", "left_clavicle_05", (150.5, 160.25))
    session.set_mask_absent("im1.png", "left_clavicle")
    for accepted in (False, True):
        if accepted:
            session.set_review("im1.png", "accepted")
        write(view_of(session), tmp_path, ["csv", "coco"])
        for row in (r for r in table(tmp_path) if r["structure"] == "left_clavicle"):
            placed, here = row["landmark"] == "left_clavicle_05", row["image"] == "im1.png"
            assert row["state"] == ("corrected" if here and placed else "absent" if here else "predicted")
            assert (row["x_px"] == "") == (here and not placed)
            assert row["mask"] == ("absent" if here else "predicted")
            assert row["off_outline"] == ""
        found, names = annotation(tmp_path, "im1.png", "left_clavicle")
        assert found["num_keypoints"] == 1
        assert found["keypoint_states"] == ["corrected" if n == "left_clavicle_05" else "absent" for n in names]
        assert found["mask"] == "absent"


def test_a_confirmed_place_says_how_far_a_reader_had_moved_it(session: Session, tmp_path: Path):
    was = next(p.xy for p in session.placements_in("im1.png") if p.landmark.name == "heart_07")
    session.move_placement("im1.png", "heart_07", (was[0] + 30, was[1] - 40))
    session.confirm_placement("im1.png", "heart_07")
    session.confirm_placement("im1.png", "heart_09")
    write(view_of(session), tmp_path, ["csv", "coco"])
    moved = {row["landmark"]: row["moved_px"] for row in table(tmp_path) if row["moved_px"]}
    assert moved == {"heart_07": "50.000", "heart_09": "0.000"}
    assert {row["state"] for row in table(tmp_path) if row["moved_px"]} == {"confirmed"}
    found, _ = annotation(tmp_path, "im1.png", "heart")
    assert found["moved_px"] == {"heart_07": 50.0, "heart_09": 0.0}
    assert found["off_outline"] == ["heart_07"], "confirmed, and the predicted outline is elsewhere"


@pytest.mark.parametrize("later", ["mark", "leave-out"])
def test_what_came_after_acceptance_is_marked_or_left_out(session: Session, tmp_path: Path, later: str):
    session.define_landmark("gone", "heart", (0.1, 0.2))
    session.define_landmark("there", "heart", (-0.1, 0.2))
    session.set_review("im1.png", "accepted")
    before = next(p.xy for p in session.placements_in("im1.png") if p.landmark.name == "gone")
    session.delete_landmark("gone")
    session.define_landmark("later", "heart", (0.3, -0.2))
    write(view_of(session, "accepted", later=later), tmp_path, ["csv", "coco"])
    kept = row_of(tmp_path, "im1.png", "gone")
    assert kept["deleted_since_accepted"] == "yes"
    np.testing.assert_allclose([float(kept["x_px"]), float(kept["y_px"])], before, atol=1e-3)
    marked = [row["landmark"] for row in table(tmp_path) if row["new_since_accepted"]]
    found, names = annotation(tmp_path, "im1.png", "heart")
    assert found["keypoints"][3 * names.index("gone (deleted)") + 2] == 2
    visible = found["keypoints"][3 * names.index("later") + 2]
    if later == "mark":
        assert marked == ["later"]
        assert (visible, found["new_since_accepted"]) == (2, ["later"])
        assert any(
            "1 placement in 1 image is no part of what was accepted" in note for note in report(tmp_path)["notes"]
        )
    else:
        assert "later" not in {row["landmark"] for row in table(tmp_path)}
        assert visible == 0
    assert {row["review"] for row in table(tmp_path)} == {"accepted"}


def test_places_outside_the_picture_are_told_everywhere(bundle: Bundle, tmp_path: Path):
    (tmp_path / "unseen").mkdir()
    session = make(tmp_path / "unseen" / "p", bundle, predicted=False)  # how large its images are, nobody knows yet
    session.define_landmark("in", "heart", (0.25, -0.25))
    session.define_landmark("edge", "heart", (0.1, 0.2))
    session.define_landmark("off", "heart", (-0.1, 0.3))
    for image, (x, y) in (("im1.png", (319.4, 299.4)), ("im2.png", (5, 299.6))):  # 320 wide, 300 high
        session.move_placement(image, "edge", (x, y))
    session.move_placement("im1.png", "off", (-0.6, 20))
    session.move_placement("im1.png", "in", (-0.4, 0))
    fake_predict(session)
    write(view_of(session), tmp_path, ["csv", "coco"])
    own = [row for row in table(tmp_path) if row["landmark"] in ("in", "edge", "off")]
    marked = {(row["image"], row["landmark"]) for row in own if row["outside_picture"] == "yes"}
    assert marked == {("im1.png", "off"), ("im2.png", "edge")}
    assert {row["outside_picture"] for row in own} == {"", "yes"}
    assert row_of(tmp_path, "im1.png", "off")["x_px"] == "-0.600"
    assert "off" in annotation(tmp_path, "im1.png", "heart")[0]["outside_picture"]
    assert "edge" not in annotation(tmp_path, "im1.png", "heart")[0]["outside_picture"]
    assert any("outside the picture" in note for note in report(tmp_path)["notes"])
    session.close()


def test_points_that_were_hidden_when_an_image_was_accepted_are_told(session: Session, tmp_path: Path):
    session.define_landmark("hilum", "heart", (0.1, 0.2))
    session.define_landmark("later hidden", "heart", (0.1, -0.2))
    session.move_placement("im1.png", "heart_07", (150.5, 160.25))
    session.set_review("im1.png", "accepted")
    session.update_landmark("later hidden", hidden=True)
    session.update_landmark("heart_01", hidden=False)
    session.define_landmark("new", "heart", (0.3, 0.3))
    path = session.path
    session.close()
    with Session.open(path) as again:
        write(view_of(again), tmp_path, ["csv", "coco"])
    of_image = {row["landmark"]: row["shown"] for row in table(tmp_path) if row["image"] == "im1.png"}
    assert of_image["hilum"] == of_image["later hidden"] == of_image["heart_07"] == "yes"
    assert of_image["heart_01"] == of_image["heart_02"] == of_image["right_lung_00"] == "no"
    assert of_image["new"] == ""
    assert {row["shown"] for row in table(tmp_path) if row["image"] == "im2.png"} == {""}
    found, _ = annotation(tmp_path, "im1.png", "heart")
    assert "heart_01" in found["not_shown"]
    assert not {"hilum", "heart_07", "new"} & set(found["not_shown"])
    assert "not_shown" not in annotation(tmp_path, "im2.png", "right_lung")[0]
    # The model’s own points: their contours were seen, so the report says nothing above all.
    assert not any("no reader saw them as points" in note for note in report(tmp_path)["notes"])


def test_hidden_landmarks_of_ones_own_are_exported(session: Session, tmp_path: Path):
    session.define_landmark("mine", "right_lung", (0.25, -0.5))
    session.update_landmark("mine", hidden=True)
    write(view_of(session), tmp_path, ["csv", "coco", "landmarks"])
    assert [row["image"] for row in table(tmp_path) if row["landmark"] == "mine"] == list(session.images)
    assert "mine" in annotation(tmp_path, "im1.png", "right_lung")[1]
    (mine,) = json.loads((tmp_path / "landmarks.json").read_text("utf-8"))["landmarks"]
    assert (mine["name"], mine["structure"], mine["u"], mine["v"]) == ("mine", "right_lung", 0.25, -0.5)


def test_of_the_model_s_landmarks_those_that_a_reader_shows_or_moved_are_the_project_s_own(
    session: Session, tmp_path: Path
):
    session.define_landmark("mine", "heart", (0.25, -0.5))
    session.update_landmark("heart_03", hidden=False)
    session.move_landmark("heart_05", (0.125, 0.0625))  # hidden still, and no more where the model has it
    write(view_of(session), tmp_path, ["landmarks"])
    marks = json.loads((tmp_path / "landmarks.json").read_text("utf-8"))["landmarks"]
    assert {mark["name"] for mark in marks} == {"mine", "heart_03", "heart_05"}


def test_the_notes_count_structures_placements_and_images(session: Session, tmp_path: Path):
    for name in ("gone", "lost"):
        session.define_landmark(name, "heart", (0.1, 0.2))
    for name in ("away", "off"):
        session.define_landmark(name, "left_lung", (0.3, -0.1))
        session.update_landmark(name, hidden=True)
    session.set_review("im0.png", "accepted")
    for name in ("gone", "lost"):
        session.delete_landmark(name)
    for name in ("later", "last"):
        session.define_landmark(name, "heart", (0.1, 0.2))
    for image, structure in (("im1.png", "heart"), ("im1.png", "left_lung"), ("im2.png", "heart")):
        session.set_review(image, "rejected", structure=structure)
    session.move_placement("im1.png", "right_lung_02", (20.5, 30.25))
    session.set_absent("im1.png", "right_lung_03")
    session.move_placement("im2.png", "right_lung_02", (21.5, 31.25))
    write(view_of(session), tmp_path, ["csv", "masks"])
    notes = [note for note in report(tmp_path)["notes"] if "outside the picture" not in note]
    masks, off, rejected, new, deleted, unseen = notes
    assert masks.startswith("Masks are predictions of the model.")
    assert off.startswith("3 points of the model’s contours in 2 images lie off the outline")
    assert rejected.startswith("Readers rejected 3 structures: no mask is written")
    assert new.startswith("2 placements in 1 image are no part of what was accepted")
    assert deleted.endswith("the images keep 2 placements in 1 image of them (deleted_since_accepted).")
    # The model's own points are hidden too, but their contours were seen: they are not counted.
    assert unseen.startswith("2 placements in 1 image are of landmarks that were hidden")
    write(view_of(session, later="leave-out"), tmp_path, ["csv"])
    assert [note.split(" (")[0] for note in report(tmp_path)["notes"] if "defined after" in note] == [
        "Landmarks that were defined after an image was accepted are left out there."
    ]
    assert not any(note.startswith("Masks are") for note in report(tmp_path)["notes"])  # none was written


def ended(job) -> list[object]:
    """The job's events; the test's time limit is the patience of a reader."""
    events: list[object] = []
    thread = threading.Thread(target=lambda: events.extend(job), daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    return events


def test_a_hung_export_is_ended_and_told(session: Session, tmp_path: Path):
    worker = ("-c", "import time; time.sleep(300)")
    job = start_export(session, ["csv"], tmp_path / "out", worker=worker, stalled_seconds=0.5)
    failed, last = ended(job)
    assert isinstance(failed, Failed)
    assert "no progress for 0.5 s" in failed.message
    assert last == Finished(cancelled=False)


def test_a_hung_export_leaves_no_process(session: Session, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        place = server.getsockname()
        code = f"import socket, time; line = socket.create_connection({place!r}); time.sleep(300)"
        job = start_export(session, ["csv"], tmp_path / "out", worker=("-c", code), stalled_seconds=3.0)
        line, _ = server.accept()
        with line:
            ended(job)
            line.settimeout(20)
            assert line.recv(1) == b""  # the system closed the line of a process that is no more


def test_a_hung_export_ends_when_it_is_cancelled(session: Session, tmp_path: Path):
    job = start_export(session, ["csv"], tmp_path / "out", worker=("-c", "import time; time.sleep(300)"))
    job.cancel()
    assert ended(job) == [Finished(cancelled=True)]


@pytest.mark.parametrize("words", ['{"done": 1}', "[]", '{"report": {}}', "3"])
def test_nonsense_of_the_child_ends_in_a_sentence(session: Session, tmp_path: Path, words: str):
    code = f"import sys; print({words!r}, flush=True); sys.stdin.read()"
    events = ended(start_export(session, ["csv"], tmp_path / "out", worker=("-c", code)))
    assert [type(event) for event in events] == [Failed, Finished]


def test_keypoints_outside_the_picture_or_of_a_rejected_structure_are_not_called_visible(
    session: Session, tmp_path: Path
):
    session.define_landmark("hilum", "right_lung", (0.1, 0.2))
    session.move_placement("im1.png", "right_lung_03", (50.5, 60.25))
    session.set_review("im1.png", "rejected", structure="right_lung")
    write(view_of(session), tmp_path, ["csv", "coco"])
    found, names = annotation(tmp_path, "im1.png", "right_lung")
    points = {name: found["keypoints"][3 * i : 3 * i + 3] for i, name in enumerate(names)}
    by_the_reader = points.pop("right_lung_03")
    assert by_the_reader == [50.5, 60.25, 2]  # it counts, whatever the outline is like
    assert set(map(tuple, points.values())) == {(0, 0, 0)}
    assert found["num_keypoints"] == 1
    found, names = annotation(tmp_path, "im2.png", "right_lung")
    outside = {row["landmark"] for row in table(tmp_path) if row["image"] == "im2.png" and row["outside_picture"]}
    flags = {name: found["keypoints"][3 * i + 2] for i, name in enumerate(names)}
    assert {name for name, flag in flags.items() if flag == 1} == outside & set(names)
    assert set(flags.values()) <= {1, 2}


def test_two_deleted_landmarks_of_one_name_are_two_keypoints(session: Session, tmp_path: Path):
    for image, uv in (("im0.png", (0.1, 0.2)), ("im1.png", (-0.3, 0.4))):
        session.define_landmark("hilum", "heart", uv)
        session.set_review(image, "accepted")
        session.delete_landmark("hilum")
    write(view_of(session), tmp_path, ["csv", "coco"])
    for image, name, other in (
        ("im0.png", "hilum (deleted)", "hilum (deleted 2)"),
        ("im1.png", "hilum (deleted 2)", "hilum (deleted)"),
    ):
        found, names = annotation(tmp_path, image, "heart")
        row = row_of(tmp_path, image, "hilum")
        here = found["keypoints"][3 * names.index(name) :][:3]
        np.testing.assert_allclose(here[:2], [float(row["x_px"]), float(row["y_px"])], atol=1e-3)
        assert here[2] > 0
        assert found["keypoints"][3 * names.index(other) :][:3] == [0, 0, 0]
