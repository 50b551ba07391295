"""The pictures of the tiles: cut out of the previews that came with the predictions, and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection

import cv2
import numpy as np
from PySide6.QtGui import QImage

from app.core.frame import Frame
from app.gui.contact_sheet.tile_frame import TileFrame
from app.gui.state.pictures import Pictures, Preview

KEPT = 400
OUTSIDE = 18
"""Grey value beside the image."""


class Crops:
    """Cuts and keeps the pictures of tiles.

    Parameters
    ----------
    pictures : Pictures
        Whose previews they are cut from.
    """

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._kept: OrderedDict[tuple[str, int, int], QImage] = OrderedDict()

    def forget(self, images: Collection[str] = ()) -> None:
        """The pictures of these images may be others; without names of all."""
        for key in [key for key in self._kept if not images or key[0] in images]:
            del self._kept[key]

    def crop(self, image: str, frame: Frame, shown: TileFrame, side: int, ratio: float) -> QImage | None:
        """The picture of a tile of `side` screen pixels, or None where its image has no preview yet."""
        preview = self._pictures.preview(image)
        if preview is None:
            return None
        key = (image, round(float(shown.xy[0]) * 4), round(float(shown.xy[1]) * 4))
        if key not in self._kept:
            self._kept[key] = _cut(preview, frame, shown, side, ratio)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]


def _cut(preview: Preview, frame: Frame, shown: TileFrame, side: int, ratio: float) -> QImage:
    shrink = np.array([preview.shape[1] / frame.width, preview.shape[0] / frame.height])
    size = round(side * ratio)
    middle = frame.to_corner(shown.xy) * shrink - 0.5
    linear = np.diag(shrink) @ shown.linear / ratio  # preview pixels per pixel of the screen
    matrix = np.c_[linear, middle - linear @ np.full(2, (size - 1) / 2)]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpAffine(preview, matrix, (size, size), flags=flags, borderValue=OUTSIDE)
    pixels = 255 - pixels if frame.orientation.inverted else pixels
    crop = QImage(pixels.tobytes(), size, size, size, QImage.Format.Format_Grayscale8).copy()
    crop.setDevicePixelRatio(ratio)
    return crop
