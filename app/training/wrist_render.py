"""Rendered AP wrist radiographs: `python -m app.training.wrist_render` draws them from traced contours alone.

Each picture comes with a LabelMe file of what is visible of every bone. A traced hand is varied
(`app.training.wrist_shapes`), placed in a picture, and seen through (`app.training.wrist_tissue`,
`app.training.wrist_film`). All hands are left ones, fingers up.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.training.render import Array
from app.training.wrist_contours import BONES, GROWN_BREADTH_MM, WristContours, read_wrists
from app.training.wrist_film import expose
from app.training.wrist_fingers import fingers_of
from app.training.wrist_shapes import TRACED, Variation, vary
from app.training.wrist_tissue import Build, Canvas, bone_path, flesh, plaster, plate_lines

LABELME = "6.3.1"  # the version of labelme whose files these are
LOOKS = 2  # pictures of each validation contour set
_LEAST_AREA = 6.0  # square pixels of a bone that still counts as visible


@dataclass(frozen=True, eq=False)
class Picture:
    """A rendered radiograph.

    Attributes
    ----------
    values : array [H, W], float32 in [0, 1]; bone bright.
    bones : bone → visible polygons [K, 2] in pixels, (0, 0) the centre of the first pixel; cut at the border.
    mm_per_pixel : of the bones' own plane.
    """

    values: Array
    bones: dict[str, list[Points]]
    mm_per_pixel: float


def render_wrist(
    wrist: WristContours, others: Sequence[WristContours], rng: np.random.Generator, variation: Variation
) -> Picture:
    """A random radiograph of a hand like `wrist`; `others` lend shapes to its bones."""
    age = wrist.age if wrist.age is not None else 14.0
    size = float(np.clip(wrist.breadth / GROWN_BREADTH_MM, 0.35, 1.1))
    varied = vary(wrist, others, rng, variation)
    extra = fingers_of(varied, age, rng)
    shape, scale, turn, shift = _view(varied, size, rng)
    canvas = Canvas(shape, scale, rng)

    def place(pieces: Sequence[Points]) -> list[Points]:
        return [piece @ turn.T * scale + shift for piece in pieces]

    bones = {name: place(pieces) for name, pieces in varied.bones.items()}
    drawn = bones | {name: place(pieces) for name, pieces in extra.items()}
    build = Build.random(rng, age)
    path, skin = flesh(canvas, drawn, size)
    bone = np.zeros(shape, np.float32)
    for name, pieces in drawn.items():
        bone_path(canvas, bone, name, pieces, build)
    plate_lines(canvas, bones, bone)
    path += np.float32(np.sqrt(size) * rng.uniform(0.9, 1.6)) * bone
    if rng.random() < 0.22:
        cast = plaster(canvas, skin)
        path, skin = path + cast, skin - 8
    values = expose(canvas, path, skin)
    visible = {name: _visible(pieces, shape) for name, pieces in bones.items()}
    return Picture(values, {name: pieces for name, pieces in visible.items() if pieces}, 1 / scale)


def _view(wrist: WristContours, size: float, rng: np.random.Generator) -> tuple[tuple[int, int], float, Points, Points]:
    """Shape of the picture, pixels per mm, and the turn [2, 2] and shift [2] that take mm there."""
    angle = np.radians(np.clip(rng.normal(0, 7), -15, 15))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = {name: wrist.all_points((name,)) @ turn.T for name in wrist.bones}
    joint = turned["radius"][:, 1].min()
    above = size * rng.uniform(42, 110)
    below = size * rng.uniform(35, 100)
    hand = np.concatenate([p[(p[:, 1] > joint - above) & (p[:, 1] < joint + below)] for p in turned.values()])
    left, right = hand[:, 0].min(), hand[:, 0].max()
    margin = size * rng.uniform(0, 30, 2)
    rows = int(rng.integers(500, 901))
    scale = rows / (above + below)
    width = right - left + margin.sum()
    columns = int(np.clip(width * scale, 0.42 * rows, 1.15 * rows))
    centre = (left - margin[0] + right + margin[1]) / 2
    shift = np.array([columns / 2 - centre * scale, -(joint - above) * scale])
    return (rows, columns), scale, turn, shift


def _visible(pieces: Sequence[Points], shape: tuple[int, int]) -> list[Points]:
    """Polygons cut at the border of the picture; what is left of them."""
    found = [clip_polygon(piece, shape) for piece in pieces]
    return [p for p in found if len(p) > 2 and abs(_area(p)) > _LEAST_AREA]


def _area(p: Points) -> float:
    x, y = p.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def clip_polygon(polygon: Points, shape: tuple[int, int]) -> Points:
    """A closed polygon [K, 2] cut at the picture's border (Sutherland and Hodgman); pixels, centre of the first 0."""
    for axis, limit, sign in ((0, -0.5, 1), (0, shape[1] - 0.5, -1), (1, -0.5, 1), (1, shape[0] - 0.5, -1)):
        if len(polygon) == 0:
            break
        depth = (polygon[:, axis] - limit) * sign
        after, depth_after = np.roll(polygon, -1, 0), np.roll(depth, -1)
        share = depth / np.where(depth == depth_after, 1, depth - depth_after)
        crossing = polygon + share[:, None] * (after - polygon)
        crossing[:, axis] = limit
        both = np.stack([polygon, crossing], 1).reshape(-1, 2)
        polygon = both[np.stack([depth >= 0, (depth >= 0) != (depth_after >= 0)], 1).reshape(-1)]
    return polygon


