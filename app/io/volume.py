"""NIfTI, NRRD and MetaImage: formats for volumes in which a radiograph may be stored. Storage order is kept."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Provenance, Spacing
from app.io.errors import ImageError
from app.io.files import inflate
from app.io.pixels import LARGEST_BYTES, LARGEST_UNPACKED, Image, aspect_remark, check_size, joined, to_grey

_MHA_TYPES = {
    "MET_UCHAR": "u1",
    "MET_CHAR": "i1",
    "MET_USHORT": "u2",
    "MET_SHORT": "i2",
    "MET_UINT": "u4",
    "MET_INT": "i4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
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


def _image(pixels: npt.NDArray[Any], sizes: Sequence[float], remark: str, known: bool = True) -> Image:
    """An image with the sizes of its pixels, x first; where their unit is not `known` they tell the shape alone."""
    spacing = _spacing(*sizes[:2]) if len(sizes) >= 2 and known else None
    aspect = 1.0
    if len(sizes) >= 2 and np.isfinite(sizes[:2]).all() and min(sizes[:2]) > 0 and abs(sizes[1] / sizes[0] - 1) > 1e-4:
        aspect = float(sizes[1] / sizes[0])
    return Image(pixels, spacing, joined(remark, "" if spacing else aspect_remark(aspect)), aspect=aspect)


def read_nifti(data: bytes, name: str) -> Image:
    """Read NIfTI-1 or NIfTI-2, gzipped or not; the first axis runs along x. Only the first plane is unpacked."""
    import nibabel

    packed = data.startswith(b"\x1f\x8b")
    head = inflate(data, LARGEST_BYTES, "gzip", least=540) if packed else data[:540]
    second = head[4:7] in (b"n+2", b"ni2")
    if head[344:347] == b"ni1" or head[4:7] == b"ni2":
        raise ImageError(f"“{name}” is the header of a NIfTI pair; save it as one file (.nii or .nii.gz).")
    if not second and head[344:347] != b"n+1":
        raise ImageError(f"“{name}” is damaged or not NIfTI, whatever its suffix says. Export or copy it again.")
    kind: Any = nibabel.Nifti2Image if second else nibabel.Nifti1Image
    header = kind.header_class.from_fileobj(io.BytesIO(head), check=False)
    shape = [int(n) for n in header.get_data_shape()]
    if len(shape) < 2 or min(shape) < 1:
        raise ImageError(f"“{name}” holds a line of numbers and no picture.")
    check_size(shape[1], shape[0], name)
    needed = int(header.get_data_offset()) + shape[0] * shape[1] * int(header.get_data_dtype().itemsize)
    file = kind.from_bytes(inflate(data, LARGEST_BYTES, "gzip", least=max(needed, 540)) if packed else data)
    raw = np.asanyarray(file.dataobj[(slice(None), slice(None), *(0 for _ in shape[2:]))])
    if raw.dtype.names:
        raw = np.stack([raw[channel] for channel in raw.dtype.names[:3]], axis=-1)
    elif raw.dtype.kind == "c":
        raise ImageError(f"“{name}” holds complex numbers and no grey values. Save their magnitude.")
    pixels, remark = to_grey(np.swapaxes(raw, 0, 1))
    planes = int(np.prod(shape[2:]))
    zooms = np.abs(np.asarray(header.get_zooms()[:2], float))
    factor = {"meter": 1000.0, "micron": 0.001}.get(header.get_xyzt_units()[0], 1.0)
    several = f"First of {planes} planes of a volume." if planes > 1 else ""
    return _image(pixels, (zooms * factor).tolist(), joined(remark, several))


def read_nrrd(data: bytes, name: str) -> Image:
    """Read NRRD with its data attached."""
    header, values = nrrd_values(data, name)
    kinds = [str(kind) for kind in header.get("kinds", [])]
    colour = bool(kinds) and kinds[0] in {"RGB-color", "RGBA-color", "vector", "3-color", "4-color", "list"}
    if colour and values.ndim > 2:
        values = values.reshape(*values.shape[:3], -1)[..., 0]
        pixels, remark = to_grey(values.transpose(2, 1, 0))
    else:
        pixels, remark = _plane(values.T, name)
    sizes, known = _nrrd_sizes(header, skip=int(colour))
    return _image(pixels, sizes, remark, known)


def nrrd_values(data: bytes, name: str) -> tuple[dict[str, Any], npt.NDArray[Any]]:
    """Header and numbers of an NRRD file, the fastest axis first; raises ImageError, and what damaged ones do."""
    import nrrd

    stream = io.BytesIO(data)
    header = nrrd.read_header(stream)
    if "data file" in header or "datafile" in header:
        raise ImageError(f"“{name}” keeps its pixels in another file; save it as one .nrrd file.")
    return header, nrrd.read_data(header, _unpacked_nrrd(header, stream, name), index_order="F")


def _unpacked_nrrd(header: dict[str, Any], stream: io.BytesIO, name: str) -> io.BytesIO:
    """The stream behind a header, unpacked up to what the header tells; the header then says raw."""
    shape = [int(n) for n in np.atleast_1d(header.get("sizes", []))]
    if len(shape) < 2 or min(shape) < 1:
        raise ImageError(f"“{name}” holds a line of numbers and no picture.")
    columns, rows = sorted(shape)[-2:]
    check_size(rows, columns, name)
    count = int(np.prod([float(n) for n in shape]))
    if count > LARGEST_UNPACKED:
        raise ImageError(f"“{name}” holds {count:,} numbers, too many for a radiograph.")
    encoding = str(header.get("encoding", "")).lower()
    kinds = {"gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}
    if encoding not in kinds:
        return stream
    for _ in range(int(header.pop("line skip", header.pop("lineskip", 0)))):
        stream.readline()
    skipped = max(int(header.get("byte skip", header.get("byteskip", 0))), 0)
    header["encoding"] = "raw"
    # No number takes more than 8 bytes.
    limit = min(8 * count + skipped + (1 << 16), LARGEST_UNPACKED)
    return io.BytesIO(inflate(stream.read(), limit, kinds[encoding]))


def _nrrd_sizes(header: dict[str, Any], skip: int) -> tuple[list[float], bool]:
    """Sizes of a pixel, x first, in mm where the second value is true."""
    units = [str(unit).strip('"').lower() for unit in header.get("space units", header.get("units", []))]
    known = not units or bool({"mm", "millimeter", "millimeters"} & set(units))
    if "space directions" in header:
        rows = [row for row in list(header["space directions"])[skip:] if row is not None]
        sizes = [float(np.linalg.norm(np.asarray(row, float))) for row in rows]
    else:
        sizes = [float(size) for size in np.atleast_1d(header.get("spacings", []))[skip:]]
    return sizes, known


def read_mha(data: bytes, name: str) -> Image:
    """Read MetaImage in one file (.mha), plain or zlib-compressed."""
    header, at = _mha_header(data, name)
    if header.get("ElementDataFile", "").upper() != "LOCAL":
        raise ImageError(f"“{name}” keeps its pixels in another file; save it as one .mha file.")
    kind = _MHA_TYPES.get(header.get("ElementType", ""))
    if kind is None:
        raise ImageError(f"“{name}” has pixels of type {header.get('ElementType')}, which this program does not read.")
    shape = [int(n) for n in header["DimSize"].split()]
    if len(shape) < 2 or min(shape) < 1:
        raise ImageError(f"“{name}” holds a line of numbers and no picture.")
    check_size(shape[1], shape[0], name)
    if header.get("BinaryData", "True").lower() == "false":
        raise ImageError(f"“{name}” holds its pixels as text; save them as binary data.")
    channels = int(header.get("ElementNumberOfChannels", "1"))
    swapped = header.get("BinaryDataByteOrderMSB", header.get("ElementByteOrderMSB", "False")).lower() == "true"
    dtype = np.dtype(kind).newbyteorder(">" if swapped else "<")
    body = data[at:]
    count = int(np.prod([float(n) for n in shape])) * channels
    if header.get("CompressedData", "False").lower() == "true":
        size = count * dtype.itemsize
        if size > LARGEST_UNPACKED:
            raise ImageError(f"“{name}” holds {count:,} numbers, too many for a radiograph.")
        body = inflate(body, size + (1 << 16), "zlib")
    elif (skip := int(header.get("HeaderSize", "0"))) != 0:
        body = data[-count * dtype.itemsize :] if skip < 0 else data[skip:]
    values = np.frombuffer(body, dtype, count).reshape(*shape[::-1], *([channels] if channels > 1 else []))
    if channels > 1:
        pixels, remark = to_grey(values.reshape(-1, *values.shape[-3:])[0])
    else:
        pixels, remark = _plane(values, name)
    sizes: Sequence[float] = [float(s) for s in header.get("ElementSpacing", header.get("ElementSize", "")).split()]
    return _image(pixels, sizes, remark)


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
