"""The worklist's rows: an index over the session's images, filtered and sorted by ourselves (5.11)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app.core.landmark import ReviewState
from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import tip

if TYPE_CHECKING:
    from app.core.frame import Frame
    from app.project.least_certain import LeastCertain
    from app.project.session import ImageEntry, Session

Index: TypeAlias = QModelIndex | QPersistentModelIndex
OPEN = (ReviewState.UNREAD, ReviewState.IN_PROGRESS)
DOUBTFUL = (ReviewState.REJECTED, ReviewState.SECOND_OPINION)
ORDER_OF_STATES = (*OPEN, *DOUBTFUL, ReviewState.ACCEPTED)
REVIEW_WORDS = {state: state.value.replace("_", " ") for state in ReviewState}
STATUS_WORDS = {"failed": "could not be read", "missing": "file is missing", "waiting": "waiting", "predicted": ""}
SUSPECT = "does not look right"
"""What a filter finds suspect images by, whatever is odd about each."""
ONE_BY_ONE = 50
"""Where more rows changed, the view is told of all at once: telling it of 500 takes 50 ms."""
FILTER_SECONDS = 0.004
"""So long a key of the filter may look images up; the rest follows in the next turns of the event loop."""


class Order(StrEnum):
    """In which order the rows stand; the value is what the reader sees."""

    ADDED = "As added"
    NAME = "Name"
    STATE = "State"
    CONFIDENCE = "Worst first"
    CORRECTIONS = "Most corrected"
    REMARK = "Remark"
    PATIENT = "Patient"


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
    doubt : str
        Which placement that is and by how much it may be off, in a sentence; empty where there is none.
    trouble : bool
        Whether the file failed, is missing or does not look right.
    suspect : bool
        Whether the image does not look like one for this model.
    remark : str
        The reader's note, and what is worth knowing about the file.
    patient : str
        The same short key for images of one patient; empty where the file does not say.
    """

    name: str
    words: str
    review: ReviewState
    confidence: float | None
    trouble: bool
    remark: str
    patient: str
    doubt: str = ""
    suspect: bool = False


@dataclass(frozen=True)
class Standing:
    """What filter and chips ask of an image; landmarks do not touch it.

    Attributes
    ----------
    text : str
        Name, patient, state words and remark, folded for searching.
    remark, patient : str
    review : ReviewState
    trouble, flagged : bool
        Whether something is wrong with the file, and whether somebody should look at the image again.
    """

    text: str
    remark: str
    patient: str
    review: ReviewState
    trouble: bool
    flagged: bool


def remark_of(entry: ImageEntry) -> str:
    """The reader's note, then the file's remark."""
    return " · ".join(part for part in (entry.note, entry.remark) if part)


def patient_of(entry: ImageEntry) -> str:
    """The patient's key, where the file says whose it is."""
    return entry.facts.patient if entry.facts is not None else ""


def standing_of(session: Session, name: str) -> Standing:
    """Collect what filter and chips ask of one image."""
    entry = session.image(name)
    trouble = entry.status in ("failed", "missing") or bool(entry.suspect) or entry.changed_since_accepted
    structures = [f"{said.structure} {REVIEW_WORDS[said.state]}".replace("_", " ") for said in entry.structures]
    patient = patient_of(entry)
    words = [name, patient, REVIEW_WORDS[entry.review], STATUS_WORDS[entry.status]]
    words += [SUSPECT, session.suspect_brief(name)] if entry.suspect else []
    flagged = trouble or entry.review in DOUBTFUL or any(said.state in DOUBTFUL for said in entry.structures)
    remark = remark_of(entry)
    text = "\n".join([*words, *structures, remark]).casefold()
    return Standing(text, remark, patient, entry.review, trouble, flagged)


def error_words(pixels: float, frame: Frame | None) -> str:
    """An expected error for readers: in mm, or in native pixels where the size of a pixel is unknown."""
    size, unit = (pixels * frame.mm_per_pixel, "mm") if frame is not None and frame.spacing else (pixels, "px")
    return f"±{size:.0f} {unit}" if size >= 10 else f"±{size:.1f} {unit}"


