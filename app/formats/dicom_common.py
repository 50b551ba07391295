"""What all DICOM objects that are written here share: the image that they speak of, coded anatomy, who made them."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pydicom
from highdicom import AlgorithmIdentificationSequence
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from app.core.frame import Points
from app.core.template import Structure
from app.formats.csv_table import Row
from app.formats.project_view import ImageView, ProjectView, RefusedError

MANUFACTURER = "DenseSeg Review"
NOTICE = "Research use only; not a medical device."
PRIVATE = "99DENSESEG"
"""Scheme of codes for what no public scheme known here has a code for: other anatomies, landmarks, measurements.
Names of private schemes begin with 99 (PS3.16 section 8)."""
UTF_8 = "ISO_IR 192"
"""How DICOM calls UTF-8 (PS3.3 C.12.1.1.2)."""
_SIDES = {"right": codes.SCT.Right, "left": codes.SCT.Left}
_BONES = {"radius": codes.SCT.RadiusBone, "ulna": codes.SCT.Ulna, "scaphoid": codes.SCT.Scaphoid}
_ANATOMY = {"lung": codes.SCT.Lung, "heart": codes.SCT.Heart, "clavicle": codes.SCT.Clavicle} | _BONES
_EMPTY_IF_UNKNOWN = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName"),
)
"""Type 2 (PS3.3 C.7.1.1, C.7.2.1): these stand in every object, without a value where nobody knows it."""


NO_DICOM = (
    "It is no DICOM image. DICOM objects point at one: have a Secondary Capture of it written first (--capture, or the "
    "tick in the dialog), or convert it to DICOM."
)
_WITH_FRAMES = (pydicom.uid.XRayRadiofluoroscopicImageStorage, pydicom.uid.XRayAngiographicImageStorage)


class Anatomy(NamedTuple):
    """A structure in codes.

    Attributes
    ----------
    code : Code
    side : Code or None
        Laterality, where the structure is one of a pair.
    """

    code: Code
    side: Code | None


def anatomy_of(structure: Structure) -> Anatomy:
    """The codes of a structure; its names in the templates are like ``right_lung``."""
    side, _, rest = structure.name.partition("_")
    if side in _SIDES and rest in _ANATOMY:
        return Anatomy(_ANATOMY[rest], _SIDES[side])
    return Anatomy(_ANATOMY.get(structure.name) or private(structure.name, structure.title), None)


def private(value: str, meaning: str) -> Code:
    """A code of this program's own: at most 16 letters for the value and 64 for the meaning (PS3.5 6.2, SH and LO).

    A longer value, or one with other signs than capitals, digits and ``_``, becomes its beginning and a digest, so that
    no two of them are the same code.
    """
    plain = value.upper()
    if not re.fullmatch(r"[A-Z0-9_]{1,16}", plain):
        beginning = re.sub(r"[^A-Z0-9_]", "_", plain)[:8]
        plain = f"{beginning}{hashlib.sha256(value.encode()).hexdigest()[:8].upper()}"
    return Code(plain, PRIVATE, text(meaning, 64))


def text(words: str, longest: int) -> str:
    """Words of a reader as a DICOM text: a backslash would part them into two values (PS3.5 6.2)."""
    return "".join(" " if letter == "\\" or not letter.isprintable() else letter for letter in words)[:longest]


def source_of(image: ImageView) -> Dataset:
    """The header of the DICOM image that is spoken of, without its pixels; what must stand in every object is there.

    Raises
    ------
    RefusedError
        With a sentence: it is no DICOM image, it has several frames, or it does not say which image it is.
    OSError
        If the file cannot be read.
    """
    data = _header(checked_path(image))
    if not data.get("SOPInstanceUID") or not data.get("SOPClassUID"):
        raise RefusedError(NO_DICOM)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        if not data.get(keyword):
            raise RefusedError(f"Its header has no {keyword}, by which DICOM objects find it.")
    if int(data.get("NumberOfFrames") or 1) > 1 or data.SOPClassUID in _WITH_FRAMES:
        raise RefusedError("It is of a kind that has several frames, and only the first one was looked at.")
    if image.person is not None:
        data = image.person.header(data)
    data.decode()  # what is written is in UTF-8: names of readers and landmarks may be in any alphabet
    data.SpecificCharacterSet = UTF_8
    if not re.fullmatch(r"\d{3}[DWMY]", str(data.get("PatientAge") or "000Y")):
        del data.PatientAge  # it would make what points at the image invalid as well
    for keyword in _EMPTY_IF_UNKNOWN:
        if keyword not in data or (keyword == "PatientSex" and data.PatientSex not in ("M", "F", "O")):
            setattr(data, keyword, None if keyword in ("StudyDate", "StudyTime") else "")
    return data


def checked_path(image: ImageView) -> Path:
    """The image's file; raises RefusedError with a sentence where it is gone, or a reader rejected the image."""
    if image.path is None:
        raise RefusedError("Its file is not there, or is another one by now. DICOM objects point at the image itself.")
    if image.review == "rejected":
        raise RefusedError("A reader rejected it: nothing of it is written for clinical viewers.")
    return image.path


