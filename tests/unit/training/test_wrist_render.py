"""Rendered wrist radiographs, from an invented hand of ellipses."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.training.wrist_contours import BONES, MM_PER_PIXEL, read_wrists
from app.training.wrist_render import clip_polygon, main, write_wrists
from app.training.wrist_shapes import TRACED, Variation, vary

WIDTH, HEIGHT = 640, 1000
CENTRES = {  # centre, half axes in pixels and turn in degrees; a left hand, the thumb on the right
    "radius_epiphysis": (385, 585, 62, 14, 0),
    "lunate": (330, 520, 30, 20, 10),
    "hamate": (280, 430, 30, 38, 0),
    "capitate": (345, 425, 29, 46, 5),
    "metacarpal_1": (540, 320, 26, 100, 35),
    "metacarpal_2": (420, 230, 27, 150, 8),
    "metacarpal_3": (345, 220, 26, 155, 0),
    "metacarpal_4": (275, 240, 23, 140, -8),
    "metacarpal_5": (210, 270, 22, 120, -18),
}


def ellipse(x: float, y: float, a: float, b: float, degrees: float) -> np.ndarray:
    """Outline [30, 2] of a turned ellipse."""
    turn, angle = np.linspace(0, 2 * np.pi, 30, endpoint=False), np.radians(degrees)
    across, down = a * np.cos(turn), b * np.sin(turn)
    return np.stack(
        [x + across * np.cos(angle) - down * np.sin(angle), y + across * np.sin(angle) + down * np.cos(angle)], -1
    )


def entry(name: str, side: str | None = "left", age: float | None = 9, mirrored: bool = False, **changes) -> dict:
    """One invented contour set as the file has it; `mirrored` turns it into the other hand."""
    bones = {bone: [ellipse(*shape)] for bone, shape in CENTRES.items()}
    bones["radius"] = [np.array([[325, 615], [445, 610], [440, 660], [420, 760], [415, 1000], [335, 1000], [345, 760]])]
    bones["ulna"] = [np.array([[215, 640], [285, 635], [275, 720], [270, 1000], [205, 1000], [212, 720]])]
    bones |= changes
    if mirrored:
        bones = {bone: [piece * (-1, 1) + (WIDTH, 0) for piece in pieces] for bone, pieces in bones.items()}
    traced = {bone: [np.asarray(piece, float).tolist() for piece in pieces] for bone, pieces in bones.items() if pieces}
    return {"image": name, "width": WIDTH, "height": HEIGHT, "side": side, "age_years": age, "bones": traced}


def write_data(folder: Path, train: list[dict], val: list[dict] | None = None, lateral: str = "none") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "train.json").write_text(json.dumps(train), encoding="utf-8")
    (folder / "val.json").write_text(json.dumps(val or train[:1]), encoding="utf-8")
    (folder / "facts.csv").write_text(f"image,projection\n{lateral},lateral\nother,AP\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("wrist"), [entry("a"), entry("b", "right", 10, mirrored=True)])


@pytest.fixture(scope="module")
def drawn(data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[np.ndarray, dict]]:
    """Twelve pictures with their LabelMe files."""
    paths = write_wrists(data, tmp_path_factory.mktemp("drawn"), 12, "train", 5)
    return [
        (cv2.imread(str(path), cv2.IMREAD_UNCHANGED), json.loads(path.with_suffix(".json").read_text()))
        for path in paths
    ]


def centred(outline: list[list[float]]) -> np.ndarray:
    """LabelMe's points, which count from the corner, with the first pixel's centre as 0."""
    return np.asarray(outline, float) - 0.5


def test_right_hands_become_left_ones(data: Path) -> None:
    left, right = read_wrists(data, "train")
    assert set(left.bones) == set(right.bones)
    for bone in left.bones:
        np.testing.assert_allclose(left.bones[bone][0], right.bones[bone][0])
    assert left.all_points(("radius",))[:, 0].mean() > left.all_points(("ulna",))[:, 0].mean()
    np.testing.assert_allclose(left.all_points(("lunate",)).mean(0), np.array([330, 520]) * MM_PER_PIXEL)


def test_a_hand_of_unknown_side_is_told_by_its_forearm(tmp_path: Path) -> None:
    folder = write_data(tmp_path / "d", [entry("a", None), entry("b", None, mirrored=True)])
    left, right = read_wrists(folder, "train")
    np.testing.assert_allclose(left.bones["capitate"][0], right.bones["capitate"][0])


def test_lateral_ones_and_those_without_a_forearm_are_left_out(tmp_path: Path) -> None:
    sets = [entry("a"), entry("side"), entry("no radius", radius=[]), entry("no ulna", ulna=[])]
    assert [wrist.name for wrist in read_wrists(write_data(tmp_path / "d", sets, lateral="side"), "train")] == ["a"]


def test_metacarpals_counted_from_the_wrong_end_are_renamed(tmp_path: Path) -> None:
    swapped = {f"metacarpal_{k}": [ellipse(*CENTRES[f"metacarpal_{6 - k}"])] for k in range(1, 6)}
    right, wrong = read_wrists(write_data(tmp_path / "d", [entry("a"), entry("b", **swapped)]), "train")
    for k in range(1, 6):
        np.testing.assert_allclose(right.bones[f"metacarpal_{k}"][0], wrong.bones[f"metacarpal_{k}"][0])


@pytest.mark.parametrize("missing", ["train.json", "facts.csv"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_data(tmp_path / "d", [entry("a")])
    (folder / missing).unlink()
    with pytest.raises(SystemExit) as stopped:
        main(["--data", str(folder), "--out", str(tmp_path / "out"), "--count", "1"])
    assert stopped.value.code == 1
    assert missing in capsys.readouterr().err


def test_pictures_are_deterministic_and_do_not_depend_on_their_number(data: Path, tmp_path: Path) -> None:
    two, three, other = (
        [
            (path.read_bytes(), path.with_suffix(".json").read_bytes())
            for path in write_wrists(data, folder, n, "train", s)
        ]
        for folder, n, s in ((tmp_path / "2", 2, 7), (tmp_path / "3", 3, 7), (tmp_path / "other", 2, 8))
    )
    assert three[:2] == two
    assert two[0] != two[1]
    assert other[0] != two[0]


def test_pictures_have_sixteen_bits_and_a_usual_size(drawn: list[tuple[np.ndarray, dict]]) -> None:
    for picture, labels in drawn:
        assert picture.dtype == np.uint16
        assert picture.shape == (labels["imageHeight"], labels["imageWidth"])
        assert 500 <= picture.shape[0] <= 900
        assert picture.max() > picture.min()


def test_missing_bones_stay_missing_and_pieces_share_a_group(drawn: list[tuple[np.ndarray, dict]]) -> None:
    present = {"radius", "ulna", *CENTRES}
    for _, labels in drawn:
        shapes = labels["shapes"]
        assert {shape["label"] for shape in shapes} <= present
        assert {"radius", "ulna", "lunate", "capitate"} <= {shape["label"] for shape in shapes}
        assert all(shape["group_id"] == BONES.index(shape["label"]) + 1 for shape in shapes)


def test_a_broken_bone_keeps_its_pieces(tmp_path: Path) -> None:
    halves = [ellipse(330, 505, 24, 9, 0), ellipse(330, 535, 24, 9, 0)]
    folder = write_data(tmp_path / "d", [entry("a", lunate=halves)])
    (path,) = write_wrists(folder, tmp_path / "out", 1, "train", 0)
    shapes = json.loads(path.with_suffix(".json").read_text())["shapes"]
    assert len([shape for shape in shapes if shape["label"] == "lunate"]) == 2
    assert len({shape["group_id"] for shape in shapes if shape["label"] == "lunate"}) == 1


def test_contours_end_at_the_border_and_the_shaft_reaches_it(drawn: list[tuple[np.ndarray, dict]]) -> None:
    for picture, labels in drawn:
        for shape in labels["shapes"]:
            points = np.array(shape["points"])
            assert points.min() >= 0
            assert (points.max(0) <= picture.shape[::-1]).all()
            if shape["label"] == "radius":
                assert points[:, 1].max() == picture.shape[0] or points[:, 0].max() == picture.shape[1]


def test_a_clipped_polygon_covers_the_same_pixels() -> None:
    outline = ellipse(20, 12, 31, 17, 25)
    inside = polygon2mask((60, 80), outline[:, ::-1] + 15)[15:45, 15:55]
    clipped = clip_polygon(outline, (30, 40))
    assert clipped.min() >= -0.5
    np.testing.assert_array_equal(polygon2mask((30, 40), clipped[:, ::-1]), inside)
    assert len(clip_polygon(outline + 200, (30, 40))) == 0


def shares_brighter_than_around(drawn: list[tuple[np.ndarray, dict]]) -> dict[str, float]:
    """Share of pictures in which a bone is brighter than what lies 1 to 2.5 mm outside all bones around it."""
    won: dict[str, list[bool]] = {}
    for picture, labels in drawn:
        masks = {s["label"]: polygon2mask(picture.shape, centred(s["points"])[:, ::-1]) for s in labels["shapes"]}
        every = np.any(list(masks.values()), axis=0)
        for bone, mask in masks.items():
            far = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) * labels["mm_per_pixel"]
            around = (far > 1) & (far < 2.5) & ~every
            if mask.sum() > 300 and around.sum() > 100:
                won.setdefault(bone, []).append(np.median(picture[mask]) > np.median(picture[around]))
    return {bone: float(np.mean(each)) for bone, each in won.items()}


def test_bones_are_brighter_than_what_lies_around_them(drawn: list[tuple[np.ndarray, dict]]) -> None:
    shares = shares_brighter_than_around(drawn)
    assert {"radius", "ulna", "capitate", "metacarpal_3"} <= set(shares)
    assert all(share >= 0.75 for share in shares.values()), shares
    assert np.mean(list(shares.values())) > 0.9


def test_contours_lie_on_edges_and_nowhere_better(drawn: list[tuple[np.ndarray, dict]]) -> None:
    """Mean edge strength along all contours is highest where they are, not 1.5 mm beside in any direction."""
    shifts = [np.zeros(2), *(1.5 * np.array([np.cos(a), np.sin(a)]) for a in np.arange(0, 2 * np.pi, np.pi / 3))]
    strength = np.zeros((len(drawn), len(shifts)))
    for index, (picture, labels) in enumerate(drawn):
        grey = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.25 / labels["mm_per_pixel"])
        edges = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        edges /= edges.mean()
        for k, shift in enumerate(shifts):
            points = np.concatenate([s["points"] for s in labels["shapes"]]) - 0.5 + shift / labels["mm_per_pixel"]
            x, y = np.round(points).astype(int).T
            kept = (x > 8) & (y > 8) & (x < picture.shape[1] - 9) & (y < picture.shape[0] - 9)
            strength[index, k] = edges[y[kept], x[kept]].mean()
    best = strength.mean(0)
    assert (best[0] > 1.3 * best[1:]).all(), best
    assert (strength[:, 0] > strength[:, 1:].mean(1)).mean() >= 0.9


def test_validation_pictures_keep_the_traced_shapes(data: Path, tmp_path: Path) -> None:
    """Two looks at each set; areas in mm² are those of the ellipses, which no deformation touches."""
    paths = write_wrists(data, tmp_path / "val", 100, "val", 0)
    assert len(paths) == 2
    checked = 0
    for path in paths:
        labels = json.loads(path.with_suffix(".json").read_text())
        for shape in labels["shapes"]:
            if shape["label"] in ("lunate", "capitate", "hamate") and np.min(shape["points"]) > 0:
                checked += 1
                mask = np.zeros((labels["imageHeight"], labels["imageWidth"]), np.uint8)
                area = polygon2mask(mask.shape, centred(shape["points"])[:, ::-1]).sum() * labels["mm_per_pixel"] ** 2
                _, _, a, b, _ = CENTRES[shape["label"]]
                assert area == pytest.approx(np.pi * a * b * MM_PER_PIXEL**2, rel=0.04)
    assert checked >= 3


def test_a_metacarpal_that_was_cut_gets_a_head_and_others_stay(tmp_path: Path) -> None:
    high = ellipse(345, 60, 26, 155, 0)  # its upper end lies above the radiograph
    cut = high[high[:, 1] > 0]
    cut = np.concatenate([[[cut[cut[:, 1] < 60][:, 0].min(), 0]], [[cut[cut[:, 1] < 60][:, 0].max(), 0]], cut[:16]])
    folder = write_data(tmp_path / "d", [entry("a", metacarpal_3=[cv2.convexHull(cut.astype(np.float32))[:, 0]])])
    (wrist,) = read_wrists(folder, "train")
    varied = vary(wrist, [wrist], np.random.default_rng(0), TRACED)
    grown = varied.all_points(("metacarpal_3",))
    assert grown[:, 1].min() < -0.5
    assert np.ptp(grown[grown[:, 1] < grown[:, 1].min() + 0.1][:, 0]) < 0.75 * np.ptp(cut[:2, 0]) * MM_PER_PIXEL
    before, after = wrist.all_points(("metacarpal_2",)), varied.all_points(("metacarpal_2",))
    np.testing.assert_allclose([after.min(0), after.max(0)], [before.min(0), before.max(0)], atol=0.2)


def test_variation_moves_bones_but_not_far(data: Path) -> None:
    wrist, other = read_wrists(data, "train")
    for seed in range(6):
        varied = vary(wrist, [wrist, other], np.random.default_rng(seed), Variation())
        for bone in ("lunate", "capitate", "hamate"):
            gap = np.linalg.norm(varied.all_points((bone,)).mean(0) - wrist.all_points((bone,)).mean(0))
            assert 0.05 < gap < 20
            spread = np.ptp(varied.all_points((bone,)), axis=0) / np.ptp(wrist.all_points((bone,)), axis=0)
            assert (spread > 0.6).all()
            assert (spread < 1.6).all()
