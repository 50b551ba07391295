"""Reports for people: one per image and one of all images, as HTML and as PDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.formats.base import PerImage
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, ProjectView
from app.formats.report_blocks import Document


class Report(PerImage):
    """``report/<stem>.html`` and ``.pdf`` of each image, ``report/all_images.html`` and ``.pdf`` of all."""

    file = "report"
    ends = (".html", ".pdf")

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        from app.formats.report_content import Told

        super().__init__(project, output)
        self._told: list[Told] = []

    def parts(self, image: ImageView) -> Mapping[str, bytes]:
        """The image's report in both forms."""
        from app.formats.report_content import MOST_PICTURES, document_of

        document, told = document_of(image, self._project, len(self._told) < MOST_PICTURES)
        found = _both(image.stem, document)
        self._told.append(told)
        return found

    def keep(self) -> None:
        """Write the report of all images."""
        from app.formats.report_content import cohort_of

        for name, data in _both(name_of_all(self._project), cohort_of(self._told, self._project)).items():
            self.write(self._output.folder / self.file / name, data)

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """What it may write, seen from the folder of the export."""
        for stem in (name_of_all(project), *(project.stems[image] for image in project.images)):
            yield from (f"{cls.file}/{stem}{end}" for end in cls.ends)


def name_of_all(project: ProjectView) -> str:
    """Name of the report of all images, which no image has."""
    taken, name = {stem.casefold() for stem in project.stems.values()}, "all_images"
    while name in taken:
        name += "_"
    return name


def _both(stem: str, document: Document) -> dict[str, bytes]:
    from app.formats.report_html import html_of
    from app.formats.report_pdf import pdf_of

    return {f"{stem}.html": html_of(document).encode("utf-8"), f"{stem}.pdf": pdf_of(document)}
