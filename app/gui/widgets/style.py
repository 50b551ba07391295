"""Fusion with arrows in the colours of the theme: its own ones are black, on a dark dialog too."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QWidget

from app.gui.widgets import theme

SIDE = 32
_ARROWS = {
    QStyle.StandardPixmap.SP_ArrowBack: 0,
    QStyle.StandardPixmap.SP_ArrowLeft: 0,
    QStyle.StandardPixmap.SP_ArrowUp: 90,
    QStyle.StandardPixmap.SP_FileDialogToParent: 90,
    QStyle.StandardPixmap.SP_ArrowForward: 180,
    QStyle.StandardPixmap.SP_ArrowRight: 180,
    QStyle.StandardPixmap.SP_ArrowDown: 270,
}
"""By how many degrees to the right an arrow to the left is turned."""


class Style(QProxyStyle):
    """What the whole application is painted by."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def standardIcon(
        self, which: QStyle.StandardPixmap, option: QStyleOption | None = None, widget: QWidget | None = None
    ) -> QIcon:
        """The icon of a dialog's button."""
        if which not in _ARROWS:
            return super().standardIcon(which, option, widget)
        icon = QIcon()
        for mode, colour in ((QIcon.Mode.Normal, theme.TEXT), (QIcon.Mode.Disabled, theme.FAINT)):
            icon.addPixmap(_arrow(_ARROWS[which], QColor(colour)), mode)
        return icon


def _arrow(degrees: int, colour: QColor) -> QPixmap:
    pixmap = QPixmap(SIDE, SIDE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.translate(SIDE / 2, SIDE / 2)
    painter.rotate(degrees)
    painter.drawLine(QPointF(-9, 0), QPointF(10, 0))
    painter.drawPolyline([QPointF(-1, -8), QPointF(-9, 0), QPointF(-1, 8)])
    painter.end()
    return pixmap
