"""What the window remembers of projects: which were open, and how each was looked at.

The settings hold ids, paths and numbers alone: the shown image as a hash of its name, no names, no filter text. The
reader can clear all of it and switch it off.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.gui.state.desk import Desk, MaskStyle
from app.gui.widgets.settings import settings
from app.gui.worklist.worklist_model import Order

if TYPE_CHECKING:
    from app.gui.shell.panels import Toolbar
    from app.gui.worklist.worklist_view import Worklist
    from app.project.session import Session

MOST = 8
CHIPS = ("unread", "flagged")


def _name_hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _number(value: Any, low: float, high: float, otherwise: float) -> float:
    return min(max(value, low), high) if isinstance(value, int | float) else otherwise


class Memory:
    """Recent projects and the window's state per project, in the settings."""

    @property
    def on(self) -> bool:
        """Whether anything is remembered."""
        return settings().value("remember", "true") != "false"

    def switch(self, on: bool) -> None:
        """Remember from now on, or forget everything and remember nothing more."""
        settings().setValue("remember", "true" if on else "false")
        if not on:
            self.clear()

    def clear(self) -> None:
        """Forget all projects."""
        for key in ("recent", "windows"):
            settings().remove(key)

    # --- recent projects

    def _recent(self) -> list[list[str]]:
        try:
            found = json.loads(str(settings().value("recent", "[]")))
            return [[str(number), str(path)] for number, path in found]
        except (ValueError, TypeError):
            return []

    def recent(self) -> list[Path]:
        """Project files, the last one first."""
        return [Path(path) for _, path in self._recent()]

    def opened(self, session: Session) -> None:
        """Put a project first; one that has moved has one place only."""
        if not self.on:
            return
        path = str(session.path.absolute())
        rest = [(i, p) for i, p in self._recent() if p != path and (i != session.id or not i)]
        self._keep_recent([(session.id, path), *rest][:MOST])

    def forget(self, path: Path) -> None:
        """A project is not there any more."""
        self._keep_recent([(number, kept) for number, kept in self._recent() if kept != str(path)])

    def _keep_recent(self, entries: list[tuple[str, str]]) -> None:
        settings().setValue("recent", json.dumps(entries, ensure_ascii=False))

    # --- how a project was looked at

    def keep_window(self, desk: Desk, worklist: Worklist) -> None:
        """Remember how the open project is looked at."""
        session, look = desk.session, desk.look
        if session is None or not session.id or not self.on:
            return
        state = {
            "image": _name_hash(desk.image),
            "structure": desk.structure,
            "masks": look.masks.value,
            "uv": look.uv,
            "opacity": look.opacity,
            "hidden": sorted(look.hidden),
            "labels": look.labels,
            "order": worklist.model.order.name,
            "chips": [name for name in CHIPS if getattr(worklist, name).isChecked()],
        }
        settings().setValue(f"windows/{session.id}", json.dumps(state))

    def restore_window(self, desk: Desk, worklist: Worklist, toolbar: Toolbar) -> None:
        """Look at the project that was just opened as it was looked at last; an unknown one begins afresh."""
        session = desk.session
        if session is None:
            return
        state = self._window_of(session.id)
        known = {structure.name for structure in session.template.structures}
        hidden = state.get("hidden", [])
        look: dict[str, Any] = {"hidden": frozenset(known.intersection(map(str, hidden)))}
        if state:
            masks = str(state.get("masks"))
            look |= {"masks": MaskStyle(masks)} if masks in set(MaskStyle) else {}
            look |= {key: bool(state[key]) for key in ("uv", "labels") if key in state}
            opacity = _number(state.get("opacity"), 0.0, 1.0, desk.look.opacity)
            look["opacity"] = opacity
        desk.set_look(**look)
        toolbar.opacity.setValue(round(desk.look.opacity * 100))
        if state.get("structure") in known:
            desk.choose_structure(str(state["structure"]))
        for name in CHIPS:
            getattr(worklist, name).setChecked(name in state.get("chips", []))
        order = str(state.get("order"))
        worklist.set_order(Order[order] if order in Order.__members__ else Order.ADDED)
        image = next((name for name in session.images if _name_hash(name) == state["image"]), "") if state else ""
        if image:
            desk.show_image(image)

    def _window_of(self, number: str) -> dict[str, Any]:
        if not number or not self.on:
            return {}
        try:
            state = json.loads(str(settings().value(f"windows/{number}", "{}")))
        except ValueError:
            return {}
        good = (
            isinstance(state, dict) and isinstance(state.get("hidden"), list) and isinstance(state.get("chips"), list)
        )
        return state if good and "image" in state else {}
