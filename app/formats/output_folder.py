"""A folder of results: its report says which files this program wrote, and those alone are ever replaced or removed."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from app.io.atomic import write_json
from app.io.own_files import PROGRAM, REPORT, is_ours, is_written_by, read_report, written_by

MOST_OTHERS = 1000
"""Other files are counted up to here."""
NAMED = 3
_PART = re.compile(r"\.[0-9a-f]{16}\.part")
_PART_SECONDS = 3600


@dataclass(frozen=True)
class Others:
    """Files in a folder that this program did not write.

    Attributes
    ----------
    count : int
        At most `MOST_OTHERS`.
    names : tuple of str
        The first of them, seen from the folder.
    """

    count: int = 0
    names: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How many and which: "2 files (a.txt, b.txt)"; empty where there is none."""
        if not self.count:
            return ""
        count = f"more than {MOST_OTHERS - 1}" if self.count >= MOST_OTHERS else str(self.count)
        more = ", ..." if self.count > len(self.names) else ""
        return f"{count} file{'' if self.count == 1 else 's'} ({', '.join(self.names)}{more})"


SCOPE_WORDS = {
    "all": "all images",
    "accepted": "the accepted images",
    "image": "one image",
    "selected": "selected images",
    "filtered": "the images of a filter",
}
"""Which images an export is of, by its scope."""


@dataclass(frozen=True)
class Earlier:
    """An earlier export that lies in a folder.

    Attributes
    ----------
    project : str
        Name of the project's file.
    scope : str
        Which of its images were exported: one of `SCOPE_WORDS`.
    images : tuple of str
        Names of those that are in every file.
    """

    project: str
    scope: str
    images: tuple[str, ...]

    @property
    def words(self) -> str:
        """What it is: "an export of the accepted images (12) of lungs.dsr"."""
        return f"an export of {SCOPE_WORDS[self.scope]} ({len(self.images)}) of {self.project}"

    def goes_with(self, project: str, scope: str, images: Iterable[str]) -> bool:
        """Whether a new export is the same one again, with at least the same images; else something is lost."""
        return (project, scope) == (self.project, self.scope) and (scope == "accepted" or {*self.images} <= {*images})


@dataclass(frozen=True)
class Contents:
    """What lies in a folder before an export.

    Attributes
    ----------
    others : Others
    earlier : Earlier or None
    """

    others: Others
    earlier: Earlier | None


def _earlier(report: Any) -> Earlier | None:
    """The export that a report tells of; None where it is none, or one that wrote nothing of any image."""
    entries = report.get("images") if is_ours(report) else None
    if not isinstance(entries, list) or not isinstance(report.get("project"), str):
        return None
    done = [entry for entry in entries if isinstance(entry, dict) and entry.get("state") == "done"]
    if not done:
        return None
    accepted = all(entry.get("review") == "accepted" for entry in done)
    scope = report.get("scope", "accepted" if accepted else "all")  # earlier versions did not write it
    names = tuple(str(entry.get("name")) for entry in done)
    return Earlier(report["project"], scope if scope in SCOPE_WORDS else "all", names)


