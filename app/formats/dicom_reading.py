"""Masks of DICOM segmentations and points of structured reports, also of other makers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset

from app.core.annotation import AnnotatedMask, AnnotatedPoint, ImageAnnotations, ImageReference
from app.core.frame import Axes
from app.core.landmark import PlacementState
from app.core.masks import MaskState
from app.formats.reading import LARGEST_PLACE, Known, MaskParts, point_state

SEGMENTATIONS = {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}
"""Segmentation Storage, Label Map Segmentation Storage (PS3.4 B.5)."""
REPORTS = {f"1.2.840.10008.5.1.4.1.1.88.{number}" for number in (11, 22, 33, 34, 35, 50, 65)}
_TRACKING, _GROUP, _STATE = "112039", "125007", "STATE"
"""Tracking Identifier and Measurement Group (DCM), who placed a landmark (our own)."""


def _class_of(file: Path) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they spell patients' names
            head = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["SOPClassUID"])
        return str(head.get("SOPClassUID", ""))
    except Exception:  # pydicom raises many kinds for what is no DICOM
        return ""


def fits_seg(file: Path, head: bytes) -> bool:
    """Whether a file is a DICOM segmentation."""
    return head[128:132] == b"DICM" and _class_of(file) in SEGMENTATIONS


def fits_sr(file: Path, head: bytes) -> bool:
    """Whether a file is a DICOM structured report."""
    return head[128:132] == b"DICM" and _class_of(file) in REPORTS


def _read(file: Path) -> Dataset:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pydicom.dcmread(file)
    except OSError:
        raise
    except Exception:
        raise ValueError(f"{file.name} is no DICOM file, or damaged.") from None


# --- segmentations


def read_seg(file: Path, known: Known) -> list[ImageAnnotations]:
    """The segments of a DICOM segmentation by image: binary, fractional (half and more), or a label map.

    Raises
    ------
    ValueError
        With a sentence: it is damaged, or does not say which image it belongs to.
    """
    data = _read(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _segments(data, file)
    except ValueError as error:
        if file.name in str(error):
            raise
        raise ValueError(f"{file.name} is no whole DICOM segmentation ({error}).") from None
    except (AttributeError, KeyError, IndexError, TypeError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{file.name} is no whole DICOM segmentation ({type(error).__name__}).") from None


def _segments(data: Dataset, file: Path) -> list[ImageAnnotations]:
    frames = np.atleast_3d(data.pixel_array) if data.get("NumberOfFrames") is None else data.pixel_array
    frames = frames.reshape(-1, int(data.Rows), int(data.Columns))
    described = {int(one.SegmentNumber): one for one in data.SegmentSequence}
    kind, half = str(data.get("SegmentationType", "BINARY")), int(data.get("MaximumFractionalValue", 255)) / 2
    parts: dict[str, dict[int, npt.NDArray[np.bool_]]] = {}
    for place, frame in enumerate(frames):
        uid = _source_of(data, place)
        if not uid:
            raise ValueError(f"{file.name} does not say which image its segments lie on.")
        here = parts.setdefault(uid, {})
        if kind == "LABELMAP":
            here.update({number: frame == number for number in described if number})
            continue
        number = _number_of(data, place)
        mask = frame >= half if kind == "FRACTIONAL" else frame > 0
        here[number] = here[number] | mask if number in here else mask
    found = []
    for uid, masks in parts.items():
        collected = MaskParts(bitmaps={str(number): mask for number, mask in masks.items()})
        rows = [_named(row, described[int(row.structure)]) for row in collected.rows()]
        found.append(ImageAnnotations(ImageReference(uid=uid), (), rows, file.name))
    return found


def _groups(data: Dataset, place: int) -> Iterator[Dataset]:
    """The functional groups of a frame: its own, then the shared ones."""
    if "PerFrameFunctionalGroupsSequence" in data:
        yield data.PerFrameFunctionalGroupsSequence[place]
    if "SharedFunctionalGroupsSequence" in data:
        yield data.SharedFunctionalGroupsSequence[0]


def _number_of(data: Dataset, place: int) -> int:
    for group in _groups(data, place):
        if "SegmentIdentificationSequence" in group:
            return int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
    return int(data.SegmentSequence[0].SegmentNumber)


def _source_of(data: Dataset, place: int) -> str:
    """The UID of the image on which a frame lies; empty where several could be meant."""
    for group in _groups(data, place):
        for derived in group.get("DerivationImageSequence", ()):
            for source in derived.get("SourceImageSequence", ()):
                return str(source.ReferencedSOPInstanceUID)
    series = data.get("ReferencedSeriesSequence", ())
    told = {str(one.ReferencedSOPInstanceUID) for each in series for one in each.get("ReferencedInstanceSequence", ())}
    return told.pop() if len(told) == 1 else ""


def _named(row: AnnotatedMask, segment: Dataset) -> AnnotatedMask:
    """A mask with the names that a segment has: our own name, its label, its coded anatomy with laterality."""
    kind = segment.get("SegmentedPropertyTypeCodeSequence", [Dataset()])[0]
    meaning = str(kind.get("CodeMeaning", ""))
    sides = [str(one.get("CodeMeaning", "")) for one in kind.get("SegmentedPropertyTypeModifierCodeSequence", ())]
    spoken = [f"{side} {meaning}".strip() for side in sides] or [meaning]
    names = [str(segment.get("TrackingID", "")), str(segment.get("SegmentLabel", "")), *spoken]
    names = [name for name in names if name] or [f"segment {row.structure}"]
    automatic = segment.get("SegmentAlgorithmType") == "AUTOMATIC"
    state = MaskState.PREDICTED if automatic else MaskState.CORRECTED
    return AnnotatedMask(names[0], row.bitmap, state=state, also=names[1:])


# --- structured reports


def read_sr(file: Path, known: Known) -> list[ImageAnnotations]:
    """The points of a structured report, by the tracking identifier of their group or by what they are called.

    Closed polylines are outlines of structures. Points count from the corner of the first pixel (PS3.3 C.18.6.1.1).

    Raises
    ------
    ValueError
        With a sentence: it is damaged.
    """
    data = _read(file)
    found: dict[str, tuple[list[AnnotatedPoint], MaskParts, list[str]]] = {}
    try:
        uids = {str(one.ReferencedSOPInstanceUID) for one in _evidence(data)}
        alone = uids.pop() if len(uids) == 1 else ""
        for names, item, state in _coordinates(data, [], None):
            uid = _image_of(item) or alone
            points, parts, left_out = found.setdefault(uid, ([], MaskParts(), []))
            _take(item, names, state, (points, parts, left_out), file)
    except (AttributeError, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{file.name} is no whole DICOM report ({type(error).__name__}).") from None
    if not found:
        raise ValueError(f"{file.name} is a DICOM report without points or outlines.")
    return [
        ImageAnnotations(ImageReference(uid=uid), points, parts.rows(), file.name, left_out)
        for uid, (points, parts, left_out) in found.items()
    ]


def _take(
    item: Dataset,
    names: list[str],
    state: PlacementState | None,
    here: tuple[list[AnnotatedPoint], MaskParts, list[str]],
    file: Path,
) -> None:
    points, parts, left_out = here
    name, kind = names[-1] if names else "a point without a name", str(item.get("GraphicType", ""))
    values = np.asarray(item.get("GraphicData", ()), float)
    if item.ValueType != "SCOORD" or values.size % 2 or not np.isfinite(values).all():
        left_out.append(f"{item.ValueType} “{name}”")
        return
    xy = values.reshape(-1, 2)
    closed = kind == "POLYLINE" and len(xy) > 3 and bool((xy[0] == xy[-1]).all() and np.abs(xy).max() <= LARGEST_PLACE)
    if kind == "POINT" and len(xy) == 1:
        points.append(AnnotatedPoint(name, xy[0], Axes.CORNER, state))
    elif closed:
        parts.add_outline(name, xy[:-1])
    else:
        left_out.append(f"The {kind.lower() or 'graphic'} “{name}”")


def _evidence(data: Dataset) -> Iterator[Dataset]:
    for key in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"):
        for study in data.get(key, ()):
            for series in study.get("ReferencedSeriesSequence", ()):
                yield from series.get("ReferencedSOPSequence", ())


def _code(item: Dataset) -> tuple[str, str]:
    """The value and the meaning of what an item is called."""
    (code, *_) = item.get("ConceptNameCodeSequence", None) or [Dataset()]
    return str(code.get("CodeValue", "")), str(code.get("CodeMeaning", ""))


def _coordinates(
    item: Dataset, names: list[str], state: PlacementState | None
) -> Iterator[tuple[list[str], Dataset, PlacementState | None]]:
    """All coordinates below an item with the names of the groups around them, and who placed them."""
    children: list[Any] = list(item.get("ContentSequence", ()))
    for child in children:
        value, _ = _code(child)
        if value == _TRACKING and child.get("TextValue"):
            names = [*names, str(child.TextValue)]
        elif child.get("ValueType") == "CODE" and value == _STATE:
            state = point_state(str(child.ConceptCodeSequence[0].CodeMeaning).lower())
    for child in children:
        if child.get("ValueType") in ("SCOORD", "SCOORD3D"):
            meaning = _code(child)[1]
            yield (names or ([meaning] if meaning else [])), child, state
        yield from _coordinates(child, names, state)


def _image_of(item: Dataset) -> str:
    """The UID of the image from which a graphic is selected."""
    for child in item.get("ContentSequence", ()):
        if child.get("ValueType") == "IMAGE":
            return str(child.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
    return ""
