"""Opinions of others in the window: bringing them in, showing them in the images, comparing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.gui.commands.command import Command
from app.gui.image.image_view import ImageView
from app.gui.image.opinion_item import OpinionItem
from app.gui.image.split_view import ImagesPane
from app.gui.opinions.comparison import OpinionsWindow
from app.gui.opinions.import_dialog import ImportDialog
from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.stepped import SteppedRunner
from app.store.errors import ProjectError

if TYPE_CHECKING:
    from app.project.importing import ImportReport
    from app.project.matching import Matching


class Opinions(QObject):
    """Draws opinions in all image views, and holds the commands about them.

    Parameters
    ----------
    window : QWidget
        Of the dialogs.
    controller : Controller
    bridge : Bridge
    images : ImagesPane
    """

    def __init__(self, window: QWidget, controller: Controller, bridge: Bridge, images: ImagesPane) -> None:
        super().__init__(window)
        self._window, self._controller, self._bridge = window, controller, bridge
        self.importing = SteppedRunner(controller, bridge, "Importing")
        self.items: dict[ImageView, OpinionItem] = {}
        for view in images.views:
            self._add(view)
        images.viewAdded.connect(self._add)
        controller.changed.connect(lambda _: self._follow(anew=True))
        controller.sessionChanged.connect(lambda: self._follow(anew=True))
        controller.stateChanged.connect(lambda *_: self._follow())

    def _add(self, view: ImageView) -> None:
        self.items[view] = OpinionItem(self._controller)
        view.add(self.items[view])
        view.pictureShown.connect(lambda _: self._follow())

    def _follow(self, anew: bool = False) -> None:
        for view, item in self.items.items():
            item.follow(view.image, view.frame_of_image, anew)

    def commands(self) -> Sequence[Command]:
        """The lines of the menus."""
        tip = "COCO, LabelMe, CVAT, YOLO, Slicer, DICOM, masks, tables: as corrections or as an opinion"
        return [
            Command("importAnnotations", "File", "Import annotations…", self.open_dialog, "", "writable", tip=tip),
            Command("opinions", "View", "Opinions of others…", self.compare, "", "project", tip="Compare, take over"),
            Command("hideOpinions", "View", "Hide opinions of others", self._hide, "", "project", group="own"),
        ]

    def _hide(self, hidden: bool) -> None:
        for item in self.items.values():
            item.shown = not hidden
        self._follow(anew=True)

    def open_dialog(self) -> None:
        """Ask what to bring in."""
        if self._controller.session is not None and not self.importing.running:
            dialog = ImportDialog(self._window, self._controller, self._bridge)
            dialog.imported.connect(self.start)
            dialog.open()

    def start(self, matching: Matching, as_: str, over: bool, source: str) -> None:
        """Bring in what was matched, little by little."""
        session = self._controller.session
        if session is None or self.importing.running:
            return
        try:
            job = session.start_import(matching, as_, over, source)
        except (ValueError, ProjectError) as error:
            self._controller.tell(str(error))
            return
        self.importing.start(job, self._done)

    def _done(self, value: object) -> None:
        report: ImportReport = value  # type: ignore[assignment]
        plan = report.plan
        whose = f"as the opinion of {plan.opinion}" if plan.opinion else "as corrections"
        kept = f" {plan.corrections_kept} corrections of yours stayed." if plan.corrections_kept else ""
        empty = f" {len(report.empty)} outlines lie outside their picture." if report.empty else ""
        count = f"{report.placements} placements and {report.masks} masks"
        self._controller.say(f"Imported {count} in {len(plan.images)} images {whose}.{kept}{empty}")
        if plan.opinion:
            self.compare()

    def compare(self) -> None:
        """Open the window of opinions, or bring it to the front."""
        found = self._window.findChild(OpinionsWindow) or OpinionsWindow(self._window, self._controller)
        found.show()
        found.raise_()
