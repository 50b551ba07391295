"""`evaluate` by the real command line: its progress, its tables, and what it says of wrong folders."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.cli.main import run
from app.training.contours import CHEST_STRUCTURES
from tests.unit.pictures import ramp, write_png
from tests.unit.tiny_bundle import tiny_folder

__all__ = ["tiny_folder"]
ROOT = Path(__file__).resolve().parents[2]
SAMPLES = [ROOT / "resources" / "samples" / f"rendered_{number}.png" for number in (3, 4, 5)]
COUNTS = [(name, count) for name, _, count in CHEST_STRUCTURES]
POINTS = sum(count for _, count in COUNTS)


@pytest.fixture
def call(tmp_path, capfd):
    """Run `evaluate`; gives exit code, standard output, standard error and the figures that were written."""

    def run_it(data, *options):
        code = run(
            ["evaluate", "--data", str(data), "--out", str(tmp_path / "out"), "--threads", "1", *map(str, options)]
        )
        said = capfd.readouterr()
        written = tmp_path / "out" / "evaluation.json"
        return code, said.out, said.err, json.loads(written.read_text("utf-8")) if written.exists() else None

    return run_it


def lines_of(table):
    """First cell of each line of the tables → its other cells."""
    cells = [[cell.strip() for cell in re.split("[│|]", line)[1:-1]] for line in table.splitlines()]
    return {row[0]: row[1:] for row in cells if row}


def contour_table(folder, rows, part="val"):
    """Write a table of contour points as the chest data's."""
    folder.mkdir(exist_ok=True)
    with (folder / f"{part}_landmarks.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", *(f"{axis}{k}" for k in range(POINTS) for axis in "xy")])
        table.writerows(rows)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A folder with four pictures of three samples, and the points [166, 2] that the shipped bundle finds in each."""
    folder = tmp_path_factory.mktemp("found")
    part = folder / "data" / "val"
    part.mkdir(parents=True)
    for number, sample in enumerate([*SAMPLES, SAMPLES[0]]):
        shutil.copy(sample, part / f"{number}.png")
    assert run(["predict", str(part), "--out", str(folder / "found"), "--threads", "1"]) == 0
    points = {}
    with (folder / "found" / "landmarks.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            points.setdefault(row["image"], []).append((float(row["x_px"]), float(row["y_px"])))
    return folder / "data", {name: np.array(xy) for name, xy in points.items()}


def test_contours_that_were_moved_are_so_far_off_in_the_table(call, found):
    folder, points = found
    start = POINTS - COUNTS[-1][1]
    shifted = {name: xy + np.where(np.arange(POINTS)[:, None] >= start, (3.0, 4.0), 0.0) for name, xy in points.items()}
    contour_table(folder, [[name, *xy.ravel()] for name, xy in shifted.items()])
    code, out, err, figures = call(folder)
    assert code == 0
    table = lines_of(out)
    assert table["left_clavicle"][2] == "1.75"  # 5 pixels of 0.35 mm
    assert table["heart"][2] == "0.00"
    assert table[f"all {POINTS} points"][2] == f"{1.75 * COUNTS[-1][1] / POINTS:.2f}"
    assert float(table["heart"][0]) > 0.97
    assert figures["landmarks"]["error_mm_per_structure"]["left_clavicle"] == pytest.approx(1.75, abs=0.01)
    steps = ["Predicting: 4 images", "Predicting without the shape prior: 4 images", "Comparing", "Wrote "]
    assert [line.split(" ...")[0][: len(step)] for line, step in zip(err.splitlines(), steps, strict=True)] == steps


def test_lungs_are_compared_with_human_masks(call, found, tmp_path):
    _, points = found
    folder = tmp_path / "lungs"
    for name in ("images", "lungs"):
        (folder / name).mkdir(parents=True)
    for name, sample in (("a", SAMPLES[0]), ("b", SAMPLES[1]), ("without", SAMPLES[2])):
        shutil.copy(sample, folder / "images" / f"{name}.png")
        if name != "without":
            picture = cv2.imread(str(sample), cv2.IMREAD_GRAYSCALE)
            at = points[f"{SAMPLES.index(sample)}.png"].round().astype(np.int32)
            ends = np.cumsum([0] + [count for _, count in COUNTS])
            both = cv2.fillPoly(np.zeros_like(picture), [at[ends[c] : ends[c + 1]] for c in (0, 1)], 255)
            if name == "b":
                both[:, : both.shape[1] // 2] = 0  # nobody drew the lung on the left of this picture
                both[0, 0] = 255
            cv2.imwrite(str(folder / "lungs" / f"{name}.png"), both)
    code, out, err, figures = call(folder)
    assert code == 0
    assert "1 of 3 images have no lung mask and are left out." in err
    assert figures["images"] == 2
    images, median, _, worst, *_ = lines_of(out.split("Dice of masks")[0])["all"]
    assert images == "2"
    assert float(worst) < 0.4  # about as much lung is too much as was drawn
    assert float(median) * 2 - float(worst) > 0.97  # the other image


def test_images_alone_are_measured_against_themselves_and_that_is_told(call, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for sample in SAMPLES[:2]:
        shutil.copy(sample, folder)
    code, out, err, figures = call(folder)
    assert code == 0
    assert "holds no annotations" in err
    assert "another anatomy" not in err
    assert figures["suspect"] == 0
    assert lines_of(out)["all"][0] == "2"


def test_images_of_another_anatomy_are_told(call, tmp_path):
    for number in range(2):
        write_png(tmp_path / "images" / f"{number}.png", ramp(200, 160 + number))
    code, _, err, figures = call(tmp_path / "images")
    assert code == 0
    assert figures["suspect"] == 2
    assert "2 of 2 images do not look like what the model “Chest, frontal” is made for." in err


ROW = [0.5] * 2 * POINTS


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "names no image"),
        (
            [["a.png", *ROW], ["b.png", *ROW[:-1]]],
            f"Row 3 of .* has {2 * POINTS} cells, not an image and x",
        ),
        ([["a.png", *ROW[:-1], "left"]], r"Row 2 of .* \(a.png\): “left” is no number"),
        ([["a.png", *ROW[:-1], "nan"]], "“nan” is no number"),
        ([["a.png", *ROW], ["gone.png", *ROW]], "1 of the 2 images that val_landmarks.csv names are not in .*gone.png"),
        ([["a.png", *ROW]], "1 images with reference contours are too few"),
    ],
)
def test_a_table_that_is_not_whole_or_lacks_images_ends_with_a_sentence(call, tmp_path, rows, sentence):
    contour_table(tmp_path, rows)
    write_png(tmp_path / "val" / "a.png", ramp())
    code, out, err, figures = call(tmp_path)
    assert (code, out, figures) == (1, "", None)
    assert re.search(sentence, err)
    assert len(err.splitlines()) == 1


def test_other_wrong_folders_end_with_a_sentence(call, tmp_path, tiny_folder):
    def told(data, *options):
        code, out, err, figures = call(data, *options)
        assert (out, figures) == ("", None)
        (line,) = err.splitlines()
        return code, line

    code, line = told(tmp_path / "nowhere")
    assert code == 2
    assert "There is no folder" in line
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "train.json").write_text("{}")
    code, line = told(tmp_path / "empty")
    assert code == 1
    assert "There is no image in" in line
    contour_table(tmp_path / "contours", [["a.png", *ROW]], part="train")
    code, line = told(tmp_path / "contours")
    assert code == 1
    assert "There is no val_landmarks.csv in" in line
    assert line.endswith("Choose a part with --part: train.")
    code, line = told(tmp_path / "contours", "--part", "train", "--model", tiny_folder)
    assert code == 1
    assert "The model “Two discs” does not fit" in line
    (tmp_path / "contours" / "val_landmarks.csv").write_bytes(b"\xff\xd8\xff\x00")
    assert "is no table of landmarks" in told(tmp_path / "contours")[1]
    write_png(tmp_path / "lungs" / "images" / "a.png", ramp())
    write_png(tmp_path / "lungs" / "lungs" / "b.png", ramp())
    assert "has a lung mask of the same name" in told(tmp_path / "lungs")[1]
    assert "Choose a model of the chest" in told(tmp_path / "lungs", "--model", tiny_folder)[1]
    code, line = told(tmp_path / "lungs", "--backend", "magic")
    assert code == 2
    assert "--backend" in line


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_terminal_shows_a_bar_while_it_predicts(tmp_path):
    import pty

    folder = tmp_path / "images"
    folder.mkdir()
    shutil.copy(SAMPLES[0], folder)
    ours, theirs = pty.openpty()
    command = [sys.executable, "main.py", "evaluate", "--data", str(folder), "--out", str(tmp_path / "out")]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:
            pass  # the other end is closed
    os.close(ours)
    assert process.returncode == 0
    assert b"Predicting" in shown
    assert b"1/1" in shown
