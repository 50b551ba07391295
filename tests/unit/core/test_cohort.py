"""Grey values of many images over the template, against numpy and scipy on values without symmetry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates, uniform_filter
from scipy.stats import median_abs_deviation

from app.core.chart import grid_nodes
from app.core.cohort import (
    LEAST,
    LEAST_SPREAD,
    SIDE,
    Cells,
    CohortStack,
    cells_of,
    comparable,
    grey_at,
    weighted_median,
)
from app.core.prediction import sample_chart
from tests.unit.core.shapes import two_structures


@pytest.fixture(scope="module")
def cells() -> Cells:
    return cells_of(two_structures())


def charts(cells: Cells, scale: float = 2.3) -> np.ndarray:
    """Inverse charts of an image in which the template is laid askew."""
    turn = np.array([[1.0, 0.2], [-0.13, 0.9]]) * scale
    nodes = [structure.from_chart(grid_nodes()) for structure in cells.template.structures]
    return np.stack([plane @ turn.T + (190.0, 240.0) for plane in nodes])


def stack(cells: Cells, count: int, seed: int = 5, unseen: float = 0.4) -> tuple[CohortStack, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.gamma(2.0, 1.0, (count, len(cells))).astype(np.float16).astype(np.float32)
    values[rng.random(values.shape) < unseen] = np.nan
    made = CohortStack(cells, [f"im{i}" for i in range(count)])
    for place in rng.permutation(count).tolist():
        made.put(place, values[place])
    return made, values


def test_cells_are_the_middles_of_a_grid_over_each_box_inside_the_mean_shape(cells: Cells) -> None:
    for channel, structure in enumerate(cells.template.structures):
        part = cells.parts[channel]
        assert structure.contains(cells.uv[part]).all()
        assert cells.area[part].sum() == pytest.approx(structure.area_mm2, rel=0.01)
        picture = cells.picture(cells.uv[:, 0], channel)
        assert picture.shape == (SIDE, SIDE)
        row, column = 31, 57
        assert picture[row, column] == pytest.approx(-1 + (column + 0.5) / 48)
        assert cells.picture(cells.uv[:, 1], channel)[row, column] == pytest.approx(-1 + (row + 0.5) / 48)
        assert np.isnan(picture[0, 0])


def test_grey_values_are_read_where_the_charts_put_the_cells(cells: Cells) -> None:
    y, x = np.mgrid[:500, :420]
    pixels = (30 + 0.7 * x + 0.0011 * (y - 100) ** 2).astype(np.float32)
    found = grey_at(pixels, charts(cells), np.array([True, True]), cells)
    plane = [s.from_chart(cells.uv[part]) for s, part in zip(cells.template.structures, cells.parts, strict=True)]
    xy = np.concatenate(plane) @ (np.array([[1.0, 0.2], [-0.13, 0.9]]) * 2.3).T + (190.0, 240.0)
    expected = 30 + 0.7 * xy[:, 0] + 0.0011 * (xy[:, 1] - 100) ** 2
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_fine_pictures_are_averaged_over_a_cell_not_picked_from(cells: Cells) -> None:
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 4000, (1900, 1700)).astype(np.uint16)
    laid = charts(cells, 8.4)
    laid += 700 - laid.mean(axis=(0, 1, 2))
    found = grey_at(pixels, laid, np.array([True, False]), cells)
    xy = sample_chart(laid[0], cells.uv[cells.parts[0]])
    near = map_coordinates(uniform_filter(pixels.astype(float), 9), xy.T[::-1], order=1)
    inside = found[cells.parts[0]]
    assert np.isnan(found[cells.parts[1]]).all()
    assert pixels.std() / 18 < inside.std() < pixels.std() / 7  # means of some 80 pixels, and bilinear between them
    assert np.corrcoef(inside, near)[0, 1] > 0.7


def test_outside_the_picture_and_where_a_structure_is_absent_nothing_is_known(cells: Cells) -> None:
    pixels = np.full((500, 420), 7, np.uint8)
    laid = charts(cells)
    xy = laid[0] - (150.0, 0.0)
    found = grey_at(pixels, np.stack([xy, laid[1]]), np.array([True, False]), cells)
    x = sample_chart(xy, cells.uv[cells.parts[0]])[:, 0]
    assert (np.isnan(found[cells.parts[0]]) == (x < -0.5)).all()
    assert (x < -0.5).any()
    assert (x > 0).any()
    assert (found[cells.parts[0]][x >= -0.5] == 7).all()
    assert np.isnan(found[cells.parts[1]]).all()


def test_values_are_made_comparable_by_median_and_deviation_weighted_by_area(cells: Cells) -> None:
    rng = np.random.default_rng(9)
    grey = rng.gamma(3.0, 200.0, len(cells)).astype(np.float32)
    grey[cells.parts[1]] += 900
    grey[100:140] = np.nan
    there = np.isfinite(grey)
    repeated = np.repeat(grey[there], np.rint(cells.area[there] / cells.area.min() * 20).astype(int))
    middle = np.median(repeated)
    deviation = 1.4826 * np.median(np.abs(repeated - middle))
    found = comparable(grey, cells)
    np.testing.assert_allclose(found[there], (grey[there] - middle) / deviation, atol=0.01)
    assert np.isnan(found[100:140]).all()
    # another exposure and window make no difference, a picture with bright and dark swapped is read as such
    np.testing.assert_allclose(comparable(3 * grey + 71, cells)[there], found[there], atol=1e-3)
    np.testing.assert_allclose(comparable(4095 - grey, cells, inverted=True)[there], found[there], atol=0.01)


def test_what_shows_too_little_or_one_grey_value_is_not_compared(cells: Cells) -> None:
    grey = np.random.default_rng(1).normal(size=len(cells)).astype(np.float32)
    assert comparable(np.full(len(cells), 12, np.float32), cells) is None
    few = np.full_like(grey, np.nan)
    few[: len(cells) // 6] = grey[: len(cells) // 6]
    assert comparable(few, cells) is None
    assert comparable(np.full_like(grey, np.nan), cells) is None


def test_the_weighted_median_is_where_half_of_the_weight_lies() -> None:
    assert weighted_median(np.array([5.0, 1.0, 9.0, 2.0]), np.array([1.0, 1.0, 4.0, 1.0])) == 9.0
    assert weighted_median(np.array([5.0, 1.0, 9.0, 2.0]), np.array([1.0, 1.0, 1.0, 5.0])) == 2.0


@pytest.mark.parametrize("count", [11, 22, 23])
def test_median_and_spread_are_those_of_numpy_and_scipy_where_enough_images_show_a_place(cells, count) -> None:
    made, values = stack(cells, count)
    cohort = made.combine()
    enough = np.isfinite(values).sum(axis=0) >= LEAST
    assert enough.any()
    assert not enough.all()
    np.testing.assert_allclose(cohort.median[enough], np.nanmedian(values[:, enough], axis=0), rtol=1e-5)
    scipys = median_abs_deviation(values[:, enough], axis=0, nan_policy="omit", scale=1 / 1.4826)
    np.testing.assert_allclose(cohort.spread[enough], scipys, rtol=1e-4, atol=1e-6)
    assert np.isnan(cohort.median[~enough]).all()
    assert np.isnan(cohort.spread[~enough]).all()
    assert (cohort.counts == np.isfinite(values).sum(axis=0)).all()


@pytest.mark.parametrize("count", [14, 21])
def test_an_image_is_compared_with_the_others_alone(cells: Cells, count: int) -> None:
    made, values = stack(cells, count, seed=8, unseen=0.15)
    values[3, ::7] = values[5, ::7]  # equal values
    values[3, ::11] = 30.0
    made.put(3, values[3])
    z = made.combine().z("im3")
    others = np.delete(values, 3, axis=0)
    known = (np.isfinite(values).sum(axis=0) >= LEAST) & np.isfinite(values[3])
    spread = median_abs_deviation(others[:, known], axis=0, nan_policy="omit", scale=1 / 1.4826)
    expected = (values[3, known] - np.nanmedian(others[:, known], axis=0)) / np.maximum(spread, LEAST_SPREAD)
    np.testing.assert_allclose(z[known], expected, rtol=2e-3, atol=1e-4)
    assert np.isnan(z[~known]).all()


def test_where_all_agree_a_small_difference_is_small(cells: Cells) -> None:
    made = CohortStack(cells, [f"im{i}" for i in range(12)])
    for place in range(12):
        made.put(place, np.full(len(cells), 1.0 if place != 7 else 1.125))
    assert made.combine().z("im7") == pytest.approx(0.125 / LEAST_SPREAD)


def test_images_that_were_not_taken_in_are_not_among_the_others(cells: Cells) -> None:
    made = CohortStack(cells, ["a", "b", "c"])
    made.put(0, np.full(len(cells), 2.0))
    made.put(2, np.full(len(cells), 3.0))
    cohort = made.combine()
    assert (len(made), cohort.names, cohort.z("b")) == (2, ("a", "c"), None)
    assert np.isnan(cohort.median).all()  # two are too few
    assert made.combine(lambda: False) is None
