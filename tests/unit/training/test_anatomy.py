"""An anatomy of drawn contours: template, spacing, what is missing, pictures that are not square, a run end to end."""

import json

import imageio.v3 as imageio
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from app.cli.main import run
from app.core.frame import Frame
from app.io.bundle import read_bundle
from app.training.anatomy import NOMINAL_MM, read_anatomy
from app.training.anatomy_run import network_shape
from app.training.augment import Strength, make_batch
from app.training.dataset import Grids, build
from app.training.rendered_folder import render_folder

ANGLE = np.linspace(0, 2 * np.pi, 60, endpoint=False)


def blob(x, y, wide, high, rng):
    """A drawn shape without symmetry, from a random start and in a random direction."""
    radius = 1 + 0.25 * np.cos(ANGLE + 0.5) + 0.12 * np.cos(3 * ANGLE)
    points = np.roll(
        np.c_[x + wide * radius * np.cos(ANGLE), y + high * radius * np.sin(ANGLE)], int(rng.integers(60)), axis=0
    )
    return points[::-1] if rng.random() < 0.5 else points


def write(folder, number, rng, missing=(), spacing=None):
    """One picture of 150 x 90 pixels with three structures, the third cut by the lower border."""
    size = rng.uniform(0.9, 1.1)
    drawn = {
        "first": blob(30, 30, 12 * size, 16 * size, rng),
        "second": blob(60, 50, 14 * size, 10 * size, rng),
        "third": blob(45, 140, 16 * size, 40 * size, rng),
    }
    drawn["third"][:, 1] = drawn["third"][:, 1].clip(max=149.4)
    picture = rng.integers(20, 60, (150, 90)).astype(np.uint8)
    shapes = []
    for name, points in drawn.items():
        if name not in missing:
            rows, columns = np.mgrid[:150, :90]
            picture[np.hypot((columns - points[:, 0].mean()) / 12, (rows - points[:, 1].mean()) / 12) < 1] += 120
            shapes.append({"label": name, "points": (points + 0.5).tolist(), "shape_type": "polygon"})
    folder.mkdir(parents=True, exist_ok=True)
    imageio.imwrite(folder / f"p{number}.png", picture)
    data = {"shapes": shapes, "imagePath": f"p{number}.png"} | ({"mm_per_pixel": spacing} if spacing else {})
    (folder / f"p{number}.json").write_text(json.dumps(data))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("anatomy")
    for number in range(10):
        rng = np.random.default_rng(number)
        write(out, number, rng, missing=("second",) if number in (2, 4) else (), spacing=0.5)
    return out


@pytest.fixture(scope="module")
def anatomy(folder):
    return read_anatomy(folder, "thing", None, lambda _: None)


def test_every_fifth_image_validates_and_mm_are_those_of_the_files(anatomy):
    assert [path.stem for path in anatomy.val.images] == ["p4", "p9"]
    assert anatomy.spacing_known
    first = anatomy.template.structures[0]
    assert (first.name, first.title) == ("first", "First")
    np.testing.assert_allclose(np.ptp(first.outline, axis=0), np.array([24, 32]) * 0.5 * 1.14, rtol=0.15)
    assert anatomy.proportion == pytest.approx(150 / 90)


def test_what_is_missing_or_cut_is_not_seen_but_has_a_place(anatomy):
    of = anatomy.train
    second = of.slices[1]
    assert not of.seen[2, second].any()
    assert of.seen[0, second].all()
    assert np.isfinite(of.points).all()
    third = of.slices[2]
    cut = ~of.seen[0, third]
    assert 1 <= cut.sum() <= 0.6 * len(cut)
    frame = Frame(150, 90, 150, 90)
    masks = of.masks(2, frame)
    assert not masks[1].any()
    assert masks[0].sum() > 300


