"""What the mouse is told of the region under it: its size, and the grey values inside."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF

from app.core.region import grey_inside, sizes_of
from app.gui.image.viewport import Surface
from app.gui.widgets.region_words import marks_text, told
from app.project.region_state import RegionIn

REACH = 6.0
"""So close to a curve, in screen pixels, it is pointed at."""


class RegionTips:
    """The tool tips of the regions in one view; the last one is kept while the mouse stays in its region."""

    def __init__(self, view: Surface) -> None:
        self._view = view
        self._last: tuple[object, ...] = ()
        self._words = ""

    def under(self, at: QPointF) -> str:
        """Name, area, length and grey values of the region under a viewport position; empty for none."""
        view = self._view
        plane, right = view.to_plane(at), view.to_plane(at + QPointF(REACH, 0))
        name = view.regions.under(plane, (right - plane).manhattanLength())
        one = next((one for one in view.drawn.stored.regions if one.region.name == name), None) if name else None
        if one is None:
            return ""
        now = one, view.grey.picture, view.frame_of_image
        if len(now) != len(self._last) or any(a is not b for a, b in zip(now, self._last, strict=True)):
            self._last, self._words = now, self._told(one)
        return self._words

    def _told(self, one: RegionIn) -> str:
        frame, picture = self._view.frame_of_image, self._view.grey.picture
        who = frame.spacing.provenance.value if frame is not None and frame.spacing is not None else ""
        lines = [told(one.region, sizes_of(one.xy, one.region.closed, frame), f"({who})" if who else "")]
        if one.region.closed and picture is not None and not picture.coarse:
            grey = grey_inside(picture.stored, np.asarray(one.xy, float))
            if grey is not None:
                mean, sd = grey.mean * picture.slope + picture.intercept, grey.sd * abs(picture.slope)
                lines.append(f"grey values: mean {mean:.0f}, standard deviation {sd:.0f}")
        return "\n".join([*lines, *filter(None, [marks_text(one)])])
