"""Which predictions were on the screen: only those may be accepted."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject

from app.gui.desk import Desk
from app.gui.image_view import ImageView
from app.gui.images_pane import ImagesPane


class Seen(QObject):
    """Notes, whenever an image view paints, which prediction it paints; the session knows it by its id."""

    def __init__(self, desk: Desk, images: ImagesPane) -> None:
        super().__init__(desk)
        self._desk = desk
        self._shown: dict[str, str] = {}
        self._views: dict[QObject, ImageView] = {}
        desk.sessionChanged.connect(self._shown.clear)
        images.viewAdded.connect(self._watch)
        for view in images.views:
            self._watch(view)

    def _watch(self, view: ImageView) -> None:
        self._views[view.viewport()] = view
        view.viewport().installEventFilter(self)

    @property
    def shown(self) -> Mapping[str, str]:
        """The prediction of each image that was painted last: see `Session.prediction_id`."""
        return self._shown

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note what is about to be painted."""
        view = self._views.get(watched) if event.type() == QEvent.Type.Paint else None
        if view is not None and view.image and view.grey.picture is not None and self._desk.session is not None:
            self._shown[view.image] = self._desk.session.prediction_id(view.image)
        return False
