"""Generated image files for tests."""

import struct
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


def segment(marker: int, *parts: bytes) -> bytes:
    """A segment of a JPEG."""
    body = b"".join(parts)
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def coded(steps: list[int]) -> bytes:
    """Differences of a lossless JPEG (ISO 10918-1 H.1.2.2), each size coded in 5 bits."""
    bits = ""
    for step in ((step + 32768) % 65536 - 32768 for step in steps):  # modulo 2^16
        size = abs(step).bit_length()
        bits += f"{size:05b}"
        if 0 < size < 16:
            bits += f"{step if step > 0 else step + (1 << size) - 1:0{size}b}"
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


def lossless_jpeg(pixels: np.ndarray, bits: int) -> bytes:
    """A lossless JPEG (ISO 10918-1, process 14, predictor 1), coded by hand."""
    values = pixels.astype(int)
    before = np.empty_like(values)
    before[:, 1:], before[1:, 0], before[0, 0] = values[:, :-1], values[:-1, 0], 1 << (bits - 1)
    height, width = pixels.shape
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xC3, struct.pack(">BHHB", bits, height, width, 1), b"\x01\x11\0"),
            segment(0xC4, b"\0", bytes([0, 0, 0, 0, 17, *[0] * 11]), bytes(range(17))),
            segment(0xDA, b"\x01\x01\0\x01\0\0"),
            coded((values - before).ravel().tolist()),
            b"\xff\xd9",
        )
    )


def jpeg_of_12_bits(blocks: np.ndarray) -> bytes:
    """A JPEG of 12 bits (ISO 10918-1, extended process), each block of 8 x 8 pixels in one grey value, coded by hand.

    A block's DC coefficient of 8 (v - 2048), quantised by 8, stands for the value v everywhere; all others are 0.
    """

    bits, last = "", 2048
    for value in blocks.ravel().tolist():
        step, last = value - last, value
        size = abs(step).bit_length()
        bits += f"{size:05b}"  # the table below codes each size in 5 bits
        if size:
            bits += f"{step if step > 0 else step + (1 << size) - 1:0{size}b}"
        bits += "0"  # end of block
    bits += "1" * (-len(bits) % 8)
    pixels = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    height, width = (8 * n for n in blocks.shape)
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xDB, b"\0", b"\x08" * 64),
            segment(0xC1, struct.pack(">BHHB", 12, height, width, 1), b"\x01\x11\0"),
            segment(0xC4, b"\0", bytes([0, 0, 0, 0, 16, *[0] * 11]), bytes(range(16))),
            segment(0xC4, b"\x10", bytes([1, *[0] * 15]), b"\0"),
            segment(0xDA, b"\x01\x01\0\0\x3f\0"),
            pixels,
            b"\xff\xd9",
        )
    )