def place_of(session: Session, lowest: LeastCertain) -> str:
    """Where the least certain point is: at a landmark that is seen, else in the structure whose outline it is of."""
    mark = lowest.landmark
    return f"in the {session.template.structure(mark.structure).title.lower()}" if mark.hidden else f"at {mark.name}"


def doubt_of(lowest: LeastCertain, frame: Frame | None, place: str) -> str:
    """Which `place` of an image is least certain, and by how much it may be off."""
    error = error_words(lowest.expected_error, frame)
    return f"Least certain {place}: {error}, confidence {lowest.confidence:.2f}"


def row_of(session: Session, name: str) -> Row:
    """Collect one row from the session."""
    entry = session.image(name)
    lowest = session.least_certain(name) if entry.status == "predicted" else None
    absent = session.absences(name)
    corrected = session.corrections(name) - absent
    touched = [f"{count} {word}" for count, word in ((corrected, "corrected"), (absent, "absent")) if count]
    judged = [said for said in entry.structures if said.state is not ReviewState.IN_PROGRESS]
    final = REVIEW_WORDS[entry.review] if entry.review not in OPEN else ""
    trouble = entry.status in ("failed", "missing") or bool(entry.suspect) or entry.changed_since_accepted
    odd = [session.suspect_brief(name)] if entry.suspect else []
    if entry.status in ("failed", "missing"):
        words = [STATUS_WORDS[entry.status]]
    elif final:
        new = len(session.new_since_accepted(name))
        words = [final, *odd, *(["file changed"] if entry.changed_since_accepted else [])]
        words += [f"{new} new"] if new else []  # what it is since stands before it
        words += touched
    elif entry.status == "waiting":
        words = ["waiting"]
    else:
        doubt = "predicted" if lowest is None else error_words(lowest.expected_error, entry.frame)
        if lowest is not None and not touched:
            doubt += f" {place_of(session, lowest)}"
        doubts = [] if judged else [doubt]  # there the words matter more, and the bar says it too
        words = odd or doubts
        words += touched
    words += [f"{said.structure} {REVIEW_WORDS[said.state]}".replace("_", " ") for said in judged]
    words += [entry.note] if entry.note else []
    sure, doubt = None, ""
    if lowest is not None:
        sure, doubt = lowest.confidence, doubt_of(lowest, entry.frame, place_of(session, lowest))
    said = (entry.review, sure, trouble, remark_of(entry), patient_of(entry), doubt)
    return Row(name, " · ".join(words), *said, bool(entry.suspect))


