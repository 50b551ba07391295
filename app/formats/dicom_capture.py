"""DICOM Secondary Capture (PS3.3 A.8.1): pictures with what was drawn, and images of other formats as DICOM."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pydicom.valuerep import format_number_as_ds

from app.core.orientation import AS_STORED
from app.formats.dicom_common import NOTICE, UTF_8, checked_path, is_dicom, maker, source_of, text, uid_of
from app.formats.drawn_picture import Shown, drawn_picture, level_of
from app.formats.project_view import ImageView, ProjectView
from app.formats.source import picture_of

DRAWN_SERIES = 9104
"""Series number of pictures with outlines and landmarks."""
SOURCE_SERIES = 1
_OF_PATIENT_AND_STUDY = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName", "StudyInstanceUID", "StudyDescription", "PatientAge"),
)
_EMPTY = {"StudyDate": None, "StudyTime": None}


@dataclass(frozen=True, eq=False)
class Stored:
    """Grey values as a Secondary Capture holds them.

    Attributes
    ----------
    values : array [H, W], uint8 or uint16
    slope, intercept : float
        What makes the image's own grey values of them.
    """

    values: npt.NDArray[np.generic]
    slope: float = 1.0
    intercept: float = 0.0

    @classmethod
    def of(cls, pixels: npt.NDArray[np.generic]) -> Stored:
        """Unsigned grey values as they are, signed ones shifted, fractions in 65,536 steps."""
        if pixels.dtype in (np.uint8, np.uint16):
            return cls(pixels)
        low, high = float(pixels.min()), float(pixels.max())
        if pixels.dtype == np.int16:
            return cls((pixels.astype(np.int32) - int(low)).astype(np.uint16), 1.0, low)
        slope = (high - low) / 65535 or 1.0
        return cls(np.rint((pixels.astype(np.float64) - low) / slope).astype(np.uint16), slope, low)


def drawn_capture(image: ImageView, project: ProjectView) -> Dataset:
    """The image as it is read, in colour, with outlines and landmarks burned in.

    Of a DICOM image it stays in its study and names it as its source. It is 8 bits deep and for looking at.

    Raises
    ------
    RefusedError
        With a sentence: its file is gone; or see `dicom_common.source_of`.
    OSError
        If the image's file cannot be read.
    """
    assert image.frame is not None, "an image that was never read has no size"
    of_dicom = is_dicom(image)
    source = source_of(image) if of_dicom else _bare_header(image)
    picture = drawn_picture(image, project, picture_of(image), Shown.whole(image.frame))
    data = _capture(source, project, picture, DRAWN_SERIES, "Outlines and landmarks, burned in")
    data.SOPInstanceUID, data.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.BurnedInAnnotation = source.get("BurnedInAnnotation") or "NO"
    if image.frame.orientation == AS_STORED:
        data.PatientOrientation = source.get("PatientOrientation")
    if of_dicom or project.captures:
        reference = Dataset()
        reference.ReferencedSOPClassUID = source.SOPClassUID
        reference.ReferencedSOPInstanceUID = source.SOPInstanceUID
        data.SourceImageSequence = [reference]
    return data


def source_capture(image: ImageView, project: ProjectView) -> Dataset:
    """An image that is no DICOM file as one, all of its grey values kept: what other objects point at.

    The same file has the same UIDs in every export; nobody's name is made up: the patient is empty.

    Raises
    ------
    RefusedError
        With a sentence: its file is gone, or a reader rejected the image.
    OSError
        If the image's file cannot be read.
    """
    assert image.frame is not None, "an image that was never read has no size"
    found = picture_of(image)
    stored = Stored.of(found.pixels)
    data = _capture(_bare_header(image), project, stored.values, SOURCE_SERIES, text(image.stem, 64))
    spacing = image.frame.spacing
    if spacing is not None:
        data.PixelSpacing = [format_number_as_ds(mm) for mm in (spacing.row_mm, spacing.column_mm)]
    data.RescaleIntercept, data.RescaleSlope = format_number_as_ds(stored.intercept), format_number_as_ds(stored.slope)
    data.RescaleType = "US"
    low, high = level_of(found)
    data.WindowCenter, data.WindowWidth = (format_number_as_ds(v) for v in ((low + high) / 2, max(high - low, 1.0)))
    return data


def captured_header(image: ImageView, project: ProjectView) -> Dataset:
    """The header of `source_capture` without its pixels, for what points at it."""
    data = source_capture(image, project)
    del data.PixelData
    return data


def _bare_header(image: ImageView) -> Dataset:
    """Patient, study and UIDs of a file that has none; the UIDs come from its content."""
    path = checked_path(image)
    digest = _digest(path, path.stat().st_mtime_ns)
    data = Dataset()
    for keyword in _OF_PATIENT_AND_STUDY:
        setattr(data, keyword, _EMPTY.get(keyword, ""))
    del data.PatientAge, data.StudyDescription
    data.SOPClassUID = SecondaryCaptureImageStorage
    data.StudyInstanceUID, data.SeriesInstanceUID, data.SOPInstanceUID = (
        uid_of(digest, what) for what in ("study", "series", "instance")
    )
    return image.person.header(data) if image.person is not None else data


@lru_cache(maxsize=8)
def _digest(path: Path, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _capture(
    source: Dataset, project: ProjectView, values: npt.NDArray[np.generic], series: int, description: str
) -> Dataset:
    """A Secondary Capture of values [H, W] or [H, W, 3] in the study of `source` and with its UIDs."""
    data = Dataset()
    for keyword in _OF_PATIENT_AND_STUDY:
        if keyword in source:
            data[keyword] = source[keyword]
    data.SpecificCharacterSet = UTF_8
    data.SOPClassUID, data.SOPInstanceUID = SecondaryCaptureImageStorage, source.SOPInstanceUID
    data.SeriesInstanceUID, data.SeriesNumber = source.SeriesInstanceUID, series
    data.SeriesDescription, data.InstanceNumber, data.Modality = description, 1, "OT"
    data.Laterality = source.get("Laterality") or ""
    made = maker(project)
    data.Manufacturer, data.ManufacturerModelName = made["manufacturer"], made["manufacturer_model_name"]
    data.SoftwareVersions, data.DeviceSerialNumber = made["software_versions"], made["device_serial_number"]
    data.ConversionType, data.ImageType, data.ImageComments = "WSD", ["DERIVED", "SECONDARY"], NOTICE
    now = datetime.now()
    data.ContentDate, data.ContentTime = f"{now:%Y%m%d}", f"{now:%H%M%S}"
    data.PatientOrientation = None
    colour = values.ndim == 3
    data.SamplesPerPixel, data.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
    if colour:
        data.PlanarConfiguration = 0
    data.Rows, data.Columns = values.shape[:2]
    data.BitsAllocated = data.BitsStored = 8 * values.dtype.itemsize
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, 0
    raw = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    return data
