"""The live wire follows edges, and tells places in native pixels."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.live_wire import CELLS, LiveWire, part_around

CENTRE, RADIUS, STEP = np.array([402.25, 318.5]), 170.0, 2.5


@pytest.fixture(scope="module")
def disc() -> tuple[np.ndarray, np.ndarray]:
    """A bright disc on dark ground under noise, in cells of 2.5 native pixels around a place on its rim; the place."""
    start = CENTRE + RADIUS * np.array([np.cos(0.4), np.sin(0.4)])
    rows, columns = np.mgrid[:CELLS, :CELLS]
    xy = part_around(start, STEP) + STEP * np.stack([columns, rows], axis=-1)
    inside = np.linalg.norm(xy - CENTRE, axis=-1) <= RADIUS
    noise = np.random.default_rng(3).normal(0, 6, inside.shape)
    return np.clip(90 + 70 * inside + noise, 0, 255).astype(np.uint8), start


@pytest.mark.parametrize("angle", [1.5, -0.5])
def test_the_way_follows_the_edge_from_start_to_end(disc, angle: float):
    cells, start = disc
    end = CENTRE + RADIUS * np.array([np.cos(angle), np.sin(angle)])
    way = LiveWire(cells, part_around(start, STEP), STEP, start).to(end)
    away = np.abs(np.linalg.norm(way - CENTRE, axis=1) - RADIUS)
    assert away.max() < 2.5 * STEP, "a straight line would be 17 pixels off and more"
    np.testing.assert_array_equal(way[-1], end)
    assert np.linalg.norm(way[0] - start) < 4 * STEP
    assert np.linalg.norm(np.diff(way, axis=0), axis=1).max() < 4 * STEP


def test_outside_the_part_the_way_is_straight_and_at_the_start_there_is_none(disc):
    cells, start = disc
    wire = LiveWire(cells, part_around(start, STEP), STEP, start)
    far = start + np.array([2 * CELLS * STEP, 40])
    way = wire.to(far)
    np.testing.assert_array_equal(way[-1], far)
    border = part_around(start, STEP)[0] + STEP * (CELLS - 1)
    assert border - 3 * STEP < way[-2][0] <= border + 1e-9
    np.testing.assert_array_equal(wire.to(start), start[None])
