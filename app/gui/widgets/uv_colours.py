"""The two-dimensional colours of the chart, shared by image and template, so that the eye can carry a place over.

The map is a plane in OKLab, laid out so that equal steps in u or v are equal steps in colour (an isometry up to scale):

- u runs from blue to yellow (OKLab b). People with red-green deficiency see this axis fully.
- v runs from light to dark (OKLab L), helped by a little green to magenta (OKLab a). Protanopes and deuteranopes lose
  the a part and keep the lightness, so no two places of the chart collapse; tritanopes lose u but keep v, and the
  iso-lines carry u for them.

Lightness stays between .58 and .78: neither end vanishes on a bright or a dark radiograph, and there is no hue seam.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

ISO_STEP = 0.25
"""Distance between iso-lines in u and in v."""

_LIGHTNESS = 0.68
_PER_U = np.array([0.0, 0.0, 0.1124])  # change in OKLab (L, a, b) per unit of u
_PER_V = np.array([-0.095, 0.060, 0.0])  # the same length: sqrt(.095² + .060²) = .1124

_TO_LMS = np.array(
    [[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728], [1.0, -0.0894841775, -1.2914855480]]
)
_TO_LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def oklab(uv: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """OKLab coordinates [..., 3] of chart points [..., 2] (clipped to ±1.15)."""
    point = np.clip(np.asarray(uv, float), -1.15, 1.15)
    return np.asarray(np.array([_LIGHTNESS, 0.0, 0.0]) + point[..., :1] * _PER_U + point[..., 1:] * _PER_V)


def colours(uv: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """sRGB colours [..., 3] of chart points [..., 2]."""
    return srgb_of(oklab(uv))


def srgb_of(lab: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """sRGB colours [..., 3] of OKLab coordinates [..., 3]."""
    linear = (lab @ _TO_LMS.T) ** 3 @ _TO_LINEAR.T
    linear = np.clip(linear, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(srgb * 255), np.uint8)


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.uint8]:
    line = np.linspace(-1.15, 1.15, 256)
    return colours(np.stack(np.meshgrid(line, line), axis=-1))


def colour_field(u: npt.NDArray[np.floating], v: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """sRGB colours [h, w, 3] of a uv-map, by look-up in a table of 256 x 256 (a tenth of the time)."""
    scale = 255 / 2.3
    column = np.clip((np.nan_to_num(u) + 1.15) * scale + 0.5, 0, 255).astype(np.uint8)
    row = np.clip((np.nan_to_num(v) + 1.15) * scale + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(_table()[row, column])


def iso_values() -> npt.NDArray[np.float64]:
    """Values of u or v that have an iso-line."""
    return np.arange(-1 + ISO_STEP, 1, ISO_STEP)
