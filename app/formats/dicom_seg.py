"""DICOM segmentation (PS3.3 A.51): the masks of one image as binary segments, overlaps kept."""

from __future__ import annotations

import numpy as np
from highdicom.color import CIELabColor
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from app.core.template import Structure
from app.formats.csv_table import MaskSource
from app.formats.dicom_common import (
    NOTICE,
    algorithm_of,
    anatomy_of,
    maker,
    new_instance,
    person,
    text,
    uid_of,
)
from app.formats.dicom_source import source_of
from app.formats.project_view import ImageView, ProjectView, RefusedError

SERIES = 9101
"""Series number of segmentations: far behind those of images."""


def segmentation_of(image: ImageView, project: ProjectView) -> Dataset:
    """All masks of one image that are there, one segment per structure, on the image's own pixels.

    A mask that the model drew is told as AUTOMATIC, one that a reader corrected as SEMIAUTOMATIC, one that a reader
    drew where the model saw nothing as MANUAL (PS3.3 C.8.20.2). Rejected and absent structures have no segment.

    Raises
    ------
    RefusedError
        With a sentence: see `source_of`; or no structure has a mask.
    OSError
        If the image's file cannot be read.
    """
    source = source_of(image, project)
    found = [(structure, image.mask(structure.name)) for structure in project.template.structures]
    there = [(structure, mask) for structure, mask in found if mask is not None and mask.any()]
    if not there:
        raise RefusedError("No structure has a mask in it that could be written.")
    segments = [_segment(number, one, image, project, source) for number, (one, _) in enumerate(there, 1)]
    written = Segmentation(
        source_images=[source],
        pixel_array=np.stack([mask for _, mask in there], axis=-1)[None].astype(np.uint8),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=segments,
        content_label="DENSESEG",
        content_description=NOTICE,
        content_creator_name=person(image.about.reader) or None,
        omit_empty_frames=False,
        **new_instance(SERIES),
        **maker(project),
    )
    written.SeriesDescription = "Segmentation of structures"
    written.PatientOrientation = source.get("PatientOrientation")
    return written


def _kind(image: ImageView, structure: str) -> SegmentAlgorithmTypeValues:
    if image.mask_source(structure) is not MaskSource.CORRECTED:
        return SegmentAlgorithmTypeValues.AUTOMATIC
    prediction, place = image.masks.prediction, image.masks.template.index(structure)
    seen = prediction is not None and bool(prediction.present[place])
    return SegmentAlgorithmTypeValues.SEMIAUTOMATIC if seen else SegmentAlgorithmTypeValues.MANUAL


def _segment(
    number: int, structure: Structure, image: ImageView, project: ProjectView, source: Dataset
) -> SegmentDescription:
    anatomy, kind = anatomy_of(structure), _kind(image, structure.name)
    automatic = kind is not SegmentAlgorithmTypeValues.MANUAL
    segment = SegmentDescription(
        segment_number=number,
        segment_label=text(structure.title, 64),
        segmented_property_category=codes.SCT.AnatomicalStructure,
        segmented_property_type=anatomy.code,
        algorithm_type=kind,
        algorithm_identification=algorithm_of(project) if automatic else None,
        tracking_id=text(structure.name, 64),
        tracking_uid=uid_of(source.SOPInstanceUID, structure.name),
        display_color=CIELabColor.from_string(structure.colour),
    )
    if anatomy.side is not None:
        side = Dataset()
        side.CodeValue, side.CodingSchemeDesignator, side.CodeMeaning = anatomy.side[:3]
        segment.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [side]
    return segment
