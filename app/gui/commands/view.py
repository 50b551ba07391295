"""What the View and Image commands do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.core.landmark import ReviewState
from app.gui.image.spacing_dialog import SpacingDialog
from app.gui.image.turn import Turn
from app.gui.shell import dialogs
from app.gui.state.desk import MaskStyle, Mode
from app.gui.template.structure_review import StructureReviewDialog
from app.gui.widgets import theme
from app.gui.worklist.worklist_model import OPEN, Order

if TYPE_CHECKING:
    from app.gui.image.image_view import ImageView
    from app.gui.shell.main_window import Window


class ViewCommands:
    """One method per verb of `actions.COMMANDS`."""

    def __init__(self, window: Window) -> None:
        self._window, self._desk = window, window.desk

    @property
    def _view(self) -> ImageView:
        return self._window.images.active

    def fit(self) -> None:
        self._view.fit()

    def actualSize(self) -> None:
        self._view.set_zoom(1.0 / self._view.devicePixelRatioF())

    def zoomIn(self) -> None:
        self._view.set_zoom(self._view.zoom * 1.25)

    def zoomOut(self) -> None:
        self._view.set_zoom(self._view.zoom / 1.25)

    def invert(self, on: bool) -> None:
        for view in self._window.images.views:
            view.set_invert(on)

    def preset1(self) -> None:
        self._view.use_preset(1)

    def preset2(self) -> None:
        self._view.use_preset(2)

    def preset3(self) -> None:
        self._view.use_preset(3)

    def preset4(self) -> None:
        self._view.use_preset(4)

    def preset5(self) -> None:
        self._view.use_preset(5)

    def preset6(self) -> None:
        self._view.use_preset(6)

    def autoWindow(self) -> None:
        self._view.use_auto_window()

    def gammaUp(self) -> None:
        self._view.set_gamma(self._view.grey.window.gamma * 1.15)

    def gammaDown(self) -> None:
        self._view.set_gamma(self._view.grey.window.gamma / 1.15)

    def gammaReset(self) -> None:
        self._view.set_gamma(1.0)

    def turnLeft(self) -> None:
        self._view.set_turn(self._view.turn.left())

    def turnRight(self) -> None:
        self._view.set_turn(self._view.turn.right())

    def mirror(self) -> None:
        self._view.set_turn(self._view.turn.mirror())

    def resetTurn(self) -> None:
        self._view.set_turn(Turn())

    def magnifier(self, on: bool) -> None:
        for view in self._window.images.views:
            view.set_magnifier(on)

    def crosshair(self, on: bool) -> None:
        for view in self._window.images.views:
            view.set_crosshair(on)

    def compareNone(self, on: bool) -> None:
        self._compare(0)

    def compareNext(self, on: bool) -> None:
        self._compare(1)

    def comparePrevious(self, on: bool) -> None:
        self._compare(-1)

    def _compare(self, step: int) -> None:
        """The same choice again takes the second image away."""
        images = self._window.images
        images.compare(0 if images.step == step else step)
        verb = {0: "compareNone", 1: "compareNext", -1: "comparePrevious"}[images.step]
        self._window.actions_[verb].setChecked(True)

    def structures(self, on: bool) -> None:
        self._desk.set_look(structures=on)

    def outlines(self, on: bool) -> None:
        self._masks(MaskStyle.OUTLINE)

    def fills(self, on: bool) -> None:
        self._masks(MaskStyle.FILL)

    def noMasks(self, on: bool) -> None:
        self._masks(MaskStyle.OFF)

    def _masks(self, style: MaskStyle) -> None:
        """The same choice again takes the masks away: O shows and hides outlines."""
        if self._desk.look.masks == style:
            style = MaskStyle.OFF if style != MaskStyle.OFF else MaskStyle.OUTLINE
        self._desk.set_look(masks=style)
        self._window.show_look()

    def uvColours(self, on: bool) -> None:
        self._desk.set_look(uv=on)

    def labels(self, on: bool) -> None:
        self._desk.set_look(labels=on)

    def showHidden(self, on: bool) -> None:
        self._window.landmark_table.set_show_hidden(on)

    def themeDark(self, on: bool) -> None:
        theme.choose(theme.Theme.DARK)

    def themeLight(self, on: bool) -> None:
        theme.choose(theme.Theme.LIGHT)

    def themeSystem(self, on: bool) -> None:
        theme.choose(theme.Theme.SYSTEM)

    def showMessages(self, on: bool) -> None:
        self._window.messages.setVisible(on)


class ImageCommands:
    """One method per verb of `actions.COMMANDS`."""

    def __init__(self, window: Window) -> None:
        self._window, self._desk, self._worklist = window, window.desk, window.worklist

    def _step(self, step: int) -> None:
        name = self._worklist.neighbour(step)
        if name:
            self._desk.show_image(name)

    def nextImage(self) -> None:
        self._step(1)

    def previousImage(self) -> None:
        self._step(-1)

    def firstImage(self) -> None:
        if self._worklist.model.shown:
            self._desk.show_image(self._worklist.model.shown[0])

    def lastImage(self) -> None:
        if self._worklist.model.shown:
            self._desk.show_image(self._worklist.model.shown[-1])

    def filter(self) -> None:
        self._worklist.filter.setFocus()
        self._worklist.filter.selectAll()

    def sortAdded(self, on: bool) -> None:
        self._worklist.set_order(Order.ADDED)

    def sortName(self, on: bool) -> None:
        self._worklist.set_order(Order.NAME)

    def sortPatient(self, on: bool) -> None:
        self._worklist.set_order(Order.PATIENT)

    def sortState(self, on: bool) -> None:
        self._worklist.set_order(Order.STATE)

    def worstFirst(self, on: bool) -> None:
        self._worklist.set_order(Order.CONFIDENCE)

    def sortCorrections(self, on: bool) -> None:
        self._worklist.set_order(Order.CORRECTIONS)

    def sortRemark(self, on: bool) -> None:
        self._worklist.set_order(Order.REMARK)

    def leastCertain(self) -> None:
        self._window.show_doubt(self._desk.image)

    def predictAgain(self) -> None:
        self._window.predicting.predict([self._desk.image])

    def cancelPrediction(self) -> None:
        self._window.predicting.cancel()

    def setSpacing(self) -> None:
        if self._desk.image:
            SpacingDialog(self._window, self._desk, self._window.image_view, self._worklist.selected()).show()

    def removeImage(self) -> None:
        session, name = self._desk.session, self._desk.image
        if session is not None and name:
            following = self._worklist.neighbour(1) or self._worklist.neighbour(-1)
            if self._desk.do(session.remove_images, [name]) and following:
                self._desk.show_image(following)


class ReviewCommands:
    """One method per verb of `actions.COMMANDS`."""

    def __init__(self, window: Window) -> None:
        self._window, self._desk, self._worklist = window, window.desk, window.worklist

    def _set(self, state: ReviewState) -> bool:
        session, name = self._desk.session, self._desk.image
        return bool(session and name and self._desk.do(session.set_review, name, state))

    def accept(self) -> None:
        following = self._worklist.neighbour(1)
        self._window.image_view.viewport().repaint()  # what is accepted is on the screen now, not in a moment
        if not self._desk.image or not self._window.bulk.accept([self._desk.image]):
            return
        if following:
            self._desk.show_image(following)
        else:
            self._desk.tell("That was the last image of the list.", self._window.image_view)
            self.nextOpen()

    def showNew(self) -> None:
        """Choose one after the other of the landmarks that came after this image was accepted."""
        session, name = self._desk.session, self._desk.image
        new = session.new_since_accepted(name) if session is not None and name else ()
        if not new:
            self._desk.tell(f"Nothing is new in {name} since it was accepted." if name else "No image is shown.")
            return
        self._desk.choose_landmark(
            new[(new.index(self._desk.landmark) + 1) % len(new) if self._desk.landmark in new else 0]
        )
        self._desk.tell(f"“{self._desk.landmark}” is new since this image was accepted. Reopen to make it part of it.")

    def secondOpinion(self) -> None:
        self._set(ReviewState.SECOND_OPINION)

    def reject(self) -> None:
        self._set(ReviewState.REJECTED)

    def rejectStructure(self) -> None:
        StructureReviewDialog(self._window, self._desk).open()

    def reopen(self) -> None:
        self._set(ReviewState.IN_PROGRESS)

    def note(self) -> None:
        session, name = self._desk.session, self._desk.image
        if session is None or not name:
            return
        entry = session.image(name)
        text = dialogs.ask_note(self._window, name, entry.note)
        if text is not None:
            self._desk.do(session.set_review, name, entry.review, text)

    def nextOpen(self) -> None:
        model = self._worklist.model
        here = model.index_of(self._desk.image).row()
        order = model.shown[here + 1 :] + model.shown[: here + 1]
        found = next((name for name in order if model.standing(name).review in OPEN), "")
        if found:
            self._desk.show_image(found)
        else:
            self._desk.tell(self._nothing_open(order))

    def _nothing_open(self, listed: Sequence[str]) -> str:
        """That nothing in the list is open; a filter may hide images that are."""
        hidden = set(self._desk.open_session().images).difference(listed)
        count = sum(self._desk.open_session().review(name) in OPEN for name in hidden)
        if not count:
            return "Every image in the worklist has been reviewed."
        rest = "1 image has" if count == 1 else f"{count} images have"
        return f"Every image that the filter lets through has been reviewed; {rest} not been."


class LandmarkCommands:
    """One method per verb of `actions.COMMANDS`; all act on the chosen landmark."""

    def __init__(self, window: Window) -> None:
        self._window, self._desk = window, window.desk

    def navigate(self, on: bool) -> None:
        self._desk.set_mode(Mode.NAVIGATE)

    def landmarkMode(self, on: bool) -> None:
        self._desk.set_mode(Mode.LANDMARK)

    def newLandmark(self) -> None:
        self._window.images.pointed.pointing.name_landmark_here()

    def placeHere(self) -> None:
        self._window.image_view.hands.place_at(self._window.image_view.pointing.place)

    def nextStructure(self) -> None:
        self._window.images.pointed.pointing.step()

    def confirmPlacement(self) -> None:
        if self._desk.session is not None:
            self._desk.do(self._desk.session.confirm_placement, self._desk.image, self._desk.landmark)

    def absentPlacement(self) -> None:
        if self._desk.session is not None:
            self._desk.do(self._desk.session.set_absent, self._desk.image, self._desk.landmark)

    def resetPlacement(self) -> None:
        if self._desk.session is not None:
            self._desk.do(self._desk.session.reset_placement, self._desk.image, self._desk.landmark)

    def renameLandmark(self) -> None:
        self._window.landmark_table.rename_chosen()

    def colourLandmark(self) -> None:
        session = self._desk.session
        if session is None:
            return
        mark = session.landmark(self._desk.landmark)
        colour = dialogs.ask_colour(self._window, mark.colour)
        if colour:
            self._desk.do(session.update_landmark, mark.name, colour=colour)

    def hideLandmark(self) -> None:
        session = self._desk.session
        if session is not None:
            mark = session.landmark(self._desk.landmark)
            self._desk.do(session.update_landmark, mark.name, hidden=not mark.hidden)

    def deleteLandmark(self) -> None:
        if self._desk.session is not None:
            self._desk.do(self._desk.session.delete_landmark, self._desk.landmark)
