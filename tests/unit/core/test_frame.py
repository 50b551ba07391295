import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.frame import Frame, Provenance, Spacing
from app.core.orientation import Orientation

SIZES = st.integers(16, 5000)
COORDINATES = st.floats(-500, 6000)


@given(SIZES, SIZES, COORDINATES, COORDINATES)
def test_network_and_back_is_the_identity(height, width, x, y):
    frame = Frame(height, width)
    np.testing.assert_allclose(frame.from_network(frame.to_network((x, y))), (x, y), atol=1e-6)


def test_a_factor_of_four_keeps_the_half_pixel():
    frame = Frame(1024, 1024)
    np.testing.assert_allclose(frame.to_network((0, 0)), (-0.375, -0.375))
    np.testing.assert_allclose(frame.to_network((1.5, 1.5)), (0, 0))


def test_the_letter_box_is_centred():
    frame = Frame(512, 256)
    np.testing.assert_allclose(frame.to_network(frame.from_corner((128, 256))), (127.5, 127.5))
    assert frame.padding == (64, 0)


@given(SIZES, SIZES)
def test_the_affine_matrix_is_the_same_map(height, width):
    frame = Frame(height, width)
    point = np.array([3.0, 7.0])
    np.testing.assert_allclose(frame.to_network_affine @ [*point, 1], frame.to_network(point), atol=1e-9)


def test_mm_use_column_spacing_for_x():
    frame = Frame(10, 20, spacing=Spacing(0.5, 0.25, Provenance.CALIBRATED))
    np.testing.assert_allclose(frame.to_mm((4, 4)), (1, 2))
    np.testing.assert_allclose(frame.from_mm((1, 2)), (4, 4))


def test_unknown_spacing_is_never_one_mm():
    frame = Frame(10, 20)
    assert np.isnan(frame.to_mm((4, 4))).all()
    assert np.isnan(frame.mm_per_pixel)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_zero_spacing_is_refused(bad):
    with pytest.raises(ValueError, match="positive"):
        Spacing(bad, 1.0, Provenance.AT_DETECTOR)


def test_an_image_spans_its_corners():
    frame = Frame(10, 20)
    assert frame.contains((-0.5, 9.5))
    assert frame.contains((19.5, -0.5))
    assert not frame.contains((-0.6, 0))
    assert not frame.contains((0, 9.6))


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("height", "width", "aspect"), [(100, 300, 2.0), (301, 99, 0.5), (50, 201, 1.7)])
def test_pixels_that_are_not_square_lie_where_the_square_ones_of_the_same_picture_do(
    turns, mirrored, height, width, aspect
):
    frame = Frame(height, width, 224, 384, orientation=Orientation(turns, mirrored), aspect=aspect)
    # The same picture on a grid so fine that both shapes are whole numbers of its pixels, by hand: 10 to a column.
    tenth = Frame(round(height * aspect * 10), width * 10, 224, 384, orientation=Orientation(turns, mirrored))
    corners = np.array([[0, 0], [width, 0], [0, height], [width * 0.3, height * 0.8]])
    wanted = tenth.to_network(corners * (10, 10 * aspect) - 0.5)
    np.testing.assert_allclose(frame.to_network(corners - 0.5), wanted, atol=1e-9)
    np.testing.assert_allclose(frame.from_network(wanted), corners - 0.5, atol=1e-9)


def test_a_length_in_the_network_is_the_same_in_mm_along_rows_and_columns():
    frame = Frame(200, 300, 256, 256, Spacing(0.4, 0.2, Provenance.CALIBRATED), aspect=2.0)
    there = frame.to_mm(frame.from_network([[100.0, 100.0], [110.0, 100.0], [100.0, 110.0]]))
    across, down = np.linalg.norm(there[1:] - there[0], axis=1)
    # 200 rows of 0.4 mm are the longer side: 80 mm over 256 network pixels.
    assert across == pytest.approx(10 * 80 / 256)
    assert down == pytest.approx(10 * 80 / 256)
    assert 10 / frame.scale * frame.mm_per_pixel == pytest.approx(10 * 80 / 256)  # as expected errors are converted
    assert frame.diagonal * frame.mm_per_pixel == pytest.approx(np.hypot(200 * 0.4, 300 * 0.2))


@pytest.mark.parametrize("aspect", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pixel_without_shape_is_refused(aspect):
    with pytest.raises(ValueError, match="shape of a pixel"):
        Frame(10, 20, aspect=aspect)
