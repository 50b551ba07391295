"""Points and their mirror images, on a template whose sides are not alike."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.laterality import has_pairs, has_sides, mirrored_point, other_side
from app.core.template import FIELD, Structure, Template
from app.io.bundle import read_bundle


def box(name: str, x0: float, y0: float, x1: float, y1: float) -> Structure:
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)
    return Structure(name, name, "#ffffff", corners)


LUNGS = box("right_lung", 10, 0, 50, 100), box("left_lung", 70, 8, 100, 90)
CHEST = Template("chest", (*LUNGS, box("heart", 40, 60, 80, 95), box("right_rib", 0, 0, 4, 9)))
MIDDLE = (30 + 85) / 2
"""The mean of the middles of both lungs, mm; the rib has no other side."""


def test_names_of_the_other_side() -> None:
    assert other_side("right_lung") == "left_lung"
    assert other_side("left_clavicle") == "right_clavicle"
    assert other_side("heart") == "heart"
    assert other_side(FIELD) == FIELD
    assert other_side("bright_lung") == "bright_lung"


def test_a_paired_point_goes_to_the_same_height_of_the_other_chart() -> None:
    structure, uv = mirrored_point(CHEST, "right_lung", (0.7, -0.3))
    assert structure == "left_lung"
    np.testing.assert_allclose(uv, (-0.7, -0.3))
    # 0.3 of the half width from the border beside the heart, and 35 % of the height down, in both
    np.testing.assert_allclose(LUNGS[0].from_chart((0.7, -0.3)), (50 - 0.3 * 20, 35))
    np.testing.assert_allclose(LUNGS[1].from_chart(uv), (70 + 0.3 * 15, 8 + 0.35 * 82))


def test_there_and_back_is_where_one_was() -> None:
    points = np.array([[0.7, -0.3], [-1.05, 0.4], [0.0, 0.9]])
    for name in ("right_lung", "left_lung", FIELD):
        other, mirrored = mirrored_point(CHEST, name, points)
        back, again = mirrored_point(CHEST, other, mirrored)
        assert back == name
        np.testing.assert_allclose(again, points)


@pytest.mark.parametrize("name", ["heart", "right_rib", FIELD])
def test_what_has_no_other_side_is_mirrored_in_the_plane(name: str) -> None:
    uv = np.array([[0.25, -0.6], [-0.8, 0.1]])
    before = CHEST.structure(name).from_chart(uv)
    structure, mirrored = mirrored_point(CHEST, name, uv)
    after = CHEST.field.from_chart(mirrored)
    assert structure == FIELD
    np.testing.assert_allclose(after, np.c_[2 * MIDDLE - before[:, 0], before[:, 1]])


def test_without_pairs_there_is_no_middle() -> None:
    lone = Template("rib", (LUNGS[0], box("heart", 40, 60, 80, 95)))
    assert not has_pairs(lone)
    assert not has_sides(lone)
    with pytest.raises(ValueError, match="no right and left"):
        mirrored_point(lone, "right_lung", (0.1, 0.2))
    with pytest.raises(KeyError, match="no structure"):
        mirrored_point(CHEST, "liver", (0.1, 0.2))


def test_in_the_shipped_chest_both_sides_of_a_pair_lie_about_the_same_middle() -> None:
    """Medial stays medial: the hilar border of one lung is mirrored to that of the other, within a centimetre."""
    template = read_bundle("chest").template
    assert has_pairs(template)
    assert not has_pairs(read_bundle("wrist").template)
    for name, medial in (("right_lung", 1.0), ("left_clavicle", -1.0)):
        other, uv = mirrored_point(template, name, (medial, 0.1))
        here = template.structure(name).from_chart((medial, 0.1))
        there = template.structure(other).from_chart(uv)
        _, plane = mirrored_point(template, FIELD, template.field.to_chart(here))
        np.testing.assert_allclose(there, template.field.from_chart(plane), atol=15)
        middle = template.structure("right_lung").box.mean(axis=0) + template.structure("left_lung").box.mean(axis=0)
        assert (here[0] - middle[0] / 2) * (there[0] - middle[0] / 2) < 0
