"""Calipers lie where a measurement is measured: as long as it says, and at the borders of the masks."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.calipers import outermost
from app.project.session import Session


def test_the_outermost_places_are_at_the_borders_of_the_outermost_pixels() -> None:
    mask = np.zeros((20, 30), bool)
    mask[4:9, 3:12] = True
    mask[6:9, 12:25] = True
    mask[15, 7] = True
    np.testing.assert_array_equal(outermost(mask, 0), [[2.5, 6], [24.5, 7]])
    np.testing.assert_array_equal(outermost(mask, 1), [[7, 3.5], [7, 15.5]])
    assert np.isnan(outermost(np.zeros((4, 5), bool), 0)).all()


@pytest.fixture
def measured(session: Session) -> Session:
    session.set_spacing("im1.png", row_mm=0.5, column_mm=0.25)
    for name, structure, uv in (("a", "heart", (0.1, 0.4)), ("b", "heart", (-0.5, 0.2)), ("c", "right_lung", (0, 0.5))):
        session.define_landmark(name, structure, uv)
    for name, formula in (
        *(("wide", "width(heart)"), ("high", "height(right_lung)"), ("apart", "distance(a, b)")),
        *(("off", "perpendicular(c, a, b)"), ("bend", "angle(a, b, c)"), ("share", "width(heart) / distance(a, c)")),
    ):
        session.define_measurement(name, formula)
    return session


@pytest.mark.parametrize("turned", [False, True])
def test_a_line_is_as_long_as_its_value_says_also_in_a_turned_image(measured: Session, turned: bool) -> None:
    from tests.unit.store.fakes import fake_predict

    if turned:
        measured.set_orientation("im1.png", 1)
        fake_predict(measured)
    sides, checked = np.array([0.25, 0.5]), 0
    for name in ("wide", "high", "apart", "off", "share"):
        for one in measured.calipers("im1.png", name):
            line = one.lines[0] * sides
            assert np.linalg.norm(np.diff(line, axis=0)) == pytest.approx(one.value, rel=1e-4)
            assert one.unit.value == "mm"
            checked += 1
    assert checked == 6
    measured.define_measurement("chest", "width(thorax)")  # both lungs are in another image, of unknown pixel size
    (chest,) = measured.calipers("im2.png", "chest")
    assert np.ptp(chest.lines[0][:, 0]) == pytest.approx(chest.value)
    lungs = measured.mask("im2.png", "right_lung") | measured.mask("im2.png", "left_lung")
    assert chest.value == np.ptp(np.flatnonzero(lungs.any(axis=0))) + 1
    (wide,) = measured.calipers("im1.png", "wide")
    assert wide.names == ("heart",)
    heart = measured.mask("im1.png", "heart")
    for guide, end in zip(wide.guides, wide.lines[0], strict=True):
        np.testing.assert_array_equal(guide[1], end)
        inward = np.clip(guide[0] + 0.01 * (heart_middle(heart) - guide[0]), 0, None)
        x, y = (np.rint(guide[0] + np.sign(inward - guide[0]) * 0.5)).astype(int)
        assert heart[y, x]
    (value,) = [one.value for one in measured.measurements_in("im1.png") if one.entry.name == "wide"]
    assert wide.value == pytest.approx(value)


def heart_middle(mask: np.ndarray) -> np.ndarray:
    return np.argwhere(mask)[:, ::-1].mean(axis=0)


def test_a_perpendicular_meets_its_line_at_a_right_angle_in_mm_and_an_absent_thing_has_no_line(measured: Session):
    (one,) = measured.calipers("im1.png", "off")
    (line,), (along,) = one.lines, one.guides
    sides = np.array([0.25, 0.5])
    assert abs(np.dot((line[1] - line[0]) * sides, (along[1] - along[0]) * sides)) < 1e-6
    moved = measured.calipers("im1.png", "apart", ("a", (12.0, 34.0)))
    np.testing.assert_array_equal(moved[0].lines[0][0], (12, 34))
    measured.set_absent("im1.png", "a")
    assert measured.calipers("im1.png", "apart") == ()
    assert [c.function for c in measured.calipers("im1.png", "share")] == ["width"]
