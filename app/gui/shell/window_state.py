"""How each project was looked at, kept for the next time it is opened.

The settings hold ids and numbers alone: the shown image as a hash of its name, no names, no filter text. The reader can
clear all of it and switch it off together with the list of recent projects.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QPushButton

from app.gui.state.controller import Controller
from app.gui.state.recent_projects import RecentProjects
from app.gui.state.view_state import MaskStyle
from app.gui.widgets.settings import settings
from app.gui.worklist.worklist_model import Order

if TYPE_CHECKING:
    from app.gui.shell.panels import Toolbar
    from app.gui.worklist.worklist_view import Worklist


def _name_hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


SWITCHES = ("uv", "labels", "texts", "patterns", "corrections")
"""What of a `Look` is on or off."""


def _number(value: Any, low: float, high: float, otherwise: float) -> float:
    return min(max(value, low), high) if isinstance(value, int | float) else otherwise


class WindowState:
    """How each project was looked at, in the settings; nothing while recent projects are not remembered."""

    def __init__(self, recent: RecentProjects) -> None:
        self._recent = recent

    def keep(self, controller: Controller, worklist: Worklist) -> None:
        """Remember how the open project is looked at."""
        session, look = controller.session, controller.look
        if session is None or not session.id or not self._recent.on:
            return
        state = {
            "image": _name_hash(controller.image),
            "structure": controller.structure,
            "masks": look.masks.value,
            "uv": look.uv,
            "opacity": look.opacity,
            "hidden": sorted(look.hidden),
            "labels": look.labels,
            "texts": look.texts,
            "patterns": look.patterns,
            "corrections": look.corrections,
            "order": worklist.model.order.name,
            "chips": [name for name, chip in _chips(worklist).items() if chip.isChecked()],
        }
        settings().setValue(f"windows/{session.id}", json.dumps(state))

    def restore(self, controller: Controller, worklist: Worklist, toolbar: Toolbar) -> None:
        """Look at the project that was just opened as it was looked at last; an unknown one begins afresh."""
        session = controller.session
        if session is None:
            return
        state = self._window_of(session.id)
        known = {structure.name for structure in session.template.structures}
        hidden = state.get("hidden", [])
        look: dict[str, Any] = {"hidden": frozenset(known.intersection(map(str, hidden)))}
        if state:
            masks = str(state.get("masks"))
            look |= {"masks": MaskStyle(masks)} if masks in set(MaskStyle) else {}
            look |= {key: bool(state[key]) for key in SWITCHES if key in state}
            opacity = _number(state.get("opacity"), 0.0, 1.0, controller.look.opacity)
            look["opacity"] = opacity
        controller.set_look(**look)
        toolbar.opacity.setValue(round(controller.look.opacity * 100))
        if state.get("structure") in known:
            controller.choose_structure(str(state["structure"]))
        for name, chip in _chips(worklist).items():
            chip.setChecked(name in state.get("chips", []))
        order = str(state.get("order"))
        worklist.set_order(Order[order] if order in Order.__members__ else Order.ADDED)
        image = next((name for name in session.images if _name_hash(name) == state["image"]), "") if state else ""
        if image:
            controller.show_image(image)

    def _window_of(self, number: str) -> dict[str, Any]:
        if not number or not self._recent.on:
            return {}
        try:
            state = json.loads(str(settings().value(f"windows/{number}", "{}")))
        except ValueError:
            return {}
        good = (
            isinstance(state, dict) and isinstance(state.get("hidden"), list) and isinstance(state.get("chips"), list)
        )
        return state if good and "image" in state else {}


def _chips(worklist: Worklist) -> dict[str, QPushButton]:
    """The chips of the filter, by the names under which they are remembered."""
    return {"unread": worklist.unread, "flagged": worklist.flagged}
