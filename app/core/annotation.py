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


@dataclass(frozen=True)
class Part:
    """Where a bitmap lies that is a part of its image.

    Attributes
    ----------
    x, y : int
        Pixels of the image before it, at least 0.
    from_right, from_bottom : bool
        Whether x or y counts from the image's right or lower border, to the left or upward.
    of : (height, width) or None
        Size of the image, where the file says it.
    """

    x: int
    y: int
    from_right: bool = False
    from_bottom: bool = False
    of: tuple[int, int] | None = None

    def corner(self, size: tuple[int, int], frame: Frame) -> tuple[int, int] | None:
        """Row and column of the first pixel of a bitmap (height, width) in an image; None where it reaches beyond."""
        left = frame.width - size[1] - self.x if self.from_right else self.x
        top = frame.height - size[0] - self.y if self.from_bottom else self.y
        fits = 0 <= left <= frame.width - size[1] and 0 <= top <= frame.height - size[0]
        return (top, left) if fits else None


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
    part : Part or None
        Where the bitmap lies in the image; None where it has the image's size.
    """

    structure: str
    bitmap: PackedMask | None = None
    outlines: Sequence[Points] = ()
    axes: Axes = Axes.NATIVE
    state: MaskState | None = None
    also: Sequence[str] = ()
    part: Part | None = None

    @property
    def absent(self) -> bool:
        """Whether the file says that the structure is not in the image."""
        return self.bitmap is None and not self.outlines

    def native(self, frame: Frame) -> Mask | None:
        """The mask [H, W] on the pixels of an image, None where it is absent; a whole bitmap is given as it is.

        Raises
        ------
        ValueError
            With a sentence: the part of which the file speaks reaches beyond the image.
        """
        if self.absent:
            return None
        if self.bitmap is not None and self.part is not None:
            corner, (height, width) = self.part.corner(self.bitmap.size, frame), self.bitmap.size
            if corner is None:
                raise ValueError(f"The mask of “{self.structure}” reaches beyond the image.")
            whole = np.zeros((frame.height, frame.width), bool)
            whole[corner[0] : corner[0] + height, corner[1] : corner[1] + width] = self.bitmap.unpack()
            return whole
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
    turned : bool
        Whether the bitmaps are in the order in which a volume stores them, and it says that this is not the picture's.
    """

    image: ImageReference
    points: Sequence[AnnotatedPoint] = ()
    masks: Sequence[AnnotatedMask] = ()
    file: str = ""
    left_out: Sequence[str] = ()
    turned: bool = False
