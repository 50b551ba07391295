"""Which files this program wrote: the report in a folder of results tells it.

The one place for that rule: whoever looks for images leaves them out, and whoever writes results replaces them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from app.io.errors import ReadError
from app.io.files import read_regular
from app.io.names import stem

REPORT = "report.json"
PROGRAM = "DenseSeg Review"
"""Stands in every report under the key ``program``; what a report lists under ``files`` is this program's."""
_UNLISTED = ("landmarks.csv", "coco.json", "landmarks.json")
"""What versions before the key ``files`` wrote beside masks."""
_LARGEST_REPORT = 1 << 28


def read_report(folder: Path) -> Any:
    """The report in a folder; None where there is none that can be read."""
    path = folder / REPORT
    try:
        return json.loads(read_regular(path, _LARGEST_REPORT)) if path.is_file() else None
    except (OSError, ValueError, RecursionError, ReadError):
        return None


def is_ours(report: Any) -> bool:
    """Whether a report is this program's; earlier versions' are known by two keys."""
    return _lists_files(report) or (isinstance(report, dict) and {"bundle_sha256", "images"} <= report.keys())


def written_by(report: Any, structures: Iterable[str]) -> Iterator[str]:
    """Names that a report says were written, seen from its folder; whether they are there is not looked at.

    Parameters
    ----------
    report : object
        What `read_report` gives.
    structures : iterable of str
        What masks of a version that did not list its files may be called.
    """
    if _lists_files(report):
        yield from _listed(report)
    elif is_ours(report):
        yield from _UNLISTED
        folders, names = _mask_folders(report), tuple(structures)
        yield from (f"{folder}/{structure}.png" for folder in folders for structure in names)


def is_written_by(report: Any) -> Callable[[str], bool]:
    """The same as a question about one name, where the structures are not known: any mask's name will do then."""
    if _lists_files(report):
        return frozenset(_listed(report)).__contains__
    if not is_ours(report):
        return lambda name: False
    folders = frozenset(_mask_folders(report))

    def written(name: str) -> bool:
        path = PurePosixPath(name)
        return name in _UNLISTED or (path.suffix == ".png" and path.parent.as_posix() in folders)

    return written


def _lists_files(report: Any) -> bool:
    return isinstance(report, dict) and report.get("program") == PROGRAM


def _listed(report: dict[str, Any]) -> Iterator[str]:
    files = report.get("files")
    return (name for name in files if isinstance(name, str)) if isinstance(files, list) else iter(())


def _mask_folders(report: dict[str, Any]) -> dict[str, None]:
    """Where a version that did not list its files put masks of the images that its report names."""
    images = report["images"] if isinstance(report["images"], list) else []
    names = [str(image.get("name")) for image in images if isinstance(image, dict)]
    return {f"masks/{beneath}": None for name in names for beneath in (stem(name), name)}


class OwnFiles:
    """Knows which files this program wrote, by the reports that it left in its folders: they are no radiographs."""

    def __init__(self) -> None:
        self._written: dict[Path, Callable[[str], bool] | None] = {}

    def in_folder(self, folder: Path) -> Callable[[str], bool]:
        """Whether a report in a folder or above it speaks of a file there, as a question about the file's name.

        Parameters
        ----------
        folder : Path
            Absolute; links stay what they are called.
        """
        asked = []
        for above in (folder, *folder.parents):
            if above not in self._written:
                report = read_report(above)
                self._written[above] = is_written_by(report) if is_ours(report) else None
            if (written := self._written[above]) is not None:
                below = folder.relative_to(above).as_posix()
                asked.append(("" if below == "." else f"{below}/", written))
        return lambda name: any(written(before + name) for before, written in asked)
