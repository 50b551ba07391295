"""The shared colours are even, inside sRGB, and stay apart for colour-blind eyes."""

from __future__ import annotations

import numpy as np

from app.gui.widgets.uv_colours import _TO_LINEAR, _TO_LMS, colour_field, colours, oklab

# Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB.
DEUTERANOPE = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
PROTANOPE = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)


def grid(count: int = 9) -> np.ndarray:
    line = np.linspace(-1, 1, count)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def linear(uv: np.ndarray) -> np.ndarray:
    return (oklab(uv) @ _TO_LMS.T) ** 3 @ _TO_LINEAR.T


def lab_of(rgb: np.ndarray) -> np.ndarray:
    lms = np.cbrt(np.clip(rgb, 1e-6, 1) @ np.linalg.inv(_TO_LINEAR).T)
    return lms @ np.linalg.inv(_TO_LMS).T


def test_equal_steps_in_the_chart_are_equal_steps_in_colour() -> None:
    points = grid()
    distance = np.linalg.norm(points[:, None] - points, axis=-1)
    colour = np.linalg.norm(oklab(points)[:, None] - oklab(points), axis=-1)
    ratio = colour[distance > 0] / distance[distance > 0]
    assert ratio.max() / ratio.min() < 1.01


def test_all_colours_exist_in_srgb() -> None:
    assert linear(grid()).min() > -0.01
    assert linear(grid()).max() < 1.01


def test_places_stay_apart_for_colour_blind_eyes() -> None:
    points = grid(5)
    far = np.linalg.norm(points[:, None] - points, axis=-1) >= 0.5
    for eye in (DEUTERANOPE, PROTANOPE):
        seen = lab_of(linear(points) @ eye.T)
        assert np.linalg.norm(seen[:, None] - seen, axis=-1)[far].min() > 0.02


def test_the_table_agrees_with_the_formula() -> None:
    points = grid()
    found = colour_field(points[:, 0].reshape(9, 9), points[:, 1].reshape(9, 9)).reshape(-1, 3)
    assert np.abs(found.astype(int) - colours(points)).max() <= 2
