import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from models import losses
from models.network import DenseSegNet, NetworkConfig


def test_uv_dense_counts_inside_the_mask_only_and_per_structure():
    target = torch.zeros(1, 2, 2, 8, 8)
    uv = torch.full_like(target, 5.0)
    inside = torch.zeros(1, 2, 8, 8)
    inside[0, 0, :4] = 1
    inside[0, 1, 0, 0] = 1
    uv[0, 0, :, :4] = 0.25
    uv[0, 1, 0, 0, 0] = 1.0
    uv[0, 1, 1, 0, 0] = 0.0
    assert losses.uv_dense(uv, target, inside).item() == pytest.approx((0.5 + 1.0) / 2)


@pytest.mark.parametrize("margin", [-1.5, 0.49])
def test_landmarks_are_sampled_bilinearly_where_scipy_says(margin):
    """Within the outermost half pixel of the picture the map goes on as it is at its edge."""
    rng = np.random.default_rng(0)
    uv = rng.normal(size=(1, 2, 2, 10, 12)).astype(np.float32)
    xy = rng.uniform(-margin, np.array([11, 9]) + margin, (5, 2))
    if margin > 0:
        xy[:4] = [[-margin, 3.2], [11 + margin, 6.7], [4.4, -margin], [7.1, 9 + margin]]
    structure = np.array([0, 1, 1, 0, 1])
    own = np.stack(
        [
            [map_coordinates(uv[0, s, k], [[p[1]], [p[0]]], order=1, mode="nearest")[0] for k in (0, 1)]
            for p, s in zip(xy, structure, strict=True)
        ]
    )
    grid = torch.tensor((xy + 0.5) / [12, 10] * 2 - 1, dtype=torch.float32)[None]
    loss = losses.uv_at_landmarks(
        torch.from_numpy(uv), grid, torch.zeros(5, 2), torch.from_numpy(structure), torch.ones(1, 5, dtype=torch.bool)
    )
    assert loss.item() == pytest.approx(np.abs(own).sum(-1).mean(), rel=1e-4)


def test_soft_dice_is_zero_for_a_perfect_mask():
    masks = torch.zeros(1, 1, 16, 16)
    masks[..., 4:9, 3:12] = 1
    assert losses.soft_dice((masks * 2 - 1) * 50, masks).item() == pytest.approx(0, abs=1e-5)
    assert losses.soft_dice((1 - masks * 2) * 50, masks).item() > 0.9


def test_smoothness_of_a_ramp_is_its_squared_slope():
    ramp = torch.arange(8.0).view(1, 1, 1, 1, 8).expand(1, 1, 2, 8, 8) * 0.1
    inside = torch.ones(1, 1, 8, 8)
    assert losses.uv_smoothness(ramp, inside).item() == pytest.approx(2 * 0.01 * 56 / 64, rel=1e-4)


def test_the_network_keeps_its_promised_shapes():
    net = DenseSegNet(NetworkConfig(structures=3, height=64, width=96, channels=(8, 8, 8, 8)))
    with torch.autocast("cpu", torch.bfloat16):
        raw = net(torch.zeros(2, 1, 64, 96))
    assert raw.masks.shape == (2, 3, 64, 96)
    assert raw.masks.dtype == torch.float32
    assert raw.uv.shape == (2, 3, 2, 32, 48)
    assert raw.uv.dtype == torch.float32
