"""What the network's parts must be able to tell, whatever their weights are."""

import torch

from models.network import GlobalContext


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
