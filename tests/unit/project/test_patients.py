"""Images of one patient can be told together, and nobody can tell whose they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.core.acquisition import UNKNOWN, Acquisition
from app.core.frame import Provenance, Spacing
from app.core.orientation import Orientation
from app.engine.client import ImageFacts
from app.jobs import Result
from app.project.engine_results import facts_of, facts_row
from app.project.patients import PatientImage, When
from app.project.session import Session
from tests.unit.store.fakes import chest, fake_predicted, make


def test_images_of_one_patient_share_a_key_within_the_project(tmp_path: Path):
    bundle, keys = chest(), []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with make(tmp_path / name / "p.dsr", bundle, predicted=False) as session:
            for i, image in enumerate(session.images):
                told = fake_predicted(session, image, i)
                told = replace(told, facts=replace(told.facts, patient="abc" if i < 2 else ""))
                session._asked[image] = session.image(image).path
                session.take_in(Result(image, told))
        with Session.open(tmp_path / name / "p.dsr", read_only=True, model=bundle) as session:
            keys.append([session.image(image).facts.patient for image in session.images])
    assert keys[0][0] == keys[0][1] != ""
    assert keys[0][2] == ""
    assert keys[0][0] != keys[1][0]


def test_facts_of_a_file_are_kept_whole_but_for_who_the_patient_is_and_how_it_was_taken():
    spacing = Spacing(0.5, 0.2, Provenance.CALIBRATED)
    told = ImageFacts(
        *(300, 200, spacing, "First of 2 frames.", "ab" * 32, 384, 224, Orientation(1, mirrored=True)),
        *("123", (1234, 98765), 2.5, Acquisition("DX", view="AP"), ("1.2", "1.2.3", "1.2.3.4"), "2021-03-09"),
    )
    row = facts_row("/films/a.dcm", told, "project")
    assert (row.path, row.status, row.message) == ("/films/a.dcm", "", "")
    kept = facts_of(row, (384, 224), Orientation(1, mirrored=True))
    assert kept == replace(told, patient=row.patient, acquisition=UNKNOWN)
    assert kept.uids == ("1.2", "1.2.3", "1.2.3.4")
    assert kept.study_date == row.study_date == "2021-03-09"
    assert row.patient not in ("", "123")
    assert facts_row("/films/a.dcm", replace(told, patient="", spacing=None), "project").patient == ""


def given(session: Session, told: dict[str, tuple[str, str, str]]) -> None:
    """Let images be predicted anew with a patient, a study date and a study UID in their files."""
    for i, (image, (patient, day, study)) in enumerate(told.items()):
        predicted = fake_predicted(session, image, i)
        facts = replace(predicted.facts, patient=patient, study_date=day, uids=(study, "", ""))
        session._asked[image] = session.image(image).path
        session.take_in(Result(image, replace(predicted, facts=facts)))


def test_earlier_studies_of_one_patient_are_found_by_key_and_date(tmp_path: Path):
    """Also of an accepted image, after a rename, a removal and its undo, and when the project is opened again."""
    bundle = chest()
    with make(tmp_path / "p.dsr", bundle, predicted=False, count=6) as session:
        a, b, c, d, e, f = session.images
        assert session.patient_images(a) == ()
        days = {a: ("x", "2024-05-01", "1"), b: ("x", "2021-12-31", "2"), c: ("y", "2020-01-01", "3")}
        given(session, days | {d: ("x", "", "4"), e: ("x", "2024-05-01", "1"), f: ("", "2019-01-01", "5")})
        earlier, unknown = PatientImage(b, "2021-12-31", When.EARLIER), PatientImage(d, "", When.UNKNOWN)
        wanted = (PatientImage(e, "2024-05-01", When.SAME), earlier, unknown)
        assert session.patient_images(a) == wanted
        assert session.patient_images(b)[0] == PatientImage(a, "2024-05-01", When.LATER)
        assert session.patient_images(c) == session.patient_images(f) == ()
        session.remove_images(e)
        assert session.patient_images(a) == wanted[1:]
        session.undo()
        session.rename_image(b, "older.png")
        assert session.patient_images(a)[1] == replace(earlier, image="older.png")
        session.undo()
        session.set_review(b, "accepted", shown={b: session.prediction_id(b)})
        given(session, {e: ("y", "2024-05-01", "9")})  # the file was written again: it is another patient's
        assert session.patient_images(a) == wanted[1:]
        assert [one.image for one in session.patient_images(c)] == [e]
    for read_only in (True, False):
        with Session.open(tmp_path / "p.dsr", read_only=read_only, model=bundle) as session:
            assert session.patient_images(a) == wanted[1:]
