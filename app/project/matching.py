"""Which image, landmark and structure of a project a file of others speaks of; nothing is dropped without a word.

Images are matched by their SOP Instance UID where the file has one, else by their name: compared without suffix and
upper case, with all folders that both have. Landmarks and structures are matched by their names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.annotation import AnnotatedMask, AnnotatedPoint, ImageAnnotations, ImageReference
from app.core.frame import Axes, Frame, Points
from app.core.landmark import PlacementState
from app.io.names import stem, suffix

_CHANNEL = re.compile(r"_0000$")
"""How nnU-Net calls the only channel of an image; its label maps go without."""
_OF_FORMATS = {"image", "images", "imagestr", "imagests", "img", "imgs", "label", "labels", "labelstr", "labelsts"}
_OF_FORMATS |= {"annotation", "annotations", "mask", "masks", "segmentation", "segmentations"}
"""Folders in which formats part images and what is drawn on them: they tell no patient from another."""
_NAMED = 3
_VOLUMES = (".nii", ".nii.gz", ".nrrd", ".mha")
"""Images whose pixels are read in the order in which they are stored, as label maps of these kinds are."""
_BY_UID = 1 << 30
"""More than all parts of any name."""


class Trouble(StrEnum):
    """Why something of a file was not matched."""

    NO_IMAGE = "no image"
    SEVERAL_IMAGES = "several images"
    SEVERAL_NAMES = "several names"
    OTHER_FILE = "other file"
    OTHER_FOLDER = "other folder"
    NO_LANDMARK = "no landmark"
    NO_STRUCTURE = "no structure"
    OTHER_SIZE = "other size"
    TURNED = "turned"
    NOT_READ = "not read"
    TWICE = "twice"
    EMPTY = "empty"
    NO_NUMBER = "no number"
    LEFT_OUT = "left out"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class KnownImage:
    """An image of the project; `frame` is None until its file was read."""

    name: str
    uid: str = ""
    frame: Frame | None = None


@dataclass(frozen=True)
class Unmatched:
    """Something in a file that has no counterpart in the project.

    Attributes
    ----------
    trouble : Trouble
    what : str
        As the file names it: an image, a landmark, a structure.
    images : tuple of str
        The images in which that is so; for `SEVERAL_IMAGES` those that could be meant.
    detail : str
    """

    trouble: Trouble
    what: str
    images: tuple[str, ...] = ()
    detail: str = ""

    @property
    def sentence(self) -> str:
        """What a reader is told."""
        return _SENTENCES[self.trouble].format(what=self.what, images=listed(self.images), detail=self.detail)


_SENTENCES = {
    Trouble.NO_IMAGE: "“{what}”: the project has no such image.",
    Trouble.SEVERAL_IMAGES: "“{what}” could be several images: {images}. Name it with its folder and suffix.",
    Trouble.SEVERAL_NAMES: "“{what}” is one of several names that could mean {images}. Name it with its folder.",
    Trouble.OTHER_FILE: "“{what}” is another file than {images} of the same name: their UIDs differ.",
    Trouble.OTHER_FOLDER: "“{what}” lies in another folder than {images} of the same name, so it may be of another "
    "patient. Where it is not, give both the same folder.",
    Trouble.NO_LANDMARK: "Landmark “{what}”: the project has none of this name (in {images}).",
    Trouble.NO_STRUCTURE: "Structure “{what}”: the template has none of this name (in {images}).",
    Trouble.OTHER_SIZE: "Mask of “{what}” in {images}: {detail}.",
    Trouble.TURNED: "Mask of “{what}” in {images}: by its header the file counts pixels from another corner than the "
    "picture, so it may lie mirrored. Save it with the axes of the image (x to the right, y down in LPS).",
    Trouble.NOT_READ: "“{what}” in {images}: the image was not read yet. Predict it first.",
    Trouble.TWICE: "“{what}” in {images} is there several times; the first one counts.",
    Trouble.EMPTY: "Mask of “{what}” in {images}: no pixel of the picture lies in it.",
    Trouble.NO_NUMBER: "“{what}” in {images}: its place is no pair of numbers.",
    Trouble.LEFT_OUT: "{what} in {images}: neither a point nor a mask, so it is left out.",
    Trouble.OUTSIDE: "“{what}” in {images}: its place lies outside the picture, so it is no correction. "
    "Import it as a reader to see it.",
}


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: a few of them, and how many more."""
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


