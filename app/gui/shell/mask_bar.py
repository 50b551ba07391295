"""The bar of Mask mode: whose mask is edited and who says what it is, with which tool, and what changes all of it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.core.masks import MaskState
from app.gui.commands.mask import TOOLS, points
from app.gui.shell.actions import Actions
from app.gui.state.controller import Controller
from app.gui.state.view_state import MaskTool, Mode
from app.gui.widgets.key_button import KeyButton
from app.gui.widgets.plain_text import PlainLabel, tip

WHOLE = {
    "growMask": "Grow",
    "shrinkMask": "Shrink",
    "fillHoles": "Fill holes",
    "keepLargest": "Largest piece",
    "maskThroughPoints": "To the points",
    "maskAbsent": "Set absent",
    "resetMask": "Back to predicted",
}
"""Words by verb, of what changes a whole mask."""
SHORT = {MaskTool.PUSH: "Push", MaskTool.SNAP: "Snap"}
"""Words of tools whose name is long."""
FIRST_TO_GO = ("keepLargest", "fillHoles", "shrinkMask", "growMask")
LAST_TO_GO = ("maskThroughPoints", "resetMask", "maskAbsent")
"""What stands in the menu alone where there is no room, in this order; the keys of the tools go in between."""
WORDS = {
    MaskState.PREDICTED: "predicted",
    MaskState.CORRECTED: "corrected",
    MaskState.CONFIRMED: "confirmed",
    MaskState.ABSENT: "absent",
    None: "nothing there yet",
}


OFF_OUTLINE = (
    "Editing a mask moves no landmark, and correcting a landmark moves no mask: points of the model’s contour that do "
    "not lie on the outline are marked in exports (off_outline)."
)


class MaskBar(QWidget):
    """Shown in Mask mode alone."""

    def __init__(self, controller: Controller, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("maskBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._controller = controller
        self.words = PlainLabel()
        self._tools = [KeyButton(actions[verb], SHORT.get(tool, "")) for tool, (verb, *_) in TOOLS.items()]
        self._whole = {verb: KeyButton(actions[verb], words) for verb, words in WHOLE.items()}
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(4)
        row.addWidget(self.words)
        row.addSpacing(8)
        for button in self._tools:
            row.addWidget(button)
        row.addStretch()
        for button in self._whole.values():
            button.show_key = False
            row.addWidget(button)
        for signal in (controller.modeChanged, controller.structureChanged, controller.imageChanged):
            signal.connect(self._follow)
        controller.changed.connect(self._follow)
        controller.sessionChanged.connect(self._follow)
        self._follow()

    def _follow(self, *_: object) -> None:
        controller, session = self._controller, self._controller.session
        wanted = controller.mode is Mode.MASK and session is not None and controller.image in session.images
        self.setVisible(wanted)
        if wanted and session is not None:
            image, structure = controller.image, controller.structure
            words = f"{session.template.structure(structure).title}: {WORDS[session.mask_state(image, structure)]}"
            off = len(session.off_outline(image, structure))
            self.words.setText(f"{words} · {points(off)} off" if off else words)
            self.words.setToolTip(tip(OFF_OUTLINE if off else ""))
            self.words.setMinimumWidth(self.words.sizeHint().width())
            self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._make_room()

    def _make_room(self) -> None:
        """What does not fit stands in the menu alone."""
        for button in self._tools:
            button.set_show_key(True)
        for button in self._whole.values():
            button.show()
        self._hide(FIRST_TO_GO)
        if self._wanted() > self.width():
            for button in self._tools:
                button.set_show_key(False)
        self._hide(LAST_TO_GO)

    def _hide(self, verbs: Iterable[str]) -> None:
        for verb in verbs:
            if self._wanted() > self.width():
                self._whole[verb].hide()

    def _wanted(self) -> int:
        layout = self.layout()
        assert layout is not None
        layout.invalidate()
        return layout.minimumSize().width()
