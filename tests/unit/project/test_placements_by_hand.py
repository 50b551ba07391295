"""What readers say of single placements: moved, absent, confirmed, reset; never outside the picture."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.landmark import PlacementState as P
from app.project.session import Session


def test_placements_by_hand(session: Session):
    predicted = session.placements("heart_00").xy[0]
    session.confirm_placement("im0.png", "heart_00")
    shown = session.placements("heart_00")
    assert shown.states[0] == P.CONFIRMED
    np.testing.assert_array_equal(shown.xy[0], predicted)
    assert shown.expected_error[0] == 0
    session.move_placement("im0.png", "heart_00", (3, 7.5))
    assert session.corrections("im0.png") == 1
    shown = next(p for p in session.placements_in("im0.png") if p.landmark.name == "heart_00")
    assert (shown.state, shown.reader, shown.confidence) == (P.CORRECTED, "Ann", 1.0)
    np.testing.assert_array_equal(shown.xy, (3, 7.5))
    session.set_absent("im0.png", "heart_00")
    assert np.isnan(session.placements("heart_00").xy[0]).all()
    session.confirm_placement("im0.png", "heart_00")
    assert session.placements("heart_00").states[0] == P.ABSENT
    session.reset_placement("im0.png", "heart_00")
    assert session.placements("heart_00").states[0] == P.PREDICTED
    np.testing.assert_array_equal(session.placements("heart_00").xy[0], predicted)
    with pytest.raises(ValueError, match="no coordinates"):
        session.move_placement("im0.png", "heart_00", (float("nan"), 1))


def test_a_place_outside_the_picture_is_refused_whoever_asks(session: Session):
    width, height = session.image("im0.png").frame.width, session.image("im0.png").frame.height
    before = session.placements("heart_00").xy[0]
    for x, y in ((-0.6, 3), (3, -0.6), (width - 0.4, 3), (3, height - 0.4)):
        with pytest.raises(ValueError, match="outside the picture"):
            session.move_placement("im0.png", "heart_00", (x, y))
    assert session.corrections("im0.png") == 0
    np.testing.assert_array_equal(session.placements("heart_00").xy[0], before)
    session.move_placement("im0.png", "heart_00", (width - 0.6, -0.4))  # the last pixel's area, and the first's
    np.testing.assert_array_equal(session.placements("heart_00").xy[0], (width - 0.6, -0.4))
    with pytest.raises(ValueError, match="outside the picture"):
        session.nudge_placement("im0.png", "heart_00", (0, -0.5))
