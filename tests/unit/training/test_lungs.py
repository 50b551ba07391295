"""Radiographs with human lung masks: their figures, contours bent onto them, and what is drawn for training."""

from dataclasses import replace

import imageio.v3 as imageio
import numpy as np
import pytest
import torch
from skimage.draw import disk, polygon2mask

from app.core.frame import Frame
from app.core.prediction import Prediction
from app.training.commands import Plan
from app.training.drawn import draw_bedside
from app.training.lung_data import LungCase, read_lungs, split_patients
from app.training.lung_figures import agreement, edges_off, lung_figures, pieces, scores_of
from app.training.lung_fit import fit_contour, normals, outer_points, pull_to_box
from app.training.prior import prior_of
from models import losses
from tests.unit.training.test_training import MEAN, TEMPLATE, mesh_of

SIZES = [len(s.outline) for s in TEMPLATE.structures]
PARTS = [slice(end - size, end) for end, size in zip(np.cumsum(SIZES), SIZES, strict=True)]
AT = np.array([148.0, 182.0])
"""Where the template's origin lies in a picture of 300 x 340 pixels."""
DOWN = np.array([0.0, 12.0])


def drawn(points, height, width):
    return np.stack([polygon2mask((height, width), points[part][:, ::-1]) for part in PARTS])


def test_lung_that_is_not_and_reference_that_nothing_covers_count_against_it():
    reference, lungs, heart = (np.zeros((10, 20), bool) for _ in range(3))
    reference[:, :10] = True  # 100 pixels
    lungs[:, :4] = True
    lungs[:2, 14:17] = True  # 6 of them outside
    heart[:5, 4:12] = True  # covers 30 of the 60 left
    assert agreement(lungs, heart, reference) == pytest.approx(1 - (6 + 30) / 100)


def test_edges_are_measured_from_the_outer_side_of_each_lung():
    mask = np.zeros((100, 120), bool)
    mask[10:60, 20:45] = True  # edges at 20, 10, 45, 60
    np.testing.assert_allclose(edges_off(mask, (15, 12, 90, 62), "right_lung"), [5 / 50, 2 / 50, 2 / 50])
    np.testing.assert_allclose(edges_off(mask, (15, 12, 90, 62), "left_lung"), [45 / 50, 2 / 50, 2 / 50])
    assert np.isinf(edges_off(np.zeros((5, 5), bool), (0, 0, 1, 1), "left_lung")).all()


def test_pieces_that_touch_at_a_corner_are_one():
    mask = np.zeros((6, 7), bool)
    mask[0:2, 0:2] = mask[2:4, 2:4] = True
    assert pieces(mask) == 1
    mask[5, 6] = True
    assert pieces(mask) == 2
    assert pieces(np.zeros((3, 3), bool)) == 0


def predicted(points, height, width, size=256):
    """A prediction of contour points [K, 2], native pixels, and its frame."""
    frame = Frame(height, width, size, size)
    charts = [mesh_of(s).inverse_chart(points[part]) for s, part in zip(TEMPLATE.structures, PARTS, strict=True)]
    masks = drawn(frame.to_network(points), size, size).astype(np.uint8) * 255
    error = np.ones((5, *charts[0].shape[:2]), np.float32)
    uv = np.zeros((5, 2, 1, 1), np.float16)
    return Prediction("", masks, uv, np.stack(charts), error, np.ones(5, bool)), frame


def box_of(mask):
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


@pytest.fixture
def data(tmp_path):
    """Three images of two sources, 340 x 300, with masks that go on behind the heart, boxes and views."""
    points = MEAN + AT
    masks = drawn(points, 340, 300)
    for name in ("images", "lungs"):
        (tmp_path / name).mkdir()
    boxes, facts = ["image,label,xmin,ymin,xmax,ymax"], ["image,view,licence"]
    for name, view in (("a000", "AP Supine"), ("a001", "PA"), ("b000", "PA")):
        imageio.imwrite(tmp_path / "images" / f"{name}.png", np.zeros((340, 300), np.uint8))
        imageio.imwrite(tmp_path / "lungs" / f"{name}.png", masks[:3].any(axis=0).astype(np.uint8) * 255)
        facts.append(f"{name}.png,{view},CC0")
        for label, mask in (("Right Lung", masks[0]), ("Left Lung", masks[1])):
            boxes.append(",".join([f"{name}.png", label, *map(str, box_of(mask))]))
    (tmp_path / "boxes.csv").write_text("\n".join(boxes))
    (tmp_path / "facts.csv").write_text("\n".join(facts))
    return tmp_path, points


