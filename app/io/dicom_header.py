"""What a DICOM header says: read leniently, per-frame and shared functional groups before the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from app.core.acquisition import Acquisition
from app.core.frame import Provenance, Spacing

_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
_GROUPS = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
_MACROS = (
    *("PixelMeasuresSequence", "PixelValueTransformationSequence", "FrameVOILUTSequence", "FrameAnatomySequence"),
    *("FramePixelDataPropertiesSequence", "PatientOrientationInFrameSequence"),
)


class Header:
    """The attributes that hold for the first frame of a data set.

    Enhanced objects keep them in functional groups (PS3.3 C.7.6.16): those of the frame come first, then those that all
    frames share, then the data set's own.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._places = [*_functional_groups(dataset), dataset]

    def value(self, keyword: str) -> Any:
        """An attribute's value, None where it is missing, empty or damaged."""
        for place in self._places:
            try:
                value = place.get(keyword)
            except (ValueError, TypeError, OverflowError, NotImplementedError, AttributeError):
                continue
            if value is not None and value != "" and not (isinstance(value, (MultiValue, list)) and not value):
                return value
        return None

    def text(self, keyword: str) -> str:
        """An attribute as text, without spaces around it; empty where it is missing."""
        value = self.value(keyword)
        return "" if value is None else str(value).strip().strip("\0").strip()

    def numbers(self, keyword: str) -> list[float]:
        """Numbers of an attribute, empty where there are none that can be read; a decimal comma is one.

        Numbers that are text in the file (DS, IS) are read from that text: some devices write the comma of their
        country (PS3.5 6.2 allows the point alone).
        """
        tag = Tag(keyword)
        for place in self._places:
            if tag not in place:
                continue
            found = _numbers(place.get_item(tag))
            if found:
                return found
        return []

    def number(self, keyword: str) -> float | None:
        """The first of `numbers`, None where there is none."""
        found = self.numbers(keyword)
        return found[0] if found else None

    def whole(self, keyword: str) -> int | None:
        """`number` as an integer."""
        found = self.number(keyword)
        return None if found is None or not np.isfinite(found) else int(found)

    def items(self, keyword: str) -> list[Dataset]:
        """The items of a sequence, empty where it is missing."""
        value = self.value(keyword)
        return [item for item in value if isinstance(item, Dataset)] if value is not None else []


def _functional_groups(dataset: Dataset) -> Iterator[Dataset]:
    for keyword in _GROUPS:
        try:
            groups = list(dataset.get(keyword) or [])[:1]
        except (ValueError, TypeError, AttributeError):
            continue
        for group in groups:
            for macro in _MACROS:
                try:
                    yield from list(group.get(macro) or [])[:1]
                except (ValueError, TypeError, AttributeError):
                    continue


