"""The field against scipy's thin-plate splines, and against maps that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import RBFInterpolator

from app.core.chart import grid_nodes
from app.core.field import EVERY, FURTHER_MM, SMOOTHING, spline_weights
from app.core.frame import Frame
from app.core.prediction import Prediction, sample_chart
from app.core.propagate import locate
from app.core.template import FIELD
from app.core.template_point import chart_of, place_of
from app.store.charts import StoredCharts, compact
from tests.unit.store.fakes import chest, fake_prediction

TEMPLATE = chest().template
SIZE = Frame(300, 320)
POINTS = np.array([(0.05, -0.3), (-0.52, 0.4), (0.7, -0.8), (-0.1, 0.55)])
"""In the field: between the lungs, beside one, far above, below the heart."""


def made(seed: int) -> Prediction:
    """Of 5 and 6 nothing is absent; of 2 the heart is, of 3 the right clavicle."""
    return fake_prediction(TEMPLATE, "x", SIZE, seed)


def anchors(prediction: Prediction, without: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """Contour points on the template in mm and in the image, of what is there."""
    plane, places = [], []
    for c, structure in enumerate(TEMPLATE.structures):
        if prediction.present[c] and c != without:
            plane.append(structure.outline[::EVERY])
            places.append(sample_chart(prediction.charts[c], structure.outline_uv[::EVERY]))
    return np.concatenate(plane), np.concatenate(places)


def by_scipy(plane: np.ndarray, places: np.ndarray, at: np.ndarray) -> np.ndarray:
    spline = RBFInterpolator(plane / 100, places, smoothing=SMOOTHING, kernel="thin_plate_spline", degree=1)
    return spline(at / 100)


@given(st.integers(0, 999), st.integers(5, 20))
def test_weights_are_those_of_a_thin_plate_spline_and_give_affine_maps_exactly(seed: int, count: int):
    rng = np.random.default_rng(seed)
    plane, at, places = rng.uniform(-150, 150, (count, 2)), rng.uniform(-200, 200, (7, 2)), rng.normal(size=(count, 2))
    weights = spline_weights(plane, at)
    np.testing.assert_allclose(weights @ places, by_scipy(plane, places, at), atol=1e-5)
    matrix, shift = rng.normal(size=(2, 2)), rng.normal(size=2)
    np.testing.assert_allclose(weights @ (plane @ matrix + shift), at @ matrix + shift, atol=1e-5)


@pytest.mark.parametrize("seed", [5, 6, 2, 3])
def test_a_point_outside_all_structures_lies_where_the_spline_through_what_is_there_puts_it(seed: int):
    prediction = made(seed)
    xy, _ = place_of(prediction, TEMPLATE, FIELD, POINTS)
    expected = by_scipy(*anchors(prediction), TEMPLATE.field.from_chart(POINTS))
    assert np.abs(xy - expected).max() < 0.1  # bilinear between nodes that are 17 mm apart; a pixel is 1 mm


@pytest.mark.parametrize("seed", [5, 3])
def test_its_expected_error_is_what_the_others_miss_each_structure_by_and_grows_with_the_distance(seed: int):
    prediction, misses = made(seed), []
    for c in np.flatnonzero(prediction.present).tolist():
        plane, places = anchors(prediction, without=c)
        own, structure = TEMPLATE.structures[c].outline[::EVERY], TEMPLATE.structures[c]
        away = np.linalg.norm(own[:, None] - plane, axis=-1).min(axis=1)
        truth = sample_chart(prediction.charts[c], structure.outline_uv[::EVERY])
        misses.append(np.linalg.norm(by_scipy(plane, places, own) - truth, axis=1) / (1 + away / FURTHER_MM))
    _, errors = place_of(prediction, TEMPLATE, FIELD, POINTS)
    away = np.linalg.norm(TEMPLATE.field.from_chart(POINTS)[:, None] - anchors(prediction)[0], axis=-1).min(axis=1)
    np.testing.assert_allclose(errors, np.concatenate(misses).mean() * (1 + away / FURTHER_MM), rtol=0.03)
    assert errors[2] > 1.5 * errors[0]  # far above everything, and between the lungs


def test_an_affine_image_is_expected_to_miss_by_nothing_and_too_little_gives_no_field():
    prediction = made(5)
    matrix, shift = np.array([[1.1, 0.2], [-0.1, 0.9]]), np.array([150, 140])
    nodes = np.stack([structure.from_chart(grid_nodes()) for structure in TEMPLATE.structures])
    straight = replace(prediction, charts=(nodes @ matrix + shift).astype(np.float32))
    xy, errors = place_of(straight, TEMPLATE, FIELD, POINTS)
    np.testing.assert_allclose(xy, TEMPLATE.field.from_chart(POINTS) @ matrix + shift, atol=1e-3)
    assert errors.max() < 1e-3
    alone = replace(prediction, present=np.array([False, True, False, False, False]))
    assert chart_of(alone, TEMPLATE, FIELD) is None
    assert np.isnan(place_of(alone, TEMPLATE, FIELD, POINTS)[0]).all()


def check_all_ways(stack: StoredCharts, predictions: list[Prediction | None]) -> None:
    every = stack.find_all(FIELD, POINTS)
    for place, uv in enumerate(POINTS):
        one = stack.find(FIELD, uv)
        np.testing.assert_allclose(one.xy, every.xy[place], atol=1e-3)
        np.testing.assert_allclose(one.expected_error, every.expected_error[place], rtol=1e-5)
    for slot, prediction in enumerate(predictions):
        chart, found, expected = stack.chart(FIELD, slot), every.xy[:, slot], every.expected_error[:, slot]
        if prediction is None:
            assert chart is None
            assert np.isnan(found).all()
            continue
        alone, errors = place_of(prediction, TEMPLATE, FIELD, POINTS)
        np.testing.assert_allclose(found, alone, atol=0.05)  # charts are kept in half precision
        np.testing.assert_allclose(expected, errors, rtol=0.02)
        np.testing.assert_allclose(sample_chart(chart, POINTS), found, atol=1e-3)
        np.testing.assert_allclose(sample_chart(stack.errors(FIELD, slot), POINTS), expected, rtol=1e-5)
        uv, miss = locate(chart, TEMPLATE.field, found[1])
        np.testing.assert_allclose(uv, POINTS[1], atol=1e-4)
        assert miss < 0.01


def test_all_ways_to_look_it_up_agree_and_follow_the_charts():
    """Images with different structures beside each other, an empty slot, one that is predicted anew, one that goes."""
    predictions = [made(5), made(2), None, made(3), made(6)]
    stack = StoredCharts(TEMPLATE, capacity=2)
    for slot, prediction in enumerate(predictions):
        stack.put(slot, prediction)
    check_all_ways(stack, predictions)
    predictions[0] = made(13)
    stack.put_compact([(0, compact(TEMPLATE, predictions[0]))])
    check_all_ways(stack, predictions)
    predictions[1] = None
    stack.put(1, None)
    check_all_ways(stack, predictions)
    only = stack.only([4, 0])
    np.testing.assert_allclose(only.find(FIELD, POINTS[0]).xy, stack.find(FIELD, POINTS[0]).xy[[4, 0]], atol=1e-3)


def test_reading_ahead_little_by_little_gives_the_same():
    one, other = StoredCharts(TEMPLATE, capacity=600), StoredCharts(TEMPLATE, capacity=600)
    for stack in (one, other):
        stack.put_compact((slot, compact(TEMPLATE, made(5 + slot % 2))) for slot in range(600))
    steps = 1
    while not one.field_ahead(0.0):
        steps += 1
    assert steps > 2
    np.testing.assert_array_equal(one.find(FIELD, POINTS[1]).xy, other.find(FIELD, POINTS[1]).xy)
