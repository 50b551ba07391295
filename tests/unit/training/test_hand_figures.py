"""Ends of forearm bones in boxes: what is read, and where the end of a bone is."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.training.hand_figures import distal_end, read_boxes


def test_boxes_are_read_with_their_corners(tmp_path):
    (tmp_path / "boxes.csv").write_text(
        "image,label,xmin,ymin,xmax,ymax\n7.jpg,Radius,190.5,492,256,518\n7.jpg,Wrist,1,2,3,4\n"
    )
    radius, wrist = read_boxes(tmp_path)
    assert (radius.image, radius.label, wrist.label) == ("7.jpg", "Radius", "Wrist")
    assert (radius.low.tolist(), radius.high.tolist()) == ([190.5, 492.0], [256.0, 518.0])


@pytest.mark.parametrize("lean", [0.0, 0.15, -0.15])
def test_the_distal_end_of_a_bone_is_within_its_width_of_the_upper_edge(lean):
    top, bottom, half = 20.0, 170.0, 12.0
    left, right = 60 + lean * 150, 60 - lean * 0
    corners = np.array([(right - half, top), (right + half, top), (left + half, bottom), (left - half, bottom)])
    x, y = distal_end(polygon2mask((200, 160), corners[:, ::-1]))
    middle = right + (left - right) * (y - top) / (bottom - top)
    assert x == pytest.approx(middle, abs=1.0)
    assert top + 4 < y < top + 2 * half