def test_targets_of_pictures_that_are_not_square_lie_on_one_another(anatomy):
    height, width = network_shape(96, anatomy.proportion)
    assert (height, width) == (128, 64)
    examples = build(anatomy.template, anatomy.train_pictures, anatomy.train, Grids.of(height, width))
    batch = make_batch(examples, np.arange(4), (height, width), Strength(intensity=0), np.random.default_rng(4))
    assert batch.image.shape == (4, 1, height, width)
    assert not batch.visible[2, anatomy.train.slices[1]].any()
    wanted = torch.from_numpy(np.concatenate([s.outline_uv for s in anatomy.template.structures])).float()
    for c, (structure, part) in enumerate(zip(anatomy.template.structures, anatomy.train.slices, strict=True)):
        visible = batch.visible[:, part].numpy()
        sampled = F.grid_sample(batch.uv[:, c], batch.landmarks[:, None, part], align_corners=False)[:, :, 0]
        away = (sampled.transpose(1, 2) - wanted[part]).numpy() * structure.half_size_mm
        assert np.median(np.linalg.norm(away, axis=-1)[visible]) < 1.0
        mask = F.grid_sample(batch.masks[:, c, None], batch.landmarks[:, None, part], align_corners=False)[:, 0, 0]
        assert 0.2 < mask[batch.visible[:, part]].mean() < 0.8


def test_a_turn_of_the_picture_keeps_its_angles(anatomy):
    """A square of contour points stays one: shares of unequal sides must not be turned as if they were equal."""
    examples = build(anatomy.template, anatomy.train_pictures, anatomy.train, Grids.of(128, 64))
    turned = Strength(rotation_degrees=40, shift=0, scale=0, aspect=0, elastic=0, intensity=0)
    batch = make_batch(examples, np.array([0]), (128, 64), turned, np.random.default_rng(3))
    before, after = (np.asarray(each) * (32, 64) for each in (examples.landmarks[0], batch.landmarks[0]))
    lengths = [np.linalg.norm(each[:30] - each[30:60], axis=-1) for each in (before, after)]
    np.testing.assert_allclose(lengths[0], lengths[1], rtol=1e-3)
    assert np.abs(before - after).max() > 5


def test_without_a_spacing_the_template_has_a_nominal_size(tmp_path):
    for number in range(6):
        write(tmp_path, number, np.random.default_rng(number))
    found = read_anatomy(tmp_path, "thing", None, lambda _: None)
    mean = np.concatenate([s.outline for s in found.template.structures])
    assert not found.spacing_known
    assert np.linalg.norm(np.ptp(mean, axis=0)) == pytest.approx(NOMINAL_MM)
    given = read_anatomy(tmp_path, "thing", 0.2, lambda _: None)
    assert given.spacing_known
    np.testing.assert_allclose(given.train.mm, 0.2)


def test_rare_structures_are_told_and_few_images_refused(tmp_path):
    for number in range(6):
        write(tmp_path, number, np.random.default_rng(number), missing=("second",) if number > 1 else ())
    said = []
    found = read_anatomy(tmp_path, "thing", 0.2, said.append)
    assert [s.name for s in found.template.structures] == ["first", "third"]
    assert said == ["“second” is outlined in 2 training images; 4 are needed, so it is left out."]
    few = tmp_path / "few"
    for number in range(4):
        write(few, number, np.random.default_rng(number))
    with pytest.raises(ValueError, match="has 4 annotated images; training needs 4 at least, and one more"):
        read_anatomy(few, "thing", 0.2, said.append)


@pytest.mark.parametrize(
    ("size", "proportion", "shape"), [(288, 1.71, (384, 224)), (256, 1.0, (256, 256)), (128, 0.5, (96, 192))]
)
def test_the_networks_shape_follows_the_images(size, proportion, shape):
    assert network_shape(size, proportion) == shape


