"""Rendered radiographs with LabelMe contours, to try `train` on: ``python -m app.training.rendered_folder OUT``.

The contours are drawn as people draw them: each begins somewhere else, some run the other way round, and the points
are where they happen to be. Nothing in the pictures is a patient's.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np

from app.core.frame import Points
from app.io.bundle import read_bundle
from app.training.render import render_chest
from app.training.rendered import named_outlines
from app.training.samples import place_in_picture

DRAWN = ("right_lung", "left_lung", "heart")
SHAPE = (384, 352)


def free_drawing(outline: Points, rng: np.random.Generator) -> Points:
    """The same closed polygon with points elsewhere, from another start and maybe the other way round."""
    closed = np.concatenate([outline, outline[:1]])
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=-1))])
    count = int(rng.integers(60, 90))
    share = (rng.uniform() + np.sort(rng.uniform(size=count))) % 1.0
    share = share if rng.random() < 0.5 else share[::-1]
    return np.stack([np.interp(share * arc[-1], arc, closed[:, k]) for k in (0, 1)], axis=-1)


def render_folder(out: Path, count: int, seed: int = 0, shape: tuple[int, int] = SHAPE) -> None:
    """Write `count` 8-bit pictures of this height and width, and a LabelMe file beside each."""
    bundle = read_bundle("chest")
    assert bundle.prior is not None, "the chest bundle has its shapes"
    out.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        outlines, spacing = place_in_picture(named_outlines(bundle.template, bundle.prior.sample(rng)), shape)
        picture = (render_chest(outlines, shape, rng) * 255).astype(np.uint8)
        name = f"rendered_{number:03d}"
        imageio.imwrite(out / f"{name}.png", picture)
        drawn = {each: free_drawing(outlines[each], rng) for each in DRAWN}
        text = json.dumps(_labelme(f"{name}.png", shape, drawn, spacing), indent=1)
        (out / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _labelme(image: str, shape: tuple[int, int], drawn: dict[str, Points], spacing: float) -> dict[str, Any]:
    """LabelMe's file of one image; it counts pixels from the corner."""
    shapes = [
        {
            "label": name,
            "points": (points + 0.5).round(2).tolist(),
            "shape_type": "polygon",
            "group_id": None,
            "flags": {},
        }
        for name, points in drawn.items()
    ]
    size = {"imageHeight": shape[0], "imageWidth": shape[1], "mm_per_pixel": spacing}
    return {"version": "6.3.1", "flags": {}, "shapes": shapes, "imagePath": image, "imageData": None, **size}


def main() -> None:
    """Write a folder as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m app.training.rendered_folder", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    render_folder(options.out, options.count, options.seed)


if __name__ == "__main__":
    main()
