"""Each loss term against its formula of design 3 written out in numpy, on inputs without symmetry."""

import numpy as np
import pytest
import torch

from models import losses

RNG = np.random.default_rng(4)
LOGITS, MASKS = RNG.normal(size=(2, 3, 6, 9)), (RNG.random((2, 3, 6, 9)) > 0.7).astype(float)
UV, TARGET = RNG.normal(size=(2, 3, 2, 6, 9)), RNG.normal(size=(2, 3, 2, 6, 9))
INSIDE = (RNG.random((2, 3, 6, 9)) > 0.4).astype(float)


def tensor(array):
    return torch.from_numpy(np.asarray(array, np.float32))


def test_cross_entropy_weighs_the_foreground_of_each_structure():
    weights = np.array([5.0, 10.0, 107.0])
    p = 1 / (1 + np.exp(-LOGITS))
    terms = -(weights[:, None, None] * MASKS * np.log(p) + (1 - MASKS) * np.log(1 - p))
    assert losses.mask_bce(tensor(LOGITS), tensor(MASKS), tensor(weights)).item() == pytest.approx(
        terms.mean(), rel=1e-5
    )
    plain = -(MASKS * np.log(p) + (1 - MASKS) * np.log(1 - p))
    assert losses.mask_bce(tensor(LOGITS), tensor(MASKS)).item() == pytest.approx(plain.mean(), rel=1e-5)


def test_soft_dice_is_taken_per_picture_and_structure():
    p = 1 / (1 + np.exp(-LOGITS))
    found = [
        1 - (2 * (p[b, c] * MASKS[b, c]).sum() + 1) / (p[b, c].sum() + MASKS[b, c].sum() + 1)
        for b in range(2)
        for c in range(3)
    ]
    assert losses.soft_dice(tensor(LOGITS), tensor(MASKS)).item() == pytest.approx(np.mean(found), rel=1e-5)


def test_l_phi_is_normalised_per_structure_by_its_pixels():
    found = [
        (np.abs(UV[b, c] - TARGET[b, c]).sum(0) * INSIDE[b, c]).sum() / INSIDE[b, c].sum()
        for b in range(2)
        for c in range(3)
    ]
    assert losses.uv_dense(tensor(UV), tensor(TARGET), tensor(INSIDE)).item() == pytest.approx(np.mean(found), rel=1e-5)
    none = INSIDE.copy()
    none[1, 2] = 0  # a structure that is not in the picture counts as right
    found[5] = 0
    assert losses.uv_dense(tensor(UV), tensor(TARGET), tensor(none)).item() == pytest.approx(np.mean(found), rel=1e-5)


def test_l_lm_is_the_mean_over_the_landmarks_that_are_visible():
    columns, rows = np.array([[1, 7, 3, 5], [8, 0, 2, 4]]), np.array([[4, 2, 0, 5], [1, 3, 5, 2]])
    structure, wanted = np.array([2, 0, 1, 2]), RNG.normal(size=(4, 2))
    visible = np.array([[True, False, True, True], [False, True, True, False]])
    found = [
        np.abs(UV[b, structure[k], :, rows[b, k], columns[b, k]] - wanted[k]).sum()
        for b in range(2)
        for k in range(4)
        if visible[b, k]
    ]
    grid = np.stack([(columns + 0.5) / 9, (rows + 0.5) / 6], axis=-1) * 2 - 1  # pixel centres: nothing to interpolate
    said = losses.uv_at_landmarks(
        tensor(UV), tensor(grid), tensor(wanted), torch.from_numpy(structure), torch.from_numpy(visible)
    )
    assert said.item() == pytest.approx(np.mean(found), rel=1e-4)
    nobody = torch.zeros(2, 4, dtype=torch.bool)
    none = losses.uv_at_landmarks(tensor(UV), tensor(grid), tensor(wanted), torch.from_numpy(structure), nobody)
    assert none.item() == 0


