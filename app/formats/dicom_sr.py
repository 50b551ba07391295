"""DICOM structured report (TID 1500, PS3.16 annex A): landmarks as points, and measurements of one image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from app.core.template import FIELD, Structure
from app.formats.csv_table import Row
from app.formats.dicom_common import (
    MANUFACTURER,
    anatomy_of,
    clinical_rows,
    maker,
    new_instance,
    person,
    private,
    text,
    uid_of,
)
from app.formats.dicom_source import source_of
from app.formats.measurement_table import MeasurementRow
from app.formats.project_view import ImageView, ProjectView, RefusedError

SERIES = 9102
"""Series number of reports."""
LANDMARK = private("LANDMARK", "Landmark")
FORMULA = private("FORMULA", "Formula over landmarks, masks and regions")
STATE = private("STATE", "Who placed it")
UNITS = {
    "mm": codes.UCUM.Millimeter,
    "mm2": codes.UCUM.SquareMillimeter,
    "deg": codes.UCUM.Degree,
    "ratio": codes.UCUM.NoUnits,
    "px": Code("{pixels}", "UCUM", "pixels"),
    "px2": Code("{square pixels}", "UCUM", "square pixels"),
    "HU": codes.UCUM.HounsfieldUnit,
    "": codes.UCUM.NoUnits,
}
"""UCUM units of `app.core.measure.Unit`; lengths in images without a known spacing are never called mm."""


def report_of(image: ImageView, project: ProjectView) -> Dataset:
    """One report of one image: a group per landmark with a place in the picture, and one per measurement with a value.

    The points of the model's contours are left out, what depends on a structure that the reader rejected, and landmarks
    that came after the image was accepted.

    Points count from the corner of the first pixel (PS3.3 C.18.6.1.1), half a pixel more than native pixels. The report
    of an accepted image is final and complete; none is called verified, which is for the hospital's own reader.

    Raises
    ------
    RefusedError
        With a sentence: see `dicom_common.source_of`; or there is nothing to report.
    OSError
        If the image's file cannot be read.
    """
    source = source_of(image, project)
    groups = [*_landmarks(image, project, source), *_measurements(image, source)]
    if not groups:
        raise RefusedError("It has no landmark with a place, and no measurement with a value.")
    accepted = image.review == "accepted"
    content = sr.MeasurementReport(
        observation_context=_observers(image, project),
        procedure_reported=Code("363679005", "SCT", "Imaging procedure"),
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    written = sr.ComprehensiveSR(
        evidence=[source],
        content=content,
        is_complete=accepted,
        is_final=accepted,
        is_verified=False,
        manufacturer=MANUFACTURER,
        **new_instance(SERIES),
    )
    made = maker(project)
    written.ManufacturerModelName, written.SoftwareVersions = made["manufacturer_model_name"], made["software_versions"]
    written.SeriesDescription = "Landmarks and measurements"
    return written


def _observers(image: ImageView, project: ProjectView) -> sr.ObservationContext:
    """The reader where one reviewed the image, and the program (TID 1001)."""
    reader = person(image.about.reader)
    human = sr.PersonObserverIdentifyingAttributes(name=reader) if reader else None
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=uid_of(project.bundle_sha256, "model"),
        name=f"{MANUFACTURER}, {project.model}",
        manufacturer_name=MANUFACTURER,
    )
    return sr.ObservationContext(
        observer_person_context=human and sr.ObserverContext(codes.DCM.Person, human),
        observer_device_context=sr.ObserverContext(codes.DCM.Device, device),
    )


def _landmarks(
    image: ImageView, project: ProjectView, source: Dataset
) -> Iterator[sr.PlanarROIMeasurementsAndQualitativeEvaluations]:
    where = sr.SourceImageForRegion(source.SOPClassUID, source.SOPInstanceUID)
    for name, row, at in clinical_rows(image, project):
        yield sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(
                uid=uid_of(source.SOPInstanceUID, f"landmark {name}"), identifier=text(name, 1024)
            ),
            referenced_region=sr.ImageRegion(
                graphic_type=sr.GraphicTypeValues.POINT,
                graphic_data=at[None],
                source_image=where,
            ),
            finding_type=LANDMARK,
            finding_sites=list(_site(row, project)),
            qualitative_evaluations=[sr.QualitativeEvaluation(STATE, private(row.state, row.state.capitalize()))],
        )


def _site(row: Row, project: ProjectView) -> Iterator[sr.FindingSite]:
    if row.structure == FIELD:
        return
    structure: Structure = project.template.structure(row.structure)
    anatomy = anatomy_of(structure)
    yield sr.FindingSite(anatomic_location=anatomy.code, laterality=anatomy.side)


def _measurements(image: ImageView, source: Dataset) -> Iterator[sr.MeasurementsAndQualitativeEvaluations]:
    whole = sr.SourceImageForMeasurementGroup(source.SOPClassUID, source.SOPInstanceUID)
    for row in image.measured:
        if not np.isfinite(row.value) or row.rejected:
            continue
        yield sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(
                uid=uid_of(source.SOPInstanceUID, f"measurement {row.measurement}"),
                identifier=text(row.measurement, 1024),
            ),
            measurements=[_measurement(row)],
            source_images=[whole],
        )


def _measurement(row: MeasurementRow) -> sr.Measurement:
    return sr.Measurement(
        name=private(f"MEASURED {row.measurement}", row.measurement),  # the same name is the same code everywhere
        value=float(row.value),
        unit=UNITS[row.unit],
        method=FORMULA,
    )
