"""One open project: its files, its reader, its changes, and the signal that tells of changes."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Concatenate, ParamSpec, Self

import numpy as np
from psygnal import EmitLoopError, Signal

from app.core.field import field_of
from app.core.prediction import reachable
from app.core.template import Template
from app.core.text import one_line
from app.engine.client import Engine
from app.io.bundle import Bundle
from app.jobs import Event, Job, Result, SteppedJob, start_job
from app.project.actions import OF_IMAGES
from app.project.changes import Change, ProjectChanged, ReaderChanged, change_of
from app.project.copying import start_copy
from app.project.entries import HistoryEntry, Step
from app.project.measured import MeasuredState
from app.project.opening import existing_project, new_id, new_project, open_copy
from app.project.stepwise import Stepwise, stepped_job
from app.project.undo_groups import same_group
from app.store.blobs import make_ready
from app.store.changes import Action, Entry, Pieces, at_once
from app.store.copying import write_copy
from app.store.errors import ProjectError
from app.store.lock import ProjectLock
from app.store.paths import real_path
from app.store.predictions import PredictionStore
from app.store.project_store import ProjectStore

_LOG = logging.getLogger(__name__)
_P = ParamSpec("_P")


class OpenProject:
    """What a `Session` stands on: opening and closing, acting and telling, undo and redo.

    Attributes
    ----------
    changed : psygnal.Signal
        Emits a `Change` after every action, undo, redo and new prediction, which return the same one.
    refused : psygnal.Signal
        Emits the ProjectError where something could not be kept, and None when the next thing was kept.
    trouble : ProjectError or None
        The last thing that `refused` told: while there is one, nothing may be said to be kept.
    threads : int
        For the engine, when it is started.
    """

    changed: ClassVar[Signal] = Signal(Change)
    refused: ClassVar[Signal] = Signal(object)

    def __init__(self, project: ProjectStore, bundle: Bundle, lock: ProjectLock | None, reader: str) -> None:
        self.bundle = bundle
        self.threads = 2
        self._project = project
        self._lock = lock
        self._reader = reader
        self._engine: Engine | None = None
        self.trouble: ProjectError | None = None
        self._pending: Stepwise | None = None
        self._listen_to(project)
        try:
            self._predictions = PredictionStore(project.file, bundle.sha256, bundle.template, project.read_only)
        except BaseException:
            project.close()
            if lock is not None:
                lock.release()
            raise
        try:
            self._state = MeasuredState(project, self._predictions, bundle)
        except BaseException:  # it is damaged, and nobody else could give the lock back
            self._close_files(project, self._predictions, lock)
            raise

    # --- opening and closing

    @classmethod
    def create(cls, path: str | Path, model: str | Path | Bundle = "chest", reader: str = "") -> Self:
        """Make a new project; its first landmarks are the bundle's, hidden.

        Raises
        ------
        ProjectError
            If there is a file already or it can't be written.
        BundleError
            If there is no such model or it is damaged.
        """
        return cls(*new_project(path, model, reader))

    @classmethod
    def open(
        cls,
        path: str | Path,
        read_only: bool = False,
        model: str | Path | Bundle | None = None,
        reader: str | None = None,
    ) -> Self:
        """Open a project; `model` replaces the one it was made with, `reader` the last one.

        Raises
        ------
        ProjectError
            If it is missing, damaged, no project or of a newer version.
        ProjectLocked
            If somebody else has it open for writing.
        """
        return cls(*existing_project(path, read_only, model, reader))

    @property
    def engine(self) -> Engine:
        """The engine, started when first asked for."""
        if self._engine is None:
            self._engine = Engine(self.bundle, self.threads)
            threading.Thread(target=self._make_ready, name="making ready", daemon=True).start()
        return self._engine

    def _make_ready(self) -> None:
        """Import and compute what taking in the first prediction needs: it would stop a window for .2 s."""
        make_ready()
        for structure in self.template.structures:
            reachable(structure)
        field_of(self.template).map_of(np.ones(len(self.template.structures), bool))

    def close(self) -> None:
        """End the engine, write everything back and give the lock back; closing twice does nothing."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        self._state.end()
        self._close_files(self._project, self._predictions, self._lock)

    @staticmethod
    def _close_files(project: ProjectStore, predictions: PredictionStore, lock: ProjectLock | None) -> None:
        try:
            predictions.close()
            project.close()
        finally:
            if lock is not None:
                lock.release()

    def save_copy(self, path: str | Path) -> Change:
        """Save a copy with everything until now, predictions and history included, and go on with that.

        The way on where the project file is gone, or its disk full or failing.

        Raises
        ------
        ProjectError
            If there is a file already, the copy can't be written, or what was open can't be read any more.
        """
        self._settle()
        path = Path(path)
        copiers = self._project.copier(apart=False, id=new_id()), self._predictions.copier(apart=False)
        write_copy(path, *copiers, in_need=True)
        with ProjectLock(real_path(path), self._reader).released_on_failure() as lock:
            project = open_copy(path)
            try:
                predictions = PredictionStore(project.file, self.bundle.sha256, self.template, read_only=False)
            except BaseException:
                project.close()
                raise
        left = self._project, self._predictions, self._lock
        self._project, self._predictions, self._lock = project, predictions, lock
        self._state.go_on_with(project, predictions)
        self._listen_to(project)
        self._close_files(*left)
        self._on_trouble(None)
        return self._emit(ProjectChanged())

    def start_save_copy(self, path: str | Path) -> Job:
        """Save the same copy as a job, and leave it at that: what is open stays open.

        Returns
        -------
        Job
            Yields `Progress` in megabytes, and a `Result` with the path where the copy lies whole. It holds
            everything until now, and maybe some of what is done while it is made. Cancelled, it leaves nothing behind.
        """
        return start_copy(self._project, self._predictions, Path(path))

    def _listen_to(self, project: ProjectStore) -> None:
        project.on_trouble, project.on_write = self._on_trouble, self._settle

    def _on_trouble(self, trouble: ProjectError | None) -> None:
        before, self.trouble = self.trouble, trouble
        if before is not trouble:
            self.refused.emit(trouble)

    def check_kept(self) -> None:
        """Raise ProjectError if what was kept is not where it was put: the file is gone, or another lies there.

        Actions do so by themselves; a window asks now and then, to tell it before the next action.
        """
        try:
            self._project.check_there()
        except ProjectError as error:
            self._on_trouble(error)
            raise

    def start_check_kept(self) -> Job | None:
        """The same as a job, where a large file has to be read for that; hand its events to `take_kept`."""
        try:
            look = self._project.check_apart()
        except ProjectError as error:
            self._on_trouble(error)
            raise
        if look is None:
            return None
        return start_job(
            "Looking at the project file", lambda job: job.post(Result("", look())), "It is looked at again."
        )

    def take_kept(self, event: Event) -> None:
        """Take in what a look at the project file found; raises ProjectError like `check_kept`."""
        if isinstance(event, Result) and callable(event.value):
            try:
                event.value()
            except ProjectError as error:
                self._on_trouble(error)
                raise

    @property
    def remark(self) -> str:
        """What a reader should know of the stored predictions, in a sentence; empty if all is well."""
        return self._predictions.remark

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the project

    @property
    def path(self) -> Path:
        """The project file."""
        return self._project.path

    @property
    def id(self) -> str:
        """What the project is known by wherever its file goes; empty for an old one that is open for reading only."""
        return self._project.meta().get("id", "")

    @property
    def read_only(self) -> bool:
        """Whether the project was opened for reading only."""
        return self._project.read_only

    @property
    def template(self) -> Template:
        """The bundle's template."""
        return self.bundle.template

    @property
    def reader(self) -> str:
        """Who is reviewing; stored with every change."""
        return self._reader

    @reader.setter
    def reader(self, name: str) -> None:
        name = one_line(name)
        self._settle()
        if self._lock is not None:
            self._project.set_meta(reader=name)
        self._reader = name  # not before it is kept
        if self._lock is not None:
            self._lock.name(name)
        self._emit(ReaderChanged())

    def _emit(self, change: Change) -> Change:
        try:
            self.changed.emit(change)
        except EmitLoopError:
            _LOG.exception("A view failed to follow a change: %s", change)
        return change

    def _told(self, entry: Entry) -> Change:
        return change_of(entry, self._state.rows.names(entry.images))

    def _act(
        self, make: Callable[Concatenate[MeasuredState, _P], Action], *args: _P.args, **kwargs: _P.kwargs
    ) -> Change | None:
        """Do an action, durable when it returns; returns what was emitted, None where nothing changed.

        It is made of what is there once everything that is done in pieces has ended.
        """
        self._settle()
        return self._in_pieces(make(self._state, *args, **kwargs)).finish()

    def _in_pieces(self, action: Action) -> Stepwise:
        """Begin an action that is done in pieces; whatever else is asked for meanwhile ends it first.

        Whoever makes the action calls `_settle` before: else it may be made of what is about to change.
        """
        self._pending = Stepwise(self._followed(self._project.act_in_pieces(self._reader, action), action.kept))
        return self._pending

    def _followed(self, pieces: Pieces, kept: Callable[[], None]) -> Generator[None, None, Change | None]:
        """Do what changes the file, and let memory and views follow in one go."""
        try:
            done = yield from pieces
        except BaseException:
            self._pending = None
            self._state.forget_freeze()  # what was written of it is not kept
            raise
        self._pending = None
        if done is None:
            return None
        kept()
        self._state.apply(done[1])
        change = self._emit(self._told(done[0]))
        self.check_kept()  # between the last look and the commit the file may have gone
        return change

    def _settle(self) -> None:
        """End what is being done in pieces; whoever began it is told what went wrong there."""
        if (pending := self._pending) is not None:
            with contextlib.suppress(ValueError, ProjectError):
                pending.finish()

    @property
    def deleted_landmarks(self) -> dict[str, int]:
        """The landmarks that were deleted and that accepted images keep, and how many images do."""
        held = ((mark.name, self._state.accepted_with(number)) for number, mark in self._state.rows.deleted.items())
        return {name: count for name, count in held if count}

    # --- history

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back, None where there is nothing."""
        entry = self._project.next_undo
        return entry.label if entry is not None else None

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again, None where there is nothing."""
        entry = self._project.next_redo
        return entry.label if entry is not None else None

    @property
    def next_undo(self) -> Step | None:
        """What `undo` would do, None where there is nothing: so that one can ask before many images change.

        What is being done in pieces is ended first: `undo` would take that back.
        """
        self._settle()
        return self._step(self._project.next_undo, undo=True)

    @property
    def next_redo(self) -> Step | None:
        """What `redo` would do; like `next_undo`."""
        self._settle()
        return self._step(self._project.next_redo, undo=False)

    def _step(self, entry: Entry | None, undo: bool) -> Step | None:
        if entry is None:
            return None
        rows = [row for row in self._project.touches(entry) if row.table in OF_IMAGES or row.table == "images"]
        return Step(undo, entry.label, self._state.rows.images_of(rows), entry.landmarks, entry.id)

    def undo(self, step: Step | None = None) -> Change | None:
        """Take the last action back, also after reopening; returns its change, None where there is nothing to undo.

        Parameters
        ----------
        step : Step, optional
            What `next_undo` said, where somebody was told or asked: nothing else is taken back.

        Raises
        ------
        ValueError
            If another action is the last one by now.
        """
        return self._undo_group(self._project.undo_in_pieces, lambda: self._project.next_undo, step)

    def redo(self, step: Step | None = None) -> Change | None:
        """Do the last undone action again; returns its change, None where there is nothing to redo; see `undo`."""
        return self._undo_group(self._project.redo_in_pieces, lambda: self._project.next_redo, step)

    def start_undo(self, step: Step | None = None) -> SteppedJob:
        """The same as `undo` of an action of very many images, as a job that this thread goes on with.

        Yields a `Result` with its change. Whatever is asked for meanwhile ends it first; cancelled, nothing is undone.
        It undoes what is the last action now (or the `step`): it fails if another one is when it begins.
        """
        return self._start_again(step or self.next_undo, self._project.undo_in_pieces, lambda: self._project.next_undo)

    def start_redo(self, step: Step | None = None) -> SteppedJob:
        """The same as `redo`; see `start_undo`."""
        return self._start_again(step or self.next_redo, self._project.redo_in_pieces, lambda: self._project.next_redo)

    def _start_again(
        self, step: Step | None, again: Callable[[str], Pieces], following: Callable[[], Entry | None]
    ) -> SteppedJob:
        if step is None:
            raise ValueError("Nothing is left to undo or to do again.")

        def begin() -> tuple[Stepwise, Callable[[Change | None], object]]:
            self._settle()
            _check_next(step, following())
            self._pending = Stepwise(self._followed(again(self._reader), lambda: None))
            return self._pending, lambda change: change

        return stepped_job(f"{'Undoing' if step.undo else 'Redoing'}: {step.label}", len(step.images), begin)

    def _undo_group(
        self, again: Callable[[str], Pieces], following: Callable[[], Entry | None], step: Step | None
    ) -> Change | None:
        """Undo or redo one action, or all nudges that were made in one go; views are told once."""
        self._settle()
        if step is not None:
            _check_next(step, following())
        last: Entry | None = None
        told: Change | None = None
        try:
            while (last is None or same_group(last, following())) and (
                done := at_once(again(self._reader))
            ) is not None:
                last, changes = done
                self._state.apply(changes)
        finally:
            if last is not None:
                told = self._emit(self._told(last))
        self.check_kept()
        return told

    def history(self) -> list[HistoryEntry]:
        """Everything that was done, oldest first; undoing and redoing are entries of their own."""
        named = self._state.rows.names
        return [
            HistoryEntry(one.at, one.reader, one.told, undone, one.kind, named(one.images), one.landmarks)
            for one, undone in self._project.entries()
        ]


def _check_next(step: Step, entry: Entry | None) -> None:
    """Raise ValueError unless the step is the one that is done next: something else was done since it was named."""
    if entry is None or entry.id != step.entry:
        verb = "undone" if step.undo else "done again"
        raise ValueError(f"“{step.label}” was not {verb}: something else was done meanwhile. Try again.")
