"""Landmarks, read by pycocotools, sleap-io, duckdb, shapely and by the rules of programs that are none of Python."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np

from tests.formats.checks import Exported, check, named, same_places


def points_said(count: int) -> str:
    return f"{count} points within .01 px"


@check("coco", f"{named('pycocotools')}, keypoints")
def coco(exported: Exported) -> str:
    from pycocotools.coco import COCO

    file, count = COCO(str(exported.out / "coco.json")), 0
    by_name = {entry["file_name"]: entry for entry in file.imgs.values()}
    for image in exported.images:
        found = {}
        for annotation in file.loadAnns(file.getAnnIds(imgIds=by_name[image.name]["id"])):
            names = file.cats[annotation["category_id"]]["keypoints"]
            for name, (x, y, flag) in zip(names, np.reshape(annotation["keypoints"], (-1, 3)), strict=True):
                if flag and name in exported.landmarks:
                    found[name] = x, y
                assert flag or (x, y) == (0, 0)
        count += same_places(found, image)
    return points_said(count)


@check("csv", named("duckdb"))
def table(exported: Exported) -> str:
    import duckdb

    count = 0
    for image in exported.images:
        query = "SELECT landmark, x_px, y_px FROM read_csv(?) WHERE image = ? AND x_px IS NOT NULL"
        rows = duckdb.execute(query, [str(exported.out / "landmarks.csv"), image.name]).fetchall()
        count += same_places({name: (x, y) for name, x, y in rows if name in exported.landmarks}, image)
    return points_said(count)


@check("parquet", named("duckdb"))
def parquet(exported: Exported) -> str:
    import duckdb

    folder, count = exported.out / "parquet", 0
    for image in exported.images:
        query = "SELECT landmark, x_px, y_px FROM read_parquet(?) WHERE image = ? AND x_px IS NOT NULL"
        rows = duckdb.execute(query, [str(folder / "placements.parquet"), image.name]).fetchall()
        count += same_places({name: (x, y) for name, x, y in rows if name in exported.landmarks}, image)
    for name in ("measurements", "regions", "reviews", "history"):
        parquet, text = str(folder / f"{name}.parquet"), str(exported.out / f"{name}.csv")
        (found,) = duckdb.execute("SELECT count(*) FROM read_parquet(?)", [parquet]).fetchall()
        (wanted,) = duckdb.execute("SELECT count(*) FROM read_csv(?, all_varchar = true)", [text]).fetchall()
        assert found == wanted, (name, found, wanted)
    return f"{points_said(count)}; as many rows as in each CSV file"


@check("measurements", named("duckdb"))
def measurements(exported: Exported) -> str:
    import duckdb

    query = "SELECT image, measurement, value FROM read_csv(?) WHERE measurement = 'lung_area_ratio'"
    rows = duckdb.execute(query, [str(exported.out / "measurements.csv")]).fetchall()
    sums = {image.name: image.masks for image in exported.images}
    for name, _, value in rows:
        ratio = sums[name]["right_lung"].sum() / sums[name]["left_lung"].sum()
        assert abs(ratio - value) < 0.02 * ratio, (name, ratio, value)
    return f"{len(rows)} ratios of lung areas as counted in pixels"


@check("regions", named("shapely"))
def regions(exported: Exported) -> str:
    import shapely

    with (exported.out / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    count = 0
    for row in rows:
        shape = shapely.from_wkt(row["outline"])
        if row["area_unit"] == "px2":
            assert abs(shape.area - float(row["area"])) <= 1e-3 * shape.area
            count += 1
    return f"{len(rows)} outlines; {count} areas as computed there"


@check("deeplabcut", named("sleap-io"))
def deeplabcut(exported: Exported) -> str:
    import sleap_io

    folder = exported.beside("deeplabcut") / "films"  # it leaves out rows whose picture is not there
    shutil.copytree(exported.films, folder)
    shutil.copy(exported.out / "deeplabcut.csv", folder)
    labels = sleap_io.load_dlc(str(folder / "deeplabcut.csv"))
    assert {node.name for node in labels.skeletons[0].nodes} == set(exported.landmarks)
    names = [node.name for node in labels.skeletons[0].nodes]
    by_name = {str(Path(frame.video.filename[frame.frame_idx]).relative_to(folder)): frame for frame in labels}
    count = 0
    for image in exported.images:
        points = by_name[image.name].instances[0].numpy()
        found = {n: tuple(xy) for n, xy in zip(names, points, strict=True) if np.isfinite(xy).all()}
        count += same_places(found, image)
    return points_said(count)


@check("yolo-pose", named("sleap-io"))
def yolo_pose(exported: Exported) -> str:
    from sleap_io.io import ultralytics

    folder = exported.out / "yolo-pose"
    skeleton = ultralytics.create_skeleton_from_config(ultralytics.parse_data_yaml(folder / "data.yaml"))
    assert len(skeleton.nodes) == len(exported.landmarks)
    count = 0
    for image in exported.images:
        path = folder / "labels" / f"{image.stem}.txt"
        instances, _, _ = ultralytics.parse_label_file(path, skeleton, (image.height, image.width))
        (instance,) = instances
        points = instance.numpy()
        found = {exported.landmarks[k]: tuple(xy - 0.5) for k, xy in enumerate(points) if np.isfinite(xy).all()}
        count += same_places(found, image, inside=True)
    return points_said(count)


@check("csv-wide", "Python's csv module")
def wide(exported: Exported) -> str:
    with (exported.out / "landmarks_wide.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    count = 0
    for image, row in zip(exported.images, rows, strict=True):
        assert row["image"] == image.name
        cells = {name: (row[f"{name}_x"], row[f"{name}_y"]) for name in exported.landmarks}
        found = {name: (float(x), float(y)) for name, (x, y) in cells.items() if x}
        count += same_places(found, image)
    return points_said(count)


@check("tps", "geomorph's rules by hand (readland.tps, negNA)")
def tps(exported: Exported) -> str:
    """Blocks of LP=n, n lines, then keys; SCALE in all or none; -1 is missing; y upward from the lower edge."""
    lines = (exported.out / "landmarks.tps").read_text("utf-8").splitlines()
    count, scaled, at = 0, set(), 0
    for number, image in enumerate(exported.images):
        assert lines[at] == f"LP={len(exported.landmarks)}"
        points = [tuple(map(float, line.split())) for line in lines[at + 1 : at + 1 + len(exported.landmarks)]]
        at += 1 + len(points)
        keys = {}
        while at < len(lines) and not lines[at].startswith("LP="):
            key, _, value = lines[at].partition("=")
            keys[key], at = value, at + 1
        assert (keys["IMAGE"], keys["ID"]) == (image.name, str(number))
        scaled.add("SCALE" in keys)
        placed = zip(exported.landmarks, points, strict=True)
        found = {n: (x - 0.5, image.height - y - 0.5) for n, (x, y) in placed if (x, y) != (-1, -1)}
        count += same_places(found, image)
    assert scaled == {False}  # not every image has a known spacing
    return f"{points_said(count)}; no SCALE, since not every image has one"


@check("mrk-json", "rules of Slicer's markups schema 1.0.3 by hand")
def markups(exported: Exported) -> str:
    count = 0
    for image in exported.images:
        file = json.loads((exported.out / "mrk-json" / f"{image.stem}.mrk.json").read_text("utf-8"))
        (markup,) = file["markups"]
        assert file["@schema"].endswith("markups-schema-v1.0.3.json#")
        assert (markup["type"], markup["coordinateSystem"]) == ("Fiducial", "LPS")
        found = {}
        for point in markup["controlPoints"]:
            assert point["positionStatus"] in ("defined", "undefined")
            assert ("position" in point) == (point["positionStatus"] == "defined")
            if "position" in point and point["label"] in exported.landmarks:
                x, y, z = point["position"]
                assert z == 0
                found[point["label"]] = x / image.step[0], y / image.step[1]
        count += same_places(found, image)
    return points_said(count)


@check("labelme", "half a pixel from the corner, as labelme counts")
def labelme(exported: Exported) -> str:
    count = 0
    for image in exported.images:
        file = json.loads((exported.out / "labelme" / f"{image.stem}.json").read_text("utf-8"))
        points = {s["label"]: s["points"][0] for s in file["shapes"] if s["shape_type"] == "point"}
        found = {name: tuple(np.subtract(xy, 0.5)) for name, xy in points.items() if name in exported.landmarks}
        count += same_places(found, image)
    return points_said(count)
