"""What is given away: planted names are found in no file of it, and everything still points at everything else."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from app.cli.main import run
from app.formats.deidentify import Dates, Deidentifier
from app.formats.from_session import view_of
from app.formats.given_away import ENDING, key_beside
from app.formats.project_view import RefusedError
from app.formats.registry import FORMATS
from app.formats.write import write
from app.project.session import Session

SAMPLES = Path(__file__).resolve().parents[3] / "resources" / "samples"
KEY = bytes(range(32))
PLANTED = ("Grzegorz", "Brzeczyszczykiewicz", "4711GX", "Lekolody", "Wisniewska", "19370312", "Geheimnotiz")


def personal(number: int = 1, day: str = "20240229") -> Dataset:
    """A radiograph with a patient's data in its usual and its unusual places."""
    data = pydicom.dcmread(SAMPLES / "rendered_1.dcm")
    data.PatientName, data.PatientID = "Brzeczyszczykiewicz^Grzegorz", "4711GX"
    data.PatientBirthDate, data.PatientSex, data.PatientAge = "19370312", "M", "086Y"
    data.OtherPatientNames = "Wisniewska^Grzegorz"
    data.ReferringPhysicianName = data.OperatorsName = "Lekolody^A"
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = data.ContentDate = day
    data.StudyTime = "101112.5"
    data.AcquisitionDateTime = f"{day}101112.5"
    data.StudyDescription = "Thorax of Mr Grzegorz"
    data.ImageComments = "call Wisniewska"
    data.ProtocolName = "Thorax"
    data.BodyPartExamined = "CHEST"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.8.498.77.{number}"
    request, inner = Dataset(), Dataset()
    inner.PersonName = "Lekolody^A"
    inner.CodeMeaning = "for GRZEGORZ only"
    inner.ReferencedSOPInstanceUID = data.SOPInstanceUID
    request.RequestedProcedureID = "4711GX"
    request.PurposeOfReferenceCodeSequence = Sequence([inner])
    data.DerivationCodeSequence = Sequence([request])
    data.add_new(0x00091001, "LO", "Brzeczyszczykiewicz")
    data.add_new(0x00090010, "LO", "GRZEGORZ PRIVATE")
    data.add_new(0x60003000, "OW", b"Grzegorz")
    data.add_new(0x60004000, "LT", "Grzegorz")
    return data


def text_of(data: Dataset) -> str:
    """All values of a data set, nested ones too, as one text; pixels left out."""
    return "\n".join(
        str(element.value) for element in data.iterall() if element.tag != 0x7FE00010 and element.VR != "SQ"
    )


def test_nothing_planted_is_left_in_a_header_and_what_is_no_name_stays() -> None:
    source = personal()
    made = Deidentifier(KEY).header(source)
    said = text_of(made).casefold()
    assert [word for word in PLANTED if word.casefold() in said] == []
    assert not any(element.tag.is_private for element in made.iterall())
    assert 0x60003000 not in made
    assert made.PatientName == made.PatientID != ""
    assert not any((made.StudyDate, made.StudyTime, made.PatientBirthDate, made.PatientSex))
    assert (made.BodyPartExamined, made.Rows, made.Modality) == ("CHEST", source.Rows, source.Modality)
    assert made.SOPClassUID == source.SOPClassUID
    assert made.PatientIdentityRemoved == "YES"
    assert [(code.CodeValue, code.CodingSchemeDesignator) for code in made.DeidentificationMethodCodeSequence] == [
        ("113100", "DCM")
    ]
    nested = made.DerivationCodeSequence[0].PurposeOfReferenceCodeSequence[0]
    assert nested.ReferencedSOPInstanceUID == made.SOPInstanceUID != source.SOPInstanceUID
    assert source.PatientID == "4711GX", "the original is as it was"


def test_uids_and_patients_are_the_same_with_one_key_and_others_with_another() -> None:
    one, again = (Deidentifier(KEY).header(personal(number)) for number in (1, 2))
    assert (one.PatientID, one.StudyInstanceUID) == (again.PatientID, again.StudyInstanceUID)
    assert one.SOPInstanceUID != again.SOPInstanceUID
    assert pydicom.uid.UID(one.SOPInstanceUID).is_valid
    other = Deidentifier(KEY[::-1]).header(personal(1))
    assert one.PatientID != other.PatientID
    assert one.StudyInstanceUID != other.StudyInstanceUID
    nobody = personal()
    nobody.PatientID = ""
    assert Deidentifier(KEY).header(nobody).PatientID not in ("", one.PatientID)


