"""The formats of an import: which program's files are read, and how a file is known by its content."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.core.annotation import ImageAnnotations
from app.formats.coco import fits_coco, read_coco
from app.formats.csv_table import fits_csv, read_csv
from app.formats.cvat_reading import fits_cvat, read_cvat
from app.formats.label_map import fits_label_map, read_label_map
from app.formats.labelme import fits_labelme, read_labelme
from app.formats.masks import fits_mask, read_mask
from app.formats.morphometrics import fits_tps, fits_wide, read_tps, read_wide
from app.formats.reading import HEAD, Known, Reader
from app.formats.seg_nrrd import fits_seg_nrrd, read_seg_nrrd
from app.formats.slicer import fits_fcsv, fits_markups, read_fcsv, read_markups
from app.formats.yolo import fits_yolo, read_yolo
from app.io.discover import files_below
from app.io.errors import ReadError
from app.io.files import open_regular, spelled
from app.io.names import stem, suffix


def _fits_seg(file: Path, head: bytes) -> bool:
    if head[128:132] != b"DICM":
        return False
    from app.formats.dicom_reading import fits_seg  # pydicom is imported where DICOM is read

    return fits_seg(file, head)


def _fits_sr(file: Path, head: bytes) -> bool:
    if head[128:132] != b"DICM":
        return False
    from app.formats.dicom_reading import fits_sr

    return fits_sr(file, head)


def _read_seg(file: Path, known: Known) -> list[ImageAnnotations]:
    from app.formats.dicom_reading import read_seg

    return read_seg(file, known)


def _read_sr(file: Path, known: Known) -> list[ImageAnnotations]:
    from app.formats.dicom_reading import read_sr

    return read_sr(file, known)


READERS: dict[str, Reader] = {
    "csv": Reader("Table of placements", fits_csv, read_csv),
    "csv-wide": Reader("Wide table, DeepLabCut", fits_wide, read_wide),
    "mrk-json": Reader("3D Slicer, landmarks", fits_markups, read_markups),
    "fcsv": Reader("3D Slicer, landmarks (older)", fits_fcsv, read_fcsv),
    "labelme": Reader("LabelMe", fits_labelme, read_labelme),
    "coco": Reader("COCO", fits_coco, read_coco),
    "cvat": Reader("CVAT for images", fits_cvat, read_cvat),
    "yolo": Reader("YOLO outlines", fits_yolo, read_yolo),
    "tps": Reader("TPS", fits_tps, read_tps),
    "dicom-seg": Reader("DICOM segmentation", _fits_seg, _read_seg),
    "dicom-sr": Reader("DICOM report", _fits_sr, _read_sr),
    "seg-nrrd": Reader("3D Slicer, masks", fits_seg_nrrd, read_seg_nrrd),
    "nnunet": Reader("Label maps (nnU-Net, NIfTI, NRRD)", fits_label_map, read_label_map),
    "masks": Reader("Mask pictures", fits_mask, read_mask),
}
"""Name of a format → its reader, in the order in which files are tried."""
SAME = {"nifti": "nnunet", "nrrd": "nnunet", "deeplabcut": "csv-wide"}
"""Formats that are written under several names and read by one."""


def reader_named(name: str) -> Reader:
    """The reader of a format; raises ValueError with a sentence for an unknown one."""
    try:
        return READERS[SAME.get(name, name)]
    except KeyError:
        raise ValueError(f"There is no format “{name}” to import. There are: {', '.join((*READERS, *SAME))}.") from None


@dataclass
class Found:
    """What files held.

    Attributes
    ----------
    annotations : list of ImageAnnotations
    formats : Counter of str
        How many files of each format were read.
    failed : list of (file, sentence)
    ignored : int
        Files that hold no annotations.
    cancelled : bool
    """

    annotations: list[ImageAnnotations] = field(default_factory=list)
    formats: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, str]] = field(default_factory=list)
    ignored: int = 0
    cancelled: bool = False

    @property
    def words(self) -> str:
        """What was read, in words: “COCO (1 file)”."""
        counted = self.formats.items()
        return ", ".join(f"{READERS[name].title} ({n} file{'' if n == 1 else 's'})" for name, n in counted)


def read_paths(
    paths: Sequence[Path],
    known: Known,
    format: str = "",
    told: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Found:
    """Read the annotations of files and of all files in folders.

    Parameters
    ----------
    paths : sequence of Path
    known : Known
        What the project knows by name.
    format : str
        Name of the one format to look for; else each file is known by its content.
    told : callable
        Called with the number of files that are through, and of all.
    cancelled : callable
        Asked before each file.

    Raises
    ------
    ValueError
        For an unknown format.
    """
    only = {SAME.get(format, format): reader_named(format)} if format else READERS
    found = Found()
    files = list(_files(paths, found))
    for done, (file, named) in enumerate(files):
        if cancelled():
            found.cancelled = True
            break
        told(done, len(files))
        try:
            _read(file, named, only, known, found)
        except (Exception, MemoryError) as error:  # whatever one damaged file raises, the others are read
            found.failed.append((str(file), _sentence(file, error)))
    told(len(files), len(files))
    return found


def _sentence(file: Path, error: BaseException) -> str:
    """What a reader is told of a file that was not read; it names the file."""
    name, words = spelled(file.name), str(error)
    if isinstance(error, OSError):
        return f"“{name}” cannot be read ({error.strerror or error})."
    if isinstance(error, MemoryError):
        return f"“{name}” needs more memory than there is. It may be damaged; export or copy it again."
    if isinstance(error, csv.Error):
        return f"“{name}” is no table, or damaged ({words})."
    if isinstance(error, ValueError | ReadError) and words.endswith("."):  # a sentence of ours
        return words if stem(name) in words else f"“{name}”: {words}"
    return f"“{name}” is damaged ({type(error).__name__}). Export or copy it again."


def _files(paths: Sequence[Path], found: Found) -> Iterator[tuple[Path, bool]]:
    """All files, and whether each was named itself."""
    for path in paths:
        if path.is_dir():
            told = lambda where, sentence: found.failed.append((str(where), sentence))  # noqa: E731
            yield from ((file, False) for file in files_below(path, told))
        else:
            yield path, True


def _read(file: Path, named: bool, readers: dict[str, Reader], known: Known, found: Found) -> None:
    with open_regular(file) as stream:
        head = stream.read(HEAD)
    name = next((name for name, reader in readers.items() if reader.fits(file, head)), None)
    if name is None and "masks" in readers and _may_be_mask(file, known):
        name = "masks"
    if name is None and named and len(readers) == 1:
        name = next(iter(readers))  # it was called so: what is wrong with it is told
    if name is None:
        if named:
            kinds = ", ".join(reader.title for reader in readers.values())
            raise ValueError(f"“{spelled(file.name)}” holds no annotations that are known. It may hold: {kinds}.")
        found.ignored += 1
        return
    found.annotations += readers[name].read(file.absolute(), known)  # its folders tell whose it is
    found.formats[name] += 1


def _may_be_mask(file: Path, known: Known) -> bool:
    """Whether a picture, or its folder, is called like a structure."""
    return bool(suffix(file.name)) and not {stem(file.name), file.parent.name}.isdisjoint(known.structures)
