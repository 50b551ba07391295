"""Regions in images, against the map by which the made-up predictions lay the template into them."""

from __future__ import annotations

import csv
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from app.core.chart import GRID, REACH
from app.core.formula import FormulaError
from app.core.measure import Unit
from app.formats.from_session import view_of
from app.formats.write import write
from app.io.bundle import Bundle
from app.jobs import Result
from app.project.session import Session
from tests.unit.store.fakes import fake_predict, fake_predicted, make

ZONE = ((-0.5, -0.25), (0.25, -0.375), (0.5, 0.25), (0.125, 0.375))
RIM = ((-0.75, 0.0), (0.0, 0.125), (0.625, -0.5))


@pytest.fixture
def drawn(session: Session) -> Session:
    """A region in the left lung, which is absent in im1.png; a curve in the heart, which is absent in im2.png."""
    fake_predict(session)
    session.define_region("zone", "left_lung", ZONE)
    session.define_region("rim", "heart", RIM, closed=False)
    return session


def looked_up(session: Session, image: str, structure: str, corners: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Many places along straight sides on the template, looked up by scipy."""
    prediction, c = session.prediction(image), session.template.index(structure)
    if not prediction.present[c]:
        return np.full((1, 2), np.nan)
    line = np.concatenate([np.linspace(a, b, 400) for a, b in pairwise(corners)])
    at = (line[:, ::-1].T + REACH) / (2 * REACH) * (GRID - 1)
    return np.stack(
        [map_coordinates(prediction.charts[c, :, :, i].astype(float), at, order=1) for i in (0, 1)], axis=-1
    )


def area(outline: np.ndarray) -> float:
    x, y = outline.T
    return abs(np.trapezoid(y, x)) if (outline[0] == outline[-1]).all() else math.nan


def test_a_region_lies_in_every_image_where_its_points_do(drawn: Session):
    for image in drawn.images:
        for name, structure, corners in (("zone", "left_lung", (*ZONE, ZONE[0])), ("rim", "heart", RIM)):
            expected, found = looked_up(drawn, image, structure, corners), drawn.region(image, name)
            if np.isnan(expected).any():
                assert np.isnan(found).all()
                continue
            far = np.linalg.norm(found[:, None] - expected, axis=2).min(axis=1)
            assert far.max() < 0.2
            assert (found[0] == found[-1]).all() == (name == "zone")
            np.testing.assert_allclose(found[0], expected[0], atol=0.01)
    assert [np.isnan(drawn.region(image, "zone")).all() for image in drawn.images] == [False, True, False]


def test_regions_are_measured_in_all_images_and_follow_new_predictions(drawn: Session):
    drawn.set_spacing("im0.png", row_mm=0.5, column_mm=0.25)
    for name, formula in (("a", "area(zone)"), ("l", "length(rim)"), ("w", "width(zone)"), ("c", "length(zone)")):
        drawn.define_measurement(name, formula)
    drawn.define_measurement("round", "area(zone) / (length(zone) * length(zone))")

    def check() -> None:
        for place, image in enumerate(drawn.images):
            side = (0.25, 0.5) if image == "im0.png" else (1, 1)
            zone = looked_up(drawn, image, "left_lung", (*ZONE, ZONE[0])) * side
            rim = looked_up(drawn, image, "heart", RIM) * side
            round_it, along = (np.linalg.norm(np.diff(line, axis=0), axis=1).sum() for line in (zone, rim))
            there = not np.isnan(zone).any()
            expected = {
                "a": area(zone),
                "l": along if len(rim) > 1 else math.nan,
                "w": np.ptp(zone[:, 0]) if there else math.nan,
                "c": round_it if there else math.nan,
                "round": area(zone) / round_it**2 if there else math.nan,
            }
            alone = {one.entry.name: one.value for one in drawn.measurements_in(image)}
            for name, value in expected.items():
                np.testing.assert_allclose(drawn.measurement(name).values[place], value, rtol=2e-3)
                np.testing.assert_allclose(alone[name], value, rtol=2e-3)

    check()
    assert drawn.measurement("a").units == (Unit.MM2, Unit.PX2, Unit.PX2)
    drawn.start_predict(["im1.png"]).cancel()
    drawn.take_in(Result("im1.png", fake_predicted(drawn, "im1.png", 9)))  # the left lung is there now
    assert not np.isnan(drawn.measurement("a").values[1])
    check()
    drawn.remove_images("im0.png")
    check()
    drawn.undo()
    check()


def test_a_region_of_a_structure_that_a_reader_set_absent_is_absent(drawn: Session):
    drawn.define_measurement("a", "area(zone)")
    before = drawn.measurement("a").values.copy()
    drawn.set_mask_absent("im0.png", "left_lung")
    assert np.isnan(drawn.region("im0.png", "zone")).all()
    assert drawn.measurement("a").states == ("corrected", "predicted", "predicted")
    alone = next(one for one in drawn.measurements_in("im0.png") if one.entry.name == "a")
    assert np.isnan([drawn.measurement("a").values[0], alone.value]).all()
    assert alone.state == "corrected"
    assert not np.isnan(drawn.region("im0.png", "rim")).any()
    assert drawn.measurement("a").values[2] == before[2]
    drawn.set_review("im0.png", "accepted")
    assert np.isnan(drawn.region("im0.png", "zone")).all()
    drawn.undo()
    drawn.undo()
    np.testing.assert_array_equal(drawn.measurement("a").values, before)
    assert not np.isnan(drawn.region("im0.png", "zone")).any()


def test_a_formula_that_names_a_region_wrongly_says_what_there_is(drawn: Session):
    for formula, told in (
        ("area(rim)", "“rim” is a curve: it has a length and nothing else"),
        ("area(zon)", r"no structure or region “zon”\. There are right_lung, .*thorax, zone"),
        ("length(heart)", r"no curve or region “heart”\. There are zone, rim"),
        ("distance(zone, heart_00)", "no landmark “zone”"),
    ):
        with pytest.raises(FormulaError, match=told):
            drawn.define_measurement("x", formula)
    with pytest.raises(ValueError, match="“heart” is a structure"):
        drawn.define_region("heart", "heart", ZONE)
    with pytest.raises(ValueError, match="already"):
        drawn.define_region(" zone", "heart", ZONE)


def test_renaming_breaks_no_measurement_and_a_deleted_region_stays_where_it_was_accepted(
    drawn: Session, bundle: Bundle, tmp_path: Path
):
    drawn.define_measurement("a", "area(zone)")
    drawn.set_review("im2.png", "accepted")
    before, xy = drawn.measurement("a").values.tolist(), drawn.region("im2.png", "zone")
    drawn.update_region("zone", name="the zone")
    assert drawn.measurements[-1].formula == 'area("the zone")'
    drawn.define_region("later", "left_lung", ZONE)
    drawn.delete_region("the zone")
    drawn.close()
    with Session.open(drawn.path, model=bundle) as again:
        assert [one.name for one in again.regions] == ["rim", "later"]
        assert again.measurements[-1].missing == ("the zone",)
        np.testing.assert_array_equal(again.measurement("a").values, [math.nan, math.nan, before[2]])
        assert again.measurements_in("im2.png")[-1].value == pytest.approx(before[2], rel=1e-5)
        told = [(one.region.name, one.deleted, one.new_since_accepted) for one in again.regions_in("im2.png")]
        assert told == [("the zone", True, False), ("rim", False, False), ("later", False, True)]
        np.testing.assert_array_equal(again.regions_in("im2.png")[0].xy, xy)
        assert [one.region.name for one in again.regions_in("im0.png")] == ["rim", "later"]
        table = rows(again, tmp_path / "out")
        assert [row["region"] for row in table if row["image"] == "im2.png"] == ["the zone", "rim", "later"]
        again.set_review("im2.png", "in_progress")
        assert [one.region.name for one in again.regions_in("im2.png")] == ["rim", "later"]
        again.undo()
        again.undo()
        np.testing.assert_array_equal(again.region("im2.png", "the zone"), xy)


def rows(session: Session, folder: Path, later: str = "mark") -> list[dict[str, str]]:
    assert write(view_of(session, later=later), folder, ["regions"]).complete
    with (folder / "regions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_of_regions_holds_outlines_and_sizes(drawn: Session, tmp_path: Path):
    drawn.set_spacing("im0.png", row_mm=0.5, column_mm=0.25)
    drawn.define_measurement("a", "area(zone)")
    drawn.set_review("im0.png", "accepted")
    drawn.define_region("=new", "heart", RIM, closed=False)
    table = {(row["image"], row["region"]): row for row in rows(drawn, tmp_path / "out")}
    assert list(table)[:3] == [("im0.png", "zone"), ("im0.png", "rim"), ("im0.png", "'=new")]
    zone = table["im0.png", "zone"]
    assert float(zone["area"]) == pytest.approx(drawn.measurement("a").values[0], rel=1e-4)
    told = ("kind", "structure", "length_unit", "area_unit", "spacing", "state", "new_since_accepted")
    assert [zone[key] for key in told] == ["region", "left_lung", "mm", "mm2", "given by the reader", "predicted", ""]
    points = np.array([point.split() for point in zone["outline"].removeprefix("POLYGON ((")[:-2].split(", ")], float)
    np.testing.assert_allclose(points, drawn.region("im0.png", "zone"), atol=0.00501)
    assert [table[f"im{i}.png", "zone"]["grey_mean"] for i in range(3)] == [
        "0.000",
        "",
        "2.000",
    ]  # as they were written
    assert (zone["grey_sd"], table["im0.png", "rim"]["grey_mean"]) == ("0.000", "")
    absent = table["im1.png", "zone"]
    assert [absent[key] for key in (*told[2:], "area", "length")] == ["", "", "", "absent", "", "", ""]
    assert absent["outline"] == "POLYGON EMPTY"
    rim = table["im1.png", "rim"]
    assert [rim[key] for key in ("kind", "length_unit", "area", "area_unit")] == ["curve", "px", "", ""]
    assert rim["outline"].startswith("LINESTRING (")
    assert table["im0.png", "'=new"]["new_since_accepted"] == "yes"
    left_out = rows(drawn, tmp_path / "out", "leave-out")
    assert [row["region"] for row in left_out if row["image"] == "im0.png"] == ["zone", "rim"]


def test_the_zones_of_a_chest_cover_its_lungs_once_and_are_added_when_they_are_asked_for(session: Session):
    fake_predict(session)
    assert session.regions == ()
    session.add_offered_regions()
    assert session.offered_regions == ()
    for side in ("right", "left"):
        lung = session.template.structure(f"{side}_lung")
        zones = [one for one in session.regions if one.structure == lung.name]
        assert [one.name for one in zones] == [f"{side}_{part}_zone" for part in ("upper", "middle", "lower")]
        heights = [np.array(one.uv)[:, 1].mean() for one in zones]
        assert heights == sorted(heights)
        covered = sum(area(lung.from_chart([*one.uv, one.uv[0]])) for one in zones)
        assert covered == pytest.approx(lung.area_mm2, rel=2e-3)


def test_an_image_that_was_never_predicted_has_regions_nowhere(tmp_path: Path, bundle: Bundle):
    with make(tmp_path / "new.dsr", bundle, predicted=False) as session:
        session.define_region("zone", "heart", ZONE)
        session.define_measurement("a", "area(zone)")
        assert np.isnan(session.region("im0.png", "zone")).all()
        assert np.isnan(session.measurement("a").values).all()
