"""Every command as a QAction named `action.<verb>`, in the menus and with its keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from app.gui.commands.orientation import WAYS
from app.gui.widgets.plain_text import tip
from app.gui.widgets.settings import settings

MENUS = ("File", "Edit", "View", "Image", "Landmark", "Review", "Help")


@dataclass(frozen=True)
class Command:
    """One line of the menus.

    Attributes
    ----------
    verb : str
        The action's object name is ``action.<verb>``.
    menu : str
        One of `MENUS`; a submenu after a slash.
    text : str
    keys : str
        Separated by spaces.
    needs : str
        Separated by spaces: ``nothing``, a ``project``, a ``writable`` one, an ``image`` or a ``landmark`` must be
        there, or an ``overlap`` of structures under the mouse.
    group : str
        Checkable actions of one group exclude each other; ``own`` for a switch of its own.
    tip : str
    line : bool
        Whether a separating line comes before it.
    """

    verb: str
    menu: str
    text: str
    keys: str = ""
    needs: str = "nothing"
    group: str = ""
    tip: str = ""
    line: bool = False


READ_TIP = "What the model sees changes; the file and its coordinates do not"

COMMANDS = (
    Command("openFolder", "File", "Open folder…", "Ctrl+O", tip="Add all images below a folder"),
    Command("openImages", "File", "Open images…", "Ctrl+Shift+O", tip="Add single image files"),
    Command("openSamples", "File", "Try the rendered samples", tip="Six rendered chest pictures, no patients"),
    Command("newProject", "File", "New project…", "Ctrl+N", line=True),
    Command("openProject", "File", "Open project…", "Ctrl+Shift+P"),
    *(Command(f"recent{n}", "File/Recent", f"Recent project {n}") for n in range(1, 9)),
    Command(
        "clearRecent", "File/Recent", "Clear the list", tip="Forget these projects and how they were shown", line=True
    ),
    Command(
        "rememberProjects", "File/Recent", "Remember projects", group="own", tip="Paths and ids only, on this machine"
    ),
    Command(
        "findMoved", "File", "Find moved images…", needs="writable", tip="By what is in them, whatever their name is"
    ),
    Command("export", "File", "Export…", "Ctrl+E", "project", tip="Table, COCO, masks, landmark set", line=True),
    Command("loadLandmarks", "File", "Load landmark set…", needs="writable", line=True),
    Command("saveLandmarks", "File", "Save landmark set…", needs="project"),
    Command(
        "saveCopy", "File", "Save a copy…", needs="project", tip="With all that was done; it is open then", line=True
    ),
    Command("closeProject", "File", "Close project", "Ctrl+W", "project"),
    Command("quit", "File", "Quit", "Ctrl+Q"),
    Command("undo", "Edit", "Undo", "Ctrl+Z"),
    Command("redo", "Edit", "Redo", "Ctrl+Shift+Z Ctrl+Y"),
    Command("history", "Edit", "History…", "Ctrl+H", "project", tip="Everything that was done, by whom and when"),
    Command("setReader", "Edit", "Reader’s name…", line=True),
    Command("setKeys", "Edit", "Keys…"),
    Command("fit", "View", "Fit", "F", "image", tip="Show the whole image"),
    Command("actualSize", "View", "1:1", "Ctrl+1", "image", tip="One image pixel per screen pixel"),
    Command("zoomIn", "View", "Zoom in", "Ctrl++ Ctrl+=", "image"),
    Command("zoomOut", "View", "Zoom out", "Ctrl+-", "image"),
    Command("invert", "View", "Invert", "I", "image", "own", "Show black as white"),
    *(Command(f"preset{n}", "View/Window", f"Preset {n}", str(n), "image") for n in range(1, 7)),
    Command("autoWindow", "View/Window", "Auto for what is on the screen", "A", "image", line=True),
    Command("gammaUp", "View/Window", "Brighter middle greys", "]", "image", tip="Also: Ctrl and left drag", line=True),
    Command("gammaDown", "View/Window", "Darker middle greys", "[", "image", tip="Also: Ctrl and left drag"),
    Command("gammaReset", "View/Window", "Middle greys as they are", "", "image"),
    Command("turnLeft", "View/Turn the view", "To the left", "Ctrl+Left", "image", tip="The image stays as stored"),
    Command("turnRight", "View/Turn the view", "To the right", "Ctrl+Right", "image", tip="The image stays as stored"),
    Command("mirror", "View/Turn the view", "Mirror", "X", "image", tip="The image stays as stored"),
    Command("resetTurn", "View/Turn the view", "As stored", "Ctrl+Up", "image", line=True),
    Command("magnifier", "View", "Magnifier", "G", "image", "own", "A round lens under the mouse"),
    Command("crosshair", "View", "Cross-hair", "Shift+X", group="own", tip="Lines through the place under the mouse"),
    Command("compareNone", "View/Compare", "One image", group="compare"),
    Command(
        "compareNext", "View/Compare", "With the next image", "D", group="compare", tip="The same again: one image"
    ),
    Command("comparePrevious", "View/Compare", "With the image before", "Shift+D", group="compare"),
    Command("structures", "View", "Structures", "Shift+H", group="own", tip="Show or hide all of them", line=True),
    Command("outlines", "View", "Outlines", "O", group="masks", tip="Masks as outlines"),
    Command("fills", "View", "Fills", "Shift+O", group="masks", tip="Masks as outlines with a fill"),
    Command("noMasks", "View", "No masks", "Ctrl+Shift+M", group="masks"),
    Command("uvColours", "View", "uv colours", "U", group="own", tip="Colours that match between template and image"),
    Command("labels", "View", "Landmark names", "N", group="own", line=True),
    Command("themeDark", "View/Theme", "Dark", group="theme"),
    Command("themeLight", "View/Theme", "Light", group="theme"),
    Command("themeSystem", "View/Theme", "As the system", group="theme"),
    Command("showHidden", "View", "The model’s own landmarks", group="own", tip="List the points the model came with"),
    Command("showMessages", "View", "Messages", "Ctrl+M", group="own"),
    Command("nextImage", "Image", "Next image", "PgDown Right Down", "image"),
    Command("previousImage", "Image", "Previous image", "PgUp Left Up", "image"),
    Command("firstImage", "Image", "First image", "Home", "image"),
    Command("lastImage", "Image", "Last image", "End", "image"),
    Command("filter", "Image", "Filter the worklist", "Ctrl+F", "project", line=True),
    Command("sortAdded", "Image/Sort by", "As added", group="order"),
    Command("sortName", "Image/Sort by", "Name", group="order"),
    Command("sortPatient", "Image/Sort by", "Patient", group="order"),
    Command("sortState", "Image/Sort by", "State", group="order"),
    Command("worstFirst", "Image/Sort by", "Lowest confidence", "Ctrl+Shift+W", group="order"),
    Command("sortCorrections", "Image/Sort by", "Corrections", group="order"),
    Command("sortRemark", "Image/Sort by", "Remark", group="order"),
    Command(
        "leastCertain", "Image", "Least certain point here", "", "image", tip="The point with the lowest confidence"
    ),
    Command("predictAgain", "Image", "Predict this image again", "F5", "image writable", line=True),
    Command("cancelPrediction", "Image", "Cancel prediction"),
    *(Command(verb, "Image/Read it", words, "", "image writable", tip=READ_TIP) for verb, (words, _) in WAYS.items()),
    Command("readAsSeen", "Image/Read it", "As the view shows it now", "", "image writable", tip=READ_TIP, line=True),
    Command("readAsStored", "Image/Read it", "As stored", "", "image writable"),
    Command("setSpacing", "Image", "Set pixel size…", needs="image writable", line=True),
    Command("removeImage", "Image", "Remove from the project", needs="image writable"),
    Command("navigate", "Landmark", "Navigate", "V", group="mode", tip="Left drag changes the window level"),
    Command("landmarkMode", "Landmark", "Landmark", "L", group="mode", tip="Left drag of a marker corrects it"),
    Command("newLandmark", "Landmark", "New landmark under the mouse", "Ins", "image writable"),
    Command(
        "placeHere", "Landmark", "Place under the mouse", "P", "landmark writable", tip="The chosen landmark is here"
    ),
    Command("nextStructure", "Landmark", "Next of the structures under the mouse", "Tab", "overlap"),
    Command("confirmPlacement", "Landmark", "Confirm here", "C", "landmark writable", line=True),
    Command("absentPlacement", "Landmark", "Absent here", "Shift+A", "landmark writable"),
    Command("resetPlacement", "Landmark", "Reset to the prediction", "Backspace", "landmark writable"),
    Command("newFromClicks", "Landmark", "New landmark from several clicks…", "Shift+Ins", "writable"),
    Command("leastConfident", "Landmark", "Least confident image", "J", "landmark", tip="Where it is least certain"),
    Command("editLandmark", "Landmark", "Landmark…", "Ctrl+L", "landmark", tip="Name, rule, group, colour", line=True),
    Command("renameLandmark", "Landmark", "Rename…", "F2", "landmark writable"),
    Command("colourLandmark", "Landmark", "Colour…", "", "landmark writable"),
    Command("hideLandmark", "Landmark", "Hide or show", "H", "landmark writable"),
    Command("lockLandmark", "Landmark", "Lock or unlock on the template", "Ctrl+K", "landmark writable"),
    Command("moveLandmarkUp", "Landmark", "Move up in the list", "Alt+Up", "landmark writable"),
    Command("moveLandmarkDown", "Landmark", "Move down in the list", "Alt+Down", "landmark writable"),
    Command("deleteLandmark", "Landmark", "Delete in all images", "Ctrl+Del", "landmark writable"),
    Command("accept", "Review", "Accept and next", "Ctrl+Return Ctrl+Enter", "image writable"),
    Command("secondOpinion", "Review", "Second opinion", "Ctrl+Shift+S", "image writable"),
    Command("reject", "Review", "Reject", "Ctrl+Shift+R", "image writable"),
    Command(
        "rejectStructure",
        "Review",
        "Reject a structure…",
        "Ctrl+Shift+X",
        "image writable",
        tip="One structure, and why",
    ),
    Command("reopen", "Review", "Reopen", "Ctrl+Shift+U", "image writable", tip="Unlock an accepted image"),
    Command(
        "showNew", "Review", "Show what is new here", "Ctrl+J", "image", tip="Landmarks defined after it was accepted"
    ),
    Command("note", "Review", "Note…", "Ctrl+Shift+N", "image writable", tip="A remark to the review of this image"),
    Command("nextOpen", "Review", "Next unread image", "Ctrl+PgDown", "image", line=True),
    Command("help", "Help", "How it works", "F1"),
    Command("about", "Help", "About DenseSeg Review"),
)


class Actions(QObject):
    """All actions and the menu bar made of them."""

    def __init__(self, bar: QMenuBar, handlers: object) -> None:
        super().__init__(bar)
        self.by_verb: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        menus: dict[str, QMenu] = {}
        for name in MENUS:
            menus[name] = bar.addMenu(name)
        kept = settings()
        for command in COMMANDS:
            menu = self._menu(menus, command.menu)
            if command.line:
                menu.addSeparator()
            menu.addAction(self._make(command, bar, handlers, str(kept.value(f"keys/{command.verb}", command.keys))))
        self._menus = menus

    def _menu(self, menus: dict[str, QMenu], path: str) -> QMenu:
        if path not in menus:
            parent, _, title = path.rpartition("/")
            menus[path] = menus[parent].addMenu(title)
        return menus[path]

    def _make(self, command: Command, bar: QMenuBar, handlers: object, keys: str) -> QAction:
        action = QAction(command.text, bar)
        action.setObjectName(f"action.{command.verb}")
        action.setToolTip(tip(command.tip or command.text.rstrip("…")))
        action.setShortcuts([QKeySequence(key) for key in keys.split()])
        handler: Callable[..., None] = getattr(handlers, command.verb)
        if command.group:
            action.setCheckable(True)
            if command.group != "own":
                group = self._groups.setdefault(command.group, QActionGroup(bar))
                group.addAction(action)
            action.triggered.connect(lambda checked=False, handler=handler: handler(checked))
        else:
            action.triggered.connect(lambda checked=False, handler=handler: handler())
        self.by_verb[command.verb] = action
        return action

    def __getitem__(self, verb: str) -> QAction:
        return self.by_verb[verb]

    def enable(self, has: set[str]) -> None:
        """Enable what is possible: `has` holds the `needs` that are met."""
        for command in COMMANDS:
            self.by_verb[command.verb].setEnabled(set(command.needs.split()) <= has)

    def menu(self, title: str) -> QMenu:
        """One of the menus."""
        return self._menus[title]
