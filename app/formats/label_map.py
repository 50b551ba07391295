"""Label maps in NIfTI and NRRD: a structure's number in the template, from 1, in each of its pixels."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.template import Template
from app.formats.base import PerImage
from app.formats.csv_table import MaskSource
from app.formats.nrrd_file import nrrd_bytes
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, ProjectView, RefusedError

Labels = npt.NDArray[np.uint8]
UNKNOWN = (MaskSource.UNKNOWN, MaskSource.REJECTED)
"""Nobody knows where such a structure is: it is not background."""


def known_masks(image: ImageView) -> dict[str, npt.NDArray[np.bool_]]:
    """The masks [H, W] of all structures of which something is known; empty ones where a structure is absent.

    Raises
    ------
    RefusedError
        With a sentence: of no structure anything is known that could be good.
    """
    frame = image.frame
    assert frame is not None, "an image that was never read has no size"
    found = {}
    for structure in image.masks.template.structures:
        if image.mask_source(structure.name) not in UNKNOWN:
            mask = image.mask(structure.name)
            found[structure.name] = mask if mask is not None else np.zeros((frame.height, frame.width), bool)
    if not found:
        raise RefusedError("No structure has a mask in it that could be written.")
    return found


def one_map(masks: Mapping[str, npt.NDArray[np.bool_]], template: Template) -> Labels | None:
    """All structures in one map [H, W]; None where a pixel belongs to several, or one of them is not known."""
    if len(masks) < len(template.structures) or np.max(np.sum([*masks.values()], axis=0, dtype=int)) > 1:
        return None
    labels = np.zeros(next(iter(masks.values())).shape, np.uint8)
    for name, mask in masks.items():
        labels[mask] = template.index(name) + 1
    return labels


class LabelMaps(PerImage):
    """One file per image, or one per structure where structures overlap or one was rejected: see `one_map`."""

    names: ClassVar[str] = "labels.txt"

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        super().__init__(project, output)
        self._split = 0

    def encode(self, labels: Labels, frame: Frame) -> bytes:
        """A map [H, W] as a file."""
        raise NotImplementedError

    def parts(self, image: ImageView) -> Mapping[str, bytes]:
        """The image's files, seen from the format's folder."""
        masks, frame = known_masks(image), image.frame
        assert frame is not None
        whole = one_map(masks, self._project.template)
        if whole is not None:
            return {image.stem + self.suffix: self.encode(whole, frame)}
        self._split += 1
        single = {name: self.encode(mask.astype(np.uint8), frame) for name, mask in masks.items()}
        return {f"{image.stem}/{name}{self.suffix}": data for name, data in single.items()}

    def keep(self) -> None:
        """Write the names of the numbers."""
        self.write(self._output.folder / self.file / self.names, names_of(self._project.template).encode("utf-8"))

    def notes(self) -> Sequence[str]:
        """How many images have several files."""
        if not self._split:
            return ()
        many = "1 image has" if self._split == 1 else f"{self._split} images have"
        return (
            f"{self.file}: {many} one file per structure (0 and 1), since structures overlap there or one of them was "
            "rejected; a single label map would lose that.",
        )

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """What it may write, seen from the folder of the export."""
        yield f"{cls.file}/{cls.names}"
        for image in project.images:
            stem = f"{cls.file}/{project.stems[image]}"
            yield f"{stem}{cls.suffix}"
            yield from (f"{stem}/{structure.name}{cls.suffix}" for structure in project.template.structures)


def names_of(template: Template) -> str:
    """Numbers, colours and names of the structures as ITK-SNAP reads them (its label descriptions)."""
    lines = ['    0     0    0    0        0  0  0    "Clear Label"']
    for number, structure in enumerate(template.structures, 1):
        red, green, blue = (int(structure.colour[k : k + 2], 16) for k in (1, 3, 5))
        lines.append(f'{number:5d} {red:5d} {green:4d} {blue:4d}        1  1  1    "{structure.name}"')
    return "\n".join(lines) + "\n"


class Nifti(LabelMaps):
    """``nifti/<stem>.nii.gz``, or ``nifti/<stem>/<structure>.nii.gz``."""

    file, suffix = "nifti", ".nii.gz"

    def encode(self, labels: Labels, frame: Frame) -> bytes:
        """A map [H, W] as NIfTI."""
        return nifti_bytes(labels, frame)


class Nrrd(LabelMaps):
    """``nrrd/<stem>.nrrd``, or ``nrrd/<stem>/<structure>.nrrd``."""

    file, suffix = "nrrd", ".nrrd"

    def encode(self, labels: Labels, frame: Frame) -> bytes:
        """A map [H, W] as NRRD."""
        return nrrd_bytes(labels, frame)


def nifti_bytes(values: npt.NDArray[np.generic], frame: Frame) -> bytes:
    """A plane [H, W] in the image's own pixels as NIfTI-1, gzipped: one slice, first axis along x.

    NIfTI's world is RAS, ours LPS: the same place with x and y turned round. Where the spacing is unknown a pixel has
    size 1, and the unit is told to be unknown.
    """
    import nibabel

    step = frame.to_lps([(1.0, 0.0), (0.0, 1.0)]) - frame.to_lps((0.0, 0.0))
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 0], affine[:3, 1] = step * (-1, -1, 1)
    file = nibabel.Nifti1Image(np.ascontiguousarray(values.T)[..., None], affine)
    file.set_sform(affine, "scanner")
    file.set_qform(affine, "scanner")
    file.header.set_xyzt_units("mm" if frame.spacing is not None else "unknown")
    data: bytes = file.to_bytes()
    return gzip.compress(data, 6, mtime=0)
