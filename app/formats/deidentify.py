"""DICOM headers without the person: the Basic Application Level Confidentiality Profile (PS3.15 Annex E).

What is to become of an attribute is said by table E.1-1, which dicom-anonymizer keeps; here it is done in nested data
sets too, with UIDs, patients and dates that stay consistent over all that is written with one key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import re
import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.sr.codedict import codes

from app.formats.project_view import RefusedError

METHOD = "PS3.15 Basic Application Confidentiality Profile"
_TABLE = "dicomanonymizer.dicom_anonymization_databases.dicomfields_2026c"
_STANDARD_UIDS = "1.2.840.10008."
_DATES, _TIMES = ("DA", "DT"), ("TM",)
_FREE_TEXTS = ("AE", "LO", "LT", "SH", "ST", "UC", "UR", "UT")
_TEXTS = ("CS", "PN", *_FREE_TEXTS)
_OVERLAYS_AND_CURVES = (0x5000, 0x6000)
"""Groups that repeat (PS3.5 7.6): whoever draws into them may have written a name there."""
_PERSONAL = (
    *("PatientName", "PatientID", "OtherPatientNames", "OtherPatientIDs", "PatientBirthName", "AccessionNumber"),
    *("PatientMotherBirthName", "PatientAddress", "PatientTelephoneNumbers", "ReferringPhysicianName"),
    *("PerformingPhysicianName", "OperatorsName", "NameOfPhysiciansReadingStudy", "RequestingPhysician"),
    *("PatientBirthDate", "MilitaryRank", "ResponsiblePerson", "InstitutionName", "InstitutionAddress"),
)
"""Whatever other text repeats one of these values is emptied."""
_MORE = {(0x0010, tag): "X" for tag in (0x0033, 0x0034, 0x0035)}
"""What is not in the table: birth and death dates in other calendars."""
_SHORTEST = 3
"""Letters or digits of a word of a personal value that is looked for by itself; of "Wu^Li" both are looked for."""


class Dates(StrEnum):
    """What becomes of dates."""

    EMPTIED = "emptied"
    SHIFTED = "shifted"
    """By one number of days for all of a patient: what lies between two examinations stays."""


class _Do(StrEnum):
    """What becomes of an attribute (PS3.15 table E.1-1a); of choices the one that leaves a header whole."""

    DUMMY = "D"
    EMPTY = "Z"
    REMOVE = "X"


@cache
def _table() -> dict[tuple[int, int], _Do]:
    """By group and element; UIDs are not in it, since all are replaced."""
    found = import_module(_TABLE)
    actions = {"D_TAGS": _Do.DUMMY, "Z_TAGS": _Do.EMPTY, "X_TAGS": _Do.REMOVE, "Z_D_TAGS": _Do.EMPTY}
    actions |= {"X_Z_TAGS": _Do.EMPTY, "X_D_TAGS": _Do.REMOVE, "X_Z_D_TAGS": _Do.REMOVE}
    told = {tuple(tag): action for name, action in actions.items() for tag in getattr(found, name) if len(tag) == 2}
    return told | {tag: _Do(action) for tag, action in _MORE.items()}


@dataclass(frozen=True)
class Deidentifier:
    """Takes the person out of headers; with the same key the same UID, patient and shift come out.

    Parameters
    ----------
    key : bytes
        A secret: who has it and an original can tell that both are of one patient.
    dates : Dates
    """

    key: bytes
    dates: Dates = Dates.EMPTIED

    def pseudonym(self, kind: str, text: str) -> str:
        """Sixteen capitals and digits in place of a text, another one for each kind of text."""
        return base64.b32encode(self._digest(kind, text)[:10]).decode("ascii")

    def uid(self, uid: str) -> str:
        """A UID in place of one that belongs to somebody (a number, PS3.5 B.2); those of DICOM itself stay."""
        if not uid or uid.startswith(_STANDARD_UIDS):
            return uid
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:16], 'big')}"

    def header(self, source: Dataset) -> Dataset:
        """A copy of a header, or of a whole image, without the person.

        Raises
        ------
        RefusedError
            With a sentence: its own header says that names are burned into the pixels.
        """
        if str(source.get("BurnedInAnnotation", "")).strip().upper() == "YES":
            raise RefusedError("Its header says that text is burned into the picture. Black that out first.")
        who = self._patient(source)
        days = 1 + int.from_bytes(self._digest("days", who)[:4], "big") % 3650
        words = _Words(source)
        made = self._without_person(source, days, words)
        made.PatientName = made.PatientID = self.pseudonym("patient", who)
        for keyword in ("PatientBirthDate", "PatientSex"):
            setattr(made, keyword, "")
        self.mark(made)
        return made

    def mark(self, made: Dataset) -> None:
        """Say in a header that the person was taken out of it, and how (PS3.3 C.7.1.1, C.12.1)."""
        made.PatientIdentityRemoved = "YES"
        made.DeidentificationMethod = METHOD
        used = [codes.DCM.BasicApplicationConfidentialityProfile]
        if self.dates is Dates.SHIFTED:
            used.append(codes.DCM.RetainLongitudinalTemporalInformationModifiedDatesOption)
        made.DeidentificationMethodCodeSequence = [_coded(code) for code in used]
        made.LongitudinalTemporalInformationModified = "MODIFIED" if self.dates is Dates.SHIFTED else "REMOVED"

    def file(self, path: Path) -> bytes:
        """A DICOM file without the person: the header as of `header`, the pixels as they are.

        Raises
        ------
        RefusedError
            With a sentence: it is no DICOM image, or `header` refuses it.
        OSError
            If it cannot be read.
        """
        try:
            source = pydicom.dcmread(path, force=True)
            syntax = source.file_meta.get("TransferSyntaxUID") or pydicom.uid.ImplicitVRLittleEndian
            if not source.get("SOPInstanceUID") or not source.get("SOPClassUID"):
                raise RefusedError("It is no DICOM image, so it has no header to take the person out of.")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they spell patients' names
                made = self.header(source)
                made.file_meta = FileMetaDataset()
                made.file_meta.TransferSyntaxUID = syntax
                made.preamble = None
                held = io.BytesIO()
                pydicom.dcmwrite(held, made, enforce_file_format=True)
        except (OSError, RefusedError):
            raise
        except Exception as error:  # pydicom raises many kinds for headers that DICOM does not allow
            raise RefusedError(f"Its header holds what DICOM does not allow ({type(error).__name__}).") from None
        return held.getvalue()

    def _digest(self, kind: str, text: str) -> bytes:
        return hmac.new(self.key, f"{kind}:{text}".encode(), hashlib.sha256).digest()

    def _patient(self, source: Dataset) -> str:
        """What tells a patient from others: the ID and who gave it; without one the study."""
        given = str(source.get("PatientID", "")).strip()
        if given:
            return f"{source.get('IssuerOfPatientID', '')}|{given}"
        return f"|{source.get('PatientName', '')}|{source.get('StudyInstanceUID', '')}"

    def _without_person(self, source: Dataset, days: int, words: _Words) -> Dataset:
        made = Dataset()
        for element in source:
            kept = None if _is_dropped(element) else self._element(element, days, words)
            if kept is not None:
                made.add(kept)
        return made

    def _element(self, element: DataElement, days: int, words: _Words) -> DataElement | None:
        """What stays of an element, None where nothing does."""
        action, kind = _table().get((element.tag.group, element.tag.element)), element.VR
        if kind == "UI":
            return DataElement(element.tag, kind, _each(element.value, lambda uid: self.uid(str(uid))))
        if kind == "SQ":
            if action is not None:
                return DataElement(element.tag, kind, []) if action is _Do.EMPTY else None
            return DataElement(element.tag, kind, [self._without_person(one, days, words) for one in element.value])
        if action is not None and kind in (*_DATES, *_TIMES) and self.dates is Dates.SHIFTED:
            moved = _each(element.value, lambda when: _shifted(str(when), days) if kind in _DATES else str(when))
            return DataElement(element.tag, kind, moved)
        if action is _Do.REMOVE:
            return None
        if action is _Do.EMPTY:
            return DataElement(element.tag, kind, None)
        if action is _Do.DUMMY:
            return DataElement(element.tag, kind, _dummy(kind))
        if kind == "PN" or (kind in _FREE_TEXTS and words.stand_in(str(element.value))):
            return DataElement(element.tag, kind, "")
        return element


def _is_dropped(element: DataElement) -> bool:
    """Whether an element goes wherever it stands: private ones, overlays, curves, padding, what nobody can read."""
    group = element.tag.group
    of_others = element.tag.is_private or group & 0xFF00 in _OVERLAYS_AND_CURVES
    return bool(of_others or group == 0xFFFC or element.VR == "UN")


def _each(value: Any, change: Any) -> Any:
    if isinstance(value, MultiValue | list | tuple):
        return [change(one) for one in value]
    return change(value) if value not in (None, "") else value


def _shifted(when: str, days: int) -> str:
    """A DICOM date, or date and time, so many days earlier; empty where it is no date that can be moved."""
    found = re.match(r"(\d{4})(\d{2})(\d{2})", when)
    if found is None:
        return ""
    try:
        moved = date(*map(int, found.groups())) - timedelta(days=days)
    except (ValueError, OverflowError):
        return ""
    return f"{moved:%Y%m%d}{when[8:]}" if moved.year >= 1000 else ""


def _dummy(kind: str) -> Any:
    """A value that says nothing (PS3.15 E.1.1, action D)."""
    known = {"DA": "19000101", "DT": "19000101000000", "TM": "000000", "AS": "000Y", "UR": "urn:removed"}
    if kind in known:
        return known[kind]
    if kind in _TEXTS:
        return "REMOVED"
    return b"" if kind in ("OB", "OW", "UN") else 0


class _Words:
    """The words and numbers of what is personal in a header, and whole names whose words are short."""

    def __init__(self, source: Dataset) -> None:
        values = [str(source.get(keyword, "") or "") for keyword in _PERSONAL]
        self._long = {word for value in values for word in _words_of(value) if len(word) >= _SHORTEST}
        short = (tuple(_words_of(value)) for value in values)
        self._whole = {words for words in short if words and all(len(word) < _SHORTEST for word in words)}

    def stand_in(self, text: str) -> bool:
        """Whether a text has one of the words, or all the short ones of a name."""
        words = set(_words_of(text))
        return not self._long.isdisjoint(words) or any(words.issuperset(name) for name in self._whole)


def _words_of(text: str) -> list[str]:
    """The words and numbers of a text, in small letters."""
    return re.findall(r"[^\W_]+", text.casefold())


def _coded(code: Any) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return made
