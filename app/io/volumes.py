"""NIfTI, NRRD and MetaImage: formats for volumes in which a radiograph may be stored. Storage order is kept."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Provenance, Spacing
from app.io.errors import ImageError
from app.io.image import Image, to_grey

_MHA_TYPES = {
    "MET_UCHAR": "u1",
    "MET_CHAR": "i1",
    "MET_USHORT": "u2",
    "MET_SHORT": "i2",
    "MET_UINT": "u4",
    "MET_INT": "i4",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}


def _spacing(x_mm: float, y_mm: float) -> Spacing | None:
    """Spacing as stored; 1 mm is what these formats hold when nobody knows it, so it is unknown."""
    if not (np.isfinite([x_mm, y_mm]).all() and x_mm > 0 and y_mm > 0) or (x_mm == 1 and y_mm == 1):
        return None
    return Spacing(float(y_mm), float(x_mm), Provenance.AT_DETECTOR)


def _plane(values: npt.NDArray[Any], name: str) -> tuple[npt.NDArray[Any], str]:
    """First plane [H, W] of an array [..., H, W], and a remark where there are others."""
    if values.ndim < 2:
        raise ImageError(f"“{name}” holds a line of numbers and no picture.")
    planes = int(np.prod(values.shape[:-2]))
    plane = values.reshape(-1, *values.shape[-2:])[0]
    return plane, f"First of {planes} planes of a volume." if planes > 1 else ""


def read_nifti(data: bytes, name: str) -> Image:
    """Read NIfTI-1, gzipped or not; the first axis runs along x."""
    import nibabel

    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    if data[344:347] == b"ni1":
        raise ImageError(f"“{name}” is the header of a NIfTI pair; save it as one file (.nii or .nii.gz).")
    file = nibabel.Nifti1Image.from_bytes(data)
    raw = np.asanyarray(file.dataobj)
    if raw.dtype.names:
        raw = np.stack([raw[channel] for channel in raw.dtype.names[:3]], axis=-1)
        pixels, remark = to_grey(np.swapaxes(raw.reshape(*raw.shape[:2], -1, 3)[:, :, 0], 0, 1))
    else:
        pixels, remark = _plane(raw.T, name)
    zooms = np.asarray(file.header.get_zooms()[:2], float)
    factor = {"meter": 1000.0, "micron": 0.001}.get(file.header.get_xyzt_units()[0], 1.0)
    return Image(pixels, _spacing(*(zooms * factor)), remark)


def read_nrrd(data: bytes, name: str) -> Image:
    """Read NRRD with its data attached."""
    import nrrd

    stream = io.BytesIO(data)
    header = nrrd.read_header(stream)
    if "data file" in header or "datafile" in header:
        raise ImageError(f"“{name}” keeps its pixels in another file; save it as one .nrrd file.")
    values = nrrd.read_data(header, stream, index_order="F")
    kinds = [str(kind) for kind in header.get("kinds", [])]
    colour = bool(kinds) and kinds[0] in {"RGB-color", "RGBA-color", "vector", "3-color", "4-color", "list"}
    if colour and values.ndim > 2:
        values = values.reshape(*values.shape[:3], -1)[..., 0]
        pixels, remark = to_grey(values.transpose(2, 1, 0))
    else:
        pixels, remark = _plane(values.T, name)
    return Image(pixels, _nrrd_spacing(header, skip=int(colour)), remark)


def _nrrd_spacing(header: dict[str, Any], skip: int) -> Spacing | None:
    units = [str(unit).strip('"').lower() for unit in header.get("space units", header.get("units", []))]
    if units and not {"mm", "millimeter", "millimeters"} & set(units):
        return None
    if "space directions" in header:
        rows = [row for row in list(header["space directions"])[skip:] if row is not None]
        sizes = [float(np.linalg.norm(np.asarray(row, float))) for row in rows]
    else:
        sizes = [float(size) for size in np.atleast_1d(header.get("spacings", []))[skip:]]
    return _spacing(*sizes[:2]) if len(sizes) >= 2 else None


def read_mha(data: bytes, name: str) -> Image:
    """Read MetaImage in one file (.mha), plain or zlib-compressed."""
    header, at = _mha_header(data, name)
    if header.get("ElementDataFile", "").upper() != "LOCAL":
        raise ImageError(f"“{name}” keeps its pixels in another file; save it as one .mha file.")
    kind = _MHA_TYPES.get(header.get("ElementType", ""))
    if kind is None:
        raise ImageError(f"“{name}” has pixels of type {header.get('ElementType')}, which this program does not read.")
    shape = [int(n) for n in header["DimSize"].split()]
    channels = int(header.get("ElementNumberOfChannels", "1"))
    swapped = header.get("BinaryDataByteOrderMSB", header.get("ElementByteOrderMSB", "False")).lower() == "true"
    dtype = np.dtype(kind).newbyteorder(">" if swapped else "<")
    body = data[at:]
    if header.get("CompressedData", "False").lower() == "true":
        body = zlib.decompress(body)
    count = int(np.prod(shape)) * channels
    values = np.frombuffer(body, dtype, count).reshape(*shape[::-1], *([channels] if channels > 1 else []))
    if channels > 1:
        pixels, remark = to_grey(values.reshape(-1, *values.shape[-3:])[0])
    else:
        pixels, remark = _plane(values, name)
    sizes: Sequence[float] = [float(s) for s in header.get("ElementSpacing", header.get("ElementSize", "")).split()]
    return Image(pixels, _spacing(sizes[0], sizes[1]) if len(sizes) >= 2 else None, remark)


def _mha_header(data: bytes, name: str) -> tuple[dict[str, str], int]:
    """Header fields and where the pixels begin: right after the line of ElementDataFile."""
    header: dict[str, str] = {}
    at = 0
    while at < min(len(data), 65536):
        end = data.find(b"\n", at)
        if end < 0:
            break
        key, _, value = data[at:end].decode("latin-1").partition("=")
        header[key.strip()] = value.strip()
        at = end + 1
        if key.strip() == "ElementDataFile":
            return header, at
    raise ImageError(f"“{name}” has no complete MetaImage header. Export or copy it again.")
