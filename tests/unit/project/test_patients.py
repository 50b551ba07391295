"""Images of one patient can be told together, and nobody can tell whose they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.jobs import Result
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
