"""Find images below paths and name them (design 6). Files are known by suffix or by content."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".nii.gz", ".dcm", ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".nii", ".nrrd", ".mha")
"""Known image suffixes (any case), the longest of those that end alike first."""

_MAGIC = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",  # JPEG
    b"II*\x00",  # TIFF, little and big endian, and BigTIFF
    b"MM\x00*",
    b"II+\x00",
    b"MM\x00+",
    b"NRRD0",
)


@dataclass(frozen=True)
class Discovery:
    """What lies below some paths.

    Attributes
    ----------
    images : tuple of (name, path)
        Names are unique.
    ignored : int
        Number of files that neither look like an image nor are called like one.
    failed : tuple of (name, sentence)
        Paths that are missing or may not be read.
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
    """Whether the content begins like a format that we read; raises OSError if it cannot be looked at."""
    if path.name.upper() == "DICOMDIR":
        return False  # the table of contents of an exported disk
    with path.open("rb") as file:
        head = file.read(352)
    if head.startswith(_MAGIC) or head[128:132] == b"DICM" or head[344:347] in (b"n+1", b"ni1"):
        return True
    return head.startswith(b"ObjectType") and b"NDims" in head


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in order."""
    for here, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            yield Path(here) / name


def _wanted(file: Path) -> bool:
    """Whether a file counts as an image; raises OSError where it cannot be looked at."""
    if file.name.startswith("._") or not (file.is_file() or file.is_symlink()):
        return False  # what macOS leaves beside files on foreign disks; pipes and devices
    if suffix(file.name):
        file.stat()
        return True
    return looks_like_image(file)


def discover(paths: Sequence[Path | str]) -> Discovery:
    """Find the images below paths (files or folders, searched recursively), in order, each file once."""
    found: list[tuple[str, Path, Path]] = []
    failed: list[tuple[str, str]] = []
    seen: set[str] = set()
    ignored = 0
    for given in paths:
        path = Path(given)
        if not path.exists():
            failed.append((str(given), f"“{given}” does not exist. Check how it is spelled."))
            continue
        folder = path if path.is_dir() else path.parent
        for file in files_below(path) if path.is_dir() else [path]:
            # A name that is no valid text (Linux allows any bytes) gets its odd bytes spelled out.
            name = os.fsencode(file.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
            where = os.path.abspath(file)  # noqa: PTH100 (links stay apart: each is a name of its own)
            if where in seen:
                continue
            seen.add(where)
            try:
                wanted = _wanted(file)
            except OSError as error:
                failed.append((name, f"“{file}” cannot be opened ({error.strerror or error})."))
                continue
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
            names[i] = f"{parents[i].name}/{names[i]}"
            parents[i] = parents[i].parent
    for i, name in enumerate(names):  # only drives and roots are left without a name of their own
        count = Counter(names)
        if count[name] > 1:
            names[i] = f"{i + 1}/{name}"
    yield from ((name, path) for name, (_, path, _) in zip(names, found, strict=True))