def _thinned(polygon: Points) -> list[list[float]]:
    """LabelMe's points (from the corner of the first pixel), without those that a quarter of a pixel can do without."""
    kept = cv2.approxPolyDP(polygon.astype(np.float32)[:, None], 0.2, True)[:, 0]
    kept = kept if len(kept) > 2 else polygon
    return [[float(value) for value in row] for row in np.round(np.asarray(kept, float) + 0.5, 2)]


def labelme_of(picture: Picture, name: str) -> dict[str, Any]:
    """The contours of a picture as labelme 6 reads them; pieces of one bone share a group."""
    shapes: list[dict[str, Any]] = [
        {
            "label": bone,
            "points": _thinned(piece),
            "group_id": BONES.index(bone) + 1,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
            "mask": None,
        }
        for bone in BONES
        for piece in picture.bones.get(bone, ())
    ]
    rows, columns = picture.values.shape
    return {
        "version": LABELME,
        "flags": {},
        "shapes": shapes,
        "imagePath": name,
        "imageData": None,
        "imageHeight": rows,
        "imageWidth": columns,
        "mm_per_pixel": round(picture.mm_per_pixel, 5),
    }


def write_wrists(data: Path, out: Path, count: int, part: str, seed: int) -> list[Path]:
    """Draw `count` pictures (for ``val`` `LOOKS` of each contour set as it was traced); returns their paths.

    Each picture has random numbers of its own, so the first ones do not depend on how many follow.
    """
    wrists = read_wrists(data, part)
    if not wrists:
        raise ValueError(f"{data / part}.json holds no AP wrist with a radius.")
    out.mkdir(parents=True, exist_ok=True)
    total = min(count, LOOKS * len(wrists)) if part == "val" else count
    broken = np.array([any(len(pieces) > 1 for pieces in wrist.bones.values()) for wrist in wrists])
    shares = np.where(broken, 0.4, 1.0) / np.where(broken, 0.4, 1.0).sum()  # few bones are broken, many draw from here
    written = []
    for index in range(total):
        rng = np.random.default_rng([seed, index])
        wrist = wrists[index % len(wrists) if part == "val" else int(rng.choice(len(wrists), p=shares))]
        picture = render_wrist(wrist, wrists, rng, TRACED if part == "val" else Variation())
        path = out / f"wrist_{index:05d}.png"
        values: npt.NDArray[np.uint16] = np.round(picture.values * 65535).astype(np.uint16)
        cv2.imwrite(str(path), values)
        text = json.dumps(labelme_of(picture, path.name))
        path.with_suffix(".json").write_text(text, encoding="utf-8")
        written.append(path)
    return written


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="app.training.wrist_render", description="Draw AP wrist radiographs.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train.json, val.json and facts.csv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--part", choices=("train", "val"), default="train")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    try:
        write_wrists(given.data, given.out, given.count, given.part, given.seed)
    except ValueError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