@dataclass(frozen=True, eq=False)
class MatchedPoint:
    """A landmark's place in an image: native pixels [2], None where it is absent; who says so as the file tells."""

    xy: Points | None
    state: PlacementState | None


@dataclass(frozen=True, eq=False)
class MatchedImage:
    """What files say of one image of the project, by the project's own names.

    Attributes
    ----------
    name : str
    points : mapping of landmark name to MatchedPoint
    masks : mapping of structure name to AnnotatedMask
        Their sizes and frames fit the image.
    files : tuple of str
        Names of the files.
    """

    name: str
    points: Mapping[str, MatchedPoint]
    masks: Mapping[str, AnnotatedMask]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Matching:
    """What matches and what not.

    Attributes
    ----------
    images : tuple of MatchedImage
        In the project's order; each has a point or a mask.
    unmatched : tuple of Unmatched
    """

    images: tuple[MatchedImage, ...]
    unmatched: tuple[Unmatched, ...] = ()

    @property
    def points(self) -> int:
        """Number of placements that match."""
        return sum(len(image.points) for image in self.images)

    @property
    def masks(self) -> int:
        """Number of masks that match."""
        return sum(len(image.masks) for image in self.images)


def match(
    read: Iterable[ImageAnnotations],
    images: Sequence[KnownImage],
    landmarks: Iterable[str],
    structures: Mapping[str, str],
) -> Matching:
    """Match what was read against a project.

    Parameters
    ----------
    read : iterable of ImageAnnotations
    images : sequence of KnownImage
        All images of the project.
    landmarks : iterable of str
        Names of its landmarks.
    structures : mapping of str to str
        Name of each structure of the template and its title.
    """
    known, told = {image.name: image for image in images}, _Told()
    which = [(one, found) for one, found in _by_image(list(read), images, told) if found]
    marks = _Names({name: name for name in landmarks})
    shapes = _Names({key: name for name, title in structures.items() for key in (title, name)})
    matched = {name: _Gathered() for _, name in which}
    for one, name in which:
        matched[name].take(one, known[name], marks, shapes, told)
    there = (image.name for image in images if image.name in matched)
    found = (
        MatchedImage(name, parts.points, parts.masks, tuple(parts.files)) for name in there if (parts := matched[name])
    )
    return Matching(tuple(one for one in found if one.points or one.masks), told.all())


class _Told:
    """What was not matched: one entry for each kind and name, with all images."""

    def __init__(self) -> None:
        self._found: dict[tuple[Trouble, str, str], dict[str, None]] = defaultdict(dict)

    def add(self, trouble: Trouble, what: str, images: Iterable[str] = (), detail: str = "") -> None:
        self._found[trouble, what, detail].update(dict.fromkeys(images))

    def all(self) -> tuple[Unmatched, ...]:
        return tuple(Unmatched(t, what, tuple(images), detail) for (t, what, detail), images in self._found.items())


