"""Formulas: how they are read, what they need, and what is said of those that can't be computed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.formula import (
    FUNCTIONS,
    Call,
    Formula,
    FormulaError,
    Kind,
    Number,
    Operation,
    Role,
    calls,
    names,
    parse,
    place_of,
    quoted,
    replaced,
)


@pytest.mark.parametrize(
    ("text", "kind", "needed"),
    [
        ("width(heart) / width(thorax)", Kind.RATIO, {"heart": Role.SHAPE, "thorax": Role.SHAPE}),
        ('distance("right hilum", apex)', Kind.LENGTH, {"right hilum": Role.POINT, "apex": Role.POINT}),
        ("angle(a, b, c) - angle(a, b, c, d)", Kind.ANGLE, dict.fromkeys("abcd", Role.POINT)),
        ("2*area( heart )/(height(heart) + .5 * length(rim))", Kind.LENGTH, {"heart": Role.SHAPE, "rim": Role.CURVE}),
        ("-perpendicular(3rd_rib, 12, Ä)", Kind.LENGTH, dict.fromkeys(("3rd_rib", "12", "Ä"), Role.POINT)),
        ('distance("a ""b""", "1,5")', Kind.LENGTH, {'a "b"': Role.POINT, "1,5": Role.POINT}),
        ("100 * angle(a,b,c) / angle(d,e,f)", Kind.RATIO, dict.fromkeys("abcdef", Role.POINT)),
    ],
)
def test_a_formula_knows_its_unit_and_what_it_needs(text: str, kind: Kind, needed: dict[str, Role]):
    formula = parse(text)
    assert formula.kind is kind
    assert names(formula) == {name: {role} for name, role in needed.items()}


def test_a_region_may_be_measured_as_a_shape_and_as_a_curve_but_not_as_a_point():
    assert names(parse("area(zone) / (length(zone) * length(rim))")) == {
        "zone": {Role.SHAPE, Role.CURVE},
        "rim": {Role.CURVE},
    }
    with pytest.raises(FormulaError, match="used as a curve and as a point"):
        names(parse("length(zone) / distance(zone, a)"))


@pytest.mark.parametrize(
    ("text", "told", "place"),
    [
        ("", "a number, a function or a bracket, not the end", 0),
        ("width(heart) +", "not the end", 14),
        ("width heart)", "a “(”, not “heart”", 6),
        ("width(heart", "a “)”, not the end", 11),
        ("width(heart) 2", "an operator or the end, not “2”", 13),
        ("size(heart)", "no function “size”. There are distance, angle", 0),
        ("distance(a)", "distance takes 2 names, not 1", 0),
        ("angle(a, b)", "angle takes 3 or 4 names, not 2", 0),
        ("width(heart) + 3", "A plain number can’t be added to a length", 13),
        ("angle(a, b, c) - area(s)", "An area can’t be subtracted from an angle", 15),
        ("1 / width(heart)", "A plain number can’t be divided by a length", 2),
        ("area(s) * width(s)", "An area can’t be multiplied by a length", 8),
        ('distance("a, b)', 'There should be a name, not “"”', 9),
        ("width(heart) $ 2", "not “$”", 13),
        ("heart", "no function “heart”", 0),
    ],
)
def test_what_is_wrong_with_a_formula_is_told_with_its_place(text: str, told: str, place: int):
    with pytest.raises(FormulaError, match=re.escape(told)) as caught:
        parse(text)
    assert caught.value.place == place


def test_one_name_can_t_be_two_things():
    with pytest.raises(FormulaError, match="“heart” is used as a shape and as a point"):
        names(parse("width(heart) - distance(heart, apex)"))


def test_products_bind_closer_than_sums_and_both_go_from_the_left():
    assert parse("8 - 4 - 2 * 3 / 4") == parse("(8 - 4) - ((2 * 3) / 4)")
    assert parse("8 - 4 - 2 * 3 / 4") != parse("8 - (4 - 2) * 3 / 4")


any_name = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


def call(function: str, count: int) -> st.SearchStrategy[Formula]:
    signature = next(one for one in FUNCTIONS[function] if len(one.roles) == count)
    return st.tuples(*[any_name] * count).map(lambda given: Call(function, given, signature.kind))


lengths = st.recursive(
    st.one_of(call("distance", 2), call("width", 1), call("length", 1)),
    lambda inner: st.tuples(st.sampled_from("+-"), inner, inner).map(lambda t: Operation(*t, Kind.LENGTH)),
    max_leaves=5,
)
ratios = st.tuples(lengths, lengths).map(lambda pair: Operation("/", *pair, Kind.RATIO))


def written(part: Formula) -> str:
    """A formula's text, independent of the reader."""
    if isinstance(part, Number):
        return f"{part.value:.6f}"  # formulas know no exponents
    if isinstance(part, Call):
        return f"{part.function} ( {' ,'.join(map(quoted, part.names))})"
    return f"({written(part.left)}{part.operator} ({written(part.right)}))"


def listed(part: Formula) -> list[str]:
    return [name for call in calls(part) for name in call.names]


@given(formula=st.one_of(lengths, ratios, st.floats(0, 1e6).map(lambda x: Number(float(f"{x:.6f}")))))
def test_what_is_written_is_read_again(formula: Formula):
    assert parse(written(formula)) == formula


@given(formula=ratios, new=any_name)
def test_a_renamed_thing_is_named_anew_everywhere_and_nothing_else(formula: Formula, new: str):
    before, text = listed(formula), written(formula)
    after = replaced(text, lambda name: new if name == before[0] else name)
    assert listed(parse(after)) == [new if name == before[0] else name for name in before]
    assert replaced(text, lambda name: name) == text


def test_the_place_of_a_name_is_where_the_formula_first_calls_a_thing_so():
    text = '(3) * width("3") / area - distance(b, "a ""b""")'
    places = {"3": 12, 'a "b"': text.index('"a '), "b": text.index("b,")}
    assert {name: place_of(text, name) for name in places} == places
    assert replaced(text, str.upper) == '(3) * width(3) / area - distance(B, "A ""B""")'


def test_a_name_is_quoted_only_where_it_has_to_be():
    assert [quoted(name) for name in ("heart_00", "Ä2", "a b", 'say "x"', "a-b")] == [
        *("heart_00", "Ä2", '"a b"', '"say ""x"""', '"a-b"'),
    ]


@pytest.mark.parametrize("text", ["(" * 3000 + "1" + ")" * 3000, "+".join(["1"] * 3000), "-" * 3000 + "1"])
def test_a_formula_that_is_far_too_long_is_told(text: str):
    with pytest.raises(FormulaError, match="too long"):
        parse(text)
    assert parse("(" * 140 + "1" + ")" * 140) == Number(1.0)
