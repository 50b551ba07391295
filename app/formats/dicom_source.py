"""What a DICOM object of an image points at: the image itself, or a Secondary Capture of it if that was asked for."""

from __future__ import annotations

from pydicom.dataset import Dataset

from app.formats import dicom_common
from app.formats.dicom_capture import captured_header
from app.formats.project_view import ImageView, ProjectView


def source_of(image: ImageView, project: ProjectView) -> Dataset:
    """The header of what is pointed at: see `dicom_common.source_of`, which says what is refused and why."""
    if project.captures and not dicom_common.is_dicom(image):
        return captured_header(image, project)
    return dicom_common.source_of(image)
