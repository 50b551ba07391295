"""3D Slicer's markups: https://slicer.readthedocs.io/en/latest/user_guide/modules/markups.html, schema 1.0.3."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.formats.csv_table import Row
from app.formats.project_view import ImageView

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
