"""The pictures of the tiles: cut on a thread out of the previews that came with the predictions, and kept."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QTransform

from app.core.frame import Frame
from app.gui.contact_sheet.tile_frame import TileFrame
from app.gui.state.bridge import Bridge
from app.gui.state.pictures import Pictures, Preview

_LOG = logging.getLogger(__name__)

KEPT_BYTES = 64 << 20
OUTSIDE = 18
"""Grey value beside the image."""
BUDGET_SECONDS = 0.004
"""So long may previews be read from the file in one go before the window gets its turn."""


class Recipe(NamedTuple):
    """All that the pixels of a crop depend on, besides the preview.

    Attributes
    ----------
    image : str
    matrix : tuple of 6 float
        From device pixels (x, y, 1) of the tile to native pixels of the image, row by row; (0, 0) is the centre of the
        first pixel of each.
    side : int
        Device pixels.
    inverted : bool
    """

    image: str
    matrix: tuple[float, ...]
    side: int
    inverted: bool

    @classmethod
    def of(cls, image: str, frame: Frame, shown: TileFrame, side: int, ratio: float) -> Recipe:
        """How to cut a tile of `side` screen pixels, each of them `ratio` device pixels wide."""
        size, linear = round(side * ratio), shown.linear / ratio
        matrix = np.c_[linear, shown.xy - linear @ np.full(2, (size - 1) / 2)]
        return cls(image, tuple(matrix.reshape(-1).tolist()), size, frame.orientation.inverted)

    @property
    def affine(self) -> npt.NDArray[np.float64]:
        """The matrix [2, 3]."""
        return np.reshape(self.matrix, (2, 3))


@dataclass(frozen=True)
class Crop:
    """What there is to be painted of a tile.

    Attributes
    ----------
    pixels : QImage
    way : QTransform or None
        From its pixels to device pixels of the tile, corner to corner, where it was cut for another place or size and
        stands in; None where it was cut for just this.
    """

    pixels: QImage
    way: QTransform | None = None


class Order(NamedTuple):
    """A crop that is to be cut.

    Attributes
    ----------
    recipe : Recipe
    preview : array [h, w], uint8
    shrink : tuple of float
        Preview pixels per native pixel, along x and y.
    generation : tuple of int
        Of `Crops`: what was ordered before its image was forgotten is not wanted any more.
    """

    recipe: Recipe
    preview: Preview
    shrink: tuple[float, float]
    generation: tuple[int, int]


class Cutter:
    """Cuts crops on a thread that lives as long as there is something to cut; OpenCV lets the window go on meanwhile.

    Parameters
    ----------
    bridge : Bridge
    done : callable
        Called on the GUI thread with the order and what was cut.
    """

    def __init__(self, bridge: Bridge, done: Callable[[tuple[Order, QImage]], None]) -> None:
        self._bridge, self._done = bridge, done
        self._lock = threading.Lock()
        self._waiting: deque[Order] = deque()
        self._running = False

    def add(self, orders: Sequence[Order]) -> None:
        """Have these cut after those that wait."""
        with self._lock:
            self._waiting.extend(orders)
            if self._running or not self._waiting:
                return
            self._running = True
        threading.Thread(target=self._run, name="crops", daemon=True).start()

    def drop_but(self, wanted: Callable[[Recipe], bool]) -> list[Recipe]:
        """Cut only what is `wanted` of what waits; returns what is not cut."""
        with self._lock:
            waiting, self._waiting = self._waiting, deque()
            for order in waiting:
                if wanted(order.recipe):
                    self._waiting.append(order)
        return [order.recipe for order in waiting if not wanted(order.recipe)]

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running = False
                    return
                order = self._waiting.popleft()
            try:
                crop = cut(order)
            except Exception:  # one crop that can't be cut must not leave all others without a picture
                _LOG.exception("A crop of the contact sheet could not be cut.")
                continue
            self._bridge.post(self._done, (order, crop))


def cut(order: Order) -> QImage:
    """Cut one crop."""
    recipe, shrink = order.recipe, np.array(order.shrink)
    # Native pixels to preview pixels: both count from the corner of the first one, half a pixel from its centre.
    matrix = shrink[:, None] * recipe.affine
    matrix[:, 2] += 0.5 * shrink - 0.5
    size = recipe.side
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpAffine(order.preview, matrix, (size, size), flags=flags, borderValue=OUTSIDE)
    pixels = 255 - pixels if recipe.inverted else pixels
    return QImage(pixels.tobytes(), size, size, size, QImage.Format.Format_Grayscale8).copy()


class Crops(QObject):
    """Has crops cut and keeps them.

    Parameters
    ----------
    pictures : Pictures
        Whose previews they are cut from.
    bridge : Bridge
    """

    arrived = Signal(str)
    """A crop of this image is there."""

    def __init__(self, pictures: Pictures, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._kept: OrderedDict[Recipe, QImage] = OrderedDict()
        self._bytes = 0
        self._latest: dict[str, Recipe] = {}
        self._wanted: dict[Recipe, Frame] = {}
        self._under_way: set[Recipe] = set()
        self._project, self._generations = 0, dict[str, int]()
        self._cutter = Cutter(bridge, self._take)
        self._feed = QTimer(self, singleShot=True, interval=0)
        self._feed.timeout.connect(self._order)

    @property
    def complete(self) -> bool:
        """Whether all that was wanted last is there."""
        return not self._wanted and not self._under_way

    def forget(self, images: Collection[str] = ()) -> None:
        """The pictures of these images may be others; without names of all."""
        for name in images:
            self._generations[name] = self._generations.get(name, 0) + 1
        if not images:
            self._project += 1
            self._wanted.clear()
        for recipe in [recipe for recipe in self._kept if not images or recipe.image in images]:
            self._bytes -= self._kept.pop(recipe).sizeInBytes()
        self._drop_but(lambda recipe: bool(images) and recipe.image not in images)

    def _drop_but(self, wanted: Callable[[Recipe], bool]) -> None:
        self._under_way.difference_update(self._cutter.drop_but(wanted))

    def _generation(self, image: str) -> tuple[int, int]:
        return self._project, self._generations.get(image, 0)

    def get(self, recipe: Recipe) -> Crop | None:
        """A crop, or what stands in for it until it is cut: one of the same image, for another place or size."""
        found = self._kept.get(recipe)
        if found is not None:
            self._kept.move_to_end(recipe)
            self._latest[recipe.image] = recipe
            return Crop(found)
        other = self._latest.get(recipe.image)
        old = self._kept.get(other) if other is not None else None
        return None if old is None or other is None else Crop(old, _way(other, recipe))

    def expects(self, recipe: Recipe) -> bool:
        """Whether a crop is on its way."""
        return recipe in self._wanted or recipe in self._under_way

    def want(self, recipes: dict[Recipe, Frame]) -> None:
        """Have these cut, in this order, with the frames of their images; what was wanted before no longer is."""
        self._drop_but(recipes.__contains__)
        known = self._under_way | self._kept.keys()
        self._wanted = {recipe: frame for recipe, frame in recipes.items() if recipe not in known}
        if self._wanted:
            self._feed.start()

    def _order(self) -> None:
        """Read previews for a moment and hand them to the thread; a turn of the event loop later it goes on."""
        orders, end = [], time.perf_counter() + BUDGET_SECONDS
        while self._wanted and time.perf_counter() < end:
            recipe = next(iter(self._wanted))
            frame = self._wanted.pop(recipe)
            preview = self._pictures.preview(recipe.image)
            if preview is not None:
                shrink = preview.shape[1] / frame.width, preview.shape[0] / frame.height
                orders.append(Order(recipe, preview, shrink, self._generation(recipe.image)))
        self._under_way.update(order.recipe for order in orders)
        self._cutter.add(orders)
        if self._wanted:
            self._feed.start()

    def _take(self, done: tuple[Order, QImage]) -> None:
        order, pixels = done
        self._under_way.discard(order.recipe)
        if order.generation != self._generation(order.recipe.image):
            self.arrived.emit(order.recipe.image)  # painted again, it is wanted again
            return
        self._kept[order.recipe] = pixels
        self._latest[order.recipe.image] = order.recipe
        self._bytes += pixels.sizeInBytes()
        while self._bytes > KEPT_BYTES:
            self._bytes -= self._kept.popitem(last=False)[1].sizeInBytes()
        self.arrived.emit(order.recipe.image)


def _way(old: Recipe, new: Recipe) -> QTransform:
    """From pixels of one crop to those of another of the same image, corner to corner."""
    before, after = old.affine, new.affine
    linear = np.linalg.solve(after[:, :2], before[:, :2])
    shift = np.linalg.solve(after[:, :2], before[:, 2] - after[:, 2]) + 0.5 - linear @ np.full(2, 0.5)
    (a, b), (c, d) = linear.tolist()
    return QTransform(a, c, b, d, *shift.tolist())
