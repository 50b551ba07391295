"""The search for moved files: which file goes to which image, and that it always ends in a result or a sentence."""

from __future__ import annotations

import hashlib
import logging
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.io.relocate import Content, start_search
from app.jobs import Failed, Finished, Result

ROOT = Path(__file__).resolve().parents[3]


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def content(name: str, data: bytes) -> Content:
    return Content(name, len(data), hashlib.sha256(data).hexdigest())


def search(folder: Path, wanted: dict[str, Content], taken=()) -> dict[str, Path]:
    events = list(start_search(folder, wanted, taken))
    assert isinstance(events[-1], Finished)
    return next(event.value for event in events if isinstance(event, Result))


def test_two_images_of_the_same_content_and_name_get_a_file_each(tmp_path):
    wanted = {"left": content("a.png", b"same"), "right": content("a.png", b"same"), "odd": content("b.png", b"other")}
    files = {put(tmp_path / name, b"same") for name in ("1/a.png", "2/a.png")}
    other = put(tmp_path / "3" / "z.png", b"other")
    found = search(tmp_path, wanted)
    assert found.keys() == wanted.keys()
    assert {found["left"], found["right"]} == files
    assert found["odd"] == other


def test_with_one_file_for_two_images_one_is_found(tmp_path):
    wanted = {"left": content("a.png", b"same"), "right": content("a.png", b"same")}
    file = put(tmp_path / "a.png", b"same")
    assert search(tmp_path, wanted) == {"left": file}


def test_of_equal_contents_the_name_decides(tmp_path):
    wanted = {"first": content("a.png", b"same"), "second": content("b.png", b"same")}
    b, a = put(tmp_path / "1" / "b.png", b"same"), put(tmp_path / "2" / "a.png", b"same")
    assert search(tmp_path, wanted) == {"first": a, "second": b}


def test_a_file_under_its_own_name_comes_before_a_copy_under_another(tmp_path):
    put(tmp_path / "1" / "copy.png", b"same")
    own = put(tmp_path / "2" / "a.png", b"same")
    assert search(tmp_path, {"x": content("a.png", b"same")}) == {"x": own}


def test_a_file_of_another_image_is_not_taken(tmp_path):
    first = put(tmp_path / "1" / "a.png", b"same")
    second = put(tmp_path / "2" / "a.png", b"same")
    wanted = {"x": content("a.png", b"same")}
    assert search(tmp_path, wanted, taken={first}) == {"x": second}
    assert search(tmp_path, wanted, taken={second}) == {"x": first}
    assert search(tmp_path, wanted, taken={first, second}) == {}


def test_links_that_lead_nowhere_and_files_of_another_size_end_no_search(tmp_path):
    put(tmp_path / "1" / "longer.png", b"more than the same")
    try:
        (tmp_path / "2.png").symlink_to(tmp_path / "nowhere")
    except OSError:
        pytest.skip("no links here")
    right = put(tmp_path / "3" / "a.png", b"same")
    assert search(tmp_path, {"x": content("a.png", b"same")}) == {"x": right}


def test_another_content_of_the_same_size_and_name_is_not_taken(tmp_path):
    put(tmp_path / "1" / "a.png", b"emas")
    right = put(tmp_path / "2" / "b.png", b"same")
    assert search(tmp_path, {"x": content("a.png", b"same")}) == {"x": right}


def test_an_error_that_nobody_foresaw_ends_in_a_sentence_and_names_no_patient_in_the_log(tmp_path, caplog):
    broken = {"Doe^Jane": "no content at all"}
    with caplog.at_level(logging.ERROR):
        *_, failed, finished = start_search(tmp_path, broken, ())
    assert finished == Finished(False)
    assert isinstance(failed, Failed)
    assert failed.key == ""
    assert "failed because of an error in this program (AttributeError)" in failed.message
    assert "No image was changed" in failed.message
    assert "AttributeError" in caplog.text
    assert "relocate.py" in caplog.text
    assert "Doe" not in caplog.text


AS_NOBODY = """
import os, sys, hashlib
from pathlib import Path
from app.io.relocate import Content, start_search
if os.geteuid() == 0:
    os.seteuid(65534)
wanted = {"x": Content("a.png", 4, hashlib.sha256(b"same").hexdigest())}
for event in start_search(Path(sys.argv[1]), wanted, ()):
    print(event)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
def test_a_folder_that_was_not_looked_into_is_told_and_the_others_are_searched():
    top = Path(tempfile.mkdtemp())  # not below tmp_path, whose parents are closed to others
    try:
        top.chmod(0o755)
        for name in ("closed/b.png", "open/a.png"):
            put(top / name, b"same")
        (top / "link").symlink_to(top / "open")
        (top / "closed").chmod(0o000)
        child = [sys.executable, "-c", AS_NOBODY, str(top)]
        done = subprocess.run(child, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)
    finally:
        (top / "closed").chmod(0o700)
        shutil.rmtree(top)
    lines = done.stdout.splitlines()
    told = [line for line in lines if line.startswith("Failed(")]
    assert len(told) == 2
    assert any("closed" in line and "cannot be read (Permission denied)" in line for line in told)
    assert any("link to a folder and was not followed" in line for line in told)
    assert f"{top}/open/a.png" in next(line for line in lines if line.startswith("Result("))
    assert lines[-1] == "Finished(cancelled=False)"
