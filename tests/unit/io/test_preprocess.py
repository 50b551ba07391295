from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from app.core.frame import Frame, View
from app.core.orientation import Orientation
from app.io.preprocess import letterbox, square_content, to_network_input

ORIENTATIONS = [Orientation(turns, mirrored) for turns, mirrored in product(range(4), (False, True))]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("size", [(300, 500), (500, 300), (401, 257), (20, 31)])
def test_the_network_sees_the_image_as_it_is_read(orientation, size):
    pixels = np.random.default_rng(3).integers(0, 4096, size).astype(np.uint16)
    upright = np.ascontiguousarray(orientation.turned(pixels))
    seen = to_network_input(pixels, Frame(*size, 64, 48, orientation=orientation))
    np.testing.assert_allclose(seen, to_network_input(upright, Frame(*upright.shape, 64, 48)), atol=2e-3)


def test_inverting_is_seen_as_if_the_file_had_been_the_other_way_round():
    pixels = np.random.default_rng(4).integers(0, 4096, (90, 70)).astype(np.uint16)
    seen = to_network_input(pixels, Frame(90, 70, 64, 48, orientation=Orientation(inverted=True)))
    np.testing.assert_allclose(seen, to_network_input(4095 - pixels, Frame(90, 70, 64, 48)), atol=2e-3)


def test_the_border_is_the_darkest_value_that_is_read():
    pixels = np.linspace(0, 1000, 90 * 30).reshape(90, 30)
    bordered = letterbox(pixels, Frame(90, 30, 60, 60, orientation=Orientation(inverted=True)))
    assert bordered[:, 0].max() == bordered.min() == pytest.approx(-1000, abs=20)


@pytest.mark.parametrize("network", [(256, 256), (384, 224), (96, 160)])
@pytest.mark.parametrize("size", [(256, 256), (512, 509), (509, 512), (500, 300), (300, 1000)])
def test_every_pixel_lies_where_the_frame_says(size, network):
    frame = Frame(*size, *network)
    row, column = np.indices(size, np.float32)
    seen = np.stack([letterbox(column, frame), letterbox(row, frame)], -1)
    there = frame.from_network(np.stack(np.meshgrid(np.arange(network[1]), np.arange(network[0])), -1))
    inside = (there > 3).all(-1) & (there < np.array(size[::-1]) - 4).all(-1)
    assert np.abs(seen - there)[inside].max() < 0.07 / min(frame.scale, 0.7)  # averaging whole pixels leaves that


@pytest.mark.parametrize("aspect", [0.4, 0.5, 1.25, 2.0, 5.0])
@pytest.mark.parametrize("size", [(256, 256), (509, 512), (100, 300)])
def test_pixels_that_are_not_square_lie_where_the_frame_says(size, aspect):
    frame = Frame(*size, aspect=aspect)
    row, column = np.indices(size, np.float32)
    seen = np.stack([letterbox(column, frame), letterbox(row, frame)], -1)
    there = frame.from_network(np.stack(np.meshgrid(np.arange(256), np.arange(256)), -1))
    inside = (there > 6).all(-1) & (there < np.array(size[::-1]) - 7).all(-1)
    assert np.abs(seen - there)[inside].max() < 0.07


def test_the_network_sees_the_same_of_a_picture_with_square_and_with_long_pixels():
    y, x = np.mgrid[:120, :90]
    square = np.sin(x / 9) + np.cos(y / 17) + x / 50
    long = square.reshape(60, 2, 90).mean(1)  # each pixel as high as two
    seen = to_network_input(long, Frame(60, 90, 48, 64, aspect=2.0))
    np.testing.assert_allclose(seen, to_network_input(square, Frame(120, 90, 48, 64)), atol=0.05)


def test_the_network_sees_grey_values_between_percentiles_as_z_values():
    """The right value written out: clipped at the 0.5th and 99.5th percentile of what is seen, mean 0, deviation 1."""
    pixels = np.random.default_rng(6).gamma(2.0, 300.0, (64, 64))
    pixels[3, 4], pixels[60, 1] = 1e6, -1e6
    low, high = np.percentile(pixels.astype(np.float32), [0.5, 99.5])
    clipped = np.clip(pixels, low, high)
    seen = to_network_input(pixels, Frame(64, 64, 64, 64))
    np.testing.assert_allclose(seen[0, 0], (clipped - clipped.mean()) / clipped.std(), atol=1e-4)
    assert seen.dtype == np.float32
    assert (seen.mean(), seen.std()) == pytest.approx((0, 1), abs=1e-4)


@pytest.mark.parametrize("size", [(120, 300), (300, 120)])
def test_what_is_checked_is_the_picture_without_its_borders(size):
    """One border is 68 network pixels wide, the other one nothing."""
    height, width = size
    pixels = np.add.outer(np.arange(height) * 2.0, np.arange(width) * 5.0)
    frame = Frame(height, width, 200, 160) if width > height else Frame(height, width, 160, 200)
    network = (frame.network_height, frame.network_width)
    scale = min(network[0] / height, network[1] / width)
    left, top = (network[1] - width * scale) / 2, (network[0] - height * scale) / 2
    assert (round(left), round(top)) in {(0, 68), (68, 0)}
    square = square_content(letterbox(pixels, frame), frame, 40)
    # A plane stays a plane: its z-values rise evenly from row to row and from column to column, border to border.
    down, across = height * 2.0, width * 5.0
    wanted = np.add.outer((np.arange(40) + 0.5) / 40 * down, (np.arange(40) + 0.5) / 40 * across)
    wanted = (wanted - wanted.mean()) / wanted.std()
    assert np.abs(square - wanted)[2:-2, 2:-2].max() < 0.08


@pytest.mark.parametrize("orientation", [Orientation(), Orientation(1, inverted=True), Orientation(2, mirrored=True)])
def test_of_a_part_the_network_sees_what_it_sees_of_a_file_of_that_part(orientation):
    pixels = np.random.default_rng(4).integers(0, 4000, (90, 130)).astype(np.uint16)
    view = View(left=20, top=11, width=61, height=70)
    part = letterbox(np.ascontiguousarray(pixels[11:81, 20:81]), Frame(70, 61, 48, 40, orientation=orientation))
    seen = letterbox(pixels, Frame(90, 130, 48, 40, orientation=orientation, view=view))
    np.testing.assert_array_equal(seen, part)
    mirrored = letterbox(pixels, Frame(90, 130, 48, 40, orientation=orientation, view=replace(view, mirrored=True)))
    np.testing.assert_allclose(mirrored, seen[:, ::-1], atol=0.2)
