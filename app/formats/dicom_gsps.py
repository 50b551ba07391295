"""DICOM presentation state (GSPS, PS3.3 A.33.1): landmarks and outlines, drawn over the image by any viewer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from highdicom import pr
from highdicom.color import CIELabColor
from pydicom.dataset import Dataset

from app.core.mask_edit import outlines
from app.core.template import Structure
from app.formats.dicom_common import NOTICE, clinical_rows, maker, new_instance, person, text, uid_of
from app.formats.dicom_source import source_of
from app.formats.project_view import ImageView, ProjectView, RefusedError

SERIES = 9103
"""Series number of presentation states."""
LANDMARKS = "LANDMARKS"
"""Name of the layer with the landmarks; each structure has one of its own for its outline."""
NAME_AWAY = 8.0
"""So many pixels right of its landmark a name is anchored."""
PIXEL = pr.AnnotationUnitsValues.PIXEL


def presentation_of(image: ImageView, project: ProjectView) -> Dataset:
    """One presentation state of one image: a layer per structure with its outline, and one with the landmarks.

    Graphics count from the corner of the first pixel (PS3.3 C.10.5.1.2), half a pixel more than native pixels. What is
    drawn is what `dicom_seg` and `dicom_sr` write: neither absent nor rejected structures, nor the model's own points.

    Raises
    ------
    RefusedError
        With a sentence: see `dicom_common.source_of`; or there is nothing to draw.
    OSError
        If the image's file cannot be read.
    """
    source = source_of(image, project)
    drawn = [*_outlines(image, project, source), *_landmarks(image, project, source)]
    if not drawn:
        raise RefusedError("It has neither a mask nor a landmark that could be drawn.")
    written = pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[source],
        content_label="DENSESEG",
        content_description=NOTICE,
        content_creator_name=person(image.about.reader) or None,
        graphic_layers=[layer for layer, _ in drawn],
        graphic_annotations=[annotation for _, annotation in drawn],
        **new_instance(SERIES),
        **maker(project),
    )
    written.SeriesDescription = "Outlines and landmarks"
    written.Laterality = source.get("Laterality") or ""  # type 2C: a chest has both sides, and it must say so
    return written


Drawn = tuple[pr.GraphicLayer, pr.GraphicAnnotation]


def _outlines(image: ImageView, project: ProjectView, source: Dataset) -> Iterator[Drawn]:
    for order, structure in enumerate(project.template.structures, 1):
        mask = image.mask(structure.name)
        if mask is None or not mask.any() or image.frame is None:
            continue
        layer = _layer(structure, order)
        lines = [np.concatenate([line, line[:1]]) for line in outlines(mask, sparse=True) if len(line) > 1]
        objects = [
            pr.GraphicObject(
                graphic_type=pr.GraphicTypeValues.POLYLINE,
                graphic_data=image.frame.to_corner(line),
                units=PIXEL,
                tracking_id=structure.name,
                tracking_uid=uid_of(source.SOPInstanceUID, structure.name),
            )
            for line in lines
        ]
        if objects:
            yield layer, pr.GraphicAnnotation([source], layer, graphic_objects=objects)


def _layer(structure: Structure, order: int) -> pr.GraphicLayer:
    """Names of layers are at most 16 capital letters (PS3.5 6.2, CS)."""
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in structure.name.upper())
    return pr.GraphicLayer(
        f"S{order}_{name}"[:16].rstrip("_"),
        order,
        structure.title,
        display_color=CIELabColor.from_string(structure.colour),
    )


def _landmarks(image: ImageView, project: ProjectView, source: Dataset) -> Iterator[Drawn]:
    points, names = [], []
    for name, row, at in clinical_rows(image, project):
        width = row.frame.width if row.frame is not None else 0
        points.append(
            pr.GraphicObject(
                graphic_type=pr.GraphicTypeValues.POINT,
                graphic_data=at[None],
                units=PIXEL,
                tracking_id=text(name, 64),
                tracking_uid=uid_of(source.SOPInstanceUID, f"landmark {name}"),
            )
        )
        beside = min(float(at[0]) + NAME_AWAY, float(width)), float(at[1])
        names.append(
            pr.TextObject(text_value=text(name, 1024), units=PIXEL, anchor_point=beside, anchor_point_visible=False)
        )
    if points:
        layer = pr.GraphicLayer(LANDMARKS, 100, "Landmarks", display_color=CIELabColor.from_string("#ffffff"))
        yield layer, pr.GraphicAnnotation([source], layer, graphic_objects=points, text_objects=names)
