"""The strip under the template: the legend of its colours, or what a landmark that is dragged would change."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.gui.state.controller import Controller
from app.gui.state.view_state import Layer, Moving
from app.gui.template.layer_legend import legend_words, paint_legend
from app.gui.template.template_view import TemplateView, chart_picture
from app.gui.widgets import theme, uv_colours

HEIGHT = 40
SQUARE = 28


def move_words(moving: Moving) -> str:
    """What dropping a landmark here will do."""
    preview = moving.preview
    changing, kept = preview.changing, int(preview.kept.sum())
    words = f"{changing} placement{'' if changing == 1 else 's'} will change"
    return f"{words}, {kept} kept\n(corrected, confirmed, absent or accepted)" if kept else words


class TemplateFoot(QWidget):
    """Painted as a part of the template."""

    def __init__(self, controller: Controller, template: TemplateView) -> None:
        super().__init__()
        self.setObjectName("templateFoot")
        self.setFixedHeight(HEIGHT)
        self._controller, self._template = controller, template
        template.layerShown.connect(self._show)
        for signal in (
            controller.movingChanged,
            controller.lookChanged,
            controller.structureChanged,
            controller.sessionChanged,
        ):
            signal.connect(self._show)
        self._show()

    def _show(self, *_: object) -> None:
        self.setAccessibleName(self.words())
        self.update()

    def words(self) -> str:
        """What stands here now."""
        controller = self._controller
        if controller.session is None:
            return ""
        if controller.moving is not None:
            return move_words(controller.moving)
        if controller.state.layer is not Layer.NONE:
            return "\n".join(legend_words(controller, self._template.cohorts, self._template.layer))
        if not controller.look.uv:
            return "Choose a structure to see its uv colours"
        return f"u → right   v ↓ down   a line every {uv_colours.ISO_STEP:g}"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.BACKGROUND))
        left, layer = 12, self._controller.state.layer
        colours = self._template.layer.range
        if self._controller.session is None or self._controller.moving is not None:
            pass
        elif layer is not Layer.NONE:
            left = paint_legend(painter, left, HEIGHT, colours, layer) if colours is not None else left
        elif self._controller.look.uv:
            self._paint_square(painter, QRectF(left, (HEIGHT - SQUARE) / 2, SQUARE, SQUARE))
            left += SQUARE + 12
        painter.setFont(theme.font(small=True))
        painter.setPen(QColor(theme.TEXT if self._controller.moving else theme.MUTED))
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRect(left, 0, self.width() - left - 8, HEIGHT), int(align), self.words())
        painter.end()

    def _paint_square(self, painter: QPainter, square: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(square, chart_picture())
        painter.setPen(QPen(QColor(255, 255, 255, 110), 0.75))
        for value in uv_colours.iso_values():
            step = (float(value) + 1) / 2 * SQUARE
            across, down = square.left() + step, square.top() + step
            painter.drawLine(QPointF(across, square.top()), QPointF(across, square.bottom()))
            painter.drawLine(QPointF(square.left(), down), QPointF(square.right(), down))
