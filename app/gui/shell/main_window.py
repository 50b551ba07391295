"""The window: puts the views together and lets them talk through the controller. Nothing is decided here."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.gui.commands.cohort import cohort_commands
from app.gui.commands.command import Command, only_where_seen
from app.gui.commands.edit import edit_commands, help_commands
from app.gui.commands.file import file_commands
from app.gui.commands.image import ORDERS, image_commands
from app.gui.commands.landmark import landmark_commands
from app.gui.commands.mask import TOOLS, mask_commands
from app.gui.commands.orientation import orientation_commands
from app.gui.commands.recent import recent_commands, title
from app.gui.commands.region import region_commands
from app.gui.commands.review import review_commands
from app.gui.commands.selection import SelectionCommands
from app.gui.commands.sheet import sheet_commands
from app.gui.commands.view import view_commands
from app.gui.commands.walk import walk_commands
from app.gui.contact_sheet.contact_sheet_view import ContactSheet
from app.gui.export.export_dialog import ExportDialog
from app.gui.export.exported_bar import ExportedBar
from app.gui.export.exporting import Exporting
from app.gui.history.history_panel import HistoryPanel
from app.gui.image.image_view import ImageView
from app.gui.image.multi_click_bar import MultiClick
from app.gui.image.nudge_keys import NudgeKeys
from app.gui.image.orientation_bar import OrientationBar
from app.gui.image.replaced_bar import ReplacedBar
from app.gui.image.seen import Seen
from app.gui.image.split_view import ImagesPane
from app.gui.landmarks.landmark_table import LandmarkTable
from app.gui.landmarks.learn_bar import LearnBar
from app.gui.shell.actions import Actions
from app.gui.shell.adding import Adding
from app.gui.shell.anatomy_bar import AnatomyBar
from app.gui.shell.command_palette import CommandPalette
from app.gui.shell.comparing import Comparing
from app.gui.shell.conference import Conference, title_of
from app.gui.shell.context_menus import ContextMenus
from app.gui.shell.copying import CopyBar, Copying
from app.gui.shell.file_watch import FileCheck
from app.gui.shell.job_panel import JobPanel
from app.gui.shell.keys_dialog import KeysDialog
from app.gui.shell.layering import Layering
from app.gui.shell.least_certain import show_least_certain
from app.gui.shell.look_switches import show_look
from app.gui.shell.mask_bar import MaskBar
from app.gui.shell.measuring import Measuring
from app.gui.shell.messages import Messages
from app.gui.shell.notice import Notices
from app.gui.shell.opinions import Opinions
from app.gui.shell.panels import StatusLine, Toolbar, stacked
from app.gui.shell.panels_shown import PanelsShown
from app.gui.shell.picking import Picking
from app.gui.shell.project_watch import Watching
from app.gui.shell.projects import Projects
from app.gui.shell.reader_bar import ReaderBar
from app.gui.shell.recent_list import RecentList
from app.gui.shell.region_bar import RegionBar
from app.gui.shell.relocating import Relocating
from app.gui.shell.right_column import RightColumn
from app.gui.shell.sheet_page import SheetPage
from app.gui.shell.sheet_panel import SheetPanel
from app.gui.shell.side_by_side import SideBySide
from app.gui.shell.walking import Walking
from app.gui.shell.welcome import Welcome
from app.gui.shell.window_state import WindowState
from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.grey_reading import GreyReading
from app.gui.state.pictures import Pictures
from app.gui.state.predicting import Predicting
from app.gui.state.read_ahead import ReadAhead
from app.gui.state.recent_projects import MOST
from app.gui.state.stepped import SteppedRunner
from app.gui.state.view_state import Mode
from app.gui.template.structure_list import StructureList
from app.gui.template.template_view import TemplateView
from app.gui.widgets import theme
from app.gui.widgets.plain_text import caption, tip
from app.gui.widgets.settings import settings
from app.gui.worklist.worklist_model import Order
from app.gui.worklist.worklist_view import Worklist
from app.project.changes import Change, ProjectChanged, ReaderChanged

FRAME = QSize(8, 40)
"""What a frame with a title may add to the window; not known before it is shown."""
KEEP_MS = 1000

MODES = {Mode.NAVIGATE: "navigate", Mode.LANDMARK: "landmarkMode", Mode.MASK: "maskMode"}
"""The command that chooses a mode."""


class MainWindow(QMainWindow):
    """The only top-level widget that stays."""

    closed = Signal()

    def __init__(self, model: str | None = None) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle("DenseSeg Review")
        self.setAcceptDrops(True)
        self.bridge = Bridge(self)
        self.controller = Controller(self)
        self.read_ahead = ReadAhead(self.controller)
        self.grey_reading = GreyReading(self.controller, self.bridge)
        self.pictures = Pictures(self.controller, self.bridge)
        self.predicting = Predicting(self.controller, self.bridge)
        self.adding = Adding(self.controller, self.bridge)
        self.copying = Copying(self.controller, self.bridge)
        self.projects = Projects(self, self.controller, self.predicting, self.adding, self.copying, model)
        self.worklist = Worklist(self.controller, self.pictures)
        self.images = ImagesPane(self.controller, self.pictures, self.worklist.neighbour)
        self.side_by_side = SideBySide(self.controller, self.images)
        self.contact_sheet = ContactSheet(self.controller, self.pictures, self.bridge)
        self.template_view = TemplateView(self.controller, self.bridge, lambda: self.worklist.model.shown)
        self.structures = StructureList(self.controller)
        self.landmark_table = LandmarkTable(self.controller)
        self.messages, self.reader_bar = Messages(), ReaderBar()
        self.copy_bar = CopyBar(self.controller, self.copying, self.projects.open)
        self.anatomy_bar = AnatomyBar(self.controller, self.projects)
        self.learn_bar, self.orientation_bar = LearnBar(self.controller), OrientationBar(self.controller)
        self.multi_click = MultiClick(self.controller, self.images)
        self.region_bar = RegionBar(self.controller, self.images, self.template_view)
        self.replaced_bar = ReplacedBar(self.controller)
        self.seen = Seen(self.controller, self.images)
        self.measuring = Measuring(self.controller, self.images)
        self.picking = Picking(self.controller, self.images, self.template_view)
        self.walking = Walking(self.controller, self.images)
        self.file_check = FileCheck(self.controller, self.bridge)
        self.comparing = Comparing(self.controller, self.bridge)
        self.accepting = SteppedRunner(self.controller, self.bridge, "Accepting")
        self.undoing = SteppedRunner(self.controller, self.bridge, "Undo or redo")
        selecting = self.predicting, self.accepting, self.seen, self.images, self._show_doubt
        self.selection_commands = SelectionCommands(self.controller, *selecting)
        self.exporting = Exporting(self.controller, self.bridge)
        self.opinions = Opinions(self, self.controller, self.bridge, self.images)
        self.relocating = Relocating(self.controller, self.bridge)
        changing = self.adding, self.accepting, self.undoing, self.opinions.importing, *self.template_view.jobs
        self.job_panel = JobPanel(self.predicting, *changing, self.exporting, self.relocating, self.copying)
        self.status = StatusLine(self.controller, self.job_panel)
        self.window_state = WindowState(self.projects.recent)
        self.actions_ = Actions(self.menuBar(), self._commands())
        self.command_palette = CommandPalette(self, self.actions_)
        menus = self.selection_commands.menu, self.side_by_side.studies
        self.context_menus = ContextMenus(self, self.controller, self.actions_, *menus)
        self.watching = Watching(self, self.controller, self.bridge, self.actions_["saveCopy"])
        self.history_panel = HistoryPanel(self, self.controller, self.actions_["undo"], self.actions_["redo"])
        self.notices = Notices(self.controller, lambda: self.images.active, self._hosts)
        images_by_key = (self.worklist.list, self.contact_sheet)
        self.nudge_keys = NudgeKeys(self.images, images_by_key, (self.structures, self.landmark_table))
        self._lay_out()
        self._listen()
        self._restore()
        self.show_look()
        self._refresh_actions()

    @property
    def image_view(self) -> ImageView:
        """The image that is worked in: of several the active one."""
        return self.images.active

    @property
    def desk(self) -> Controller:
        """The controller by its earlier name: scripts of ``shared/cases`` ask for it."""
        return self.controller

    def _end_inverting(self) -> None:
        if self.actions_["invert"].isChecked():
            self.actions_["invert"].trigger()

    def _commands(self) -> list[Command]:
        """All commands in the order of the menus; each gets what it works with."""
        controller, images, worklist, projects = self.controller, self.images, self.worklist, self.projects
        recent = recent_commands(projects.recent, projects.open_recent, self._show_recent)
        show_hidden, show_messages = self.landmark_table.set_show_hidden, self.messages.setVisible
        show_panel, show_page = lambda *shown: self.panels.choose(*shown), lambda on: self.sheet_page.show(on)
        orientation = orientation_commands(controller, images, self._end_inverting)
        commands = [
            *file_commands(self, controller, projects, recent, self.relocating.start, self._export),
            *edit_commands(controller, images, self._show_history, self.ask_reader, self._show_keys, self.undoing),
            *view_commands(controller, images, show_hidden, show_messages, show_panel),
            *sheet_commands(self.contact_sheet, show_page),
            *self.side_by_side.commands(worklist.selected),
            *cohort_commands(controller, self.template_view.cohorts),
            self.measuring.command(),
            self.measuring.reset_command(),
            *self.opinions.commands(),
            *image_commands(self, controller, worklist, images, self.predicting, self._show_doubt, orientation),
            *landmark_commands(
                *(self, controller, images, self.landmark_table, self.contact_sheet, self.multi_click),
                self.learn_bar.offer,
            ),
            *region_commands(self.region_bar.begin),
            *mask_commands(controller),
            *review_commands(self, controller, worklist, self.contact_sheet, images, self.selection_commands),
            *walk_commands(self.walking.walk),
            *help_commands(self, controller, lambda: self.command_palette.open()),
        ]
        return only_where_seen(commands, lambda: self.image_view.unseen())

    # --- putting together ------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        right = RightColumn(self.controller, self.template_view, self.structures, self.landmark_table)
        self.right_column = right
        self.measuring.follow(right.measurements.table, right.tabs)
        right.measurements.dialogOpened.connect(self.picking.begin)
        self.sheet_panel = SheetPanel(self.controller, self.contact_sheet)
        self.middle = QSplitter(Qt.Orientation.Vertical)
        images = stacked(self.walking.bar, self.orientation_bar, self.replaced_bar, self.images)
        self.middle.addWidget(images)
        self.middle.addWidget(self.sheet_panel)
        self.middle.setStretchFactor(0, 1)
        self.middle.setCollapsible(0, False)
        welcome = [self.actions_[verb] for verb in ("openFolder", "openProject", "openSamples")]
        self.welcome = Welcome(welcome, RecentList(self.bridge))
        self.centre = QStackedWidget()
        self.centre.addWidget(self.welcome)
        self.centre.addWidget(self.middle)
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        for column in (self.worklist, self.centre, right):
            self.columns.addWidget(column)
        self.columns.setStretchFactor(1, 1)
        for splitter in (self.columns, self.middle):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
        self.worklist.setMinimumWidth(256)
        right.setMinimumWidth(328)
        self.columns.setSizes([272, 848, 320])
        self.middle.setSizes([600, 176])
        self.toolbar = Toolbar(self.controller, self.actions_)
        beside = self.worklist, right
        self.panels = PanelsShown(
            self, self.controller, self.actions_, self.columns, beside, self.sheet_panel, self.toolbar, self.images
        )
        self.sheet_page = SheetPage(self.controller, self.contact_sheet, images, self.actions_, self.panels)
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        offers = self.copy_bar, ExportedBar(self.controller, self.exporting), self.learn_bar, self.anatomy_bar
        self.lines = self.reader_bar, *offers, self.multi_click
        mask_bar = MaskBar(self.controller, self.actions_)
        bars = self.toolbar, *self.lines, self.region_bar, mask_bar
        for widget in (*bars, self.columns, self.messages, self.status):
            layout.addWidget(widget, stretch=1 if widget is self.columns else 0)
        self.setCentralWidget(whole)
        for verb in ("accept", "nextFinding"):
            self.actions_[verb].setAutoRepeat(False)  # a key that is held down looks at nothing
        self.setMinimumSize(1000, 640)
        # On a smaller screen the frame must fit too, or the status line is out of sight.
        self.resize(QSize(1440, 900).boundedTo(self.screen().availableSize() - FRAME))

    def _hosts(self) -> tuple[QWidget, ...]:
        """The views over which a sentence may stand."""
        views = (*self.images.views, self.contact_sheet, self.template_view)
        return tuple(view for view in views if view.isVisible())

    def _listen(self) -> None:
        controller = self.controller
        named = self.status, self.messages, *self.lines, self.notices.label, self.welcome.recent
        todo = self._show_session, self._refresh_actions
        self.conference = Conference(self, controller, named, self.actions_, *todo)
        controller.said.connect(self._say)
        self.messages.counted.connect(self.status.show_messages)
        self.status.messagesWanted.connect(self.actions_["showMessages"].trigger)
        self.status.readerWanted.connect(self.ask_reader)
        self.reader_bar.named.connect(self._set_reader)
        self.reader_bar.left.connect(self.images.setFocus)
        self.copy_bar.left.connect(self.images.setFocus)
        self.orientation_bar.offering.connect(lambda told: self.image_view.tell_suspicion(told))
        self.pictures.failed.connect(lambda _, sentence: controller.say(sentence))  # on the image it stands already
        self.right_column.regions.drawWanted.connect(self.region_bar.begin)
        Layering(controller, self.template_view, self.actions_, self.right_column.layers, self.worklist.values.only)
        self.right_column.hidden.clicked.connect(self.actions_["showHidden"].trigger)
        self.worklist.ordered.connect(lambda order: self.actions_[ORDERS[Order(order)][0]].setChecked(True))
        self.worklist.sorting.setMenu(self.actions_.menu("Image/Sort by"))
        self.welcome.recent.wanted.connect(self.projects.open_recent)
        self.welcome.recent.unwanted.connect(self.projects.forget)
        self.worklist.filtered.connect(self.images.setFocus)
        self.worklist.selectionCounted.connect(self._show_accept)
        self.worklist.menuWanted.connect(self.context_menus.show_images)
        self.images.pictureShown.connect(self._show_presets)
        self.worklist.model.modelReset.connect(self.images.show_neighbour)
        self.images.stepped.connect(lambda step: self.actions_["nextImage" if step > 0 else "previousImage"].trigger())
        self.side_by_side.listen(self.actions_, self._fetch)
        self.images.markerMenu.connect(self.context_menus.show_marker)
        self.contact_sheet.markerMenu.connect(self.context_menus.show_tiles)
        self.contact_sheet.selectionCounted.connect(lambda n: self._show_accept(n or len(self.worklist.selected())))
        self.walking.walk.arrived.connect(self.sheet_page.leave)
        self.images.compared.connect(lambda: self.sheet_page.follow_panes(len(self.images.views)))
        self.landmark_table.menuWanted.connect(self.context_menus.show_landmark)
        shown = (controller.sessionChanged, controller.imageChanged, controller.landmarkChanged, controller.changed)
        for signal in (*shown, controller.modeChanged, self.images.overlapChanged):
            signal.connect(self._refresh_actions)
        controller.sessionChanged.connect(self._show_session)
        controller.changed.connect(self._on_change)
        controller.imageChanged.connect(self._show_image)
        controller.lookChanged.connect(self.show_look)
        controller.modeChanged.connect(self._show_mode)
        self.relocating.ended.connect(self._fetch)
        self.predicting.started.connect(self._refresh_actions)
        self.predicting.ended.connect(self._prediction_ended)

    def _restore(self) -> None:
        projects = self.projects
        projects.keep_window = lambda: self.window_state.keep(self.controller, self.worklist)
        projects.restore_window = self._project_opened
        projects.recent_changed = self._show_recent
        # Now and then, not at the end alone: a program that is killed opens again where the reader was.
        self._keeping = QTimer(self, singleShot=True, interval=KEEP_MS)
        self._keeping.timeout.connect(lambda: projects.keep_window())
        for signal in (self.controller.imageChanged, self.controller.lookChanged, self.controller.structureChanged):
            signal.connect(lambda *_: self._keeping.start())
        self._show_recent()
        kept = settings()
        for key, restore in (("geometry", self.restoreGeometry), ("columns", self.columns.restoreState)):
            value = kept.value(key)
            if isinstance(value, QByteArray) and not value.isEmpty():
                restore(value)
        name = self.projects.reader()
        self.status.show_reader(name)
        self.reader_bar.setVisible(not name)
        self.panels.restore()
        self.actions_["navigate"].setChecked(True)
        self.actions_["sortAdded"].setChecked(True)
        self.actions_[f"theme{theme.chosen().capitalize()}"].setChecked(True)
        self.image_view.setFocus()

    # --- what follows from what ------------------------------------------------------------------------------------

    def _show_session(self) -> None:
        session = self.controller.session
        self.setWindowTitle(title_of(session, self.controller.look.private))
        self.panels.show()
        if session is not None:
            self.status.show_reader(session.reader or self.projects.reader())
        self._show_image(self.controller.image)

    def _on_change(self, change: Change) -> None:
        if isinstance(change, ReaderChanged | ProjectChanged):
            self._show_session()

    def _project_opened(self) -> None:
        self.window_state.restore(self.controller, self.worklist, self.toolbar)
        self._show_recent()

    def _show_recent(self) -> None:
        """Let the menu list the projects, by name and folder."""
        recent = self.projects.recent
        paths = recent.paths()
        for number in range(1, MOST + 1):
            action = self.actions_[f"recent{number}"]
            action.setVisible(number <= len(paths))
            if number <= len(paths):
                action.setText(caption(title(paths[number - 1])))
                action.setToolTip(tip(str(paths[number - 1])))
        self.welcome.show_projects(paths)
        self.actions_["clearRecent"].setEnabled(bool(paths))
        self.actions_["rememberProjects"].setChecked(recent.on)

    def _export(self) -> None:
        if self.controller.session is not None:
            ExportDialog(
                self, self.controller, self.exporting, self.worklist.selected(), self.worklist.model.shown
            ).open()

    def _show_history(self) -> None:
        self.history_panel.show()
        self.history_panel.raise_()

    def _show_keys(self) -> None:
        KeysDialog(self, self.actions_).open()

    def _show_doubt(self, name: str) -> None:
        show_least_certain(self.controller, self.images, name)

    def _say(self, sentence: str) -> None:
        self.messages.add(sentence)
        if self.controller.session is None:  # opening failed: nothing else in the window would say so
            self.actions_["showMessages"].setChecked(True)
            self.messages.show()

    def _show_accept(self, selected: int) -> None:
        """The command says how many images it accepts."""
        self.actions_["accept"].setText(f"Accept {selected}, next" if selected > 1 else "Accept and next")
        self.toolbar.make_room()

    def _show_presets(self, names: list[str]) -> None:
        for number in range(1, 7):
            action = self.actions_[f"preset{number}"]
            action.setText(caption(names[number - 1]) if number <= len(names) else f"Preset {number}")
            action.setVisible(number <= len(names))

    def _show_image(self, name: str) -> None:
        self.centre.setCurrentWidget(self.middle if name else self.welcome)
        if not name and self.welcome.recent.isVisible():
            self.welcome.recent.setFocus()  # Enter opens the project that was open last
        elif name and self.focusWidget() is self.welcome.recent:
            self.image_view.setFocus()
        if name:
            # After this turn of the event loop: the preview is painted first.
            QTimer.singleShot(0, self, self._fetch)

    def _fetch(self) -> None:
        if self.controller.image:
            ahead = *self.walking.walk.ahead(), *self.worklist.neighbours()
            self.pictures.fetch([self.controller.image, *self.images.images, *ahead])

    def _show_mode(self, *_: object) -> None:
        self.actions_[MODES[self.controller.mode]].setChecked(True)
        self.actions_[TOOLS[self.controller.state.mask_tool][0]].setChecked(True)
        self.show_look()

    def show_look(self) -> None:
        """Let the switches say what is drawn."""
        show_look(self.actions_, self.controller.look, self.controller.mode)

    def _prediction_ended(self, sentence: str) -> None:
        self._refresh_actions()
        self.worklist.sort()

    def _refresh_actions(self, *_: object) -> None:
        session, controller, actions = self.controller.session, self.controller, self.actions_
        has = {"nothing"} if controller.mode is Mode.MASK else {"nothing", "colours"}
        if session is not None:
            has |= {"project", "writable"} if controller.writable else {"project"}
            has |= {name for name in ("image", "landmark") if getattr(controller, name)}
            has |= {"overlap"} if len(self.images.pointed.pointing.under) > 1 else set()
        actions.enable(has)
        undo, redo = (session.undo_label, session.redo_label) if session else (None, None)
        for verb, name in (("undo", undo), ("redo", redo)):
            actions[verb].setEnabled(bool(name) and controller.writable)
            actions[verb].setText(caption(f"{verb.capitalize()}: {name}") if name else verb.capitalize())
        actions["cancelPrediction"].setEnabled(self.predicting.running)
        self.conference.lock()
        if self.messages.isVisible() != actions["showMessages"].isChecked():
            actions["showMessages"].setChecked(self.messages.isVisible())

    # --- the reader ------------------------------------------------------------------------------------------------

    def ask_reader(self) -> None:
        """Ask who is reading."""
        self.reader_bar.ask(self.projects.reader())

    def _set_reader(self, name: str) -> None:
        self.projects.set_reader(name)
        self.status.show_reader(name)
        self.image_view.setFocus()

    # --- files dropped, the end ------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        QTimer.singleShot(0, self, lambda: self.projects.add(paths))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if not (self.controller.cancel() or self.sheet_page.leave() or self.walking.leave()):
                self.images.close_last()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._keeping.stop()
        kept = settings()
        kept.setValue("geometry", self.saveGeometry())
        kept.setValue("columns", self.columns.saveState())
        kept.sync()
        jobs = self.adding, self.accepting, self.undoing, self.exporting, self.relocating, self.copying
        for runner in (*jobs, self.comparing, self.file_check):  # an import and a cohort end with their project
            runner.cancel()
        self.history_panel.close()
        self.projects.close()
        self.bridge.close()
        event.accept()
        self.closed.emit()
