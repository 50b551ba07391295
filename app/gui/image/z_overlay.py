"""How far an image is from the others, over the image: values of the template's cells, carried back by the uv-maps."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from app.core.cohort import SIDE
from app.core.prediction import Prediction
from app.gui.state.view_state import ZMap
from app.gui.widgets.colour_maps import MOST_Z, two_sided
from app.gui.widgets.drawing import bgra_image

FINER = 2
"""Pixels of the picture along a side of one of the network's."""


def values_in(z_map: ZMap, prediction: Prediction, channel: int) -> npt.NDArray[np.float32]:
    """One structure's values on the network's grid, `FINER` times as fine [h, w]; NaN where none is known.

    The uv-map says which cell a pixel shows; between cells it is bilinear, and where not all four are known the
    nearest counts.
    """
    _, height, width = prediction.masks.shape
    size = (FINER * width, FINER * height)
    u, v = (cv2.resize(np.nan_to_num(a.astype(np.float32), nan=9.0), size) for a in prediction.uv[channel])
    column, row = ((axis + 1) * np.float32(SIDE / 2) - np.float32(0.5) for axis in (u, v))
    cells = z_map.cells.picture(z_map.values, channel)
    fine = cv2.remap(cells, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=float("nan"))
    near = cv2.remap(cells, column, row, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=float("nan"))
    return np.asarray(np.where(np.isnan(fine), near, fine), np.float32)


def z_picture(z_map: ZMap, prediction: Prediction, channel: int, opacity: float) -> QImage:
    """The colours of one structure on the network's grid, `FINER` times as fine; nothing where nothing is known."""
    return bgra_image(two_sided(values_in(z_map, prediction, channel), MOST_Z, opacity))
