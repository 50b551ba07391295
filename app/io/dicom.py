"""Read radiographs from DICOM files: grey values in the header's units, spacing with its provenance, windows."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.pixels import apply_color_lut, pixel_array

from app.io.dicom_grey import Layout, Windows, grey_values
from app.io.dicom_header import Header, read_acquisition, read_aspect, read_spacing, read_study_date
from app.io.errors import ImageError
from app.io.files import TooLongError, inflate
from app.io.jpeg import decode_jpeg, needs_gdcm
from app.io.pixels import LARGEST_UNPACKED, Image, check_size, to_grey

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
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_GREY = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_PARTIAL_422", "YBR_ICT", "YBR_RCT")


def read_dicom(data: bytes, name: str) -> Image:
    """Decode a DICOM file; raises ImageError with a sentence where it holds no picture that can be shown."""
    _check_deflated(data, name)
    # Only files without preamble need the force; with it, anything parses to something.
    dataset = pydicom.dcmread(io.BytesIO(data), force=data[128:132] != b"DICM")
    header = Header(dataset)
    _check(dataset, header, name)
    remarks = _complete(dataset, header, name)
    layout = _layout(dataset, header, name)
    if layout.raw and dataset.SamplesPerPixel == 1 and "PixelData" in dataset:
        # Whole words, whose bits `grey_values` sorts out: the decoders take no notice of High Bit.
        dataset.BitsStored, dataset.HighBit = layout.allocated, layout.allocated - 1
    samples = _first_frame(dataset, name)
    windows: Windows = ()
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        samples = np.asarray(apply_color_lut(samples, dataset))
    if samples.ndim == 3:
        pixels, remark = to_grey(samples)
        told = [remark] if remark else []
    else:
        pixels, windows, told = grey_values(header, layout, samples, name)
    frames, modality = header.whole("NumberOfFrames") or 1, header.text("Modality").upper()
    if frames > 1:
        told.append(f"First of {frames} frames.")
    if modality in _OTHER_MODALITIES:
        told.append(f"A {_OTHER_MODALITIES[modality]} image, not a radiograph.")
    spacing, remark = read_spacing(header)
    told += [remark] if remark else []
    aspect = read_aspect(header, spacing)
    return Image(
        pixels, spacing, " ".join([*remarks, *told]), windows, _facts(header), aspect, read_acquisition(header)
    )


def _facts(header: Header) -> dict[str, str]:
    words = {"modality": "Modality", "body part": "BodyPartExamined", "view": "ViewPosition", "rescale": "RescaleType"}
    facts = {word: header.text(keyword) for word, keyword in words.items() if header.text(keyword)}
    uids = {"study_uid": "StudyInstanceUID", "series_uid": "SeriesInstanceUID", "instance_uid": "SOPInstanceUID"}
    facts |= {word: header.text(keyword) for word, keyword in uids.items() if header.text(keyword)}
    if day := read_study_date(header):
        facts["study_date"] = day
    if patient := header.text("PatientID"):
        facts["patient"] = hashlib.sha256(patient.encode("utf-8", "surrogatepass")).hexdigest()
    return facts


def _check_deflated(data: bytes, name: str) -> None:
    """Refuse a deflated data set (PS3.5 A.5) that unpacks to more than a file may have, before anything unpacks it."""
    if pydicom.uid.DeflatedExplicitVRLittleEndian.encode() not in data:  # quick, and true of nearly every file
        return
    syntax, at = _transfer_syntax(data)
    if syntax != pydicom.uid.DeflatedExplicitVRLittleEndian:
        return
    try:
        inflate(data[at:], LARGEST_UNPACKED, "deflate")
    except TooLongError:
        raise ImageError(f"“{name}” unpacks to more than a radiograph holds. Export it again.") from None
    except ValueError:
        raise ImageError(f"“{name}” is damaged: its data set cannot be unpacked. Export it again.") from None


def _transfer_syntax(data: bytes) -> tuple[str, int]:
    """Transfer syntax, empty where none is told, and where the data set begins: found as pydicom finds them.

    The meta group stands behind the preamble or, without one, at the beginning; some write it with implicit value
    representations, and some put a command group (0000) behind it.
    """
    stream = io.BytesIO(data)
    start = 132 if data[128:132] == b"DICM" else 0
    syntax = ""
    for implicit in (False, True):
        stream.seek(start)
        meta = read_dataset(stream, implicit, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
        try:
            syntax = str(meta.get("TransferSyntaxUID") or "")
            break
        except NotImplementedError:  # letters that are no value representation
            continue
    read_dataset(stream, True, True, stop_when=lambda tag, _vr, _length: tag.group != 0)
    return syntax, stream.tell()


def _check(dataset: Dataset, header: Header, name: str) -> None:
    modality = header.text("Modality").upper()
    if modality in NO_IMAGE:
        raise ImageError(f"“{name}” is {NO_IMAGE[modality]} and no radiograph. Add the image it belongs to instead.")
    if "Rows" not in dataset and "SOPClassUID" not in dataset:
        raise ImageError(f"“{name}” is not a DICOM file, whatever its suffix says. Export or copy it again.")
    if not any(keyword in dataset for keyword in _PIXELS):
        raise ImageError(f"“{name}” is a DICOM file without pixels. Export it again with its image.")
    rows, columns = header.whole("Rows") or 0, header.whole("Columns") or 0
    if rows < 1 or columns < 1:
        raise ImageError(f"The header of “{name}” does not say how many rows and columns it has. Export it again.")
    check_size(rows, columns, name)


def _complete(dataset: Dataset, header: Header, name: str) -> list[str]:
    """Fill in what decoding needs and the header lacks, where only one value makes sense; says what was taken."""
    remarks = []
    if not hasattr(dataset, "file_meta") or "TransferSyntaxUID" not in dataset.file_meta:
        # Without a file header the data set's own encoding is all there is.
        dataset.file_meta = getattr(dataset, "file_meta", None) or FileMetaDataset()
        implicit, little = dataset.original_encoding
        explicit = pydicom.uid.ExplicitVRLittleEndian if little is not False else pydicom.uid.ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = explicit if implicit is False else pydicom.uid.ImplicitVRLittleEndian

    def default(keyword: str, value: Any) -> None:
        if header.value(keyword) is None:
            setattr(dataset, keyword, value)
            remarks.append(f"The header lacks {keyword}; it is taken as {value}.")

    raw = not dataset.file_meta.TransferSyntaxUID.is_compressed
    default("SamplesPerPixel", 1)
    interpretation = header.text("PhotometricInterpretation").upper()
    default("PhotometricInterpretation", "MONOCHROME2" if dataset.SamplesPerPixel == 1 else "RGB")
    if interpretation:
        dataset.PhotometricInterpretation = interpretation
    if dataset.PhotometricInterpretation not in (*_GREY, *_COLOUR):
        raise ImageError(
            f"“{name}” has colours of the kind {interpretation}, which this program does not read. Export it again in "
            "grey."
        )
    if "PixelData" not in dataset:
        return remarks
    if header.value("BitsAllocated") is None and raw:
        count = header.whole("Rows") * header.whole("Columns") * dataset.SamplesPerPixel  # type: ignore[operator]
        count *= max(header.whole("NumberOfFrames") or 1, 1)
        size = len(dataset.PixelData) // count
        if size not in (1, 2, 4):
            raise ImageError(f"The header of “{name}” does not say how many bits a pixel has. Export it again.")
        default("BitsAllocated", 8 * size)
    default("BitsAllocated", 8 if header.whole("BitsStored") in range(1, 9) else 16)
    default("BitsStored", dataset.BitsAllocated)
    default("HighBit", dataset.BitsStored - 1)
    default("PixelRepresentation", 0)
    if dataset.SamplesPerPixel > 1:
        default("PlanarConfiguration", 0)
    return remarks


def _layout(dataset: Dataset, header: Header, name: str) -> Layout:
    """How samples lie in the file; raises ImageError where the header contradicts itself."""
    allocated, stored = header.whole("BitsAllocated") or 0, header.whole("BitsStored") or 0
    if "PixelData" not in dataset:
        return Layout(allocated or 32, allocated or 32, (allocated or 32) - 1, False, False)
    high = header.whole("HighBit")
    high = stored - 1 if high is None else high
    if not (1 <= stored <= allocated and stored - 1 <= high < allocated):
        raise ImageError(
            f"The header of “{name}” contradicts itself: {stored} bits stored of {allocated}, the highest of them bit "
            f"{high}. Its grey values are unknown; export it again."
        )
    syntax = dataset.file_meta.TransferSyntaxUID
    raw = not syntax.is_compressed or syntax == pydicom.uid.RLELossless or not syntax.is_encapsulated
    return Layout(allocated, stored, high, header.whole("PixelRepresentation") == 1, raw)


def _first_frame(dataset: Dataset, name: str) -> npt.NDArray[Any]:
    """Samples of the first frame, [H, W] or [H, W, 3] (RGB)."""
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        if syntax.is_encapsulated and needs_gdcm(syntax, dataset.BitsStored):
            frame = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=_frames(dataset)))
            samples = decode_jpeg(frame, name)
            if samples.shape[:2] != (dataset.Rows, dataset.Columns):
                raise ValueError("the picture has another size than the header says")
            return samples
        return np.asarray(pixel_array(dataset, index=0))
    except (KeyboardInterrupt, SystemExit, MemoryError, ImageError):
        raise
    except BaseException as error:  # decoders written in Rust panic with one of their own
        kind = getattr(syntax, "name", "unknown")
        raise ImageError(
            f"The pixels of “{name}” cannot be decoded (transfer syntax {kind}): the file is damaged or compressed in "
            "a way that this program does not read. Export it again, best uncompressed."
        ) from error


def _frames(dataset: Dataset) -> int:
    return max(Header(dataset).whole("NumberOfFrames") or 1, 1)
