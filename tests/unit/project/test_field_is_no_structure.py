"""The field has landmarks and regions, but neither a mask nor a review: nothing of the kind is kept of it."""

from __future__ import annotations

import numpy as np
import pytest

from app.project.session import Session
from tests.unit.store.fakes import fake_predict


@pytest.mark.parametrize("what", ["set_mask", "set_mask_absent", "reset_mask", "set_review"])
def test_it_has_no_mask_and_no_review(session: Session, what: str):
    fake_predict(session)
    image = session.images[0]
    frame = session.image(image).frame
    mask = np.zeros((frame.height, frame.width), bool)
    mask[3:9, 5:8] = True
    act = {
        "set_mask": lambda: session.set_mask(image, "field", mask),
        "set_mask_absent": lambda: session.set_mask_absent(image, "field"),
        "reset_mask": lambda: session.reset_mask(image, "field"),
        "set_review": lambda: session.set_review(image, "rejected", structure="field"),
    }[what]
    lines = len(session.history())
    with pytest.raises(ValueError, match="no structure “field”"):
        act()
    assert len(session.history()) == lines
    assert session.image(image).structures == ()