def test_perfect_lungs_agree_and_are_usable_and_broken_ones_are_told(data):
    folder, points = data
    cases = read_lungs(folder)
    assert [case.view for case in cases] == ["AP", "PA", "PA"]
    good, frame = predicted(points, 340, 300)
    split = good.masks.copy()
    split[3, :, 83:86] = 0  # through the right clavicle
    shrunk, _ = predicted((points - AT) * 0.8 + AT, 340, 300)
    found = [
        scores_of(replace(good, masks=split), frame, TEMPLATE, cases[0]),
        scores_of(good, frame, TEMPLATE, cases[1]),
        scores_of(shrunk, frame, TEMPLATE, cases[2]),
    ]
    figures = lung_figures(found, cases, TEMPLATE)
    assert figures["images"] == 3
    assert figures["masks_in_pieces"] == pytest.approx(figures["AP"]["masks_in_pieces"] / 3)
    assert figures["AP"]["masks_in_pieces"] == pytest.approx(1 / 5)
    assert figures["AP"]["agreement"]["worst"] > 0.98
    assert figures["AP"]["usable"] == 1
    assert figures["PA"]["usable"] == 0.5
    assert figures["PA"]["agreement"]["worst"] == pytest.approx(0.64, abs=0.02)  # 0.8²: nothing outside, .64 covered
    assert figures["PA"]["mask_and_points_agree_tenth_percentile"]["lung"] > 0.97
    assert figures["suspect"] == 0
    assert figures["AP_left_out"]["images"] == 1  # a000 and b000 are the first patients of their sources
    assert figures["PA_left_out"]["agreement"]["median"] == figures["PA"]["agreement"]["worst"]


def test_images_without_reference_tell_whether_masks_and_points_agree():
    points = MEAN + AT
    good, frame = predicted(points, 340, 300)
    moved, _ = predicted(points + DOWN, 340, 300)
    found = [scores_of(replace(good, charts=moved.charts, suspect="odd"), frame, TEMPLATE)]
    figures = lung_figures(found, [], TEMPLATE)
    truth, other = drawn(points, 340, 300)[2], drawn(points + DOWN, 340, 300)[2]
    wanted = 2 * (truth & other).sum() / (truth.sum() + other.sum())
    assert figures["mask_and_points_agree_tenth_percentile"]["heart"] == pytest.approx(wanted, abs=0.02)
    assert figures["suspect"] == 1
    assert "agreement" not in figures


def test_lungs_of_another_layout_leave_the_heart_out(tmp_path):
    parts = {"right_lung": np.s_[2:8, 1:5], "left_lung": np.s_[2:8, 6:9], "cardiomediastinum": np.s_[5:8, 3:9]}
    for name in ("images", *parts):
        (tmp_path / name).mkdir()
        mask = np.zeros((20, 24), np.uint8)
        if name in parts:
            mask[parts[name]] = 255
        imageio.imwrite(tmp_path / name / "x1.png", mask)
    (case,) = read_lungs(tmp_path)
    wanted = np.zeros((20, 24), bool)
    wanted[2:8, 1:3] = wanted[2:5, 3:5] = wanted[2:5, 6:9] = True
    np.testing.assert_array_equal(case.lungs(), wanted)
    assert case.view == ""
    assert case.boxes == {}


