"""Saves a copy of an open project on a thread of its own."""

from __future__ import annotations

from pathlib import Path

from app.jobs import Failed, Job, Progress, Result, start_job
from app.project.opening import new_id
from app.store.copying import CopyStopped, write_copy
from app.store.errors import ProjectError
from app.store.predictions import PredictionStore
from app.store.project_store import ProjectStore
from app.store.rows import file_stamp

_MEGABYTE = 1_000_000


def start_copy(project: ProjectStore, predictions: PredictionStore, path: Path) -> Job:
    """See `OpenProject.start_save_copy`."""
    # With an id of its own, or the window would take the copy for the project that has moved.
    copiers = project.copier(apart=True, id=new_id()), predictions.copier(apart=True)

    files = project.file, predictions.path

    def work(job: Job) -> None:
        total = sum(stamp[0] for stamp in map(file_stamp, files) if stamp is not None)
        done, told = 0, -1

        def tell(size: int) -> None:
            nonlocal done, told
            if job.cancelled:
                raise CopyStopped
            done += size
            if (now := done // _MEGABYTE) != told:
                told = now
                job.post(Progress(now, max(now, total // _MEGABYTE)))

        try:
            write_copy(path, *copiers, tell)
        except ProjectError as error:
            job.post(Failed("", str(error)))
        except CopyStopped:
            pass
        else:
            job.post(Result("", path))

    return start_job("Saving a copy", work, "No copy was saved; try it again.")
