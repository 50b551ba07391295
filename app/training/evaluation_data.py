"""What a folder holds that a bundle can be evaluated on; a wrong folder is told in a sentence."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from app.core.template import Template
from app.io.bundle import Bundle
from app.io.discover import discover
from app.io.names import natural_order
from app.training.contours import CHEST_STRUCTURES, Contours, read_chest
from app.training.evaluate import check_count
from app.training.lung_data import LungCase, is_lung_data, read_lungs

TABLE = "_landmarks.csv"


def has_contours(data: Path) -> bool:
    """Whether a folder holds reference contours of any part."""
    return any(data.glob(f"*{TABLE}"))


def read_contours(data: Path, part: str, bundle: Bundle) -> Contours:
    """Read the reference contours of one part, which the bundle's structures must fit.

    Raises
    ------
    OSError
        If the table cannot be read.
    ValueError
        With a sentence: there is no such part, the table or its images are not whole, there are too few images, or
        they are of another anatomy.
    """
    table = data / f"{part}{TABLE}"
    if not table.is_file():
        parts = sorted(file.name.removesuffix(TABLE) for file in data.glob(f"*{TABLE}"))
        raise ValueError(f"There is no {table.name} in {data}. Choose a part with --part: {', '.join(parts)}.")
    _check_table(table, bundle)
    contours = read_chest(data, part)
    missing = [path.name for path in contours.images if not path.is_file()]
    if missing:
        raise ValueError(
            f"{len(missing)} of the {len(contours.images)} images that {table.name} names are not in {data / part}; "
            f"the first is {missing[0]}."
        )
    check_count(contours)
    return contours


def _check_table(table: Path, bundle: Bundle) -> None:
    """Raise ValueError unless each row names an image and gives the points that the bundle's structures have."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))[1:]
    except (UnicodeDecodeError, csv.Error):
        raise ValueError(f"{table} is no table of landmarks.") from None
    if not rows:
        raise ValueError(f"{table} names no image.")
    wanted = [(structure.name, len(structure.outline)) for structure in bundle.template.structures]
    known = [(name, count) for name, _, count in CHEST_STRUCTURES]
    points = sum(count for _, count in known)
    for number, row in enumerate(rows, 2):
        if len(row) != 1 + 2 * points:
            raise ValueError(
                f"Row {number} of {table} has {len(row)} cells, not an image and x and y of {points} points. "
                "It is not whole, or of another anatomy."
            )
        for text in row[1:]:
            if not _is_number(text):
                raise ValueError(f"Row {number} of {table} ({row[0]}): “{text}” is no number.")
    if wanted != known:
        raise ValueError(
            f"The model “{bundle.title}” does not fit {table}: the table has {_told(known)}, the model {_told(wanted)}."
        )


def _told(structures: list[tuple[str, int]]) -> str:
    names = ", ".join(name for name, _ in structures)
    return f"{sum(count for _, count in structures)} points of {names}"


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def read_images(data: Path, template: Template) -> tuple[list[Path], dict[str, LungCase], list[str]]:
    """Find images with lung masks, or images alone where there are none.

    Returns
    -------
    images : list of Path
    cases : dict
        Path of an image as text → what is known of it; empty where there are no lung masks.
    remarks : list of str
        Sentences about what was left out, and what cannot be told.

    Raises
    ------
    OSError
        If a file cannot be read.
    ValueError
        With a sentence: there is no image, none of them has a mask, or the model is of another anatomy.
    """
    if not is_lung_data(data):
        return _images_alone(data)
    names = {structure.name for structure in template.structures}
    if not {"right_lung", "left_lung", "heart"} <= names:
        raise ValueError(
            f"{data} holds lung masks; the model knows no lungs and heart but {', '.join(sorted(names))}. "
            "Choose a model of the chest, or other data."
        )
    cases = {str(case.image): case for case in read_lungs(data)}
    if not cases:
        raise ValueError(f"No image in {data / 'images'} has a lung mask of the same name beside it.")
    count = sum(1 for path in (data / "images").iterdir() if path.is_file())
    left_out = count - len(cases)
    remarks = [f"{left_out} of {count} images have no lung mask and are left out."] if left_out else []
    return [case.image for case in cases.values()], cases, remarks


def _images_alone(data: Path) -> tuple[list[Path], dict[str, LungCase], list[str]]:
    found = discover([data])
    if not found.images:
        raise ValueError(f"There is no image in {data} to evaluate on ({found.ignored} other files).")
    remarks = [f"{name}: {sentence}" for name, sentence in found.failed]
    remarks.append(
        f"{data} holds no annotations (NAME{TABLE} beside NAME/, or images/ with lungs/): "
        "masks are compared with the model's own contour points only."
    )
    return [path for _, path in sorted(found.images, key=lambda item: natural_order(item[0]))], {}, remarks
