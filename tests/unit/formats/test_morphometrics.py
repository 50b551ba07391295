"""TPS and wide tables, read back by the rules of the programs that read them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from app.core.frame import Frame, Provenance, Spacing
from app.core.landmark import Landmark
from app.core.masks import ImageMasks
from app.formats.csv_table import MaskSource, Row
from app.formats.morphometrics import TpsFile, WideFile
from app.formats.project_view import ImageView, ProjectView
from tests.unit.core.shapes import two_structures

TEMPLATE = two_structures()
MARKS = tuple(Landmark(name, "heart", 0.0, 0.0) for name in ("apex", "base, left", "=hilum"))
MM = Spacing(0.175, 0.175, Provenance.CALIBRATED)


def project() -> ProjectView:
    return ProjectView("p.dsr", "chest", "ab", TEMPLATE, MARKS, MARKS, (), {}, None)


def view(name: str, frame: Frame, places: dict[str, tuple[float, float] | None], **more) -> ImageView:
    rows = [
        Row(name, "heart", mark, "predicted" if xy else "absent", xy, None, frame, **more)
        for mark, xy in places.items()
    ]
    return ImageView(name, name, "unread", ImageMasks(TEMPLATE, frame, None), tuple(rows))


FIRST = view("sub/a.png", Frame(40, 30, spacing=MM), {"=hilum": (29.0, 39.0), "apex": (0.25, 0.0), "base, left": None})
SECOND = view(
    "b.png", Frame(25, 60, spacing=MM), {"apex": (10.0, 4.5), "base, left": (-3.0, 5.0), "=hilum": (6.0, 24.6)}
)


def written(kind, path: Path, *images: ImageView, **more) -> str:
    found = kind(path, project(), **more)
    for image in images:
        found.add(image)
    found.keep()
    return path.read_text()


def read_tps(text: str) -> list[dict]:
    """As geomorph's ``readland.tps(negNA = TRUE)`` does: blocks that begin with LP=, points, then KEY=VALUE."""
    found: list[dict] = []
    for line in text.splitlines():
        if line.startswith("LP="):
            found.append({"count": int(line[3:]), "points": []})
        elif "=" in line:
            key, _, value = line.partition("=")
            found[-1][key] = value
        else:
            x, y = map(float, line.split())
            found[-1]["points"].append((np.nan, np.nan) if x < 0 or y < 0 else (x, y))
    return found


def test_tps_counts_upward_from_the_lower_edge_and_says_what_is_missing(tmp_path):
    first, second = read_tps(written(TpsFile, tmp_path / "a.tps", FIRST, SECOND))
    assert (first["count"], first["IMAGE"], first["ID"]) == (3, "sub/a.png", "0")
    assert (second["count"], second["IMAGE"], second["ID"]) == (3, "b.png", "1")
    np.testing.assert_allclose(first["points"], [(0.75, 39.5), (np.nan, np.nan), (29.5, 0.5)], atol=1e-4)
    # left of the image, and a tenth of a pixel below it: neither can be told from a missing point
    np.testing.assert_allclose(second["points"], [(10.5, 20.0), (np.nan, np.nan), (np.nan, np.nan)], atol=1e-4)
    assert float(first["SCALE"]) == float(second["SCALE"]) == 0.175


@pytest.mark.parametrize("spacing", [None, Spacing(0.2, 0.1, Provenance.CALIBRATED)])
def test_tps_has_a_scale_for_every_image_or_for_none(tmp_path, spacing):
    other = view("c.png", Frame(9, 9, spacing=spacing), {"apex": (1.0, 2.0)})
    assert [one.get("SCALE") for one in read_tps(written(TpsFile, tmp_path / "a.tps", FIRST, other))] == [None, None]


def test_what_was_predicted_in_a_rejected_structure_is_missing(tmp_path):
    image = view("r.png", Frame(9, 9), {"apex": (1.0, 2.0)}, mask=MaskSource.REJECTED.value)
    (found,) = read_tps(written(TpsFile, tmp_path / "a.tps", image))
    assert np.isnan(found["points"]).all()


def test_a_wide_table_has_a_row_per_image_and_two_columns_per_landmark(tmp_path):
    head, *rows = csv.reader(written(WideFile, tmp_path / "wide.csv", FIRST, SECOND).splitlines())
    assert head == ["image", "apex_x", "apex_y", "base, left_x", "base, left_y", "'=hilum_x", "'=hilum_y"]
    assert rows == [
        ["sub/a.png", "0.250", "0.000", "", "", "29.000", "39.000"],
        ["b.png", "10.000", "4.500", "-3.000", "5.000", "6.000", "24.600"],
    ]


def test_deeplabcut_has_its_three_head_lines(tmp_path):
    scorer, parts, coords, row = csv.reader(written(WideFile, tmp_path / "d.csv", SECOND, deeplabcut=True).splitlines())
    assert (scorer[0], set(scorer[1:])) == ("scorer", {"DenseSeg Review"})
    assert parts == ["bodyparts", "apex", "apex", "base, left", "base, left", "'=hilum", "'=hilum"]
    assert coords == ["coords", "x", "y", "x", "y", "x", "y"]
    assert row == ["b.png", "10.000", "4.500", "-3.000", "5.000", "6.000", "24.600"]
