"""Every format gives the same outlines of the same drawing; bad input is told with the file's name."""

import json

import imageio.v3 as imageio
import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.training.annotations.registry import READERS, read_annotations
from app.training.outline import signed_area

HEIGHT, WIDTH = 60, 80
TALL = np.array([(10.0, 8.0), (30.0, 11.0), (33.0, 50.0), (12.0, 44.0)])
SMALL = np.array([(45.0, 20.0), (60.0, 18.0), (66.0, 35.0), (50.0, 38.0)])
PIECE = np.array([(46.0, 44.0), (62.0, 46.0), (58.0, 54.0), (47.0, 52.0)])
DRAWN = {"radius": [TALL], "os lunatum": [SMALL, PIECE]}


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    imageio.imwrite(path, np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH))


def mask_of(polygons):
    return np.any([polygon2mask((HEIGHT, WIDTH), each[:, ::-1]) for each in polygons], axis=0)


def write_labelme(folder):
    picture(folder / "a.png")
    shapes = [
        {"label": name, "points": (each + 0.5).tolist(), "shape_type": "polygon", "group_id": 3}
        for name, polygons in DRAWN.items()
        for each in polygons
    ]
    shapes.append({"label": "note", "points": [[3, 3]], "shape_type": "point"})
    (folder / "a.json").write_text(json.dumps({"shapes": shapes, "imagePath": "..\\else\\a.png"}))


def write_label_maps(folder):
    picture(folder / "imagesTr" / "a_0000.png")
    (folder / "labelsTr").mkdir()
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number, polygons in enumerate(DRAWN.values(), 1):
        labels[mask_of(polygons)] = number
    imageio.imwrite(folder / "labelsTr" / "a.png", labels)
    names = {"background": 0, "radius": 1, "os lunatum": 2, "all bones": [1, 2]}
    (folder / "dataset.json").write_text(json.dumps({"labels": names}))


def write_masks(folder):
    picture(folder / "images" / "a.png")
    (folder / "masks" / "a").mkdir(parents=True)
    for name, polygons in DRAWN.items():
        imageio.imwrite(folder / "masks" / "a" / f"{name}.png", mask_of(polygons).astype(np.uint8) * 255)


def write_coco(folder):
    picture(folder / "images" / "a.png")
    runs = np.flatnonzero(np.diff(np.concatenate([[0], mask_of([TALL]).T.ravel(), [0]]).astype(int)))
    counts = np.diff([0, *runs, HEIGHT * WIDTH]).tolist()
    (folder / "instances.json").write_text(
        json.dumps(
            {
                "images": [{"id": 7, "file_name": "a.png", "height": HEIGHT, "width": WIDTH}],
                "categories": [{"id": 2, "name": "radius"}, {"id": 5, "name": "os lunatum"}],
                "annotations": [
                    {"image_id": 7, "category_id": 2, "segmentation": {"counts": counts, "size": [HEIGHT, WIDTH]}},
                    {
                        "image_id": 7,
                        "category_id": 5,
                        "segmentation": [(each + 0.5).ravel().tolist() for each in (SMALL, PIECE)],
                    },
                ],
            }
        )
    )


def write_cvat(folder):
    picture(folder / "images" / "a.png")
    left, top, mask = 8, 6, mask_of([TALL])[6:52, 8:36]
    runs = np.flatnonzero(np.diff(np.concatenate([[0], mask.ravel(), [0]]).astype(int)))
    rle = ", ".join(map(str, np.diff([0, *runs, mask.size])))
    polygons = "".join(
        f'<polygon label="os lunatum" points="{";".join(f"{x + 0.5},{y + 0.5}" for x, y in each)}"/>'
        for each in (SMALL, PIECE)
    )
    (folder / "annotations.xml").write_text(
        f'<annotations><image id="0" name="a.png" width="{WIDTH}" height="{HEIGHT}">'
        f'<mask label="radius" rle="{rle}" left="{left}" top="{top}" width="28" height="46"/>{polygons}'
        "</image></annotations>"
    )


def write_landmarks(folder):
    picture(folder / "a.png")
    rows = [
        f"a.png,{name},{name}_{k},{x},{y}" for name, polygons in DRAWN.items() for k, (x, y) in enumerate(polygons[0])
    ]
    (folder / "landmarks.csv").write_text(
        "\n".join(["image,structure,landmark,x_px,y_px", *rows, "a.png,radius,gone,,"])
    )


