"""The engine as the program sees it: futures and jobs in front, two child processes behind."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from app.core.orientation import AS_STORED, Orientation
from app.engine.results import ImageFacts, Picture, Predicted
from app.engine.scheduler import Scheduler, Work
from app.io.bundle import Bundle
from app.jobs import Finished, Job

__all__ = ["Engine", "ImageFacts", "Picture", "Predicted"]


class Engine:
    """Two children, one that decodes files and one that runs the network, and the thread that feeds them.

    Nothing starts before it is needed. Safe to use from any thread; events of jobs come on the engine's thread.

    Parameters
    ----------
    bundle : Bundle
    threads : int
        Threads of the network.
    backend : str
        ``openvino``, ``torch`` (the reference), or ``auto``: openvino where the bundle has its network.
    timeout : float
        Seconds that one file may take in one child; then the child is restarted and the file has failed.
    nice : int
        By how much the network's child steps back behind other programs once it runs, where the system has that.
    """

    def __init__(
        self, bundle: Bundle, threads: int = 2, backend: str = "auto", timeout: float = 60.0, nice: int = 10
    ) -> None:
        self._scheduler = Scheduler(bundle, threads, backend, timeout, nice)
        self._end = weakref.finalize(self, self._scheduler.close)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start both children now, so that the first image does not wait for them."""
        self._scheduler.call(self._scheduler.warm_up)

    def predict(
        self,
        items: Sequence[tuple[str, Path]],
        first: str | None = None,
        orientations: Mapping[str, Orientation] | None = None,
    ) -> Job:
        """Predict images.

        Parameters
        ----------
        items : sequence of (key, path)
        first : str or None
            Key of the image to begin with.
        orientations : mapping of key to Orientation, or None
            Of the images that are not read as stored.

        Returns
        -------
        Job
            Yields `Progress`, and per image a `Result` with a `Predicted` or a `Failed`, then `Finished`.
        """
        scheduler = self._scheduler
        title = "Predicting 1 image" if len(items) == 1 else f"Predicting {len(items)} images"

        def cancel() -> None:
            if not scheduler.call(lambda: scheduler.cancel(job)):
                job.post(Finished(cancelled=True))

        items = list(items)
        job = Job(title, len(items), cancel)
        read = dict(orientations or {})

        def begin() -> None:  # on the scheduler's thread: there may be very many
            works = [Work(key, path.absolute(), job, orientation=read.get(key, AS_STORED)) for key, path in items]
            works.sort(key=lambda work: work.key != first)
            scheduler.begin(job, works)

        if not scheduler.call(begin):
            job.post(Finished(cancelled=True))
        return job

    def prioritise(self, key: str) -> None:
        """Predict the image of this key next, where it is still waiting."""
        self._scheduler.call(lambda: self._scheduler.prioritise(key))

    def picture(self, path: Path) -> Future[Picture]:
        """Decode an image to look at it, ahead of all predictions; the future may raise ImageError."""
        future: Future[Picture] = Future()
        work = Work(path.name, path.absolute(), None, future)
        if not self._scheduler.call(lambda: self._scheduler.show(work)):
            future.cancel()
        return future

    def close(self) -> None:
        """End the children at once; jobs that run end as cancelled. Does nothing the second time."""
        self._end()