def plain(name: str) -> str:
    """A name as names are compared: upper and lower case, blanks, hyphens and underscores alike."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


class _Names:
    """Names of the project that a file may spell otherwise; `named` tells for each spelling which one is meant."""

    def __init__(self, named: Mapping[str, str]) -> None:
        self._exact = set(named.values())
        alike: dict[str, set[str]] = defaultdict(set)
        for spelling, name in named.items():
            alike[plain(spelling)].add(name)
        self._alike = {key: next(iter(names)) for key, names in alike.items() if len(names) == 1}

    def find(self, *spellings: str) -> str | None:
        exact = next((spelling for spelling in spellings if spelling in self._exact), None)
        return exact or next((found for one in spellings if (found := self._alike.get(plain(one)))), None)


@dataclass
class _Gathered:
    """What files say of one image so far."""

    points: dict[str, MatchedPoint] = field(default_factory=dict)
    masks: dict[str, AnnotatedMask] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)

    def take(self, one: ImageAnnotations, image: KnownImage, marks: _Names, shapes: _Names, told: _Told) -> None:
        here = (image.name,)
        for words in one.left_out:
            told.add(Trouble.LEFT_OUT, words, here)
        for point in one.points:
            name = marks.find(point.landmark)
            if name is None:
                told.add(Trouble.NO_LANDMARK, point.landmark, here)
            elif name in self.points:
                told.add(Trouble.TWICE, name, here)
            elif image.frame is None and point.place is not None and point.axes not in (Axes.NATIVE, Axes.CORNER):
                told.add(Trouble.NOT_READ, name, here)
            else:
                self._point(name, point, image.frame or Frame(1, 1), here, told)
        for mask in one.masks:
            structure = shapes.find(mask.structure, *mask.also)
            if structure is None:
                told.add(Trouble.NO_STRUCTURE, mask.structure, here)
            elif structure in self.masks:
                told.add(Trouble.TWICE, structure, here)
            elif image.frame is None:
                told.add(Trouble.NOT_READ, structure, here)
            elif one.turned and suffix(image.name).lower() not in _VOLUMES:
                told.add(Trouble.TURNED, structure, here)
            elif problem := _misfit(mask, image.frame):
                told.add(Trouble.OTHER_SIZE, structure, here, problem)
            else:
                self.masks[structure] = mask
        self.files[one.file] = None

    def _point(self, name: str, point: AnnotatedPoint, frame: Frame, here: tuple[str], told: _Told) -> None:
        if point.place is None:
            self.points[name] = MatchedPoint(None, PlacementState.ABSENT)
            return
        xy = frame.to_native(point.place, point.axes)
        if xy.shape != (2,) or not all(map(_is_number, xy.tolist())):
            told.add(Trouble.NO_NUMBER, name, here)
            return
        self.points[name] = MatchedPoint(xy, point.state)


def _is_number(value: float) -> bool:
    return abs(value) < 1e9  # neither infinite nor NaN


def _misfit(mask: AnnotatedMask, frame: Frame) -> str:
    """Why a bitmap can't lie on the pixels of an image; empty where it can."""
    size = mask.bitmap.size if mask.bitmap is not None else None
    if size is None:
        return ""
    if mask.part is not None:
        of = mask.part.of
        if of not in (None, (frame.height, frame.width)):
            return f"it is a part of an image of {of[1]} x {of[0]} pixels, this one has {frame.width} x {frame.height}"
        part = f"the part of {size[1]} x {size[0]} pixels that the file holds"
        fits = mask.part.corner(size, frame) is not None
        return "" if fits else f"{part} reaches beyond the image of {frame.width} x {frame.height}"
    if size == (frame.height, frame.width):
        return ""
    return f"it has {size[1]} x {size[0]} pixels, the image {frame.width} x {frame.height}"


# --- images


def _all_parts(name: str) -> tuple[str, ...]:
    """A name's folders and its file without suffix, as they are compared."""
    return tuple(part for part in stem(name.replace("\\", "/")).casefold().split("/") if part not in ("", "."))


def _parts(name: str) -> tuple[str, ...]:
    """The same without the folders of formats: ``ward/labels/a`` is ``ward/images/a``."""
    *folders, last = _all_parts(name) or ("",)
    return (*(folder for folder in folders if folder not in _OF_FORMATS), last)