def test_from_contours_to_a_landmark_in_every_image(tmp_path):
    """The walk-through of docs/new_anatomy.md, in seconds: too short to be good, but everything is there."""
    data, out = tmp_path / "data", tmp_path / "torso"
    render_folder(data, 6, shape=(96, 96))
    (data / "LICENSE.md").write_text("Rendered by us: do as you like.\n")
    (data / "NOTE.md").write_text("No patient was near.\n")
    wanted = {"anatomy": "torso", "measurements": [{"name": "size", "formula": "area(heart)"}]}
    (data / "measurements.json").write_text(json.dumps(wanted))
    options = ["--minutes", "0.02", "--size", "64", "--threads", "1", "--encoding", "polar"]
    assert run(["train", "--data", str(data), "--out", str(out), *options]) == 0
    bundle = read_bundle(out / "bundle")
    assert (bundle.name, bundle.anatomy, bundle.network["encoding"]) == ("torso", "torso", "polar")
    assert [s.name for s in bundle.template.structures] == ["right_lung", "left_lung", "heart"]
    assert bundle.prior is not None
    card = (out / "bundle" / "MODEL_CARD.md").read_text("utf-8")
    assert "modes hold 95 % of the variance" in card
    assert "No patient was near." in card
    assert (out / "bundle" / "LICENSE.md").read_text() == "Rendered by us: do as you like.\n"
    assert [each.name for each in bundle.measurements.measurements] == ["size"]
    assert "| right lung | 1 |" in card
    marks = tmp_path / "marks"
    words = ["propagate", str(data), "--model", str(out / "bundle"), "--out", str(marks)]
    assert run([*words, "--landmark", "hilum=right_lung:0.4,-0.1"]) == 0
    lines = (marks / "landmarks.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + 6
    figures = json.loads((out / "evaluation.json").read_text("utf-8"))
    assert figures["images"] == 1
    assert set(figures["structures"]) == {"right_lung", "left_lung", "heart"}


def test_a_run_on_other_images_is_not_gone_on_with(folder, tmp_path, capsys):
    words = ["train", "--out", str(tmp_path / "out"), "--minutes", "0.5", "--leg-minutes", "0.01", "--size", "64"]
    assert run([*words, "--data", str(folder), "--threads", "1"]) == 0
    assert "The schedule is not complete; call again to go on." in capsys.readouterr().err
    other = tmp_path / "other"
    for number in range(7):
        write(other, number, np.random.default_rng(number), spacing=0.5)
    assert run([*words, "--data", str(other)]) == 1
    assert "holds a run on other images, or of another size or encoding" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--fold", "1"], "--fold is for the chest data"),
        (["--encoding", "spherical"], "--encoding is cartesian or polar, not “spherical”"),
    ],
)
def test_what_does_not_fit_a_new_anatomy_is_told(folder, tmp_path, capsys, options, sentence):
    assert run(["train", "--data", str(folder), "--out", str(tmp_path / "out"), *options]) == 2
    assert sentence in capsys.readouterr().err


def test_coarse_targets_lie_where_fine_ones_do_in_a_quarter_of_the_memory(anatomy):
    fine, coarse = (
        build(anatomy.template, anatomy.train_pictures[:2], anatomy.train.take([0, 1]), Grids.of(128, 64, each))
        for each in (False, True)
    )
    assert 4 * coarse.masks.numel() == fine.masks.numel()
    assert 4 * coarse.uv.numel() == fine.uv.numel()
    torch.testing.assert_close(coarse.landmarks, fine.landmarks)
    shrunk = F.avg_pool2d(fine.masks.float(), 2)
    assert (coarse.masks - shrunk).abs().mean() < 0.02
    both = (F.avg_pool2d(fine.uv.float(), 2) - coarse.uv.float()).abs()
    assert both[F.avg_pool2d(shrunk, 2).repeat_interleave(2, dim=1) == 1].mean() < 0.02


def test_structures_come_in_the_order_that_is_asked_for(folder):
    found = read_anatomy(folder, "thing", None, lambda _: None, order=["third", "nothing", "first"])
    assert [structure.name for structure in found.template.structures] == ["third", "first", "second"]


def test_weights_of_other_structures_are_no_start(folder, tmp_path, capsys):
    words = ["train", "--data", str(folder), "--out", str(tmp_path / "out"), "--minutes", "0.01", "--start", "chest"]
    assert run(words) == 1
    assert "The model chest has other structures or another network than this run" in capsys.readouterr().err
