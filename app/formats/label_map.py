"""Label maps in NIfTI and NRRD: a structure's number in the template, from 1, in each of its pixels."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from app.core.annotation import AnnotatedMask, ImageAnnotations, ImageReference, PackedMask
from app.core.frame import Frame
from app.core.template import Template
from app.formats.base import PerImage
from app.formats.csv_table import MaskSource
from app.formats.map_axes import is_turned
from app.formats.masks import plane_of, read_mask
from app.formats.nrrd_file import nrrd_bytes
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, ProjectView, RefusedError
from app.formats.reading import Known, read_json, read_text
from app.io.names import stem, suffix

Labels = npt.NDArray[np.uint8]
_CHANNEL = re.compile(r"_0000$")
"""How nnU-Net calls pictures; label maps go without."""
IGNORE = "ignore"
"""How nnU-Net calls the label of pixels of which nothing is said."""
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


def whole_masks(image: ImageView, program: str) -> dict[str, npt.NDArray[np.bool_]]:
    """The same, for a program that takes what has no label for background.

    Raises
    ------
    RefusedError
        With a sentence: of some structure nothing is known, or it was rejected.
    """
    names = [structure.name for structure in image.masks.template.structures]
    if unknown := [name for name in names if image.mask_source(name) in UNKNOWN]:
        raise RefusedError(
            f"Nothing is known of {', '.join(unknown)} there, or it was rejected; {program} would take it for "
            "background. Correct the mask, or call the structure absent."
        )
    return known_masks(image)


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


def listing_of(file: Path) -> Path | None:
    """What names the numbers of a label map: nnU-Net's dataset.json or ITK-SNAP's labels.txt, in a folder above."""
    folders = list(file.absolute().parents)[:4]
    found = (folder / name for folder in folders for name in ("dataset.json", LabelMaps.names))
    return next((path for path in found if path.is_file()), None)


def fits_label_map(file: Path, head: bytes) -> bool:
    """Whether a file may be a label map, or one mask of several: a picture with a list of names above it."""
    return bool(suffix(file.name)) and not _CHANNEL.search(stem(file.name)) and listing_of(file) is not None


def read_label_map(file: Path, known: Known) -> list[ImageAnnotations]:
    """The structures of a label map. One that has no pixel in it is absent, since the map speaks of all pixels.

    Where it has pixels that are to be ignored, these are left out, and nothing is known of structures without a pixel.

    A file in a folder of its image that is called like a structure holds that one alone.

    Raises
    ------
    ValueError
        With a sentence: nothing names its numbers, or one of them has no name.
    """
    if stem(file.name) in known.structures:
        return read_mask(file, known)
    listing = listing_of(file)
    if listing is None:
        raise ValueError(
            f"{file.name} is a label map, but no dataset.json or {LabelMaps.names} in a folder above names its numbers."
        )
    numbers, values = labels_in(listing), plane_of(file)
    there = set(np.unique(values).tolist()) - {0}
    ignored = there & set(numbers.pop(IGNORE, ()))
    named = {number for each in numbers.values() for number in each}
    if unknown := sorted(there - named - ignored):
        raise ValueError(f"The label map {stem(file.name)} holds {unknown[0]:g}, which {listing.name} does not name.")
    rows = []
    for name, each in numbers.items():
        mask = np.isin(values, each)
        if mask.any() or not ignored:
            rows.append(AnnotatedMask(name, PackedMask.of(mask) if mask.any() else None))
    case = stem(file.name)
    reference = ImageReference(_cases_in(listing).get(case) or str(file.with_name(case)), size=values.shape)
    left_out = [f"The pixels of the label “{IGNORE}”"] if ignored else []
    return [ImageAnnotations(reference, (), rows, file.name, left_out, is_turned(file))]


def _cases_in(listing: Path) -> dict[str, str]:
    """The images of the cases, which our own dataset.json tells: folders do not stand in a case's name."""
    told = read_json(listing).get("denseseg_review") if listing.suffix == ".json" else None
    cases = told.get("cases") if isinstance(told, dict) else None
    return {str(case): str(image) for case, image in cases.items()} if isinstance(cases, dict) else {}


def labels_in(listing: Path) -> dict[str, tuple[int, ...]]:
    """Structure → the numbers that stand for it in a label map (several: nnU-Net's regions); `IGNORE` with them.

    Raises
    ------
    ValueError
        With a sentence: it names no numbers.
    """
    if listing.name == LabelMaps.names:
        rows = re.findall(r'^\s*(\d+)(?:\s+[\d.]+){3,6}\s+"(.*)"', read_text(listing), re.MULTILINE)
        return {name: (int(number),) for number, name in rows if int(number)}
    given = read_json(listing)
    entries = given.get("labels") if isinstance(given, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise ValueError(f"{listing} has no “labels”, as nnU-Net writes them.")
    if all(str(key).isdigit() for key in entries):  # the first version wrote them the other way round
        entries = {name: int(number) for number, name in entries.items()}
    found: dict[str, tuple[int, ...]] = {}
    for name, numbers in entries.items():
        try:
            values = tuple(int(value) for value in np.atleast_1d(numbers))
        except (TypeError, ValueError):
            raise ValueError(f"{listing} gives no whole number for the label “{name}”.") from None
        if values != (0,):
            found[str(name)] = values
    return found
