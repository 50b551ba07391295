"""How far outlines moved, pooled on the template: against scipy's distances and against what was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from skimage.draw import polygon2mask

from app.core.chart import grid_nodes
from app.core.pooled import (
    LEAST_MM,
    Moved,
    Pooled,
    pixels_per_mm,
    pooled_rim,
    rim_moves,
    rim_of,
    signed_distance,
    typical,
)
from app.core.prediction import sample_chart
from tests.unit.core.shapes import two_structures

LUNG = two_structures().structures[0]
SCALE = 2.5


def chart() -> np.ndarray:
    """The template in an image: 2.5 pixels per mm, turned a little."""
    c, s = np.cos(0.2), np.sin(0.2)
    return LUNG.from_chart(grid_nodes()) @ (SCALE * np.array([[c, -s], [s, c]])).T + (210.0, 250.0)


def drawn(mm: float, upper_only: bool = False) -> np.ndarray:
    """The lung in that image, its outline `mm` further out from the middle."""
    outline = LUNG.outline.copy()
    out = outline / np.linalg.norm(outline, axis=1, keepdims=True)
    outline += mm * out * ((outline[:, 1:] < -10) if upper_only else 1)
    xy = sample_chart(chart(), LUNG.to_chart(outline))
    return polygon2mask((520, 430), xy[:, ::-1])


def test_places_lie_on_the_outline_evenly() -> None:
    plane = LUNG.from_chart(rim_of(LUNG))
    steps = np.linalg.norm(np.diff(np.concatenate([plane, plane[:1]]), axis=0), axis=1)
    length = np.linalg.norm(np.diff(np.concatenate([LUNG.outline, LUNG.outline[:1]]), axis=0), axis=1).sum()
    assert len(plane) == round(length / 4)
    assert steps.max() < 1.02 * length / len(plane)
    assert steps.min() > 3.3
    assert plane[0] == pytest.approx(LUNG.outline[0])
    middles = LUNG.distance_mm(rim_of(LUNG) * 1.02)
    assert middles.max() < 2


def test_the_scale_is_that_of_the_image() -> None:
    assert pixels_per_mm(LUNG, sample_chart(chart(), LUNG.outline_uv)) == pytest.approx(SCALE, rel=1e-6)


def test_signed_distances_are_scipys_half_a_pixel_nearer_to_the_border() -> None:
    mask = drawn(0)
    inside, outside = distance_transform_edt(mask), distance_transform_edt(~mask)
    np.testing.assert_allclose(signed_distance(mask), np.where(mask, inside - 0.5, 0.5 - outside), atol=1e-3)


@pytest.mark.parametrize("mm", [3.0, -2.0])
def test_a_rim_that_was_moved_all_around_moved_by_as_much_everywhere(mm: float) -> None:
    moves = rim_moves(drawn(0), drawn(mm), chart(), LUNG)
    assert np.median(moves) == pytest.approx(mm, abs=0.35)
    assert (np.sign(moves) == np.sign(mm)).all()


def test_a_rim_that_was_moved_above_alone_moved_nowhere_else() -> None:
    moves = rim_moves(drawn(0), drawn(5.0, upper_only=True), chart(), LUNG)
    plane = LUNG.from_chart(rim_of(LUNG))
    top, bottom = plane[:, 1] < -40, plane[:, 1] > 10
    assert top.sum() > 10
    assert moves[top].min() > 3
    assert np.abs(moves[bottom]).max() < LEAST_MM


def test_a_place_outside_the_picture_says_nothing() -> None:
    moved = chart() - (180.0, 0.0)
    mask = np.zeros((520, 430), bool)
    mask[100:400, :90] = True
    moves = rim_moves(mask, np.roll(mask, 4, axis=1), moved, LUNG)
    x = sample_chart(moved, rim_of(LUNG))[:, 0]
    assert (np.isnan(moves) == (x < -0.5)).all()
    assert np.isnan(moves).any()
    assert np.isfinite(moves).any()


def test_places_are_pooled_over_the_images_in_which_they_moved() -> None:
    count = len(rim_of(LUNG))
    first, second, third = (np.zeros(count) for _ in range(3))
    first[:3], second[2:5], third[2] = 4.0, -1.5, np.nan
    rim = pooled_rim([("a", first), ("b", second), ("c", third)], LUNG)
    assert rim[:6] == (
        *((Moved("a", 4.0),) for _ in range(2)),
        (Moved("a", 4.0), Moved("b", -1.5)),
        *((Moved("b", -1.5),) for _ in range(2)),
        (),
    )
    assert typical(rim[2]) == 2.75
    pooled = Pooled({"apex": (Moved("a", 1.0), Moved("c", 9.0), Moved("d", 6.0))}, {"lung": rim}, 40)
    assert pooled.most == 6.0
    assert Pooled({}, {}, 3).most == 0