def is_dicom(image: ImageView) -> bool:
    """Whether an image is a DICOM file that others can point at; raises OSError and RefusedError as `source_of`."""
    data = _header(checked_path(image))
    return bool(data.get("SOPInstanceUID") and data.get("SOPClassUID"))


def file_itself(image: ImageView) -> bytes:
    """The DICOM file of an image as it is, or without the person where that is wanted.

    Raises
    ------
    RefusedError
        With a sentence: it is no DICOM image, or a reader rejected it, or its header cannot be cleaned.
    OSError
        If the file cannot be read.
    """
    source_of(image)
    assert image.path is not None
    return image.person.file(image.path) if image.person is not None else image.path.read_bytes()


def _header(path: Path) -> Dataset:
    try:
        return pydicom.dcmread(path, stop_before_pixels=True, force=True)
    except OSError:
        raise
    except Exception:  # pydicom raises many kinds for what is no DICOM
        return Dataset()


def clinical_rows(image: ImageView, project: ProjectView) -> Iterator[tuple[str, Row, Points]]:
    """The landmarks that a clinician is told: their names, rows and places [2] from the corner of the first pixel.

    Those that have a place in the picture and count, and that were there when the image was accepted. Points of the
    model's contours say nothing to a clinician, unless the reader has them shown.
    """
    hidden = {mark.name for mark in project.landmarks if mark.hidden}
    for row in image.rows:
        models_own = row.models_own and (row.deleted or row.landmark in hidden)
        told = row.counts and not (models_own or row.outside or row.new)
        if told and row.xy is not None and row.frame is not None:
            yield row.keypoint or row.landmark, row, row.frame.to_corner(row.xy)


def uid_of(owner: str, what: str) -> str:
    """A UID for something in an image (its SOPInstanceUID) or a bundle: the same in every object that tells of it."""
    return str(pydicom.uid.generate_uid(entropy_srcs=[MANUFACTURER, str(owner), what]))


def new_instance(number: int) -> dict[str, Any]:
    """A series of its own for one object, in the study of its image; `number` is what viewers sort series by."""
    return {
        "series_instance_uid": pydicom.uid.generate_uid(),
        "series_number": number,
        "sop_instance_uid": pydicom.uid.generate_uid(),
        "instance_number": 1,
    }


def maker(project: ProjectView) -> dict[str, Any]:
    """The equipment (PS3.3 C.7.5.2): this program with its model, whose hash stands for the serial number."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": f"{MANUFACTURER}, {project.model}"[:64],
        "software_versions": project.bundle_sha256[:16],
        "device_serial_number": project.bundle_sha256[:16],
    }


def person(name: str) -> str:
    """A reader's name, which is one text here, as a DICOM person name (PS3.5 6.2.1): all of it is the family name."""
    return f"{text(name.translate(str.maketrans('^=', '  ')), 63)}^" if name else ""


def file_of(make: Callable[[ImageView, ProjectView], Dataset], image: ImageView, project: ProjectView) -> bytes:
    """A DICOM object of an image as a file (PS3.10 section 7).

    Raises
    ------
    RefusedError
        With a sentence: the object cannot be made, or the image's header holds what DICOM does not allow.
    OSError
        If the image's file cannot be read.
    """
    held = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they spell patients' names
            written = make(image, project)
            if image.person is not None:
                image.person.mark(written)
            written.SpecificCharacterSet = UTF_8
            pydicom.dcmwrite(held, written, enforce_file_format=True)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        words = "Its header, or a name, holds a value that DICOM does not allow"
        raise RefusedError(
            f"{words} ({type(error).__name__}). Repair the file's header, or choose other names."
        ) from error
    return held.getvalue()


def algorithm_of(project: ProjectView) -> AlgorithmIdentificationSequence:
    """Which network predicted (PS3.3 10.16): the bundle by its name and its hash."""
    return AlgorithmIdentificationSequence(
        name=f"DenseSeg, {project.model}",
        family=codes.DCM.ArtificialIntelligence,
        version=project.bundle_sha256[:16],
    )
