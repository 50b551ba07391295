"""What a report says: of one image, and of all images of an export together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import cv2
import numpy as np

from app.core.metrics import dice
from app.formats.csv_table import MaskSource, number
from app.formats.drawn_picture import Grey, Shown, drawn_picture
from app.formats.measurement_table import MeasurementRow
from app.formats.project_view import ImageView, ProjectView, RefusedError, facts_of
from app.formats.report_blocks import NOTICE, Block, Heading, Histogram, Legend, Picture, Pictures, Table, Text
from app.formats.source import picture_of

LARGE, SMALL = 900, 160
"""Longest side of a picture in pixels: of one image, of one among many."""
MOST_PICTURES = 100
"""So many images are shown small in the report of all; a file of thousands would open nowhere."""


@dataclass(frozen=True, eq=False)
class Told:
    """What the report of all images keeps of one.

    Attributes
    ----------
    name, stem, review, reader : str
    measured : tuple of MeasurementRow
    overlaps : dict of str to float
        Structure → Dice of the predicted mask and the reader's, of those that a reader corrected; 0 where only one of
        them is there.
    states : tuple of (landmark, state, moved in px, mm per px)
        Of the project's own landmarks; NaN where nobody moved one, or the size of a pixel is unknown.
    small : Picture or None
    """

    name: str
    stem: str
    review: str
    reader: str
    measured: tuple[MeasurementRow, ...]
    overlaps: dict[str, float]
    states: tuple[tuple[str, str, float, float], ...]
    small: Picture | None


def document_of(image: ImageView, project: ProjectView, small: bool) -> tuple[list[Block], Told]:
    """The report of one image, and what the report of all keeps of it (with a `small` picture, if so)."""
    overlaps, own = overlaps_of(image), {mark.name for mark in project.own}
    mm = image.frame.mm_per_pixel if image.frame is not None else np.nan
    states = tuple((row.landmark, row.state, row.moved, mm) for row in image.rows if row.landmark in own)
    blocks: list[Block] = [Heading(image.name, 1), *_facts(image, project)]
    picture = _drawn(image, project)
    little = None
    if isinstance(picture, str):
        blocks.append(Text(picture))
    else:
        blocks.append(jpeg(picture, LARGE))
        little = jpeg(picture, SMALL, image.name, f"{image.stem}.html") if small else None
        blocks.append(Legend(tuple((s.colour, s.title) for s in project.template.structures)))
    blocks += [*_structures(image, project, overlaps), *_measurements(image.measured), *_landmarks(image, own)]
    blocks += _provenance(project)
    who = image.about.reader
    return blocks, Told(image.name, image.stem, image.review, who, image.measured, overlaps, states, little)


def _drawn(image: ImageView, project: ProjectView) -> Grey | str:
    """The picture with outlines, or why there is none."""
    assert image.frame is not None, "an image that was never read has no size"
    try:
        return drawn_picture(image, project, picture_of(image), Shown.fitted(image.frame, LARGE))
    except RefusedError as error:
        return str(error)


def jpeg(picture: Grey, longest: int, caption: str = "", link: str = "") -> Picture:
    """A picture [H, W, 3] as JPEG, no side longer than `longest`."""
    scale = min(longest / max(picture.shape[:2]), 1.0)
    height, width = (max(round(side * scale), 1) for side in picture.shape[:2])
    if scale < 1:
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    good, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    if not good:
        raise OSError("A picture cannot be encoded.")
    return Picture(bytes(data), height, width, caption, link)


def figure(value: float) -> str:
    """A number as people read it: no more digits than it has meaning."""
    size = abs(value)
    return number(value, 3 if size < 10 else 2 if size < 100 else 1 if size < 10_000 else 0)


def overlaps_of(image: ImageView) -> dict[str, float]:
    """Dice of predicted masks and those that a reader corrected, by structure; 0 where only one of them is there."""
    found = {}
    for structure in image.masks.template.structures:
        if image.masks.prediction is None or not image.masks.corrected(structure.name):
            continue
        before, after = image.masks.predicted(structure.name), image.masks.native(structure.name)
        if before is not None or after is not None:
            found[structure.name] = dice(before, after) if before is not None and after is not None else 0.0
    return found


def _facts(image: ImageView, project: ProjectView) -> Iterator[Block]:
    facts = facts_of(image)
    size = facts["spacing"]
    spacing = f"{size['row_mm']:.4g} x {size['column_mm']:.4g} mm ({size['provenance']})" if size else "unknown"
    rows = [
        ("Review", image.review.replace("_", " ")),
        ("Reader", f"{facts['reader']} {facts['time_utc']}".strip()),
        ("Note", image.note),
        ("Size of a pixel", spacing),
        ("Read as", facts["orientation"].replace("_", " ")),
        ("Model", f"{project.model} ({project.bundle_sha256[:16]})"),
    ]
    yield Table(("", ""), tuple(row for row in rows if row[1]))
    if facts["suspect"]:
        yield Text(facts["suspect"], warning=True)
    if image.changed:
        yield Text("The file has changed since the image was accepted.", warning=True)


def _structures(image: ImageView, project: ProjectView, overlaps: dict[str, float]) -> Iterator[Block]:
    said = {each.structure: each for each in image.structures}
    rows = []
    for structure in project.template.structures:
        source, review = image.mask_source(structure.name), said.get(structure.name)
        words = f"{review.state.value.replace('_', ' ')} {review.note}".strip() if review is not None else ""
        agreement = number(overlaps[structure.name]) if structure.name in overlaps else ""
        rows.append((structure.title, source.value or "unknown", agreement, words))
    yield Heading("Structures")
    yield Table(("Structure", "Mask", "Dice with the prediction", "Reader says"), tuple(rows))
    if any(row[1] == MaskSource.REJECTED for row in rows):
        yield Text("What is rejected is not drawn; measurements that depend on it are marked.", warning=True)


def _measurements(measured: Sequence[MeasurementRow]) -> Iterator[Block]:
    if measured:
        rows = [
            (
                row.measurement,
                figure(row.value),
                row.unit,
                row.spacing,
                f"{row.state}{', rejected' if row.rejected else ''}",
            )
            for row in measured
        ]
        yield Heading("Measurements")
        yield Table(("Measurement", "Value", "Unit", "Size of a pixel", "State"), tuple(rows))


def _landmarks(image: ImageView, own: set[str]) -> Iterator[Block]:
    rows = []
    for row in image.rows:
        if row.landmark in own:
            x, y = row.xy if row.xy is not None else (np.nan, np.nan)
            state = f"{row.state}{' (structure rejected)' if row.mask == MaskSource.REJECTED else ''}"
            rows.append(
                (row.keypoint or row.landmark, row.structure, number(x, 1), number(y, 1), state, number(row.moved, 1))
            )
    if rows:
        yield Heading("Landmarks")
        yield Table(("Landmark", "Structure", "x (px)", "y (px)", "State", "Moved by (px)"), tuple(rows))


def _provenance(project: ProjectView) -> Iterator[Block]:
    yield Heading("Where this comes from")
    rows = (
        ("Project", project.name),
        ("Model", project.model),
        ("Bundle (SHA-256)", project.bundle_sha256),
        ("Written (UTC)", f"{datetime.now(UTC):%Y-%m-%d %H:%M}"),
        ("Written by", "DenseSeg Review"),
    )
    yield Table(("", ""), rows)
    yield Text(NOTICE, warning=True)


def cohort_of(told: Sequence[Told], project: ProjectView) -> list[Block]:
    """The report of all images."""
    count = "1 image" if len(told) == 1 else f"{len(told)} images"
    reviews = Counter(one.review.replace("_", " ") for one in told)
    readers = sorted({one.reader for one in told if one.reader})
    blocks: list[Block] = [Heading(f"{project.name}: {count}", 1)]
    rows = [("Images", str(len(told))), *((f"  {state}", str(n)) for state, n in reviews.most_common())]
    blocks.append(Table(("", ""), (*rows, ("Readers", ", ".join(readers) or "nobody yet"))))
    blocks += [*_values(told), *_agreement(told, project), *_places(told)]
    small = tuple(one.small for one in told if one.small is not None)
    blocks.append(Heading("Images"))
    if small:
        blocks.append(Pictures(small))
        if len(told) > len(small):
            blocks.append(Text(f"{len(small)} of {count} are shown here; each has a report of its own."))
    lines = tuple((one.name, one.review.replace("_", " "), one.reader) for one in told)
    blocks.append(Table(("Image", "Review", "Reader"), lines, tuple(f"{one.stem}.html" for one in told)))
    return [*blocks, *_provenance(project)]


def _values(told: Sequence[Told]) -> Iterator[Block]:
    """Each measurement over all images; values in different units are never thrown together."""
    found: dict[tuple[str, str], list[float]] = {}
    left_out = 0
    for row in (row for one in told for row in one.measured):
        if np.isfinite(row.value):
            left_out += row.rejected
            found.setdefault((row.measurement, row.unit), []).extend([] if row.rejected else [row.value])
    rows, drawings = [], []
    for (name, unit), values in found.items():
        if values:
            each = np.array(values)
            low, middle, high = np.percentile(each, (25, 50, 75))
            spread = each.std(ddof=1) if len(each) > 1 else np.nan
            numbers = (each.mean(), spread, low, middle, high, each.min(), each.max())
            rows.append((name, unit, str(len(each)), *map(figure, numbers)))
            drawings.append(Histogram.of(f"{name} ({len(each)} images)", unit, each))
    if rows:
        yield Heading("Measurements")
        heads = ("Measurement", "Unit", "n", "Mean", "SD", "25 %", "Median", "75 %", "Least", "Greatest")
        yield Table(heads, tuple(rows))
        if left_out:
            many = "1 value that depends" if left_out == 1 else f"{left_out} values that depend"
            yield Text(f"Left out: {many} on a structure which a reader rejected.", warning=True)
        yield from drawings


def _agreement(told: Sequence[Told], project: ProjectView) -> Iterator[Block]:
    rows = []
    for structure in project.template.structures:
        each = np.array([one.overlaps[structure.name] for one in told if structure.name in one.overlaps])
        if len(each):
            rows.append((structure.title, str(len(each)), *map(number, (each.mean(), np.median(each), each.min()))))
    yield Heading("Agreement of readers and model: masks")
    if not rows:
        yield Text("No reader corrected a mask.")
        return
    yield Table(("Structure", "Corrected in", "Mean Dice", "Median", "Least"), tuple(rows))
    yield Text("Dice of the predicted and the corrected mask, of corrected ones alone: the others count as agreed on.")


def _places(told: Sequence[Told]) -> Iterator[Block]:
    found: dict[str, list[tuple[str, float, float]]] = {}
    for name, state, moved, mm in (state for one in told for state in one.states):
        found.setdefault(name, []).append((state, moved, mm))
    rows = []
    for name, states in found.items():
        count = Counter(state for state, _, _ in states)
        in_px = np.array([moved for _, moved, _ in states if np.isfinite(moved)])
        in_mm = np.array([moved * size for _, moved, size in states if np.isfinite(moved * size)])
        far = [number(float(f(each)), 2) if len(each) else "" for each in (in_px, in_mm) for f in (np.median, np.max)]
        rows.append((name, *(str(count[s]) for s in ("predicted", "corrected", "confirmed", "absent")), *far))
    if rows:
        yield Heading("Agreement of readers and model: landmarks")
        heads = ("Landmark", "Predicted", "Corrected", "Confirmed", "Absent")
        yield Table((*heads, "Moved, median (px)", "greatest (px)", "median (mm)", "greatest (mm)"), tuple(rows))
        yield Text("How far readers moved what they corrected or confirmed, from its prediction.")
