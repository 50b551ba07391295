"""Whole exports, cell by cell, against what the test itself did to a project; places are looked up by scipy.

Nothing here is square or alike: four sizes of image, one of them turned, readers, notes and times that differ.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as rle
from scipy.ndimage import map_coordinates

from app.core.chart import GRID, REACH
from app.core.orientation import Orientation
from app.core.plausibility import Finding, Reason
from app.formats.from_session import view_of
from app.formats.write import write
from app.io.bundle import Bundle
from app.project.session import Session
from tests.unit.store.fakes import hand_in

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools' decode

SIZES = {"=four.png": (270, 160), "one.png": (300, 320), "sub/two.png": (210, 330), "sub/two.tif": (250, 180)}
"""Height and width."""
STEMS = {"=four.png": "=four", "one.png": "one", "sub/two.png": "sub/two.png", "sub/two.tif": "sub/two.tif"}
SEEDS = {"=four.png": 5, "one.png": 2, "sub/two.png": 6, "sub/two.tif": 3}
"""Of the made-up predictions: 2 lacks the heart, 3 the right clavicle, 5 and 6 nothing."""
TURNED = Orientation(3, mirrored=True)
MIRRORED = Finding(Reason.LOOKS, Orientation(mirrored=True)).code
ACCEPTED = ("=four.png", "one.png")
STRUCTURES = "right_lung", "left_lung", "heart", "right_clavicle", "left_clavicle"


@dataclass
class Said:
    """What the test said of a landmark in an image."""

    state: str
    xy: tuple[float, float] | None
    reader: str


@dataclass
class Ledger:
    """What was done to the project, as the test knows it."""

    session: Session
    uv: dict[str, tuple[str, float, float]] = field(default_factory=dict)
    """Landmark → structure, u, v; in the landmarks' order."""
    said: dict[tuple[str, str], Said] = field(default_factory=dict)
    frozen: dict[str, dict[str, tuple[str, float, float]]] = field(default_factory=dict)
    shown: dict[str, set[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)

    def place(self, image: str, name: str, xy: tuple[float, float]) -> None:
        self.session.move_placement(image, name, xy)
        self.said[image, name] = Said("corrected", xy, self.session.reader)

    def accept(self, image: str, note: str) -> None:
        self.session.set_review(image, "accepted", note, although_suspect=True)
        self.frozen[image] = dict(self.uv)
        self.shown[image] = {name for name in self.uv if name not in self.hidden}

    def looked_up(self, image: str, mark: tuple[str, float, float]) -> tuple[np.ndarray, float] | None:
        """Place and expected error of a template point; None where its structure is absent."""
        seen = self.session.prediction(image)
        c = STRUCTURES.index(mark[0])
        if not seen.present[c]:
            return None
        at = (np.array([[mark[2]], [mark[1]]]) + REACH) / (2 * REACH) * (GRID - 1)  # row from v, column from u
        grids = (seen.charts[c, :, :, 0], seen.charts[c, :, :, 1], seen.expected_error[c])
        x, y, error = (map_coordinates(grid.astype(float), at, order=1).item() for grid in grids)
        return np.array([x, y]), error


@pytest.fixture(scope="module")
def ledger(tmp_path_factory, bundle: Bundle):
    """Four images: two accepted by different readers, one with a rejected structure, one that nobody touched."""
    folder = tmp_path_factory.mktemp("whole")
    for name, size in SIZES.items():
        (folder / "films" / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / "films" / name), np.full(size, 7, np.uint8))
    with Session.create(folder / "p.dsr", bundle, reader="Ann") as session:
        session.add_images([folder / "films"])
        assert session.images == tuple(SIZES)
        ledger = Ledger(session)
        define_landmarks(ledger, bundle)
        ledger.place("sub/two.tif", "hilum", (-0.625, 20.0))  # nobody knows yet how large the picture is
        for name, seed in SEEDS.items():
            hand_in(session, name, seed, SIZES[name], MIRRORED if name == "sub/two.tif" else "")
        session.set_orientation("sub/two.png", TURNED.quarter_turns, TURNED.mirrored)
        hand_in(session, "sub/two.png", SEEDS["sub/two.png"], SIZES["sub/two.png"])
        before_acceptance(ledger)
        ledger.accept("=four.png", "=fine")
        session.reader = "Bea"
        ledger.accept("one.png", "no heart to see")
        after_acceptance(ledger)
        yield ledger


