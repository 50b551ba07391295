"""The one place that converts between coordinate frames.

Frames
------
native
    Pixels of the image as stored, (x, y), x right, y down; (0, 0) is the centre of the first pixel.
network
    Pixels of the network's letter-boxed input, same convention. It shows the image as read (`app.core.orientation`),
    or a part of it (`View`), in its true proportions: pixels that are not square are made so, turned and mirrored where
    that was wanted, shrunk to fit.
corner
    Native pixels with the origin at the outer corner of the first pixel. DICOM SCOORD (PS3.3 C.10.5)
    and Qt image items use it.
mm
    Native pixels times the spacing; origin at the centre of the first pixel.
LPS
    3D Slicer's (x, y, z): left, posterior, superior. A picture without a place in the patient, as Slicer loads it:
    mm along the picture's axes as stored, z = 0.
shares
    Corner frame over the image's width and height, as YOLO counts: in [0, 1] within the picture.
upward
    Corner frame with y counted upward from the lower edge, as tpsDig counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from app.core.orientation import AS_STORED, MIRRORED, Orientation

Points = npt.NDArray[np.float64]
"""Points of shape (..., 2) in (x, y) order."""


class Provenance(StrEnum):
    """Where a pixel spacing comes from (design 2)."""

    CALIBRATED = "calibrated"
    AT_DETECTOR = "at detector"
    GIVEN = "given by the reader"


class Axes(StrEnum):
    """In which frame a file counts places: see the top of this module."""

    NATIVE = "native"
    CORNER = "corner"
    SHARES = "shares"
    UPWARD = "upward"
    LPS = "lps"


@dataclass(frozen=True)
class Spacing:
    """Size of one pixel in mm.

    Parameters
    ----------
    row_mm, column_mm : float
        Distance between neighbouring rows (y) and columns (x), in mm; both positive and finite.
    provenance : Provenance
        Who vouches for the numbers.

    Raises
    ------
    ValueError
        If a distance is not positive and finite: zero spacing is unknown spacing.
    """

    row_mm: float
    column_mm: float
    provenance: Provenance

    def __post_init__(self) -> None:
        for value in (self.row_mm, self.column_mm):
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"A pixel spacing must be a positive number of mm, not {value}.")


@dataclass(frozen=True)
class View:
    """What a network sees of an image where that is not the whole of it, as it is read.

    Parameters
    ----------
    left, top : int
        First column and row that it sees, native pixels.
    width, height : int
        Number of columns and rows.
    mirrored : bool
        Whether it sees the mirror image, on top of how the image is read.

    Raises
    ------
    ValueError
        If nothing is seen.
    """

    left: int
    top: int
    width: int
    height: int
    mirrored: bool = False

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"A network must see something of an image, not {self.width} x {self.height} pixels.")

    @property
    def window(self) -> tuple[slice, slice]:
        """Its rows and columns of an array of native pixels."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class Frame:
    """Coordinate frames of one image.

    Parameters
    ----------
    height, width : int
        Size of the image as stored, in pixels.
    network_height, network_width : int
        Size of the network's input, in pixels.
    spacing : Spacing or None
        None where the size of a pixel is unknown.
    orientation : Orientation
        How the network sees the image; everything else stays as stored.
    aspect : float
        Height of a pixel over its width, as the file says; 1 where pixels are square or nobody says otherwise. Kept
        beside the spacing: a file may know the shape of its pixels and not their size, and what a reader says of the
        size later must not shift what was predicted.
    view : View or None
        What the network sees; None stands for the whole image as it is read.

    Raises
    ------
    ValueError
        If the aspect is not positive and finite.
    """

    height: int
    width: int
    network_height: int = 256
    network_width: int = 256
    spacing: Spacing | None = None
    orientation: Orientation = AS_STORED
    aspect: float = 1.0
    view: View | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.aspect) and self.aspect > 0):
            raise ValueError(f"The shape of a pixel must be a positive number, not {self.aspect}.")

    @property
    def upright(self) -> npt.NDArray[np.float64]:
        """Matrix [2, 2] from native directions to those of the image as read with square pixels, a column wide."""
        return np.asarray(self.orientation.linear @ np.diag([1.0, self.aspect]))

    @property
    def seen(self) -> View:
        """What the network sees of the image."""
        return self.view or View(0, 0, self.width, self.height)

    @property
    def orientation_seen(self) -> Orientation:
        """How the network sees the image: as it is read, or that mirrored."""
        return self.orientation.then(MIRRORED) if self.seen.mirrored else self.orientation

    @property
    def size_seen(self) -> tuple[float, float]:
        """Height and width of what is seen, in widths of a native pixel: exchanged where it is turned by 90°."""
        height, width = self.seen.height * self.aspect, self.seen.width
        return (width, height) if self.orientation.swaps_sides else (height, width)

    @property
    def network_scale(self) -> float:
        """Network pixels per width of a native pixel: what is seen just fits."""
        height, width = self.size_seen
        return min(self.network_height / height, self.network_width / width)

    @property
    def scale(self) -> float:
        """Network pixels per native pixel: of one that is not square, per side of a square of the same area."""
        return float(self.network_scale * np.sqrt(self.aspect))

    @property
    def padding(self) -> tuple[float, float]:
        """Left and top border of the letter-box, in network pixels."""
        height, width = self.size_seen
        scale = self.network_scale
        return (self.network_width - width * scale) / 2, (self.network_height - height * scale) / 2

    @property
    def to_network_affine(self) -> npt.NDArray[np.float64]:
        """Matrix [2, 3] that takes (x, y, 1) in native pixels to network pixels, middle to middle."""
        linear = self.network_scale * self.orientation_seen.linear @ np.diag([1.0, self.aspect])
        seen = self.seen
        middle = (seen.left, seen.top) + np.array([seen.width - 1, seen.height - 1]) / 2
        network_middle = np.array([self.network_width - 1, self.network_height - 1]) / 2
        return np.asarray(np.c_[linear, network_middle - linear @ middle])

    @property
    def diagonal(self) -> float:
        """Length of the image's diagonal in native pixels (see `scale`)."""
        return float(np.hypot(self.height * self.aspect, self.width) / np.sqrt(self.aspect))

    def to_network(self, xy: npt.ArrayLike) -> Points:
        """Native pixels [..., 2] to network pixels [..., 2]."""
        matrix = self.to_network_affine
        return np.asarray(np.asarray(xy, float) @ matrix[:, :2].T + matrix[:, 2])

    def from_network(self, xy: npt.ArrayLike) -> Points:
        """Network pixels [..., 2] to native pixels [..., 2]."""
        matrix = self.to_network_affine
        return np.asarray((np.asarray(xy, float) - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T)

    def to_corner(self, xy: npt.ArrayLike) -> Points:
        """Native pixels [..., 2] to the corner frame of DICOM SCOORD and Qt image items."""
        return np.asarray(xy, float) + 0.5

    def from_corner(self, xy: npt.ArrayLike) -> Points:
        """Corner frame [..., 2] to native pixels [..., 2]."""
        return np.asarray(xy, float) - 0.5

    def to_mm(self, xy: npt.ArrayLike) -> Points:
        """Native pixels [..., 2] to mm [..., 2]; NaN where the spacing is unknown."""
        if self.spacing is None:
            return np.full(np.shape(xy), np.nan)
        return np.asarray(xy, float) * (self.spacing.column_mm, self.spacing.row_mm)

    def from_mm(self, xy_mm: npt.ArrayLike) -> Points:
        """Mm [..., 2] to native pixels [..., 2]; NaN where the spacing is unknown."""
        if self.spacing is None:
            return np.full(np.shape(xy_mm), np.nan)
        return np.asarray(xy_mm, float) / (self.spacing.column_mm, self.spacing.row_mm)

    def to_lps(self, xy: npt.ArrayLike) -> Points:
        """Native pixels [..., 2] to LPS [..., 3] in mm; where the spacing is unknown in pixels, as Slicer takes 1."""
        flat = self.to_mm(xy) if self.spacing is not None else np.asarray(xy, float)
        return np.concatenate([flat, np.zeros((*flat.shape[:-1], 1))], axis=-1)

    def from_lps(self, lps: npt.ArrayLike) -> Points:
        """LPS [..., 2 or 3] to native pixels [..., 2], as `to_lps` counts: mm, or pixels where no spacing is known."""
        flat = np.asarray(lps, float)[..., :2]
        return self.from_mm(flat) if self.spacing is not None else np.asarray(flat)

    def to_shares(self, xy: npt.ArrayLike) -> Points:
        """Native pixels [..., 2] to shares of the image's width and height [..., 2]."""
        return np.asarray(self.to_corner(xy) / (self.width, self.height))

    def to_upward(self, xy: npt.ArrayLike) -> Points:
        """Native pixels [..., 2] to pixels from the lower left corner, y upward [..., 2]."""
        return np.asarray(self.to_corner(xy) * (1, -1) + (0, self.height))

    def to_native(self, places: npt.ArrayLike, axes: Axes) -> Points:
        """Places of a file [..., 2] (LPS: [..., 3] too) to native pixels [..., 2].

        Only `Axes.NATIVE` and `Axes.CORNER` are the same whatever the size and the spacing of the image.
        """
        given = np.asarray(places, float)
        if axes is Axes.NATIVE:
            return given
        if axes is Axes.LPS:
            return self.from_lps(given)
        if axes is Axes.SHARES:
            given = given * (self.width, self.height)
        elif axes is Axes.UPWARD:
            given = given * (1, -1) + (0, self.height)
        return self.from_corner(given)

    @property
    def mm_per_pixel(self) -> float:
        """Geometric mean of the spacing in mm per native pixel; NaN where it is unknown."""
        if self.spacing is None:
            return float("nan")
        return float(np.sqrt(self.spacing.row_mm * self.spacing.column_mm))

    def contains(self, xy: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether native points [..., 2] lie on the image (its pixels' full area)."""
        corner = self.to_corner(xy)
        inside: npt.NDArray[np.bool_] = np.all((corner >= 0) & (corner <= (self.width, self.height)), axis=-1)
        return inside
