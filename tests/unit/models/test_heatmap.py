"""The heatmap network's loss against its formula."""

import numpy as np
import pytest
import torch

from models.heatmap import HeatmapConfig, HeatmapNet, heatmap_loss


def test_the_loss_is_the_divergence_from_gaussians_around_the_visible_points():
    rng = np.random.default_rng(0)
    heat = rng.normal(0, 2, (2, 3, 12, 9))
    places = np.array([[(2.2, 7.1), (5.0, 3.0), (1.0, 1.0)], [(7.5, 10.0), (0.3, 4.4), (4.0, 6.0)]])  # pixels of heat
    visible = np.array([[True, True, False], [True, False, True]])
    y, x = np.mgrid[:12, :9]
    each = []
    for b in range(2):
        for k in np.flatnonzero(visible[b]):
            bell = np.exp(-((x - places[b, k, 0]) ** 2 + (y - places[b, k, 1]) ** 2) / (2 * 1.7**2))
            target = bell / bell.sum()
            share = np.exp(heat[b, k]) / np.exp(heat[b, k]).sum()
            each.append((target * np.log(target / share)).sum())
    points = torch.from_numpy((places + 0.5) / [9, 12] * 2 - 1)
    found = heatmap_loss(torch.from_numpy(heat), points, torch.from_numpy(visible), 1.7)
    assert found.item() == pytest.approx(np.mean(each), rel=1e-6)


def test_a_network_gives_masks_and_heatmaps_of_any_shape_of_picture():
    torch.manual_seed(0)
    net = HeatmapNet(HeatmapConfig(3, 11, 64, 32, (8, 8, 8)))
    found = net(torch.randn(2, 1, 64, 32))
    assert found.masks.shape == (2, 3, 64, 32)
    assert found.heat.shape == (2, 11, 32, 16)