def define_landmarks(ledger: Ledger, bundle: Bundle) -> None:
    session = ledger.session
    ledger.uv = {mark.name: (mark.structure, mark.u, mark.v) for mark in bundle.landmarks}
    ledger.given, ledger.hidden = set(ledger.uv), set(ledger.uv)
    for name, structure, u, v in (("gone", "heart", 0.1, 0.2), ("hilum", "right_lung", 0.25, -0.5)):
        session.define_landmark(name, structure, (u, v), rule=f"where {name} is")
        ledger.uv[name] = structure, u, v
    session.define_landmark("apex", "left_lung", (-0.3, 0.6), group="tops", colour="#ff8a5c")
    session.update_landmark("apex", hidden=True)
    session.order_landmark("apex", "hilum", "tops")
    last = ledger.uv.pop("hilum")
    ledger.uv |= {"apex": ("left_lung", -0.3, 0.6), "hilum": last}
    session.update_landmark("heart_03", hidden=False)
    session.move_landmark("right_lung_05", (0.125, -0.0625))
    ledger.uv["right_lung_05"] = "right_lung", 0.125, -0.0625
    ledger.hidden = (ledger.given - {"heart_03"}) | {"apex"}


def before_acceptance(ledger: Ledger) -> None:
    session = ledger.session
    session.set_spacing("=four.png", 0.25, 0.125)
    ledger.place("=four.png", "heart_07", (50.5, 60.25))
    ledger.place("=four.png", "hilum", (-0.375, 20.0))
    session.set_absent("=four.png", "left_lung_08")
    session.confirm_placement("=four.png", "heart_09")
    at = ledger.looked_up("=four.png", ledger.uv["heart_09"])
    ledger.said["=four.png", "left_lung_08"] = Said("absent", None, "Ann")
    ledger.said["=four.png", "heart_09"] = Said("confirmed", at[0], "Ann")
    ledger.place("one.png", "heart_00", (33.0, 44.5))  # in a structure that is absent there
    ledger.place("sub/two.png", "right_lung_02", (20.5, 30.25))
    ledger.place("sub/two.png", "heart_11", (21.5, 31.25))


def after_acceptance(ledger: Ledger) -> None:
    session = ledger.session
    session.delete_landmark("gone")
    del ledger.uv["gone"]
    session.move_landmark("hilum", (-0.125, 0.375))
    ledger.uv["hilum"] = "right_lung", -0.125, 0.375
    session.define_landmark("later", "heart", (0.3, -0.25))
    ledger.uv["later"] = "heart", 0.3, -0.25
    ledger.place("sub/two.png", "later", (100.0, 90.0))
    session.set_review("sub/two.png", "second_opinion", "turned?")
    session.set_review("sub/two.png", "rejected", "leaks", structure="heart")
    session.set_review("sub/two.png", "second_opinion", "apex?", structure="left_lung")


