"""What the mouse is told of the region under it."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from app.core.region import sizes_of
from app.gui.image.viewport import Surface
from app.gui.widgets.region_words import marks_text, told

REACH = 6.0
"""So close to a curve, in screen pixels, it is pointed at."""


def region_under(view: Surface, at: QPointF) -> str:
    """Name, area and length of the region under a viewport position, for a tool tip; empty for none."""
    plane, right = view.to_plane(at), view.to_plane(at + QPointF(REACH, 0))
    name = view.regions.under(plane, (right - plane).manhattanLength())
    one = next((one for one in view.drawn.stored.regions if one.region.name == name), None) if name else None
    frame = view.frame_of_image
    if one is None:
        return ""
    sizes = sizes_of(one.xy, one.region.closed, frame)
    who = frame.spacing.provenance.value if frame is not None and frame.spacing is not None else ""
    marks = marks_text(one)
    return told(one.region, sizes, f"({who})" if who else "") + (f"\n{marks}" if marks else "")
