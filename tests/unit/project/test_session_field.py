"""Landmarks outside all structures: placed, frozen, exported and learnt from like all others."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.core.landmark import PlacementState
from app.core.template import FIELD
from app.core.template_point import place_of
from app.formats.from_session import view_of
from app.formats.write import write
from app.io.bundle import Bundle
from app.jobs import Result
from app.project.session import Session
from tests.unit.store.fakes import fake_predict, fake_predicted

CARINA = (0.03, -0.22)


@pytest.fixture
def placed(session: Session) -> Session:
    fake_predict(session)
    session.define_landmark("carina", FIELD, CARINA)
    return session


def expected(session: Session, image: str, uv: tuple[float, float] = CARINA) -> tuple[np.ndarray, float]:
    xy, error = place_of(session.prediction(image), session.template, FIELD, uv)
    return xy, float(error)


def check(session: Session, uv: tuple[float, float], images: tuple[str, ...]) -> None:
    found = session.placements("carina")
    for place, image in enumerate(session.images):
        if image in images:
            xy, error = expected(session, image, uv)
            one = next(p for p in session.placements_in(image) if p.landmark.name == "carina")
            np.testing.assert_allclose([found.xy[place], one.xy], [xy, xy], atol=0.05)
            np.testing.assert_allclose([found.expected_error[place], one.expected_error], error, rtol=0.02)
            assert found.states[place] is PlacementState.PREDICTED


def test_it_is_in_every_image_stays_where_it_was_accepted_and_follows_elsewhere(placed: Session, bundle: Bundle):
    check(placed, CARINA, placed.images)
    placed.set_review("im1.png", "accepted")
    before = placed.placements("carina").xy[1]
    placed.move_landmark("carina", (0.1, -0.3))
    placed.start_predict(["im0.png"]).cancel()
    placed.take_in(Result("im0.png", fake_predicted(placed, "im0.png", 9)))
    placed.close()
    with Session.open(placed.path, model=bundle) as again:
        np.testing.assert_array_equal(again.placements("carina").xy[1], before)
        check(again, (0.1, -0.3), ("im0.png", "im2.png"))
        again.move_placement("im2.png", "carina", (100.5, 90.25))
        again.set_absent("im0.png", "carina")
        states = again.placements("carina").states
        assert [states[0], states[2]] == [PlacementState.ABSENT, PlacementState.CORRECTED]


def test_its_error_hides_no_doubt_of_the_images(session: Session):
    """Structures are surer here than anything in the field."""
    for seed, image in enumerate(session.images):
        session.start_predict([image]).cancel()
        found = fake_predicted(session, image, seed)
        sure = replace(found.prediction, expected_error=found.prediction.expected_error / 100)
        session.take_in(Result(image, replace(found, prediction=sure)))
    before = [session.least_certain(image) for image in session.images]
    session.define_landmark("far away", FIELD, (1.0, -1.0))
    assert [session.least_certain(image) for image in session.images] == before
    assert session.placements("far away").expected_error.min() > max(one.expected_error for one in before)
    session.move_placement("im0.png", "heart_00", (50, 60))
    assert session.least_certain("im0.png").landmark.structure != FIELD
    assert session.start_quality().go_on()


def test_a_pixel_outside_all_structures_leads_to_the_landmark_that_lies_there(placed: Session):
    xy, _ = expected(placed, "im0.png")
    assert placed.structures_at("im0.png", tuple(xy)) == ()
    structure, uv, miss = placed.template_point("im0.png", tuple(xy))
    assert structure == FIELD
    np.testing.assert_allclose(uv, CARINA, atol=1e-3)
    assert miss < 0.01
    inside = placed.place_in("im0.png", "heart", (0.1, 0.2))
    assert placed.template_point("im0.png", tuple(inside))[0] == "heart"


def test_it_learns_from_corrections(placed: Session):
    wanted = (0.09, -0.26)
    for image in placed.images:
        placed.move_placement(image, "carina", tuple(placed.place_in(image, FIELD, wanted)))
    learnt = placed.learnt_place("carina")
    np.testing.assert_allclose(learnt.uv, wanted, atol=0.01)
    assert learnt.moved_mm == pytest.approx(
        np.hypot(*((np.array(wanted) - CARINA) * placed.template.field.half_size_mm)), rel=0.1
    )


def test_exports_name_the_field_and_give_it_no_mask(placed: Session, tmp_path: Path):
    placed.move_placement("im1.png", "carina", (100.5, 90.25))
    assert write(view_of(placed), tmp_path / "out", ["csv", "coco", "masks", "landmarks"]).complete
    with (tmp_path / "out" / "landmarks.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["image"]: row for row in csv.DictReader(file) if row["landmark"] == "carina"}
    assert [(row["structure"], row["mask"]) for row in rows.values()] == [(FIELD, "")] * 3
    xy, error = expected(placed, "im0.png")
    found = [float(rows["im0.png"][key]) for key in ("x_px", "y_px", "expected_error_px")]
    np.testing.assert_allclose(found, [*xy, error], rtol=0.02)
    coco = json.loads((tmp_path / "out" / "coco.json").read_text("utf-8"))
    *others, field = coco["categories"]
    assert (field["name"], field["keypoints"]) == (FIELD, ["carina"])
    assert [one["name"] for one in others] == [one.name for one in placed.template.structures]
    (moved,) = [one for one in coco["annotations"] if one["category_id"] == field["id"] and one["image_id"] == 2]
    assert moved["keypoints"] == [100.5, 90.25, 2]
    assert "segmentation" not in moved
    (mark,) = json.loads((tmp_path / "out" / "landmarks.json").read_text("utf-8"))["landmarks"]
    assert (mark["structure"], mark["u"], mark["v"]) == (FIELD, *CARINA)
    assert not list((tmp_path / "out").rglob(f"{FIELD}.png"))


def test_without_such_a_landmark_nothing_of_the_field_is_exported(session: Session, tmp_path: Path):
    fake_predict(session)
    write(view_of(session), tmp_path / "out", ["coco"])
    assert FIELD not in [one["name"] for one in json.loads((tmp_path / "out" / "coco.json").read_text())["categories"]]


def test_a_region_between_structures_lies_in_the_field(placed: Session):
    corners = ((0.0, -0.3), (0.08, -0.28), (0.05, -0.1))
    placed.define_region("mediastinum", FIELD, corners)
    placed.define_measurement("a", "area(mediastinum)")
    for place, image in enumerate(placed.images):
        (x0, y0), (x1, y1), (x2, y2) = (expected(placed, image, uv)[0] for uv in corners)
        triangle = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2
        assert placed.measurement("a").values[place] == pytest.approx(triangle, rel=0.03)
