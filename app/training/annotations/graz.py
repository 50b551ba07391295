"""Wrists as the authors of DenseSeg keep them: ``graz_img_seg_lms.h5``, or ``lms_dsc_*.pth`` beside the radiographs.

The file in HDF5 has a group per radiograph: ``img`` [384, 224], z-normalised with the file's own ``IMG_MEAN`` and
``IMG_STD``, and ``lms`` [710, 2], (x, y) in its pixels; ``NUM_LMS`` says how many points each of ``BONE_LABEL`` has.
The landmarks in torch have the same names in ``keys`` and one list of points per bone in ``lms``, (row, column) of the
same grid with a border of 32 pixels. Points lie on the contours, in no order: they are put in order here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import imageio.v3 as imageio
import numpy as np

from app.core.frame import Points
from app.io.atomic import write_bytes
from app.io.image import read_image
from app.io.names import natural_order
from app.training.annotations.annotated import AnnotatedImage, Annotations, images_below

TITLE = "the DenseSeg authors' wrists (graz_img_seg_lms.h5, or lms_dsc_*.pth with the radiographs beside it)"
SPLIT = "dataset_with_cv_split.csv"
"""Where it lies beside the data, radiographs with a ``cv_test_idx`` of 0 or 2 are learnt from, as published."""
BONES = {
    "Epiphyse Radius": ("radius_epiphysis", 40),
    "Epiphyse Ulna": ("ulna_epiphysis", 20),
    "Os capitatum": ("capitate", 35),
    "Os hamatum": ("hamate", 25),
    "Os lunatum": ("lunate", 30),
    "Os pisiforme": ("pisiform", 30),
    "Os scaphoideum": ("scaphoid", 30),
    "Os trapezium": ("trapezium", 30),
    "Os trapezoideum": ("trapezoid", 25),
    "Os triquetrum": ("triquetrum", 30),
    "Ossa metacarpalia I": ("metacarpal_1", 50),
    "Ossa metacarpalia II": ("metacarpal_2", 50),
    "Ossa metacarpalia III": ("metacarpal_3", 50),
    "Ossa metacarpalia IV": ("metacarpal_4", 50),
    "Ossa metacarpalia V": ("metacarpal_5", 60),
    "Radius": ("radius", 80),
    "Ulna": ("ulna", 75),
}
"""The authors' names, in the order of their files (sorted), ours, and how many points each has."""
HEIGHT, WIDTH = 384, 224
_BORDER = 32
_LEARNT = {"0", "2"}


class _Wrist(NamedTuple):
    """One radiograph: its file and its points [710, 2] in its own pixels, in the order of the file."""

    path: Path
    points: Points


def fits(folder: Path) -> bool:
    """Whether a folder holds one of the authors' files."""
    return bool(_stored(folder) or _landmarks(folder))


def read(folder: Path) -> Annotations:
    """All radiographs; those of the file in HDF5 are unpacked beside it, once.

    Raises
    ------
    OSError
        If a file cannot be read, or the radiographs cannot be unpacked.
    ValueError
        With a sentence: a file is not as described above, or h5py is not installed.
    """
    stored = _stored(folder)
    wrists = list(_of_storage(stored[-1]) if stored else _of_landmarks(_landmarks(folder)[-1]))
    if not wrists:
        raise ValueError(f"{(stored or _landmarks(folder))[-1].name} holds no radiograph of which there is an image.")
    order = _order([wrist.points for wrist in wrists])
    images = []
    for wrist in wrists:
        parts = np.split(wrist.points, np.cumsum([count for _, count in BONES.values()])[:-1])
        pieces: dict[str, tuple[Points, ...]] = {}
        for (name, _), part, ring in zip(BONES.values(), parts, order, strict=True):
            pieces[name] = (part[ring],)
        images.append(AnnotatedImage(wrist.path, pieces))
    return Annotations(tuple(images), numbered=True, held_out=_held_out(folder / SPLIT, images))


def _stored(folder: Path) -> list[Path]:
    return sorted(folder.glob("graz_img_seg_lms*.h5"))


def _landmarks(folder: Path) -> list[Path]:
    """The files of landmarks, the strictest last."""
    return sorted(folder.glob("lms_dsc_*.pth"), key=lambda path: natural_order(path.name))


def _of_storage(file: Path) -> Iterator[_Wrist]:
    try:
        import h5py
    except ImportError:
        raise ValueError(f"To read {file.name}, install h5py: .venv/bin/pip install h5py.") from None
    folder = file.with_suffix("")
    with h5py.File(file) as storage:
        try:
            labels = [each.decode() if isinstance(each, bytes) else str(each) for each in storage.attrs["BONE_LABEL"]]
            mean, deviation = float(storage.attrs["IMG_MEAN"]), float(storage.attrs["IMG_STD"])
            counts = [int(count) for count in storage.attrs["NUM_LMS"]]
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"{file.name} does not say its BONE_LABEL, NUM_LMS, IMG_MEAN and IMG_STD.") from None
        _check(file, labels, counts)
        folder.mkdir(exist_ok=True)
        for key in sorted(storage, key=natural_order):
            path = folder / f"{_plain(key, file)}.png"
            points = _checked(np.asarray(storage[key]["lms"]), key, file)
            if not path.exists():
                grey = np.asarray(storage[key]["img"], np.float64) * deviation + mean
                levels = np.clip(np.rint(grey * 255), 0, 255).astype(np.uint8)
                write_bytes(path, imageio.imwrite("<bytes>", levels, extension=".png"))
            yield _Wrist(path, points)


