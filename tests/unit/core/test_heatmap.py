"""Points read off heatmaps whose Gaussians stand at known places between pixels."""

import cv2
import numpy as np
import pytest

from app.core.heatmap import INTEGER, SUBPIXEL, peaks

HEIGHT, WIDTH = 40, 28
PLACES = np.array([(21.3, 50.6), (33.0, 9.9), (40.45, 66.2), (3.2, 4.1)])  # network pixels of a 80 x 56 picture


def gaussians(sigma: float) -> np.ndarray:
    """Logits [K, 40, 28] of Gaussians of `sigma` network pixels around each place."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    half = (PLACES + 0.5) / 2 - 0.5
    squared = (x - half[:, 0, None, None]) ** 2 + (y - half[:, 1, None, None]) ** 2
    return (-squared / (2 * (sigma / 2) ** 2)).astype(np.float32)


def test_the_top_of_a_gaussian_is_found_between_pixels():
    np.testing.assert_allclose(peaks(gaussians(8.0), SUBPIXEL, 8.0).xy[:3], PLACES[:3], atol=1e-3)


def test_as_published_the_highest_pixel_of_the_networks_grid_counts():
    heat = gaussians(8.0) + np.random.default_rng(0).normal(0, 0.01, (4, HEIGHT, WIDTH)).astype(np.float32)
    found = peaks(heat, INTEGER, 8.0).xy
    for xy, each in zip(found, heat, strict=True):
        large = cv2.resize(each, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_LINEAR)
        row, column = np.unravel_index(large.argmax(), large.shape)
        assert xy.tolist() == [column, row]


def test_a_heatmap_without_a_top_stays_at_its_highest_pixel():
    heat = np.zeros((1, HEIGHT, WIDTH), np.float32)
    heat[0, 17, 5] = 1e-3
    heat[0, :, 5] += 1e-4  # a ridge: no parabola has its top here
    found = peaks(heat, SUBPIXEL, 8.0).xy[0]
    assert np.abs(found - (10.5, 34.5)).max() <= 2


def test_the_spread_is_what_a_heatmap_is_wider_than_its_target():
    inner = PLACES[:1]
    y, x = np.mgrid[:400, :280]
    half = (inner[0] * 5 + 0.5) / 2 - 0.5  # far from every border
    squared = (x - half[0]) ** 2 + (y - half[1]) ** 2
    heat = (-squared / (2 * 5.0**2)).astype(np.float32)[None]  # 10 network pixels
    assert peaks(heat, SUBPIXEL, 8.0).spread[0] == pytest.approx(6.0, rel=1e-3)  # 10² - 8²
    assert peaks(heat, SUBPIXEL, 12.0).spread[0] == 0
