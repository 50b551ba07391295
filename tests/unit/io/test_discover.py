import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pydicom
import pytest

from app.io.discover import discover
from app.io.errors import ImageError
from app.io.files import spelled
from app.io.image import read_image
from app.io.names import stem, suffix, unique_stems
from tests.unit.pictures import dicom, ramp, write_dicom, write_png

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.png", "a"),
        ("a.PNG", "a"),
        ("sub/a.nii.gz", "sub/a"),
        ("a.tar.gz", "a.tar.gz"),
        ("a.dcm.png", "a.dcm"),
        ("a", "a"),
        (".png", ".png"),
        ("IM0001", "IM0001"),
        ("1.2.840.10008", "1.2.840.10008"),
    ],
)
def test_stem(name, wanted):
    assert stem(name) == wanted
    assert wanted + suffix(name) == name


def test_stems_keep_the_suffix_where_they_collide():
    assert unique_stems(["a.png", "a.dcm", "b.png"]) == {"a.png": "a.png", "a.dcm": "a.dcm", "b.png": "b"}
    assert unique_stems(["A.png", "a.dcm"]) == {"A.png": "A.png", "a.dcm": "a.dcm"}
    names = ["a.png", "a.dcm", "a.png.png"]
    assert len(set(unique_stems(names).values())) == 3


def test_a_folder_is_searched_and_files_are_known_by_content(tmp_path):
    write_png(tmp_path / "b.png")
    write_png(tmp_path / "deep" / "er" / "a.png")
    write_png(tmp_path / "plain_png.bin")
    write_dicom(tmp_path / "IM0001", ramp(top=4095, dtype="u2"))
    (tmp_path / "broken.png").write_text("no image at all")
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "nothing").write_bytes(b"")
    (tmp_path / "._b.png").write_bytes(b"mac")
    write_dicom(tmp_path / "DICOMDIR", ramp(top=4095, dtype="u2"))
    found = discover([tmp_path])
    names = [name for name, _ in found.images]
    assert sorted(names) == ["IM0001", "b.png", "broken.png", "deep/er/a.png", "empty.dcm", "plain_png.bin"]
    assert names == [name for name, _ in discover([tmp_path]).images]
    assert found.ignored == 4
    assert found.failed == ()


def test_names_of_files_and_of_several_paths(tmp_path):
    for folder in ("one", "two"):
        write_png(tmp_path / folder / "x.png")
    write_png(tmp_path / "two" / "y.png")
    assert [n for n, _ in discover([tmp_path / "one" / "x.png"]).images] == ["x.png"]
    both = discover([tmp_path / "one", tmp_path / "two"])
    assert [n for n, _ in both.images] == ["one/x.png", "two/x.png", "y.png"]
    files = discover([tmp_path / "one" / "x.png", tmp_path / "two" / "x.png"])
    assert [n for n, _ in files.images] == ["one/x.png", "two/x.png"]


def test_folders_of_the_same_name_take_more_of_the_path(tmp_path):
    for patient in ("p1", "p2"):
        write_png(tmp_path / patient / "study" / "x.png")
    found = discover([tmp_path / "p1" / "study", tmp_path / "p2" / "study"])
    assert [n for n, _ in found.images] == ["p1/study/x.png", "p2/study/x.png"]


def test_a_file_given_twice_counts_once(tmp_path):
    path = write_png(tmp_path / "x.png")
    assert [n for n, _ in discover([tmp_path, path, tmp_path]).images] == ["x.png"]


def test_a_missing_path_is_a_failure_and_the_others_are_found(tmp_path):
    write_png(tmp_path / "x.png")
    found = discover([tmp_path / "nowhere", tmp_path])
    assert len(found.images) == 1
    ((name, sentence),) = found.failed
    assert "nowhere" in name
    assert "does not exist" in sentence


