"""Fusion, but its arrows have the colours of the theme, and a click on a button does not take the focus.

Fusion's own arrows are black, on a dark dialog too. A button that has the focus takes Space and Enter; one that hides
itself gives it to whatever comes next, so that the next key would press that.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QApplication, QProxyStyle, QStyle, QStyleOption, QWidget

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

    def polish(self, what: QApplication | QPalette | QWidget) -> None:  # type: ignore[override]
        """Called once for each widget before it is shown."""
        super().polish(what)
        if isinstance(what, QAbstractButton) and what.focusPolicy() == Qt.FocusPolicy.StrongFocus:
            what.setFocusPolicy(Qt.FocusPolicy.TabFocus)

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
