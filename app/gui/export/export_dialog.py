"""One dialog for every export: what, which images, where."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.formats.output_folder import SCOPE_WORDS, look_into
from app.formats.words import GROUPS, WORDS
from app.gui.export.exporting import Exporting
from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.plain_text import PlainLabel, caption, show_plainly
from app.gui.widgets.settings import data_folder, settings

if TYPE_CHECKING:
    from app.project.session import Session

FORMATS_HEIGHT = 300
"""So much of the list of formats is seen at once, in logical pixels; a taller window shows more."""
BURNED_IN = (
    "Names are taken out of headers, tables and file names. What is burned into the pictures stays: are you sure that "
    "no name and no date stands in any of them?"
)
SAMPLES = Path(__file__).resolve().parents[3] / "resources" / "samples"


def _styled(text: str, style: str) -> QLabel:
    label = PlainLabel(text)
    label.setProperty(style, "true")
    return label


def first_folder(session: Session) -> Path:
    """Where to export to while none was chosen: beside the project, or beside the images where nobody placed that.

    A project that was made by itself lies in the data folder, which a reader never sees; where the folder of the images
    can't have neighbours, the export goes to the reader's own folder.
    """
    path = session.path.absolute()
    if path.parent != data_folder() or not session.images:
        return path.with_name(f"{path.stem} export")
    images = Path(os.path.normpath(session.image(session.images[0]).path.absolute())).parent
    samples = images.is_relative_to(SAMPLES)
    beside = images.parent if os.access(images.parent, os.W_OK) and not samples else Path.home()
    return beside / f"{images.name} export"


class ExportDialog(QDialog):
    """Remembers formats, images and folder; the job panel shows how far the export is.

    Parameters
    ----------
    parent : QWidget
    controller : Controller
    exporting : Exporting
    selected, filtered : sequence of str
        Images that are selected in the worklist, and those that its filter lets through.
    """

    def __init__(
        self,
        parent: QWidget,
        controller: Controller,
        exporting: Exporting,
        selected: Sequence[str] = (),
        filtered: Sequence[str] = (),
    ) -> None:
        super().__init__(parent)
        self._controller, self._exporting = controller, exporting
        session = controller.open_session()
        self._images: dict[str, Sequence[str]] = {
            "all": session.images,
            "accepted": session.accepted,
            "selected": selected,
            "filtered": filtered if len(filtered) < len(session.images) else (),
            "image": [controller.image] if controller.image else [],
        }
        self.setObjectName("exportDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export")
        self.setMinimumWidth(560)
        kept = str(settings().value("exportFormats", "csv")).split()
        self.formats = {key: QCheckBox(title) for key, (title, _) in WORDS.items()}
        for key, box in self.formats.items():
            box.setChecked(key in kept)
            box.toggled.connect(self._check)
        self.scopes = self._make_scopes()
        self.scope_group = QButtonGroup(self)
        for button in self.scopes.values():
            self.scope_group.addButton(button)
        self.leave_out = QCheckBox("Without landmarks defined after an image was accepted")
        self.leave_out.setToolTip("They are no part of what was accepted. Otherwise they are written and marked.")
        self.leave_out.setChecked(str(settings().value("exportLater", "mark")) == "leave-out")
        self.capture = QCheckBox("DICOM: make Secondary Captures of images that are no DICOM files")
        self.capture.setToolTip("DICOM objects point at a DICOM image. Without this, other images are left out there.")
        self.capture.setChecked(str(settings().value("exportCapture", "")) == "yes")
        self._offer_to_deidentify()
        self.folder = QLineEdit(self._start_folder())
        self.folder.setAccessibleName("Folder to export to")
        self.folder.textChanged.connect(self._check)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.export.setDefault(True)
        self.buttons.accepted.connect(self._begin)
        self.buttons.rejected.connect(self.reject)
        self.remark = _styled("", "muted")
        exporting.started.connect(self._check)
        exporting.ended.connect(self._check)
        self._lay_out()
        self._check()

    def _offer_to_deidentify(self) -> None:
        self.without_persons = QCheckBox("De-identified: without names, for giving away")
        self.without_persons.setToolTip(
            "Images get other names, headers lose the person (PS3.15 basic profile), readers and notes are left out.\n"
            "Which image is which stands beside the project, in a file that you keep."
        )
        self.shift_dates = QCheckBox("Dates moved by a random number of days, not taken out")
        self.shift_dates.setToolTip(
            "By the same number for all examinations of a patient: what lies between them stays"
        )
        self.without_persons.toggled.connect(self.shift_dates.setEnabled)
        kept_dates = str(settings().value("exportDeidentify", ""))
        self.without_persons.setChecked(bool(kept_dates))
        self.shift_dates.setChecked(kept_dates == "shifted")
        self.shift_dates.setEnabled(bool(kept_dates))

    def _make_scopes(self) -> dict[str, QRadioButton]:
        count = {key: len(images) for key, images in self._images.items()}
        made = {
            "all": QRadioButton(f"All images ({count['all']})"),
            "accepted": QRadioButton(f"Accepted images ({count['accepted']})"),
            "selected": QRadioButton(f"Selected images ({count['selected']})"),
            "filtered": QRadioButton(f"Images that the filter lets through ({count['filtered']})"),
            "image": QRadioButton(caption(f"This image ({self._controller.image})")),
        }
        if count["selected"] < 2:  # one is selected always: the shown one
            del made["selected"]
        if not count["filtered"]:
            del made["filtered"]
        for key, button in made.items():
            button.setEnabled(count[key] > 0)
        kept = str(settings().value("exportScope", "all"))
        made[kept if kept in made and made[kept].isEnabled() else "all"].setChecked(True)
        return made

    def _start_folder(self) -> str:
        return str(settings().value("exportFolder", "")) or str(first_folder(self._controller.open_session()))

    def _lay_out(self) -> None:
        choose = QPushButton("Choose…")
        choose.clicked.connect(self._choose)
        choose.setAutoDefault(False)
        where = QHBoxLayout()
        where.addWidget(self.folder)
        where.addWidget(choose)
        foot = QHBoxLayout()
        foot.addWidget(self.remark, stretch=1)
        foot.addWidget(self.buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(4 * theme.STEP,) * 4)
        layout.setSpacing(2 * theme.STEP)
        layout.addWidget(_styled("What", "heading"))
        layout.addWidget(self._formats(), stretch=1)
        layout.addSpacing(2 * theme.STEP)
        layout.addWidget(_styled("Which images", "heading"))
        for button in self.scopes.values():
            layout.addWidget(button)
        layout.addWidget(self.leave_out)
        layout.addWidget(self.capture)
        layout.addWidget(self.without_persons)
        layout.addWidget(self.shift_dates)
        layout.addSpacing(2 * theme.STEP)
        layout.addWidget(_styled("Where", "heading"))
        layout.addLayout(where)
        layout.addSpacing(2 * theme.STEP)
        layout.addLayout(foot)

    def _formats(self) -> QScrollArea:
        """All formats under their headings, in a part that scrolls: they are more than a small screen is high."""
        inside = QWidget()
        what = QGridLayout(inside)
        what.setContentsMargins(0, 0, 2 * theme.STEP, 0)
        what.setHorizontalSpacing(4 * theme.STEP)
        what.setVerticalSpacing(theme.STEP)
        what.setColumnStretch(1, 1)
        for heading, group in GROUPS.items():
            what.addWidget(_styled(heading, "muted"), what.rowCount(), 0, 1, 2)
            for key, words in group.items():
                row = what.rowCount()
                what.addWidget(self.formats[key], row, 0)
                what.addWidget(_styled(words.says, "muted"), row, 1)
        area = QScrollArea()
        area.setObjectName("exportFormats")
        area.setAccessibleName("Formats")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        area.setMinimumWidth(inside.sizeHint().width() + area.verticalScrollBar().sizeHint().width())
        area.setMinimumHeight(FORMATS_HEIGHT)
        return area

    @property
    def scope(self) -> str:
        """Which images are exported: a key of `scopes`."""
        return next(key for key, button in self.scopes.items() if button.isChecked())

    def _folder(self) -> Path:
        """Where to export: "~" is the reader's home, and a folder without a root lies beside the project."""
        typed = self.folder.text().strip()
        try:
            folder = Path(typed).expanduser()
        except RuntimeError:  # nobody has such a home
            folder = Path(typed)
        return self._controller.open_session().path.absolute().parent / folder

    def chosen(self) -> list[str]:
        """The formats that are ticked."""
        return [key for key, box in self.formats.items() if box.isChecked()]

    def _check(self) -> None:
        busy = self._exporting.running
        self.remark.setText("Another export is still running." if busy else "")
        self.capture.setEnabled(any(name.startswith("dicom-") for name in self.chosen()))
        self.export.setEnabled(not busy and bool(self.chosen()) and bool(self.folder.text().strip()))

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Export to", self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _begin(self) -> None:
        """Export, or ask first: the folder holds files of others or another export, names may be burned in."""
        found = look_into(self._folder())
        others, earlier, scope = found.others.words, found.earlier, self.scope
        project = self._controller.open_session().path.name
        lost = earlier is not None and not earlier.goes_with(project, scope, self._images[scope])
        if self.without_persons.isChecked():  # the export itself refuses a folder with results of another one
            lost = False
        questions = [BURNED_IN] if self.without_persons.isChecked() else []
        if not (others or lost or questions):
            self._start()
            return
        if earlier is not None and lost:
            new = f"{SCOPE_WORDS[scope]} ({len(self._images[scope])}) of {project}"
            questions.append(f"The folder holds {earlier.words}. This export of {new} would take its place.")
        if others:
            questions.append(f"The folder holds {others} that this program did not write.")
        question = QMessageBox(self)
        question.setObjectName("exportQuestion")
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.setWindowTitle("Export")
        question.setText("\n".join(questions))
        if others:
            stay = "Files that this program did not write stay as they are"
            question.setInformativeText(f"{stay}; one that is in the way is kept under another name.")
        only_names = not (others or lost)
        back = "Look first" if only_names else "Choose another folder"
        question.addButton(back, QMessageBox.ButtonRole.RejectRole)
        on = "Nothing is burned in: export" if only_names else "Export there"
        question.addButton(on, QMessageBox.ButtonRole.AcceptRole)
        show_plainly(question)
        question.accepted.connect(self._start)
        question.open()

    def _start(self) -> None:
        scope, folder = self.scope, self._folder()
        later = "leave-out" if self.leave_out.isChecked() else "mark"
        captures = self.capture.isEnabled() and self.capture.isChecked()
        shifted = "shifted" if self.shift_dates.isChecked() else "emptied"
        deidentify = shifted if self.without_persons.isChecked() else ""
        if self._exporting.start(self.chosen(), folder, scope, self._images[scope], later, captures, deidentify):
            settings().setValue("exportDeidentify", deidentify)
            settings().setValue("exportFormats", " ".join(self.chosen()))
            settings().setValue("exportScope", scope)
            settings().setValue("exportFolder", str(folder))
            settings().setValue("exportLater", later)
            settings().setValue("exportCapture", "yes" if self.capture.isChecked() else "")
            self.accept()
