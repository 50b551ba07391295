import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import polygon2mask
from skimage.measure import points_in_poly

from app.core.chart import GRID, ChartMesh, grid_nodes, ring_mm
from app.core.inverse_chart import decode
from app.core.prediction import sample_chart
from app.core.template import Structure
from tests.unit.core.shapes import bean, two_structures

LUNG = two_structures().structure("lung")
MESH = ChartMesh.of(LUNG)


def affine(seed):
    rng = np.random.default_rng(seed)
    return np.eye(2) * rng.uniform(0.5, 1.5) + rng.uniform(-0.2, 0.2, (2, 2)), rng.uniform(90, 120, 2)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_charts_of_affine_images_are_affine(seed):
    matrix, shift = affine(seed)
    chart = MESH.inverse_chart(LUNG.outline @ matrix + shift)
    np.testing.assert_allclose(chart, LUNG.from_chart(grid_nodes()) @ matrix + shift, atol=1e-8)


def test_uv_map_and_inverse_chart_are_inverses():
    matrix, shift = affine(1)
    contour = LUNG.outline @ matrix + shift
    uv = MESH.uv_map(contour, 220, 220)
    ys, xs = np.nonzero(polygon2mask((220, 220), contour[:, ::-1]))
    back = LUNG.from_chart(uv[:, ys, xs].T.astype(float)) @ matrix + shift
    np.testing.assert_allclose(back, np.c_[xs, ys], atol=1e-4)


def test_contour_points_keep_their_own_place():
    contour = bean(40, 100, 90, 50) + np.random.default_rng(0).normal(0, 1, (40, 2))
    np.testing.assert_allclose(MESH.weights(LUNG.outline_uv) @ contour, contour, atol=1e-8)


def test_decoding_a_perfect_uv_map_is_sub_pixel_and_reaches_the_rim():
    contour = bean(40, 100, 100, 55)
    uv = MESH.uv_map(contour, 200, 200)
    inside = polygon2mask((200, 200), contour[:, ::-1])
    found = decode(uv, inside, LUNG, LUNG.outline_uv)
    assert found is not None
    assert np.linalg.norm(found.xy - contour, axis=-1).max() < 0.1


def test_a_structure_without_pixels_is_absent():
    uv = np.zeros((2, 20, 20), np.float32)
    assert decode(uv, np.zeros((20, 20), bool), LUNG, LUNG.outline_uv) is None


@given(st.floats(-1.14, 1.14), st.floats(-1.14, 1.14))
def test_bilinear_sampling_reproduces_affine_grids(u, v):
    grid = grid_nodes() @ np.array([[3.0, 1.0], [-2.0, 5.0]]) + 7
    np.testing.assert_allclose(sample_chart(grid, (u, v)), np.array([u, v]) @ [[3.0, 1.0], [-2.0, 5.0]] + 7, atol=1e-9)
    assert grid.shape == (GRID, GRID, 2)


@pytest.mark.parametrize("seed", range(3))
def test_inside_the_mean_shape_agrees_with_scikit_image(seed):
    points = np.random.default_rng(seed).uniform(-1.1, 1.1, (500, 2))
    np.testing.assert_array_equal(LUNG.contains(points), points_in_poly(points, LUNG.outline_uv))


def test_the_ring_around_a_small_structure_is_small_and_that_of_a_large_one_12_mm():
    """A carpal bone is narrower than 12 mm: a chart that goes so far would reach over its neighbours."""
    large, small = (Structure("s", "S", "#000000", bean(size=size)) for size in (60.0, 6.0))
    assert ring_mm(large) == 12.0
    area = 0.6 * 1.2 * np.pi * 36 * (1 + 0.18**2 / 2)  # of an ellipse whose radius goes up and down by .18
    assert ring_mm(small) == pytest.approx(0.4 * np.sqrt(area), rel=0.01)
    away = np.linalg.norm(ChartMesh.of(small).triangulation.points[40:] - small.outline, axis=-1)
    np.testing.assert_allclose(away, ring_mm(small))
