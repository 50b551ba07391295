"""The bar of Mask mode: whose mask is edited and who says what it is, with which tool, and what changes all of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.core.masks import MaskState
from app.gui.commands.mask import TOOLS, points
from app.gui.shell.actions import Actions
from app.gui.state.controller import Controller
from app.gui.state.view_state import Mode
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
        self._tools = [KeyButton(actions[verb]) for verb, *_ in TOOLS.values()]
        self._whole = [KeyButton(actions[verb], words) for verb, words in WHOLE.items()]
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(4)
        row.addWidget(self.words)
        row.addSpacing(8)
        for button in self._tools:
            row.addWidget(button)
        row.addStretch()
        for button in self._whole:
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
            self.words.setText(f"{words} · {points(off)} off it" if off else words)
            self.words.setToolTip(tip(OFF_OUTLINE if off else ""))
            self.words.setMinimumWidth(self.words.sizeHint().width())
            self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._make_room()

    def _make_room(self) -> None:
        """What does not fit stands in the menu alone: from the right, and the tools' keys first."""
        for button in self._tools:
            button.set_show_key(True)
        for button in self._whole:
            button.show()
        if self._wanted() > self.width():
            for button in self._tools:
                button.set_show_key(False)
        for button in reversed(self._whole):
            if self._wanted() <= self.width():
                break
            button.hide()

    def _wanted(self) -> int:
        layout = self.layout()
        assert layout is not None
        layout.invalidate()
        return layout.minimumSize().width()
