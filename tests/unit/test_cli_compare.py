"""`compare` by the real command line: a bundle beside folders of predictions, one of which is off by a known step."""

import csv
import shutil

import numpy as np
import pytest

from app.cli.main import run
from tests.unit.test_cli_evaluate import COUNTS, contour_table, found, lines_of  # noqa: F401 (fixture)

MM = 0.35


def compare(folder, out, *systems):
    return run(["compare", "--data", str(folder), "--out", str(out), "--threads", "1", *map(str, systems)])


def table_of(out):
    with (out / "comparison.csv").open(encoding="utf-8") as file:
        return {(row["figure"], row["system"]): row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def folders(found, tmp_path_factory):  # noqa: F811
    """Data whose reference is what the bundle finds, its predictions, and the same, all points (6, 8) pixels away."""
    data, points = found
    contour_table(data, [[name, *xy.ravel()] for name, xy in points.items()])
    away = tmp_path_factory.mktemp("away")
    shutil.copytree(data.parent / "found" / "masks", away / "masks")
    (away / "masks" / "2" / "heart.png").unlink()
    with (data.parent / "found" / "landmarks.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (away / "landmarks.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["image", "landmark", "x_px", "y_px"])
        table.writeheader()
        for row in rows:
            place = {"x_px": float(row["x_px"]) + 6, "y_px": float(row["y_px"]) + 8}
            table.writerow({"image": row["image"], "landmark": row["landmark"]} | place)
    return data, data.parent / "found", away


def test_systems_stand_side_by_side_with_what_they_are_off_by(folders, tmp_path, capfd):
    data, again, away = folders
    assert compare(data, tmp_path, "chest", f"same={again}", f"off={away}") == 0
    table = table_of(tmp_path)

    def mean(figure, system):
        return float(table[figure, system]["mean"])

    error = "landmark error, all points"
    assert mean(error, "chest") < 0.01
    assert mean(error, "same") < 0.01
    assert mean(error, "off") == pytest.approx(10 * MM, abs=0.01)
    assert (mean("landmarks within 2 mm", "off"), mean("landmarks within 4 mm", "off")) == (0, 1)
    assert mean("squared error, first three structures", "off") == pytest.approx(50 * (1024 / 957) ** 2, rel=0.15)
    along, across = (mean(f"landmark error {way} the contour", "off") for way in ("along", "across"))
    assert np.hypot(along, across) < 3.5 < along + across
    assert mean("new landmark, one click", "off") < 0.5  # every image is off alike
    assert mean("Dice, heart", "same") == pytest.approx(mean("Dice, heart", "chest"), abs=1e-4)
    # one of four hearts has no mask there
    assert mean("Dice, heart", "off") == pytest.approx(0.75 * mean("Dice, heart", "same"), abs=0.02)
    assert float(table["size of the bundle", "chest"]["mean"]) == pytest.approx(7.0, abs=2)
    assert ("size of the bundle", "same") not in table
    shown = lines_of(capfd.readouterr().out)
    assert shown["landmark error, all points (mm)"] == ["0.00", "0.00", "3.50"]
    page = (tmp_path / "comparison.html").read_text("utf-8")
    assert page.count("<svg") == 2 + 3  # two plots, and a template for each system
    with (tmp_path / "images.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["system"], row["figure"]) == ("off", error)]
    assert [row["image"] for row in rows] == ["0.png", "1.png", "2.png", "3.png"]
    assert [float(row["value"]) for row in rows] == pytest.approx([10 * MM] * 4, abs=0.01)


def test_masks_alone_can_be_compared_and_a_bundle_without_its_prior(folders, tmp_path):
    data, again, _ = folders
    shutil.copytree(again / "masks", tmp_path / "drawn" / "masks")
    assert compare(data, tmp_path / "out", "no/prior=chest@plain", tmp_path / "drawn") == 0
    table = table_of(tmp_path / "out")
    assert float(table["landmark error, all points", "no/prior"]["mean"]) > 0.3  # the reference had a prior
    assert ("landmark error, all points", "drawn") not in table
    assert float(table["Dice, left lung", "drawn"]["mean"]) > 0.97


@pytest.mark.parametrize(
    ("systems", "code", "says"),
    [
        (["chest@guess"], 2, "there is no variant “guess”. There are: integer, subpixel, plain"),
        (["chest", "chest"], 2, "Two systems are called “chest”. Write LABEL= before one of them."),
        (["chest", "=x"], 2, "“=x” is no system"),
        (["nowhere"], 2, "There is no model “nowhere”"),
        (["chest@integer"], 1, "“integer” is a variant of heatmap bundles; “chest” is of the kind denseseg"),
        (["wrist"], 1, "(wrist) has other structures than the reference"),
    ],
)
def test_systems_that_cannot_be_compared_are_refused_in_a_sentence(folders, tmp_path, capfd, systems, code, says):
    assert compare(folders[0], tmp_path, *systems) == code
    assert says in " ".join(capfd.readouterr().err.split())


def test_a_folder_that_lacks_an_image_or_has_masks_of_another_size_is_told(folders, tmp_path, capfd):
    data, again, _ = folders
    folder = tmp_path / "half"
    shutil.copytree(again, folder)
    shutil.rmtree(folder / "masks" / "1")
    assert compare(data, tmp_path / "out", folder) == 1
    assert "with the masks of the image 1.png" in " ".join(capfd.readouterr().err.split())
    shutil.copytree(again / "masks" / "2", folder / "masks" / "1")  # those of a larger picture
    assert compare(data, tmp_path / "out", folder) == 1
    assert "900 x 1100 pixels; 1.png has" in " ".join(capfd.readouterr().err.split())
    shutil.rmtree(folder / "masks")
    lines = (again / "landmarks.csv").read_text("utf-8").splitlines()
    (folder / "landmarks.csv").write_text("\n".join(line for line in lines if not line.startswith("3.png")))
    assert compare(data, tmp_path / "out", folder) == 1
    assert "has no landmark in the image 3.png" in " ".join(capfd.readouterr().err.split())
    assert [count for _, count in COUNTS] == [44, 50, 26, 23, 23]