def test_a_folder_named_like_an_image_is_a_folder(tmp_path):
    write_png(tmp_path / "series.dcm" / "x.png")
    assert [n for n, _ in discover([tmp_path]).images] == ["series.dcm/x.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_text_are_spelled_out(tmp_path):
    for odd in (b"a\xff.png", b"a\xfe.png"):
        write_png(tmp_path / "a.png").rename(tmp_path / os.fsdecode(odd))
    found = discover([tmp_path])
    assert [name for name, _ in found.images] == ["a\\xfe.png", "a\\xff.png"]
    assert all(path.exists() and name.encode() for name, path in found.images)
    for part in (b"a\xff", b"b\xfe"):  # folders in front, where names collide
        write_png(tmp_path / "films" / os.fsdecode(part) / "x.png")
    found = discover(list((tmp_path / "films").iterdir()))
    assert sorted(name for name, _ in found.images) == ["a\\xff/x.png", "b\\xfe/x.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX links and pipes")
def test_links_pipes_and_devices_called_like_images_are_told_and_never_opened(tmp_path):
    (tmp_path / "gone.png").symlink_to(tmp_path / "target.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.png")
    os.mkfifo(tmp_path / "pipe")
    found = discover([tmp_path])
    assert found.images == ()
    told = dict(found.failed)
    assert list(told) == ["gone.png", "pipe.png", "zero.png"]
    assert "is a pipe" in told["pipe.png"]
    assert "leads to a device" in told["zero.png"]
    assert found.ignored == 1
    for name in ("zero.png", "pipe.png"):
        with pytest.raises(ImageError, match="not opened"):
            read_image(tmp_path / name)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX links")
def test_a_link_to_a_folder_is_told_and_one_to_a_file_is_followed(tmp_path):
    write_png(tmp_path / "elsewhere" / "x.png")
    films = tmp_path / "films"
    films.mkdir()
    (films / "sub").symlink_to(tmp_path / "elsewhere")
    (films / "x.png").symlink_to(tmp_path / "elsewhere" / "x.png")
    found = discover([films])
    assert [name for name, _ in found.images] == ["x.png"]
    ((name, sentence),) = found.failed
    assert name == "sub"
    assert "link to a folder" in sentence


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX links")
def test_a_link_to_a_folder_that_is_given_itself_is_followed(tmp_path):
    write_png(tmp_path / "elsewhere" / "deep" / "x.png")
    (tmp_path / "films").symlink_to(tmp_path / "elsewhere")
    found = discover([tmp_path / "films"])
    assert found.images == (("deep/x.png", tmp_path / "films" / "deep" / "x.png"),)
    assert found.failed == ()


READ_AS_NOBODY = """
import os, sys
from app.io.discover import discover
if os.geteuid() == 0:
    os.seteuid(65534)
found = discover([sys.argv[1]])
print([name for name, _ in found.images], *(f"{name}: {sentence}" for name, sentence in found.failed), sep="\\n")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
def test_a_folder_that_may_not_be_read_is_told_and_the_others_are_read(tmp_path):
    top = Path(tempfile.mkdtemp())  # not below tmp_path, whose parents are closed to others
    try:
        top.chmod(0o755)
        for name in ("open/a.png", "closed/b.png", "zz.png"):
            write_png(top / name)
        (top / "closed").chmod(0o000)
        child = [sys.executable, "-c", READ_AS_NOBODY, str(top)]
        done = subprocess.run(child, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)
    finally:
        (top / "closed").chmod(0o700)
        shutil.rmtree(top)
    images, *told = done.stdout.splitlines()
    assert images == "['zz.png', 'open/a.png']"
    assert len(told) == 1
    assert told[0].startswith("closed: The folder “")
    assert "cannot be read (Permission denied)" in told[0]


def test_names_are_in_the_order_in_which_people_count(tmp_path):
    for name in ("img10.png", "img2.png", "Img1.png", "img02.png", "img99.png", "Img50.png"):
        write_png(tmp_path / name)
    write_png(tmp_path / "s10" / "a.png")
    write_png(tmp_path / "s9" / "a.png")
    names = [name for name, _ in discover([tmp_path]).images]
    assert names == [
        "Img1.png",
        "img02.png",
        "img2.png",
        "img10.png",
        "Img50.png",
        "img99.png",
        "s9/a.png",
        "s10/a.png",
    ]


ALL_OF_OUT = ("film.png", "o.png", "masks/b.png", "masks/a/heart.png")


@pytest.mark.parametrize(
    ("report", "left"),
    [
        ({"program": "DenseSeg Review", "files": ["masks/a/heart.png", "o.png"]}, ["film.png", "masks/b.png"]),
        ({"bundle_sha256": "0", "images": [{"name": "a.dcm"}]}, ["film.png", "o.png", "masks/b.png"]),
        ({"bundle_sha256": "0", "images": [{"name": "c.dcm"}, 7]}, [*ALL_OF_OUT]),
        ({"program": "another", "files": ["film.png"]}, [*ALL_OF_OUT]),
        ([], [*ALL_OF_OUT]),
    ],
)
def test_what_this_program_wrote_is_no_radiograph(tmp_path, report, left):
    for name in ("film.png", "out/film.png", "out/masks/a/heart.png", "out/masks/b.png", "out/o.png"):
        write_png(tmp_path / name)
    (tmp_path / "out" / "report.json").write_text(json.dumps(report))
    found = discover([tmp_path])
    assert [name for name, _ in found.images] == ["film.png", *(f"out/{name}" for name in left)]
    assert found.ignored == 1 + 4 - len(left)
    beneath = discover([tmp_path / "out" / "masks" / "a"])  # the report lies above what is given
    assert len(beneath.images) == ("masks/a/heart.png" in left)


def test_control_characters_in_names_are_spelled_out():
    assert spelled("a\r\nb\u202egnp.png") == "a\\x0d\\x0ab\\u202egnp.png"
    assert spelled("Müller 1 - Röntgen.png") == "Müller 1 - Röntgen.png"


def old_dicom(explicit: bool) -> bytes:
    """ACR-NEMA style: no preamble, no file header."""
    dataset = dicom(ramp(top=4095, dtype=np.uint16))
    del dataset.file_meta
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, implicit_vr=not explicit, little_endian=True, enforce_file_format=False)
    return file.getvalue()


@pytest.mark.parametrize("explicit", [True, False])
def test_dicom_without_preamble_and_suffix_is_known_by_its_elements(tmp_path, explicit):
    (tmp_path / "IM0001").write_bytes(old_dicom(explicit))
    (tmp_path / "CR.IMA").write_bytes(old_dicom(explicit))
    (tmp_path / "notes").write_bytes(b"\x08\x00 is how this text begins, and it goes on" * 20)
    (tmp_path / "zeros").write_bytes(bytes(2000))
    found = discover([tmp_path])
    assert [name for name, _ in found.images] == ["CR.IMA", "IM0001"]
    for _, path in found.images:
        np.testing.assert_array_equal(read_image(path).pixels, ramp(top=4095, dtype=np.uint16))


def test_a_search_that_is_cancelled_tells_what_it_found_until_then(tmp_path):
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.png").write_bytes(b"")
    answers = iter((False, False, False, True))
    found = discover([tmp_path], cancelled=lambda: next(answers))
    assert [name for name, _ in found.images] == ["a.png", "b.png", "c.png"]


def test_a_long_search_tells_how_many_images_it_has_found(tmp_path):
    for i in range(250):
        (tmp_path / f"{i}.{'png' if i < 150 else 'txt'}").write_bytes(b"")
    told = []
    discover([tmp_path], told=told.append)
    assert told == [100, 150]  # after 100 and after 200 files, in natural order