WRITERS = {
    "labelme": write_labelme,
    "label_maps": write_label_maps,
    "mask_files": write_masks,
    "coco": write_coco,
    "cvat": write_cvat,
    "landmark_table": write_landmarks,
}


def test_each_format_is_tried():
    known = {reader.__name__.rsplit(".", 1)[-1] for reader in READERS}
    assert known == {*WRITERS, "graz"}  # which is no format of others, and has tests of its own


@pytest.mark.parametrize("name", WRITERS)
def test_outlines_lie_where_they_were_drawn(name, tmp_path):
    WRITERS[name](tmp_path)
    found = read_annotations(tmp_path)
    (image,) = found.images
    assert image.path.name in ("a.png", "a_0000.png")
    assert found.numbered == (name == "landmark_table")
    assert {"radius", "os lunatum"} <= set(found.structures) <= {"radius", "os lunatum", "all bones"}
    for structure, polygons in DRAWN.items():
        pieces = image.pieces[structure]
        wanted = polygons[:1] if found.numbered else polygons
        assert len(pieces) == len(wanted)
        by_place = sorted(pieces, key=lambda each: each[:, 1].mean())
        for piece, polygon in zip(by_place, sorted(wanted, key=lambda each: each[:, 1].mean()), strict=True):
            np.testing.assert_allclose(piece.mean(axis=0).round(), piece.mean(axis=0), atol=0.5)
            low, high = polygon.min(axis=0), polygon.max(axis=0)
            np.testing.assert_allclose([*piece.min(axis=0), *piece.max(axis=0)], [*low, *high], atol=0.76)
            assert abs(signed_area(piece)) == pytest.approx(abs(signed_area(polygon)), rel=0.05)
    if name == "label_maps":
        assert len(image.pieces["all bones"]) == 3


def test_a_hole_is_no_piece(tmp_path):
    write_masks(tmp_path)
    ring = mask_of([TALL])
    ring[20:30, 18:24] = False
    imageio.imwrite(tmp_path / "masks" / "a" / "radius.png", ring.astype(np.uint8) * 255)
    assert len(read_annotations(tmp_path).images[0].pieces["radius"]) == 1


def broken(folder, name, change):
    WRITERS[name](folder)
    change(folder)
    return folder


def rewrite(file, old, new):
    def change(folder):
        path = folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("labelme", lambda f: (f / "a.png").unlink(), r"The image of a\.json \(a\.png\) is not beside it"),
        ("labelme", rewrite("a.json", '"radius"', '"../radius"'), "a.json calls a structure"),
        ("labelme", rewrite("a.json", "10.5, 8.5", "10.5, NaN"), "a.json: the outline of radius needs three points"),
        ("labelme", rewrite("a.json", '{"shapes": [', '{"shapes": '), "a.json is no JSON file"),
        ("label_maps", lambda f: (f / "dataset.json").unlink(), r"no dataset\.json"),
        ("label_maps", rewrite("dataset.json", ', "os lunatum": 2, "all bones": [1, 2]', ""), "a holds 2"),
        (
            "mask_files",
            lambda f: (f / "images" / "a.png").rename(f / "images" / "b.png"),
            "has no image “radius”|has no image",
        ),
        (
            "coco",
            rewrite("instances.json", '"category_id": 5', '"category_id": 6'),
            "instances.json is no whole COCO file: 6",
        ),
        ("coco", rewrite("instances.json", "a.png", "c.png"), r"The image c\.png of the COCO file"),
        ("cvat", rewrite("annotations.xml", "<annotations>", "<!DOCTYPE a><annotations>"), "declares a document type"),
        ("cvat", rewrite("annotations.xml", "</image>", ""), r"annotations\.xml is no XML file"),
        ("landmark_table", rewrite("landmarks.csv", "x_px", "x"), r"landmarks\.csv has no column x_px"),
        (
            "landmark_table",
            rewrite("landmarks.csv", "a.png,radius", "d.png,radius"),
            r"three points at least|image d\.png",
        ),
    ],
)
def test_bad_input_is_told(name, change, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        read_annotations(broken(tmp_path, name, change))


def test_a_folder_without_annotations_is_told_what_it_may_hold(tmp_path):
    with pytest.raises(ValueError, match=r"holds no annotations that are known\. It may hold: .*LabelMe"):
        read_annotations(tmp_path)
    with pytest.raises(ValueError, match="There is no folder"):
        read_annotations(tmp_path / "none")
