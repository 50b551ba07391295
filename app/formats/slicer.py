"""3D Slicer's markups: https://slicer.readthedocs.io/en/latest/user_guide/modules/markups.html, schema 1.0.3."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from app.core.annotation import AnnotatedPoint, ImageAnnotations, ImageReference
from app.core.frame import Axes
from app.core.landmark import PlacementState
from app.formats.csv_table import Row
from app.formats.project_view import ImageView
from app.formats.reading import NOTHING, Known, point_state, read_json, read_place, read_text, wrong
from app.io.files import spelled

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
PIXELS = ("{pixels}", "UCUM", "pixels")
"""Unit of an image whose spacing is unknown: as DICOM codes it, and never called mm."""


def markups_of(image: ImageView) -> dict[str, Any]:
    """All landmarks of one image as one list of points in Slicer; it must have a frame.

    Where a landmark has no place, its point is there and "undefined", so that numbers stay the same in all images.
    """
    frame = image.frame
    assert frame is not None, "an image that was never read has no size"
    points = [_point(number, row) for number, row in enumerate(image.rows, 1)]
    markup = {
        "type": "Fiducial",
        "name": image.stem,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm" if frame.spacing is not None else PIXELS,
        "locked": False,
        "fixedNumberOfControlPoints": False,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(points),
        "controlPoints": points,
    }
    return {"@schema": SCHEMA, "markups": [markup]}


def _point(number: int, row: Row) -> dict[str, Any]:
    point: dict[str, Any] = {
        "id": str(number),
        "label": row.keypoint or row.landmark,
        "description": f"{row.structure}: {row.state}",
        "selected": True,
        "locked": False,
        "visibility": True,
        "positionStatus": "defined" if row.counts else "undefined",
    }
    if row.counts and row.frame is not None and row.xy is not None:
        point["position"] = np.round(row.frame.to_lps(row.xy), 4).tolist()
    return point


def fits_markups(file: Path, head: bytes) -> bool:
    """Whether a file is one of Slicer's markups."""
    return file.suffix.lower() == ".json" and (b'"markups"' in head or b"markups-schema" in head)


def fits_fcsv(file: Path, head: bytes) -> bool:
    """Whether a file is an older list of points of Slicer's."""
    return head.startswith(b"# Markups fiducial file")


def read_markups(file: Path, known: Known = NOTHING) -> list[ImageAnnotations]:
    """The lists of points of a ``.mrk.json``; the file, or the list, is called like its image.

    A point that is "missing" is absent (Slicer: it can't be seen); one that is not defined yet says nothing, unless our
    own file calls it absent.

    Raises
    ------
    ValueError
        With a sentence: it is damaged.
    """
    data = read_json(file)
    points, left_out = list[AnnotatedPoint](), list[str]()
    try:
        for markup in data["markups"]:
            if markup["type"] not in ("Fiducial", "PointList"):
                left_out.append(f"A {markup['type']} of Slicer’s")
                continue
            axes = Axes.LPS if _unit(markup) != PIXELS[0] else Axes.NATIVE
            sign = _sign(str(markup.get("coordinateSystem", "LPS")), file)
            for point in markup["controlPoints"]:
                found = _read_point(point, axes, sign, file)
                if found is not None:
                    points.append(found)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file.name} is no whole list of Slicer’s points: {wrong(error)}.") from None
    return [ImageAnnotations(ImageReference(_image_of(file, ".mrk.json")), points, (), file.name, left_out)]


def _unit(markup: dict[str, Any]) -> str:
    unit = markup.get("coordinateUnits", "mm")
    return str(unit if isinstance(unit, str) else unit[0])


def _sign(system: str, file: Path) -> float:
    """What x and y are multiplied with to be LPS; early versions write numbers."""
    if system in ("LPS", "1"):
        return 1.0
    if system in ("RAS", "0"):
        return -1.0
    raise ValueError(f"{file.name} counts in the system {spelled(system)}, which is neither LPS nor RAS.")


def _read_point(point: dict[str, Any], axes: Axes, sign: float, file: Path) -> AnnotatedPoint | None:
    label, status = str(point.get("label") or "").strip(), point.get("positionStatus", "defined")
    word = str(point.get("description") or "").rpartition(": ")[2]
    if status == "missing" or (status != "defined" and word == PlacementState.ABSENT):
        return AnnotatedPoint(label, None)
    if status != "defined":
        return None
    return AnnotatedPoint(label, sign * read_place(point["position"][:2], file, label), axes, point_state(word))


def _image_of(file: Path, suffix: str) -> str:
    """The path of the image of which a file tells: it is called like it."""
    return str(file.with_name(file.name[: -len(suffix)] if file.name.lower().endswith(suffix) else file.stem))


def read_fcsv(file: Path, known: Known = NOTHING) -> list[ImageAnnotations]:
    """The points of an ``.fcsv``, which is called like its image; places are RAS unless it says LPS.

    Raises
    ------
    ValueError
        With a sentence: it is damaged.
    """
    lines = read_text(file).splitlines()
    told = dict(line[1:].split("=", 1) for line in lines if line.startswith("#") and "=" in line)
    given = {key.strip(): value.strip() for key, value in told.items()}
    columns = [name.strip() for name in given.get("columns", "id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label").split(",")]
    if not {"x", "y", "label"} <= set(columns):
        raise ValueError(f"{file.name} names no columns x, y and label.")
    sign, points = _sign(given.get("CoordinateSystem", "RAS"), file), []
    for cells in csv.reader(line for line in lines if line.strip() and not line.startswith("#")):
        row = dict(zip(columns, cells, strict=False))
        label = row.get("label", "").strip()
        points.append(AnnotatedPoint(label, sign * read_place([row.get("x"), row.get("y")], file, label), Axes.LPS))
    return [ImageAnnotations(ImageReference(_image_of(file, ".fcsv")), points, (), file.name)]