def expected_rows(ledger: Ledger, image: str, later: str) -> list[dict]:
    """Each row as values; None stands for an empty cell."""
    session, entry = ledger.session, ledger.session.image(image)
    times = {p.landmark.name: p.at for p in session.placements_in(image)}
    (height, width), size = SIZES[image], (0.125, 0.25) if image == "=four.png" else None
    frozen = ledger.frozen.get(image)
    kept = frozen or {}
    names = [*list(ledger.uv)[:166], *(["gone"] if frozen else []), *list(ledger.uv)[166:]]
    rows = []
    for name in names:
        new = bool(frozen) and name not in kept
        if new and later == "leave-out":
            continue
        mark = kept.get(name) or ledger.uv[name]
        said, found = ledger.said.get((image, name)), ledger.looked_up(image, mark)
        xy, error = found or (None, None)
        state = "predicted" if found else "absent"
        if said:
            xy, error, state = said.xy, 0.0, said.state
        moved = float(np.hypot(*(np.array(xy) - found[0]))) if said and found and xy is not None else None
        mask = "predicted" if session.prediction(image).present[STRUCTURES.index(mark[0])] else "absent"
        reviews = {"heart": "rejected", "left_lung": "second_opinion"} if image == "sub/two.png" else {}
        mask = "rejected" if reviews.get(mark[0]) == "rejected" else mask
        outside = xy is not None and not (-0.5 <= xy[0] <= width - 0.5 and -0.5 <= xy[1] <= height - 0.5)
        off = name in ledger.given and mask == "predicted" and state != "confirmed" and said is not None
        seen = {True: "yes", False: "no"}[name in ledger.shown[image] or said is not None] if frozen else ""
        rows.append(
            {
                "image": "'=four.png" if image == "=four.png" else image,
                "structure": mark[0],
                "landmark": name,
                "x_px": None if xy is None else xy[0],
                "y_px": None if xy is None else xy[1],
                "x_mm": None if xy is None or size is None else xy[0] * size[0],
                "y_mm": None if xy is None or size is None else xy[1] * size[1],
                "confidence": None if xy is None else 1 / (1 + (error / (0.012 * np.hypot(*SIZES[image]))) ** 2),
                "expected_error_px": None if xy is None else error,
                "expected_error_mm": None if xy is None or size is None else error * np.sqrt(size[0] * size[1]),
                "state": state,
                "review": {"sub/two.png": "second_opinion", "sub/two.tif": "in_progress"}.get(image, "accepted"),
                "suspect": entry.suspect,
                "reader": said.reader if said else "Bea" if image in ("one.png", "sub/two.png") else "Ann",
                "time_utc": times[name] if said else entry.reviewed_at,
                "spacing_row_mm": "0.25" if size else "",
                "spacing_column_mm": "0.125" if size else "",
                "spacing_provenance": "given by the reader" if size else "",
                "orientation": "turned_270 mirrored" if image == "sub/two.png" else "as_stored",
                "mask": mask,
                "structure_review": reviews.get(mark[0], ""),
                "off_outline": "yes" if off else "",
                "new_since_accepted": "yes" if new else "",
                "deleted_since_accepted": "yes" if name == "gone" else "",
                "outside_picture": "yes" if outside else "",
                "shown": "" if new else seen,
                "moved_px": None if moved is None else moved,
            }
        )
    return rows


SCOPES = [("all", ()), ("accepted", ()), ("selected", ("sub/two.tif", "=four.png")), ("image", ("one.png",))]


def names_of(scope: str, named: tuple[str, ...]) -> list[str]:
    wanted = {"all": SIZES, "accepted": ACCEPTED}.get(scope, named)
    return [name for name in SIZES if name in wanted]


