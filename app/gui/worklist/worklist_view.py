"""The worklist: a filter, chips, and one painted row per image."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QMouseEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.gui.state.controller import Controller
from app.gui.state.pictures import Pictures
from app.gui.widgets import theme
from app.gui.widgets.one_button import OneButton
from app.gui.widgets.plain_text import PlainLabel, caption
from app.gui.worklist.value_filter import ConditionDialog, ValueFilter, condition_of
from app.gui.worklist.worklist_model import Order, WorklistModel
from app.gui.worklist.worklist_row import ROW, RowPainter
from app.project.changes import (
    CalipersChanged,
    Change,
    ImagesChanged,
    LandmarksChanged,
    MasksChanged,
    OrientationChanged,
    PlacementsChanged,
    PredictionChanged,
    ReviewsChanged,
    SpacingChanged,
)

CORRECTING = ReviewsChanged | PlacementsChanged | MasksChanged | CalipersChanged | SpacingChanged
TURN_SECONDS = 0.005
"""So long images are looked up for the counts in one turn of the event loop."""


class Worklist(QWidget):
    """Filter, chips and list; the current row is the shown image, and more rows can be selected for actions on many."""

    menuWanted = Signal(list, QPoint)
    ordered = Signal(str)
    selectionCounted = Signal(int)
    """So many rows are selected now."""
    filtered = Signal()
    """The reader has done with the filter, by Enter or Esc."""

    def __init__(self, controller: Controller, pictures: Pictures) -> None:
        super().__init__()
        self._controller = controller
        self.model = WorklistModel(controller, self)
        self.filter = QLineEdit(clearButtonEnabled=True)
        self.filter.setObjectName("worklistFilter")
        self.filter.setAccessibleName("Filter images by name, state or remark")
        self.list = QListView(uniformItemSizes=True)
        self.list.setLayoutMode(QListView.LayoutMode.Batched)  # an emptied filter brings all rows back: not all at once
        self.list.setBatchSize(500)
        self.list.setMouseTracking(True)
        self.list.setObjectName("worklist")
        self.list.setAccessibleName("Worklist")
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setModel(self.model)
        OneButton(self.list)
        self.painter = RowPainter(self.model, pictures, self.list)
        self.list.setItemDelegate(self.painter)
        self.sorting, self.unread, self.flagged, self.value = (QPushButton() for _ in range(4))
        self.values = ValueFilter(controller, self)
        self._recount = QTimer(self, singleShot=True, interval=120)
        self._again = QTimer(self, singleShot=True, interval=0)
        self._again.timeout.connect(self.arrange)
        self._reveal = QTimer(self, singleShot=True, interval=0)
        self._reveal.timeout.connect(self._reveal_current)
        self._recount.timeout.connect(self._show_counts)
        self._lay_out()
        self._listen()
        self._show_nothing()
        self._show_counts()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The chosen row stays in view where it was: as the list becomes lower, and when it comes back.

        The right button opens a menu and chooses nothing: the image that is looked at stays.
        """
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            return event.button() == Qt.MouseButton.RightButton
        if event.type() == QEvent.Type.Show:
            self._reveal.start()
        elif isinstance(event, QResizeEvent):
            row = self.list.visualRect(self.list.currentIndex())
            if row.isValid() and row.top() < event.oldSize().height() and row.bottom() > 0:
                self._reveal.start()
        return bool(super().eventFilter(watched, event))

    def _lay_out(self) -> None:
        chips = QHBoxLayout()
        chips.setSpacing(theme.STEP)
        for chip in (self.sorting, self.unread, self.flagged):
            chip.setCheckable(chip is not self.sorting)
            chip.setProperty("chip", "true")
            chips.addWidget(chip)
        chips.addStretch()
        self.value.setProperty("chip", "true")
        self.value.setObjectName("valueChip")
        self.value.setCheckable(True)
        self.value.setChecked(True)
        self.value.setToolTip("Only images whose measurement is like this are shown. A click shows all again")
        self.value.hide()
        self.sorting.setToolTip("Sort the worklist")
        self.unread.setToolTip("Show only what is unread or in progress")
        self.flagged.setToolTip("Show only what is rejected, wants a second opinion or has a problem")
        self.set_order(Order.ADDED)
        top = QVBoxLayout()
        top.setContentsMargins(12, 12, 12, 0)
        top.setSpacing(8)
        top.addWidget(self.filter)
        top.addLayout(chips)
        top.addWidget(self.value, alignment=Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.nothing = PlainLabel("No image fits the filter.")
        self.nothing.setProperty("muted", "true")
        self.nothing.setContentsMargins(12, 4, 12, 4)
        layout.addLayout(top)
        layout.addWidget(self.nothing)
        layout.addWidget(self.list)

    def _listen(self) -> None:
        self.filter.textChanged.connect(self._filter_changed)
        self.filter.returnPressed.connect(self._show_found)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.filter, context=Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._leave_filter)
        self.model.modelReset.connect(self._show_nothing)
        self.model.unfinished.connect(self._again.start)
        self.list.customContextMenuRequested.connect(self._ask_menu)
        self.list.viewport().installEventFilter(self)
        self.value.clicked.connect(self.values.clear)
        self.values.changed.connect(self._values_changed)
        for chip in (self.unread, self.flagged):
            chip.toggled.connect(self._chips_changed)
        self.list.selectionModel().currentChanged.connect(self._row_chosen)
        self.list.selectionModel().selectionChanged.connect(
            lambda *_: self.selectionCounted.emit(len(self.list.selectionModel().selectedRows()))
        )
        self._controller.imageChanged.connect(self._show_current)
        self._controller.imagePassed.connect(self._show_current)
        self._controller.sessionChanged.connect(self._on_session)
        self._controller.changed.connect(self._on_change)

    def _on_session(self) -> None:
        self.painter.forget()
        self._show_counts()

    def _on_change(self, change: Change) -> None:
        if isinstance(change, ImagesChanged):
            self.painter.forget(change.images)
            chosen = self.selected()
            self.model.follow(change.images)
            self._select(chosen)
        elif isinstance(change, PredictionChanged | OrientationChanged):
            self.painter.forget(change.images)
            self.model.refresh(change.images)
        elif isinstance(change, CORRECTING):
            self.model.refresh(change.images)
        elif isinstance(change, LandmarksChanged):
            self.model.refresh(())
            return
        self._recount.start()

    def _filter_changed(self, text: str) -> None:
        self.model.text = text
        self.arrange()

    def _show_found(self) -> None:
        """Enter: on to the images, at the first that was found unless the shown one is among them."""
        self._take_condition()
        if self.model.shown and not self.model.index_of(self._controller.image).isValid():
            self._controller.show_image(self.model.shown[0])
        self.filtered.emit()

    def _leave_filter(self) -> None:
        """Esc: all images again."""
        self.filter.clear()
        self.filtered.emit()

    def _show_nothing(self) -> None:
        session = self._controller.session
        self.nothing.setVisible(session is not None and bool(session.images) and not self.model.shown)

    def _chips_changed(self) -> None:
        self.model.unread_only = self.unread.isChecked()
        self.model.flagged_only = self.flagged.isChecked()
        self.arrange()

    def _values_changed(self) -> None:
        self.value.setVisible(bool(self.values.words))
        self.value.setText(caption(f"{self.values.words}  ✕"))
        self.value.setChecked(True)
        self.model.passing = self.values.names
        self.arrange()

    def ask_condition(self) -> None:
        """Let the reader choose a condition on a measurement."""
        ConditionDialog(self.window(), self._controller, self.values.set).open()

    def _take_condition(self) -> bool:
        """Whether what stands in the filter is a condition on a measurement: then it becomes a chip."""
        session = self._controller.session
        known = [(one.number, one.name) for one in session.measurements] if session is not None else []
        condition = condition_of(self.filter.text(), known)
        if condition is not None:
            self.filter.clear()
            self.values.set(condition)
        return condition is not None

    def edit_filter(self) -> None:
        """Let the reader type a filter."""
        self.filter.setFocus()
        self.filter.selectAll()

    def arrange(self) -> None:
        """Filter anew, keeping what is selected."""
        chosen = self.selected()
        self.model.arrange()
        self._select(chosen)

    def set_order(self, order: Order) -> None:
        """Sort, and say so on the chip."""
        self.model.order = order
        self.sorting.setText(f"{order.value} ▾")
        self.sort()
        self.ordered.emit(order)

    def sort(self) -> None:
        """Sort anew, keeping what is selected."""
        chosen = self.selected()
        self.model.put_in_order()
        self._select(chosen)

    def selected(self) -> list[str]:
        """Names of the selected images, in the order of the list."""
        rows = sorted(index.row() for index in self.list.selectionModel().selectedRows())
        return [self.model.shown[row] for row in rows]

    def _select(self, names: list[str]) -> None:
        """Show the shown image as the current row, and these as selected."""
        self._show_current(self._controller.image)
        if len(names) > 1:
            selection = QItemSelection()
            for index in map(self.model.index_of, names):
                if index.isValid():
                    selection.select(index, index)
            self.list.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.Select)

    def _ask_menu(self, at: QPoint) -> None:
        names, index = self.selected(), self.list.indexAt(at)
        if index.isValid() and (under := self.model.shown[index.row()]) not in names:
            names = [under]
        if names:
            self.menuWanted.emit(names, self.list.viewport().mapToGlobal(at))

    def _show_current(self, name: str) -> None:
        index = self.model.index_of(name)
        if index.isValid():
            if index != self.list.currentIndex():
                # Not the view's own setCurrentIndex: with Ctrl held, as in Ctrl+Enter, that would add to the selection.
                self.list.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
                self._reveal.start()
        else:
            self.list.selectionModel().clear()

    def _reveal_current(self) -> None:
        """Scroll to the chosen row, as soon as the list has laid it out."""
        index = self.list.currentIndex()
        if not index.isValid() or not self.list.isVisible() or self.list.viewport().height() < ROW:
            return
        self.list.scrollTo(index)
        if not self.list.viewport().rect().contains(self.list.visualRect(index).center()):
            self._reveal.start()

    def _row_chosen(self, index: QModelIndex, _: QModelIndex) -> None:
        if index.isValid():
            self._controller.step_to(self.model.shown[index.row()])

    def _show_counts(self) -> None:
        session = self._controller.session
        count = len(session.images) if session else 0
        self.filter.setPlaceholderText(f"Filter {count} image{'' if count == 1 else 's'}" if count else "Filter images")
        if not self.model.look_up(TURN_SECONDS):  # give the window its turn
            QTimer.singleShot(0, self, self._show_counts)
            return
        unread, flagged = self.model.counts()
        self.unread.setText(f"Open {unread}")
        self.flagged.setText(f"Flagged {flagged}")

    def neighbour(self, step: int) -> str:
        """Name of the image `step` rows further, or empty at the ends."""
        names = self.model.shown
        if not names:
            return ""
        index = self.model.index_of(self._controller.image)
        row = index.row() + step if index.isValid() else (0 if step > 0 else len(names) - 1)
        return names[row] if 0 <= row < len(names) else ""

    def behind(self, name: str) -> str:
        """Name of the image below one of the list, or empty at its end; of an image that is filtered out, the first."""
        row = self.model.index_of(name).row() + 1
        return self.model.shown[row] if row < len(self.model.shown) else ""

    def neighbours(self) -> list[str]:
        """The images worth decoding ahead."""
        return [name for name in (self.neighbour(1), self.neighbour(-1), self.neighbour(2)) if name]
