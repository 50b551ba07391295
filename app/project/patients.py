"""The images of one patient, and which of them are of an earlier study."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.project.state import ProjectState


class When(StrEnum):
    """When an image of a patient was taken, as seen from another one of the same patient."""

    EARLIER = "earlier"
    SAME = "same"
    LATER = "later"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PatientImage:
    """Another image of the same patient.

    Attributes
    ----------
    image : str
    study_date : str
        ``2024-05-01``; empty where its file does not say.
    when : When
        `SAME` for another image of that study or of that day.
    """

    image: str
    study_date: str
    when: When


def patient_images(state: ProjectState, image: str) -> tuple[PatientImage, ...]:
    """The other images of the patient of an image, the newest first, those of unknown date last.

    Nothing where the file does not say whose it is: pictures that are no DICOM files never do.
    """
    state.slot(image)
    rows = state.rows
    own = rows.facts_of(image)
    if own is None or not own.patient:
        return ()
    found = []
    for name in rows.images_of_patient(own.patient):
        facts = rows.facts_of(name)
        if name != image and facts is not None:
            same = bool(own.study_uid) and facts.study_uid == own.study_uid
            found.append(PatientImage(name, facts.study_date, _when(facts.study_date, own.study_date, same)))
    return tuple(sorted(found, key=lambda one: one.study_date, reverse=True))


def _when(day: str, own: str, same_study: bool) -> When:
    if same_study:
        return When.SAME
    if not day or not own:
        return When.UNKNOWN
    return When.SAME if day == own else When.EARLIER if day < own else When.LATER