def test_shifted_dates_keep_what_lies_between_two_examinations() -> None:
    first, second = (Deidentifier(KEY, Dates.SHIFTED).header(personal(1, day)) for day in ("20240229", "20240310"))
    days = [np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in (first.StudyDate, second.StudyDate)]
    assert days[1] - days[0] == np.timedelta64(10, "D")
    assert days[0] < np.datetime64("2024-02-29")
    assert first.AcquisitionDateTime == f"{first.StudyDate}101112.5"
    assert first.StudyTime == "101112.5"
    assert first.PatientBirthDate == "", "an age of 86 is told by no date"
    assert first.LongitudinalTemporalInformationModified == "MODIFIED"
    assert [code.CodeValue for code in first.DeidentificationMethodCodeSequence] == ["113100", "113107"]
    for wrong in ("20240230", "00010101"):
        assert Deidentifier(KEY, Dates.SHIFTED).header(personal(1, wrong)).StudyDate == ""


def test_an_image_with_burned_in_text_is_refused() -> None:
    data = personal()
    data.BurnedInAnnotation = "YES"
    with pytest.raises(RefusedError, match="burned into"):
        Deidentifier(KEY).header(data)


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """The folder of a project of two films of one patient, with names wherever a reader may leave them."""
    films = tmp_path / "Brzeczyszczykiewicz"
    films.mkdir()
    for number, day in ((1, "20240229"), (2, "20240310")):
        personal(number, day).save_as(films / f"Grzegorz_{number}.dcm")
    with Session.create(tmp_path / "Wisniewska.dsr", reader="Lekolody") as session:
        session.add_images([films])
        session.predict()
        session.define_landmark("Hilum", "right_lung", (0.2, 0.1))
        for name in session.images:
            session.move_placement(name, "Hilum", (410.5, 300.25))
            session.set_review(name, "second_opinion", note="Geheimnotiz: ask Wisniewska")
    return tmp_path


def test_no_file_of_an_export_holds_a_planted_name(given: Path) -> None:
    out = given / "out"
    formats = [name for name in FORMATS if name != "parquet"]  # its columns are packed: looked into below
    with Session.open(given / "Wisniewska.dsr", read_only=True) as session:
        view = view_of(session, deidentify="shifted")
        report = write(view, out, [*formats, "parquet"])
    assert report.failed == []
    assert report.not_written == []
    assert any("burned into" in note for note in report.notes)
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) > 2 * 10
    for path in files:
        spelled = str(path.relative_to(out)).casefold().encode() + path.read_bytes().lower()
        found = [word for word in PLANTED if word.casefold().encode() in spelled]
        assert found == [], path
    for path in out.rglob("*.parquet"):
        read = pytest.importorskip("pyarrow.parquet").read_table(path).to_pydict()
        assert [word for word in PLANTED if word.casefold() in str(read).casefold()] == []


def test_segmentation_report_and_presentation_point_at_the_image_that_is_given_away(given: Path) -> None:
    out = given / "out"
    formats = ["dicom-image", "dicom-seg", "dicom-sr", "dicom-gsps"]
    code = run(
        ["export", "--project", str(given / "Wisniewska.dsr"), "--out", str(out), "--deidentify", "emptied"]
        + [word for name in formats for word in ("--format", name)]
    )
    assert code == 0
    known = json.loads((given / f"Wisniewska.dsr{ENDING}").read_text("utf-8"))
    assert {Path(name).name for name in known["images"].values()} == {"Grzegorz_1.dcm", "Grzegorz_2.dcm"}
    for pseudonym, original in known["images"].items():
        image = pydicom.dcmread(out / "dicom-image" / f"{pseudonym}.dcm")
        source = pydicom.dcmread(given / "Brzeczyszczykiewicz" / Path(original).name)
        np.testing.assert_array_equal(image.pixel_array, source.pixel_array)
        assert image.SOPInstanceUID == Deidentifier(key_beside(given / "Wisniewska.dsr")).uid(source.SOPInstanceUID)
        for name in formats[1:]:
            made = pydicom.dcmread(out / name / f"{pseudonym}.dcm")
            assert (made.PatientID, made.StudyInstanceUID) == (image.PatientID, image.StudyInstanceUID)
            pointed = {str(e.value) for e in made.iterall() if e.keyword == "ReferencedSOPInstanceUID"}
            assert image.SOPInstanceUID in pointed
            assert source.SOPInstanceUID not in pointed
    assert oct((given / f"Wisniewska.dsr{ENDING}").stat().st_mode)[-3:] == "600"


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not there")
@pytest.mark.parametrize("dates", list(Dates))
def test_dciodvfy_finds_no_new_error(dates: Dates, tmp_path: Path) -> None:
    source, made = tmp_path / "source.dcm", tmp_path / "made.dcm"
    personal().save_as(source)
    made.write_bytes(Deidentifier(KEY, dates).file(source))

    def errors(path: Path) -> set[str]:
        done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, check=False)
        lines = (done.stdout + done.stderr).decode("latin-1").splitlines()
        return {line for line in lines if line.startswith("Error")}

    assert errors(made) - errors(source) == set()


