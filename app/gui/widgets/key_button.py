"""A calm button for the toolbar: an action's words and, in grey beside them, its key."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from app.gui.widgets import theme
from app.gui.widgets.plain_text import tip


def key_text(action: QAction) -> str:
    """An action's first key as a reader would say it."""
    text = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return text.replace("Return", "↵").replace("Enter", "↵")


def keeps_key(event: QEvent, keys: Sequence[Qt.Key], shift: bool = False) -> bool:
    """Whether a focused view takes this plain key before the window's shortcuts do; accepts the event if so.

    With `shift` also together with Shift.
    """
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if held and not (shift and held == Qt.KeyboardModifier.ShiftModifier):
        return False
    if event.key() not in keys:
        return False
    event.accept()
    return True


class KeyButton(QAbstractButton):
    """Shows and triggers a QAction; checked ones are tinted, `good` tints a command such as Accept."""

    def __init__(self, action: QAction, words: str = "", good: bool = False) -> None:
        super().__init__()
        self.show_key = True
        self.action, self._own_words, self._words, self._good = action, words, "", good
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self._words = self._own_words or self.action.text().replace("&", "")
        self.setText(self._words)
        self.setAccessibleName(self._words)
        self.setEnabled(self.action.isEnabled())
        key = key_text(self.action)
        self.setToolTip(tip(f"{self.action.toolTip()}  ({key})" if key else self.action.toolTip()))
        self.updateGeometry()
        self.update()

    def key_width(self) -> int:
        """What the key needs beside the words, in pixels."""
        key = key_text(self.action)
        return QFontMetrics(theme.font(small=True)).horizontalAdvance(key) + 8 if key else 0

    def set_show_key(self, show: bool) -> None:
        """Show the key beside the words, or in the tip alone."""
        if show != self.show_key:
            self.show_key = show
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        width = QFontMetrics(theme.font()).horizontalAdvance(self._words) + 20
        return QSize(width + (self.key_width() if self.show_key else 0), 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        checked = self.action.isCheckable() and self.action.isChecked()
        fill, ink = QColor(0, 0, 0, 0), QColor(theme.TEXT)
        if checked:
            fill, ink = QColor(theme.PRESSED), QColor(theme.PRESSED_TEXT)
        elif self._good:
            fill, ink = QColor(theme.GOOD), QColor(theme.TEXT)
            fill.setAlpha(70)
        if not self.isEnabled():
            ink = QColor(theme.FAINT)
            fill.setAlpha(0)
        elif self.isDown():
            fill = fill.lighter(80) if fill.alpha() else QColor(theme.BACKGROUND)
        elif self.underMouse():
            fill = fill.lighter(115) if fill.alpha() else QColor(theme.RAISED)
        painter.setPen(QPen(QColor(theme.ACCENT), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(rect, 4, 4)
        painter.setFont(theme.font())
        painter.setPen(ink)
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(self.rect().adjusted(10, 0, 0, 0), middle, self._words)
        key = key_text(self.action) if self.show_key else ""
        if key:
            painter.setFont(theme.font(small=True))
            ink.setAlpha(150 if self.isEnabled() else 90)
            painter.setPen(ink)
            painter.drawText(self.rect().adjusted(0, 0, -10, 0), middle | int(Qt.AlignmentFlag.AlignRight), key)
        painter.end()
