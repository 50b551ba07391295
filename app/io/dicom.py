"""Read radiographs from DICOM files: grey values in the header's units, spacing with its provenance, windows."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels import apply_color_lut, pixel_array

from app.core.acquisition import Acquisition
from app.core.frame import Provenance, Spacing
from app.io.errors import ImageError
from app.io.image import Image, as_pixels, check_size, to_grey

NO_IMAGE = {
    "SEG": "a segmentation",
    "SR": "a structured report",
    "PR": "a presentation state",
    "KO": "a key object selection",
    "DOC": "a document",
    "RTSTRUCT": "a set of radiotherapy contours",
    "RTPLAN": "a radiotherapy plan",
    "RTDOSE": "a radiotherapy dose",
    "REG": "a registration",
    "ECG": "an electrocardiogram",
    "AU": "a sound recording",
}
_OTHER_MODALITIES = {"CT": "CT", "MR": "MR", "PT": "PET", "NM": "nuclear medicine", "US": "ultrasound"}


def read_dicom(data: bytes, name: str) -> Image:
    """Decode a DICOM file; raises ImageError with a sentence where it holds no picture that can be shown."""
    # Only .dcm files without preamble need the force; with it, anything parses to something.
    dataset = pydicom.dcmread(io.BytesIO(data), force=data[128:132] != b"DICM")
    _check(dataset, name)
    try:
        stored = np.asarray(pixel_array(dataset, index=0))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # decoders written in Rust panic with one of their own
        syntax = getattr(dataset.file_meta, "TransferSyntaxUID", None)
        kind = getattr(syntax, "name", "unknown")
        raise ImageError(
            f"The pixels of “{name}” cannot be decoded (transfer syntax {kind}): the file is damaged or compressed in "
            "a way that this program does not read. Export it again, best uncompressed."
        ) from error
    frames = int(dataset.get("NumberOfFrames") or 1)
    modality = str(dataset.get("Modality") or "")
    pixels, windows, remark = _grey(dataset, stored)
    remarks = [
        remark,
        f"First of {frames} frames." if frames > 1 else "",
        f"A {_OTHER_MODALITIES[modality]} image, not a radiograph." if modality in _OTHER_MODALITIES else "",
    ]
    words = {"modality": "Modality", "body part": "BodyPartExamined", "view": "ViewPosition"}
    facts = {word: str(dataset.get(keyword)) for word, keyword in words.items() if dataset.get(keyword)}
    if patient := str(dataset.get("PatientID") or "").strip():
        facts["patient"] = hashlib.sha256(patient.encode("utf-8", "surrogatepass")).hexdigest()
    told = " ".join(r for r in remarks if r)
    spacing = read_spacing(dataset)
    aspect = spacing.row_mm / spacing.column_mm if spacing is not None else 1.0
    return Image(pixels, spacing, told, windows, facts, aspect, read_acquisition(dataset))


def read_acquisition(dataset: Dataset) -> Acquisition:
    """Modality, body part, view, side and Patient Orientation of the header (PS3.3 C.7.3.1, C.7.6.1, C.8.11)."""

    def word(*keywords: str) -> str:
        given = (str(dataset.get(keyword) or "").strip().upper() for keyword in keywords)
        return next((text for text in given if text), "")

    listed = dataset.get("PatientOrientation") or ()
    directions = [str(letters).strip().upper() for letters in listed] if isinstance(listed, MultiValue) else []
    if len(directions) != 2 or not all(d and set(d) <= set("LRAPHF") for d in directions):
        directions = ["", ""]
    return Acquisition(
        modality=word("Modality"),
        body_part=word("BodyPartExamined"),
        view=word("ViewPosition"),
        laterality=word("ImageLaterality", "Laterality"),
        towards_right=directions[0],
        towards_bottom=directions[1],
    )


def _check(dataset: Dataset, name: str) -> None:
    modality = str(dataset.get("Modality") or "")
    if modality in NO_IMAGE:
        raise ImageError(f"“{name}” is {NO_IMAGE[modality]} and no radiograph. Add the image it belongs to instead.")
    if "Rows" not in dataset and "SOPClassUID" not in dataset:
        raise ImageError(f"“{name}” is not a DICOM file, whatever its suffix says. Export or copy it again.")
    if not any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise ImageError(f"“{name}” is a DICOM file without pixels. Export it again with its image.")
    check_size(int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0), name)
    if not hasattr(dataset, "file_meta") or "TransferSyntaxUID" not in dataset.file_meta:
        # Without a file header the standard's default applies.
        dataset.file_meta = getattr(dataset, "file_meta", None) or pydicom.dataset.FileMetaDataset()
        implicit = dataset.original_encoding[0]
        dataset.file_meta.TransferSyntaxUID = (
            pydicom.uid.ExplicitVRLittleEndian if implicit is False else pydicom.uid.ImplicitVRLittleEndian
        )


Windows = tuple[tuple[str, float, float], ...]


def _grey(dataset: Dataset, stored: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Windows, str]:
    """MONOCHROME2 values, windows in their terms, and a remark."""
    interpretation = str(dataset.get("PhotometricInterpretation") or "MONOCHROME2")
    if interpretation == "PALETTE COLOR":
        stored = np.asarray(apply_color_lut(stored, dataset))
    if stored.ndim == 3:
        pixels, remark = to_grey(stored)
        return pixels, (), remark
    bits = int(dataset.get("BitsStored") or stored.dtype.itemsize * 8)
    signed = bool(dataset.get("PixelRepresentation"))
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if stored.dtype.kind == "u" and not signed and bits < stored.dtype.itemsize * 8 and int(stored.max()) > high:
        stored = stored & stored.dtype.type(high)  # old files keep overlays in the unused bits
    if stored.dtype.kind == "f":
        low, high = stored.min(), stored.max()
    values, ends = _rescaled(dataset, stored, (float(low), float(high)))
    windows = _windows(dataset)
    if interpretation == "MONOCHROME1":
        total = ends[0] + ends[1]
        whole = values.dtype.kind in "iu" and float(total).is_integer()
        values = int(total) - values.astype(np.int32) if whole else np.float32(total) - values.astype(np.float32)
        windows = tuple((label, total - centre, width) for label, centre, width in windows)
    return _narrow(values, ends), windows, ""


def _rescaled(
    dataset: Dataset, stored: npt.NDArray[Any], ends: tuple[float, float]
) -> tuple[npt.NDArray[Any], tuple[float, float]]:
    """Values after the modality LUT or rescaling, and the least and greatest value that can occur."""
    if dataset.get("ModalityLUTSequence"):
        table, first, top = _lut(dataset.ModalityLUTSequence[0])
        index = np.clip(stored.astype(np.int64) - first, 0, len(table) - 1)
        return table[index], (0.0, top)
    slope = float(dataset.get("RescaleSlope") or 1)  # a slope of zero would leave no picture
    intercept = float(dataset.get("RescaleIntercept") or 0)
    if (slope, intercept) == (1.0, 0.0):
        return stored, ends
    low, high = sorted(end * slope + intercept for end in ends)
    if slope.is_integer() and intercept.is_integer() and stored.dtype.kind in "iu" and abs(slope) < 2**15:
        return stored.astype(np.int64) * int(slope) + int(intercept), (low, high)
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept), (low, high)


def _lut(item: Dataset) -> tuple[npt.NDArray[np.uint16], int, float]:
    """A look-up table: its entries, the first value mapped, and the greatest value that its bits allow."""
    entries, first, bits = (int(n) for n in item.LUTDescriptor)
    count = entries or 65536
    raw = item.LUTData
    if isinstance(raw, bytes):
        table = np.frombuffer(raw, np.uint8 if len(raw) < 2 * count else "<u2").astype(np.uint16)
    else:
        table = np.asarray(list(raw), np.int64).astype(np.uint16)
    return table[:count], first, float((1 << bits) - 1)


def _narrow(values: npt.NDArray[Any], ends: tuple[float, float]) -> npt.NDArray[Any]:
    """Integers in 8 bits where the stored depth needs no more, else as `as_pixels` has it."""
    if values.dtype.kind in "iu" and ends[0] >= 0 and ends[1] <= 255 and values.min() >= 0 and values.max() <= 255:
        return values.astype(np.uint8)
    return as_pixels(values)


def _numbers(value: Any) -> list[float]:
    if value is None or value == "":
        return []
    listed = list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]
    return [float(v) for v in listed if v not in (None, "")]


def _windows(dataset: Dataset) -> Windows:
    """Window presets of the header; a VOI LUT counts as the window that spans its input."""
    try:
        centres, widths = _numbers(dataset.get("WindowCenter")), _numbers(dataset.get("WindowWidth"))
        names = dataset.get("WindowCenterWidthExplanation") or []
        names = [names] if isinstance(names, str) else [str(name) for name in names]
        found = [
            (names[i] if i < len(names) and names[i] else f"Window {i + 1}", centre, width)
            for i, (centre, width) in enumerate(zip(centres, widths, strict=False))
            if width > 0
        ]
        for item in dataset.get("VOILUTSequence") or []:
            table, first, _ = _lut(item)
            found.append((str(item.get("LUTExplanation") or "VOI LUT"), first + (len(table) - 1) / 2, len(table) - 1.0))
    except (ValueError, TypeError, AttributeError):
        return ()  # presets are a convenience: a broken one must not keep the image from being read
    return tuple(found)


def read_spacing(dataset: Dataset) -> Spacing | None:
    """The pixel spacing and who vouches for it (design 2); None where it is unknown."""
    at_patient = _pair(dataset.get("PixelSpacing"))
    at_detector = _pair(dataset.get("ImagerPixelSpacing")) or _pair(dataset.get("NominalScannedPixelSpacing"))
    if at_patient is not None:
        differs = at_detector is not None and not np.allclose(at_patient, at_detector, rtol=1e-4, atol=0)
        calibrated = bool(dataset.get("PixelSpacingCalibrationType")) or differs
        return Spacing(*at_patient, Provenance.CALIBRATED if calibrated else Provenance.AT_DETECTOR)
    return Spacing(*at_detector, Provenance.AT_DETECTOR) if at_detector is not None else None


def _pair(value: Any) -> tuple[float, float] | None:
    """(row, column) spacing in mm, or None where it is missing, zero or nonsense."""
    try:
        row, column = _numbers(value)
    except (ValueError, TypeError):
        return None
    return (row, column) if np.isfinite([row, column]).all() and row > 0 and column > 0 else None