def test_each_patient_is_left_out_by_one_fold_and_each_source_shared(tmp_path):
    cases = [LungCase(tmp_path / f"{source}{number:03d}.jpg", ()) for source in "ht" for number in range(11)]
    parts = [split_patients(cases, fold) for fold in range(5)]
    assert sorted(case.image for _, left in parts for case in left) == sorted(case.image for case in cases)
    for kept, left in parts:
        assert len(kept) + len(left) == len(cases)
        assert {case.image.stem[0] for case in left} == {"h", "t"}


def test_normals_point_outward_whichever_way_the_contour_runs():
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    np.testing.assert_allclose(normals(circle * 7 + 3), circle, atol=1e-6)
    np.testing.assert_allclose(normals(circle[::-1] * 7), circle[::-1], atol=1e-6)


def test_a_contour_is_bent_onto_the_human_border_but_not_behind_the_heart():
    rng = np.random.default_rng(0)
    prior = prior_of(MEAN, MEAN + rng.normal(0, 3, (20, 1, 2)) * np.sin(MEAN / 40), count=6)
    truth = MEAN + np.array([210, 230])
    decoded = truth.copy()
    outer = outer_points(TEMPLATE)
    right = np.zeros(len(MEAN), bool)
    right[PARTS[0]] = True
    decoded[outer & right] += [9, 0]  # the network stopped short of the right outer border
    masks = drawn(truth, 460, 420)
    behind = masks[0] | masks[1] | (masks[2] & (np.arange(420) < 225))
    fitted = fit_contour(TEMPLATE, prior, behind, decoded, np.full(len(MEAN), 2.0))
    before = np.linalg.norm(decoded - truth, axis=-1)[outer & right]
    after = np.abs(((fitted - truth) * normals(truth))[outer & right].sum(axis=-1))
    assert before.min() == pytest.approx(9)
    assert np.median(after) < 1.5
    heart = np.linalg.norm(fitted - truth, axis=-1)[PARTS[2]]
    assert heart.mean() < 3


def test_a_lost_network_is_replaced_by_the_shape_in_the_masks_box():
    prior = prior_of(MEAN, MEAN + np.random.default_rng(0).normal(0, 2, (20, 1, 2)) * np.cos(MEAN / 50), count=6)
    truth = MEAN * [0.7, 0.6] + [150, 260]
    masks = drawn(truth, 420, 310)
    lost = MEAN * 1.4 + [150, 150]
    fitted = fit_contour(TEMPLATE, prior, masks[0] | masks[1], lost, np.full(len(MEAN), 2.0))
    lungs = np.r_[PARTS[0], PARTS[1]]
    assert np.linalg.norm(fitted - truth, axis=-1)[lungs].mean() < 5
    assert np.linalg.norm(lost - truth, axis=-1)[lungs].mean() > 60


def test_what_is_drawn_stays_in_range_and_is_the_same_again():
    mask = torch.zeros(6, 2, 96, 96)
    rows, columns = disk((50, 30), 20)
    mask[:, 0, rows, columns] = 1
    picture = torch.full((6, 1, 96, 96), 0.3)
    first, again, never = picture.clone(), picture.clone(), picture.clone()
    draw_bedside(first, mask, (0,), 1.0, np.random.default_rng(5))
    draw_bedside(again, mask, (0,), 1.0, np.random.default_rng(5))
    draw_bedside(never, mask, (0,), 0.0, np.random.default_rng(5))
    torch.testing.assert_close(first, again)
    torch.testing.assert_close(never, picture)
    assert first.min() >= 0
    assert first.max() <= 1
    assert ((first - picture).abs().amax(dim=(1, 2, 3)) > 0.1).sum() >= 5


