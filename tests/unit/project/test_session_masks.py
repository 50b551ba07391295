"""Masks as a session gives them, at native size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.core.masks import MaskState
from app.project.session import Session


def by_hand(probability: np.ndarray) -> np.ndarray:
    """A mask of 256 x 256 in a picture of 300 x 320 (letter-boxed by 0.8), each pixel looked up between four."""
    rows, columns = np.mgrid[:300, :320].astype(np.float32)
    x, y = (columns + 0.5) * 0.8 - 0.5, (rows + 0.5) * 0.8 - 0.5 + 8
    return cv2.remap(probability.astype(np.float32), x, y, cv2.INTER_LINEAR) > 127.5


def test_a_mask_is_the_predicted_one_in_native_pixels(session: Session):
    prediction = session.prediction("im1.png")
    for place, structure in enumerate(session.template.structures):
        mask, state = session.mask("im1.png", structure.name), session.mask_state("im1.png", structure.name)
        if not prediction.present[place]:
            assert (mask, state) == (None, MaskState.ABSENT)
            continue
        wanted = by_hand(prediction.masks[place])
        assert (mask.shape, mask.dtype, state) == ((300, 320), bool, MaskState.PREDICTED)
        near = cv2.dilate(wanted.astype(np.uint8), np.ones((3, 3))) - cv2.erode(
            wanted.astype(np.uint8), np.ones((3, 3))
        )
        assert not np.any((mask != wanted) & (near == 0))  # OpenCV rounds places to 1/32 pixel
        assert np.count_nonzero(mask != wanted) < 0.05 * np.count_nonzero(wanted)
        ys, xs = np.nonzero(mask)
        assert structure.name in session.structures_at("im1.png", (xs[len(xs) // 3], ys[len(xs) // 3]))
    assert {session.mask_state("im1.png", s.name) for s in session.template.structures} == {*MaskState}


def test_there_is_no_mask_before_a_prediction_or_in_an_image_that_is_turned(session: Session):
    assert session.mask("im0.png", "heart") is not None
    session.set_orientation("im0.png", quarter_turns=1)
    assert (session.mask("im0.png", "heart"), session.mask_state("im0.png", "heart")) == (None, None)
    session.undo()
    assert session.mask_state("im0.png", "heart") is MaskState.PREDICTED


def test_an_accepted_image_keeps_its_masks(session: Session):
    before = session.mask("im0.png", "heart")
    session.set_review("im0.png", "accepted")
    session.close()
    with Session.open(session.path, model=session.bundle) as again:
        np.testing.assert_array_equal(again.mask("im0.png", "heart"), before)


def test_unknown_images_and_structures_are_told(session: Session):
    with pytest.raises(ValueError, match=r"has no image “none\.png”"):
        session.mask("none.png", "heart")
    with pytest.raises(KeyError, match="spleen"):
        session.mask("im0.png", "spleen")
