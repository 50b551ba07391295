"""Files in the layout of the DenseSeg authors, made here: 17 bones whose points lie on their contours in no order."""

from __future__ import annotations

import pickle
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import torch

from app.core.template import Template
from app.training.anatomy import read_anatomy
from app.training.annotations import graz
from app.training.annotations.registry import read_annotations

h5py = pytest.importorskip("h5py")
MEAN, DEVIATION = 0.35, 0.23
NUMBERS = [count for _, count in graz.BONES.values()]
NAMES = [name for name, _ in graz.BONES.values()]


def bone(number: int, count: int) -> np.ndarray:
    """The contour of a bone, waisted and long for the larger ones, on the grid of 384 x 224: [count, 2], in order."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    long = 1.5 if number < 10 else 4.0
    radius = 9 * (1 + 0.25 * np.cos(2 * angle) * (number >= 10))
    x, y = radius * np.cos(angle), long * 9 * np.sin(angle)
    return np.stack([x + 25 + 38 * (number % 5), y + 40 + 85 * (number // 5)], axis=-1)


def points(seed: int) -> list[np.ndarray]:
    """All bones of one wrist, moved a little; the points of each in the same wild order for every seed."""
    rng, order = np.random.default_rng(seed), np.random.default_rng(99)
    shift, scale = rng.normal(0, 2, 2), rng.uniform(0.97, 1.03)
    return [order.permutation(bone(n, count)) * scale + shift for n, count in enumerate(NUMBERS)]


def write_storage(folder: Path, count: int = 6) -> Path:
    file = folder / "graz_img_seg_lms.h5"
    with h5py.File(file, "w") as storage:
        storage.attrs["IMG_MEAN"], storage.attrs["IMG_STD"] = MEAN, DEVIATION
        storage.attrs["NUM_LMS"], storage.attrs["BONE_LABEL"] = np.array(NUMBERS), list(graz.BONES)
        for seed in range(count):
            group = storage.create_group(f"{seed:04d}_case_WRI-L1_F010")
            grey = np.random.default_rng(seed).integers(0, 256, (384, 224)) / 255
            group.create_dataset("img", data=(grey - MEAN) / DEVIATION)
            group.create_dataset("lms", data=np.concatenate(points(seed)))
    return file


def is_ring(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether points follow one another as in a contour, wherever it begins."""
    start = int(np.argmin(np.linalg.norm(wanted - found[0], axis=1)))
    return any(
        np.allclose(found, np.roll(way, -at, axis=0))
        for way, at in ((wanted, start), (wanted[::-1], len(wanted) - 1 - start))
    )


def test_the_storage_is_read_with_pictures_and_points_in_order(tmp_path: Path) -> None:
    write_storage(tmp_path)
    found = read_annotations(tmp_path)
    assert found.numbered
    assert len(found.images) == 6
    assert found.structures == tuple(NAMES)
    image = found.images[2]
    assert image.path == tmp_path / "graz_img_seg_lms" / "0002_case_WRI-L1_F010.png"
    np.testing.assert_array_equal(
        imageio.imread(image.path), np.random.default_rng(2).integers(0, 256, (384, 224)).astype(np.uint8)
    )
    rng = np.random.default_rng(2)
    shift, scale = rng.normal(0, 2, 2), rng.uniform(0.97, 1.03)
    for number, name in enumerate(NAMES):
        assert is_ring(image.pieces[name][0], bone(number, NUMBERS[number]) * scale + shift), name
    again = found.images[4].pieces["radius"][0] - found.images[4].pieces["radius"][0].mean(axis=0)
    own = image.pieces["radius"][0] - image.pieces["radius"][0].mean(axis=0)
    np.testing.assert_allclose(again / np.linalg.norm(again), own / np.linalg.norm(own), atol=1e-9)


def test_the_landmarks_in_torch_lie_on_the_radiographs_of_any_size(tmp_path: Path) -> None:
    lists = [[torch.tensor(part[:, ::-1].copy() + 32) for part in points(seed)] for seed in range(3)]
    torch.save({"keys": ["b", "a", "nobody_has_it"], "lms": lists}, tmp_path / "lms_dsc_900.pth")
    torch.save({"keys": [], "lms": []}, tmp_path / "lms_dsc_800.pth")
    (tmp_path / "images").mkdir()
    for name, shape in (("a", (768, 448)), ("b", (384, 672))):
        imageio.imwrite(tmp_path / "images" / f"{name}.png", np.zeros(shape, np.uint8))
    found = read_annotations(tmp_path)
    assert [image.path.name for image in found.images] == ["a.png", "b.png"]
    wanted = {"a": (points(1), (2, 2)), "b": (points(0), (3, 1))}
    for image in found.images:
        parts, scale = wanted[image.path.stem]
        radius = (parts[NAMES.index("radius")] + 0.5) * scale - 0.5
        own = image.pieces["radius"][0]
        assert {tuple(point) for point in own.round(6)} == {tuple(point) for point in radius.round(6)}


def test_the_published_split_is_kept_and_an_anatomy_comes_of_it(tmp_path: Path) -> None:
    write_storage(tmp_path, 7)
    rows = [f"{seed:04d}_case_WRI-L1_F010,{part}" for seed, part in enumerate((0, 2, -1, 0, 1, 2, 0))]
    (tmp_path / graz.SPLIT).write_text("filestem,cv_test_idx\n" + "\n".join(rows) + "\n")
    assert read_annotations(tmp_path).held_out == (False, False, True, False, True, False, False)
    anatomy = read_anatomy(tmp_path, "wrist", None, lambda remark: None)
    assert (len(anatomy.train_pictures), len(anatomy.val_pictures)) == (5, 2)
    assert isinstance(anatomy.template, Template)
    assert [len(structure.outline) for structure in anatomy.template.structures] == NUMBERS
    assert sum(NUMBERS) == 710


@pytest.mark.parametrize("count", [20, 41, 80])
@pytest.mark.parametrize("long", [1.0, 3.0, 7.0])
def test_points_of_a_contour_are_put_in_its_order(count: int, long: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    curve = np.stack([(1 + 0.2 * np.cos(2 * angle)) * np.cos(angle), long * np.sin(angle)], axis=-1)
    steps = np.r_[0, np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))]
    even = curve[np.searchsorted(steps, np.linspace(0, steps[-1], count, endpoint=False))]
    shuffled = np.random.default_rng(count).permutation(count)
    ring = graz.ring_order(even[shuffled])
    assert sorted(ring) == list(range(count))
    assert is_ring(even[shuffled][ring], even)
    x, y = even[shuffled][ring].T
    assert np.dot(x, np.roll(y, -1)) > np.dot(y, np.roll(x, -1)), "always the same way round"


def test_files_that_are_not_as_described_are_told(tmp_path: Path) -> None:
    file = write_storage(tmp_path)
    with h5py.File(file, "a") as storage:
        del storage["0001_case_WRI-L1_F010/lms"]
        storage["0001_case_WRI-L1_F010"].create_dataset("lms", data=np.zeros((709, 2)))
    with pytest.raises(ValueError, match="0001_case_WRI-L1_F010 needs 710 points"):
        read_annotations(tmp_path)
    with h5py.File(file, "a") as storage:
        storage.attrs["NUM_LMS"] = np.array(NUMBERS[::-1])
    with pytest.raises(ValueError, match="other numbers of points"):
        read_annotations(tmp_path)


def test_nothing_in_a_file_of_landmarks_is_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "was_run",)

    (tmp_path / "lms_dsc_900.pth").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match="is no file of landmarks"):
        read_annotations(tmp_path)
    assert not (tmp_path / "was_run").exists()