def test_structures_nobody_drew_count_for_as_little_as_their_share_says():
    logits = torch.tensor([[2.0, -1.0]]).view(1, 2, 1, 1).expand(1, 2, 4, 4)
    masks = torch.ones(1, 2, 4, 4)
    share = torch.tensor([[1.0, 0.25]])
    wrong = torch.log1p(torch.exp(torch.tensor([-2.0, 1.0])))  # cross entropy of a foreground pixel: log(1 + e^-x)
    torch.testing.assert_close(losses.mask_bce(logits, masks, share=share), (wrong[0] + 0.25 * wrong[1]) / 1.25)
    chance = torch.sigmoid(torch.tensor([2.0, -1.0]))
    overlap = (2 * 16 * chance + 1) / (16 * chance + 16 + 1)
    torch.testing.assert_close(losses.soft_dice(logits, masks, share), 1 - (overlap[0] + 0.25 * overlap[1]) / 1.25)
    uv, target = torch.zeros(1, 2, 2, 2, 2), torch.zeros(1, 2, 2, 2, 2)
    target[:, 0], target[:, 1] = 0.5, 2.0
    inside = torch.ones(1, 2, 2, 2)
    torch.testing.assert_close(losses.uv_dense(uv, target, inside, share), torch.tensor((1.0 + 0.25 * 4.0) / 1.25))
    points, at = torch.zeros(1, 3, 2), torch.tensor([0, 1, 1])
    wanted = torch.tensor([[0.5, 0.0], [2.0, 0.0], [7.0, 0.0]])
    seen = torch.tensor([[True, True, False]])
    found = losses.uv_at_landmarks(uv, points, wanted, at, seen, share)
    torch.testing.assert_close(found, torch.tensor((0.5 + 0.25 * 2.0) / 1.25))


def test_human_lung_masks_need_a_bundle_that_finds_the_images_first(tmp_path):
    with pytest.raises(ValueError, match="start"):
        Plan(tmp_path, tmp_path, 1, 1, 1, 1, lungs=tmp_path)
    plan = Plan(tmp_path, tmp_path, 1, 1, 1, 1, start="chest", lungs=tmp_path)
    assert plan.recipe.strength.bedside > 0
    assert Plan(tmp_path, tmp_path, 1, 1, 1, 1, start="chest").recipe.strength.bedside == 0


def test_folders_without_masks_of_both_lungs_and_empty_masks_are_refused(tmp_path):
    for folder in ("images", "right_lung"):
        (tmp_path / folder).mkdir()
        imageio.imwrite(tmp_path / folder / "a1.png", np.zeros((19, 24), np.uint8))
    with pytest.raises(ValueError, match="holds no images/ with lungs/"):
        read_lungs(tmp_path)
    (tmp_path / "left_lung").mkdir()
    imageio.imwrite(tmp_path / "left_lung" / "a1.png", np.zeros((19, 24), np.uint8))
    (case,) = read_lungs(tmp_path)
    with pytest.raises(ValueError, match=r"lung masks of .*a1.png are empty"):
        case.lungs()


def test_edges_that_a_box_contradicts_are_pulled_to_it_and_the_others_stay():
    """An egg of 100 x 240 pixels; the box is 3 % of its height wider, but for a base that lies 40 pixels lower."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    egg = np.stack([130 + 50 * np.cos(turn), 180 + 120 * np.sin(turn)], axis=-1)
    low, high = egg.min(axis=0) + 0.5, egg.max(axis=0) + 0.5
    height = (high[1] + 40 - low[1]) / (1 - 2 * 0.03)
    box = (low[0] - 0.03 * height, low[1] - 0.03 * height, high[0] + 90, high[1] + 40 + 0.03 * height)
    pulled = pull_to_box(egg, box, "right_lung")
    assert pulled[:, 1].max() + 0.5 == pytest.approx(high[1] + 40, abs=0.04 * height)
    assert pulled[:, 1].max() + 0.5 > high[1] + 25
    upper = egg[:, 1] < 180
    np.testing.assert_allclose(pulled[upper], egg[upper], atol=0.5)
    assert pulled[:, 0].max() == pytest.approx(egg[:, 0].max(), abs=0.5)  # the inner edge of a box tells nothing
    mirrored = (300 - box[2], box[1], 300 - box[0], box[3])
    other = pull_to_box(np.stack([299 - egg[:, 0], egg[:, 1]], axis=-1), mirrored, "left_lung")
    np.testing.assert_allclose(np.stack([299 - other[:, 0], other[:, 1]], axis=-1), pulled, atol=1e-6)
