from itertools import product

import numpy as np
import pytest

from app.core.frame import Frame
from app.core.orientation import AS_STORED, Orientation

ALL = [
    Orientation(turns, mirrored, inverted)
    for turns, mirrored, inverted in product(range(4), (False, True), (False, True))
]
EIGHT = ALL[::2]


def test_turning_to_the_right_brings_the_left_column_to_the_top():
    pixels = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(Orientation(1).turned(pixels), [[3, 0], [4, 1], [5, 2]])
    np.testing.assert_array_equal(Orientation(mirrored=True).turned(pixels), [[2, 1, 0], [5, 4, 3]])
    assert Orientation(5) == Orientation(1)
    assert Orientation(-1) == Orientation(3)


@pytest.mark.parametrize(("first", "second"), list(product(ALL, ALL)))
def test_one_reading_after_another_is_what_it_shows(first, second):
    pixels = np.arange(12).reshape(3, 4)
    both = first.then(second)
    np.testing.assert_array_equal(both.turned(pixels), second.turned(first.turned(pixels)))
    np.testing.assert_array_equal(both.linear, second.linear @ first.linear)
    assert both.inverted == (first.inverted != second.inverted)


@pytest.mark.parametrize("orientation", EIGHT)
@pytest.mark.parametrize("size", [(20, 30), (30, 20), (24, 24), (600, 351)])
def test_the_frame_takes_every_pixel_to_where_the_turned_image_has_it(orientation, size):
    rows, columns = np.mgrid[: size[0], : size[1]]
    native = np.stack([columns, rows], -1)
    shown = np.stack(
        [orientation.turned(columns), orientation.turned(rows)], -1
    )  # native coordinates where they are read
    frame, upright = Frame(*size, 64, 48, orientation=orientation), Frame(*shown.shape[:2], 64, 48)
    ys, xs = np.mgrid[: shown.shape[0], : shown.shape[1]]
    np.testing.assert_allclose(frame.to_network(shown), upright.to_network(np.stack([xs, ys], -1)), atol=1e-9)
    np.testing.assert_allclose(frame.from_network(frame.to_network(native)), native, atol=1e-9)
    assert (frame.scale, frame.padding) == (upright.scale, upright.padding)


def test_words_and_keys_tell_readings_apart():
    assert len({orientation.key for orientation in ALL}) == len({orientation.words for orientation in ALL}) == len(ALL)
    assert AS_STORED.key == ""
    assert Orientation(3, inverted=True).words == "turned left by 90°, inverted"
