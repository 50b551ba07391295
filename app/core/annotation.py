"""What a file of others says of images: points and masks by the names that stand there, before they are matched."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from app.core.frame import Axes, Frame, Points
from app.core.landmark import PlacementState
from app.core.masks import Mask, MaskState
from app.core.polygon_mask import polygon_mask


@dataclass(frozen=True)
class ImageReference:
    """How a file names the image that it speaks of.

    Attributes
    ----------
    name : str
        A path, a file name or a stem; empty where only a UID is given.
    uid : str
        SOP Instance UID, or empty.
    size : (height, width) or None
        Native pixels, where the file says it.
    """

    name: str = ""
    uid: str = ""
    size: tuple[int, int] | None = None

    @property
    def words(self) -> str:
        """What a reader is told of it."""
        return self.name or f"the image with the UID {self.uid}"


@dataclass(frozen=True)
class PackedMask:
    """A mask of one bit per pixel, compressed: thousands are held until they are kept.

    Attributes
    ----------
    size : (height, width)
    data : bytes
    """

    size: tuple[int, int]
    data: bytes

    @classmethod
    def of(cls, mask: npt.NDArray[np.bool_]) -> Self:
        """Pack a mask [H, W]."""
        height, width = mask.shape
        return cls((height, width), zlib.compress(np.packbits(mask, axis=1).tobytes(), 1))

    def unpack(self) -> Mask:
        """The mask [H, W]."""
        height, width = self.size
        bits = np.frombuffer(zlib.decompress(self.data), np.uint8).reshape(height, -1)
        return np.unpackbits(bits, axis=1, count=width).astype(bool)


@dataclass(frozen=True, eq=False)
class AnnotatedPoint:
    """One landmark in one image.

    Attributes
    ----------
    landmark : str
        As the file names it.
    place : array [2] (LPS: [3]) or None
        In `axes`; None where the file says that it is absent.
    axes : Axes
    state : PlacementState or None
        None where the file does not say who placed it.
    """

    landmark: str
    place: Points | None
    axes: Axes = Axes.NATIVE
    state: PlacementState | None = None


@dataclass(frozen=True, eq=False)
class AnnotatedMask:
    """One structure in one image: a bitmap, or outlines, or neither where the file says that it is absent.

    Attributes
    ----------
    structure : str
        As the file names it.
    bitmap : PackedMask or None
    outlines : sequence of array [P, 2]
        Closed polygons in `axes`; together they are the structure.
    axes : Axes
        Of the outlines.
    state : MaskState or None
        None where the file does not say who drew it.
    also : sequence of str
        Other names that the file gives the structure.
    """

    structure: str
    bitmap: PackedMask | None = None
    outlines: Sequence[Points] = ()
    axes: Axes = Axes.NATIVE
    state: MaskState | None = None
    also: Sequence[str] = ()

    @property
    def absent(self) -> bool:
        """Whether the file says that the structure is not in the image."""
        return self.bitmap is None and not self.outlines

    def native(self, frame: Frame) -> Mask | None:
        """The mask [H, W] on the pixels of an image, None where it is absent; a bitmap is given as it is."""
        if self.absent:
            return None
        if self.bitmap is not None:
            return self.bitmap.unpack()
        drawn = [frame.to_native(outline, self.axes) for outline in self.outlines]
        return polygon_mask(drawn, (frame.height, frame.width))


@dataclass(frozen=True, eq=False)
class ImageAnnotations:
    """What one file says of one image.

    Attributes
    ----------
    image : ImageReference
    points : sequence of AnnotatedPoint
    masks : sequence of AnnotatedMask
    file : str
        Name of the file, for the reader.
    left_out : sequence of str
        What the file holds for this image that is neither a point nor a mask, in words: a line, a box that is turned.
    """

    image: ImageReference
    points: Sequence[AnnotatedPoint] = ()
    masks: Sequence[AnnotatedMask] = ()
    file: str = ""
    left_out: Sequence[str] = ()
