"""What the File, Edit and Help commands do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from app.gui.export.export_dialog import ExportDialog
from app.gui.shell import dialogs
from app.gui.widgets.settings import PROJECT_SUFFIX, data_folder, settings
from app.project.entries import Change, Step

if TYPE_CHECKING:
    from app.gui.shell.main_window import Window

IMAGES = "Images (*.dcm *.png *.tif *.tiff *.jpg *.jpeg *.nii *.nii.gz *.nrrd *.mha);;All files (*)"
PROJECTS = f"Projects (*{PROJECT_SUFFIX});;All files (*)"


MANY_IMAGES = 20
"""Undo and redo ask before they change more."""


class FileCommands:
    """One method per verb of `actions.COMMANDS`."""

    def __init__(self, window: Window) -> None:
        self._window, self._desk, self._projects = window, window.desk, window.projects

    def _folder(self) -> str:
        return str(settings().value("lastFolder", str(Path.home())))

    def openFolder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, "Open folder", self._folder())
        if folder:
            settings().setValue("lastFolder", folder)
            self._projects.add([folder])

    def openImages(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self._window, "Open images", self._folder(), IMAGES)
        if files:
            settings().setValue("lastFolder", str(Path(files[0]).parent))
            self._projects.add(files)

    def openSamples(self) -> None:
        self._projects.add_samples()

    def newProject(self) -> None:
        start = str(data_folder() / f"project{PROJECT_SUFFIX}")
        file, _ = QFileDialog.getSaveFileName(self._window, "New project", start, PROJECTS)
        if file:
            path = Path(file)
            self._projects.create(path if path.suffix else path.with_suffix(PROJECT_SUFFIX))

    def openProject(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self._window, "Open project", str(data_folder()), PROJECTS)
        if file:
            self._projects.open(Path(file))

    def saveCopy(self) -> None:
        session = self._desk.session
        if session is None:
            return
        start = str(data_folder() / f"{session.path.stem} copy{PROJECT_SUFFIX}")
        silent = QFileDialog.Option.DontConfirmOverwrite  # a copy never takes the place of a file
        file, _ = QFileDialog.getSaveFileName(self._window, "Save a copy", start, PROJECTS, options=silent)
        if file:
            path = Path(file)
            self._projects.save_copy(path if path.suffix else path.with_suffix(PROJECT_SUFFIX))

    def closeProject(self) -> None:
        self._projects.close()

    def quit(self) -> None:
        self._window.close()

    def export(self) -> None:
        if self._desk.session is not None:
            ExportDialog(self._window, self._desk, self._window.exporting).open()

    def loadLandmarks(self) -> None:
        from app.io.landmark_set import read_landmark_set

        session = self._desk.session
        file, _ = QFileDialog.getOpenFileName(self._window, "Load landmark set", self._folder(), "JSON (*.json)")
        if not file or session is None:
            return
        try:
            marks = read_landmark_set(Path(file), session.template)
        except (ValueError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            self._desk.tell(f"{Path(file).name} could not be loaded. {reason}")
            return
        self._desk.do(session.add_landmark_set, marks)

    def saveLandmarks(self) -> None:
        from app.io.atomic import write_text
        from app.io.landmark_set import landmark_set_text

        session = self._desk.session
        start = str(Path(self._folder()) / "landmarks.json")
        file, _ = QFileDialog.getSaveFileName(self._window, "Save landmark set", start, "JSON (*.json)")
        if not file or session is None:
            return
        own = [mark for mark in session.landmarks if not mark.hidden]
        try:
            write_text(Path(file), landmark_set_text(session.template, own))
        except OSError as error:
            self._desk.tell(f"{file} could not be written ({error.strerror}). Choose another folder.")
            return
        self._desk.say(f"{len(own)} landmark{'' if len(own) == 1 else 's'} saved to {file}.")

    def findMoved(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, "Where are the images now?", self._folder())
        if folder:
            self._window.finding.start(Path(folder))

    def history(self) -> None:
        self._window.history_panel.show()
        self._window.history_panel.raise_()

    def undo(self) -> None:
        session = self._desk.session
        if session is not None and session.next_undo is not None:
            self._travel(session.next_undo, session.undo)

    def redo(self) -> None:
        session = self._desk.session
        if session is not None and session.next_redo is not None:
            self._travel(session.next_redo, session.redo)

    def _travel(self, step: Step, act: Callable[[], str | None]) -> None:
        """Undo or redo: asks before many images change, goes to the image it is about, and says what it did there."""
        window, session = self._window, self._desk.open_session()
        if len(step.images) > MANY_IMAGES and not dialogs.ask_step(window, step):
            return
        seen: list[Change] = []
        link = self._desk.changed.connect(lambda change: seen.append(change))
        try:
            done = self._desk.do(act)
        finally:  # also after an error that nobody expected
            self._desk.changed.disconnect(link)
        if not done:
            return
        everywhere = len(session.images) if any(change.kind == "landmarks" for change in seen) else 0
        there = [name for name in step.images if name in session.images]
        if len(step.images) == 1 and there:
            self._desk.show_image(there[0])  # in another one nobody would see what happened
        self._desk.tell(dialogs.step_done(step, everywhere), window.image_view)

    def setReader(self) -> None:
        self._window.ask_reader()

    def setKeys(self) -> None:
        dialogs.KeysDialog(self._window, self._window.actions_).open()

    def help(self) -> None:
        dialogs.show_help(self._window)

    def about(self) -> None:
        dialogs.show_about(self._window, self._desk.session)
