"""The table of contents of an exported disk (DICOMDIR, PS3.3 Annex F): which files it lists."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from app.io.errors import ReadError
from app.io.files import open_regular, spelled
from app.io.names import natural_order

NAME = "DICOMDIR"


def is_dicomdir(path: Path) -> bool:
    """Whether a path is called like a table of contents, in any case."""
    return path.name.upper() == NAME


def listed_files(path: Path) -> list[Path]:
    """The image files that a DICOMDIR lists, in natural order; those that are not there are in it too.

    Names are in capitals (PS3.10 8.2), and a disk may have been copied to a system that tells them from small ones: a
    file that is spelled otherwise is found all the same.

    Raises
    ------
    ReadError
        With a sentence: it cannot be read, or is no table of contents.
    """
    import pydicom  # 100 ms that no search waits for that meets none

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they spell what stands there
            with open_regular(path) as file:
                records = pydicom.dcmread(file).DirectoryRecordSequence
            images = [record for record in records if record.get("DirectoryRecordType") == "IMAGE"]
            parts = [record.ReferencedFileID for record in images if record.get("ReferencedFileID")]
    except ReadError:
        raise
    except OSError as error:
        raise ReadError(f"“{spelled(path)}” cannot be read ({error.strerror or error}). Open its folder.") from None
    except Exception as error:  # pydicom raises many kinds for what is no DICOM
        said = f"“{spelled(path)}” is no table of contents of a DICOM disk ({type(error).__name__}). Open its folder."
        raise ReadError(said) from None
    known: dict[Path, dict[str, str]] = {}
    found = {_found(path.parent, [part] if isinstance(part, str) else list(part), known) for part in parts}
    return sorted(found, key=lambda file: natural_order(str(file)))


def _names_in(folder: Path) -> dict[str, str]:
    """The names in a folder by their capitals; none where it may not be read: its files are told as missing."""
    try:
        return {each.name.upper(): each.name for each in folder.iterdir()}
    except OSError:
        return {}


def _found(folder: Path, parts: list[str], known: dict[Path, dict[str, str]]) -> Path:
    """The file of some parts of a path below a folder, however its name is spelled there; no part leads upward."""
    for part in parts:
        if part in ("", ".", "..") or "/" in part or "\\" in part:
            part = "_"  # no part of a name (PS3.10 8.5)
        if folder not in known:
            known[folder] = _names_in(folder)
        folder /= known[folder].get(part.upper(), part)
    return folder


def by_folder(files: list[Path]) -> Iterator[tuple[str, list[str]]]:
    """Each folder with the names of its files."""
    for folder, group in groupby(files, key=lambda file: file.parent):
        yield str(folder), [file.name for file in group]
