"""Predicting many images through the engine, as the window does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app.engine.client import Engine, Predicted
from app.io.bundle import Bundle
from app.jobs import Failed, Finished, Progress, Result


def predictions(
    bundle: Bundle, images: Sequence[Path], threads: int, backend: str, progress: Callable[[int, int], None]
) -> Iterator[tuple[str, Predicted]]:
    """Each image's path and prediction, in any order; raises OSError if the engine failed on one."""
    engine = Engine(bundle, threads=threads, backend=backend)
    try:
        for event in engine.predict([(str(path), path) for path in images]):
            match event:
                case Result(key, Predicted() as value):
                    yield key, value
                case Failed(key, message):
                    raise OSError(f"{Path(key).name}: {message}")
                case Progress(done, total):
                    progress(done, total)
                case Finished() | Result():
                    pass
    finally:
        engine.close()
