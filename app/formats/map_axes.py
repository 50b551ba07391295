"""Whether a volume that holds masks counts its pixels as a picture does: to the right and down."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.io.files import inflate, read_regular
from app.io.names import suffix

_HEAD = 540
"""Bytes of the longer header of NIfTI."""
_LARGEST = 1 << 30
VOLUMES = (".nii", ".nii.gz", ".nrrd", ".mha")
"""Files whose pixels are read in the order in which they are stored, also those of images."""


def is_turned(file: Path) -> bool:
    """Whether the header of a volume says that its first axis does not run to the right, or its second one not down.

    In a picture as our own exports and ITK put it into space they run to the patient's left (+L) and to the back (+P),
    or downward (-S) where it stands upright. A header that says nothing of axes is not turned.

    Raises
    ------
    OSError
        It can't be read; what is damaged raises what its library raises.
    """
    end = suffix(file.name).lower()
    if end not in VOLUMES:
        return False
    data = read_regular(file, _LARGEST)
    steps = {".nrrd": _of_nrrd, ".mha": _of_mha}.get(end, _of_nifti)(data)
    if steps is None:
        return False
    (left, _, _), (_, back, up) = steps
    right = left >= np.abs(steps[0]).max() > 0
    down = max(back, -up) >= np.abs(steps[1]).max() > 0
    return not (right and down)


def _of_nifti(data: bytes) -> npt.NDArray[np.float64] | None:
    """The steps [2, 3] of the first two axes in LPS; None where the header gives no code for them."""
    import nibabel

    head = inflate(data, _LARGEST, "gzip", least=_HEAD) if data.startswith(b"\x1f\x8b") else data[:_HEAD]
    kind: Any = nibabel.Nifti2Header if head[4:7] in (b"n+2", b"ni2") else nibabel.Nifti1Header
    header = kind.from_fileobj(io.BytesIO(head), check=False)
    if not (int(header["sform_code"]) or int(header["qform_code"])):
        return None
    return np.asarray(header.get_best_affine(), float)[:3, :2].T * (-1, -1, 1)


def _of_nrrd(data: bytes) -> npt.NDArray[np.float64] | None:
    import nrrd

    header = nrrd.read_header(io.BytesIO(data))
    space, given = str(header.get("space", "")).lower(), header.get("space directions")
    if given is None or space not in _SPACES:
        return None
    rows = [np.asarray(row, float) for row in given if row is not None]
    rows = [row for row in rows if np.isfinite(row).all() and len(row) == 3][:2]
    return np.stack(rows) * _SPACES[space] if len(rows) == 2 else None


_SPACES = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}
"""What a step is multiplied with to be LPS."""


def _of_mha(data: bytes) -> npt.NDArray[np.float64] | None:
    for line in data[:4096].split(b"\n"):
        key, _, value = line.decode("latin-1").partition("=")
        if key.strip() in ("TransformMatrix", "Orientation", "Rotation") and len(value.split()) == 9:
            return np.array(value.split(), float).reshape(3, 3)[:2]
    return None
