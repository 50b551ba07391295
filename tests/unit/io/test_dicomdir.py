"""A DICOMDIR that is given: the images that it lists, written by pydicom's own file sets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread

from app.io.discover import discover
from tests.unit.pictures import dicom, ramp, write_dicom

SAMPLES = Path(__file__).resolve().parents[3] / "resources" / "samples"


WRITE = """
import sys
from pydicom import dcmread
from pydicom.fileset import FileSet
made = FileSet()
for number in (1, 2):
    data = dcmread(sys.argv[1])
    data.PatientID, data.PatientName, data.StudyID = "P1", "A^B", "1"
    data.StudyDate, data.StudyTime = "20240101", "101010"
    data.SeriesNumber, data.InstanceNumber = 1, number
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
    made.add(data)
made.write(sys.argv[2])
"""
"""In a process of its own: pydicom's file sets leave temporary folders to whoever warns of them later."""


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk of two radiographs, and a third one that its table of contents does not list."""
    folder = tmp_path / "disk"
    arguments = [sys.executable, "-W", "ignore", "-c", WRITE, str(SAMPLES / "rendered_1.dcm"), str(folder)]
    subprocess.run(arguments, check=True)
    write_dicom(folder / "stray.dcm", ramp(top=4095, dtype="u2"))
    return folder / "DICOMDIR"


def test_the_images_of_a_table_of_contents_are_found_and_no_others(disk: Path) -> None:
    found = discover([disk])
    assert len(found.images) == 2
    assert found.failed == ()
    assert {dcmread(path).SOPInstanceUID for _, path in found.images} == {"1.2.3.1", "1.2.3.2"}
    assert all("/" in name and not name.startswith("/") for name, _ in found.images)
    assert len(discover([disk.parent]).images) == 3, "of a folder all are found"


def test_a_disk_that_was_copied_in_small_letters_is_found(disk: Path) -> None:
    for path in sorted(disk.parent.rglob("*"), key=lambda path: -len(path.parts)):
        path.rename(path.with_name(path.name.lower()))
    assert len(discover([disk.with_name("dicomdir")]).images) == 2


def test_a_listed_file_that_is_not_there_is_told(disk: Path) -> None:
    (_, gone), _ = discover([disk]).images
    gone.unlink()
    found = discover([disk])
    assert len(found.images) == 1
    ((_, sentence),) = found.failed
    assert gone.name in sentence


def test_no_name_in_a_table_leads_out_of_its_folder(disk: Path) -> None:
    data = dcmread(disk)
    secret = write_dicom(disk.parent.parent / "SECRET", ramp(top=4095, dtype="u2"))
    images = [record for record in data.DirectoryRecordSequence if record.DirectoryRecordType == "IMAGE"]
    images[0].ReferencedFileID = ["UP", "SECRET"]
    data.save_as(disk)
    disk.write_bytes(disk.read_bytes().replace(b"UP\\SECRET", b"..\\SECRET"))
    assert secret.resolve() not in {path.resolve() for _, path in discover([disk]).images}


def test_what_is_no_table_of_contents_is_told(tmp_path: Path) -> None:
    path = tmp_path / "DICOMDIR"
    path.write_bytes(b"nothing")
    ((_, sentence),) = discover([path]).failed
    assert "is no table of contents of a DICOM disk" in sentence
    dicom(ramp(top=4095, dtype="u2")).save_as(path, enforce_file_format=True)
    assert len(discover([path]).failed) == 1
