"""Grey values inside regions as measurements: against skimage's polygons on the very pixels of the files."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.core.formula import FormulaError
from app.core.measure import Unit
from app.formats.from_session import view_of
from app.formats.write import write
from app.jobs import Result
from app.project.session import Session
from tests.unit.pictures import dicom
from tests.unit.store.fakes import fake_predict

ZONE = ((-0.5, -0.25), (0.25, -0.375), (0.5, 0.25), (0.125, 0.375))
FORMULAS = {"lit": "mean(zone)", "even": "sd(zone)", "share": "sd(zone) / mean(zone)", "twice": "2 * mean(zone)"}


@pytest.fixture
def drawn(session: Session) -> Session:
    """A region in the left lung, which is absent in im1.png; pictures without symmetry."""
    rng = np.random.default_rng(7)
    for name in session.images:
        noise = rng.integers(0, 60, (300, 320)).astype(np.uint8)
        cv2.imwrite(str(session.image(name).path), noise + np.linspace(0, 190, 320, dtype=np.uint8)[None])
    session.check_files()
    fake_predict(session)
    session.define_region("zone", "left_lung", ZONE)
    session.define_region("rim", "heart", ZONE[:3], closed=False)
    for name, formula in FORMULAS.items():
        session.define_measurement(name, formula)
    return session


def inside(session: Session, image: str) -> np.ndarray:
    pixels = cv2.imread(str(session.image(image).path), cv2.IMREAD_UNCHANGED)
    return pixels[polygon2mask(pixels.shape, session.region(image, "zone")[:, ::-1])]


def shown(session: Session, image: str) -> dict[str, float]:
    return {one.entry.name: one.value for one in session.measurements_in(image) if one.entry.name in FORMULAS}


def take_all(session: Session) -> int:
    count = 0
    while (job := session.start_measure_grey()) is not None:
        for event in job:
            count += isinstance(event, Result) and session.take_grey(event)
    return count


def test_they_are_unknown_until_the_files_were_read_and_then_those_of_the_pixels_inside(drawn: Session) -> None:
    assert all(np.isnan(one.values).all() for one in drawn.measure() if one.entry.name in FORMULAS)
    assert drawn.measures_grey
    assert take_all(drawn) == 2  # in the third the lung is absent
    for place, image in enumerate(drawn.images):
        values = shown(drawn, image)
        assert [one.values[place] for one in drawn.measure() if one.entry.name in FORMULAS] == pytest.approx(
            list(values.values()), nan_ok=True
        )
        if image == "im1.png":
            assert np.isnan(list(values.values())).all()
            continue
        grey = inside(drawn, image)
        assert len(grey) > 500
        assert values["lit"] == pytest.approx(grey.mean(), rel=2e-3)  # borders of pixels count a little otherwise
        assert values["even"] == pytest.approx(grey.std(), rel=2e-2)
        assert values["share"] == pytest.approx(values["even"] / values["lit"])
        assert values["twice"] == pytest.approx(2 * values["lit"])
    (lit, share) = (drawn.measurement(name) for name in ("lit", "share"))
    assert (lit.units[0], share.units[0]) == (Unit.GREY, Unit.RATIO)
    drawn.define_region("other", "left_lung", ZONE[:3])
    drawn.define_measurement("else", "mean(other)")
    assert take_all(drawn) == 2
    assert drawn.start_measure_grey() is None


def test_exports_read_the_files_and_say_what_regions_say(drawn: Session, tmp_path: Path) -> None:
    drawn.set_review("im0.png", "accepted")
    write(view_of(drawn), tmp_path / "out", ["measurements", "regions"])
    tables = [
        list(csv.DictReader((tmp_path / "out" / f"{name}.csv").read_text().splitlines()))
        for name in ("measurements", "regions")
    ]
    regions = {row["image"]: row for row in tables[1] if row["region"] == "zone"}
    found = {(row["image"], row["measurement"]): row for row in tables[0]}
    for image in ("im0.png", "im2.png"):
        assert float(found[image, "lit"]["value"]) == pytest.approx(float(regions[image]["grey_mean"]), abs=1e-3)
        assert float(found[image, "even"]["value"]) == pytest.approx(float(regions[image]["grey_sd"]), abs=1e-3)
        assert found[image, "lit"]["unit"] == ""
    assert found["im1.png", "lit"]["value"] == ""


def test_ct_values_are_hounsfield_units_where_the_file_says_so(session: Session, tmp_path: Path) -> None:
    pixels = np.tile(np.arange(320, dtype=np.uint16) * 4, (300, 1))
    for name, kind in (("ct.dcm", "HU"), ("other.dcm", "US")):
        more = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024, "RescaleType": kind}
        dicom(pixels, 12, **more).save_as(tmp_path / name, enforce_file_format=True)
    session.add_images([tmp_path / "ct.dcm", tmp_path / "other.dcm"])
    fake_predict(session)
    session.define_region("zone", "right_lung", ZONE)
    session.define_measurement("lit", "mean(zone)")
    session.measure_grey(session.images)
    both = {one.entry.name: one for one in session.measurements_in("ct.dcm")}["lit"]
    other = {one.entry.name: one for one in session.measurements_in("other.dcm")}["lit"]
    across = session.region("ct.dcm", "zone")[:, 0]
    assert (both.unit, other.unit) == (Unit.HU, Unit.GREY)
    assert 4 * across.min() - 1024 < both.value < 4 * across.max() - 1024
    units = dict(zip(session.images, session.measurement("lit").units, strict=True))
    assert (units["ct.dcm"], units["other.dcm"]) == (Unit.HU, Unit.GREY)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("mean(heart)", "no region “heart”"),
        ("mean(rim)", "curve"),
        ("mean(zone) + width(heart)", "added to"),
        ("mean(zone) * width(heart)", "multiplied by"),
        ("mean(zone) / angle(heart_00, heart_01, heart_02)", "divided by"),
    ],
)
def test_what_is_no_region_has_no_grey_values(drawn: Session, formula: str, words: str) -> None:
    with pytest.raises(FormulaError, match=words):
        drawn.check_formula(formula)
