"""What ``main.py train --data`` reads (docs/new_anatomy.md): pictures and masks, upright as the reader had them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame, Spacing
from app.core.orientation import AS_STORED
from app.formats.base import PerImage
from app.formats.label_map import nifti_bytes, whole_masks
from app.formats.masks import png_of
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, ProjectView
from app.formats.source import flat_names, picture_of

END = ".nii.gz"
"""NIfTI keeps grey values and spacing and names nobody."""


class Training(PerImage):
    """``training/images/<name>.nii.gz`` and ``training/masks/<name>/<structure>.png``, and a note of where it is from.

    Pictures and masks are turned, mirrored and inverted as the images are read: `train` reads files as they are, and
    all must show the same side.
    """

    file = "training"
    note = "training/NOTE.md"

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        super().__init__(project, output)
        self._names, self._count = flat_names(project.stems), 0

    def parts(self, image: ImageView) -> Mapping[str, bytes]:
        """The image's picture and masks; refused where a structure is not known, which would be absent."""
        assert image.frame is not None
        masks, name = whole_masks(image, "training"), self._names[image.name]
        turned = image.frame.orientation.turned
        pixels = upright(picture_of(image).pixels, image.frame)
        found = {f"images/{name}{END}": nifti_bytes(pixels, upright_frame(image.frame))}
        found |= {f"masks/{name}/{structure}.png": png_of(turned(mask)) for structure, mask in masks.items()}
        self._count += 1
        return found

    def keep(self) -> None:
        """Write the note: `train` puts it into the model's card."""
        project = self._project
        note = (
            f"Learnt from {self._count} images of the project {project.name}, whose masks were predicted by "
            f"{project.model} ({project.bundle_sha256[:16]}) and corrected by readers with DenseSeg Review.\n"
        )
        self.write(self._output.folder / self.note, note.encode("utf-8"))

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """What it may write, seen from the folder of the export."""
        names = flat_names(project.stems)
        yield cls.note
        for image in project.images:
            yield f"{cls.file}/images/{names[image]}{END}"
            yield from (f"{cls.file}/masks/{names[image]}/{each.name}.png" for each in project.template.structures)


def upright(pixels: npt.NDArray[np.generic], frame: Frame) -> npt.NDArray[np.generic]:
    """Grey values [H, W] as the image is read: turned, mirrored, bright and dark swapped within their own range."""
    turned = frame.orientation.turned(pixels)
    if not frame.orientation.inverted:
        return turned
    low, high = turned.min(), turned.max()
    inverted: npt.NDArray[np.generic] = (high - (turned - low)).astype(turned.dtype)
    return inverted


def upright_frame(frame: Frame) -> Frame:
    """The frame of the picture that `upright` gives."""
    if not frame.orientation.swaps_sides:
        return replace(frame, orientation=AS_STORED)
    spacing = frame.spacing
    turned = spacing and Spacing(spacing.column_mm, spacing.row_mm, spacing.provenance)
    return replace(frame, height=frame.width, width=frame.height, spacing=turned, orientation=AS_STORED)
