"""Find images below paths and name them (design 6). Files are known by suffix or by content."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.io.errors import ReadError
from app.io.files import NoRegularFileError, no_regular_file, open_regular, spelled
from app.io.kinds import HEAD, kind_of
from app.io.names import natural_order, suffix
from app.io.own_files import OwnFiles

_DATABASE = re.compile(
    r"\.(dsr|sqlite3?|db)(\.lock|\.predictions(\.damaged-\d+)?)?(-wal|-shm|-journal)?$", re.IGNORECASE
)
"""Names of SQLite files, of those beside them, and of those beside a project: no image, and never opened."""


@dataclass(frozen=True)
class Discovery:
    """What lies below some paths.

    Attributes
    ----------
    images : tuple of (name, path)
        Names are unique.
    ignored : int
        Number of files that neither look like an image nor are called like one, and of those that this program wrote.
    failed : tuple of (name, sentence)
        Paths that are missing, may not be read, or are links and devices that are not followed or opened.
    """

    images: tuple[tuple[str, Path], ...]
    ignored: int
    failed: tuple[tuple[str, str], ...]


def looks_like_image(path: Path) -> bool:
    """Whether the content begins like a format that we read; raises OSError or ReadError if it cannot be looked at."""
    if path.name.upper() == "DICOMDIR":
        return False  # the table of contents of an exported disk
    with open_regular(path) as file:
        return bool(kind_of(file.read(HEAD)))


def files_below(folder: Path, told: Callable[[Path, str], None] | None = None) -> Iterator[Path]:
    """Every file below a folder, in natural order; links to folders are not followed.

    Parameters
    ----------
    folder : Path
    told : callable or None
        Called with a path and a sentence for each folder that cannot be read or is a link.
    """

    def tell(path: Path, sentence: str) -> None:
        if told is not None:
            told(path, sentence)

    def unreadable(error: OSError) -> None:
        where = Path(os.fsdecode(error.filename or folder))
        reason = error.strerror or error
        tell(where, f"The folder “{spelled(where)}” cannot be read ({reason}); what is in it was left out.")

    for here, folders, files in os.walk(folder, onerror=unreadable):
        folders.sort(key=natural_order)
        for name in folders:
            path = Path(here) / name
            if path.is_symlink():
                tell(
                    path,
                    f"“{spelled(path)}” is a link to a folder and was not followed. Give its target to include it.",
                )
        for name in sorted(files, key=natural_order):
            yield Path(here) / name


def _wanted(file: Path, held: Collection[tuple[int, int]]) -> bool:
    """Whether a file counts as an image; raises OSError or ReadError where one cannot be opened."""
    if file.name.startswith("._") or _DATABASE.search(file.name):
        return False  # what macOS leaves beside files on foreign disks; projects
    found = file.stat()
    if (found.st_dev, found.st_ino) in held:
        return False
    sentence = no_regular_file(file, found.st_mode)
    if suffix(file.name):
        if sentence:
            raise NoRegularFileError(sentence)
        return True
    return not sentence and looks_like_image(file)


def discover(paths: Sequence[Path | str], held: Collection[tuple[int, int]] = ()) -> Discovery:
    """Find the images below paths (files or folders, searched recursively), in natural order, each file once.

    Parameters
    ----------
    paths : sequence of Path or str
    held : collection of (device, inode)
        Files that are never opened: to close one would drop the locks that this process has on it.
    """
    found: list[tuple[str, Path, Path]] = []
    failed: list[tuple[str, str]] = []
    seen: set[str] = set()
    own = OwnFiles()
    ignored = 0
    for given in paths:
        path = Path(given)
        if not os.path.lexists(path):
            failed.append((spelled(given), f"“{spelled(given)}” does not exist. Check how it is spelled."))
            continue
        folder = path if path.is_dir() else path.parent

        def tell(where: Path, sentence: str, folder: Path = folder) -> None:
            failed.append((spelled(where.relative_to(folder).as_posix() if where != folder else folder), sentence))

        for file in files_below(path, tell) if path.is_dir() else [path]:
            name = spelled(file.relative_to(folder).as_posix())
            where = os.path.abspath(file)  # noqa: PTH100 (links stay apart: each is a name of its own)
            if where in seen:
                continue
            seen.add(where)
            try:
                wanted = _wanted(file, held) and not own.holds(file)
            except ReadError as error:
                failed.append((name, str(error)))
            except OSError as error:
                failed.append((name, f"“{spelled(file)}” cannot be opened ({error.strerror or error})."))
            else:
                if wanted:
                    found.append((name, file, folder))
                else:
                    ignored += 1
    return Discovery(tuple(_named(found)), ignored, tuple(failed))


def _named(found: list[tuple[str, Path, Path]]) -> Iterator[tuple[str, Path]]:
    """Names with the folder's name in front where they collide; as many folders as it takes."""
    names = [name for name, _, _ in found]
    parents = [folder.resolve() for _, _, folder in found]
    for _ in range(64):
        count = Counter(names)
        clashing = [i for i, name in enumerate(names) if count[name] > 1 and parents[i].name]
        if not clashing:
            break
        for i in clashing:
            names[i] = f"{spelled(parents[i].name)}/{names[i]}"
            parents[i] = parents[i].parent
    count = Counter(names)
    for i, name in enumerate(names):  # only drives and roots are left without a name of their own
        if count[name] > 1:
            names[i] = f"{i + 1}/{name}"
            count.subtract([name])
            count.update([names[i]])
    yield from ((name, path) for name, (_, path, _) in zip(names, found, strict=True))
