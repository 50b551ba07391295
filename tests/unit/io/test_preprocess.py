from itertools import product

import numpy as np
import pytest

from app.core.frame import Frame
from app.core.reading import Reading
from app.io.preprocess import letterbox, to_network_input

READINGS = [Reading(turns, mirrored) for turns, mirrored in product(range(4), (False, True))]


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("size", [(300, 500), (500, 300), (401, 257), (20, 31)])
def test_the_network_sees_the_image_as_it_is_read(reading, size):
    pixels = np.random.default_rng(3).integers(0, 4096, size).astype(np.uint16)
    upright = np.ascontiguousarray(reading.turned(pixels))
    seen = to_network_input(pixels, Frame(*size, 64, 48, reading=reading))
    np.testing.assert_allclose(seen, to_network_input(upright, Frame(*upright.shape, 64, 48)), atol=2e-3)


def test_inverting_is_seen_as_if_the_file_had_been_the_other_way_round():
    pixels = np.random.default_rng(4).integers(0, 4096, (90, 70)).astype(np.uint16)
    seen = to_network_input(pixels, Frame(90, 70, 64, 48, reading=Reading(inverted=True)))
    np.testing.assert_allclose(seen, to_network_input(4095 - pixels, Frame(90, 70, 64, 48)), atol=2e-3)


def test_the_border_is_the_darkest_value_that_is_read():
    pixels = np.linspace(0, 1000, 90 * 30).reshape(90, 30)
    bordered = letterbox(pixels, Frame(90, 30, 60, 60, reading=Reading(inverted=True)))
    assert bordered[:, 0].max() == bordered.min() == pytest.approx(-1000, abs=20)


@pytest.mark.parametrize("size", [(256, 256), (512, 509), (509, 512), (500, 300), (300, 1000)])
def test_every_pixel_lies_where_the_frame_says(size):
    frame = Frame(*size)
    row, column = np.indices(size, np.float32)
    seen = np.stack([letterbox(column, frame), letterbox(row, frame)], -1)
    there = frame.from_network(np.stack(np.meshgrid(np.arange(256), np.arange(256)), -1))
    inside = (there > 3).all(-1) & (there < np.array(size[::-1]) - 4).all(-1)
    assert np.abs(seen - there)[inside].max() < 0.05
