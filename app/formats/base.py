"""What every format of an export does, and what those with a file of their own for each image share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from app.formats.masks import folder_of
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, ProjectView
from app.io.atomic import write_bytes


class Format(Protocol):
    """What every format does. All methods may raise OSError.

    Attributes
    ----------
    file : str
        What it writes, seen from the folder of the export.
    needs_images : bool
        False where it writes the same whichever images are exported.
    single_files : bool
        Whether every image has files of its own, so that one may fail without the others.
    """

    file: ClassVar[str]
    needs_images: ClassVar[bool]
    single_files: ClassVar[bool]

    def __init__(self, project: ProjectView, output: OutputFolder) -> None: ...

    def add(self, image: ImageView) -> None:
        """Write one image."""

    def keep(self) -> None:
        """Put the file in its place: all images were written. Files of `single_files` formats are there already."""

    def drop(self) -> None:
        """Give up and leave no half file behind."""

    def notes(self) -> Sequence[str]:
        """Sentences on what was written, for the report; asked once `keep` was called."""

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """What it may write, seen from the folder of the export."""


class OneFile:
    """A format with one file for all images."""

    file: ClassVar[str] = ""
    needs_images: ClassVar[bool] = True
    single_files: ClassVar[bool] = False

    def notes(self) -> Sequence[str]:
        """Nothing is to be told."""
        return ()

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """The one file."""
        yield cls.file


class PerImage:
    """Files of its own for each image, in a folder of the format's own; they are in place when the image is written."""

    file: ClassVar[str] = ""
    needs_images: ClassVar[bool] = True
    single_files: ClassVar[bool] = True
    suffix: ClassVar[str] = ""
    """Behind the image's stem."""

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._project, self._output = project, output

    def text(self, image: ImageView) -> str:
        """What stands in the image's file; raises RefusedError where it can't have one."""
        raise NotImplementedError

    def data(self, image: ImageView) -> bytes:
        """The same in bytes."""
        return self.text(image).encode("utf-8")

    def parts(self, image: ImageView) -> Mapping[str, bytes]:
        """The image's files, seen from the format's folder; raises RefusedError where it can't have any."""
        return {image.stem + self.suffix: self.data(image)}

    def add(self, image: ImageView) -> None:
        """Write the image's files: all of them are made before the first one is written."""
        for name, data in self.parts(image).items():
            self.write(folder_of(name, self._output.folder / self.file), data)

    def write(self, path: Path, data: bytes) -> None:
        """Write a file within the folder of the export."""
        self._output.make_way(path)
        write_bytes(path, data)
        self._output.add(path)

    def keep(self) -> None:
        """Nothing is left to do."""

    def drop(self) -> None:
        """Every file that is there is whole and stays."""

    def notes(self) -> Sequence[str]:
        """Nothing is to be told."""
        return ()

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """What it may write, seen from the folder of the export."""
        return (f"{cls.file}/{project.stems[image]}{cls.suffix}" for image in project.images)
