"""The worklist's rows: an index in numpy terms over the session's images, filtered and sorted by ourselves (5.11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.core.landmark import ReviewState
from app.gui import structure_review
from app.gui.desk import Desk

if TYPE_CHECKING:
    from app.session import Session

Index: TypeAlias = QModelIndex | QPersistentModelIndex
OPEN = (ReviewState.UNREAD, ReviewState.IN_PROGRESS)


@dataclass(frozen=True)
class Row:
    """What the worklist shows of one image.

    Attributes
    ----------
    name : str
    words : str
        State and what is worth knowing.
    review : ReviewState
    confidence : float or None
        Of the least certain placement.
    trouble : bool
        Whether the file failed, is missing or does not look right.
    doubted : bool
        Whether a reader has something to say against one of its structures.
    """

    name: str
    words: str
    review: ReviewState
    confidence: float | None
    trouble: bool
    doubted: bool


def row_of(session: Session, name: str) -> Row:
    """Collect one row from the session."""
    entry = session.image(name)
    lowest = session.lowest_confidence(name) if entry.status == "predicted" else None
    corrected = session.corrections(name)
    words = {
        ReviewState.ACCEPTED: "accepted",
        ReviewState.REJECTED: "rejected",
        ReviewState.SECOND_OPINION: "second opinion",
    }.get(entry.review, "")
    if entry.status == "failed":
        words = "could not be read"
    elif entry.status == "missing":
        words = "file is missing"
    elif not words and entry.status == "waiting":
        words = "waiting"
    elif not words:
        words = f"lowest {lowest:.2f}" if lowest is not None else "predicted"
        if entry.suspect:
            words = "does not look right"
        if corrected:
            words = f"{words.removeprefix('lowest ')} · {corrected} corrected"
    if entry.structures and entry.status not in ("failed", "missing"):
        said = structure_review.words_of(entry.structures, session.template)
        words = f"{words} · {said}" if entry.review not in OPEN else said
    trouble = entry.status in ("failed", "missing") or bool(entry.suspect)
    return Row(name, words, entry.review, lowest, trouble, bool(entry.structures))


class WorklistModel(QAbstractListModel):
    """Names of the images that pass the filter, in the chosen order; `row` gives the rest for painting."""

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._rows: dict[str, Row] = {}
        self._signs: dict[str, tuple[bool, bool]] = {}  # open, flagged: survives changes of landmarks
        self._folded: list[str] = []
        self.shown: list[str] = []
        self._position: dict[str, int] = {}
        self.text = ""
        self.unread_only = self.flagged_only = False
        self.worst_first = False
        desk.sessionChanged.connect(self.reload)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.shown[index.row()]
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return self.row(self.shown[index.row()]).words
        return None

    def row(self, name: str) -> Row:
        """Everything about one image; kept until the session says that it changed."""
        found = self._rows.get(name)
        if found is None:
            assert self._desk.session is not None
            found = self._rows[name] = row_of(self._desk.session, name)
            flagged = (
                found.trouble or found.doubted or found.review in (ReviewState.REJECTED, ReviewState.SECOND_OPINION)
            )
            self._signs[name] = (found.review in OPEN, flagged)
        return found

    def signs(self, name: str) -> tuple[bool, bool]:
        """Whether an image is open (unread or in progress), and whether somebody should look at it again."""
        if name not in self._signs:
            self.row(name)
        return self._signs[name]

    def index_of(self, name: str) -> QModelIndex:
        """Index of an image, invalid while it is filtered out."""
        position = self._position.get(name)
        return self.index(position) if position is not None else QModelIndex()

    def reload(self) -> None:
        """Take the session's images anew."""
        self._rows.clear()
        self._signs.clear()
        session = self._desk.session
        self._folded = [name.casefold() for name in session.images] if session else []
        self.arrange()

    def arrange(self) -> None:
        """Filter and sort again."""
        session = self._desk.session
        names = session.images if session else ()
        key = self.text.casefold()
        shown = [n for n, folded in zip(names, self._folded, strict=True) if key in folded] if key else list(names)
        if self.unread_only:
            shown = [n for n in shown if self.signs(n)[0]]
        if self.flagged_only:
            shown = [n for n in shown if self.signs(n)[1]]
        if self.worst_first:
            shown.sort(key=self._badness)
        self.beginResetModel()
        self.shown = shown
        self._position = {name: i for i, name in enumerate(shown)}
        self.endResetModel()

    def _badness(self, name: str) -> float:
        row = self.row(name)
        return -1.0 if row.trouble else 2.0 if row.confidence is None else row.confidence

    def refresh(self, names: tuple[str, ...]) -> None:
        """These images changed (all, if none is named)."""
        if not names:
            self._rows.clear()
            if self.shown:
                self.dataChanged.emit(self.index(0), self.index(len(self.shown) - 1))
            return
        for name in names:
            self._rows.pop(name, None)
            self._signs.pop(name, None)
            index = self.index_of(name)
            if index.isValid():
                self.dataChanged.emit(index, index)

    def counts(self) -> tuple[int, int]:
        """Number of images that are unread or in progress, and of flagged ones."""
        session = self._desk.session
        signs = [self.signs(name) for name in (session.images if session else ())]
        return sum(is_open for is_open, _ in signs), sum(flagged for _, flagged in signs)
