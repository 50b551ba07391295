"""What makes a place worth a look, against plain loops and scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label

from app.core.outliers import Spread
from app.core.quality import border_gap, pieces, score_of_error, score_of_z
from app.core.shape_prior import ShapePrior


def test_errors_and_outliers_have_comparable_scores() -> None:
    mm, diagonal = np.array([0.5, np.nan, 2.0]), np.array([900.0, 1500.0, 300.0])
    np.testing.assert_allclose(score_of_error([20.0, 15.0, 10.0], mm, diagonal), [1.0, 0.5, 2.0])
    np.testing.assert_allclose(score_of_z([-7.0, 1.75]), [2.0, 0.5])
    spread = Spread.of(np.array([1.0, np.nan, 2.0, 4.0, 9.0, 10.0]))
    assert spread is not None
    assert (spread.middle, spread.deviation) == (4.0, pytest.approx(1.4826 * 3.0))  # distances 3 2 0 5 6


def test_the_gap_is_the_distance_to_the_border_of_the_mask_and_nothing_beyond_the_picture() -> None:
    mask = np.zeros((70, 90), bool)
    mask[20:50, 0:60] = True  # it is cut by the picture on the left
    points = np.array([[30, 19.5], [30, 8], [59, 35], [70, 35], [40, 35], [-12, 30]], float)
    np.testing.assert_allclose(border_gap(mask, points), [0.5, 11.5, 0.5, 10.5, 14.5, 0.0], atol=0.6)
    assert not border_gap(np.zeros((9, 9), bool), points).any()


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.6))
@settings(max_examples=30, deadline=None)
def test_pieces_are_those_that_a_labelling_finds(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((17, 23)) < share
    found, labels = pieces(mask), label(mask, connectivity=2)
    sizes = sorted(np.bincount(labels.ravel())[1:].tolist())
    assert found.number == len(sizes)
    if len(sizes) > 1:
        assert found.pixels == sizes[-2]
        middles = [np.argwhere(labels == n)[:, ::-1].mean(axis=0) for n in range(1, len(sizes) + 1)]
        assert min(np.abs(middle - found.xy).max() for middle in middles) < 1e-6


def test_surprise_is_how_far_regularising_moves_each_point_also_where_some_are_absent() -> None:
    rng = np.random.default_rng(4)
    mean = rng.normal(size=(9, 2)) * 40
    shrinkage = rng.normal(size=(18, 18)) / 12
    prior = ShapePrior(mean, np.zeros((1, 9, 2)), shrinkage)
    angle = np.array([[0.6, -0.8], [0.8, 0.6]])
    contours = np.stack([3 * (mean + rng.normal(size=(9, 2)) * 4) @ angle + (200, 90) for _ in range(4)])
    contours[2, 3:6] = np.nan
    contours[3] = np.nan
    found = prior.surprise(contours)
    for contour, moved in zip(contours[:3], found, strict=False):
        np.testing.assert_allclose(moved, np.linalg.norm(prior.regularise(contour) - contour, axis=1), rtol=1e-9)
    assert np.isnan(found[3]).all()
