"""Agreement of measurements, written out; and what reference contours measure, against the contours themselves."""

from pathlib import Path

import numpy as np
import pytest

from app.io.bundle import read_bundle
from app.training.contours import CHEST_MM_PER_PIXEL, CHEST_STRUCTURES, Contours
from app.training.measurement_agreement import agreement, from_contours, table


def test_bias_and_limits_are_those_of_the_differences_that_are_known():
    predicted, reference = np.array([1.0, 2.5, np.nan, 4.0]), np.array([2.0, 2.0, 7.0, 3.5])
    found = agreement(predicted, reference)  # -1, 0.5, 0.5: their standard deviation is the root of 0.75
    expected = (3, 2.5, 0.0, -1.96 * 0.75**0.5, 1.96 * 0.75**0.5, 1.0)
    assert found[:6] == pytest.approx(expected)
    assert np.isnan(found.error)
    told = agreement(predicted, reference, np.array([1.0, 0.4, np.nan, 0.5]))
    assert (told.error, told.within) == pytest.approx((1.9 / 3, 2 / 3))
    assert "| ctr | 3 | 2.5 | +0 |" in table({"ctr": found})


def test_reference_contours_measure_what_their_boxes_and_points_do():
    """Each structure an upright rectangle: its points run around it, so that its box is known."""
    boxes = [(20, 30, 80, 200), (120, 40, 190, 210), (70, 120, 150, 180), (40, 10, 90, 30), (110, 14, 160, 26)]
    sizes = tuple(count for _, _, count in CHEST_STRUCTURES)
    points = np.concatenate([_around(box, count) for box, count in zip(boxes, sizes, strict=True)])
    contours = Contours([Path("a.png")], points[None], sizes)
    found = from_contours(contours, 0, (240, 220), read_bundle("chest"))
    # a rectangle's mask holds its border on all four sides or on two, as polygon2mask rounds
    assert found["ctr"] == pytest.approx(80 / 170, abs=0.012)
    assert found["right_lung_area"] == pytest.approx(60 * 170 * CHEST_MM_PER_PIXEL**2, rel=0.03)
    assert found["lung_area_ratio"] == pytest.approx(60 / 70, rel=0.03)
    at = np.cumsum([0, *sizes])
    right, left = points[at[3] : at[4]], points[at[4] : at[5]]
    one, other = right[11] - right[22], left[12] - left[22]
    cosine = abs(one @ other) / np.linalg.norm(one) / np.linalg.norm(other)
    assert found["clavicle_angle"] == pytest.approx(np.degrees(np.arccos(cosine)))


def _around(box: tuple[float, float, float, float], count: int) -> np.ndarray:
    x0, y0, x1, y1 = box
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], float)
    places = np.sort(np.r_[np.arange(4), np.linspace(0.1, 3.9, count - 4)])
    return np.stack([np.interp(places, np.arange(5), corners[:, axis]) for axis in (0, 1)], axis=1)
