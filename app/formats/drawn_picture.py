"""The radiograph as it is read, with outlines and landmarks drawn into it: for Secondary Captures and reports."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from app.core.frame import Frame, Points
from app.core.mask_edit import outlines
from app.formats.project_view import ImageView, ProjectView, own_rows
from app.io.pixels import Image
from app.io.preprocess import CLIP_PERCENTILES

Grey = npt.NDArray[np.uint8]
_SHIFT = 4
"""Bits behind the point of the places that OpenCV draws at."""
_LINE_SHARE = 1 / 900
"""Width of a line over the picture's longer side."""


@dataclass(frozen=True)
class Shown:
    """How an image as stored becomes a picture: turned and mirrored as it is read, perhaps resized.

    Parameters
    ----------
    frame : Frame
    height, width : int
        Of the picture.
    """

    frame: Frame
    height: int
    width: int

    @classmethod
    def whole(cls, frame: Frame) -> Shown:
        """Pixel by pixel."""
        turned = frame.orientation.swaps_sides
        return cls(frame, frame.width if turned else frame.height, frame.height if turned else frame.width)

    @classmethod
    def fitted(cls, frame: Frame, longest: int) -> Shown:
        """In its true proportions, with no side longer than `longest`, and never larger than it is stored."""
        height, width = frame.height * frame.aspect, float(frame.width)
        scale = min(longest / max(height, width), 1.0)
        size = max(round(height * scale), 1), max(round(width * scale), 1)
        return cls(frame, *(size[::-1] if frame.orientation.swaps_sides else size))

    def places(self, xy: npt.ArrayLike) -> Points:
        """Native pixels [..., 2] to pixels of the picture [..., 2], (0, 0) the middle of its first one."""
        frame, turned = self.frame, Shown.whole(self.frame)
        middle = np.array([frame.width - 1, frame.height - 1]) / 2
        as_read = (np.asarray(xy, float) - middle) @ frame.orientation.linear.T
        as_read = as_read + np.array([turned.width - 1, turned.height - 1]) / 2
        scale = np.array([self.width / turned.width, self.height / turned.height])
        return np.asarray(frame.from_corner(frame.to_corner(as_read) * scale))

    def grey(self, image: Image) -> Grey:
        """The picture in 8 bits [height, width]: by the file's first window, else between clipping percentiles."""
        low, high = level_of(image)
        turned = self.frame.orientation.turned(image.pixels)
        scaled = (turned.astype(np.float32) - low) * (255 / max(high - low, 1e-6))
        grey = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        grey = 255 - grey if self.frame.orientation.inverted else grey
        if grey.shape == (self.height, self.width):
            return np.ascontiguousarray(grey)
        resized = cv2.resize(grey, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return np.asarray(resized, np.uint8)


def level_of(image: Image) -> tuple[float, float]:
    """The grey values that are shown black and white."""
    if image.windows:
        _, centre, width = image.windows[0]
        return centre - width / 2, centre + width / 2
    low, high = np.percentile(image.pixels, CLIP_PERCENTILES)
    return float(low), float(high)


def drawn_picture(image: ImageView, project: ProjectView, pixels: Image, shown: Shown, names: bool = True) -> Grey:
    """The picture [height, width, 3] (red, green, blue) with the outlines of all masks and the project's own landmarks.

    What is rejected or absent is not drawn. A landmark is a ring, with its name beside it if `names`.
    """
    canvas = np.repeat(shown.grey(pixels)[..., None], 3, axis=2)
    thick = max(1, round(max(canvas.shape[:2]) * _LINE_SHARE))
    for structure in project.template.structures:
        mask = image.mask(structure.name)
        for line in outlines(mask) if mask is not None else []:
            at = np.rint(shown.places(line) * (1 << _SHIFT)).astype(np.int32)
            cv2.polylines(canvas, [at], True, rgb(structure.colour), thick, cv2.LINE_AA, _SHIFT)
    colours = {mark.name: mark.colour for mark in project.own}
    marks = [(row.landmark, shown.places(row.xy)) for row in own_rows(image, project) if row.xy is not None]
    for name, (x, y) in marks:
        middle, radius = (round(x * (1 << _SHIFT)), round(y * (1 << _SHIFT))), 4 * thick << _SHIFT
        cv2.circle(canvas, middle, radius, rgb(colours[name]), thick, cv2.LINE_AA, _SHIFT)
    return _with_names(canvas, marks, colours, thick) if names else canvas


def _with_names(canvas: Grey, marks: list[tuple[str, Points]], colours: dict[str, str], thick: int) -> Grey:
    picture = Pillow.fromarray(canvas)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(11.0 * thick + 3)
    for name, (x, y) in marks:
        draw.text((x + 7 * thick, y - 7 * thick), name, rgb(colours[name]), font, stroke_width=thick, stroke_fill=0)
    return np.asarray(picture)


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of ``#rrggbb``, 0 to 255."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return red, green, blue


def png(picture: Grey) -> bytes:
    """A picture [H, W, 3] as PNG."""
    good, data = cv2.imencode(".png", picture[..., ::-1])
    if not good:
        raise OSError("A picture cannot be encoded.")
    return bytes(data)
