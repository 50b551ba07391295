"""The DICOM objects of an export: one file per image and kind, and Secondary Captures where they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydicom.dataset import Dataset

from app.formats.base import PerImage
from app.formats.masks import folder_of
from app.formats.project_view import ImageView, ProjectView

CAPTURES = "dicom-source"
"""Folder of the Secondary Captures of images that are no DICOM files."""
Make = Callable[[ImageView, ProjectView], Dataset]


class DicomObject(PerImage):
    """One DICOM file per image; highdicom is imported where one is written."""

    suffix = ".dcm"

    def make(self) -> Make:
        """What makes an image's object."""
        raise NotImplementedError

    def data(self, image: ImageView) -> bytes:
        """The image's object as a file."""
        from app.formats.dicom_common import file_of

        return file_of(self.make(), image, self._project)

    def add(self, image: ImageView) -> None:
        """Write the image's object, and before it the Secondary Capture that it points at."""
        data = self.data(image)
        if self._project.captures:
            self._capture(image)
        self.write(folder_of(image.stem + self.suffix, self._output.folder / self.file), data)

    def _capture(self, image: ImageView) -> None:
        """Once for all objects of an image, and only where it is no DICOM file."""
        from app.formats.dicom_capture import source_capture
        from app.formats.dicom_common import file_of, is_dicom

        path = folder_of(image.stem + self.suffix, self._output.folder / CAPTURES)
        if self._output.relative(path) not in self._output.written and not is_dicom(image):
            self.write(path, file_of(source_capture, image, self._project))

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """What it may write, seen from the folder of the export."""
        yield from super().files(project)
        if project.captures:
            yield from (f"{CAPTURES}/{project.stems[image]}{cls.suffix}" for image in project.images)


class DicomSeg(DicomObject):
    """``dicom-seg/<stem>.dcm``: masks as a DICOM segmentation."""

    file = "dicom-seg"

    def make(self) -> Make:
        """What makes an image's segmentation."""
        from app.formats.dicom_seg import segmentation_of

        return segmentation_of


class DicomSr(DicomObject):
    """``dicom-sr/<stem>.dcm``: landmarks and measurements as a DICOM structured report."""

    file = "dicom-sr"

    def make(self) -> Make:
        """What makes an image's report."""
        from app.formats.dicom_sr import report_of

        return report_of


class DicomGsps(DicomObject):
    """``dicom-gsps/<stem>.dcm``: outlines and landmarks as a DICOM presentation state."""

    file = "dicom-gsps"

    def make(self) -> Make:
        """What makes an image's presentation state."""
        from app.formats.dicom_gsps import presentation_of

        return presentation_of


class DicomSc(DicomObject):
    """``dicom-sc/<stem>.dcm``: the picture with outlines and landmarks burned in, as a Secondary Capture."""

    file = "dicom-sc"

    def make(self) -> Make:
        """What makes an image's Secondary Capture."""
        from app.formats.dicom_capture import drawn_capture

        return drawn_capture


class DicomImage(PerImage):
    """``dicom-image/<stem>.dcm``: the image itself; without the person where that is wanted."""

    file, suffix = "dicom-image", ".dcm"

    def data(self, image: ImageView) -> bytes:
        """The image's file."""
        from app.formats.dicom_common import file_itself

        return file_itself(image)
