"""Grey pictures: window level by one look-up table at screen size (design 5.11)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Frame

AnyPixels = npt.NDArray[Any]


AUTO = (0.5, 99.5)
"""Percentiles of the grey values between which the automatic window lies."""
EDGE = 8
"""An eighth of the picture on each side is not looked at for that: frames, collimation and burnt-in words lie there."""


@dataclass(frozen=True)
class VoiWindow:
    """Window level of a picture, in the picture's own grey values.

    Attributes
    ----------
    level, width : float
        Centre and extent of what is shown between black and white.
    gamma : float
        Above 1 the middle greys are shown brighter, below 1 darker; black and white stay.
    """

    level: float
    width: float
    gamma: float = 1.0

    @property
    def low(self) -> float:
        """The value that is shown black."""
        return self.level - self.width / 2


@dataclass(eq=False)
class GreyPicture:
    """An image to look at, with smaller copies for the zoomed-out view.

    Attributes
    ----------
    stored : array [H, W], uint8 or uint16
        Grey values; the image's own values are ``stored * slope + intercept``.
    slope, intercept : float
    frame : Frame
    presets : tuple of (str, VoiWindow)
        The file's own first; never empty.
    coarse : bool
        True for a preview that stands in until the file is decoded.
    """

    stored: AnyPixels
    slope: float
    intercept: float
    frame: Frame
    presets: tuple[tuple[str, VoiWindow], ...]
    coarse: bool = False
    _levels: list[AnyPixels] = field(default_factory=list)

    @classmethod
    def of(cls, pixels: AnyPixels, frame: Frame, windows: tuple[tuple[str, float, float], ...] = ()) -> GreyPicture:
        """Make ready for display: pixels [H, W] of uint8, uint16, int16 or float32, brighter is larger."""
        slope, intercept = 1.0, 0.0
        if pixels.dtype == np.uint8 or pixels.dtype == np.uint16:
            stored = pixels
        elif pixels.dtype == np.int16:
            stored, intercept = (pixels.astype(np.int32) + 32768).astype(np.uint16), -32768.0
        else:
            finite = np.nan_to_num(pixels.astype(np.float32), posinf=0, neginf=0)
            low, high = float(finite.min()), float(finite.max())
            slope, intercept = max(high - low, 1e-9) / 65535, low
            stored = np.round((finite - low) / slope).astype(np.uint16)
        sample = stored[:: max(1, stored.shape[0] // 256), :: max(1, stored.shape[1] // 256)]
        presets = [(name or "File", VoiWindow(centre, max(width, 1e-6))) for name, centre, width in windows]
        presets.append(("Auto", _between(_without_darkest(_inner(sample)), *AUTO, slope, intercept)))
        sample = np.sort(sample, axis=None)
        shares = {"Bright parts": (50, 99.8), "Dark parts": (0.5, 60), "Full range": (0, 100)}
        for name, (low, high) in shares.items():
            presets.append((name, _between(sample, low, high, slope, intercept)))
        return cls(np.ascontiguousarray(stored), slope, intercept, frame, tuple(presets))

    @classmethod
    def of_preview(cls, preview: npt.NDArray[np.uint8], frame: Frame) -> GreyPicture:
        """A small 8-bit picture that stands in for the whole image."""
        return cls(preview, 1.0, 0.0, frame, (("Auto", VoiWindow(127.5, 255.0)),), coarse=True)

    def value(self, x: float, y: float) -> float | None:
        """Grey value of the native pixel that covers (x, y), or None beside the image or for a preview."""
        column, row = round(x), round(y)
        if self.coarse or not (0 <= row < self.stored.shape[0] and 0 <= column < self.stored.shape[1]):
            return None
        return float(self.stored[row, column]) * self.slope + self.intercept

    def auto_window(self, left: float, top: float, right: float, bottom: float) -> VoiWindow:
        """The window that suits a part of the picture, given in native pixels; as much of it as there is."""
        height, width = self.stored.shape
        x0, x1 = (int(np.clip(round(x), 0, width - 1)) for x in (left, right))
        y0, y1 = (int(np.clip(round(y), 0, height - 1)) for y in (top, bottom))
        step = max(1, (y1 - y0) // 256, (x1 - x0) // 256)
        across, down = width // EDGE, height // EDGE
        inner = max(x0, across), max(y0, down), min(x1, width - 1 - across), min(y1, height - 1 - down)
        if min(inner[2] - inner[0], inner[3] - inner[1]) > min(x1 - x0, y1 - y0) // 2:  # else the edge is looked at
            x0, y0, x1, y1 = inner
        part = self.stored[y0 : y1 + 1 : step, x0 : x1 + 1 : step]
        return _between(_without_darkest(part), *AUTO, self.slope, self.intercept)

    def level(self, wanted: int) -> AnyPixels:
        """The picture halved `wanted` times (or as often as is sensible)."""
        while len(self._levels) < wanted:
            finer = self._levels[-1] if self._levels else self.stored
            if min(finer.shape) < 64:
                break
            size = ((finer.shape[1] + 1) // 2, (finer.shape[0] + 1) // 2)
            self._levels.append(cv2.resize(finer, size, interpolation=cv2.INTER_AREA))
        count = min(wanted, len(self._levels))
        return self._levels[count - 1] if count else self.stored

    def table(self, window: VoiWindow, invert: bool) -> npt.NDArray[np.uint8]:
        """Look-up table from stored values to screen grey: 256 or 65,536 entries."""
        count = 256 if self.stored.dtype == np.uint8 else 65536
        values = np.arange(count, dtype=np.float32) * np.float32(self.slope) + np.float32(self.intercept)
        share = np.clip((values - window.low) * np.float32(1 / max(window.width, 1e-9)), 0, 1)
        if window.gamma != 1:
            share **= np.float32(1 / window.gamma)
        grey = (share * 255 + 0.5).astype(np.uint8)
        return np.asarray(255 - grey if invert else grey)

    def resample(self, matrix: npt.NDArray[np.float64], width: int, height: int) -> AnyPixels:
        """Stored values on a screen grid.

        Parameters
        ----------
        matrix : array [2, 3]
            From the corner frame of the native image (see `Frame.to_corner`) to screen corners.
        width, height : int
            Of the screen grid.
        """
        zoom = float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))) * self.frame.width / self.stored.shape[1]
        halvings = max(0, int(np.floor(np.log2(1 / max(zoom, 1e-6)))))
        source = self.level(halvings)
        # Native corners over source corners, then both frames moved from corners to centres, as OpenCV counts.
        scale = np.diag([self.frame.width / source.shape[1], self.frame.height / source.shape[0]])
        full = np.c_[matrix[:, :2] @ scale, matrix[:, 2]]
        full[:, 2] += full[:, :2] @ [0.5, 0.5] - 0.5
        nearest = zoom > 6
        flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        return cv2.warpAffine(source, full, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _inner(pixels: AnyPixels) -> AnyPixels:
    """Pixels [H, W] without their edges."""
    down, across = (side // EDGE for side in pixels.shape)
    return pixels[down : pixels.shape[0] - down, across : pixels.shape[1] - across]


def _without_darkest(pixels: AnyPixels) -> AnyPixels:
    """Pixels, sorted, without the darkest grey: that of shutters and black borders, however much of it there is."""
    ordered = np.sort(pixels, axis=None)
    rest = ordered[ordered > ordered[0]]
    return rest if rest.size and rest[0] < rest[-1] else ordered


def _between(ordered: AnyPixels, low_percent: float, high_percent: float, slope: float, intercept: float) -> VoiWindow:
    """The window between two percentiles of stored values [N], which are sorted."""
    low, high = (_percentile(ordered, percent) * slope + intercept for percent in (low_percent, high_percent))
    return VoiWindow((low + high) / 2, max(high - low, slope))


def _percentile(ordered: AnyPixels, percent: float) -> float:
    """As `np.percentile` gives it, which sorts anew and takes ten times as long here."""
    at = (len(ordered) - 1) * percent / 100
    below = int(at)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    return low + (at - below) * (high - low)
