"""Which predictions were on the screen: only those may be accepted."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject

from app.core.prediction import Prediction
from app.gui.image.image_view import ImageView
from app.gui.image.split_view import ImagesPane
from app.gui.state.controller import Controller


class Seen(QObject):
    """Notes, whenever an image view paints outlines or masks, whose they are; the session knows them by their id.

    A prediction counts as seen once its outlines or masks were drawn over the picture. With all of them switched off
    the plain picture was seen, and nothing of the prediction.
    """

    def __init__(self, controller: Controller, images: ImagesPane) -> None:
        super().__init__(controller)
        self._controller = controller
        self._shown: dict[str, str] = {}
        self._views: dict[QObject, ImageView] = {}
        self._noted: dict[ImageView, tuple[str, Prediction]] = {}
        controller.sessionChanged.connect(self._forget)
        controller.changed.connect(self._on_change)
        images.viewAdded.connect(self._watch)
        for view in images.views:
            self._watch(view)

    def _on_change(self, _: object) -> None:
        self._noted.clear()  # what is drawn may go by another id now

    def _forget(self) -> None:
        self._shown.clear()
        self._noted.clear()

    def _watch(self, view: ImageView) -> None:
        self._views[view.viewport()] = view
        view.viewport().installEventFilter(self)

    @property
    def shown(self) -> Mapping[str, str]:
        """The prediction of each image that was painted last: see `Session.prediction_id`."""
        return self._shown

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note what is about to be painted; the session is asked once per prediction, not once per frame."""
        view = self._views.get(watched) if event.type() == QEvent.Type.Paint else None
        drawn = view.overlay.outlined if view is not None else None
        if (
            view is None
            or view.pane.predicted
            or drawn is None
            or view.grey.picture is None
            or self._controller.session is None
        ):
            return False
        image, noted = view.image, self._noted.get(view)
        if noted is None or noted[0] != image or noted[1] is not drawn:
            self._shown[image] = self._controller.session.prediction_id(image)
            self._noted[view] = image, drawn
        return False
