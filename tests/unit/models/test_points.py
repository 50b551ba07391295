"""The graph of contours, and what the points' network begins with."""

import pytest
import torch

from models.points import ContourConvolution, PointsConfig, PointsNet, PointsOutput, in_pixels, points_loss

SIZES = (7, 5)


def config(**more):
    return PointsConfig(SIZES, 64, 32, (8, 8, 8), latent=16, hidden=12, **more)


@pytest.mark.parametrize(("step", "reached"), [(1, {2, 3, 4}), (2, {1, 3, 5})])
def test_a_point_hears_of_its_neighbours_on_its_own_contour_alone(step, reached):
    torch.manual_seed(0)
    convolution = ContourConvolution(4, 6, SIZES, step)
    x = torch.randn(1, 12, 4)
    changed = x.clone()
    changed[0, 3] += 1
    told = (convolution(x) - convolution(changed)).abs().amax(dim=-1)[0] > 1e-6
    assert set(told.nonzero()[:, 0].tolist()) == reached
    changed = x.clone()
    changed[0, 11] += 1  # the last of the second contour, whose next is its first
    told = (convolution(x) - convolution(changed)).abs().amax(dim=-1)[0] > 1e-6
    assert set(told.nonzero()[:, 0].tolist()) == {11, 7 + (4 - step) % 5, 7 + (4 + step) % 5}


def test_an_untrained_network_guesses_about_the_mean_and_its_stages_move_nothing():
    torch.manual_seed(0)
    net = PointsNet(config())
    mean = torch.linspace(-0.6, 0.5, 24).view(12, 2)
    net.begin_with(mean)
    found = net(torch.randn(2, 1, 64, 32)).points
    assert found.shape == (2, 4, 12, 2)
    assert (found[:, 0] - mean).abs().max() < 0.4
    torch.testing.assert_close(found, found[:, :1].expand_as(found))


def test_a_stage_looks_where_the_points_are():
    net = PointsNet(config())
    y, x = torch.meshgrid(torch.arange(16.0), torch.arange(8.0), indexing="ij")
    level = torch.stack([x, y])[None]  # each pixel tells where it is
    points = torch.tensor([[(0.25, -0.5), (-0.75, 0.1)]])
    seen = net._seen([level], points)
    torch.testing.assert_close(seen, (points + 1) / 2 * torch.tensor([8.0, 16.0]) - 0.5)


def test_coordinates_are_told_in_pixels_of_the_network():
    points = torch.tensor([[[[-1.0, -1.0], [1.0, 1.0], [0.5, -0.25]]]])
    xy, spread = in_pixels(PointsOutput(points, torch.tensor([[0.0, 0.5, 0.25]])), config())
    torch.testing.assert_close(xy, torch.tensor([[[-0.5, -0.5], [31.5, 63.5], [23.5, 23.5]]]))
    torch.testing.assert_close(spread, torch.tensor([[0.0, 16.0, 8.0]]))


def test_the_loss_counts_known_points_of_all_stages_in_shares_of_the_longer_side():
    truth = torch.zeros(1, 2, 2)
    stages = torch.tensor([[[[0.2, 0.4], [9.0, 9.0]], [[0.1, 0.0], [9.0, 9.0]]]])
    output = PointsOutput(stages, torch.tensor([[0.3, 7.0]]))
    apart, spread = points_loss(output, truth, torch.tensor([[True, False]]), torch.tensor([0.5, 1.0]))
    assert apart.item() == pytest.approx(((0.1 + 0.4) + 0.05) / 2)
    assert spread.item() == pytest.approx(0.3 - 0.05)
