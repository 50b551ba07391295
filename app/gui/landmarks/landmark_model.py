"""The rows of the landmark table: landmarks in the reader's order, those of a group below its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from PySide6.QtCore import QAbstractTableModel, QByteArray, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.core.landmark import Landmark, PlacementState
from app.gui.state.controller import Controller
from app.gui.state.field_words import field_words
from app.gui.widgets.plain_text import tip

Index: TypeAlias = QModelIndex | QPersistentModelIndex
NAME, COUNTS, EYE = range(3)
MIME = "application/x-denseseg-landmark"


class Counts(NamedTuple):
    """In how many images a landmark is in each state."""

    predicted: int
    corrected: int
    confirmed: int
    absent: int

    def words(self) -> str:
        """The four numbers as a sentence."""
        return ", ".join(f"{name} in {number}" for name, number in self._asdict().items()).capitalize()


def count_states(states: Sequence[PlacementState | None]) -> Counts:
    """Count the placements of one landmark."""
    found = Counter(states)
    return Counts(*(found[state] for state in PlacementState))


class LandmarkModel(QAbstractTableModel):
    """The session's landmarks; those of the data set only on request. A row is a landmark or the name of a group."""

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.rows: list[Landmark | str] = []
        self.show_hidden = False
        self._counts: dict[str, Counts] = {}

    def reload(self) -> None:
        """Take the landmarks anew. A reader's own stay in the list while hidden, the bundle's do not."""
        session = self._controller.session
        self.beginResetModel()
        given = {m.name for m in session.bundle.landmarks} if session else set()
        listed = session.landmarks if session else ()
        self.rows = _grouped([m for m in listed if self.show_hidden or not m.hidden or m.name not in given])
        self._counts.clear()
        self.endResetModel()

    @property
    def marks(self) -> list[Landmark]:
        """The landmarks alone."""
        return [row for row in self.rows if isinstance(row, Landmark)]

    def mark_at(self, row: int) -> Landmark | None:
        """The landmark in a row; None for a group's heading and below the last row."""
        found = self.rows[row] if 0 <= row < len(self.rows) else None
        return found if isinstance(found, Landmark) else None

    def row_of(self, name: str) -> int:
        """Row of a landmark, -1 where it is not listed."""
        found = (i for i, row in enumerate(self.rows) if isinstance(row, Landmark) and row.name == name)
        return next(found, -1)

    def recount(self) -> None:
        """Predictions or placements changed."""
        self._counts.clear()
        if self.rows:
            self.dataChanged.emit(self.index(0, COUNTS), self.index(len(self.rows) - 1, COUNTS))

    def counts(self, name: str) -> Counts:
        """In how many images a landmark is predicted, corrected, confirmed and absent."""
        session = self._controller.open_session()
        if session.reading_ahead:
            return count_states(())
        if name not in self._counts:
            self._counts[name] = count_states(session.placements(name).states)
        return self._counts[name]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return ("Landmark", "Predicted, corrected, confirmed, absent", "Shown")[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or self.mark_at(index.row()) is None:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsDropEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NAME else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        mark = self.mark_at(index.row())
        if mark is None:
            return self.rows[index.row()] if index.column() == NAME and role == Qt.ItemDataRole.DisplayRole else None
        if index.column() == NAME and role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return mark.name
        if index.column() == COUNTS and role == Qt.ItemDataRole.DisplayRole:
            return " ".join(map(str, self.counts(mark.name)))
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(self._tip(mark, index.column()))
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == EYE:
            return Qt.CheckState.Unchecked if mark.hidden else Qt.CheckState.Checked
        return None

    def _tip(self, mark: Landmark, column: int) -> str:
        if column == COUNTS:
            return self.counts(mark.name).words()
        if column == EYE:
            return "Show or hide this landmark"
        title = self._controller.open_session().template.structure(mark.structure).title
        lines = [mark.name, mark.rule, f"{title}, u {mark.u:.2f}, v {mark.v:.2f}", "Locked" if mark.locked else ""]
        lines.append(field_words(self._controller.open_session(), mark.name, self._controller.image))
        return "\n".join(line for line in lines if line)

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        name, mark = str(value).strip(), self.mark_at(index.row())
        if role != Qt.ItemDataRole.EditRole or mark is None or not name or name == mark.name:
            return False
        was_chosen = self._controller.landmark == mark.name
        if not self._controller.do(self._controller.open_session().update_landmark, mark.name, name=name):
            return False
        if was_chosen:
            self._controller.choose_landmark(name)
        return True

    # --- order: a row is dragged between two others

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        mark = self.mark_at(indexes[0].row()) if indexes else None
        if mark is not None:
            data.setData(MIME, QByteArray(mark.name.encode()))
        return data

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        name = bytes(data.data(MIME).data()).decode()
        row = parent.row() if parent.isValid() else row if row >= 0 else len(self.rows)
        if name:
            self.put(name, row)
        return False  # the session has moved the row; the view must not take it away

    def put(self, name: str, row: int) -> None:
        """Put a landmark between two rows, above `row`; it joins the group that it comes to lie in."""
        above, below = self.mark_at(row - 1), self.mark_at(row)
        heading = self.rows[row - 1] if row > 0 and above is None else ""
        group = above.group if above is not None else str(heading)
        if below is not None and below.group == group:
            before: str | None = below.name
        else:
            before = self._after(above.name, name) if above is not None else None
        if before != name and (above is None or above.name != name):
            self._controller.do(self._controller.open_session().order_landmark, name, before, group)

    def _after(self, name: str, moved: str) -> str | None:
        """The landmark that follows one in the session's order, leaving out the one that moves."""
        names = [mark.name for mark in self._controller.open_session().landmarks if mark.name != moved]
        following = names[names.index(name) + 1 :]
        return following[0] if following else None

    def step(self, name: str, step: int) -> None:
        """Move a landmark one row up or down within its group."""
        row = self.row_of(name)
        mark, other = self.mark_at(row), self.mark_at(row + step)
        if row >= 0 and mark is not None and other is not None and mark.group == other.group:
            self.put(name, row - 1 if step < 0 else row + 2)


def _grouped(marks: list[Landmark]) -> list[Landmark | str]:
    """Those without a group first, then each group below its name, in the order in which groups turn up."""
    groups: dict[str, list[Landmark]] = {"": []}
    for mark in marks:
        groups.setdefault(mark.group, []).append(mark)
    rows: list[Landmark | str] = []
    for group, members in groups.items():
        rows += [group, *members] if group else members
    return rows
