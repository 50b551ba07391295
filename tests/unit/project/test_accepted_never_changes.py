"""Whatever is done to a project, and undone and done again, an accepted image stays as it was accepted."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.core.annotation import AnnotatedMask, AnnotatedPoint, ImageAnnotations, ImageReference, PackedMask
from app.core.landmark import PlacementState
from app.formats.from_session import view_of
from app.formats.write import write
from app.io.bundle import Bundle
from app.jobs import Result
from app.project.session import Session
from tests.unit.project.test_every_action import CASES, Do
from tests.unit.store.fakes import fake_predict, fake_predicted

ACCEPTED = ("im0.png", "im2.png")
READS = {
    *(
        "absences",
        "looks_like",
        "mask",
        "masks",
        "mask_state",
        "off_outline",
        "calipers",
        "preview_ends",
        "landmark_of",
        "start_quality",
        "reviewed",
    ),
    *("check_formula", "measurable", "measure", "measure_ahead", "measurement", "measurements", "measurements_in"),
    *("offered_measurements", "preview_measurements", "regions", "region", "regions_in", "offered_regions"),
    *("accepted", "bundle", "changed", "corrections", "crosses", "diagonals", "due", "engine", "equally_suspect"),
    *("history", "id", "image", "images", "landmark", "landmarks", "least_certain", "new_since_accepted"),
    *(
        "next_redo",
        "next_undo",
        "path",
        "place_in",
        "patient_images",
        "places_in",
        "placements",
        "placements_in",
        "prediction",
        "prediction_id",
    ),
    *(
        "preview",
        "preview_move",
        "learnt_place",
        "preview_places",
        "read_ahead",
        "read_only",
        "reading_ahead",
        "redo_label",
        "refused",
    ),
    *("refusals", "remark", "remedy", "review", "start_find_moved", "status", "structures_at"),
    *(
        "suspect",
        "template",
        "template_point",
        "undo_label",
        "written_again",
        "start_compare",
        "check_kept",
        "start_check_kept",
        "take_kept",
    ),
    *("absences", "accepted_with", "suspect_brief", "measure_grey", "start_measure_grey"),
    *("take_grey", "measures_grey", "start_cohort", "start_pool", "comparable_grey", "moves_in"),
    *("match_annotations", "preview_import", "opinions", "opinion_images", "opinion_placements", "opinion_masks"),
    *("opinion_mask", "compare_opinion", "opinion_pairs"),
    *("start_add", "start_take_added", "start_check_files", "deleted_landmarks"),
}
"""What asks and does nothing."""
OPENING = {"create", "open", "close"}
AGAIN = {"undo", "redo", "start_undo", "start_redo"}
"""Tried after each of the others."""


def moved_accepted(session: Session) -> None:
    path = session.image("im0.png").path
    path.rename(path.with_name("elsewhere.png"))
    session.check_files()
    assert session.take_moved({"im0.png": path.with_name("elsewhere.png")}).found == ("im0.png",)


def predicted_again(session: Session) -> None:
    """A job was under way for an image that was accepted meanwhile."""
    session.set_review("im1.png", "unread")
    session.start_predict(["im1.png"]).cancel()
    session.take_in(Result("im1.png", fake_predicted(session, "im1.png", 52)))
    for name in ACCEPTED:
        session.take_in(Result(name, fake_predicted(session, name, 53, (200, 260))))


def touched(session: Session, by_job: bool = False) -> None:
    for name in ACCEPTED:
        os.utime(session.image(name).path, ns=(1, 1))
    if by_job:
        assert [name for event in session.start_check_files() for name in session.take_checked(event)] == list(ACCEPTED)
    else:
        session.check_files()


def named(session: Session) -> None:
    session.reader = "Cem"


def every_landmark_moved(session: Session) -> None:
    for name in ("hilum", "top", "tip", "heart_00", "later"):
        session.move_landmark(name, (-0.25, 0.125))


def every_region_deleted(session: Session) -> None:
    session.update_region("lower", name="low", colour="#123456", hidden=True)
    for name in ("low", "rim"):
        session.delete_region(name)
    session.define_region("lower", "left_lung", ((0.5, 0.0), (0.0, 0.5), (-0.5, 0.0)))  # another one of that name


def every_landmark_deleted(session: Session) -> None:
    for name in ("hilum", "top", "tip", "heart_00", "later"):
        session.delete_landmark(name)


def all_changed(session: Session) -> None:
    session.update_landmark("hilum", name="hilus", rule="elsewhere", colour="#123456", hidden=True)
    session.update_landmark("top", u=0.5, v=-0.75, hidden=True)


def the_rest_accepted(session: Session) -> None:
    session.set_review(session.images, "accepted", although_suspect=True)
    session.set_review("im1.png", "second_opinion", "left apex?")


def accepted_by_a_job(session: Session) -> None:
    job = session.start_accept(session.images)
    while not job.go_on(0.0):
        pass


def everything_imported(session: Session, by_job: bool = False) -> None:
    """Of accepted images too, over all that was said."""
    mask = np.zeros((300, 320), bool)
    mask[30:200, 41:90] = mask[60:66, 40:300] = True
    marks = list(enumerate(session.landmarks))[:40]
    points = [AnnotatedPoint(mark.name, np.array([40.5 + i, 90.25 + 2 * i])) for i, mark in marks]
    masks = [AnnotatedMask(structure.name, PackedMask.of(mask)) for structure in session.template.structures]
    read = [ImageAnnotations(ImageReference(name), points, masks, "all.json") for name in session.images]
    if by_job:
        job = session.start_import(session.match_annotations(read), over=True)
        while not job.go_on(0.0):
            pass
        return
    for name in ("Cem", "corrections"):
        session.import_annotations(read, name, over=True)
    session.take_over("Cem", over=True)
    session.delete_opinion("Cem")


OTHERS: tuple[tuple[str, Do], ...] = (
    ("import_annotations", everything_imported),
    ("start_import", lambda s: everything_imported(s, by_job=True)),
    ("move_landmark", every_landmark_moved),
    ("delete_landmark", every_landmark_deleted),
    ("delete_region", every_region_deleted),
    ("update_landmark", all_changed),
    ("set_review", the_rest_accepted),
    ("start_accept", accepted_by_a_job),
    ("take_moved", moved_accepted),
    ("find_moved", lambda s: s.find_moved(s.path.parent)),
    ("start_predict", predicted_again),
    ("take_in", predicted_again),
    ("predict", lambda s: s.predict()),
    ("check_files", touched),
    ("take_checked", lambda s: touched(s, by_job=True)),
    ("reader", named),
    ("save_copy", lambda s: s.save_copy(s.path.with_name("copy.dsr"))),
    ("start_save_copy", lambda s: list(s.start_save_copy(s.path.with_name("copy.dsr")))),
    ("threads", lambda s: setattr(s, "threads", 1)),
    ("trouble", lambda s: None),
    ("compare", lambda s: s.compare()),
    ("take_compared", lambda s: [s.take_compared(event) for event in s.start_compare(s.images)]),
)
DONE: tuple[tuple[str, Do, Do], ...] = (
    *((case.method, case.before, case.act) for case in CASES),
    *((method, lambda session: None, act) for method, act in OTHERS),
)


@pytest.fixture
def ready(session: Session) -> Session:
    """im0.png and im2.png are accepted, with all that can be said of them; im1.png is not; “later” came later."""
    for name, structure, uv in (
        ("hilum", "right_lung", (0.125, 0.25)),
        ("top", "left_lung", (0.5, -0.625)),
        ("tip", "heart", (0.75, 0.375)),
    ):
        session.define_landmark(name, structure, uv)
    session.set_spacing("im0.png", 0.5, 0.25)
    session.set_orientation("im2.png", 1, inverted=True)
    fake_predict(session)
    session.move_placement("im0.png", "hilum", (50.5, 40.25))
    session.move_placement("im1.png", "hilum", (70.25, 30.5))
    for image in session.images:
        session.set_absent(image, "top")
    session.confirm_placement("im0.png", "tip")
    session.set_absent("im2.png", "heart_00")
    session.set_mask("im0.png", "left_lung", np.eye(300, 320, 2, dtype=bool))
    session.set_mask_absent("im2.png", "right_clavicle")
    session.set_review("im0.png", "rejected", "leaks", structure="heart")
    session.define_region("lower", "left_lung", ((0.0, -0.25), (0.5, -0.375), (0.5, 0.5)))
    session.define_region("rim", "heart", ((-0.5, 0.25), (0.25, 0.125), (0.5, 0.75)), closed=False)
    session.reader = "Bea"
    session.set_review(["im0.png", "im2.png"], "accepted", "well seen")
    session.define_landmark("later", "heart", (-0.5, 0.25))
    session.define_region("new", "heart", ((-0.5, 0.25), (0.25, 0.125), (0.5, 0.75)))
    return session


Seen = dict[str, object]
NAMES = {"hilus": "hilum"}
"""A landmark's name is the project's: what it is called now, and when the images were accepted."""


def old_name(name: str) -> str:
    name = name.removesuffix(" (deleted)")
    return NAMES.get(name, name)


def numbers(array: object) -> object:
    return np.nan_to_num(np.asarray(array, float), nan=-1e9).tolist()


def seen(session: Session, folder: Path) -> Seen:
    """All that belongs to the accepted images, in the window and in exports."""
    found: Seen = {}
    for image in ACCEPTED:
        entry, prediction = session.image(image), session.prediction(image)
        kept = [p for p in session.placements_in(image) if not p.new_since_accepted]
        found[image, "placements"] = {
            old_name(p.landmark.name): (
                *(p.state, numbers(p.xy), numbers(p.expected_error), numbers(p.confidence)),
                *(p.reader, p.at, numbers(p.cross) if p.state is PlacementState.ABSENT else ()),
            )
            for p in kept
        }
        slot = session.images.index(image)
        here = [(p.landmark.name, session.placements(p.landmark.name)) for p in kept if not p.deleted]
        for name, placements in here:
            (one,) = (p for p in kept if p.landmark.name == name and not p.deleted)
            np.testing.assert_array_equal(placements.xy[slot], one.xy)
            assert placements.states[slot] is one.state
            if one.state is PlacementState.ABSENT:
                np.testing.assert_array_equal(session.crosses(name)[slot], one.cross)
        found[image, "arrays"] = [
            getattr(prediction, part).tobytes() for part in ("masks", "uv", "charts", "expected_error", "present")
        ]
        found[image, "regions"] = [
            (one.number, one.region.closed, numbers(one.xy))
            for one in session.regions_in(image)
            if not one.new_since_accepted
        ]
        assert len(found[image, "regions"]) == 2
        masks = session.masks(image)
        for structure in (one.name for one in session.template.structures):
            native, said = masks.native(structure), masks.by_reader.get(structure)
            bits = b"" if native is None else np.packbits(native).tobytes()
            who = (said.reader, said.at) if said is not None else ()
            found[image, "mask", structure] = (masks.state(structure), bits, who)
        found[image, "entry"] = (entry.frame, entry.review, entry.note, entry.structures, entry.reviewed_by)
        found[image, "more"] = (entry.reviewed_at, entry.suspect, entry.left_as_is, entry.changed_since_accepted)
        found[image, "count"] = (session.corrections(image), session.prediction_id(image))
    return found | exported(session, folder)


def exported(session: Session, folder: Path) -> Seen:
    found: Seen = {}
    report = write(view_of(session, "accepted", later="leave-out"), folder, ["csv", "coco", "masks"])
    assert report.complete
    with (folder / "landmarks.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["image"] in ACCEPTED]
    for row in rows:
        del row["deleted_since_accepted"]
        name = row["landmark"] = old_name(row["landmark"])
        key = row["image"], "csv", row["structure"], name
        assert key not in found
        found[key] = row
    for path in sorted((folder / "masks").rglob("*.png")):
        if f"{path.parent.name}.png" in ACCEPTED:
            found[path.parent.name, path.name] = path.read_bytes()
    found.update(in_coco(json.loads((folder / "coco.json").read_text("utf-8"))))
    return found


def in_coco(coco: dict[str, list[dict[str, object]]]) -> Seen:
    found: Seen = {}
    images = {image.pop("id"): image for image in coco["images"]}
    categories = {category["id"]: category for category in coco["categories"]}
    for image in images.values():
        if image["file_name"] in ACCEPTED:
            found["coco", image["file_name"]] = image
    for one in coco["annotations"]:
        image = images[one["image_id"]]["file_name"]
        if image not in ACCEPTED:
            continue
        category = categories[one["category_id"]]
        keypoints = np.reshape(one.pop("keypoints"), (-1, 3)).tolist()
        states = one.pop("keypoint_states")
        each = zip(category["keypoints"], keypoints, states, strict=True)
        one["named"] = {old_name(name): (at, state) for name, at, state in each if state}
        for key in ("off_outline", "not_shown", "outside_picture"):
            one[key] = sorted(map(old_name, one.pop(key, [])))
        one["moved_px"] = {old_name(name): far for name, far in one.pop("moved_px", {}).items()}
        for key in ("id", "image_id", "deleted_since_accepted"):
            one.pop(key, None)
        found["coco", image, category["name"]] = one
    return found


def check_same(session: Session, before: Seen, folder: Path, when: str) -> None:
    now = seen(session, folder)
    assert now.keys() == before.keys(), when
    for key, value in before.items():
        assert now[key] == value, (when, key)


def test_every_public_name_of_a_session_is_tried_or_known_to_do_nothing():
    public = {name for part in Session.__mro__[:-1] for name in vars(part) if not name.startswith("_")}
    assert public - READS - OPENING - AGAIN <= {method for method, _, _ in DONE}
    assert {*READS, *OPENING, *AGAIN} <= public | {"bundle"}


@pytest.mark.parametrize(("method", "first", "act"), DONE, ids=[f"{i}-{done[0]}" for i, done in enumerate(DONE)])
def test_nothing_that_is_done_undone_and_done_again_changes_an_accepted_image(
    ready: Session, tmp_path: Path, bundle: Bundle, method: str, first: Do, act: Do
):
    before, lines, out = seen(ready, tmp_path / "out"), len(ready.history()), tmp_path / "out"
    assert len(before) > 166 * len(ACCEPTED)
    first(ready)
    act(ready)
    check_same(ready, before, out, method)
    count = len(ready.history()) - lines
    steps: tuple[tuple[str, Callable[[Session], object]], ...] = (("undo", Session.undo), ("redo", Session.redo))
    for name, step in steps:
        for _ in range(count):
            assert step(ready) is not None
        check_same(ready, before, out, f"{name} of {method}")
    ready.close()
    with Session.open(ready.path, model=bundle) as again:
        check_same(again, before, out, f"{method}, reopened")


def test_the_state_before_a_reopening_comes_back_by_undo_although_the_file_is_another_one_now(
    ready: Session, tmp_path: Path
):
    before = ready.image("im0.png").frame, [numbers(p.xy) for p in ready.placements_in("im0.png")]
    assert (before[0].height, before[0].width) == (300, 320)
    ready.set_review("im0.png", "in_progress")
    cv2.imwrite(str(ready.image("im0.png").path), np.full((200, 260), 99, np.uint8))
    ready.check_files()
    ready.start_predict(["im0.png"]).cancel()
    found = fake_predicted(ready, "im0.png", 61, (200, 260))
    ready.take_in(Result("im0.png", replace(found, facts=replace(found.facts, spacing=None))))
    assert ready.image("im0.png").frame.height == 200
    ready.undo()
    after = ready.image("im0.png").frame, [numbers(p.xy) for p in ready.placements_in("im0.png")]
    assert after == before
    assert ready.image("im0.png").changed_since_accepted
    ready.redo()
    assert ready.image("im0.png").frame.height == 200


def test_a_deleted_landmark_is_dropped_when_its_image_is_reopened_and_comes_back_by_undo(ready: Session):
    ready.delete_landmark("hilum")
    assert ready.corrections("im0.png") == 3
    ready.set_review("im0.png", "in_progress")
    assert ready.corrections("im0.png") == 2  # “top” is absent still, and the left lung was drawn
    ready.undo()
    (one,) = (p for p in ready.placements_in("im0.png") if p.deleted)
    assert (one.landmark.name, one.reader, one.xy.tolist()) == ("hilum", "Ann", [50.5, 40.25])
