"""What a reader is told of a landmark that lies outside all structures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.core.template import FIELD

if TYPE_CHECKING:
    from app.project.session import Session


def field_words(session: Session, landmark: str, image: str) -> str:
    """That it is placed by the structures around it, and what it may be off by in an image; empty for others."""
    if session.landmark(landmark).structure != FIELD:
        return ""
    error, frame = np.nan, session.image(image).frame if image in session.images else None
    if frame is not None:
        error = next(p.expected_error for p in session.placements_in(image) if p.landmark.name == landmark)
    if frame is None or np.isnan(error) or error == 0:
        return f"“{landmark}” lies outside all structures: it follows those around it."
    mm = error * frame.mm_per_pixel
    off = f"{mm:.0f} mm" if np.isfinite(mm) else f"{error:.0f} px"
    return f"“{landmark}” lies outside all structures: it follows those around it, and may be off by {off} here."
