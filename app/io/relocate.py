"""Find files again that were moved or renamed, by what is in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.io.compare import sha256_of
from app.io.discover import files_below
from app.io.files import spelled
from app.jobs import Failed, Job, Progress, Result, start_job


@dataclass(frozen=True)
class Content:
    """What a file held when it was read last.

    Attributes
    ----------
    name : str
        What it was called, without its folder.
    size : int
        Bytes.
    sha256 : str
    """

    name: str
    size: int
    sha256: str


def start_search(
    folder: Path, wanted: Mapping[str, Content], taken: Collection[Path], held: Collection[tuple[int, int]] = ()
) -> Job:
    """Look for files below a folder, as a job on a plain thread.

    Parameters
    ----------
    folder : Path
        Searched recursively.
    wanted : mapping of str to Content
        What is looked for, by any key.
    taken : collection of Path
        Absolute paths that belong to other images already.
    held : collection of (device, inode)
        Files that are never opened; see `discover`.

    Returns
    -------
    Job
        Yields `Progress` over the files whose size fits, `Failed` with a path for each folder that was left out, a
        `Result` with a dict of key to Path, `Finished`. `Failed` without a key stands in place of the result.
    """
    left = "No image was changed; look again, or in another folder."
    return start_job("Looking for moved images", lambda job: _search(job, folder, wanted, taken, held), left)


def _search(
    job: Job,
    folder: Path,
    wanted: Mapping[str, Content],
    taken: Collection[Path],
    held: Collection[tuple[int, int]],
) -> None:
    if not folder.is_dir():
        job.post(Failed("", f"There is no folder {spelled(folder)}. Choose another."))
        return
    candidates = list(_candidates(job, folder, wanted, taken, held))
    open_ones: dict[tuple[int, str], list[str]] = defaultdict(list)
    for key, content in wanted.items():
        open_ones[content.size, content.sha256].append(key)
    found: dict[str, Path] = {}
    for done, (path, size) in enumerate(candidates, 1):
        if job.cancelled or len(found) == len(wanted):
            break
        keys = open_ones.get((size, sha256_of(path)))
        if keys:
            best = next((key for key in keys if wanted[key].name == path.name), keys[0])
            keys.remove(best)
            found[best] = path
        job.post(Progress(done, len(candidates), spelled(path.name)))
    if not job.cancelled:
        job.post(Result("moved", found))


def _candidates(
    job: Job,
    folder: Path,
    wanted: Mapping[str, Content],
    taken: Collection[Path],
    held: Collection[tuple[int, int]],
) -> Iterator[tuple[Path, int]]:
    """Files of a fitting size with that size, those of a known name first: a copy under another name comes second."""
    sizes, names = {content.size for content in wanted.values()}, {content.name for content in wanted.values()}
    second = []
    for path in files_below(folder, lambda where, sentence: job.post(Failed(spelled(where), sentence))):
        if job.cancelled:
            return
        try:
            found = path.stat()
        except OSError:
            continue
        size = found.st_size
        if size not in sizes or (found.st_dev, found.st_ino) in held or path.absolute() in taken or not path.is_file():
            continue
        if path.name in names:
            yield path.absolute(), size
        else:
            second.append((path.absolute(), size))
    yield from second
