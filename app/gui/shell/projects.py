"""Opening and closing projects, and adding images to the open one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from app.gui.shell.adding import Adding
from app.gui.shell.copying import Copying
from app.gui.shell.known_projects import MOST_ASKED, Choice, KnownProjects
from app.gui.state.controller import Controller
from app.gui.state.predicting import Predicting
from app.gui.state.recent_projects import RecentProjects
from app.gui.widgets.question import ask
from app.gui.widgets.settings import new_project_path, settings
from app.io.errors import ReadError
from app.store.errors import ProjectError, Trouble
from app.store.paths import same_file

if TYPE_CHECKING:
    from app.project.session import Session

READABLE = (Trouble.LOCKED, Trouble.READ_ONLY, Trouble.UNLOCKABLE)
SAMPLES = Path(__file__).resolve().parents[3] / "resources" / "samples"


class Projects:
    """The way from files to the controller's session. Failures become messages.

    Attributes
    ----------
    recent : RecentProjects
    keep_window, restore_window : callable
        Called before a project is closed and when one has come; set by the window.
    recent_changed : callable
        Called when the list of recent projects is another one; set by the window.
    """

    def __init__(
        self,
        parent: QWidget,
        controller: Controller,
        predicting: Predicting,
        adding: Adding,
        copying: Copying,
        model: str | None = None,
    ) -> None:
        self._controller, self._predicting, self._adding, self._model = controller, predicting, adding, model
        self._copying, self._parent = copying, parent
        self.recent = RecentProjects()
        self.keep_window: Callable[[], None] = lambda: None
        self.restore_window: Callable[[], None] = lambda: None
        self.recent_changed: Callable[[], None] = lambda: None

    def reader(self) -> str:
        """The reader's name, as far as it was ever given."""
        return str(settings().value("reader", ""))

    def set_reader(self, name: str) -> None:
        """Remember who is reading, for this project and the next ones."""
        settings().setValue("reader", name)
        if self._controller.writable:
            self._controller.do(setattr, self._controller.session, "reader", name)

    def create(self, path: Path) -> bool:
        """Make a new project and open it."""
        from app.project.session import Session

        return self._take(lambda: Session.create(path, model=self._model or "chest", reader=self.reader()))

    def open(self, path: Path) -> bool:
        """Open a project; one that somebody else has open or that can't be written, for reading only."""
        from app.project.session import Session

        if self._controller.session is not None and same_file(self._controller.session.path, path):
            return True

        def opened() -> Session:
            try:
                return Session.open(path, model=self._model, reader=self.reader() or None)
            except ProjectError as error:
                if error.trouble not in READABLE:
                    raise
                self._controller.say(f"{error.cause} It is shown for reading only.")
                return Session.open(path, read_only=True, model=self._model)

        return self._take(opened)

    def _take(self, make: Callable[[], Session]) -> bool:
        try:
            session = make()
        except (ProjectError, ReadError, ValueError, OSError) as error:
            self._controller.say(str(error))
            return False
        self.close()
        self._controller.use(session)
        self.recent.opened(session)
        self.restore_window()
        if session.remark:
            self._controller.say(session.remark)
        self._predicting.start()
        return True

    def save_copy(self, path: Path) -> None:
        """Save everything in another place; where nothing more can be kept here, go on there."""
        session = self._controller.session
        if session is None or session.trouble is None:
            self._copying.start(path)
        elif self._controller.do(session.save_copy, path):
            self.recent.opened(session)
            self.recent_changed()
            self._controller.tell(
                f"{path.name} is the open project now, with everything until now. It lies in {path.parent}."
            )
            self._predicting.start()

    def open_or_create(self, path: Path) -> bool:
        """Open a project file, or make it where there is none."""
        return self.open(path) if path.exists() else self.create(path)

    def last(self) -> Path | None:
        """The project that was open last, if it is still there."""
        recent = self.recent.paths()
        return recent[0] if recent and recent[0].is_file() else None

    def open_recent(self, path: Path) -> bool:
        """Open a project of the list; one that is not there stays in it, dim, until the reader takes it off."""
        opened = self.open(path)
        if not opened:
            self.recent_changed()
        return opened

    def forget(self, path: Path) -> None:
        """Take a project off the list of those that were open last; its file stays."""
        self.recent.forget(path)
        self.recent_changed()

    def add(self, paths: Sequence[str | Path], here: bool = False) -> None:
        """Add images; their prediction starts by itself.

        A project that was made of them before is opened instead of a new one beside it, or the reader is asked which
        is meant. Where there is none and no project is open, a new one is made in the data folder.

        Parameters
        ----------
        paths : sequence of str or Path
        here : bool
            Whether they surely belong to the project that is open.
        """
        given = [Path(path) for path in paths]
        if not given:
            return
        choice = Choice.ADD if here else self._choose_project(given)
        if choice is Choice.ADD:
            self._add(given)

    def _choose_project(self, given: Sequence[Path]) -> Choice:
        """Open the project that images belong to, where there is one; what is to be done with them then."""
        session = self._controller.session
        if (session is not None and not session.images) or not any(path.exists() for path in given):
            return Choice.ADD
        known = KnownProjects.of(given, self.recent.paths(), session.path if session is not None else None)
        if known.open_one_holds or not known.others:
            return Choice.ADD
        first = known.others[0]
        if session is None and len(known.others) == 1 and known.whole(first):
            return self._go_on_with(first.path, given)
        here = f"Add to “{session.path.stem}”" if session is not None else "Make a new project"
        asked = known.others[:MOST_ASKED]
        answer = ask(self._parent, known.question, [*(f"Open “{one.path.stem}”" for one in asked), here])
        if answer < 0:
            return Choice.NOTHING
        if answer == len(asked):
            return Choice.ADD
        path = asked[answer].path
        return self._go_on_with(path, given) if known.whole(asked[answer]) else self._only(path)

    def _only(self, path: Path) -> Choice:
        self.open(path)
        return Choice.NOTHING

    def _go_on_with(self, path: Path, given: Sequence[Path]) -> Choice:
        """Open a project that is made of these images alone; what is new among them is added to it."""
        if not self.open(path):
            return Choice.NOTHING
        session = self._controller.open_session()
        self._controller.tell(f"These images belong to the project “{session.path.stem}”, which is open now.")
        if not session.read_only:
            self._adding.start(given, again=True)
        return Choice.NOTHING

    def _add(self, given: Sequence[Path]) -> None:
        if self._controller.session is None:
            if not any(path.exists() for path in given):  # no empty project for a slip of the pen
                for path in given:
                    self._controller.say(f"“{path}” does not exist. Check how it is spelled.")
                return
            stem = given[0].resolve().stem if len(given) == 1 else "project"
            if not self.create(new_project_path(f"{stem} {date.today().isoformat()}")):
                return
        self._adding.start(given)

    def open_apart(self, files: Sequence[Path], model: str) -> None:
        """Open images in a new project of another model; the project that is open keeps them as it is."""
        from app.project.session import Session

        path = new_project_path(f"{self._controller.open_session().path.stem} {model}")
        if self._take(lambda: Session.create(path, model=model, reader=self.reader())):
            self._adding.start(files)

    def add_samples(self, apart: bool = False) -> None:
        """Add the rendered samples that come with the program, or open them in a project of their own."""
        if apart:
            self.close()
        self.add([SAMPLES], here=not apart and self._controller.session is not None)

    def close(self) -> None:
        """Close the project; everything is on disk already."""
        session = self._controller.session
        if session is not None:
            self.keep_window()
            self._adding.cancel()
            self._copying.cancel()
            self._predicting.forget()
            self._controller.use(None)
            session.close()
