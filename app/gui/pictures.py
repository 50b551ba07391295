"""Pictures to look at: decoded by the engine's child, kept in memory for a few images, fetched ahead for neighbours."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import CancelledError, Future

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from app.engine.client import Picture
from app.gui.bridge import Bridge
from app.gui.desk import Desk
from app.gui.grey import GreyPicture
from app.store.entries import Change

KEPT_PICTURES = 6
KEPT_PREVIEWS = 256

Preview = npt.NDArray[np.uint8]


class Pictures(QObject):
    """Cache of pictures and previews of the open project."""

    ready = Signal(str)
    failed = Signal(str, str)

    def __init__(self, desk: Desk, bridge: Bridge) -> None:
        super().__init__(desk)
        self._desk, self._bridge = desk, bridge
        self._pictures: OrderedDict[str, GreyPicture] = OrderedDict()
        self._previews: OrderedDict[str, Preview] = OrderedDict()
        self._asked: dict[str, Future[Picture]] = {}
        self._generation = 0
        desk.sessionChanged.connect(self.forget)
        desk.changed.connect(self._on_change)

    def forget(self) -> None:
        """Another project: everything cached or under way is of the old one."""
        self._generation += 1
        self._pictures.clear()
        self._previews.clear()
        self._asked.clear()

    def _on_change(self, change: Change) -> None:
        for name in change.images if change.kind in ("spacing", "reading") else ():
            frame = self._desk.open_session().image(name).frame
            if name in self._pictures and frame is not None:
                self._pictures[name].frame = frame

    def picture(self, name: str) -> GreyPicture | None:
        """The decoded picture if it is there; else None, and `ready` follows once `fetch` was called."""
        found = self._pictures.get(name)
        if found is not None:
            self._pictures.move_to_end(name)
        return found

    def fetch(self, names: list[str]) -> None:
        """Have these decoded, in this order, unless they are there or under way."""
        session = self._desk.session
        if session is None:
            return
        for name, future in list(self._asked.items()):
            if name not in names and future.cancel():  # the reader has gone on; running ones end as they like
                self._asked.pop(name, None)
        for name in names:
            if name in self._pictures or name in self._asked:
                continue
            generation = self._generation
            self._asked[name] = session.engine.picture(session.image(name).path)
            self._bridge.future(
                self._asked[name],
                lambda done, name=name, generation=generation: self._arrived(name, generation, done),  # type: ignore[misc]
            )

    def _arrived(self, name: str, generation: int, done: Future[Picture]) -> None:
        if generation != self._generation:
            return
        if self._asked.get(name) is done:
            del self._asked[name]
        session = self._desk.session
        if session is None or name not in session.images:
            return
        try:
            picture = done.result()
        except CancelledError:
            return
        except Exception as error:
            self.failed.emit(name, str(error))
            return
        frame = session.image(name).frame or picture.facts.frame
        self._pictures[name] = GreyPicture.of(picture.pixels, frame, picture.windows)
        while len(self._pictures) > KEPT_PICTURES:
            self._pictures.popitem(last=False)
        self.ready.emit(name)

    def preview(self, name: str) -> Preview | None:
        """The small 8-bit picture that came with the prediction, or None before it."""
        found = self._previews.get(name)
        if found is None and self._desk.session is not None:
            found = self._desk.session.preview(name)
            if found is None:
                return None
            self._previews[name] = found
            while len(self._previews) > KEPT_PREVIEWS:
                self._previews.popitem(last=False)
        elif found is not None:
            self._previews.move_to_end(name)
        return found

    def as_read(self, name: str) -> Preview | None:
        """The preview turned, mirrored and inverted as the image is read."""
        preview, frame = self.preview(name), self._desk.open_session().image(name).frame
        if preview is None or frame is None:
            return preview
        turned = frame.reading.turned(preview)
        return np.ascontiguousarray(255 - turned if frame.reading.inverted else turned)

    def anything(self, name: str) -> GreyPicture | None:
        """The picture, or its preview until it is decoded, or None."""
        found = self.picture(name)
        if found is None and self._desk.session is not None and name in self._desk.session.images:
            preview, frame = self.preview(name), self._desk.session.image(name).frame
            if preview is not None and frame is not None:
                return GreyPicture.of_preview(preview, frame)
        return found
