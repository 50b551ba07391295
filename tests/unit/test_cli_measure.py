"""`measure` on the command line, against numpy on the masks and landmarks that `predict` writes of the same images."""

import csv
import json
import math

import cv2
import numpy as np
import pytest

from app.cli.main import run
from app.project.session import Session
from tests.unit.pictures import ramp, write_dicom, write_png
from tests.unit.tiny_bundle import tiny_folder

__all__ = ["tiny_folder"]
ROW, COLUMN = 0.2, 0.3


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    write_png(folder / "a.png", ramp(200, 160))
    write_png(folder / "flat.png", np.full((80, 90), 7, np.uint8))
    write_dicom(folder / "sub" / "b.dcm", ramp(120, 200, 4095, np.uint16), ImagerPixelSpacing=[ROW, COLUMN])
    return folder


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_measurements_of_images_are_those_of_their_masks_and_landmarks(images, tmp_path, tiny_folder):
    model = ["--model", str(tiny_folder)]
    both = {
        "groups": {"all of it": ["lung", "heart"]},
        "measurements": [{"name": "all", "formula": 'width("all of it")'}],
    }
    (tmp_path / "set.json").write_text(json.dumps(both))
    wanted = ["apart=distance(lung_00, heart_07)", "ratio = height(heart) / height(lung)", "area=area(heart)"]
    options = [part for one in wanted for part in ("--measurement", one)]
    given = [*options, "--measurements", str(tmp_path / "set.json"), "--out", str(tmp_path / "m"), *model]
    assert run(["measure", str(images), *given]) == 0
    assert run(["predict", str(images), "--out", str(tmp_path / "p"), *model]) == 0
    text = (tmp_path / "m" / "measurements.csv").read_text()
    assert text.splitlines()[0] == "image,measurement,value,unit,spacing,state"
    assert not (tmp_path / "m" / "landmarks.csv").exists()
    found = {(row["image"], row["measurement"]): row for row in rows(tmp_path / "m" / "measurements.csv")}
    places = {(row["image"], row["landmark"]): row for row in rows(tmp_path / "p" / "landmarks.csv")}
    assert [name for image, name in found if image == "a.png"] == ["all", "apart", "ratio", "area"]
    sizes = {"a.png": (1, 1, "px", ""), "sub/b.dcm": (COLUMN, ROW, "mm", "at detector")}
    for image, (column, row, unit, spacing) in sizes.items():
        folder = tmp_path / "p" / "masks" / image.rsplit(".", 1)[0]
        masks = {name: cv2.imread(str(folder / f"{name}.png"), 0) > 0 for name in ("lung", "heart")}
        ys, xs = zip(*(np.nonzero(mask) for mask in masks.values()), strict=True)
        one, other = (places[image, name] for name in ("lung_00", "heart_07"))
        away = [float(one[key]) - float(other[key]) for key in ("x_px", "y_px")]
        expected = {
            "all": (np.ptp(np.concatenate(xs)) + 1) * column,
            "apart": math.hypot(away[0] * column, away[1] * row),
            "ratio": (np.ptp(ys[1]) + 1) / (np.ptp(ys[0]) + 1),
            "area": np.count_nonzero(masks["heart"]) * column * row,
        }
        units = {"all": unit, "apart": unit, "ratio": "ratio", "area": f"{unit}2"}
        for name, value in expected.items():
            line = found[image, name]
            assert float(line["value"]) == pytest.approx(value, abs=2e-3)
            assert (line["unit"], line["spacing"], line["state"]) == (units[name], spacing, "predicted")
    assert {found["flat.png", name]["value"] for name in expected} == {""}  # nothing is there
    report = json.loads((tmp_path / "m" / "report.json").read_text())
    assert [entry["name"] for entry in report["images"]] == ["a.png", "flat.png", "sub/b.dcm"]
    assert report["files"] == ["measurements.csv"]


