"""How a session comes by its project file, its bundle and its lock."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from app.core.landmark import Landmark
from app.core.measurement_set import Things
from app.core.region import Region
from app.core.text import kept_path, one_line, path_kept
from app.io.bundle import Bundle, read_bundle
from app.store.changes import Row
from app.store.errors import ProjectError, Trouble, project_error
from app.store.lock import ProjectLock
from app.store.paths import real_path
from app.store.project_file import Project
from app.store.project_store import ProjectStore
from app.store.row_types import landmark_of, landmark_row, region_of


class Opened(NamedTuple):
    """What a session is made of; without a lock the project is for reading only."""

    project: ProjectStore
    bundle: Bundle
    lock: ProjectLock | None
    reader: str


def new_project(path: str | Path, model: str | Path | Bundle, reader: str) -> Opened:
    """Make a project file; see `Session.create`."""
    reader = one_line(reader)
    file, bundle = Path(path), model if isinstance(model, Bundle) else read_bundle(model)
    if file.is_symlink() and not file.exists():
        raise project_error(Trouble.LINK, file)
    if not file.absolute().parent.is_dir():
        raise ProjectError(f"There is no folder {file.absolute().parent}. Make it first, or choose another.")
    if file.exists() and file.stat().st_size:
        raise ProjectError(f"There is a file {file} already. Choose another name, or open it instead.")
    meta = {"model": _kept_model(model, bundle), "reader": reader, "bundle_sha256": bundle.sha256, "id": new_id()}
    marks = [landmark_row(i, mark) for i, mark in enumerate(bundle.landmarks, 1)]
    things = Things(bundle.template, {row[1]: row[0] for row in marks}, bundle.measurements.groups)
    measured = [(i, one.name, things.kept(one.formula)) for i, one in enumerate(bundle.measurements.measurements, 1)]
    with ProjectLock(real_path(file), reader, make=True).released_on_failure() as lock:
        return Opened(Project.create(file, meta, {"landmarks": marks, "measurements": measured}), bundle, lock, reader)


def existing_project(
    path: str | Path, read_only: bool, model: str | Path | Bundle | None, reader: str | None
) -> Opened:
    """Open a project file; see `Session.open`."""
    file, reader = Path(path), None if reader is None else one_line(reader)
    if not real_path(file).is_file():
        raise project_error(Trouble.MISSING, file)
    if read_only:
        return _open(file, None, model, reader)
    with ProjectLock(real_path(file), reader or "").released_on_failure() as lock:
        return _open(file, lock, model, reader)


def _open(file: Path, lock: ProjectLock | None, model: str | Path | Bundle | None, reader: str | None) -> Opened:
    project = Project.open(file, read_only=lock is None)
    try:
        meta = project.meta()
        chosen = model if model is not None else str(path_kept(meta.get("model", "chest")))
        bundle = chosen if isinstance(chosen, Bundle) else read_bundle(chosen)
        name = meta.get("reader", "") if reader is None else reader
        for table, read in (("landmarks", landmark_of), ("regions", region_of), ("deleted_regions", region_of)):
            for row in project.rows(table):
                _fits(read, row, bundle, file)
        if lock is not None:
            lock.name(name)
            now = {"model": _kept_model(chosen, bundle), "reader": name, "bundle_sha256": bundle.sha256}
            now["id"] = meta.get("id") or new_id()
            if any(meta.get(key) != value for key, value in now.items()):
                project.set_meta(**now)
    except BaseException:
        project.close()
        raise
    return Opened(project, bundle, lock, name)


def open_copy(file: Path) -> ProjectStore:
    """Open a copy that was just written, and whose lock the caller holds; raises ProjectError."""
    return Project.open(file, read_only=False)


def _fits(read: Callable[[Row], Landmark | Region], row: Row, bundle: Bundle, file: Path) -> None:
    try:
        read(row).check(bundle.template)
    except (ValueError, TypeError, KeyError) as error:
        raise ProjectError(f"{file.name} does not fit the model “{bundle.title}”: {error}") from None


def _kept_model(model: str | Path | Bundle, bundle: Bundle) -> str:
    """A model as the project remembers it: a shipped one by name, any other by its whole path."""
    chosen = bundle.folder if isinstance(model, Bundle) else Path(model)
    return kept_path(chosen.absolute()) if chosen.is_dir() else kept_path(str(model))


def new_id() -> str:
    """What a project is known by in the settings, wherever its file goes."""
    return secrets.token_hex(8)
