"""Formulas of measurements: text to a tree, with the unit of every part known before anything is computed.

``ctr = width(heart) / width(thorax)`` reads like a calculator's input: functions of landmarks, structures, regions and
curves by their names, numbers, ``+ - * /`` and brackets. A name of letters, digits and ``_`` stands as it is, any other
in double quotes (a quote within is written twice). See design 6.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Literal, NamedTuple


class FormulaError(ValueError):
    """A formula that can't be computed, with a sentence for the reader and the place in the text where it is wrong."""

    def __init__(self, sentence: str, place: int = 0) -> None:
        super().__init__(sentence)
        self.place = place


class Kind(StrEnum):
    """What a value is, whatever it is measured in: lengths are mm, or px where the spacing is unknown."""

    RATIO = "ratio"
    LENGTH = "length"
    AREA = "area"
    ANGLE = "angle"
    GREY = "grey value"


class Role(StrEnum):
    """What a name in a formula stands for."""

    POINT = "point"
    SHAPE = "shape"
    CURVE = "curve"
    REGION = "region"


MOST_TOKENS = 300
"""Names, numbers and signs in one formula: a reader's has a dozen, and brackets within brackets need stack."""

Operator = Literal["+", "-", "*", "/"]


@dataclass(frozen=True)
class Number:
    """A number, as it stands in the formula."""

    value: float
    kind: Kind = Kind.RATIO


@dataclass(frozen=True)
class Call:
    """A function of things by their names, each with what it has to be."""

    function: str
    names: tuple[str, ...]
    kind: Kind


@dataclass(frozen=True)
class Operation:
    """Two values and what is done with them."""

    operator: Operator
    left: Formula
    right: Formula
    kind: Kind


Formula = Number | Call | Operation


class Signature(NamedTuple):
    """What a function takes and gives."""

    roles: tuple[Role, ...]
    kind: Kind


_POINT = Role.POINT
FUNCTIONS: dict[str, tuple[Signature, ...]] = {
    "distance": (Signature((_POINT,) * 2, Kind.LENGTH),),
    "angle": (Signature((_POINT,) * 3, Kind.ANGLE), Signature((_POINT,) * 4, Kind.ANGLE)),
    "perpendicular": (Signature((_POINT,) * 3, Kind.LENGTH),),
    "width": (Signature((Role.SHAPE,), Kind.LENGTH),),
    "height": (Signature((Role.SHAPE,), Kind.LENGTH),),
    "area": (Signature((Role.SHAPE,), Kind.AREA),),
    "length": (Signature((Role.CURVE,), Kind.LENGTH),),
    "mean": (Signature((Role.REGION,), Kind.GREY),),
    "sd": (Signature((Role.REGION,), Kind.GREY),),
}
"""By name; one that can be called in several ways is told apart by the number of names."""

EXTENTS = {"width": 0, "height": 1}
"""The functions that measure how far something extends, and along which axis of the image as it is read."""

GREY = ("mean", "sd")
"""The functions of the grey values inside a region: the file has to be read for them."""

_TOKEN = re.compile(
    r'\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)(?![\w.])|(?P<name>\w+)|"(?P<quoted>(?:[^"]|"")*)"|(?P<sign>.))'
)


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        assert found is not None
        assert found.lastgroup is not None
        yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))
        place = found.end()
    yield _Token("end", "", len(text))


def parse(text: str) -> Formula:
    """Read a formula.

    Raises
    ------
    FormulaError
        With what is wrong and where, or where a part has no unit: a length and an angle can't be added.
    """
    tokens = list(_tokens(text))
    if len(tokens) > MOST_TOKENS:
        raise FormulaError("This formula is too long. Define parts of it as measurements of their own.", len(text))
    parser = _Parser(tokens)
    found = parser.sum()
    parser.expect_end()
    return found


def names(formula: Formula) -> dict[str, frozenset[Role]]:
    """The names that a formula asks for, in their order, and what each has to be: a region is a shape and a curve.

    Raises
    ------
    FormulaError
        If one name stands for a point and for something else.
    """
    found: dict[str, frozenset[Role]] = {}
    for call in calls(formula):
        for name, role in zip(call.names, _roles(call), strict=True):
            before = found.get(name, frozenset())
            if before and (Role.POINT in before) != (role is Role.POINT):
                raise FormulaError(f"“{name}” is used as a {min(before)} and as a {role}. Use two names.")
            found[name] = before | {role}
    return found


def quoted(name: str) -> str:
    """A name as it stands in a formula."""
    return name if re.fullmatch(r"\w+", name) else '"' + name.replace('"', '""') + '"'


def replaced(text: str, to: Callable[[str], str]) -> str:
    """A formula's text with other names of the things in it; all else stays as it was written."""
    parts, at = [], 0
    for token, end in _arguments(text):
        parts += [text[at : token.place], quoted(to(token.text))]
        at = end
    return "".join((*parts, text[at:]))


def place_of(text: str, name: str) -> int:
    """Where a formula's text names a thing for the first time; 0 where it does not."""
    return next((token.place for token, _ in _arguments(text) if token.text == name), 0)


