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


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        ({"name": "two\nlines"}, "“two.nlines” is no name"),
        ({"name": "half \ud83d"}, "is no name"),
        ({"group": "a\tb"}, "is no name"),
        ({"rule": "half \udcff"}, "The rule of “hilum” holds halves of characters"),
        ({"colour": "red"}, "a colour is written #rrggbb, not “red”"),
        ({"colour": "#cc79a7ff"}, "a colour is written #rrggbb"),
    ],
)
def test_text_that_cannot_be_kept_or_drawn_is_refused_in_a_sentence(odd, sentence):
    entry = SET["landmarks"][0] | odd
    with pytest.raises(ValueError, match=sentence) as raised:
        landmark_set_from_json({"landmarks": [entry]}, TEMPLATE)
    assert not isinstance(raised.value, UnicodeError)
    assert str(raised.value).encode()


def test_a_rule_may_have_several_lines_and_names_lose_the_spaces_around_them():
    entry = SET["landmarks"][0] | {"name": " hilum ", "rule": "one\ntwo"}
    (mark,) = landmark_set_from_json({"landmarks": [entry]}, TEMPLATE)
    assert (mark.name, mark.rule) == ("hilum", "one\ntwo")
