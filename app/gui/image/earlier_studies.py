"""Earlier studies of the patient whose image is chosen, found by patient key and study date, to be shown beside it."""

from __future__ import annotations

from app.gui.image.split_view import ImagesPane
from app.gui.state.controller import Controller
from app.project.patients import PatientImage, When

NONE = "No earlier study of this patient is in the project, as far as its files say patient and date."


class EarlierStudies:
    """What there is of one patient, and showing it.

    Parameters
    ----------
    controller : Controller
    pane : ImagesPane
    """

    def __init__(self, controller: Controller, pane: ImagesPane) -> None:
        self._controller, self._pane = controller, pane

    def _others(self, image: str) -> tuple[PatientImage, ...]:
        session = self._controller.session
        return session.patient_images(image) if session is not None and image in session.images else ()

    @property
    def earlier(self) -> tuple[PatientImage, ...]:
        """Earlier studies of the chosen image's patient, the newest first."""
        return tuple(one for one in self._others(self._controller.image) if one.when is When.EARLIER)

    def _day(self, study: PatientImage, before: str) -> str:
        """The day of a study behind some letters; nothing while others look on, who might know the patient by it."""
        return "" if self._controller.look.private else before + study.study_date

    def words(self, study: PatientImage) -> str:
        """What is offered of an earlier study: its day, and nothing else of the file."""
        return "Earlier study of this patient" + self._day(study, ", ")

    def few_words(self, study: PatientImage) -> str:
        """The same, as short as it can be."""
        return "Earlier" + self._day(study, ": ")

    @property
    def offered(self) -> PatientImage | None:
        """The newest of them that is not shown yet."""
        return next((one for one in self.earlier if not self._pane.is_shown(one.image)), None)

    def show(self, image: str = "") -> None:
        """Show an earlier study beside the chosen image, the newest that is not shown yet unless one is named."""
        if image:
            self._pane.show_beside([image])
        elif (study := self.offered) is not None:
            self._pane.show_beside([study.image])
        elif self.earlier:
            self._controller.tell("All earlier studies of this patient are shown.", self._pane.active)
        else:
            self._controller.tell(NONE, self._pane.active)

    def words_beside(self, image: str) -> str:
        """What an image in another pane is to the chosen one: “earlier, 2021-12-31”; empty where nothing is known."""
        found = next((one for one in self._others(self._controller.image) if one.image == image), None)
        if found is None or found.when in (When.UNKNOWN, When.SAME):
            return ""
        return found.when.value + self._day(found, ", ")
