"""Names of image files: their suffix, their stem, and the order in which people list them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

SUFFIXES = (".nii.gz", ".dcm", ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".nii", ".nrrd", ".mha")
"""Known image suffixes (any case), the longest of those that end alike first."""


def suffix(name: str) -> str:
    """The known image suffix that a name ends in, as written there; empty if it has none."""
    for known in SUFFIXES:
        if name.lower().endswith(known) and len(name) > len(known):
            return name[-len(known) :]
    return ""


def stem(name: str) -> str:
    """An image's name without its known image suffix."""
    found = suffix(name)
    return name[: -len(found)] if found else name


def unique_stems(names: Iterable[str]) -> dict[str, str]:
    """Stem of each name; where stems collide (upper and lower case alike, as on Windows) the suffix stays."""
    listed = list(names)
    count = Counter(stem(name).casefold() for name in listed)
    stems = {name: stem(name) if count[stem(name).casefold()] == 1 else name for name in listed}
    # "a.png" without a suffix of its own may now meet "a.png.png" without its last one: then every suffix stays.
    again = Counter(value.casefold() for value in stems.values())
    return {name: value if again[value.casefold()] == 1 else name for name, value in stems.items()}


def natural_order(name: str) -> tuple[object, ...]:
    """Sorts names as people count: ``img2`` before ``img10``."""
    parts = re.split(r"([0-9]+)", name.casefold())
    numbers = ((len(part.lstrip("0")), part.lstrip("0")) for part in parts[1::2])  # int() refuses very long ones
    return (*(key for pair in zip(parts[::2], (*numbers, (0, "")), strict=True) for key in pair), name)
