"""NRRD files as bytes: https://teem.sourceforge.net/nrrd/format.html, version 4 with what 3D Slicer adds."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.text import one_line


def nrrd_bytes(values: npt.NDArray[np.uint8], frame: Frame, more: Mapping[str, str] | None = None) -> bytes:
    """A plane of values in the image's own pixels as a volume of one slice, where Slicer puts a single picture.

    Parameters
    ----------
    values : array [H, W] or [H, W, L], uint8
        One plane, or L of them that lie over one another (Slicer's layers).
    frame : Frame
        Of the image: LPS with the middle of the first pixel as origin; 1 mm a pixel where the spacing is unknown, as
        Slicer takes it, and the unit is told to be pixels then.
    more : mapping of str to str
        Key/value pairs of the header.
    """
    layered = values.ndim == 3
    step = frame.to_lps([(1.0, 0.0), (0.0, 1.0)]) - frame.to_lps((0.0, 0.0))
    directions = [*map(_vector, step.tolist()), "(0,0,1)"]
    sizes = [str(frame.width), str(frame.height), "1"]
    unit = '"mm"' if frame.spacing is not None else '"pixel"'
    fields = {
        "type": "unsigned char",
        "dimension": str(3 + layered),
        "space": "left-posterior-superior",
        "sizes": " ".join([str(values.shape[2]), *sizes] if layered else sizes),
        "space directions": " ".join(["none", *directions] if layered else directions),
        "kinds": " ".join(["list", *["domain"] * 3] if layered else ["domain"] * 3),
        "encoding": "gzip",
        "space units": " ".join([unit] * 3),
        "space origin": _vector(frame.to_lps((0.0, 0.0)).tolist()),
    }
    lines = ["NRRD0004", *(f"{key}: {value}" for key, value in fields.items())]
    lines += [f"{key}:={one_line(value)}" for key, value in (more or {}).items()]
    data = gzip.compress(np.ascontiguousarray(values).tobytes(), 6, mtime=0)
    return ("\n".join(lines) + "\n\n").encode("utf-8") + data


def _vector(numbers: list[Any]) -> str:
    return "(" + ",".join(f"{number + 0.0:.10g}" for number in numbers) + ")"