def _numbers(element: Any) -> list[float]:
    """Numbers of an element that was not read by pydicom yet, or was."""
    value = element.value
    if isinstance(element, RawDataElement) and isinstance(value, bytes):
        kind = element.VR if element.VR not in (None, "UN") else dictionary_VR(element.tag)
        if kind in ("DS", "IS", "LO", "SH", "CS"):
            return _numbers_of_text(value.decode("latin-1").split("\\"))
        if kind in ("US", "SS", "US or SS"):
            words = np.frombuffer(value[: len(value) // 2 * 2], "<i2" if element.is_little_endian else ">i2")
            return [float(word) for word in (words if kind == "SS" else words.astype(np.uint16))]
        try:
            value = convert_raw_data_element(element).value
        except (ValueError, TypeError, OverflowError, NotImplementedError):
            return []
    if value is None or value == "":
        return []
    listed = list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]
    try:
        return [float(v) for v in listed if v not in (None, "")]
    except (ValueError, TypeError):
        return _numbers_of_text([str(v) for v in listed])


def _numbers_of_text(parts: list[str]) -> list[float]:
    """All numbers, or none where one of them cannot be read."""
    found = []
    for part in parts:
        text = part.strip(" \0")
        if not text:
            continue
        if not _NUMBER.fullmatch(text):
            return []
        found.append(float(text.replace(",", ".")))
    return found


def read_acquisition(header: Header) -> Acquisition:
    """Modality, body part, view, side and Patient Orientation of the header (PS3.3 C.7.3.1, C.7.6.1, C.8.11)."""

    def word(*keywords: str) -> str:
        return next((text for text in (header.text(keyword).upper() for keyword in keywords) if text), "")

    listed = header.value("PatientOrientation")
    directions = [str(letters).strip().upper() for letters in listed] if isinstance(listed, (MultiValue, list)) else []
    if len(directions) != 2 or not all(d and set(d) <= set("LRAPHF") for d in directions):
        directions = ["", ""]
    return Acquisition(
        modality=word("Modality"),
        body_part=word("BodyPartExamined"),
        view=word("ViewPosition"),
        laterality=word("ImageLaterality", "FrameLaterality", "Laterality"),
        towards_right=directions[0],
        towards_bottom=directions[1],
    )


def read_study_date(header: Header) -> str:
    """The day of the study (PS3.3 C.7.2.1), ``2024-05-01``; empty where the header tells no day that there is.

    Where the study has none, that of the series, of the image's acquisition or of its content.
    """
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        digits = header.text(keyword).replace(".", "")  # the points are of ACR-NEMA (PS3.5 6.2, DA)
        if not re.fullmatch(r"[0-9]{8}", digits):
            continue
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
        except ValueError:
            continue
    return ""


_SECTIONS = ("CT", "MR", "PT", "NM")
"""Modalities whose images are sections through the patient."""


def read_spacing(header: Header) -> tuple[Spacing | None, str]:
    """The pixel spacing and who vouches for it (design 2), None where it is unknown; and what a reader should know.

    PixelSpacing is calibrated where the header says how (PS3.3 10.7.1.1) or where it differs from the spacing at the
    detector (ImagerPixelSpacing) or on the film (NominalScannedPixelSpacing); of sections it lies in the patient
    (C.7.6.2.1.1), where there is no detector that a length could be meant at. A magnification factor is told and never
    applied: whether a device took it into account is what the calibration says.
    """
    at_patient = _pair(header, "PixelSpacing")
    at_detector = _pair(header, "ImagerPixelSpacing") or _pair(header, "NominalScannedPixelSpacing")
    if at_patient is not None:
        differs = at_detector is not None and not np.allclose(at_patient, at_detector, rtol=1e-4, atol=0)
        calibrated = bool(header.text("PixelSpacingCalibrationType")) or differs
        calibrated = calibrated or header.text("Modality").upper() in _SECTIONS
        spacing = Spacing(*at_patient, Provenance.CALIBRATED if calibrated else Provenance.AT_DETECTOR)
    elif at_detector is not None:
        spacing = Spacing(*at_detector, Provenance.AT_DETECTOR)
    else:
        return None, ""
    factor = header.number("EstimatedRadiographicMagnificationFactor")
    if spacing.provenance is Provenance.AT_DETECTOR and factor is not None and np.isfinite(factor) and factor > 1.001:
        return spacing, (
            f"Lengths are those at the detector: the header estimates that they are magnified {factor:.3g} times, "
            "which is not taken into account."
        )
    return spacing, ""


def read_aspect(header: Header, spacing: Spacing | None) -> float:
    """Height of a pixel over its width: of the spacing, else PixelAspectRatio (PS3.3 C.7.6.3.1.7), else 1."""
    pair = _pair(header, "PixelAspectRatio") if spacing is None else (spacing.row_mm, spacing.column_mm)
    aspect = pair[0] / pair[1] if pair is not None else 1.0
    return float(aspect) if abs(aspect - 1) > 1e-4 else 1.0


def _pair(header: Header, keyword: str) -> tuple[float, float] | None:
    """(row, column) of an attribute, or None where it is missing, zero or nonsense."""
    numbers = header.numbers(keyword)
    if len(numbers) != 2 or not np.isfinite(numbers).all() or min(numbers) <= 0:
        return None
    return numbers[0], numbers[1]