class OutputFolder:
    """One run's results in a folder, which may hold those of an earlier run and files of others.

    What an earlier run wrote is replaced as a whole: at the end, whatever of it was not written again is removed. Files
    of others stay; one that is in the way is kept under another name.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    structures : iterable of str
        Masks of these belong to a run of a version that did not list its files.

    Raises
    ------
    OSError
        If it cannot be made.

    Attributes
    ----------
    kept_aside : list of (str, str)
        Files of others that were in the way, and what they are called now.
    earlier_export : Earlier or None
    """

    def __init__(self, folder: Path, structures: Iterable[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.kept_aside: list[tuple[str, str]] = []
        self._written: dict[str, None] = {}
        report = read_report(folder)
        self._report_is_ours = is_ours(report)
        self.earlier_export = _earlier(report)
        self._earlier = dict.fromkeys(_files_of(report, folder, tuple(structures)))

    @property
    def written(self) -> tuple[str, ...]:
        """What this run has written so far, seen from the folder, with "/"."""
        return tuple(self._written)

    @property
    def earlier(self) -> tuple[str, ...]:
        """What an earlier run of this program wrote and is there still."""
        return tuple(self._earlier)

    def relative(self, path: Path) -> str:
        """A path within the folder as it stands in the report."""
        return path.relative_to(self.folder).as_posix()

    def claim(self, planned: Iterable[str]) -> None:
        """Write a report of what may be written, so that it is known as this program's however the run ends.

        Raises OSError.
        """
        new = [name for name in planned if name not in self._earlier and not os.path.lexists(self.folder / name)]
        self._make_way_for_report()
        self._write_report({"unfinished": True, "images": []}, [*self._earlier, *new])

    def make_way(self, path: Path) -> None:
        """Call before a file is put in its place: one of others there is kept under another name; raises OSError."""
        name = self.relative(path)
        if name not in self._earlier and name not in self._written and (path.is_file() or path.is_symlink()):
            self._keep_aside(path)

    def add(self, *paths: Path) -> None:
        """Note that files were written."""
        self._written.update(dict.fromkeys(map(self.relative, paths)))

    def take_back(self, paths: Iterable[Path]) -> None:
        """Remove files of this run or an earlier one: they are no result."""
        for name in map(self.relative, paths):
            if name in self._written or name in self._earlier:
                _remove(self.folder, name)
                self._written.pop(name, None)

    def others(self) -> Others:
        """What lies there that neither this run nor an earlier one wrote."""
        ours = {*self._earlier, *self._written, *([REPORT] if self._report_is_ours else [])}
        return _others(self.folder, ours.__contains__)

    def finish(self, report: dict[str, Any], keep_earlier: bool = False) -> int:
        """Remove what an earlier run wrote and this one did not, write the report; returns how many were removed.

        Parameters
        ----------
        report : dict
            Gets the keys ``program`` and ``files``.
        keep_earlier : bool
            Where this run is not complete: its predecessor's files stay, and stay this program's.

        Raises
        ------
        OSError
            If the report cannot be written.
        """
        self._remove_stale_parts()
        old = [name for name in self._earlier if name not in self._written]
        folded = {name.casefold(): name for name in self._written}
        left = old if keep_earlier else [name for name in old if not self._removed(name, folded)]
        self._make_way_for_report()
        self._write_report(report, [*self._written, *left])
        return len(old) - len(left)

    def abandon(self) -> None:
        """The run ends before its time: the report keeps what is this program's, and goes where that is nothing."""
        kept = [name for name in dict.fromkeys([*self._earlier, *self._written]) if os.path.lexists(self.folder / name)]
        with suppress(OSError):
            if kept:
                self._write_report({"unfinished": True, "images": []}, kept)
            else:
                (self.folder / REPORT).unlink(missing_ok=True)

    def _removed(self, name: str, folded: Mapping[str, str]) -> bool:
        """Remove one file of an earlier run, unless a disk that ignores case has the new one under that name."""
        same = folded.get(name.casefold())
        with suppress(OSError):
            if same is not None and (self.folder / same).samefile(self.folder / name):
                return True
        return _remove(self.folder, name)

    def _make_way_for_report(self) -> None:
        report = self.folder / REPORT
        if not self._report_is_ours and (report.is_file() or report.is_symlink()):
            self._keep_aside(report)
        self._report_is_ours = True

    def _keep_aside(self, path: Path) -> None:
        for number in range(1, 10_000):
            aside = path.with_name(f"{path.stem} (kept {number}){path.suffix}")
            if not os.path.lexists(aside):
                path.rename(aside)
                self.kept_aside.append((self.relative(path), self.relative(aside)))
                return
        raise FileExistsError(f"{path.name} is in the way")

    def _write_report(self, report: dict[str, Any], files: list[str]) -> None:
        write_json(self.folder / REPORT, {"program": PROGRAM, **report, "files": files})

    def _remove_stale_parts(self) -> None:
        """Half files that a killed run left behind."""
        for folder in {self.folder, *((self.folder / name).parent for name in [*self._earlier, *self._written])}:
            with suppress(OSError):
                for entry in os.scandir(folder):
                    if _PART.fullmatch(entry.name) and entry.stat().st_mtime < time.time() - _PART_SECONDS:
                        Path(entry.path).unlink()


def look_into(folder: Path, seconds: float = 0.05) -> Contents:
    """What lies in a folder, so that a window can ask before it acts.

    Files of others are looked for within so many seconds; what is not seen in that time is told after the export.
    """
    report = read_report(folder)
    written, has_report = is_written_by(report), is_ours(report)
    others = _others(folder, lambda name: written(name) or (has_report and name == REPORT), seconds)
    return Contents(others, _earlier(report))


def _others(folder: Path, ours: Callable[[str], bool], seconds: float = math.inf) -> Others:
    count = 0
    names: list[str] = []
    until = time.monotonic() + seconds
    for name in _names_below(folder):
        if time.monotonic() > until or count >= MOST_OTHERS:
            break
        if ours(name) or _PART.fullmatch(PurePosixPath(name).name):
            continue
        count += 1
        if len(names) < NAMED:
            names.append(name)
    return Others(count, tuple(names))


def folder_sentences(
    removed: int, kept_aside: Iterable[tuple[str, str]], others: str, replaced: str = ""
) -> Iterator[str]:
    """What became of the files that were in the folder before, for the reader.

    Parameters
    ----------
    removed : int
    kept_aside : iterable of (file, file)
    others, replaced : str
        In words: files of others, and an earlier export of other images whose place was taken.
    """
    if replaced:
        yield f"This took the place of {replaced}, which was in the folder."
    if removed:
        yield f"Removed {'1 file' if removed == 1 else f'{removed} files'} of an earlier run there that this one lacks."
    for name, aside in kept_aside:
        yield f"{name} there was not written by this program; it is kept as “{aside}”."
    if others:
        yield f"The folder also holds {others} that this program did not write; they stay as they are."


def _files_of(report: Any, folder: Path, structures: Sequence[str]) -> Iterator[str]:
    """What a report says was written, as far as it lies within the folder and is there still."""
    root = folder.resolve()
    for name in written_by(report, structures):
        if not _stays_inside(name):
            continue
        with suppress(OSError, ValueError):
            path = folder / name
            if (path.is_file() or path.is_symlink()) and path.parent.resolve().is_relative_to(root):
                yield name


def _stays_inside(name: str) -> bool:
    """Whether a name in a report leads to a file below its folder, on any system."""
    parts = re.split(r"[/\\]" if os.name == "nt" else "/", name)
    return bool(name) and not any(part in {"", ".", ".."} or (os.name == "nt" and ":" in part) for part in parts)


def _remove(folder: Path, name: str) -> bool:
    """Remove a file and the folders that are empty then; whether it is gone."""
    path = folder / name
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    with suppress(OSError):
        for parent in path.parents:
            if parent == folder:
                break
            parent.rmdir()
    return True


def _names_below(folder: Path) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            yield (Path(here) / name).relative_to(folder).as_posix()
