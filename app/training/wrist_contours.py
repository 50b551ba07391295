"""The radiologists' contours of wrist bones, read in one frame: millimetres, every hand a left one, fingers up.

Frame: (x, y) in mm of the traced radiograph, x to the right, y down, origin at its upper left corner. A left hand seen
from the front of the detector has its thumb on the right: radius at larger x than ulna.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core.frame import Points

MM_PER_PIXEL = 0.144
LARGE_MM_PER_PIXEL = 0.1
"""Of whole-hand radiographs without facts, more than `_LARGE` pixels high: adolescents' bones then have usual sizes."""
_LARGE = 2000
GROWN_BREADTH_MM = 28.0  # of the distal radius
FOREARM = ("radius", "ulna")
EPIPHYSES = ("radius_epiphysis", "ulna_epiphysis")
CARPALS = ("scaphoid", "lunate", "triquetrum", "pisiform", "trapezium", "trapezoid", "capitate", "hamate")
METACARPALS = tuple(f"metacarpal_{k}" for k in range(1, 6))
BONES = (*FOREARM, *EPIPHYSES, *CARPALS, *METACARPALS)
_MOST_PIECES = 3
_SWAPPED: Mapping[str, tuple[str, int, str | None]] = {
    "0637_": ("hamate", -1, "capitate"),
    "2112_": ("trapezoid", 0, "triquetrum"),
    "6038_": ("metacarpal_3", -1, None),
}
"""Start of an image's name → bone, its piece that is really another bone, and that bone (None: none of ours).
Found by looking at all contours: the piece lies where the other bone lies in every other hand."""


@dataclass(frozen=True, eq=False)
class WristContours:
    """The bones of one traced AP radiograph.

    Attributes
    ----------
    name : of the radiograph.
    age : years, or None where unknown.
    size : (width, height) of the radiograph in mm.
    bones : bone → closed polygons [K, 2] in mm of the module's frame; absent bones are no keys.
    """

    name: str
    age: float | None
    size: tuple[float, float]
    bones: Mapping[str, tuple[Points, ...]]

    def all_points(self, names: tuple[str, ...] = BONES) -> Points:
        """Vertices [K, 2] of the named bones together, mm."""
        found = [piece for name in names for piece in self.bones.get(name, ())]
        return np.concatenate(found) if found else np.zeros((0, 2))

    @property
    def breadth(self) -> float:
        """Breadth of the distal radius across its shaft in mm, without the tip that may stick out."""
        radius = self.all_points(("radius",))
        along = np.linalg.svd(radius - radius.mean(0), full_matrices=False)[2][0]
        place = radius @ along * (1.0 if along[1] > 0 else -1.0)
        end = radius[(place > place.min() + 1) & (place < place.min() + 14)]
        return float(np.ptp(end @ np.array([-along[1], along[0]])))


def read_wrists(folder: Path, part: str, lateral: bool = False) -> list[WristContours]:
    """All AP contour sets of ``folder/<part>.json`` that can be drawn; or all lateral ones, of either hand.

    Which are lateral is told by ``facts.csv``. Left out: those without both bones of the forearm and three metacarpals,
    and those that a plate cuts into many pieces or the border through the carpals. Raises ValueError with a sentence
    where the file is not as expected.
    """
    path = folder / f"{part}.json"
    if not path.is_file():
        raise ValueError(f"{path} is missing. Give the folder that holds train.json, val.json and facts.csv.")
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise ValueError(f"{path} is no JSON file. Copy it from its source again.") from None
    known = _lateral(folder / "facts.csv")
    read = [contours_of(entry, path) for entry in entries if (entry.get("image") in known) == lateral]
    return [wrist for wrist in read if _can_be_drawn(wrist)]


def contours_of(entry: dict[str, Any], path: Path) -> WristContours:
    """One entry of the file in the module's frame, with names that had been swapped put right."""
    try:
        name, width, height, age = str(entry["image"]), entry["width"], entry["height"], entry.get("age_years")
        bones = {
            bone: tuple(np.asarray(piece, float).reshape(-1, 2) for piece in pieces if len(piece) > 2)
            for bone, pieces in entry["bones"].items()
            if bone in BONES
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ValueError(f"{path.name} has an entry that is not as described (image, width, height, bones).") from None
    scale = LARGE_MM_PER_PIXEL if height > _LARGE and entry.get("side") is None else MM_PER_PIXEL
    wrist = WristContours(name, age, (width * scale, height * scale), {})
    bones = {bone: tuple(piece * scale for piece in pieces) for bone, pieces in bones.items() if pieces}
    right = entry.get("side") == "right" if entry.get("side") else _thumb_left(replace(wrist, bones=bones))
    if right:
        flip = np.array([-1.0, 1.0])
        bones = {b: tuple(piece * flip + (wrist.size[0], 0) for piece in pieces) for b, pieces in bones.items()}
    return replace(wrist, bones=_metacarpals_in_order(_unswapped(name, bones)))


def _lateral(path: Path) -> set[str]:
    if not path.is_file():
        raise ValueError(f"{path} is missing: without it lateral radiographs cannot be told from AP ones.")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["image"] for row in csv.DictReader(file) if row.get("projection") == "lateral"}


def _can_be_drawn(wrist: WristContours) -> bool:
    hand = sum(name in wrist.bones for name in METACARPALS)
    if not {*FOREARM} <= set(wrist.bones) or hand < 3 or max(map(len, wrist.bones.values())) > _MOST_PIECES:
        return False
    carpals = wrist.all_points(CARPALS)
    return len(carpals) == 0 or bool(carpals[:, 1].min() > 1.0)


def _thumb_left(wrist: WristContours) -> bool:
    radius, ulna = wrist.all_points(("radius",)), wrist.all_points(("ulna",))
    return bool(len(radius) and len(ulna) and radius[:, 0].mean() < ulna[:, 0].mean())


def _unswapped(name: str, bones: dict[str, tuple[Points, ...]]) -> dict[str, tuple[Points, ...]]:
    for start, (bone, piece, really) in _SWAPPED.items():
        if name.startswith(start) and len(bones.get(bone, ())) > 1:
            pieces = list(bones[bone])
            moved = pieces.pop(piece)
            bones = bones | {bone: tuple(pieces)} | ({really: (moved,)} if really else {})
    return bones


def _metacarpals_in_order(bones: dict[str, tuple[Points, ...]]) -> dict[str, tuple[Points, ...]]:
    """Five pieces are five metacarpals, the fifth on the ulna's side: some were counted from the wrong end."""
    pieces = [piece for name in METACARPALS for piece in bones.get(name, ())]
    if len(pieces) != len(METACARPALS):
        return bones
    pieces.sort(key=lambda piece: float(piece[:, 0].mean()), reverse=True)
    return bones | {name: (piece,) for name, piece in zip(METACARPALS, pieces, strict=True)}
