"""Colours of numbers that lie on the template or over an image.

All maps are straight lines in OKLab, so equal steps of the number are equal steps for the eye, also for eyes that
can't tell red from green: the plain one runs from dark blue to light yellow, the two-sided one is blue below 0 and
orange above, and the nearer to 0 the more it is seen through. Thin lines take the warm one, from blue to red at nearly
one lightness: neither end is lost on a dark or a bright ground.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from app.gui.widgets.uv_colours import srgb_of

_FROM, _TO = np.array([0.27, 0.0, -0.09]), np.array([0.93, -0.03, 0.13])
_COLD, _WARM = np.array([0.62, -0.03, -0.13]), np.array([0.67, 0.16, 0.11])
_BELOW, _ABOVE = np.array([0.66, -0.05, -0.15]), np.array([0.72, 0.09, 0.14])
_STEPS = 256
MOST_Z = 4.0
"""Of robust z, colours are full from here on."""
CLEAR = 0.375
"""So small a share of the two-sided range is seen through wholly."""


@lru_cache(maxsize=2)
def _table(hot: bool) -> npt.NDArray[np.uint8]:
    start, end = (_COLD, _WARM) if hot else (_FROM, _TO)
    return srgb_of(start + np.linspace(0, 1, _STEPS)[:, None] * (end - start))


def warm(values: npt.NDArray[np.floating], low: float, high: float) -> npt.NDArray[np.uint8]:
    """As `plain`, for thin lines and small spots."""
    return _between(values, low, high, _table(True))


def plain(values: npt.NDArray[np.floating], low: float, high: float) -> npt.NDArray[np.uint8]:
    """Premultiplied BGRA [..., 4] of values between two limits; those beyond have the limit's colour, NaN has none."""
    return _between(values, low, high, _table(False))


def _between(
    values: npt.NDArray[np.floating], low: float, high: float, table: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    known = np.isfinite(values)
    share = np.clip((np.where(known, values, low) - low) / max(high - low, 1e-9), 0, 1)
    out = np.zeros((*values.shape, 4), np.uint8)
    out[..., :3] = table[np.rint(share * (_STEPS - 1)).astype(np.intp)][..., ::-1]
    out[..., 3] = 255
    out[~known] = 0
    return out


def two_sided(values: npt.NDArray[np.floating], most: float, opacity: float = 1.0) -> npt.NDArray[np.uint8]:
    """Premultiplied BGRA [..., 4] of values around 0: full colour from ±`most` on; NaN has none."""
    known = np.isfinite(values)
    share = np.where(known, values, 0) / most
    alpha = np.clip((np.abs(share) - CLEAR) / (1 - CLEAR), 0, 1) * opacity
    rgb = np.where((share < 0)[..., None], srgb_of(_BELOW), srgb_of(_ABOVE))
    out = np.empty((*values.shape, 4), np.uint8)
    out[..., :3] = np.rint(rgb[..., ::-1] * alpha[..., None])
    out[..., 3] = np.rint(alpha * 255)
    return out
