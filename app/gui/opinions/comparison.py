"""An opinion beside ours: distances, Dice, limits of agreement, worst first; and what is taken over of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.core.agreement import Agreement, Limits, Pair, agreement_of, least_agreeing
from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.plain_text import PlainLabel, caption
from app.gui.widgets.question import confirmed
from app.project.changes import Change

if TYPE_CHECKING:
    from app.project.importing import ImportReport

IN_ONE_GO = 2
"""So many images are compared before the window gets its turn."""
MOST_PAIRS = 1000
"""So many are listed, the worst ones."""
OVERALL = ("Landmark or structure", "Images", "Mean", "Median", "Worst", "Bias and limits of agreement (95 %)")
WIDTHS = {"overall": (170, 64, 84, 84, 230), "single": (230, 170, 110)}
SINGLE = ("Image", "Landmark or structure", "Apart", "Theirs less ours")


def apart(pair: Pair, in_mm: bool) -> str:
    """How far two readers are apart, in words."""
    if pair.absent:
        return "absent here" if pair.absent == "ours" else "absent there"
    if np.isfinite(pair.dice):
        return f"Dice {pair.dice:.3f}"
    return f"{pair.distance(in_mm):.2f} {'mm' if in_mm else 'px'}"


def difference(pair: Pair, in_mm: bool) -> str:
    """Where theirs lies, or how much larger it is, than ours."""
    told = pair.told(in_mm).tolist()
    if len(told) == 2:
        return f"x {told[0]:+.2f}, y {told[1]:+.2f} {'mm' if in_mm else 'px'}"
    return f"area {told[0]:+.0f} {'mm²' if in_mm else 'px²'}" if told else ""


def limits_text(one: Agreement) -> str:
    """Bias and limits of x and y, or of the area."""
    unit = ("mm²" if one.in_mm else "px²") if one.of_masks else ("mm" if one.in_mm else "px")
    names = ("area",) if len(one.limits) == 1 else ("x", "y")

    def told(name: str, limits: Limits) -> str:
        spread = f" ({limits.low:+.1f} to {limits.high:+.1f})" if np.isfinite(limits.low) else ""
        return f"{name} {limits.bias:+.1f}{spread}"

    words = ", ".join(told(*each) for each in zip(names, one.limits, strict=True))
    return f"{words} {unit}" if words else ""


def middle_text(value: float, one: Agreement) -> str:
    """A mean or a median."""
    if not np.isfinite(value):
        return ""
    return f"{value:.3f}" if one.of_masks else f"{value:.2f} {'mm' if one.in_mm else 'px'}"


class OpinionsWindow(QDialog):
    """A window of its own beside the main one; it follows every change while it is seen.

    Attributes
    ----------
    pairs : list of Pair
        As they are listed.
    """

    def __init__(self, parent: QWidget, controller: Controller) -> None:
        super().__init__(parent)
        parent.installEventFilter(self)
        self._controller = controller
        self._of: dict[str, list[Pair]] = {}
        self._rest: list[str] = []
        self.pairs: list[Pair] = []
        self.found: tuple[Agreement, ...] = ()
        self.setObjectName("opinionsWindow")
        self.setWindowTitle("Opinions of others")
        self.resize(960, 600)
        self.opinion = QComboBox()
        self.opinion.setAccessibleName("Whose opinion")
        self.opinion.currentTextChanged.connect(self._begin)
        self.overall, self.single = _table(OVERALL, "Landmarks and structures"), _table(SINGLE, "Images, worst first")
        self.overall.itemSelectionChanged.connect(self._list_pairs)
        self.single.itemSelectionChanged.connect(self._check)
        for table, widths in ((self.overall, WIDTHS["overall"]), (self.single, WIDTHS["single"])):
            for column, width in enumerate(widths):
                table.setColumnWidth(column, width)
        self.single.itemDoubleClicked.connect(self._show_image)
        words = "Take over this one", "Take over all", "Delete…"
        self.one, self.all, self.gone = map(QPushButton, words)
        for button, act in ((self.one, self._take_one), (self.all, self._take_all), (self.gone, self._delete)):
            button.setAutoDefault(False)
            button.clicked.connect(act)
        self.remark = PlainLabel("", wordWrap=True)
        self.remark.setProperty("muted", "true")
        self._soon = QTimer(self, singleShot=True, interval=100)
        self._soon.timeout.connect(self._refresh)
        self._step = QTimer(self, interval=0)
        self._step.timeout.connect(self._go_on)
        controller.changed.connect(self._on_change)
        controller.sessionChanged.connect(self._forget)
        self._lay_out()

    def _lay_out(self) -> None:
        head, parts, layout = QHBoxLayout(), QSplitter(Qt.Orientation.Vertical), QVBoxLayout(self)
        head.addWidget(self.opinion, stretch=1)
        for button in (self.one, self.all, self.gone):
            head.addWidget(button)
        parts.addWidget(self.overall)
        parts.addWidget(self.single)
        layout.setSpacing(2 * theme.STEP)
        layout.addLayout(head)
        layout.addWidget(parts, stretch=1)
        layout.addWidget(self.remark)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Close:  # the main window's
            self.close()
        return False

    def showEvent(self, event: QShowEvent) -> None:
        self._forget()
        super().showEvent(event)

    # --- comparing, little by little

    def _on_change(self, change: Change) -> None:
        for image in change.images or tuple(self._of):
            self._of.pop(image, None)
        self._soon.start()

    def _forget(self) -> None:
        self._of.clear()
        self._soon.start()

    def _refresh(self) -> None:
        """List the opinions that there are, and compare anew what has changed."""
        if not self.isVisible():
            return
        session, before = self._controller.session, self.opinion.currentText()
        names = session.opinions if session is not None else ()
        self.opinion.blockSignals(True)
        self.opinion.clear()
        self.opinion.addItems([caption(name) for name in names])
        self.opinion.setCurrentIndex(max(self.opinion.findText(before), 0) if names else -1)
        self.opinion.blockSignals(False)
        self._compare()

    def _begin(self, _: str) -> None:
        self._of.clear()
        self._compare()

    @property
    def name(self) -> str:
        """The opinion that is compared; empty while there is none."""
        session, place = self._controller.session, self.opinion.currentIndex()
        names = session.opinions if session is not None else ()
        return names[place] if 0 <= place < len(names) else ""

    def _compare(self) -> None:
        session = self._controller.session
        images = session.opinion_images(self.name) if session is not None and self.name else ()
        there = set(images)
        self._of = {image: pairs for image, pairs in self._of.items() if image in there}
        self._rest = [image for image in images if image not in self._of]
        self._step.start()

    def _go_on(self) -> None:
        session, name = self._controller.session, self.name
        for _ in range(IN_ONE_GO):
            if self._rest and session is not None:
                image = self._rest.pop()
                self._of[image] = session.opinion_pairs(name, image)
        if not self._rest:
            self._step.stop()
            self._show()
        else:
            self.remark.setText(f"Comparing: {len(self._rest)} images are left …")

    def _show(self) -> None:
        """Fill the upper table: masks, then landmarks, each worst first."""
        groups: dict[tuple[bool, str], list[Pair]] = {}
        for pairs in self._of.values():
            for pair in pairs:
                groups.setdefault((pair.of_mask, pair.name), []).append(pair)
        found = [agreement_of(name, pairs) for (_, name), pairs in groups.items()]
        masks = least_agreeing([one for one in found if one.of_masks])
        self.found = (*masks, *least_agreeing([one for one in found if not one.of_masks]))
        rows = [
            (
                *(caption(one.name), str(len(one.pairs)), middle_text(one.mean, one), middle_text(one.median, one)),
                *(f"{apart(one.worst, one.in_mm)} in {one.worst.image}", limits_text(one)),
            )
            for one in self.found
        ]
        self.overall.blockSignals(True)
        _fill(self.overall, rows)
        self.overall.clearSelection()
        self.overall.blockSignals(False)
        self._list_pairs()
        self.remark.setText(
            "A row above lists its images below, worst first; a double click there shows the image. In the image its "
            "landmarks are diamonds and its outlines dotted."
            if self.name
            else "There is no opinion of others in this project. File, Import annotations… brings one in."
        )

    def _list_pairs(self) -> None:
        """Fill the lower table: the pairs of the chosen row, or of all of them."""
        chosen = {index.row() for index in self.overall.selectedIndexes()}
        rows = [one for row, one in enumerate(self.found) if not chosen or row in chosen]
        listed = [(pair, one) for one in rows for pair in one.pairs]
        # Masks and landmarks can't be put in one order: masks come first, each kind worst first.
        listed.sort(key=lambda each: (not each[0].of_mask, -each[0].badness(each[1].in_mm)))
        listed = listed[:MOST_PAIRS]
        self.pairs = [pair for pair, _ in listed]
        _fill(
            self.single,
            [(p.image, p.name, apart(p, one.in_mm), difference(p, one.in_mm)) for p, one in listed],
        )
        self._check()

    def _check(self) -> None:
        writable = self._controller.writable and bool(self.name)
        self.one.setEnabled(writable and self._pair() is not None)
        self.all.setEnabled(writable)
        self.gone.setEnabled(writable)

    def _pair(self) -> Pair | None:
        row = self.single.currentRow()
        return self.pairs[row] if 0 <= row < len(self.pairs) and self.single.selectedItems() else None

    # --- what a reader does

    def _show_image(self, *_: object) -> None:
        pair, session = self._pair(), self._controller.session
        if pair is None or session is None or pair.image not in session.images:
            return
        self._controller.show_image(pair.image)
        if pair.of_mask:
            self._controller.choose_structure(pair.name)
        elif pair.name in {mark.name for mark in session.landmarks}:
            self._controller.choose_landmark(pair.name)

    def _take_one(self) -> None:
        pair = self._pair()
        if pair is not None:
            self._take(images=pair.image, **{"structure" if pair.of_mask else "landmark": pair.name})

    def _take_all(self) -> None:
        self._take()

    def _take(self, **what: str) -> None:
        """Take over; where a reader of this project said something else, ask first."""
        session, name, reports = self._controller.open_session(), self.name, list["ImportReport"]()

        def act(over: bool = False) -> None:
            reports.append(session.take_over(name, over=over, **what))

        if not self._controller.do(act):
            return
        kept = reports[-1].plan.corrections_kept
        if kept:
            are = "1 correction of yours is" if kept == 1 else f"{kept} corrections of yours are"
            if confirmed(self, f"{are} there already and stayed. Replace by what {name} says?", "Replace"):
                self._controller.do(act, over=True)
        taken = sum(report.placements + report.masks for report in reports)
        locked = len(reports[-1].plan.locked)
        rest = f" {locked} accepted images stayed as they are." if locked else ""
        self._controller.say(f"Taken over from {name}: {taken} placements and masks.{rest} Undo takes them back.")

    def _delete(self) -> None:
        name = self.name
        if confirmed(self, f"Delete all that {name} says? Your own placements and masks stay.", "Delete"):
            self._controller.do(self._controller.open_session().delete_opinion, name)


def _table(columns: tuple[str, ...], name: str) -> QTableWidget:
    table = QTableWidget(0, len(columns))
    table.setAccessibleName(name)
    table.setHorizontalHeaderLabels(list(columns))
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(24)
    table.setShowGrid(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    table.horizontalHeader().setStretchLastSection(True)
    return table


def _fill(table: QTableWidget, rows: Sequence[tuple[str, ...]]) -> None:
    table.setRowCount(len(rows))
    for place, row in enumerate(rows):
        for column, text in enumerate(row):
            table.setItem(place, column, QTableWidgetItem(text))
