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
        *("123", (1234, 98765), 2.5, Acquisition("DX", view="AP"), ("1.2", "1.2.3", "1.2.3.4")),
    )
    row = facts_row("/films/a.dcm", told, "project")
    assert (row.path, row.status, row.message) == ("/films/a.dcm", "", "")
    kept = facts_of(row, (384, 224), Orientation(1, mirrored=True))
    assert kept == replace(told, patient=row.patient, acquisition=UNKNOWN)
    assert kept.uids == ("1.2", "1.2.3", "1.2.3.4")
    assert row.patient not in ("", "123")
    assert facts_row("/films/a.dcm", replace(told, patient="", spacing=None), "project").patient == ""
