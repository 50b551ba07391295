"""Actions of very many images, done in pieces: all of them in one transaction, one undo step, told once."""

from __future__ import annotations

from collections.abc import Callable, Generator

from app.jobs import Event, Progress, Result, SteppedJob
from app.project.changes import Change
from app.store.errors import ProjectError

PIECES_PER_ROW = 2 / 500
"""Rows are written and then recorded, 500 at a time."""


class Stepwise:
    """An action, an undo or a redo under way; kept as a whole with its last piece, or not at all.

    Parameters
    ----------
    pieces : generator
        Does a piece, some milliseconds, whenever it is asked for the next one; ends with what was emitted.

    Attributes
    ----------
    done : bool
    change : Change or None
    """

    def __init__(self, pieces: Generator[None, None, Change | None]) -> None:
        self._pieces = pieces
        self._error: BaseException | None = None
        self.done = False
        self.change: Change | None = None

    def go_on(self) -> bool:
        """Do a piece; True when all is done. What went wrong is raised each time, whoever went on with it."""
        if not self.done:
            try:
                next(self._pieces)
            except StopIteration as end:
                self.done, self.change = True, end.value
            except BaseException as error:
                self.done, self._error = True, error
        if self._error is not None:
            raise self._error
        return self.done

    def finish(self) -> Change | None:
        """Do the rest at once."""
        while not self.go_on():
            pass
        return self.change

    def cancel(self) -> None:
        """Take it back, unless it is done."""
        if not self.done:
            self.done = True
            self._pieces.close()


def stepped_job(
    title: str,
    total: int,
    begin: Callable[[], tuple[Stepwise, Callable[[Change | None], object]]],
    first: Callable[[], Generator[Event, None, None]] | None = None,
    last: Callable[[], None] = lambda: None,
) -> SteppedJob:
    """A job that begins an action and goes on with it.

    Parameters
    ----------
    title : str
    total : int
        Images that it is about.
    begin : callable
        Called when it is the action's turn: the action, and what makes the value of the job's `Result` of its change.
    first : callable, optional
        What goes before it.
    last : callable, optional
        Called at the end, however it came.
    """

    def steps() -> Generator[Event, None, None]:
        doing: Stepwise | None = None
        try:
            if first is not None:
                yield from first()
            doing, value = begin()
            pieces = 0
            while not doing.go_on():
                pieces += 1
                if first is None:
                    yield Progress(min(round(pieces / PIECES_PER_ROW), total), total)
                else:
                    yield Progress(total, total)
            yield Result("", value(doing.change))
        finally:
            if doing is not None:
                doing.cancel()
            last()

    return SteppedJob(title, total, steps(), (ValueError, ProjectError))