def _tails(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (parts[first:] for first in range(len(parts)))


class _Images:
    """Finds the images of a project by names and UIDs."""

    def __init__(self, images: Sequence[KnownImage]) -> None:
        self._by_uid: dict[str, list[KnownImage]] = defaultdict(list)
        self._by_name: dict[str, list[KnownImage]] = defaultdict(list)
        self._by_tail: dict[tuple[str, ...], list[tuple[KnownImage, int]]] = defaultdict(list)
        self._by_last: dict[str, list[KnownImage]] = defaultdict(list)
        for image in images:
            if image.uid:
                self._by_uid[image.uid].append(image)
            self._by_name[image.name.casefold()].append(image)
            for *folders, last in {_all_parts(image.name) or ("",), _parts(image.name)}:
                for parts in {(*folders, last), (*folders, _CHANNEL.sub("", last))}:
                    for tail in _tails(parts):
                        self._by_tail[tail].append((image, len(parts)))
                    self._by_last[parts[-1]].append(image)

    def find(self, reference: ImageReference) -> tuple[list[KnownImage], int]:
        """The images that may be meant, and by how many parts of the name (a UID counts more than any)."""
        if reference.uid and (found := self._by_uid.get(reference.uid)):
            return found, _BY_UID
        name = reference.name.replace("\\", "/")
        if found := self._by_name.get(name.casefold()):
            return found, len(_parts(name)) + 1
        for parts in (_all_parts(name), _parts(name)):
            for tail in _tails(parts):
                if found := self._ending(tail, len(parts)):
                    same = [one for one in found if suffix(one.name).casefold() == suffix(name).casefold()]
                    return (same if len(same) == 1 else found), len(tail)
        return [], 0

    def _ending(self, tail: tuple[str, ...], parts: int) -> list[KnownImage]:
        """The images whose name is this end of a name of so many parts, or that name an end of theirs.

        Where both go on, their folders differ: `front` of one patient is not that of another.
        """
        there = (image for image, own in self._by_tail.get(tail, ()) if len(tail) in (own, parts))
        return list({image.name: image for image in there}.values())

    def namesakes(self, reference: ImageReference) -> list[KnownImage]:
        """The images of the same file name, in any folder."""
        return self._by_last.get(_parts(reference.name)[-1], [])


def _by_image(
    read: Sequence[ImageAnnotations], images: Sequence[KnownImage], told: _Told
) -> Iterator[tuple[ImageAnnotations, str | None]]:
    """What was read with the image of the project that is meant."""
    index, found = _Images(images), dict[ImageReference, tuple[str | None, int]]()
    for one in read:
        if one.image not in found:
            found[one.image] = _meant(one.image, index, told)
    claims: dict[str, dict[str, int]] = defaultdict(dict)
    for reference, (name, depth) in found.items():
        if name is not None and depth < _BY_UID:
            claims[name][reference.name] = depth
    wrong = {other for name, said in claims.items() for other in _losers(name, said, told)}
    for one in read:
        name, depth = found[one.image]
        yield one, None if depth < _BY_UID and one.image.name in wrong else name


def _meant(reference: ImageReference, index: _Images, told: _Told) -> tuple[str | None, int]:
    found, depth = index.find(reference)
    if len(found) > 1 and reference.size is not None:
        fitting = [one for one in found if one.frame and (one.frame.height, one.frame.width) == reference.size]
        found = fitting or found
    if not found and (others := index.namesakes(reference)):
        told.add(Trouble.OTHER_FOLDER, reference.words, [one.name for one in others])
    elif not found:
        told.add(Trouble.NO_IMAGE, reference.words)
    elif len(found) > 1:
        told.add(Trouble.SEVERAL_IMAGES, reference.words, [one.name for one in found])
    elif reference.uid and found[0].uid and found[0].uid != reference.uid:
        told.add(Trouble.OTHER_FILE, reference.words, [found[0].name])
    else:
        return found[0].name, depth
    return None, 0


def _losers(name: str, said: Mapping[str, int], told: _Told) -> Iterator[str]:
    """Of several names that all lead to one image those that do not mean it, or of which nobody knows which one does.

    Names of which one is the end of the other are the same one (a stem, and a path that ends in it). Else the one that
    has most parts in common with the image's own is meant.
    """
    most = max(said.values())
    best = [_parts(other) for other, depth in said.items() if depth == most]
    unclear = not all(_same(one, other) for one in best for other in best)
    for other, depth in said.items():
        if depth == most and unclear:
            told.add(Trouble.SEVERAL_NAMES, other, [name])
            yield other
        elif not any(_same(_parts(other), one) for one in best):
            told.add(Trouble.NO_IMAGE, other)
            yield other


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return longer[len(longer) - len(shorter) :] == shorter
