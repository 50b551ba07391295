"""The dialog that brings in what others drew: which files, what of it matches, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.plain_text import PlainLabel
from app.gui.widgets.settings import settings
from app.jobs import Event, Failed, Finished, Job, Progress, Result, start_job
from app.store.errors import ProjectError

if TYPE_CHECKING:
    from app.formats.readers import Found
    from app.formats.reading import Known
    from app.project.importing import ImportPlan
    from app.project.matching import Matching

MOST_ROWS = 500
"""So many rows are listed; the rest is counted."""
Row = tuple[str, str, str]
"""What, what is said of it, and its colour (empty: none)."""


def start_reading(paths: Sequence[Path], known: Known) -> Job:
    """Read files on a thread of its own; yields `Progress` and a `Result` with what was found."""

    def work(job: Job) -> None:
        from app.formats.readers import read_paths  # it imports every format

        told = -1

        def tell(done: int, total: int) -> None:
            nonlocal told
            if done != told and (done % 8 == 0 or done == total):
                told = done
                job.post(Progress(done, total))

        job.post(Result("", read_paths(paths, known, told=tell, cancelled=lambda: job.cancelled)))

    return start_job("Reading annotations", work, "Nothing was imported.")


def rows_of(found: Found, matching: Matching, plan: ImportPlan) -> Iterator[Row]:
    """The preview, in words: what fails and does not match first, then what stays, then what is taken in."""
    for file, sentence in found.failed:
        yield Path(file).name, sentence, theme.BAD
    for one in matching.unmatched:
        yield one.what, one.sentence, theme.CAUTION
    for one in plan.outside:
        yield one.what, one.sentence, theme.CAUTION
    for image in plan.locked:
        yield image, "is accepted and locked: it stays as it is", theme.CAUTION
    for image, names in plan.kept.items():
        yield image, f"stays as a reader corrected it: {', '.join(names)}", theme.CAUTION
    for taken in plan.images:
        parts = [(len(taken.points), "placement"), (len(taken.masks), "mask")]
        words = " and ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in parts if n)
        yield taken.name, f"{words} from {', '.join(taken.files)}", ""


class ImportDialog(QDialog):
    """Reads the chosen files at once and shows what matches; nothing is done before Import.

    Signals: `imported(matching, as_, over, source)` once the reader wants it.

    Parameters
    ----------
    parent : QWidget
    controller : Controller
    bridge : Bridge
    """

    imported = Signal(object, str, bool, str)

    def __init__(self, parent: QWidget, controller: Controller, bridge: Bridge) -> None:
        super().__init__(parent)
        self._controller, self._bridge = controller, bridge
        self._job: Job | None = None
        self._paths: list[Path] = []
        self._found: Found | None = None
        self.matching: Matching | None = None
        self.plan: ImportPlan | None = None
        self.setObjectName("importDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Import annotations")
        self.resize(760, 560)
        self.files, self.folder = QPushButton("Files…"), QPushButton("Folder…")
        self.files.clicked.connect(self._choose_files)
        self.folder.clicked.connect(self._choose_folder)
        self.chosen = PlainLabel("Choose what others drew: COCO, LabelMe, CVAT, YOLO, Slicer, DICOM, masks, tables …")
        self.preview = QTableWidget(0, 2)
        self.preview.setAccessibleName("What matches and what not")
        self.preview.setHorizontalHeaderLabels(["What", "What becomes of it"])
        self.preview.verticalHeader().hide()
        self.preview.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.preview.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.preview.setWordWrap(False)
        self.preview.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.preview.setColumnWidth(0, 200)
        self.preview.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.preview.setShowGrid(False)
        self.preview.verticalHeader().setDefaultSectionSize(24)
        self.as_reader = QRadioButton("As the opinion of")
        self.as_corrections = QRadioButton("As corrections, as if they were drawn here")
        self.reader = QLineEdit(placeholderText="a reader or a program")
        self.reader.setAccessibleName("Whose opinion it is")
        self.reader.setText(str(settings().value("importReader", "")))
        self.over = QCheckBox("Also over what readers corrected here")
        self.as_reader.setChecked(True)
        self.as_corrections.toggled.connect(self._plan)
        self.over.toggled.connect(self._plan)
        self.reader.textChanged.connect(self._check)
        self.summary = PlainLabel("", wordWrap=True)
        self.summary.setProperty("muted", "true")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.button = self.buttons.addButton("Import", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._import)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(self._stop)
        controller.sessionChanged.connect(self.reject)
        self._lay_out()
        self._check()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(4 * theme.STEP,) * 4)
        layout.setSpacing(2 * theme.STEP)
        head, whose = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.chosen, stretch=1)
        head.addWidget(self.files)
        head.addWidget(self.folder)
        whose.addWidget(self.as_reader)
        whose.addWidget(self.reader, stretch=1)
        layout.addLayout(head)
        layout.addWidget(self.preview, stretch=1)
        layout.addLayout(whose)
        layout.addWidget(self.as_corrections)
        layout.addWidget(self.over)
        layout.addWidget(self.summary)
        layout.addWidget(self.buttons)

    # --- reading

    def _choose_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Import annotations", self._last())
        if files:
            self.read([Path(file) for file in files])

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Import annotations", self._last())
        if folder:
            self.read([Path(folder)])

    def _last(self) -> str:
        return str(settings().value("importFolder", str(Path.home())))

    def read(self, paths: Sequence[Path]) -> None:
        """Look into files or a folder."""
        session = self._controller.session
        if session is None:
            return
        from app.formats.from_session import known_of

        self._stop()
        self._paths, self._found, self.matching, self.plan = list(paths), None, None, None
        settings().setValue("importFolder", str(paths[0] if paths[0].is_dir() else paths[0].parent))
        self.chosen.setText(self.source)
        self.preview.setRowCount(0)
        self._job = start_reading(paths, known_of(session))
        self._bridge.job(self._job, self._on_event)
        self._check()

    @property
    def source(self) -> str:
        """What the history calls the source."""
        return self._paths[0].name if len(self._paths) == 1 else f"{len(self._paths)} files"

    def _stop(self, *_: object) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = None

    def _on_event(self, event: Event) -> None:
        if self._job is None:
            return
        if isinstance(event, Progress):
            self.summary.setText(f"Reading {event.done} of {event.total} files …")
        elif isinstance(event, Failed):
            self._controller.tell(event.message)
        elif isinstance(event, Result):
            self._found = event.value  # type: ignore[assignment]
            assert self._found is not None
            self.matching = self._controller.open_session().match_annotations(self._found.annotations)
            self._plan()
        elif isinstance(event, Finished):
            self._job = None
            self._check()

    # --- what would be done

    @property
    def as_(self) -> str:
        """``corrections``, or whose opinion it is."""
        from app.project.importing import CORRECTIONS

        return CORRECTIONS if self.as_corrections.isChecked() else self.reader.text().strip()

    def _plan(self, *_: object) -> None:
        """Show what would be taken in."""
        if self.matching is None or self._found is None:
            return
        as_ = self.as_ if self.as_corrections.isChecked() else self.as_ or "a reader"
        try:
            self.plan = self._controller.open_session().preview_import(self.matching, as_, self.over.isChecked())
        except (ValueError, ProjectError) as error:
            self.summary.setText(str(error))
            return
        rows = list(rows_of(self._found, self.matching, self.plan))
        shown = rows[:MOST_ROWS]
        if len(rows) > len(shown):
            shown.append(("…", f"and {len(rows) - len(shown)} more", ""))
        self.preview.setRowCount(len(shown))
        for place, (what, words, colour) in enumerate(shown):
            for column, text in enumerate((what, words)):
                item = QTableWidgetItem(text)
                if colour:
                    item.setForeground(QColor(colour))
                self.preview.setItem(place, column, item)
        self._check()

    def _check(self, *_: object) -> None:
        self.over.setEnabled(self.as_corrections.isChecked())
        self.reader.setEnabled(self.as_reader.isChecked())
        there = self.plan is not None and bool(self.plan.images)
        named = self.as_corrections.isChecked() or bool(self.reader.text().strip())
        self.button.setEnabled(there and named and self._controller.writable)
        if self._job is None and self._found is not None and self.plan is not None:
            read = f"Read {self._found.words}. " if self._found.formats else "No annotations were found. "
            count = f"{self.plan.placements} placements and {self.plan.masks} masks match"
            count += f", in {len(self.plan.images)} images"
            same = f"; {self.plan.same} are here already" if self.plan.same else ""
            kept = f"; {self.plan.corrections_kept} corrections of yours stay" if self.plan.corrections_kept else ""
            self.summary.setText(f"{read}{count}{same}{kept}.")

    def _import(self) -> None:
        if self.matching is None or not self.button.isEnabled():
            return
        if self.as_reader.isChecked():
            settings().setValue("importReader", self.as_)
        self.imported.emit(self.matching, self.as_, self.over.isChecked(), self.source)
        self.accept()
