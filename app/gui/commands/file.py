"""The commands of the File menu: projects, images, exports and landmark sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtWidgets import QFileDialog, QWidget

from app.gui.commands.command import Command
from app.gui.state.controller import Controller
from app.gui.widgets.question import ask
from app.gui.widgets.settings import PROJECT_SUFFIX, data_folder, settings

IMAGES = "Images (*.dcm *.png *.tif *.tiff *.jpg *.jpeg *.nii *.nii.gz *.nrrd *.mha);;All files (*)"
PROJECTS = f"Projects (*{PROJECT_SUFFIX});;All files (*)"
LANDMARK_SETS = "JSON (*.json)"


class ProjectFiles(Protocol):
    """What opens, makes, copies and closes projects, and adds images to the open one."""

    def add(self, paths: Sequence[str | Path]) -> None: ...
    def add_samples(self, apart: bool = False) -> None: ...
    def create(self, path: Path) -> bool: ...
    def open(self, path: Path) -> bool: ...
    def save_copy(self, path: Path) -> None: ...
    def close(self) -> None: ...


def file_commands(
    parent: QWidget,
    controller: Controller,
    projects: ProjectFiles,
    recent: Sequence[Command],
    find_moved: Callable[[Path], object],
    export: Callable[[], object],
) -> Sequence[Command]:
    """The lines of the menu.

    Parameters
    ----------
    parent : QWidget
        Of the dialogs; closing it quits.
    controller : Controller
    projects : ProjectFiles
    recent : sequence of Command
        The lines of the submenu.
    find_moved : callable
        Looks in a folder for images that moved.
    export : callable
        Opens the dialog.
    """
    return [
        *_images(parent, controller, projects),
        *_projects(parent, projects),
        *recent,
        Command(
            "findMoved",
            "File",
            "Find moved images…",
            lambda: _find_moved(parent, find_moved),
            needs="writable",
            tip="By what is in them, whatever their name is",
        ),
        Command(
            "export",
            "File",
            "Export…",
            export,
            "Ctrl+E",
            "project",
            tip="Table, COCO, masks, landmark set",
            line=True,
        ),
        *_landmark_sets(parent, controller),
        Command(
            "saveCopy",
            "File",
            "Save a copy…",
            lambda: _save_copy(parent, controller, projects),
            needs="project",
            tip="With all that was done; what is open stays open",
            line=True,
        ),
        Command("closeProject", "File", "Close project", projects.close, "Ctrl+W", "project"),
        Command("quit", "File", "Quit", parent.close, "Ctrl+Q"),
    ]


def _last_folder() -> str:
    return str(settings().value("lastFolder", str(Path.home())))


def _with_suffix(file: str) -> Path:
    path = Path(file)
    return path if path.suffix else path.with_suffix(PROJECT_SUFFIX)


def _images(parent: QWidget, controller: Controller, projects: ProjectFiles) -> Sequence[Command]:
    def open_folder() -> None:
        folder = QFileDialog.getExistingDirectory(parent, "Open folder", _last_folder())
        if folder:
            settings().setValue("lastFolder", folder)
            projects.add([folder])

    def open_images() -> None:
        files, _ = QFileDialog.getOpenFileNames(parent, "Open images", _last_folder(), IMAGES)
        if files:
            settings().setValue("lastFolder", str(Path(files[0]).parent))
            projects.add(files)

    def open_samples() -> None:
        session = controller.session
        if session is None or not session.images:
            projects.add_samples()
            return
        question = f"{session.path.stem} is open. Where shall the rendered samples go?"
        answer = ask(parent, question, ("Into a project of their own", f"Into {session.path.stem}"))
        if answer >= 0:
            projects.add_samples(apart=answer == 0)

    folder, single, drawn = "Add all images below a folder", "Add single image files", "Six rendered chest pictures"
    return [
        Command("openFolder", "File", "Open folder…", open_folder, "Ctrl+O", tip=folder),
        Command("openImages", "File", "Open images…", open_images, "Ctrl+Shift+O", tip=single),
        Command("openSamples", "File", "Try the rendered samples", open_samples, tip=f"{drawn}, no patients"),
    ]


def _projects(parent: QWidget, projects: ProjectFiles) -> Sequence[Command]:
    def new_project() -> None:
        start = str(data_folder() / f"project{PROJECT_SUFFIX}")
        file, _ = QFileDialog.getSaveFileName(parent, "New project", start, PROJECTS)
        if file:
            projects.create(_with_suffix(file))

    def open_project() -> None:
        file, _ = QFileDialog.getOpenFileName(parent, "Open project", str(data_folder()), PROJECTS)
        if file:
            projects.open(Path(file))

    return [
        Command("newProject", "File", "New project…", new_project, "Ctrl+N", line=True),
        Command("openProject", "File", "Open project…", open_project, "Ctrl+Shift+P"),
    ]


def _save_copy(parent: QWidget, controller: Controller, projects: ProjectFiles) -> None:
    session = controller.session
    if session is None:
        return
    start = str(data_folder() / f"{session.path.stem} copy{PROJECT_SUFFIX}")
    silent = QFileDialog.Option.DontConfirmOverwrite  # a copy never takes the place of a file
    file, _ = QFileDialog.getSaveFileName(parent, "Save a copy", start, PROJECTS, options=silent)
    if file:
        projects.save_copy(_with_suffix(file))


def _find_moved(parent: QWidget, find: Callable[[Path], object]) -> None:
    folder = QFileDialog.getExistingDirectory(parent, "Where are the images now?", _last_folder())
    if folder:
        find(Path(folder))


def _landmark_sets(parent: QWidget, controller: Controller) -> Sequence[Command]:
    load, save = lambda: _load_landmarks(parent, controller), lambda: _save_landmarks(parent, controller)
    return [
        Command("loadLandmarks", "File", "Load landmark set…", load, needs="writable", line=True),
        Command("saveLandmarks", "File", "Save landmark set…", save, needs="project"),
    ]


def _load_landmarks(parent: QWidget, controller: Controller) -> None:
    from app.io.landmark_set import read_landmark_set

    session = controller.session
    file, _ = QFileDialog.getOpenFileName(parent, "Load landmark set", _last_folder(), LANDMARK_SETS)
    if not file or session is None:
        return
    try:
        marks = read_landmark_set(Path(file), session.template)
    except (ValueError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        controller.tell(f"{Path(file).name} could not be loaded. {reason}")
        return
    controller.do(session.add_landmark_set, marks)


def _save_landmarks(parent: QWidget, controller: Controller) -> None:
    from app.io.atomic import write_text
    from app.io.landmark_set import landmark_set_text

    session = controller.session
    start = str(Path(_last_folder()) / "landmarks.json")
    file, _ = QFileDialog.getSaveFileName(parent, "Save landmark set", start, LANDMARK_SETS)
    if not file or session is None:
        return
    own = [mark for mark in session.landmarks if not mark.hidden]
    try:
        write_text(Path(file), landmark_set_text(session.template, own))
    except OSError as error:
        controller.tell(f"{file} could not be written ({error.strerror}). Choose another folder.")
        return
    controller.say(f"{len(own)} landmark{'' if len(own) == 1 else 's'} saved to {file}.")
