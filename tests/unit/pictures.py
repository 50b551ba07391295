"""Generated image files for tests."""

from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid


def ramp(height: int = 48, width: int = 40, top: int = 255, dtype: type = np.uint8) -> np.ndarray:
    """A picture without symmetry: brightness grows to the right and, half as much, downwards."""
    y, x = np.mgrid[:height, :width]
    return np.round((2 * x / (width - 1) + y / (height - 1)) / 3 * top).astype(dtype)


def write_png(path: Path, pixels: np.ndarray | None = None) -> Path:
    """Write a PNG (a ramp by default), making folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    imageio.imwrite(path, ramp() if pixels is None else pixels, extension=".png")
    return path


def dicom(pixels: np.ndarray, bits: int = 12, **values: object) -> Dataset:
    """An uncompressed DX image of unsigned pixels; `values` are further attributes by keyword."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.Modality = "DX"
    dataset.PatientName = "Secret^Name"
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = pixels.dtype.itemsize * 8
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def write_dicom(path: Path, pixels: np.ndarray, bits: int = 12, **values: object) -> Path:
    """Write `dicom` to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dicom(pixels, bits, **values).save_as(path, enforce_file_format=True)
    return path
