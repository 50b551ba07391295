"""Right and left of a template: which structures are each other's other side, and where a point's mirror image lies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.template import FIELD, Template

SIDES = ("right_", "left_")
"""How the name of a structure tells the patient's side."""


def other_side(structure: str) -> str:
    """The name that the other side's structure has: ``left_lung`` for ``right_lung``; unpaired ones keep theirs."""
    for side, other in (SIDES, SIDES[::-1]):
        if structure.startswith(side):
            return other + structure.removeprefix(side)
    return structure


def has_sides(template: Template) -> bool:
    """Whether the patient's right and left are known: by structures that carry the side in their name."""
    names = [structure.name for structure in template.structures]
    return all(any(name.startswith(side) for name in names) for side in SIDES)


def has_pairs(template: Template) -> bool:
    """Whether a structure and its other side are both there, so that points can be mirrored."""
    return bool(_pairs(template))


def mirrored_point(template: Template, structure: str, uv: npt.ArrayLike) -> tuple[str, Points]:
    """The template points on the other side of the body.

    A paired structure's (u, v) becomes (-u, v) of the other one: charts lie over the boxes of the mean shapes, so the
    border beside the heart is u = 1 of the right lung and u = -1 of the left. What has no other side, and the field, is
    mirrored in the template's plane about the middle between the pairs, and lies in the field then.

    Parameters
    ----------
    template : Template
    structure : str
        Of the template, or the field.
    uv : array [..., 2]

    Returns
    -------
    str, array [..., 2]

    Raises
    ------
    KeyError
        If the template has no such structure.
    ValueError
        If it has no pairs: nobody knows where its middle is.
    """
    points, own = np.asarray(uv, float), template.structure(structure)
    pairs = _pairs(template)
    if not pairs:
        raise ValueError(f"The {template.anatomy} template has no right and left: nothing can be mirrored in it.")
    other = other_side(structure)
    if other != structure and any(structure in pair for pair in pairs):
        return other, points * (-1.0, 1.0)
    middle = np.mean([template.structure(name).box.mean(axis=0)[0] for pair in pairs for name in pair])
    plane = own.from_chart(points)
    plane[..., 0] = 2 * middle - plane[..., 0]
    return FIELD, template.field.to_chart(plane)


def _pairs(template: Template) -> list[tuple[str, str]]:
    """Names of structures and of their other sides, the right one first."""
    names = {structure.name for structure in template.structures}
    right, _ = SIDES
    return [(name, other_side(name)) for name in sorted(names) if name.startswith(right) and other_side(name) in names]
