"""From a folder of annotated images to an anatomy: template, contours with the same points everywhere, pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.template import Structure, Template, structure_colour
from app.io.image import read_image
from app.training.annotations.annotated import AnnotatedImage, Annotations
from app.training.annotations.registry import read_annotations
from app.training.contours import Contours
from app.training.correspondence import correspond, poses_of
from app.training.outline import Curve, curve_of
from app.training.shape_statistics import fill, quality

LEAST_IMAGES = 4
NOMINAL_MM = 300.0
"""Diagonal of the template's plane where no image knows the size of its pixels."""
_FEWEST, _MOST = 14, 64
"""Points of a structure at the least and at the most."""
Remark = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What a network learns from.

    Attributes
    ----------
    template : Template
    train, val : Contours
    train_pictures, val_pictures : list of array [H, W], uint8
    filled_mm : array [N, K, 2]
        The training images' whole shapes in mm of the template's plane.
    quality : dict
        How good the correspondence is (`app.training.shape_statistics.quality`), in mm.
    spacing_known : bool
        Whether mm are mm: else the template's diagonal is `NOMINAL_MM` and everything follows it.
    """

    template: Template
    train: Contours
    val: Contours
    train_pictures: list[npt.NDArray[np.uint8]]
    val_pictures: list[npt.NDArray[np.uint8]]
    filled_mm: Points
    quality: dict[str, Any]
    spacing_known: bool

    @property
    def proportion(self) -> float:
        """Median height over width of the training images."""
        return float(np.median([picture.shape[0] / picture.shape[1] for picture in self.train_pictures]))


def read_anatomy(
    data: Path, name: str, mm_per_pixel: float | None, remark: Remark, order: Sequence[str] = ()
) -> Anatomy:
    """Read annotated images and bring their contours into correspondence.

    Parameters
    ----------
    data : Path
        Holds annotated images, or ``train`` and ``val`` with some each; else every fifth image is for validation.
    name : str
        Of the anatomy.
    mm_per_pixel : float or None
        For images that do not say it themselves.
    remark : callable
        Called with sentences about what was left out.
    order : sequence of str
        Structures in the order that the template shall have; others follow as they first appear.

    Raises
    ------
    OSError
        If a file cannot be read.
    ValueError
        With a sentence: no annotations, too few images, or structures that never appear together.
    """
    found, held_out = _read_parts(data)
    if len(found.images) - sum(held_out) < LEAST_IMAGES or not any(held_out):
        raise ValueError(
            f"{data} has {len(found.images)} annotated images; training needs {LEAST_IMAGES} at least, and one more to "
            "validate on."
        )
    names = _usual_structures(found, held_out, remark)
    names = [name for name in order if name in names] + [name for name in names if name not in order]
    pictures, spacings = _pictures(found.images, mm_per_pixel)
    points, closing, sizes, figures = _points_of(found, names, [picture.shape for picture in pictures])
    seen = np.isfinite(points[..., 0]) & ~closing
    learnt = [n for n, held in enumerate(held_out) if not held]
    shapes = fill(points)
    mean, mm = _in_mm(shapes.points, shapes.mean, spacings)
    template = _template(name, names, mean, sizes)
    pieces = [tuple(image.pieces.get(each, ()) for each in names) for image in found.images]
    everything = Contours([image.path for image in found.images], shapes.points, sizes, seen, pieces, mm)
    left = [n for n, held in enumerate(held_out) if held]
    return Anatomy(
        template,
        everything.take(learnt),
        everything.take(left),
        [pictures[n] for n in learnt],
        [pictures[n] for n in left],
        shapes.points[learnt] * mm[learnt, None, None],
        {"together": quality(shapes.points[learnt] * mm[learnt, None, None]), "structures": figures},
        spacings is not None,
    )


def _read_parts(data: Path) -> tuple[Annotations, list[bool]]:
    """All annotated images, and which of them are for validation."""
    if (data / "train").is_dir() and (data / "val").is_dir():
        train, val = read_annotations(data / "train"), read_annotations(data / "val")
        held_out = [False] * len(train.images) + [True] * len(val.images)
        return Annotations((*train.images, *val.images), train.numbered and val.numbered), held_out
    found = read_annotations(data)
    if found.held_out:
        return found, list(found.held_out)
    drawn = Annotations(tuple(image for image in found.images if image.pieces), found.numbered)
    return drawn, [number % 5 == 4 for number in range(len(drawn.images))]


def _usual_structures(found: Annotations, held_out: Sequence[bool], remark: Remark) -> list[str]:
    """Structures that enough training images show; the others are told."""
    count = dict.fromkeys(found.structures, 0)
    for image, held in zip(found.images, held_out, strict=True):
        for name in image.pieces:
            count[name] += not held
    for name in [name for name, number in count.items() if number < LEAST_IMAGES]:
        remark(f"“{name}” is outlined in {count[name]} training images; {LEAST_IMAGES} are needed, so it is left out.")
        del count[name]
    if not count:
        raise ValueError(f"No structure is outlined in {LEAST_IMAGES} training images.")
    return list(count)


def _pictures(
    images: Sequence[AnnotatedImage], mm_per_pixel: float | None
) -> tuple[list[npt.NDArray[np.uint8]], npt.NDArray[np.float64] | None]:
    """Pictures as 8-bit grey between their darkest and brightest half percent; mm per pixel, None: unknown."""
    pictures, spacings = [], []
    for each in images:
        image = read_image(each.path)
        grey = np.asarray(image.pixels, np.float32)
        low, high = np.percentile(grey, (0.5, 99.5))
        scaled = (np.clip(grey, low, high) - low) * (255 / max(float(high - low), 1e-6))
        pictures.append((scaled + 0.5).astype(np.uint8))
        own = None if image.spacing is None else float(np.sqrt(image.spacing.row_mm * image.spacing.column_mm))
        own = each.mm_per_pixel or own
        spacings.append(own if own is not None else mm_per_pixel)
    known = [value for value in spacings if value is not None]
    return pictures, np.array(known) if len(known) == len(spacings) else None


def _points_of(
    found: Annotations, names: Sequence[str], shapes: Sequence[tuple[int, ...]]
) -> tuple[Points, npt.NDArray[np.bool_], tuple[int, ...], dict[str, Any]]:
    """Corresponding points [N, K, 2] of all structures (NaN: not seen) and which of them [K] only close a cut.

    And how many each structure has, and how good they are.
    """
    if found.numbered:
        sizes = {name: len(image.pieces[name][0]) for image in found.images for name in image.pieces}
        rows = [
            np.concatenate(
                [image.pieces[name][0] if name in image.pieces else np.full((sizes[name], 2), np.nan) for name in names]
            )
            for image in found.images
        ]
        numbers = tuple(sizes[name] for name in names)
        return np.stack(rows), np.zeros(sum(numbers), bool), numbers, {}
    curves = {
        name: [
            curve_of(image.pieces.get(name, ()), shape[0], shape[1])
            for image, shape in zip(found.images, shapes, strict=True)
        ]
        for name in names
    }
    poses = poses_of(np.stack([_centres(curves[name]) for name in names], axis=1))
    numbers = _numbers([curves[name] for name in names])
    parts, closing, figures = [], [], {}
    for name, count in zip(names, numbers, strict=True):
        found_points = correspond(curves[name], count, poses)
        points = found_points.points
        closing.append(found_points.closing)
        even = correspond(curves[name], count, poses, refine=False).points
        figures[name] = _gain(points, even)
        parts.append(np.stack([points.real, points.imag], axis=-1))
    return np.concatenate(parts, axis=1), np.concatenate(closing), numbers, figures


def _centres(curves: Sequence[Curve | None]) -> npt.NDArray[np.complex128]:
    """Middles of whole curves [N]; NaN where cut or missing."""
    middles = [
        curve.at(np.arange(64) / 64).mean(axis=0) if curve is not None and curve.closed else (np.nan, np.nan)
        for curve in curves
    ]
    return np.asarray([x + 1j * y for x, y in middles])


def _numbers(curves: Sequence[Sequence[Curve | None]]) -> tuple[int, ...]:
    """Number of points of each structure, by the square root of its perimeter beside the others'.

    About 400 in all, since the shape prior grows with their square, but 24 to 48 for the usual structure: the chords
    between 24 points of a lung lie 2 mm beside it.
    """
    usual = min(max(24, 400 // len(curves)), 48)
    lengths = np.array([np.median([curve.length for curve in each if curve is not None]) for each in curves])
    counts = np.clip(np.rint(usual * np.sqrt(lengths / np.median(lengths))), _FEWEST, _MOST)
    return tuple(int(count) for count in counts)


def _gain(points: npt.NDArray[np.complex128], even: npt.NDArray[np.complex128]) -> dict[str, Any]:
    """Figures of a structure's whole shapes, and of the same with evenly spaced points, each of mean size 1."""
    whole = np.isfinite(points).all(axis=1) & np.isfinite(even).all(axis=1)
    if whole.sum() < LEAST_IMAGES:
        return {"shapes": int(whole.sum())}
    figures = {}
    for key, shapes in (("refined", points[whole]), ("evenly_spaced", even[whole])):
        size = np.linalg.norm(shapes - shapes.mean(axis=1, keepdims=True), axis=1).mean() / np.sqrt(shapes.shape[1])
        figures[key] = quality(np.stack([shapes.real, shapes.imag], axis=-1) / size)
    return figures


def _in_mm(
    shapes: Points, mean: Points, spacings: npt.NDArray[np.float64] | None
) -> tuple[Points, npt.NDArray[np.float64]]:
    """The mean [K, 2] in mm of the template's plane, and mm of that plane per pixel of each image [N]."""
    sizes = np.array([np.linalg.norm(shape - shape.mean(axis=0)) for shape in shapes])
    own = float(np.linalg.norm(mean))
    if spacings is not None:
        return mean * float((sizes * spacings).mean() / own), spacings
    scale = NOMINAL_MM / float(np.linalg.norm(np.ptp(mean, axis=0)))
    return mean * scale, own * scale / sizes


def _template(anatomy: str, names: Sequence[str], mean: Points, sizes: Sequence[int]) -> Template:
    parts = np.split(mean, np.cumsum(sizes)[:-1])
    structures = (
        Structure(name, name.replace("_", " ").capitalize(), structure_colour(number), part)
        for number, (name, part) in enumerate(zip(names, parts, strict=True))
    )
    return Template(anatomy, tuple(structures))
