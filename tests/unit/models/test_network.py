"""What the network's parts must be able to tell, whatever their weights are."""

import pytest
import torch

from models.blocks import GlobalContext
from models.network import DenseSegNet, NetworkConfig, cartesian


def test_the_coarsest_grid_knows_above_from_below_and_left_from_right():
    torch.manual_seed(3)
    with torch.inference_mode():
        seen = GlobalContext(8)(torch.zeros(1, 8, 3, 5))[0]  # nothing in the picture: all that differs is the place
    for axis, count in ((1, 3), (2, 5)):
        places = [seen.select(axis, i) for i in range(count)]
        for i in range(count):
            for j in range(i):
                assert (places[i] - places[j]).abs().max() > 1e-2


def test_the_places_come_as_x_y_and_their_squares():
    """Bundles hold weights in this order: the coarsest grid of each knows right from left by the first of them."""
    context = GlobalContext(4)
    x, y = torch.meshgrid(torch.linspace(-1, 1, 5), torch.linspace(-1, 1, 3), indexing="xy")
    with torch.inference_mode():
        for weights in context.parameters():
            weights.zero_()  # nothing is left but the place
        context.position.weight[:, :, 0, 0] = torch.eye(4)
        torch.testing.assert_close(context(torch.zeros(1, 4, 3, 5))[0], torch.stack([x, y, x * x, y * y]))


def test_polar_coordinates_become_cartesian_whatever_the_direction_s_length():
    polar = torch.tensor([[[0.5, 3.0, 4.0], [1.1, 0.0, -0.2], [0.0, 1.0, 0.0]]]).view(1, 3, 3, 1, 1)
    wanted = torch.tensor([[[0.3, 0.4], [0.0, -1.1], [0.0, 0.0]]]).view(1, 3, 2, 1, 1)
    torch.testing.assert_close(cartesian(polar), wanted, atol=1e-4, rtol=0)


def test_a_polar_network_gives_u_and_v_as_any_other_and_learns():
    torch.manual_seed(0)
    net = DenseSegNet(NetworkConfig(3, 64, 32, (8, 8, 8), "polar"))
    raw = net(torch.randn(2, 1, 64, 32))
    assert raw.uv.shape == (2, 3, 2, 32, 16)
    raw.uv.square().sum().backward()
    (last,) = [each for name, each in net.named_parameters() if name == "uv_head.1.weight"]
    assert last.shape[0] == 9
    assert torch.isfinite(last.grad).all()
    assert last.grad.abs().sum() > 0


def test_an_unknown_encoding_is_refused():
    with pytest.raises(ValueError, match="The encoding of uv is cartesian or polar, not “log”"):
        NetworkConfig(encoding="log")
