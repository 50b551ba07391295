"""What can be done with several images of the worklist at once; accepted ones are locked and left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from app.core.landmark import ReviewState
from app.core.orientation import AS_STORED, Orientation
from app.gui.commands.orientation import WAYS
from app.gui.commands.rename import rename_image
from app.gui.image.seen import Seen
from app.gui.image.split_view import ImagesPane
from app.gui.state.controller import Controller
from app.gui.state.predicting import Predicting
from app.gui.state.stepped import SteppedRunner
from app.gui.widgets.plain_text import caption
from app.gui.widgets.question import confirmed
from app.project import accepting
from app.project.accepting import Refusal, ReviewReport

AT_ONCE = 8
"""More images than that are accepted little by little."""
LOOKED_THROUGH = 400
"""Of more images than that the menu opens at once and does not say which can't be accepted: 1 ms for 50."""


def counted(number: int) -> str:
    """A number of images in words."""
    return f"{number} image{'' if number == 1 else 's'}"


class SelectionCommands:
    """Each method is one undo step for all images it may touch, and one sentence for those it may not.

    Parameters
    ----------
    controller : Controller
    predicting : Predicting
    accepting : SteppedRunner
        Accepts many at once.
    seen : Seen
    images : ImagesPane
        The sentences stand in the active one.
    show_least_certain : callable
        Goes to the least certain point of an image.
    """

    def __init__(
        self,
        controller: Controller,
        predicting: Predicting,
        accepting: SteppedRunner,
        seen: Seen,
        images: ImagesPane,
        show_least_certain: Callable[[str], object],
    ) -> None:
        self._controller, self._predicting, self._accepting = controller, predicting, accepting
        self._seen, self._images, self._show_least_certain = seen, images, show_least_certain

    def menu(self, parent: QWidget, names: Sequence[str]) -> QMenu:
        """The menu of a selection."""
        menu = QMenu(parent)
        menu.setObjectName("selectionMenu")
        writable = self._controller.writable
        of = "" if len(names) == 1 else f" {counted(len(names))}"
        if len(names) == 1 and names[0] != self._controller.image:
            menu.addAction(caption(names[0])).setEnabled(False)
        new = [name for name in names if not self._images.is_shown(name)]
        if new:
            menu.addAction(
                f"Show{of} beside" if len(names) > 1 else "Show beside", lambda: self._images.show_beside(new)
            )
        if len(names) == 1:
            menu.addAction("Show its least certain point", lambda: self._show_least_certain(names[0]))
            rename = menu.addAction("Rename…", lambda: rename_image(parent, self._controller, names[0]))
            rename.setEnabled(writable)
            menu.addSeparator()
        self._add_accept(menu, names, writable)
        for words, act in (
            (f"Second opinion{of and ' on' + of}", lambda: self.review(names, ReviewState.SECOND_OPINION)),
            (f"Reject{of}", lambda: self.review(names, ReviewState.REJECTED)),
            (f"Reopen{of}", lambda: self.reopen(names)),
            ("", None),
            (f"Predict{of or ' it'} again", lambda: self.predict(names)),
            (f"Remove{of} from the project", lambda: self.remove(names)),
        ):
            if act is None:
                menu.addSeparator()
                self._add_orientations(menu.addMenu(f"Orientation{of and ' of' + of}"), names, writable)
            else:
                menu.addAction(words, act).setEnabled(writable)
        return menu

    def _add_accept(self, menu: QMenu, names: Sequence[str], writable: bool) -> None:
        """How many of several images can be accepted, and in a line of its own why the others can't."""
        if len(names) == 1:
            menu.addAction("Accept", lambda: self.accept(names)).setEnabled(writable)
            return
        if len(names) > LOOKED_THROUGH:
            menu.addAction(f"Accept {counted(len(names))}", lambda: self.accept(names)).setEnabled(writable)
            return
        session = self._controller.open_session()
        refused = session.refusals(names, self._seen.shown)
        accepted = sum(session.review(name) is ReviewState.ACCEPTED for name in names)
        count = len(names) - len(refused) - accepted
        words = counted(count) if count == len(names) else f"{count} of {counted(len(names))}"
        menu.addAction(f"Accept {words}", lambda: self.accept(names)).setEnabled(writable and count > 0)
        already = [f"{accepted} {'is' if accepted == 1 else 'are'} accepted already"] if accepted else []
        if others := ", ".join([*already, *([accepting.reasons(refused, named=0)] if refused else [])]):
            menu.addAction(caption(f"     {others}")).setEnabled(False)

    def _add_orientations(self, menu: QMenu, names: Sequence[str], writable: bool) -> None:
        for words, orientation in WAYS.values():
            menu.addAction(words, partial(self.read, names, orientation)).setEnabled(writable)
        menu.addSeparator()
        menu.addAction("As stored", partial(self.read, names, AS_STORED, more=False)).setEnabled(writable)

    def _split(self, names: Sequence[str]) -> tuple[list[str], str]:
        """Those that are not accepted, and a sentence on those that are; empty where none is."""
        session = self._controller.open_session()
        free = [name for name in names if session.review(name) is not ReviewState.ACCEPTED]
        locked = len(names) - len(free)
        return free, accepting.locked_words(locked) if locked else ""

    def _unlocked(self, names: Sequence[str]) -> list[str]:
        """Those that are not accepted; says how many are left as they are."""
        free, locked = self._split(names)
        if locked:
            self._controller.tell(locked, self._images.active)
        return free

    def accept(self, names: Sequence[str]) -> bool:
        """Accept, and thereby lock, what was on the screen; whether any was. A single suspect image is asked about."""
        if len(names) > AT_ONCE:
            return self._accept_many(names)
        session, shown = self._controller.open_session(), self._seen.shown
        although, refused = False, session.refusals(names, shown)
        if len(names) == 1 and refused.get(names[0]) is Refusal.SUSPECT:
            suspect = session.image(names[0]).suspect
            although = confirmed(self._images.window(), f"{names[0]}: {suspect} Accept it all the same?", "Accept it")
            if not although:
                return False
        elif len(refused) == len(names):
            self._controller.tell(accepting.sentence(refused), self._images.active)
            return False
        reports: list[ReviewReport] = []

        def act() -> None:
            accepted = ReviewState.ACCEPTED
            reports.append(session.set_review(list(names), accepted, shown=shown, although_suspect=although))

        done = self._controller.do(act)
        for report in reports:
            self._tell_of(report, several=len(names) > 1)
        return done

    def _accept_many(self, names: Sequence[str]) -> bool:
        """Accept little by little, so that the window goes on; still one undo step."""
        if self._accepting.running:
            self._controller.tell(
                "Images are being accepted. Wait until that has ended, or cancel it.", self._images.active
            )
            return False
        session, shown = self._controller.open_session(), self._seen.shown
        return self._controller.do(
            lambda: self._accepting.start(session.start_accept(list(names), shown=dict(shown)), self._tell_of)
        )

    def _tell_of(self, report: object, several: bool = True) -> None:
        """Say how many of several images were accepted, and in any case which were not."""
        if not isinstance(report, ReviewReport):
            return
        count = len(report.changed)
        done = f"{counted(count)} {'was' if count == 1 else 'were'} accepted." if several and count else ""
        if sentence := " ".join(part for part in (done, report.sentence) if part):
            self._controller.tell(sentence, self._images.active)

    def review(self, names: Sequence[str], state: ReviewState) -> None:
        """Set another review state; `in_progress` unlocks accepted images too. Of several it is said how many."""
        if state is ReviewState.IN_PROGRESS:
            free, locked = list(names), ""
        else:
            free, locked = self._split(names)
        done = bool(free) and self._controller.do(self._controller.open_session().set_review, free, state)
        was = "was" if len(free) == 1 else "were"
        words = f"{counted(len(free))} {was} set to {state.value.replace('_', ' ')}." if len(names) > 1 and done else ""
        if sentence := " ".join(part for part in (locked, words) if part):
            self._controller.tell(sentence, self._images.active)

    def reopen(self, names: Sequence[str]) -> None:
        """Unlock accepted images, and take the others' decision back."""
        self.review(names, ReviewState.IN_PROGRESS)

    def predict(self, names: Sequence[str]) -> None:
        """Predict again."""
        if self._predicting.running:
            self._controller.tell(
                "A prediction is running. Wait until it has ended, or cancel it.", self._images.active
            )
        elif free := self._unlocked(names):
            self._predicting.predict(free)

    def read(self, names: Sequence[str], orientation: Orientation, more: bool = True) -> None:
        """Give another orientation, on top of what each has now unless not `more`."""
        if free := self._unlocked(names):
            self._controller.do(self._controller.open_session().set_orientation, free, *astuple(orientation), more=more)

    def remove(self, names: Sequence[str]) -> None:
        """Take out of the project; the files stay, and undo brings the images back."""
        if free := self._unlocked(names):
            self._controller.do(self._controller.open_session().remove_images, free)
