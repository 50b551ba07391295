"""Adding images: a search that looks at every file and makes everything ready, then one short action.

The search knows nothing of the project but its folder, so that it can run on a thread of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.core.text import kept_path, path_kept, well_formed
from app.io.discover import discover
from app.jobs import Job, Progress, Result, start_job
from app.project.actions import relative_to
from app.project.changes import ImagesChanged
from app.project.state import ProjectState
from app.store.changes import Action, Writer, pieces_of
from app.store.paths import Identity
from app.store.row_types import ImageRow
from app.store.tables import FILE


@dataclass(frozen=True)
class FoundImage:
    """A file that can be added.

    Attributes
    ----------
    name : str
        As it is called below the path that was given; another image may have that name already.
    path, relative : str
        Where it is, and where as seen from the project's folder (empty on another drive): as the project keeps paths.
    """

    name: str
    path: str
    relative: str


@dataclass(frozen=True)
class FoundImages:
    """What a search found.

    Attributes
    ----------
    images : tuple of FoundImage
    ignored : int
        Files that are no images.
    failed : tuple of (name, sentence)
    """

    images: tuple[FoundImage, ...]
    ignored: int = 0
    failed: tuple[tuple[str, str], ...] = ()


def search(
    paths: Sequence[str | Path],
    folder: Path,
    held: frozenset[Identity],
    cancelled: Callable[[], bool] = lambda: False,
    told: Callable[[int], None] = lambda found: None,
) -> FoundImages:
    """Find images below paths; see `discover` for `held`, `cancelled` and `told`. `folder` is the project's."""
    found = discover(paths, held, cancelled, told)
    seen: dict[str, str] = {}
    images = []
    for name, path in found.images:
        full = path.absolute()
        parent, file = os.path.split(full)
        if parent not in seen:
            seen[parent] = relative_to(Path(parent), folder)
        below = seen[parent]
        # A parent that is spelled in per cent spells its whole path so.
        plain = below and kept_path(below) == below and kept_path(file) == file
        relative = (file if below == "." else f"{below}/{file}") if plain else relative_to(full, folder)
        images.append(FoundImage(name, kept_path(full), relative))
    return FoundImages(tuple(images), found.ignored, found.failed)


def start_search(paths: Sequence[str | Path], folder: Path, held: frozenset[Identity]) -> Job:
    """The same as a job.

    Returns
    -------
    Job
        Yields `Progress` without a total, a `Result` with `FoundImages` unless it is cancelled, `Finished`.
    """

    def work(job: Job) -> None:
        found = search(paths, folder, held, lambda: job.cancelled, lambda count: job.post(Progress(count, 0)))
        if not job.cancelled:
            job.post(Result("", found))

    return start_job("Looking for images", work, "No image was added; try it again.")


def new_names(state: ProjectState, found: Sequence[FoundImage]) -> tuple[dict[str, FoundImage], list[str]]:
    """Names for files to be added, and the names of those that are in the project already.

    Where a name is taken, folders are put in front of it, as in the design's seams.
    """
    paths = {state.rows.key(name): name for name in state.rows.images}
    taken = set(paths.values())
    new: dict[str, FoundImage] = {}
    known = []
    for image in found:
        if image.path in paths:
            known.append(paths[image.path])
            continue
        unique = image.name if image.name not in taken else _free_name(image, taken)
        taken.add(unique)
        paths[image.path] = unique
        new[unique] = image
    return new, known


def _free_name(image: FoundImage, taken: set[str]) -> str:
    name = image.name
    folders = list(path_kept(image.path).parts[: -len(Path(name).parts)])
    while name in taken and folders:
        name = f"{well_formed(folders.pop().strip('/')) or '_'}/{name}"
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{number}/{name}", number + 1
    return unique


def add_images(state: ProjectState, new: Mapping[str, FoundImage], label: str) -> Action:
    """Add files under the names of `new_names`."""
    first = state.rows.next_position()
    rows = [
        ImageRow(None, name, position, FILE, image.path, image.relative)
        for position, (name, image) in enumerate(new.items(), first)
    ]

    def edit(writer: Writer) -> Iterator[None]:
        for some in pieces_of(rows):
            writer.put_all("images", some)
            yield

    return Action(ImagesChanged.code, label, edit, tuple(new))
