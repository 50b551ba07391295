"""Find images below paths and name them (design 6). Files are known by suffix or by content."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.io.errors import ReadError
from app.io.files import NoRegularFileError, no_regular_file, open_regular, read_regular, spelled
from app.io.kinds import HEAD, kind_of

SUFFIXES = (".nii.gz", ".dcm", ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".nii", ".nrrd", ".mha")
"""Known image suffixes (any case), the longest of those that end alike first."""

REPORT = "report.json"
PROGRAM = "DenseSeg Review"
_LARGEST_REPORT = 1 << 28
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


def suffix(name: str) -> str:
    """The known image suffix that a name ends in, as written there; empty if it has none."""
    for known in SUFFIXES:
        if name.lower().endswith(known) and len(name) > len(known):
            return name[-len(known) :]
    return ""


def stem(name: str) -> str:
    """An image's name without its known image suffix."""
    found = suffix(name)
    return name[: -len(found)] if found else name


def unique_stems(names: Iterable[str]) -> dict[str, str]:
    """Stem of each name; where stems collide (upper and lower case alike, as on Windows) the suffix stays."""
    listed = list(names)
    count = Counter(stem(name).casefold() for name in listed)
    stems = {name: stem(name) if count[stem(name).casefold()] == 1 else name for name in listed}
    # "a.png" without a suffix of its own may now meet "a.png.png" without its last one: then every suffix stays.
    again = Counter(value.casefold() for value in stems.values())
    return {name: value if again[value.casefold()] == 1 else name for name, value in stems.items()}


def looks_like_image(path: Path) -> bool:
    """Whether the content begins like a format that we read; raises OSError or ReadError if it cannot be looked at."""
    if path.name.upper() == "DICOMDIR":
        return False  # the table of contents of an exported disk
    with open_regular(path) as file:
        return bool(kind_of(file.read(HEAD)))


def natural_order(name: str) -> tuple[object, ...]:
    """Sorts names as people count: ``img2`` before ``img10``."""
    parts = re.split(r"([0-9]+)", name.casefold())
    numbers = ((len(part.lstrip("0")), part.lstrip("0")) for part in parts[1::2])  # int() refuses very long ones
    return (*(key for pair in zip(parts[::2], (*numbers, (0, "")), strict=True) for key in pair), name)


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


class OwnFiles:
    """Knows which files this program wrote, by the reports that it left in its folders: they are no radiographs."""

    def __init__(self) -> None:
        self._written: dict[Path, Callable[[str], bool] | None] = {}

    def holds(self, file: Path) -> bool:
        """Whether a report in one of the folders above a file speaks of it."""
        absolute = Path(os.path.abspath(file))  # noqa: PTH100 (links stay what they are called)
        for folder in absolute.parents:
            if folder not in self._written:
                self._written[folder] = _written_in(folder)
            written = self._written[folder]
            if written is not None and written(absolute.relative_to(folder).as_posix()):
                return True
        return False


def _written_in(folder: Path) -> Callable[[str], bool] | None:
    """What of a folder a report of this program says that it wrote; None where there is no such report."""
    path = folder / REPORT
    try:
        if not path.is_file():
            return None
        report = json.loads(read_regular(path, _LARGEST_REPORT))
    except (OSError, ValueError, RecursionError, ReadError):
        return None
    if not isinstance(report, dict):
        return None
    if report.get("program") == PROGRAM:
        listed = report.get("files")
        files = {name for name in listed if isinstance(name, str)} if isinstance(listed, list) else set()
        return files.__contains__
    if {"bundle_sha256", "images"} <= report.keys():  # of a version that did not list its files
        return lambda name: name.startswith("masks/")
    return None


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