class WorklistModel(QAbstractListModel):
    """Names of the images that pass the filter, in the chosen order; `row` gives the rest for painting."""

    unfinished = Signal()
    """Not all images were looked up when they were filtered: it is to be done again."""

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._rows: dict[str, Row] = {}
        self._standings: dict[str, Standing] = {}
        self._sorted: list[str] = []
        self.shown: list[str] = []
        self._position: dict[str, int] = {}
        self.text = ""
        self.unread_only = self.flagged_only = False
        self.passing: frozenset[str] | None = None
        self.order = Order.ADDED
        controller.sessionChanged.connect(self.reload)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        name = self.shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Qt.ItemDataRole.ToolTipRole:
            row = self.row(name)
            patient = f"Patient {row.patient}" if row.patient else ""
            return tip("\n".join(part for part in (name, patient, row.words, row.remark, row.doubt) if part))
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return self.row(name).words
        return None

    def row(self, name: str) -> Row:
        """Everything about one image; kept until the session says that it changed."""
        found = self._rows.get(name)
        if found is None:
            found = self._rows[name] = row_of(self._controller.open_session(), name)
        return found

    def standing(self, name: str) -> Standing:
        """What filter and chips ask of an image; kept likewise."""
        found = self._standings.get(name)
        if found is None:
            found = self._standings[name] = standing_of(self._controller.open_session(), name)
        return found

    def index_of(self, name: str) -> QModelIndex:
        """Index of an image, invalid while it is filtered out."""
        position = self._position.get(name)
        return self.index(position) if position is not None else QModelIndex()

    def reload(self) -> None:
        """Take the session's images anew."""
        self._rows.clear()
        self._standings.clear()
        self.beginResetModel()
        self.shown, self._position = [], {}
        self.endResetModel()
        self.put_in_order()

    def follow(self, names: tuple[str, ...]) -> None:
        """These images came, went, or have another file; the others keep their rows and their order."""
        session = self._controller.session
        if session is None or not names:
            self.reload()
            return
        there = set(session.images)
        before = set(self._sorted)
        for name in (*names, *(before - there)):  # a new name is told, the one before it is not
            self._rows.pop(name, None)
            self._standings.pop(name, None)
        if before == there:
            self.refresh(names)
            return
        if self.order is Order.ADDED:
            self._sorted = list(session.images)
        else:  # those that came stand last until the reader sorts again
            came = [name for name in session.images if name not in before]
            self._sorted = [name for name in self._sorted if name in there] + came
        self.arrange()

    def put_in_order(self) -> None:
        """Sort again, and filter; rows never change places by themselves under the reader's hand."""
        session = self._controller.session
        self._sorted = list(session.images) if session else []
        if session is not None and self.order is not Order.ADDED:
            self._sorted.sort(key=self._sort_key(session))
        self.arrange()

    def _sort_key(self, session: Session):  # type: ignore[no-untyped-def]
        def badness(name: str) -> float:
            if self.standing(name).trouble:
                return -1.0
            lowest = session.least_certain(name)
            return 2.0 if lowest is None else lowest.confidence

        def remark(name: str) -> tuple[bool, str]:
            text = self.standing(name).remark
            return not text, text.casefold()

        return {
            Order.NAME: str.casefold,
            Order.STATE: lambda name: ORDER_OF_STATES.index(self.standing(name).review),
            Order.CONFIDENCE: badness,
            Order.CORRECTIONS: lambda name: -session.corrections(name),
            Order.REMARK: remark,
            Order.PATIENT: lambda name: (not self.standing(name).patient, self.standing(name).patient),
        }[self.order]

    def arrange(self) -> None:
        """Filter again. As long as not all images are looked up, of the others the name alone is compared."""
        shown = self._sorted
        if (self.text or self.unread_only or self.flagged_only) and not self.look_up(FILTER_SECONDS):
            self.unfinished.emit()
        known, key = self._standings, self.text.casefold()
        if key:
            shown = [name for name in shown if key in (known[name].text if name in known else name.casefold())]
        if self.unread_only:
            shown = [name for name in shown if name not in known or known[name].review in OPEN]
        if self.flagged_only:
            shown = [name for name in shown if name in known and known[name].flagged]
        if self.passing is not None:
            shown = [name for name in shown if name in self.passing]
        self._show(shown)

    def _show(self, shown: list[str]) -> None:
        if shown == self.shown:  # a view needs 15 ms to lay 10,000 rows out anew
            return
        self.beginResetModel()
        self.shown = list(shown)
        self._position = {name: i for i, name in enumerate(self.shown)}
        self.endResetModel()

    def refresh(self, names: tuple[str, ...]) -> None:
        """These images changed; without names, what landmarks say of all of them."""
        if not names:
            self._rows.clear()
            self._all_changed()
            return
        for name in names:
            self._rows.pop(name, None)
            self._standings.pop(name, None)
        if len(names) > ONE_BY_ONE:
            self._all_changed()
            return
        for name in names:
            index = self.index_of(name)
            if index.isValid():
                self.dataChanged.emit(index, index)

    def _all_changed(self) -> None:
        if self.shown:
            self.dataChanged.emit(self.index(0), self.index(len(self.shown) - 1))

    def look_up(self, seconds: float) -> bool:
        """Ask for the standing of images that are not known yet, for about so long; True once all are."""
        if self._all_known():
            return True
        end = time.perf_counter() + seconds
        for name in self._sorted:
            if name not in self._standings:
                self.standing(name)
                if time.perf_counter() > end:
                    break
        return self._all_known()

    def _all_known(self) -> bool:
        return all(name in self._standings for name in self._sorted)

    def counts(self) -> tuple[int, int]:
        """Number of images that are unread or in progress, and of flagged ones, among those looked up."""
        standings = self._standings.values()
        return sum(standing.review in OPEN for standing in standings), sum(s.flagged for s in standings)
