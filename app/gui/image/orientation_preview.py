"""Images as they would look in another orientation: seen before many are turned at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListView, QVBoxLayout, QWidget

from app.core.orientation import Orientation
from app.gui.widgets.plain_text import PlainLabel, tip
from app.project.session import Session

SIDE = 120
_Index = QModelIndex | QPersistentModelIndex


class OrientationList(QAbstractListModel):
    """Images with a tick each and a small picture of how they would look, drawn when they come into sight."""

    def __init__(self, session: Session, images: Sequence[str], remedy: Orientation) -> None:
        super().__init__()
        self._session, self._remedy = session, remedy
        self.images = tuple(images)
        self._ticked = set(images)

    @property
    def ticked(self) -> tuple[str, ...]:
        """The images that are to be read so."""
        return tuple(name for name in self.images if name in self._ticked)

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.images)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        name = self.images[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return name
            case Qt.ItemDataRole.ToolTipRole:
                return tip(name)
            case Qt.ItemDataRole.CheckStateRole:
                return Qt.CheckState.Checked if name in self._ticked else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.DecorationRole:
                return self._picture(name)
        return None

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        change = self._ticked.add if Qt.CheckState(value) == Qt.CheckState.Checked else self._ticked.discard
        change(self.images[index.row()])
        self.dataChanged.emit(index, index, [role])
        return True

    def _picture(self, name: str) -> QPixmap | None:
        stored, frame = self._session.preview(name), self._session.image(name).frame
        if stored is None or frame is None:
            return None
        orientation = frame.orientation.then(self._remedy)
        grey = np.ascontiguousarray(
            255 - orientation.turned(stored) if orientation.inverted else orientation.turned(stored)
        )
        image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.shape[1], QImage.Format.Format_Grayscale8)
        how = Qt.TransformationMode.SmoothTransformation
        return QPixmap.fromImage(image.scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio, how))


class OrientationDialog(QDialog):
    """Asks which of several images are read in another way; nothing is done before the reader agrees."""

    agreed = Signal(tuple)

    def __init__(
        self, parent: QWidget, session: Session, images: Sequence[str], remedy: Orientation, said: str
    ) -> None:
        super().__init__(parent)
        self.setObjectName("readingDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Read several images in another way")
        self.model = OrientationList(session, images, remedy)
        words = PlainLabel(f"{said} Here they are as they would be read: {remedy.words}.", wordWrap=True)
        self.list = QListView(uniformItemSizes=True, wordWrap=True)
        self.list.setViewMode(QListView.ViewMode.IconMode)
        self.list.setMovement(QListView.Movement.Static)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setIconSize(QSize(SIDE, SIDE))
        self.list.setGridSize(QSize(SIDE + 40, SIDE + 48))
        self.list.setModel(self.model)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.read = self.buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setDefault(True)
        self.buttons.accepted.connect(self._agree)
        self.buttons.rejected.connect(self.reject)
        self.model.dataChanged.connect(self._count)
        column = QVBoxLayout(self)
        column.addWidget(words)
        column.addWidget(self.list)
        column.addWidget(self.buttons)
        self.resize(560, 480)
        self._count()

    def _count(self, *_: object) -> None:
        number = len(self.model.ticked)
        self.read.setText(f"Read {number} image{'' if number == 1 else 's'} so")
        self.read.setEnabled(number > 0)

    def _agree(self) -> None:
        self.agreed.emit(self.model.ticked)
        self.accept()
