"""How large a pixel is, said by the reader: typed, or measured on an object of known length in the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QFocusEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.core.frame import Frame, Provenance
from app.core.landmark import ReviewState
from app.gui.image.tools.ruler import Ruler
from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import PlainLabel
from app.project.changes import Change

if TYPE_CHECKING:
    from app.gui.image.image_view import ImageView

SHORTEST = 10.0
"""A line below this many pixels tells nothing."""


def spacing_words(frame: Frame | None) -> str:
    """The size of a pixel and who says so."""
    spacing = frame.spacing if frame is not None else None
    if spacing is None:
        return "unknown"
    one = f"{spacing.column_mm:.4g}"
    if spacing.row_mm != spacing.column_mm:
        one = f"{spacing.column_mm:.4g} across, {spacing.row_mm:.4g} down"
    return f"{one} mm, {spacing.provenance.value}"


class _Number(QDoubleSpinBox):
    """What stands there is replaced by what is typed, however the field got the focus."""

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        QTimer.singleShot(0, self, self.selectAll)  # after the press of the mouse, which would place the cursor


def _number(name: str, suffix: str, decimals: int, most: float) -> QDoubleSpinBox:
    """A field that is empty until somebody gives a value: at its least value, 0, it shows no number."""
    box = _Number()
    box.setAccessibleName(name)
    box.setDecimals(decimals)
    box.setRange(0, most)
    box.setSpecialValueText("not given")
    box.setSuffix(suffix)
    box.setSingleStep(10 ** (1 - decimals))
    return box


class SpacingDialog(QDialog):
    """Stays beside the image while the reader draws on it. What is set is one undo step."""

    def __init__(self, parent: QWidget, controller: Controller, view: ImageView, selected: Sequence[str] = ()) -> None:
        super().__init__(parent)
        self._controller, self._view, self._selected = controller, view, set(selected)
        self.setObjectName("spacingDialog")
        self.setWindowTitle("Pixel size")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(440)
        self.is_now, self.will_be, self.remark = PlainLabel(), PlainLabel(), PlainLabel()
        self.typed, self.measured = QRadioButton("Type it"), QRadioButton("Measure a known length")
        self.per_pixel = _number("Size of a pixel in mm", " mm per pixel", 4, 10)
        self.length = _number("Length of the line in mm", " mm long", 1, 2000)
        self.scope = QComboBox()
        self.keep_button, self.reset_button = QPushButton("Set"), QPushButton("Back to the file’s own")
        self.ruler = Ruler(view, view)
        self._lay_out()
        self.typed.setChecked(True)
        self.measured.toggled.connect(self._show_way)
        for changed in (self.per_pixel.valueChanged, self.length.valueChanged, self.scope.currentIndexChanged):
            changed.connect(self._show_result)
        self.ruler.changed.connect(self._show_result)
        self.keep_button.clicked.connect(self.keep)
        self.reset_button.clicked.connect(self.reset)
        controller.imageChanged.connect(self._show_image)
        controller.sessionChanged.connect(self.close)
        controller.changed.connect(self._on_change)
        self._show_image()
        self.per_pixel.setFocus()
        self.adjustSize()
        self.move(parent.mapToGlobal(QPoint(parent.width() - self.width() - 16, 96)))  # beside the image, not over it

    def _lay_out(self) -> None:
        self.remark.setProperty("muted", "true")
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.setHorizontalSpacing(12)
        form.addRow("A pixel is now", self.is_now)
        form.addRow(self.typed, self.per_pixel)
        form.addRow(self.measured, self.length)
        form.addRow("", self.remark)
        form.addRow("A pixel will be", self.will_be)
        form.addRow("For", self.scope)
        foot = QHBoxLayout()
        foot.addWidget(self.reset_button)
        foot.addStretch()
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        for button in (close, self.keep_button):
            foot.addWidget(button)
        for button in (close, self.reset_button, self.keep_button):
            button.setAutoDefault(False)  # Enter sets a size only where one was given
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(16)
        layout.addLayout(form)
        layout.addLayout(foot)

    # --- what is shown

    def _on_change(self, change: Change) -> None:
        """What is typed and drawn stays, unless the size of this image's pixels is another now."""
        if not change.images or self._controller.image in change.images:
            now = spacing_words(self._frame)
            if now != self.is_now.text():
                self._show_image()
                return
        self._fill_scope()
        self._show_result()

    def _show_image(self, *_: object) -> None:
        frame = self._frame
        self.is_now.setText(spacing_words(frame))
        self.per_pixel.setValue(frame.spacing.column_mm if frame is not None and frame.spacing is not None else 0)
        self.ruler.set_ends(None)
        self._fill_scope()
        self._show_way(self.measured.isChecked())

    @property
    def _frame(self) -> Frame | None:
        return self._frame_of(self._controller.image)

    def _frame_of(self, image: str) -> Frame | None:
        """None also where the image was removed a moment ago."""
        session = self._controller.session
        try:
            return session.image(image).frame if session is not None else None
        except ValueError:
            return None

    def _fill_scope(self) -> None:
        """This image, those selected when the dialog opened, those without a size, all; accepted ones stay."""
        session, before = self._controller.session, self.scope.currentText()
        self.scope.clear()
        if session is None or not self._controller.image:
            return
        self.scope.addItem("this image", (self._controller.image,))
        entries = [session.image(name) for name in session.images]
        free = [entry for entry in entries if entry.frame is not None and entry.review != ReviewState.ACCEPTED]
        selected = frozenset(self._selected)
        chosen = tuple(entry.name for entry in free if entry.name in selected)
        if len(chosen) > 1:
            self.scope.addItem(f"{len(chosen)} selected images", chosen)
        unknown = tuple(entry.name for entry in free if entry.frame is not None and entry.frame.spacing is None)
        if unknown and unknown != (self._controller.image,):
            self.scope.addItem(f"{len(unknown)} images of unknown pixel size", unknown)
        if len(free) > 1:
            locked = len(entries) - len(free)
            words = f"{len(free)} of all {len(entries)} images" if locked else f"all {len(free)} images"
            self.scope.addItem(words, tuple(entry.name for entry in free))
            why = "Without those that are accepted or were not read yet" if locked else ""
            self.scope.setItemData(self.scope.count() - 1, why, Qt.ItemDataRole.ToolTipRole)
        self.scope.setCurrentIndex(max(self.scope.findText(before), 0))

    def _show_way(self, measuring: bool) -> None:
        self.per_pixel.setEnabled(not measuring)
        self.length.setEnabled(measuring)
        self._view.use_tool(self.ruler if measuring else None)
        self._show_result()

    def _show_result(self, *_: object) -> None:
        size = self.chosen
        pixels, words = self.ruler.length(), ""
        if self.measured.isChecked():
            following = "Its ends can be moved." if self.length.value() else "How long is it?"
            words = f"{pixels:.1f} px. {following}" if pixels else "Drag a line over it."
        self.remark.setText(words)
        self.will_be.setText(f"{size[1]:.4g} mm, {Provenance.GIVEN.value}" if size else "")
        self.keep_button.setEnabled(size is not None and self._would_change(size))
        self.keep_button.setDefault(self.keep_button.isEnabled())
        self.reset_button.setEnabled(bool(self._given))

    @property
    def chosen(self) -> tuple[float, float] | None:
        """Row and column spacing in mm as they would be set; None while the image was not read.

        Pixels keep the shape that the file gives them.
        """
        frame = self._frame
        if frame is None:
            return None
        shape = frame.spacing.row_mm / frame.spacing.column_mm if frame.spacing is not None else frame.aspect
        if self.typed.isChecked():
            return (self.per_pixel.value() * shape, self.per_pixel.value()) if self.per_pixel.value() else None
        if self.ruler.length() < SHORTEST or not self.length.value():
            return None
        column = self.length.value() / self.ruler.length(row=shape)
        return column * shape, column

    def _would_change(self, size: tuple[float, float]) -> bool:
        """Whether an image in scope has another size of pixels now."""
        frames = map(self._frame_of, self.scope.currentData() or ())
        spacings = [frame.spacing if frame is not None else None for frame in frames]
        step = 0.5 * 10 ** -self.per_pixel.decimals()  # what the field shows is rounded
        return any(s is None or max(abs(s.row_mm - size[0]), abs(s.column_mm - size[1])) > step for s in spacings)

    @property
    def _given(self) -> list[str]:
        """The images in scope whose pixel size a reader gave."""
        frames = [(name, self._frame_of(name)) for name in self.scope.currentData() or ()]
        return [n for n, f in frames if f and f.spacing and f.spacing.provenance == Provenance.GIVEN]

    # --- what is done

    def keep(self) -> None:
        """Set the size for the images in scope and close, unless the session refuses."""
        session, size = self._controller.session, self.chosen
        if session is None or size is None:
            return
        if self._controller.do(session.set_spacing, list(self.scope.currentData()), *size):
            self.close()

    def reset(self) -> None:
        """Take back what readers said of the images in scope."""
        if self._controller.session is not None and self._given:
            self._controller.do(self._controller.session.reset_spacing, self._given)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._view.use_tool(None)
        super().closeEvent(event)