def test_l_tv_is_the_squared_gradient_inside_the_mask():
    found = []
    for b in range(2):
        for c in range(3):
            total = 0.0
            for y in range(6):
                for x in range(9):
                    if x < 8 and INSIDE[b, c, y, x] and INSIDE[b, c, y, x + 1]:
                        total += ((UV[b, c, :, y, x + 1] - UV[b, c, :, y, x]) ** 2).sum()
                    if y < 5 and INSIDE[b, c, y, x] and INSIDE[b, c, y + 1, x]:
                        total += ((UV[b, c, :, y + 1, x] - UV[b, c, :, y, x]) ** 2).sum()
            found.append(total / INSIDE[b, c].sum())
    assert losses.uv_smoothness(tensor(UV), tensor(INSIDE)).item() == pytest.approx(np.mean(found), rel=1e-5)


def test_a_small_soft_mask_counts_by_its_own_area():
    inside = np.zeros((1, 1, 6, 9))
    inside[0, 0, 2, 3:5] = 0.5, 0.75  # 1.25 pixels
    step = ((UV[0, 0, :, 2, 4] - UV[0, 0, :, 2, 3]) ** 2).sum() * 0.5 * 0.75
    found = losses.uv_smoothness(tensor(UV[:1, :1]), tensor(inside)).item()
    assert found == pytest.approx(step / 1.25, rel=1e-5)
    error = (np.abs(UV - TARGET)[0, 0, :, 2].sum(0) * inside[0, 0, 2]).sum() / 1.25
    assert losses.uv_dense(tensor(UV[:1, :1]), tensor(TARGET[:1, :1]), tensor(inside)).item() == pytest.approx(error)


SHARE = np.array([[1.0, 0.25, 0.0], [0.5, 1.0, 0.75]])
"""How much each structure's truth counts: 1 where a person drew it."""


def shared(values) -> float:
    """The mean of one value per picture and structure, weighed by how much each counts."""
    return float((np.asarray(values).reshape(2, 3) * SHARE).sum() / SHARE.sum())


def test_each_term_counts_a_structure_as_much_as_its_truth_does():
    p = 1 / (1 + np.exp(-LOGITS))
    entropy = -(MASKS * np.log(p) + (1 - MASKS) * np.log(1 - p)).mean((2, 3))
    overlap = (2 * (p * MASKS).sum((2, 3)) + 1) / (p.sum((2, 3)) + MASKS.sum((2, 3)) + 1)
    dense = (np.abs(UV - TARGET).sum(2) * INSIDE).sum((2, 3)) / INSIDE.sum((2, 3))
    share = tensor(SHARE)
    said = losses.mask_bce(tensor(LOGITS), tensor(MASKS), share=share).item()
    assert said == pytest.approx(shared(entropy), rel=1e-5)
    said = losses.soft_dice(tensor(LOGITS), tensor(MASKS), share).item()
    assert said == pytest.approx(1 - shared(overlap), rel=1e-5)
    said = losses.uv_dense(tensor(UV), tensor(TARGET), tensor(INSIDE), share).item()
    assert said == pytest.approx(shared(dense), rel=1e-5)


def test_a_landmark_counts_as_its_structure_does_and_not_at_all_where_it_is_not_visible():
    columns, rows = np.array([[1, 7, 3, 5], [8, 0, 2, 4]]), np.array([[4, 2, 0, 5], [1, 3, 5, 2]])
    structure, wanted = np.array([2, 0, 1, 0]), RNG.normal(size=(4, 2))
    visible = np.array([[True, False, True, True], [True, True, True, False]])
    top = bottom = 0.0
    for b in range(2):
        for k in range(4):
            counts = SHARE[b, structure[k]] * visible[b, k]
            top += counts * np.abs(UV[b, structure[k], :, rows[b, k], columns[b, k]] - wanted[k]).sum()
            bottom += counts
    grid = np.stack([(columns + 0.5) / 9, (rows + 0.5) / 6], axis=-1) * 2 - 1
    said = losses.uv_at_landmarks(
        tensor(UV),
        tensor(grid),
        tensor(wanted),
        torch.from_numpy(structure),
        torch.from_numpy(visible),
        tensor(SHARE),
    )
    assert said.item() == pytest.approx(top / bottom, rel=1e-4)
