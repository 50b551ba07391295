"""Landmark sets as other programs read and write them (design 6)."""

import pytest

from app.core.landmark import Landmark, landmark_set_from_json, landmark_set_to_json
from tests.unit.core.shapes import two_structures

TEMPLATE = two_structures()
SET = {
    "anatomy": "test",
    "landmarks": [
        {
            "name": "hilum",
            "structure": "lung",
            "u": 0.25,
            "v": -0.5,
            "rule": "where the vessels meet",
            "group": "vessels",
            "colour": "#cc79a7",
        },
        {
            "name": "apex",
            "structure": "heart",
            "u": -1.125,
            "v": 0.75,
            "rule": "the lowest point",
            "group": "tips",
            "colour": "#0072b2",
        },
    ],
}


def test_a_set_holds_all_that_defines_its_landmarks_and_nothing_of_how_they_are_shown():
    marks = [
        Landmark("hilum", "lung", 0.25, -0.5, "where the vessels meet", "vessels", "#cc79a7", hidden=True, locked=True),
        Landmark("apex", "heart", -1.125, 0.75, "the lowest point", "tips", "#0072b2"),
    ]
    assert landmark_set_to_json("test", marks) == SET


def test_what_is_left_out_of_a_set_has_its_default():
    hilum, apex = landmark_set_from_json(SET, TEMPLATE)
    assert (hilum.rule, hilum.group, hilum.colour, hilum.uv) == (
        "where the vessels meet",
        "vessels",
        "#cc79a7",
        (0.25, -0.5),
    )
    assert (apex.structure, apex.hidden, apex.locked) == ("heart", False, False)
    (bare,) = landmark_set_from_json({"landmarks": [{"name": "a", "structure": "lung", "u": 0, "v": 1}]}, TEMPLATE)
    assert bare == Landmark("a", "lung", 0, 1)
    with pytest.raises(ValueError, match="for the anatomy “wrist”"):
        landmark_set_from_json({**SET, "anatomy": "wrist"}, TEMPLATE)
