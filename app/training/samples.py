"""Write the six rendered samples that the program ships: DICOM files and PNGs of the kinds that a reader meets.

Everything in them is rendered (see `render`): no patient, no radiograph. The files are deterministic for a seed and
name themselves rendered in file name, patient name, description and comments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    generate_uid,
)

from app.training.render import render_chest

MM_PER_PIXEL = 0.35
GRAIN = 0.003  # little noise: it is what lossless compression cannot shrink
_COMMENT = "Rendered picture, made from shapes by DenseSeg Review. Not a radiograph of a patient."


@dataclass(frozen=True)
class Sample:
    """What one sample is like.

    Attributes
    ----------
    name : file name; the suffix decides between DICOM and PNG.
    shape : (rows, columns).
    bits : significant bits per pixel; above 8 they are stored in 16.
    spacing : DICOM attributes that carry the pixel spacing.
    inverted : stored as MONOCHROME1 (DICOM only).
    """

    name: str
    shape: tuple[int, int]
    bits: int
    spacing: tuple[str, ...] = ()
    inverted: bool = False


SAMPLES = (
    Sample("rendered_1.dcm", (1024, 1024), 12, ("ImagerPixelSpacing", "PixelSpacing")),
    Sample("rendered_2.dcm", (1024, 960), 12, ("ImagerPixelSpacing",), inverted=True),
    Sample("rendered_3.png", (896, 896), 16),
    Sample("rendered_4.png", (896, 896), 8),
    Sample("rendered_5.png", (1100, 900), 8),
    Sample("rendered_6.dcm", (960, 960), 12),
)


def write_samples(shapes: Sequence[Mapping[str, np.ndarray]], folder: Path, seed: int = 1) -> list[Path]:
    """Render the six samples and write them.

    Parameters
    ----------
    shapes : one per sample, used in turn where there are fewer: structure name → closed polygon [K, 2] in mm in the
        template plane (x right, y down). Where its origin lies does not matter: each is centred in its picture.
    folder : where to write; made where it is missing.
    seed : of everything random, UIDs included.

    Returns
    -------
    The written files, in the order of `SAMPLES`.
    """
    if not shapes:
        raise ValueError("At least one shape is needed to render samples.")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, sample in enumerate(SAMPLES):
        outlines, spacing = place_in_picture(shapes[index % len(shapes)], sample.shape)
        rng = np.random.default_rng([seed, index])
        picture = render_chest(outlines, sample.shape, rng, grain=GRAIN)
        path = folder / sample.name
        if path.suffix == ".dcm":
            _dicom(picture, sample, spacing, f"{seed}/{index + 1}").save_as(path, enforce_file_format=True)
        else:
            imageio.imwrite(path, _png_values(picture, sample.bits), extension=".png", compress_level=7)
        paths.append(path)
    return paths


def place_in_picture(
    shape_mm: Mapping[str, np.ndarray], shape: tuple[int, int], margin: float = 0.08
) -> tuple[dict[str, NDArray[np.float64]], float]:
    """Centre outlines in a picture.

    Parameters
    ----------
    shape_mm : structure name → polygon [K, 2] in mm (x right, y down).
    shape : (rows, columns) of the picture.
    margin : least free border, as a share of the picture's height and width.

    Returns
    -------
    Structure name → polygon [K, 2] in pixels, (0, 0) the centre of the first pixel; and the spacing in mm per pixel,
    `MM_PER_PIXEL` unless the outlines would not fit with the margin.
    """
    points = np.concatenate([np.asarray(polygon, float) for polygon in shape_mm.values()])
    low, high = points.min(0), points.max(0)
    room = np.array(shape[::-1]) * (1 - 2 * margin)
    spacing = float(np.ceil(max(MM_PER_PIXEL, *((high - low) / room)) * 1000) / 1000)
    centre = (np.array(shape[::-1]) - 1) / 2
    middle = (low + high) / 2
    return {name: (np.asarray(p, float) - middle) / spacing + centre for name, p in shape_mm.items()}, spacing


def _png_values(picture: NDArray[np.float32], bits: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Grey values [H, W] in [0, 1] as 8-bit numbers or full-range 16-bit ones (with 11 significant bits: smaller)."""
    if bits == 8:
        return np.round(picture * 255).astype(np.uint8)
    return (np.round(picture * 2047) * 32).astype(np.uint16)


def _dicom(picture: NDArray[np.float32], sample: Sample, spacing: float, entropy: str) -> Dataset:
    """Make a DX image (JPEG-LS lossless) from grey values [H, W] in [0, 1] and a spacing in mm per pixel."""
    top = (1 << sample.bits) - 1
    stored = np.round((1 - picture if sample.inverted else picture) * top).astype(np.uint16)
    image = _header(sample, entropy)
    image.Rows, image.Columns = sample.shape
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME1" if sample.inverted else "MONOCHROME2"
    image.PresentationLUTShape = "INVERSE" if sample.inverted else "IDENTITY"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = (
        16,
        sample.bits,
        sample.bits - 1,
        0,
    )
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = "0", "1", "US"
    low, high = np.percentile(stored, [1, 99])
    image.WindowCenter, image.WindowWidth = f"{(low + high) / 2:.0f}", f"{max(high - low, 1):.0f}"
    for keyword in sample.spacing:
        setattr(image, keyword, [f"{spacing:.3f}"] * 2)
    image.PixelData = stored.tobytes()
    image.compress(JPEGLSLossless, generate_instance_uid=False)
    return image


def _header(sample: Sample, entropy: str) -> Dataset:
    """Everything about a rendered DX image but its pixels; UIDs follow from `entropy` alone."""
    number = sample.name.removesuffix(".dcm").rsplit("_", 1)[-1]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = _uid("instance", entropy)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = Dataset()
    image.file_meta = meta
    values = {
        "SOPClassUID": meta.MediaStorageSOPClassUID,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "StudyInstanceUID": _uid("study", entropy),
        "SeriesInstanceUID": _uid("series", entropy),
        "ImageType": ["DERIVED", "PRIMARY"],
        "Modality": "DX",
        "PresentationIntentType": "FOR PRESENTATION",
        "Manufacturer": "DenseSeg Review (rendered)",
        "ConversionType": "SYN",
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": "Rendered^Sample",
        "PatientID": f"RENDERED-{number}",
        "PatientBirthDate": "",
        "PatientSex": "",
        "StudyDate": "20250101",
        "StudyTime": "120000",
        "AccessionNumber": "",
        "StudyID": number,
        "ReferringPhysicianName": "",
        "StudyDescription": "Rendered chest",
        "SeriesDescription": "Rendered chest PA",
        "SeriesNumber": "1",
        "InstanceNumber": "1",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "PatientOrientation": ["L", "F"],
        "ImageLaterality": "U",
        "BurnedInAnnotation": "NO",
        "PixelIntensityRelationship": "LOG",
        "PixelIntensityRelationshipSign": 1 if sample.inverted else -1,
        "LossyImageCompression": "00",
        "ImageComments": _COMMENT,
    }
    for keyword, value in values.items():
        setattr(image, keyword, value)
    return _with_anatomy(image)


def _with_anatomy(image: Dataset) -> Dataset:
    """Add the coded anatomic region: chest (SNOMED CT)."""
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "51185008", "SCT", "Chest"
    image.AnatomicRegionSequence = [region]
    return image


def _uid(kind: str, entropy: str) -> UID:
    """Generate a valid UID that is the same for the same arguments."""
    return generate_uid(entropy_srcs=["DenseSeg Review rendered sample", kind, entropy])
