"""What comes out of the engine as the session keeps and reports it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from app.core.orientation import Orientation
from app.core.plausibility import words_of
from app.engine.client import ImageFacts, Predicted
from app.jobs import Event, Failed, Finished, Job, Result
from app.project.entries import PredictReport
from app.store.row_types import FactsRow
from app.store.rows import file_spacing


def facts_row(path: str, facts: ImageFacts, project: str) -> FactsRow:
    """Facts as they are kept of a file at `path`.

    The patient becomes a short key that means something within the project of that id alone, so that nobody can find
    patient numbers by trying them all on many projects at once.
    """
    spacing = facts.spacing
    row = FactsRow(path, "", "", facts.height, facts.width, remark=facts.remark, sha256=facts.sha256)
    key = hashlib.sha256(f"{project} {facts.patient}".encode()).hexdigest()[:8] if facts.patient else ""
    study, series, instance = facts.uids
    row = row._replace(study_uid=study, series_uid=series, instance_uid=instance, study_date=facts.study_date)
    row = row._replace(size=facts.stamp[0], changed_ns=facts.stamp[1], patient=key, aspect=facts.aspect)
    if spacing is None:
        return row
    return row._replace(row_mm=spacing.row_mm, column_mm=spacing.column_mm, provenance=spacing.provenance.value)


def facts_of(row: FactsRow | None, network: tuple[int, int], orientation: Orientation) -> ImageFacts | None:
    """Kept facts as the engine tells them; None where the file was never decoded."""
    if row is None or row.height is None or row.width is None:
        return None
    told = (row.height, row.width, file_spacing(row), row.remark, row.sha256)
    uids = row.study_uid, row.series_uid, row.instance_uid
    file = (row.size, row.changed_ns), row.aspect
    return ImageFacts(*told, *network, orientation, row.patient, *file, uids=uids, study_date=row.study_date)


def gather(job: Job, take_in: Callable[[Event], object], subject: str) -> PredictReport:
    """Wait for a prediction job, hand its events over and report; the job is cancelled where taking in fails.

    The `subject` is what the bundle was made for, in the reader's words.
    """
    done: dict[str, float] = {}
    failed, suspect, cancelled = [], [], False
    try:
        for event in job:
            take_in(event)
            if isinstance(event, Result) and isinstance(event.value, Predicted):
                done[event.key] = event.value.seconds
                if said := words_of(event.value.prediction.suspect, subject):
                    suspect.append((event.key, said))
            elif isinstance(event, Failed):
                failed.append((event.key, event.message))
            elif isinstance(event, Finished):
                cancelled = event.cancelled
    except BaseException:
        job.cancel()
        raise
    return PredictReport(tuple(done), tuple(failed), tuple(suspect), done, cancelled)


def gather_moved(job: Job) -> tuple[dict[str, Path], tuple[tuple[str, str], ...]]:
    """Wait for a search for moved images: where they were found, and the folders that were not looked into.

    Raises ValueError with a sentence where there is no result.
    """
    found: dict[str, Path] = {}
    failed = []
    for event in job:
        if isinstance(event, Failed):
            if not event.key:
                raise ValueError(event.message)
            failed.append((event.key, event.message))
        elif isinstance(event, Result) and isinstance(event.value, dict):
            found = event.value
    return found, tuple(failed)
