"""Predictions from contour points: charts that go through them, masks that fill them, in native pixels."""

import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.core.chart import ChartMesh, grid_nodes
from app.core.frame import Frame
from app.core.from_points import FoundPoints, chart_from_contour, filled, prediction_from_points
from app.core.prediction import ErrorModel, reachable, sample_chart
from app.core.template import STRUCTURE_COLOURS, Structure, Template
from tests.unit.core.shapes import bean

LUNG, HEART = bean(30, 10, -20, 55), bean(22, 90, 30, 40)
TEMPLATE = Template(
    "test",
    tuple(Structure(n, n, c, o) for n, c, o in zip(("lung", "heart"), STRUCTURE_COLOURS, (LUNG, HEART), strict=False)),
)
TURN = np.array([[0.42, 0.11], [-0.17, 0.5]])
FRAME = Frame(300, 200, 128, 96)  # neither square nor of the network's proportions
NONE = ErrorModel(None, 0, 1, 0, 0)


def moved(points: np.ndarray) -> np.ndarray:
    """The template's plane in network pixels: an affine map that shears, turns and mirrors nothing."""
    return points @ TURN + (24, 52)


POINTS = np.concatenate([moved(LUNG), moved(HEART)])


def found(noise: float = 0.0, spread: float = 0.0) -> FoundPoints:
    rng = np.random.default_rng(3)
    return FoundPoints(POINTS + rng.normal(0, noise, POINTS.shape) if noise else POINTS, np.full(len(POINTS), spread))


def test_what_an_affine_map_did_to_the_contour_it_does_to_the_whole_chart():
    result = prediction_from_points(found(), filled(POINTS, TEMPLATE, (128, 96)), FRAME, TEMPLATE, hold=False)
    assert result.present.all()
    for chart, structure in zip(result.charts, TEMPLATE.structures, strict=True):
        wanted = FRAME.from_network(moved(structure.from_chart(grid_nodes())))
        near = reachable(structure)
        np.testing.assert_allclose(chart[near], wanted[near], atol=0.02)


def test_contour_points_are_looked_up_where_they_were_found_however_noisy():
    noisy = found(noise=1.5)
    result = prediction_from_points(noisy, filled(noisy.xy, TEMPLATE, (128, 96)), FRAME, TEMPLATE, hold=False)
    start = 0
    for chart, structure in zip(result.charts, TEMPLATE.structures, strict=True):
        part = slice(start, start := start + len(structure.outline))
        places = sample_chart(chart, structure.outline_uv)
        np.testing.assert_allclose(places, FRAME.from_network(noisy.xy[part]), atol=1e-3)


def test_two_points_in_one_place_do_no_harm():
    contour = moved(LUNG)
    contour[4] = contour[5]
    assert np.isfinite(chart_from_contour(contour, TEMPLATE.structures[0])).all()


def test_between_noisy_points_the_chart_follows_a_smooth_bend_better_than_straight_lines():
    structure = TEMPLATE.structures[0]

    def bent(points: np.ndarray) -> np.ndarray:
        x, y = points.T
        return moved(points + np.c_[4 * np.sin(y / 25), 3 * np.cos(x / 30)])

    inside = structure.contains(grid_nodes())
    truth = bent(structure.from_chart(grid_nodes())[inside])
    noisy = bent(structure.outline) + np.random.default_rng(0).normal(0, 0.7, structure.outline.shape)
    smooth = chart_from_contour(noisy, structure)[inside]
    straight = ChartMesh.of(structure).inverse_chart(noisy)[inside]
    off, before = (np.linalg.norm(chart - truth, axis=-1).mean() for chart in (smooth, straight))
    assert off < 0.95 * before
    assert off < 0.75


def test_the_uv_map_tells_at_each_pixel_what_lies_there():
    result = prediction_from_points(found(), filled(POINTS, TEMPLATE, (128, 96)), FRAME, TEMPLATE, hold=False)
    back = np.linalg.inv(TURN)
    for column, row in ((14, 20), (26, 38)):
        place = np.array([column, row]) * 2 + 0.5  # the middle of four network pixels
        for c, structure in enumerate(TEMPLATE.structures):
            uv = structure.to_chart((place - (24, 52)) @ back)
            if structure.contains(uv):
                np.testing.assert_allclose(result.uv[c, :, row, column], uv, atol=0.01)
                break
        else:
            pytest.fail("the pixel lies in no structure")


def test_filled_polygons_cover_their_area_and_end_where_the_reference_ends():
    masks = filled(POINTS, TEMPLATE, (128, 96))
    for mask, structure in zip(masks, TEMPLATE.structures, strict=True):
        assert mask.sum() == pytest.approx(structure.area_mm2 * abs(np.linalg.det(TURN)), rel=0.01)
    large = polygon2mask((1280, 960), ((moved(HEART) + 0.5) * 10 - 0.5)[:, ::-1])
    exact = large.reshape(128, 10, 96, 10).mean(axis=(1, 3))
    assert np.abs(masks[1] - exact).max() < 0.25  # sixteenths, two of which a border can touch
    assert np.abs(masks[1] - exact).mean() < 0.002


def test_a_shape_beyond_the_picture_is_absent_and_one_across_its_border_is_cut():
    outside = FoundPoints(POINTS - (200, 0), np.zeros(len(POINTS)))
    assert not filled(outside.xy, TEMPLATE, (128, 96)).any()
    cut = POINTS.copy()
    cut[: len(LUNG)] -= (25, 0)
    masks = filled(cut, TEMPLATE, (128, 96))
    whole = filled(POINTS, TEMPLATE, (128, 96))
    np.testing.assert_allclose(masks[0][:, :60], whole[0][:, 25:85], atol=1e-6)
    result = prediction_from_points(outside, filled(outside.xy, TEMPLATE, (128, 96)), FRAME, TEMPLATE, hold=False)
    assert not result.present.any()


def test_expected_errors_come_from_the_spread_in_native_pixels():
    result = prediction_from_points(found(spread=3.0), filled(POINTS, TEMPLATE, (128, 96)), FRAME, TEMPLATE, NONE)
    native = np.linalg.norm(FRAME.from_network([3.0, 0.0]) - FRAME.from_network([0.0, 0.0]))
    inner = result.expected_error[0][TEMPLATE.structures[0].contains(grid_nodes())]
    np.testing.assert_allclose(inner, native, rtol=0.01)
