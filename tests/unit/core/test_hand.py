"""Where the wrist lies in a radiograph of a whole hand, on hands that are drawn here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.core.hand import JOINT, find_hand, wrist_view
from app.core.orientation import ORIENTATIONS, Orientation

PALM, RADIUS = np.array([310.0, 420.0]), 95.0


def draw_hand(degrees: float = 0.0, fingers: bool = True) -> np.ndarray:
    """A hand [900, 640] of discs and bars in grey values of 0 to 255, its forearm turned by `degrees`."""
    picture = np.full((900, 640), 12, np.uint8)
    down = np.array([np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])
    cv2.line(picture, np.round(PALM).astype(int).tolist(), np.round(PALM + 900 * down).astype(int).tolist(), 150, 120)
    cv2.circle(picture, (310, 420), 95, 120, -1)
    if fingers:
        for x, y in ((160, 160), (250, 80), (335, 60), (420, 100), (540, 300)):
            cv2.line(picture, (310 + (x - 310) // 3, 420 + (y - 420) // 4), (x, y), 110, 40)
    return cv2.GaussianBlur(picture, (0, 0), 3)


@pytest.mark.parametrize("degrees", [-30, 0, 18])
def test_palm_and_direction_of_the_forearm(degrees: float) -> None:
    hand = find_hand(draw_hand(degrees))
    assert hand is not None
    assert hand.fingers
    assert np.linalg.norm(hand.palm - PALM) < 12
    assert hand.radius == pytest.approx(RADIUS, rel=0.1)
    assert np.degrees(np.arctan2(*hand.down)) == pytest.approx(degrees, abs=5)
    np.testing.assert_allclose(hand.joint, hand.palm + JOINT * hand.radius * hand.down)


def test_the_box_holds_the_joint_and_lies_in_the_picture() -> None:
    picture = draw_hand(12)
    hand = find_hand(picture)
    rows, columns = hand.box(*picture.shape)
    assert rows.start < hand.joint[1] < rows.stop <= 900
    assert 0 <= columns.start < hand.joint[0] < columns.stop <= 640
    assert rows.start > 150, "fingertips are no wrist"


def test_grey_frame_and_bright_letter_do_not_matter() -> None:
    plain = draw_hand(10)
    framed = cv2.copyMakeBorder(plain, 60, 60, 110, 110, cv2.BORDER_CONSTANT, value=(140,))
    cv2.putText(framed, "L", (150, 800), cv2.FONT_HERSHEY_SIMPLEX, 4, (255,), 14)
    hand = find_hand(framed)
    assert np.linalg.norm(hand.palm - PALM - (110, 60)) < 14


def test_few_grey_levels_and_depth_do_not_matter() -> None:
    picture = draw_hand()
    flat = (40 + picture.astype(float) / 255 * 40).astype(np.uint8)
    deep = picture.astype(np.uint16) * 257
    for other in (flat, deep):
        assert np.linalg.norm(find_hand(other).palm - PALM) < 14


def test_a_wrist_shows_no_fingers_and_an_empty_picture_no_hand() -> None:
    wrist = find_hand(draw_hand()[300:])  # cut through the fingers
    assert wrist is None or not wrist.fingers
    wrist = find_hand(draw_hand(fingers=False)[380:])
    assert wrist is None or not wrist.fingers
    assert find_hand(np.zeros((300, 200), np.uint8)) is None
    assert find_hand(np.full((300, 200), 7, np.uint16)) is None


@pytest.mark.parametrize("way", ORIENTATIONS, ids=lambda way: way.words)
def test_the_wrist_that_is_seen_is_the_same_place_however_the_file_lies(way: Orientation) -> None:
    upright = draw_hand(12)
    rows, columns = find_hand(upright).box(*upright.shape)
    wanted = np.zeros(upright.shape, bool)
    wanted[rows, columns] = True
    back = next(other for other in ORIENTATIONS if other.then(way) == Orientation())
    stored = np.ascontiguousarray(back.turned(255 - upright if way.inverted else upright))
    seen = np.zeros(stored.shape, bool)
    seen[wrist_view(stored, way).window] = True
    again = way.turned(seen)
    assert (again & wanted).sum() > 0.98 * (again | wanted).sum()


def test_of_a_wrist_all_is_seen() -> None:
    assert wrist_view(draw_hand(fingers=False)[380:]) is None