def test_measurements_of_a_project_are_its_own_with_what_readers_corrected(images, tmp_path, tiny_folder):
    with Session.create(tmp_path / "p.dsr", model=tiny_folder, reader="R") as project:
        project.add_images([images])
        project.predict()
        project.define_measurement("=apart", "distance(lung_00, heart_07)")
        project.move_placement("a.png", "lung_00", (12, 13))
        project.move_placement("a.png", "heart_07", (15, 17))
    given = ["--project", str(tmp_path / "p.dsr"), "--out", str(tmp_path / "m")]
    assert run(["measure", *given]) == 0
    table = {row["image"]: row for row in rows(tmp_path / "m" / "measurements.csv")}
    assert {row["measurement"] for row in table.values()} == {"'=apart"}  # no spreadsheet runs it
    assert (table["a.png"]["value"], table["a.png"]["unit"], table["a.png"]["state"]) == ("5.0000", "px", "corrected")
    assert table["sub/b.dcm"]["state"] == "predicted"
    assert run(["export", *given, "--format", "measurements", "--format", "csv"]) == 0
    assert json.loads((tmp_path / "m" / "report.json").read_text())["files"] == ["measurements.csv", "landmarks.csv"]
    assert run(["measure", str(images), *given]) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--measurement", "width(heart)"], "is not NAME=FORMULA"),
        (["--measurement", "a=width(heart"], "(character 12"),
        (["--measurement", "a=width(spleen)"], "There is no structure “spleen”"),
        (["--measurement", "a=width(heart)", "--measurement", "a=width(lung)"], "given twice"),
        (["--measurements", "/no/such/file.json"], "cannot be read"),
        (["--measurements", __file__], "cannot be used"),
        ([], "measures nothing of its own"),
    ],
)
def test_what_can_t_be_measured_is_wrong_usage(images, tmp_path, tiny_folder, capsys, arguments, told):
    out = tmp_path / "m"
    assert run(["measure", str(images), *arguments, "--out", str(out), "--model", str(tiny_folder)]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_regions_of_a_file_are_measured_as_those_of_a_project(images, tmp_path, tiny_folder, capsys):
    corners = [[-0.25, -0.125], [0.5, 0.0], [0.125, 0.5]]
    zone = {"name": "zone", "structure": "lung", "uv": corners}
    (tmp_path / "regions.json").write_text(json.dumps({"regions": [zone]}))
    given = ["--measurement", "a=area(zone) / length(zone)", "--out", str(tmp_path / "m"), "--model", str(tiny_folder)]
    assert run(["measure", str(images), *given, "--regions", str(tmp_path / "regions.json")]) == 0
    found = {row["image"]: row["value"] for row in rows(tmp_path / "m" / "measurements.csv")}
    with Session.create(tmp_path / "p.dsr", model=tiny_folder) as project:
        project.add_images([images])
        project.predict()
        project.define_region("zone", "lung", corners)
        project.define_measurement("a", "area(zone) / length(zone)")
        expected = dict(zip(project.images, project.measurement("a").values.tolist(), strict=True))
    assert float(found["sub/b.dcm"]) == pytest.approx(expected["sub/b.dcm"], rel=1e-3)
    assert found["flat.png"] == ""
    capsys.readouterr()
    assert run(["measure", str(images), *given]) == 2
    assert "There is no curve “zone”." in capsys.readouterr().err  # no zones are known of this anatomy
    assert run(["measure", str(images), *given, "--regions", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_grey_values_inside_a_region_are_those_of_the_file(images, tmp_path, tiny_folder):
    uv = [[-0.5, -0.5], [0.5, -0.25], [0.25, 0.5]]
    regions = {"regions": [{"name": "zone", "structure": "lung", "uv": uv}]}
    (tmp_path / "regions.json").write_text(json.dumps(regions))
    wanted = ["--measurement", "lit=mean(zone)", "--measurement", "even=sd(zone)"]
    given = [*wanted, "--regions", str(tmp_path / "regions.json"), "--model", str(tiny_folder)]
    assert run(["measure", str(images / "a.png"), str(images / "flat.png"), *given, "--out", str(tmp_path / "m")]) == 0
    found = {(row["image"], row["measurement"]): row for row in rows(tmp_path / "m" / "measurements.csv")}
    pixels = cv2.imread(str(images / "a.png"), cv2.IMREAD_UNCHANGED)
    assert pixels.min() < float(found["a.png", "lit"]["value"]) < pixels.max()
    assert float(found["a.png", "even"]["value"]) > 0
    assert found["a.png", "lit"]["unit"] == ""