def test_pseudonyms_stay_the_same_and_a_damaged_key_is_told(given: Path) -> None:
    project = given / "Wisniewska.dsr"
    with Session.open(project, read_only=True) as session:
        assert view_of(session, deidentify="emptied").images == view_of(session, deidentify="shifted").images
        (given / f"Wisniewska.dsr{ENDING}").write_text("{}")
        with pytest.raises(ValueError, match="is damaged"):
            view_of(session, deidentify="emptied")


def test_what_is_no_dicom_image_has_no_header_to_clean(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("nothing")
    with pytest.raises(RefusedError, match="no DICOM image"):
        Deidentifier(KEY).file(tmp_path / "a.txt")
    with pytest.raises(FileNotFoundError):
        Deidentifier(KEY).file(tmp_path / "not_there.dcm")


def test_short_names_and_dates_of_other_calendars_go_too() -> None:
    data = personal()
    data.PatientName = "Wu^Li"
    data.add_new(0x00100033, "LO", "S120312")
    data.add_new(0x00100035, "CS", "JAPANESE")
    data.AcquisitionProtocolName = "chest of Li Wu"
    data.StationName = "Li"
    data.SeriesDescription = "Thorax li"
    made = Deidentifier(KEY).header(data)
    assert "S120312" not in text_of(made)
    assert made.AcquisitionProtocolName == ""
    assert made.get("SeriesDescription", "") in ("", "Thorax li"), "one short word alone is no name"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A project of two PNG files called after a patient; one of them is damaged since it was predicted."""
    films = tmp_path / "films"
    films.mkdir()
    for number, name in ((1, "rendered_3.png"), (2, "rendered_4.png")):
        shutil.copy(SAMPLES / name, films / f"Grzegorz_{number}.png")
    with Session.create(tmp_path / "plain.dsr") as session:
        session.add_images([films])
        session.predict()
    (films / "Grzegorz_2.png").write_bytes(b"torn")
    return tmp_path / "plain.dsr"


def test_what_goes_wrong_names_nobody_and_captures_have_uids_of_their_own(pictures: Path, tmp_path: Path) -> None:
    uids = {}
    for deidentify in ("", "emptied"):
        out = tmp_path / f"out_{deidentify}"
        with Session.open(pictures, read_only=True) as session:
            view = view_of(session, captures=True, deidentify=deidentify)
            report = write(view, out, ["nnunet", "dicom-sc", "dicom-seg"])
        assert len(report.failed) == 1
        (file,) = (out / "dicom-source").glob("*.dcm")
        capture = pydicom.dcmread(file)
        (segmentation,) = (pydicom.dcmread(path) for path in (out / "dicom-seg").glob("*.dcm"))
        uids[deidentify] = {capture.SOPInstanceUID, capture.StudyInstanceUID}
        assert segmentation.StudyInstanceUID == capture.StudyInstanceUID
        assert capture.get("PatientIdentityRemoved", "") == ("YES" if deidentify else "")
        assert segmentation.get("PatientIdentityRemoved", "") == ("YES" if deidentify else "")
    assert uids[""].isdisjoint(uids["emptied"])
    assert "Grzegorz" not in (out / "report.json").read_text("utf-8")


def test_what_is_given_away_is_not_laid_beside_what_has_names(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Session.open(pictures, read_only=True) as session:
        write(view_of(session), out, ["csv"])
        before = (out / "landmarks.csv").read_bytes()
        with pytest.raises(ValueError, match="holds results of another export"):
            write(view_of(session, deidentify="emptied"), out, ["csv"])
        assert (out / "landmarks.csv").read_bytes() == before
        for _ in range(2):
            assert write(view_of(session, deidentify="emptied"), tmp_path / "away", ["csv"]).images
    other = tmp_path / "other.dsr"
    with Session.create(other) as session:
        session.add_images([SAMPLES / "rendered_3.png"])
        session.predict()
        with pytest.raises(ValueError, match="holds results of another export"):
            write(view_of(session, deidentify="emptied"), tmp_path / "away", ["csv"])


@pytest.mark.parametrize("text", ['{"key": ""}', '{"key": "00ff"}', '{"images": {}}', "[]", '{"key": 7}'])
def test_a_key_that_is_none_is_not_used(text: str, tmp_path: Path) -> None:
    project = tmp_path / "a.dsr"
    (tmp_path / f"a.dsr{ENDING}").write_text(text)
    with pytest.raises(ValueError, match="is damaged"):
        key_beside(project)