def _arguments(text: str) -> Iterator[tuple[_Token, int]]:
    """The names in a formula's text that stand for things, with what a quoted one says, and where each ends."""
    within = False
    for one, token in pairwise(_tokens(f"({text}")):
        if (one.kind, token.text) == ("name", "("):
            within = True
        elif token.text == ")" and token.kind == "sign":
            within = False
        elif within and token.kind in ("name", "number", "quoted"):
            quotes = token.kind == "quoted"
            called = token.text.replace('""', '"') if quotes else token.text
            start, end = token.place - quotes - 1, token.place + len(token.text) + quotes - 1
            yield _Token(token.kind, called, start), end


def grey_regions(formula: Formula) -> tuple[str, ...]:
    """The regions of which a formula asks the grey values, by the names that it gives them."""
    return tuple(dict.fromkeys(call.names[0] for call in calls(formula) if call.function in GREY))


def _roles(call: Call) -> tuple[Role, ...]:
    return next(one.roles for one in FUNCTIONS[call.function] if len(one.roles) == len(call.names))


def calls(formula: Formula) -> Iterator[Call]:
    """The functions that a formula calls, in their order."""
    if isinstance(formula, Call):
        yield formula
    elif isinstance(formula, Operation):
        yield from calls(formula.left)
        yield from calls(formula.right)


_LENGTHS = {Kind.RATIO: 0, Kind.LENGTH: 1, Kind.AREA: 2}
_KINDS = {power: kind for kind, power in _LENGTHS.items()}
_TOLD = {
    Kind.RATIO: "a plain number",
    Kind.LENGTH: "a length",
    Kind.AREA: "an area",
    Kind.ANGLE: "an angle",
    Kind.GREY: "a grey value",
}


def _kind(operator: Operator, left: Kind, right: Kind) -> Kind | None:
    """What comes out; None where that has no unit here."""
    if operator in "+-":
        return left if left is right else None
    if not {left, right} <= set(_LENGTHS):  # angles and grey values, which nothing but their own kind divides
        if right is Kind.RATIO:
            return left
        if operator == "*":
            return right if left is Kind.RATIO else None
        return Kind.RATIO if left is right else None
    power = _LENGTHS[left] + (_LENGTHS[right] if operator == "*" else -_LENGTHS[right])
    return _KINDS.get(power)


class _Parser:
    """Recursive descent over the tokens: sums of products of factors."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _takes(self, signs: str) -> _Token | None:
        found = self._next
        if found.kind != "sign" or found.text not in signs:
            return None
        return self._take()

    def _expect(self, sign: str) -> None:
        if self._takes(sign) is None:
            raise self._unexpected(f"a “{sign}”")

    def _unexpected(self, wanted: str) -> FormulaError:
        found = "the end" if self._next.kind == "end" else f"“{self._next.text}”"
        return FormulaError(f"There should be {wanted}, not {found}.", self._next.place)

    def expect_end(self) -> None:
        if self._next.kind != "end":
            raise self._unexpected("an operator or the end")

    def sum(self) -> Formula:
        found = self._product()
        while (sign := self._takes("+-")) is not None:
            found = self._operation(sign, found, self._product())
        return found

    def _product(self) -> Formula:
        found = self._factor()
        while (sign := self._takes("*/")) is not None:
            found = self._operation(sign, found, self._factor())
        return found

    @staticmethod
    def _operation(sign: _Token, left: Formula, right: Formula) -> Operation:
        operator: Operator = sign.text  # type: ignore[assignment]  # one of the four that `_takes` lets through
        kind = _kind(operator, left.kind, right.kind)
        if kind is None:
            done = {"+": "added to", "-": "subtracted from", "*": "multiplied by", "/": "divided by"}[operator]
            first, second = (right, left) if operator in "+-" else (left, right)
            sentence = f"{_TOLD[first.kind]} can’t be {done} {_TOLD[second.kind]}."
            raise FormulaError(sentence[0].upper() + sentence[1:], sign.place)
        return Operation(operator, left, right, kind)

    def _factor(self) -> Formula:
        if (minus := self._takes("-")) is not None:
            return self._operation(minus._replace(text="*"), Number(-1.0), self._factor())
        if self._takes("(") is not None:
            found = self.sum()
            self._expect(")")
            return found
        token = self._next
        if token.kind == "number":
            self._take()
            return Number(float(token.text))
        if token.kind == "name":
            return self._call()
        raise self._unexpected("a number, a function or a bracket")

    def _call(self) -> Call:
        function = self._take()
        if function.text not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            raise FormulaError(f"There is no function “{function.text}”. There are {known}.", function.place)
        self._expect("(")
        given = [self._name()]
        while self._takes(",") is not None:
            given.append(self._name())
        self._expect(")")
        for signature in FUNCTIONS[function.text]:
            if len(signature.roles) == len(given):
                return Call(function.text, tuple(given), signature.kind)
        counts = " or ".join(str(len(one.roles)) for one in FUNCTIONS[function.text])
        raise FormulaError(f"{function.text} takes {counts} names, not {len(given)}.", function.place)

    def _name(self) -> str:
        if self._next.kind not in ("name", "number", "quoted"):
            raise self._unexpected("a name")
        token = self._take()
        return token.text.replace('""', '"') if token.kind == "quoted" else token.text
