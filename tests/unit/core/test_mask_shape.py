"""A mask held to its outline, on shapes whose distances are known by formula."""

import cv2
import numpy as np
import pytest
from scipy import ndimage

from app.core.mask_shape import FINE_HOLD, HOLD, one_piece, shape_mask, signed_distance
from tests.unit.core.shapes import bean

OUTLINE = bean(60, 58.3, 74.6, 40)  # 48 x 96 pixels in a picture of 120 x 150
SHAPE = (150, 120)


def sure(outline, shape=SHAPE):
    """A pixel-wise mask that is as sure as a network gets, drawn from an outline."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 256).astype(np.int32)], 1, cv2.LINE_8, 8)
    return np.where(mask > 0, 0.995, 0.005).astype(np.float32)


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_distances_to_a_polygon_are_those_of_its_sides():
    box = np.array([[10.0, 5.0], [40.0, 5.0], [40.0, 25.0], [10.0, 25.0]])
    found = signed_distance(box, (32, 64))
    ys, xs = np.mgrid[:32, :64]
    dx, dy = np.maximum(10 - xs, xs - 40), np.maximum(5 - ys, ys - 25)
    inner = np.maximum(dx, dy)
    wanted = np.where(inner <= 0, -inner, -np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)))
    np.testing.assert_allclose(found, wanted, atol=0.6)  # the distance transform's mask is 5 x 5


def test_a_polygon_around_the_picture_or_beyond_it_has_no_line_in_it():
    around = np.array([[-90.0, -90.0], [200.0, -90.0], [200.0, 200.0], [-90.0, 200.0]])
    assert (signed_distance(around, (20, 30)) > 40).all()
    assert (signed_distance(around + 400, (20, 30)) < -40).all()


def test_where_both_heads_agree_the_pixel_wise_mask_stays():
    shifted = sure(OUTLINE + np.array([0.8, 0.0]))
    shaped = shape_mask(shifted, OUTLINE, np.full(60, 6.0))
    assert dice(shaped.probability > 127, shifted > 0.5) > 0.985
    assert shaped.gap.max() < 1.6
    assert shaped.gap.mean() < 1.0


def test_leaks_holes_teeth_and_strays_follow_the_outline():
    probability = sure(OUTLINE)
    truth = probability > 0.5
    probability[60:66, 80:118] = 0.995  # a leak to the right
    probability[70:84, 50:62] = 0.005  # a hole
    probability[2:12, 2:12] = 0.995  # a stray piece
    probability[75:79, :] = np.where(truth[75:79], 0.005, probability[75:79])  # cut in two
    shaped = shape_mask(probability, OUTLINE, np.full(60, 3.0))
    mask = shaped.probability > 127
    assert ndimage.label(mask)[1] == 1
    assert ndimage.label(~mask)[1] == 1
    assert dice(mask, truth) > 0.97
    assert dice(probability > 0.5, truth) < 0.93


def test_the_less_sure_the_outline_the_more_the_pixel_wise_mask_decides():
    wider = OUTLINE + (OUTLINE - OUTLINE.mean(axis=0)) * 0.12  # the pixel-wise mask is an eighth larger
    probability = sure(wider)
    areas = [
        np.count_nonzero(shape_mask(probability, OUTLINE, np.full(60, expected)).probability > 127)
        for expected in (2.0, 8.0, 40.0)
    ]
    assert areas[0] < areas[1] < areas[2]
    assert areas[2] == pytest.approx(np.count_nonzero(probability > 0.5), rel=0.02)


def area_of(shaped) -> int:
    return int(np.count_nonzero(shaped.probability > 127))


def test_masks_that_were_drawn_again_stay_where_they_agree_and_go_where_they_contradict():
    """Each is the outline made larger; what is asked is how much of what it is larger by is left of it."""
    inner, left = area_of(shape_mask(sure(OUTLINE), OUTLINE, np.full(60, 1.0))), {}
    for grown in (0.08, 0.1, 0.17):
        drawn = sure(OUTLINE + (OUTLINE - OUTLINE.mean(axis=0)) * grown)
        whole = np.count_nonzero(drawn > 0.5) - inner
        for hold in (HOLD, FINE_HOLD):
            left[grown, hold] = (area_of(shape_mask(drawn, OUTLINE, np.full(60, 1.0), hold)) - inner) / whole
    assert left[0.08, FINE_HOLD] > 0.95 > 0.6 > left[0.08, HOLD]  # Dice .92: what was drawn again knows its border
    assert 0.5 < left[0.1, FINE_HOLD] < 0.75  # Dice .91
    assert left[0.17, FINE_HOLD] < 0.25  # Dice .84: it contradicts the outline


def test_a_contradicted_outline_tells_how_far_the_border_was():
    moved = sure(OUTLINE + np.array([0.0, 15.0]))
    shaped = shape_mask(moved, OUTLINE, np.full(60, 3.0))
    top = int(np.argmin(OUTLINE[:, 1]))
    assert shaped.gap[top] == pytest.approx(15, abs=1.5)
    assert dice(shaped.probability > 127, sure(OUTLINE) > 0.5) > 0.9


def test_one_piece_keeps_the_largest_and_fills_what_does_not_reach_the_edge():
    picture = np.zeros((20, 30), np.uint8)
    picture[2:12, 3:15] = 200
    picture[5:7, 6:9] = 40  # a hole
    picture[14:18, 20:28] = 220  # smaller
    found = one_piece(picture) > 127
    wanted = np.zeros((20, 30), bool)
    wanted[2:12, 3:15] = True
    np.testing.assert_array_equal(found, wanted)
    open_bay = picture[:14, 3:15].copy()  # a bay that reaches the picture's edge is no hole
    open_bay[:5, 3:6] = 0
    assert not (one_piece(open_bay) > 127)[:5, 3:6].any()


@pytest.mark.parametrize("at", [(-300.0, 10.0), (20.0, 900.0)])
def test_an_outline_beyond_the_picture_leaves_nothing(at):
    shaped = shape_mask(sure(OUTLINE), OUTLINE + np.array(at), np.full(60, 3.0))
    assert not (shaped.probability > 127).any()
    assert (shaped.gap == 0).all()
