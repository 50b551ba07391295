"""Why somebody should look at a place, in one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.quality import Finding, Measure, Reason
from app.core.template import Template

if TYPE_CHECKING:
    from app.project.session import Session


def why(session: Session, finding: Finding) -> str:
    """The sentence of a finding, with its figures as they are now."""
    reason, what = finding.reason, structure_words(session.template, finding.structure)
    if reason is Reason.SUSPECT:
        return session.suspect(finding.image)
    if reason is Reason.UNCERTAIN:
        where = _landmark(session, finding)
        return f"The model is unsure: {where or f'the outline of the {what}'} may be {size(finding)} off here."
    if reason is Reason.UNUSUAL:
        return f"Unusual shape: the {what} reaches {size(finding)} from where the other outlines suggest."
    if reason is Reason.APART:
        return f"The mask and the contour points of the {what} are {size(finding)} apart here."
    if reason is Reason.PIECES:
        return f"The mask of the {what} has {finding.severity:.0f} pieces. This is the largest but one."
    if reason is Reason.NEW:
        return _new(session, finding)
    return _outlier(session, finding)


def structure_words(template: Template, name: str) -> str:
    """A structure as it stands within a sentence; empty for none."""
    return template.structure(name).title.lower() if name else ""


def size(finding: Finding) -> str:
    """How much is wrong, with its unit."""
    unit = "px" if finding.measure is Measure.PX else "mm"
    return f"{finding.severity:.0f} {unit}" if finding.severity >= 10 else f"{finding.severity:.1f} {unit}"


def _landmark(session: Session, finding: Finding) -> str:
    """The landmark that is meant, in quotes, where the reader sees it."""
    mark = session.landmark_of(finding)
    return f"“{mark.name}”" if mark is not None else ""


def _new(session: Session, finding: Finding) -> str:
    new = session.new_since_accepted(finding.image)
    named = _landmark(session, finding) or "A landmark"
    others = f", as {'is' if len(new) == 2 else 'are'} {len(new) - 1} more" if len(new) > 1 else ""
    return f"{named} is new since this image was accepted{others}: nobody has seen it here."


def _outlier(session: Session, finding: Finding) -> str:
    name = next((one.name for one in session.measurements if one.number == finding.measurement), "A measurement")
    side = "above" if finding.severity > 0 else "below"
    return f"{name} is far {side} that of the other images (robust z {finding.severity:.1f})."


def strictness_words(score: float, error_mm: float, z: float) -> str:
    """What a strictness leaves, for the slider."""
    return f"from {score * error_mm:.0f} mm or z {score * z:.1f}"
