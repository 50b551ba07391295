"""Pictures to look at: decoded by the engine's child, kept in memory for a few images, fetched ahead for neighbours."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import CancelledError, Future
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from app.engine.client import Picture
from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.widgets.grey import GreyPicture
from app.project.changes import Change, ImagesChanged, OrientationChanged, PredictionChanged, SpacingChanged

KEPT_PICTURES = 9
"""Four side by side, and those that are fetched ahead."""
KEPT_PREVIEWS = 256

Preview = npt.NDArray[np.uint8]


class Pictures(QObject):
    """Cache of pictures and previews of the open project."""

    ready = Signal(str)
    failed = Signal(str, str)

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller)
        self._controller, self._bridge = controller, bridge
        self._pictures: OrderedDict[str, GreyPicture] = OrderedDict()
        self._sha256: dict[str, str] = {}
        self._paths: dict[str, Path] = {}
        self._previews: OrderedDict[str, Preview] = OrderedDict()
        self._asked: dict[str, Future[Picture]] = {}
        self._generation = 0
        controller.sessionChanged.connect(self.forget)
        controller.changed.connect(self._on_change)

    def forget(self) -> None:
        """Another project: everything cached or under way is of the old one."""
        self._generation += 1
        for kept in (self._pictures, self._previews, self._asked, self._sha256, self._paths):
            kept.clear()

    def _on_change(self, change: Change) -> None:
        if isinstance(change, ImagesChanged):
            self._forget_other_files(set(self._controller.open_session().images))
        for name in change.images:
            if isinstance(change, PredictionChanged):
                self._compare(name)
            elif isinstance(change, SpacingChanged | OrientationChanged) and name in self._pictures:
                frame = self._controller.open_session().image(name).frame
                self._pictures[name].frame = frame or self._pictures[name].frame

    def _forget_other_files(self, names: set[str]) -> None:
        """Images came, went or moved: a name may stand for another file now."""
        for name, path in list(self._paths.items()):
            if name not in names or self._controller.open_session().image(name).path != path:
                for kept in (self._pictures, self._previews, self._asked, self._sha256, self._paths):
                    kept.pop(name, None)

    def _compare(self, name: str) -> None:
        """The file has just been read: what was shown of it so far may be out of date."""
        self._previews.pop(name, None)
        facts = self._controller.open_session().image(name).facts
        if name in self._pictures and facts is not None and facts.sha256 != self._sha256.get(name):
            del self._pictures[name]
            self._ask(name)

    def picture(self, name: str) -> GreyPicture | None:
        """The decoded picture if it is there; else None, and `ready` follows once `fetch` was called."""
        found = self._pictures.get(name)
        if found is not None:
            self._pictures.move_to_end(name)
        return found

    def fetch(self, names: list[str]) -> None:
        """Have these decoded, in this order, unless they are there or under way."""
        session = self._controller.session
        if session is None:
            return
        for name, future in list(self._asked.items()):
            if name not in names and future.cancel():  # the reader has gone on; running ones end as they like
                self._asked.pop(name, None)
        for name in reversed(names):
            self.picture(name)  # what is wanted most is forgotten last
        for name in names:
            if name not in self._pictures and name not in self._asked:
                self._ask(name)

    def _ask(self, name: str) -> None:
        session, generation = self._controller.open_session(), self._generation
        self._paths[name] = session.image(name).path
        future = self._asked[name] = session.engine.picture(self._paths[name])
        self._bridge.future(future, lambda done: self._arrived(name, generation, done))

    def _arrived(self, name: str, generation: int, done: Future[Picture]) -> None:
        if generation != self._generation or self._asked.get(name) is not done:
            return  # of another project, or of the file that had this name before
        del self._asked[name]
        session = self._controller.session
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
        self._sha256[name] = picture.facts.sha256
        while len(self._pictures) > KEPT_PICTURES:
            self._pictures.popitem(last=False)
        self.ready.emit(name)

    def preview(self, name: str) -> Preview | None:
        """The small 8-bit picture that came with the prediction, or None before it."""
        found, session = self._previews.get(name), self._controller.session
        if found is None and session is not None and name in session.images:  # a painter may ask after it was removed
            found = session.preview(name)
            if found is None:
                return None
            self._previews[name] = found
            self._paths[name] = session.image(name).path
            while len(self._previews) > KEPT_PREVIEWS:
                self._previews.popitem(last=False)
        elif found is not None:
            self._previews.move_to_end(name)
        return found

    def as_read(self, name: str) -> Preview | None:
        """The preview in true proportions, turned, mirrored and inverted as the image is read."""
        preview = self.preview(name)
        frame = self._controller.open_session().image(name).frame if preview is not None else None
        if preview is None or frame is None:
            return preview
        if frame.aspect != 1:  # shrink the longer way, so that it does not grow
            height, width = preview.shape
            size = (round(width / max(frame.aspect, 1)), round(height * min(frame.aspect, 1)))
            preview = np.asarray(cv2.resize(preview, np.maximum(size, 1).tolist(), interpolation=cv2.INTER_AREA))
        turned = frame.orientation.turned(preview)
        return np.ascontiguousarray(255 - turned if frame.orientation.inverted else turned)

    def anything(self, name: str) -> GreyPicture | None:
        """The picture, or its preview until it is decoded, or None."""
        found = self.picture(name)
        if found is None and self._controller.session is not None and name in self._controller.session.images:
            preview, frame = self.preview(name), self._controller.session.image(name).frame
            if preview is not None and frame is not None:
                return GreyPicture.of_preview(preview, frame)
        return found