@pytest.mark.parametrize("later", ["mark", "leave-out"])
@pytest.mark.parametrize(("scope", "named"), SCOPES)
def test_every_cell_of_the_table_is_what_was_done(ledger: Ledger, tmp_path: Path, scope, named, later):
    write(view_of(ledger.session, scope, named, later), tmp_path, ["csv"])
    with (tmp_path / "landmarks.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    wanted = [row for name in names_of(scope, named) for row in expected_rows(ledger, name, later)]
    assert [(row["image"], row["landmark"]) for row in found] == [(row["image"], row["landmark"]) for row in wanted]
    for got, want in zip(found, wanted, strict=True):
        assert list(got) == list(want)
        for column, value in want.items():
            where = f"{column} of {got['landmark']} in {got['image']}"
            if isinstance(value, str):
                assert got[column] == value, where
            elif value is None:
                assert got[column] == "", where
            else:  # charts in memory are float16 offsets from a plane: 0.01 px
                assert float(got[column]) == pytest.approx(value, abs=0.02), where


def native(ledger: Ledger, image: str, structure: str) -> np.ndarray:
    """A predicted mask at native size: the network's probability, interpolated linearly, above one half."""
    (height, width), frame = SIZES[image], ledger.session.image(image).frame
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    at = frame.to_network(np.stack([x, y], axis=-1))
    probability = ledger.session.prediction(image).masks[STRUCTURES.index(structure)].astype(float)
    return map_coordinates(probability, [at[..., 1], at[..., 0]], order=1) > 127.49


def same(mask: np.ndarray, other: np.ndarray) -> bool:
    """Alike but for some pixels of the rim, where OpenCV rounds to 1/32 pixel."""
    return mask.shape == other.shape and (mask != other).sum() <= 0.3 * np.sqrt(other.sum())


@pytest.mark.parametrize("later", ["mark", "leave-out"])
def test_every_annotation_of_coco_is_what_was_done(ledger: Ledger, tmp_path: Path, later):
    write(view_of(ledger.session, "all", (), later), tmp_path, ["coco", "masks"])
    data = json.loads((tmp_path / "coco.json").read_text("utf-8"))
    for number, (category, name) in enumerate(zip(data["categories"], STRUCTURES, strict=True), 1):
        assert (category["id"], category["name"], category["supercategory"]) == (number, name, "chest")
        own = [mark for mark, (structure, *_) in ledger.uv.items() if structure == name]
        assert category["keypoints"] == own + (["gone (deleted)"] if name == "heart" else [])
    entries = [(entry["id"], entry["file_name"], entry["height"], entry["width"]) for entry in data["images"]]
    assert entries == [(i, name, *SIZES[name]) for i, name in enumerate(SIZES, 1)]
    assert [a["id"] for a in data["annotations"]] == list(range(1, len(data["annotations"]) + 1))
    found = {(a["image_id"], a["category_id"]): a for a in data["annotations"]}
    expected = set()
    for i, image in enumerate(SIZES, 1):
        rows = expected_rows(ledger, image, later)
        for c, structure in enumerate(STRUCTURES, 1):
            here = [row for row in rows if row["structure"] == structure]
            if all(row["x_px"] is None for row in here):
                assert (i, c) not in found
                assert not np.asarray(Image.open(tmp_path / "masks" / STEMS[image] / f"{structure}.png")).any()
                continue
            expected.add((i, c))
            check_annotation(ledger, image, structure, here, found[i, c], data["categories"][c - 1]["keypoints"])
            check_mask(ledger, tmp_path, image, structure, here, found[i, c])
    assert set(found) == expected


def check_annotation(ledger, image, structure, rows, found, names) -> None:
    by_name = {"gone (deleted)" if row["landmark"] == "gone" else row["landmark"]: row for row in rows}
    points = np.reshape(found["keypoints"], (-1, 3))
    assert len(points) == len(names)
    count = 0
    for name, point, state in zip(names, points, found["keypoint_states"], strict=True):
        row = by_name.get(name)
        assert state == (row["state"] if row else "")
        rejected = row is not None and row["mask"] == "rejected" and row["state"] == "predicted"
        if row is None or row["x_px"] is None or rejected:
            assert point.tolist() == [0, 0, 0]
            continue
        count += 1
        assert point[:2] == pytest.approx([row["x_px"], row["y_px"]], abs=0.02)
        assert point[2] == (1 if row["outside_picture"] else 2)
    assert found["num_keypoints"] == count
    marks = {key: (key, "yes") for key in ("off_outline", "new_since_accepted", "deleted_since_accepted")}
    marks |= {"outside_picture": ("outside_picture", "yes"), "not_shown": ("shown", "no")}
    for key, (column, value) in marks.items():
        assert found.get(key, []) == [name for name, row in by_name.items() if row[column] == value]


def check_mask(ledger, folder, image, structure, rows, found) -> None:
    source = rows[0]["mask"]
    assert found["mask"] == source
    assert found.get("ignore", 0) == (1 if source == "rejected" else 0)
    reviews = {"heart": ("rejected", "leaks", "Bea"), "left_lung": ("second_opinion", "apex?", "Bea")}
    review = reviews.get(structure) if image == "sub/two.png" else None
    said = tuple(found[key] for key in ("review", "review_note", "review_reader")) if "review" in found else None
    assert said == review
    png = folder / "masks" / STEMS[image] / f"{structure}.png"
    assert png.exists() == (source != "rejected")
    if source == "absent":  # a reader's point stands in it, but no mask
        assert "segmentation" not in found
        return
    mask = rle.decode(found["segmentation"]).astype(bool)
    assert mask.shape == SIZES[image]
    if source == "rejected":
        assert not mask.any()
        return
    assert same(mask, native(ledger, image, structure))
    np.testing.assert_array_equal(np.asarray(Image.open(png)), mask * np.uint8(255))
    ys, xs = np.nonzero(mask)
    assert found["area"] == mask.sum()
    assert found["bbox"] == [xs.min(), ys.min(), xs.max() - xs.min() + 1, ys.max() - ys.min() + 1]


def test_the_report_tells_of_each_image_what_the_table_tells(ledger: Ledger, tmp_path: Path):
    session = ledger.session
    write(view_of(session, "selected", list(SIZES)[::-1]), tmp_path, ["landmarks", "csv", "coco", "masks"])
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    head = (report["program"], report["project"], report["scope"], report["model"], report["bundle_sha256"])
    assert head == ("DenseSeg Review", "p.dsr", "selected", "chest", session.bundle.sha256)
    assert (report["cancelled"], report["not_written"]) == (False, [])
    masks = {f"masks/{STEMS[i]}/{s}.png" for i in SIZES for s in STRUCTURES} - {"masks/sub/two.png/heart.png"}
    assert set(report["files"]) == masks | {"landmarks.csv", "coco.json", "landmarks.json"}
    pictures = json.loads((tmp_path / "coco.json").read_text("utf-8"))["images"]
    notes = {"=four.png": "=fine", "one.png": "no heart to see", "sub/two.png": "turned?", "sub/two.tif": ""}
    for image, entry, picture in zip(SIZES, report["images"], pictures, strict=True):
        rows = expected_rows(ledger, image, "mark")
        known = session.image(image)
        size = {"row_mm": 0.25, "column_mm": 0.125, "provenance": "given by the reader"}
        facts = {
            "review": rows[0]["review"],
            "review_note": notes[image],
            "reader": "Bea" if image in ("one.png", "sub/two.png") else "Ann",
            "time_utc": known.reviewed_at,
            "suspect": "This frontal chest radiograph looks mirrored; right and left may be swapped."
            if image == "sub/two.tif"
            else "",
            "file_changed_since_accepted": False,
            "spacing": size if image == "=four.png" else None,
            "orientation": rows[0]["orientation"],
        }
        assert {key: picture[key] for key in facts} == facts
        columns = ("off_outline", "new_since_accepted", "deleted_since_accepted", "outside_picture")
        lists = {key: [row["landmark"] for row in rows if row[key] == "yes"] for key in columns}
        lists["not_shown"] = [row["landmark"] for row in rows if row["shown"] == "no"]
        of_heart = {"ctr"} if image == "sub/two.png" else set()
        lists["rejected_regions"] = []  # no region is drawn
        lists["rejected_measurements"] = [one.name for one in session.measurements if one.name in of_heart]
        structures = entry.pop("structures")
        assert entry == {"name": image, "state": "done", "message": "", "corrected_masks": [], **facts, **lists}
        said = [(s["name"], s["review"], s["note"], s["reader"]) for s in structures]
        heart, lung = ("heart", "rejected", "leaks", "Bea"), ("left_lung", "second_opinion", "apex?", "Bea")
        assert sorted(said) == ([heart, lung] if image == "sub/two.png" else [])


def test_the_landmark_set_holds_what_is_no_plain_point_of_the_model(ledger: Ledger, tmp_path: Path):
    write(view_of(ledger.session, "accepted"), tmp_path, ["landmarks"])
    found = json.loads((tmp_path / "landmarks.json").read_text("utf-8"))
    assert found["anatomy"] == "chest"
    own = [name for name in ledger.uv if name not in ledger.given or name in {"heart_03", "right_lung_05"}]
    assert [mark["name"] for mark in found["landmarks"]] == own
    known = {mark.name: mark for mark in ledger.session.landmarks}
    for mark in found["landmarks"]:
        assert (mark["structure"], mark["u"], mark["v"]) == ledger.uv[mark["name"]]
        assert mark["colour"] == known[mark["name"]].colour
    texts = {mark["name"]: (mark["rule"], mark["group"]) for mark in found["landmarks"]}
    assert (texts["hilum"], texts["apex"]) == (("where hilum is", ""), ("", "tops"))
    assert known["apex"].colour == "#ff8a5c"
