"""The commands of the walk through what is worth a look."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QAbstractButton, QApplication

from app.gui.commands.command import Command
from app.gui.walk.walk import Walk


def walk_commands(walk: Walk) -> Sequence[Command]:
    """Lines of the Review menu."""
    menu, tip = "Review", "Over all images, the worst first: what is uncertain, unusual, contradictory or new"
    return [
        Command(
            "nextFinding", menu, "Next place worth a look", walk.step, "Space", "image", tip=tip, line=True,
            by_key=_unless_button,
        ),
        Command(
            "previousFinding", menu, "Place before", walk.step_back, "Shift+Space", "image", by_key=_unless_button,
        ),
    ]  # fmt: skip


def _unless_button() -> bool:
    """A button that was reached with Tab is pressed by Space, as everywhere."""
    focus = QApplication.focusWidget()
    if isinstance(focus, QAbstractButton):
        focus.click()
        return False
    return True
