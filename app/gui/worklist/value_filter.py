"""A condition on a measurement as a chip of the worklist: “ctr > 0.5” leaves the images that fulfil it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import PlainLabel
from app.project.changes import Change, ImagesChanged, MeasurementsChanged, PredictionChanged
from app.project.measured import Measurement

SLICE_SECONDS = 0.006
"""So long predictions are read in one turn of the event loop."""
SOON_MS = 300
_CONDITION = re.compile(r"\s*(?P<name>.+?)\s*(?P<sign>[<>])=?\s*(?P<limit>-?\d+(?:[.,]\d*)?|-?[.,]\d+)\s*\S*\s*$")


@dataclass(frozen=True)
class Condition:
    """A measurement, by its number, that is above or below a limit, in the unit that most images have."""

    measurement: int
    above: bool
    limit: float

    def fulfilled(self, found: Measurement) -> frozenset[int]:
        """Places of the images that fulfil it; those whose value has another unit do not."""
        here = ~np.isnan(found.values)
        known = [unit for unit, there in zip(found.units, here.tolist(), strict=True) if there]
        most = Counter(known).most_common(1)[0][0] if known else None
        here &= np.array([unit is most for unit in found.units], bool)
        with np.errstate(invalid="ignore"):
            here &= (found.values > self.limit) if self.above else (found.values < self.limit)
        return frozenset(np.flatnonzero(here).tolist())


def condition_of(text: str, measurements: Sequence[tuple[int, str]]) -> Condition | None:
    """What somebody typed, if it is a condition on a measurement: “CTR > 0.5”.

    Parameters
    ----------
    text : str
    measurements : sequence of (int, str)
        Their numbers and names; capitals do not matter.
    """
    read = _CONDITION.match(text)
    if read is None:
        return None
    number = next((n for n, name in measurements if name.casefold() == read["name"].casefold()), None)
    if number is None:
        return None
    return Condition(number, read["sign"] == ">", float(read["limit"].replace(",", ".")))


class ValueFilter(QObject):
    """Which images fulfil the reader's condition. It is looked up anew where predictions come, not at every correction.

    An image that is corrected would else go from the list while somebody works on it.

    Attributes
    ----------
    condition : Condition or None
    names : frozenset of str or None
        The images that fulfil it, or those that were listed by `only`; None for all.
    """

    changed = Signal()

    def __init__(self, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._controller = controller
        self.condition: Condition | None = None
        self.names: frozenset[str] | None = None
        self._listed = ""
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._now = QTimer(self, singleShot=True, interval=0)
        for timer in (self._soon, self._now):
            timer.timeout.connect(self._look_up)
        controller.sessionChanged.connect(self.clear)
        controller.changed.connect(self._on_change)

    def set(self, condition: Condition | None) -> None:
        """Leave the images that fulfil a condition, or all."""
        self.condition, self.names, self._listed = condition, None, ""
        self._look_up()

    def only(self, words: str, names: Iterable[str]) -> None:
        """Leave these images, whatever is changed in them; `words` say which they are."""
        self._soon.stop()
        self._now.stop()
        self.condition, self.names, self._listed = None, frozenset(names), words
        self.changed.emit()

    def clear(self) -> None:
        """Leave all images."""
        if self.condition is not None or self._listed:
            self.set(None)

    @property
    def words(self) -> str:
        """The condition, or what is listed, as it stands on the chip; empty without one."""
        found = self._measurement()
        if found is None or self.condition is None:
            return self._listed
        return f"{found} {'>' if self.condition.above else '<'} {self.condition.limit:g}"

    def _measurement(self) -> str | None:
        session, condition = self._controller.session, self.condition
        if session is None or condition is None:
            return None
        return next((one.name for one in session.measurements if one.number == condition.measurement), None)

    def _on_change(self, change: Change) -> None:
        if self.condition is not None and isinstance(change, PredictionChanged | ImagesChanged | MeasurementsChanged):
            self._soon.start()

    def _look_up(self) -> None:
        session, name = self._controller.session, self._measurement()
        if session is None or self.condition is None or name is None:
            self.condition = self.names = None
        elif not session.measure_ahead(SLICE_SECONDS):
            self._now.start()
            return
        else:
            images = session.images
            self.names = frozenset(images[i] for i in self.condition.fulfilled(session.measurement(name)))
        self.changed.emit()


class ConditionDialog(QDialog):
    """Asks for a measurement, above or below, and a limit; what is chosen is handed to `use`."""

    def __init__(self, parent: QWidget, controller: Controller, use: Callable[[Condition], None]) -> None:
        super().__init__(parent)
        self.setObjectName("conditionDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Filter by a measurement")
        self._controller, self._use = controller, use
        self.measurement, self.side, self.limit = QComboBox(), QComboBox(), QLineEdit()
        for one in controller.open_session().measurements:
            self.measurement.addItem(one.name, one.number)
        self.side.addItems([">", "<"])
        self.limit.setPlaceholderText("0.5")
        for widget, name in ((self.measurement, "Measurement"), (self.side, "Above or below"), (self.limit, "Limit")):
            widget.setAccessibleName(name)
        self.remark = PlainLabel("Images whose value has another unit than most are left out.", wordWrap=True)
        self.remark.setProperty("muted", "true")
        row = QHBoxLayout()
        row.addWidget(self.measurement, stretch=1)
        row.addWidget(self.side)
        row.addWidget(self.limit)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addLayout(row)
        layout.addWidget(self.remark)
        layout.addWidget(buttons)
        self.limit.setFocus()

    def _accept(self) -> None:
        try:
            limit = float(self.limit.text().strip().replace(",", "."))
        except ValueError:
            self.remark.setText("Type a number as the limit, such as 0.5.")
            return
        if self.measurement.currentData() is not None:
            self._use(Condition(int(self.measurement.currentData()), self.side.currentText() == ">", limit))
        self.accept()
