"""A file of an accepted image that was only written again is no other file; one with another content is told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.formats.from_session import view_of
from app.io.bundle import Bundle
from app.jobs import Finished, Progress, Result
from app.project.changes import Change, ImagesChanged
from app.project.session import Session
from tests.unit.store.fakes import fake_predicted, make

NAME = "im1.png"


@pytest.fixture
def accepted(tmp_path: Path, bundle: Bundle) -> Iterator[Session]:
    """im1.png and im2.png are accepted, predicted from the files that lie there."""
    with make(tmp_path / "p.dsr", bundle, predicted=False) as session:
        for seed, name in enumerate(session.images):
            predict(session, name, seed)
        session.set_review([NAME, "im2.png"], "accepted")
        yield session


def predict(session: Session, name: str, seed: int) -> None:
    session.start_predict([name]).cancel()
    found = fake_predicted(session, name, seed)
    digest = hashlib.sha256(session.image(name).path.read_bytes()).hexdigest()
    session.take_in(Result(name, replace(found, facts=replace(found.facts, sha256=digest))))


def set_time(path: Path, seconds: int) -> None:
    os.utime(path, ns=(seconds * 10**9, seconds * 10**9))


def touch(path: Path) -> None:
    set_time(path, 1_000)


def write_identical(path: Path) -> None:
    path.write_bytes(path.read_bytes())
    set_time(path, 2_000)


def replace_by_identical(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    set_time(other, 3_000)
    other.replace(path)


def write_different(path: Path) -> None:
    """As many bytes, of which the last is another one."""
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    set_time(path, 4_000)


def replace_by_different(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    write_different(other)
    other.replace(path)


def changed(session: Session) -> dict[str, bool]:
    return {name: session.image(name).changed_since_accepted for name in session.images}


NONE = {"im0.png": False, NAME: False, "im2.png": False}
same_content = pytest.mark.parametrize("rewrite", [touch, write_identical, replace_by_identical])
other_content = pytest.mark.parametrize("rewrite", [write_different, replace_by_different])


@same_content
def test_the_same_content_is_not_told_and_its_stamp_is_remembered(accepted: Session, bundle: Bundle, rewrite):
    before = accepted.prediction_id(NAME), accepted.preview(NAME).tobytes()
    rewrite(accepted.image(NAME).path)
    assert accepted.check_files() == (NAME,)
    assert changed(accepted) == NONE
    assert accepted.written_again() == (NAME,)
    accepted.compare()
    assert accepted.written_again() == ()
    assert changed(accepted) == NONE
    assert accepted.image(NAME).remark == ""
    assert (accepted.prediction_id(NAME), accepted.preview(NAME).tobytes()) == before
    accepted.close()
    with Session.open(accepted.path, model=bundle) as again:
        assert again.written_again() == ()
        assert changed(again) == NONE
        again.set_review(NAME, "in_progress")
        assert again.status(NAME) == "predicted"  # and need not be predicted again


@other_content
def test_another_content_is_told_once_it_was_read_and_also_after_reopening(accepted: Session, bundle: Bundle, rewrite):
    rewrite(accepted.image(NAME).path)
    accepted.check_files()
    assert changed(accepted) == NONE
    told: list[Change] = []
    accepted.changed.connect(told.append)
    accepted.compare()
    assert told == [ImagesChanged((NAME,))]
    assert changed(accepted) == NONE | {NAME: True}
    assert "The file has changed since this image was accepted" in accepted.image(NAME).remark
    assert [view_of(accepted).read(name).changed for name in accepted.images] == [False, True, False]
    assert accepted.written_again() == ()  # read once for this stamp
    accepted.close()
    with Session.open(accepted.path, model=bundle) as again:
        assert again.written_again() == (NAME,)
        again.compare()
        assert changed(again) == NONE | {NAME: True}


def test_a_file_of_another_size_is_told_without_being_read(accepted: Session):
    path = accepted.image(NAME).path
    path.write_bytes(path.read_bytes() + b"x")
    accepted.check_files()
    assert changed(accepted) == NONE | {NAME: True}
    assert accepted.written_again() == ()


def test_the_accepted_file_that_was_put_back_is_known_again(accepted: Session):
    path = accepted.image(NAME).path
    data = path.read_bytes()
    write_different(path)
    accepted.check_files()
    accepted.compare()
    assert changed(accepted)[NAME]
    path.write_bytes(data)
    set_time(path, 5_000)
    accepted.check_files()
    accepted.compare()
    assert changed(accepted) == NONE
    assert accepted.image(NAME).remark == ""


def test_what_is_said_of_a_file_that_was_written_since_is_dropped(accepted: Session):
    path = accepted.image(NAME).path
    touch(path)
    accepted.check_files()
    events = list(accepted.start_compare())
    assert [type(event) for event in events] == [Result, Progress, Finished]
    write_different(path)
    accepted.check_files()
    for event in events:
        accepted.take_compared(event)
    assert accepted.written_again() == (NAME,)
    accepted.compare()
    assert changed(accepted) == NONE | {NAME: True}


def test_a_project_for_reading_remembers_what_it_compared_as_long_as_it_is_open(accepted: Session, bundle: Bundle):
    touch(accepted.image(NAME).path)
    write_different(accepted.image("im2.png").path)
    accepted.close()
    before = accepted.path.read_bytes()
    with Session.open(accepted.path, read_only=True, model=bundle) as reader:
        assert reader.written_again() == (NAME, "im2.png")
        reader.compare()
        assert reader.written_again() == ()
        assert changed(reader) == NONE | {"im2.png": True}
    assert accepted.path.read_bytes() == before


def test_files_of_images_that_are_not_accepted_and_files_that_are_gone_are_not_compared(accepted: Session):
    touch(accepted.image("im0.png").path)
    accepted.image(NAME).path.unlink()
    accepted.check_files()
    assert accepted.written_again() == ()
    assert [type(event) for event in accepted.start_compare()] == [Finished]
    assert accepted.status(NAME) == "missing"


def test_a_pipe_in_place_of_the_file_is_not_opened(accepted: Session):
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes here")
    path = accepted.image(NAME).path
    path.unlink()
    os.mkfifo(path)
    accepted.check_files()
    accepted.compare()  # would wait for ever
    assert changed(accepted) == NONE | {NAME: True}