def _of_landmarks(file: Path) -> Iterator[_Wrist]:
    import torch

    try:
        held = torch.load(file, map_location="cpu", weights_only=True)  # nothing in it is run
        keys, lists = [str(key) for key in held["keys"]], held["lms"]
    except OSError:
        raise
    except Exception as error:  # torch raises many kinds for what it does not unpack
        raise ValueError(f"{file.name} is no file of landmarks: it should hold keys and lms ({error}).") from None
    images = images_below(file.parent) | (images_below(file.parent / "images") if _has_images(file.parent) else {})
    for key, parts in sorted(zip(keys, lists, strict=True), key=lambda pair: natural_order(pair[0])):
        path = images.get(key)
        if path is None:
            continue  # the files of landmarks speak of many more radiographs than anybody has to keep
        _check(file, list(BONES), [len(part) for part in parts])
        grid = np.concatenate([np.asarray(part, float) for part in parts])[:, ::-1] - _BORDER
        height, width = read_image(path).pixels.shape
        scale = np.array([width / WIDTH, height / HEIGHT])
        yield _Wrist(path, _checked((grid + 0.5) * scale - 0.5, key, file))


def _has_images(folder: Path) -> bool:
    return (folder / "images").is_dir()


def _plain(key: str, file: Path) -> str:
    if not re.fullmatch(r"[\w.-]{1,120}", key) or key.startswith("."):
        raise ValueError(f"{file.name} has a radiograph of which the name cannot be that of a file.")
    return key


def _check(file: Path, labels: Sequence[str], counts: Sequence[int]) -> None:
    """Raise ValueError unless bones and numbers of points are those of the authors."""
    if list(labels) != list(BONES) or list(counts) != [count for _, count in BONES.values()]:
        raise ValueError(f"{file.name} has other bones, or other numbers of points, than the authors' files.")


def _checked(points: Any, key: str, file: Path) -> Points:
    made, whole = np.asarray(points, float), sum(count for _, count in BONES.values())
    if made.shape != (whole, 2) or not np.isfinite(made).all():
        raise ValueError(f"{file.name}: {key} needs {whole} points (x, y), all of them numbers.")
    return made


def _held_out(file: Path, images: Sequence[AnnotatedImage]) -> tuple[bool, ...]:
    """Which radiographs are for validation by the published split; empty where that is not there."""
    if not file.is_file():
        return ()
    with file.open(newline="", encoding="utf-8-sig") as lines:
        parts: Mapping[str, str] = {row["filestem"]: row["cv_test_idx"] for row in csv.DictReader(lines)}
    unknown = [image.path.stem for image in images if image.path.stem not in parts]
    if unknown:
        raise ValueError(f"{file.name} does not say to which part {unknown[0]} belongs.")
    return tuple(str(parts[image.path.stem]).split(".")[0] not in _LEARNT for image in images)


def _order(shapes: Sequence[Points]) -> list[list[int]]:
    """Per bone the order in which its points follow one another, from the mean of all shapes."""
    centred = np.stack([shape - shape.mean(axis=0) for shape in shapes])
    mean = (centred / np.linalg.norm(centred, axis=(1, 2), keepdims=True)).mean(axis=0)
    return [ring_order(part) for part in np.split(mean, np.cumsum([count for _, count in BONES.values()])[:-1])]


def ring_order(points: Points) -> list[int]:
    """The order of the shortest way around through points [K, 2] of a contour: along it, x to the right, y down.

    From each point to the nearest that is left, then crossings are undone (2-opt) until none is left.
    """
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    ring, left = [0], set(range(1, len(points)))
    while left:
        ring.append(min(left, key=lambda other: float(apart[ring[-1], other])))
        left.remove(ring[-1])
    better = True
    while better:
        better = False
        for i in range(len(ring) - 1):
            for j in range(i + 2, len(ring) - (i == 0)):
                a, b, c, d = ring[i], ring[i + 1], ring[j], ring[(j + 1) % len(ring)]
                if apart[a, c] + apart[b, d] < apart[a, b] + apart[c, d] - 1e-12:
                    ring[i + 1 : j + 1] = ring[i + 1 : j + 1][::-1]
                    better = True
    x, y = points[ring].T
    return ring if np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)) > 0 else [ring[0], *ring[:0:-1]]
