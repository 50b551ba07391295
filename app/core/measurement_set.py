"""Named formulas, and what the names in them stand for: kept by number, so that renaming a landmark breaks nothing.

In a kept formula a landmark is called ``"landmark:12"``, a structure ``"structure:heart"``, structures that belong
together ``"group:thorax"``, a region or a curve ``"region:3"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.formula import FormulaError, Role, calls, names, parse, place_of, replaced
from app.core.template import Template
from app.core.text import one_line

LANDMARK, STRUCTURE, GROUP, REGION = "landmark", "structure", "group", "region"
Groups = Mapping[str, tuple[str, ...]]
"""Structures that belong together, by a name of their own."""


@dataclass(frozen=True)
class NamedFormula:
    """A measurement as somebody defines it: ``ctr = width(heart) / width(thorax)``."""

    name: str
    formula: str

    def check(self) -> None:
        """Raise ValueError with a sentence if the name can't be kept."""
        if not self.name.strip():
            raise ValueError("A measurement needs a name.")
        if one_line(self.name) != self.name:
            raise ValueError(f"“{one_line(self.name)}” is no name: it holds characters that can’t stand on a line.")


@dataclass(frozen=True)
class MeasurementSet:
    """Measurements that belong together, in a small file.

    Attributes
    ----------
    groups : mapping of str to tuple of str
        Structures of which the boxes are measured together.
    measurements : tuple of NamedFormula
    """

    groups: Groups = field(default_factory=dict)
    measurements: tuple[NamedFormula, ...] = ()


@dataclass(frozen=True)
class Things:
    """What formulas may name.

    Attributes
    ----------
    template : Template
    landmarks : mapping of str to int
        Their numbers by their names.
    groups : mapping of str to tuple of str
    regions : mapping of str to (int, bool)
        Numbers of regions and curves by their names, and whether each is a region.
    """

    template: Template
    landmarks: Mapping[str, int]
    groups: Groups = field(default_factory=dict)
    regions: Mapping[str, tuple[int, bool]] = field(default_factory=dict)

    def kept(self, text: str) -> str:
        """A formula as it is kept, from one as a reader writes it.

        Raises
        ------
        FormulaError
            With a sentence and the place where it is wrong.
        """
        formula = parse(text)
        references = {name: self._reference(text, name, roles) for name, roles in names(formula).items()}
        for call in calls(formula):
            if call.function == "area" and references[call.names[0]].startswith(f"{GROUP}:"):
                parts = " + ".join(f"area({structure})" for structure in self.groups[call.names[0]])
                raise FormulaError(
                    f"“{call.names[0]}” has no area of its own, since its structures may overlap. Write {parts}.",
                    place_of(text, call.names[0]),
                )
        return replaced(text, references.__getitem__)

    def _reference(self, text: str, name: str, roles: frozenset[Role]) -> str:
        if roles == {Role.POINT} and name in self.landmarks:
            return f"{LANDMARK}:{self.landmarks[name]}"
        structures = [structure.name for structure in self.template.structures]
        if roles == {Role.SHAPE} and name in structures:
            return f"{STRUCTURE}:{name}"
        if roles == {Role.SHAPE} and name in self.groups:
            return f"{GROUP}:{name}"
        if Role.POINT not in roles and name in self.regions:
            number, closed = self.regions[name]
            if closed or roles == {Role.CURVE}:
                return f"{REGION}:{number}"
            raise FormulaError(f"“{name}” is a curve: it has a length and nothing else.", place_of(text, name))
        if Role.POINT in roles:
            raise FormulaError(f"There is no landmark “{name}”.", place_of(text, name))
        shapes = (*structures, *self.groups) if roles == {Role.SHAPE} else ()
        if Role.REGION in roles and not self.regions:
            raise FormulaError(
                f"There is no region “{name}”. Draw one on the template: grey values are told of what lies inside.",
                place_of(text, name),
            )
        regions = [region for region, (_, closed) in self.regions.items() if closed or Role.SHAPE not in roles]
        known = f" There are {', '.join((*shapes, *regions))}." if shapes or regions else ""
        word = ("curve" if Role.CURVE in roles else "structure") + (" or region" if regions else "")
        word = "region" if Role.REGION in roles else word
        raise FormulaError(f"There is no {word} “{name}”.{known}", place_of(text, name))


def split(reference: str) -> tuple[str, str]:
    """What kind of thing a reference means, and which."""
    kind, _, which = reference.partition(":")
    return kind, which


def measurement_set_from_json(data: Any, template: Template) -> MeasurementSet:
    """Read a set of measurements: ``{"groups": {NAME: [STRUCTURE, ...]}, "measurements": [{"name", "formula"}]}``.

    The formulas are read where they are defined: only there is it known what they may name.

    Raises
    ------
    ValueError
        With a sentence for the reader.
    """
    if not isinstance(data, dict) or not isinstance(data.get("measurements"), list):
        raise ValueError("This is no set of measurements: it has no list “measurements”.")
    given = data.get("groups", {})
    if not isinstance(given, dict) or not all(isinstance(parts, list) and parts for parts in given.values()):
        raise ValueError("In a set of measurements, “groups” names lists of structures.")
    known = {structure.name for structure in template.structures}
    groups = {str(name): tuple(map(str, parts)) for name, parts in given.items()}
    for name, parts in groups.items():
        if unknown := sorted(set(parts) - known):
            raise ValueError(f"The group “{name}” names {', '.join(unknown)}, which the template does not have.")
        if name in known:
            raise ValueError(f"The group “{name}” is called like a structure.")
    found: dict[str, NamedFormula] = {}
    for entry in data["measurements"]:
        texts = [entry.get(key) for key in ("name", "formula")] if isinstance(entry, dict) else [None]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("A measurement in this set lacks its name or its formula.")
        one = NamedFormula(entry["name"].strip(), entry["formula"])
        one.check()
        if one.name in found:
            raise ValueError(f"The set names the measurement “{one.name}” twice.")
        found[one.name] = one
    return MeasurementSet(groups, tuple(found.values()))
