"""What a marker tells when the mouse rests on it: who says so, how far from the prediction, and what of the outline."""

from __future__ import annotations

import numpy as np

from app.core.frame import Frame
from app.gui.state.controller import OUTLINE_STAYS
from app.project.entries import Placement
from app.project.session import Session

AS_PREDICTED = 0.5
"""What lies this close to its prediction is as predicted, in native pixels."""
POINT_STAYS = "The outline was corrected; this point stays where it is, since editing a mask moves no landmark."


def marker_words(session: Session, image: str, landmark: str) -> str:
    """The name of a landmark, and what is known of it in an image."""
    here = session.placements_in(image, hidden=False, also=landmark)
    placed = next((placement for placement in here if placement.landmark.name == landmark), None)
    if placed is None or placed.state is None:
        return landmark
    by = f" by {placed.reader}" if placed.reader else ""
    words = f"{landmark}: {placed.state.value}{by}"
    if placed.moved > AS_PREDICTED:
        words += f", {_distance(placed, session.image(image).frame)} from its prediction"
    structure = placed.landmark.structure
    if (landmark, structure) in {(mark.name, mark.structure) for mark in session.bundle.landmarks}:
        off = landmark in session.off_outline(image, structure)
        words += "\n" + (POINT_STAYS if session.masks(image).corrected(structure) else OUTLINE_STAYS) if off else ""
    return words


def _distance(placed: Placement, frame: Frame | None) -> str:
    if frame is None or frame.spacing is None:
        return f"{placed.moved:.1f} px"
    return f"{np.linalg.norm(frame.to_mm(placed.xy) - frame.to_mm(placed.cross)):.1f} mm"
