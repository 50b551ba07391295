"""Find images below paths and name them (design 6). Files are known by suffix or by content."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.io.dicomdir import by_folder, is_dicomdir, listed_files
from app.io.errors import ReadError
from app.io.files import NoRegularFileError, no_regular_file, open_regular, spelled
from app.io.kinds import HEAD, kind_of
from app.io.names import natural_order, suffix
from app.io.own_files import OwnFiles

_DATABASE = re.compile(
    r"\.(dsr|sqlite3?|db)(\.lock|\.predictions(\.damaged-\d+)?)?(-wal|-shm|-journal)?$", re.IGNORECASE
)
"""Names of SQLite files, of those beside them, and of those beside a project: no image, and never opened."""
TOLD_EVERY = 100
"""Files between two reports on how many images were found."""


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
    if is_dicomdir(path):
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
    for here, names in _walk(folder, told):
        yield from (Path(here) / name for name in names)


def _walk(folder: Path, told: Callable[[Path, str], None] | None) -> Iterator[tuple[str, list[str]]]:
    """Each folder at and below a folder, with the names of its files; see `files_below`."""

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
        yield here, sorted(files, key=natural_order)


def _wanted(file: str, held: Collection[tuple[int, int]]) -> bool:
    """Whether a file counts as an image; raises OSError or ReadError where one cannot be opened."""
    name = os.path.basename(file)  # noqa: PTH119 (asked of each of very many files)
    if name.startswith("._") or _DATABASE.search(name):
        return False  # what macOS leaves beside files on foreign disks; projects
    found = os.stat(file)  # noqa: PTH116
    if (found.st_dev, found.st_ino) in held:
        return False
    sentence = no_regular_file(Path(file), found.st_mode) if not stat.S_ISREG(found.st_mode) else ""
    if suffix(name):
        if sentence:
            raise NoRegularFileError(sentence)
        return True
    return not sentence and looks_like_image(Path(file))


def discover(
    paths: Sequence[Path | str],
    held: Collection[tuple[int, int]] = (),
    cancelled: Callable[[], bool] = lambda: False,
    told: Callable[[int], None] = lambda found: None,
) -> Discovery:
    """Find the images below paths (files or folders, searched recursively), in natural order, each file once.

    Of a DICOMDIR that is given the images that it lists are found; in a folder it is passed over.

    Parameters
    ----------
    paths : sequence of Path or str
    held : collection of (device, inode)
        Files that are never opened: to close one would drop the locks that this process has on it.
    cancelled : callable
        Asked before each file; once it says so, what was found until then is returned.
    told : callable
        Called now and then with the number of images found so far.
    """
    search = _Search(held)
    for given in paths:
        path = Path(given)
        if not os.path.lexists(path):
            search.failed.append((spelled(given), f"“{spelled(given)}” does not exist. Check how it is spelled."))
            continue
        if path.is_dir():
            search.folder = path
            parts = _walk(path, search.tell)
        else:
            search.folder = path.parent
            parts = iter([(str(path.parent), [path.name])])
            if is_dicomdir(path):
                try:
                    parts = by_folder(listed_files(path))
                except ReadError as error:
                    search.failed.append((spelled(given), str(error)))
                    continue
        for here, names in parts:
            search.enter(here)
            for name in names:
                if cancelled():
                    return search.result()
                search.look(name)
                if not len(search.seen) % TOLD_EVERY:
                    told(len(search.found))
    return search.result()


class _Search:
    """What `discover` has found so far. Works on text: 10,000 `Path` objects take longer than to look at the files.

    Attributes
    ----------
    folder : Path
        The one that names are seen from.
    """

    def __init__(self, held: Collection[tuple[int, int]]) -> None:
        self.found: list[tuple[str, str, Path]] = []
        self.failed: list[tuple[str, str]] = []
        self.seen: set[str] = set()
        self.folder = Path()
        self._held = held
        self._own = OwnFiles()
        self._ignored = 0

    def tell(self, where: Path, sentence: str) -> None:
        """Note a folder that was left out."""
        name = spelled(where.relative_to(self.folder).as_posix() if where != self.folder else self.folder)
        self.failed.append((name, sentence))

    def enter(self, here: str) -> None:
        """The files that come next lie in this folder."""
        below = Path(here).relative_to(self.folder).as_posix()
        self._before = "" if below == "." else f"{below}/"
        self._path = os.path.join(here, "") if here != "." else ""  # noqa: PTH118
        self._whole = os.path.join(os.path.abspath(here), "")  # noqa: PTH100, PTH118 (links stay apart: names of their own)
        self._is_own = self._own.in_folder(Path(self._whole))

    def look(self, name: str) -> None:
        """Look at one file of the folder that was entered."""
        where, shown, file = self._whole + name, spelled(self._before + name), self._path + name
        if where in self.seen:
            return
        self.seen.add(where)
        try:
            wanted = _wanted(file, self._held) and not self._is_own(name)
        except ReadError as error:
            self.failed.append((shown, str(error)))
        except OSError as error:
            self.failed.append((shown, f"“{spelled(file)}” cannot be opened ({error.strerror or error})."))
        else:
            if wanted:
                self.found.append((shown, file, self.folder))
            else:
                self._ignored += 1

    def result(self) -> Discovery:
        """Everything found so far, named."""
        return Discovery(tuple(_named(self.found)), self._ignored, tuple(self.failed))


def _named(found: list[tuple[str, str, Path]]) -> Iterator[tuple[str, Path]]:
    """Names with the folder's name in front where they collide; as many folders as it takes."""
    names = [name for name, _, _ in found]
    whole = {folder: folder.resolve() for folder in {folder for _, _, folder in found}}
    parents = [whole[folder] for _, _, folder in found]
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
    yield from ((name, Path(path)) for name, (_, path, _) in zip(names, found, strict=True))
