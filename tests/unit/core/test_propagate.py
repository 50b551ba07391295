from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.chart import GRID, REACH, ChartMesh
from app.core.prediction import Prediction, sample_chart
from app.core.propagate import BLOCK, ChartStack, locate, locate_all
from tests.unit.core.shapes import two_structures

TEMPLATE = two_structures()
MESHES = [ChartMesh.of(structure) for structure in TEMPLATE.structures]


@cache
def prediction(seed, present=(True, True)):
    rng = np.random.default_rng(seed)
    charts = []
    for structure, mesh in zip(TEMPLATE.structures, MESHES, strict=True):
        contour = structure.outline * rng.uniform(2, 6) + rng.uniform(400, 600, 2)
        contour += rng.normal(0, 4, contour.shape)
        charts.append(mesh.inverse_chart(contour))
    return Prediction(
        bundle_sha256="",
        masks=np.zeros((2, 4, 4), np.uint8),
        uv=np.zeros((2, 2, 2, 2), np.float16),
        charts=np.stack(charts).astype(np.float32),
        expected_error=np.full((2, GRID, GRID), 3.0, np.float32),
        present=np.array(present),
    )


def stack(count=5):
    charts = ChartStack(TEMPLATE, capacity=2)
    for slot in range(count):
        charts.put(slot, prediction(slot))
    return charts


@given(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9))
@settings(max_examples=30, deadline=None)
def test_the_stack_finds_what_each_chart_says(u, v):
    places = stack().find("lung", (u, v))
    for slot in range(5):
        direct = sample_chart(prediction(slot).charts[0], (u, v))
        np.testing.assert_allclose(places.xy[slot], direct, atol=0.05)
    np.testing.assert_allclose(places.expected_error, 3.0, atol=1e-3)


@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), st.integers(0, 4))
@settings(max_examples=30, deadline=None)
def test_locate_leads_back_to_the_pixel(u, v, slot):
    charts = stack()
    xy = charts.find("heart", (u, v)).xy[slot]
    chart = charts.chart("heart", slot)
    found, miss = locate(chart, TEMPLATE.structure("heart"), xy)
    assert miss < 0.01
    np.testing.assert_allclose(sample_chart(chart, found), xy, atol=0.01)


def test_pixels_that_are_looked_for_together_are_found_as_each_alone_and_the_nearest_where_none_shows_them():
    structure, chart = TEMPLATE.structure("heart"), prediction(1).charts[1].astype(float)
    wanted = np.array([[0.3, -0.55], [-0.7, 0.1], [0.05, 0.6]])
    far = sample_chart(chart, (0.0, 0.0)) + np.array([4000.0, -900.0])
    xy = np.r_[sample_chart(chart, wanted), far[None]]
    uv, miss = locate_all(chart, structure, xy)
    np.testing.assert_allclose(uv[:3], wanted, atol=1e-3)
    assert (miss[:3] < 1e-3).all()
    line = np.linspace(-REACH, REACH, 201)
    everywhere = sample_chart(chart, np.stack(np.meshgrid(line, line), axis=-1))
    assert miss[3] == pytest.approx(np.linalg.norm(everywhere - far, axis=-1).min(), rel=0.02)
    for i, place in enumerate(xy):
        alone, by = locate(chart, structure, place)
        np.testing.assert_allclose((*alone, by), (*uv[i], miss[i]), atol=1e-9)


def test_a_structure_that_is_squeezed_to_a_line_is_looked_for_along_it():
    structure, chart = TEMPLATE.structure("heart"), np.zeros((GRID, GRID, 2))
    chart[..., 0] = 100 + 20 * np.linspace(-REACH, REACH, GRID)  # x follows u; y is 7 whatever v is
    chart[..., 1] = 7
    uv, miss = locate_all(chart, structure, np.array([[108.0, 7.0], [94.0, 9.5]]))
    np.testing.assert_allclose(uv[:, 0], [0.4, -0.3], atol=1e-3)
    np.testing.assert_allclose(miss, [0, 2.5], atol=1e-3)


def test_absent_structures_have_no_place():
    charts = ChartStack(TEMPLATE)
    charts.put(0, prediction(0, present=(True, False)))
    assert np.isnan(charts.find("heart", (0, 0)).xy).all()
    assert np.isfinite(charts.find("lung", (0, 0)).xy).all()
    assert charts.chart("heart", 0) is None


def test_slots_can_be_emptied():
    charts = stack(3)
    assert np.isfinite(charts.find("lung", (0, 0)).xy).all()
    charts.put(0, None)
    assert np.isnan(charts.find("lung", (0, 0)).xy[0]).all()


def test_slots_that_were_given_up_come_back_empty():
    charts = stack(4)
    charts.resize(2)
    charts.resize(4)
    there = np.isfinite(charts.find("lung", (0.1, -0.2)).xy[:, 0])
    assert there.tolist() == [True, True, False, False]


def test_images_beyond_one_block_lie_where_they_belong():
    charts = ChartStack(TEMPLATE, capacity=2)
    slots = (0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 5)
    for seed, slot in enumerate(slots):
        charts.put(slot, prediction(seed))
    places = charts.find("lung", (0.2, -0.3)).xy
    assert len(places) == 2 * BLOCK + 6
    assert np.flatnonzero(np.isfinite(places[:, 0])).tolist() == list(slots)
    for seed, slot in enumerate(slots):
        np.testing.assert_allclose(places[slot], sample_chart(prediction(seed).charts[0], (0.2, -0.3)), atol=0.05)
        np.testing.assert_allclose(charts.chart("lung", slot), prediction(seed).charts[0], atol=0.1)


def test_far_outside_the_chart_is_refused():
    with pytest.raises(ValueError, match="outside the chart"):
        stack(1).find("lung", (1.5, 0))
    with pytest.raises(KeyError, match="no structure"):
        stack(1).find("liver", (0, 0))
