"""Point regression, trained on the same batches as all systems."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from app.core.frame import Frame
from app.core.from_points import FoundPoints, filled, prediction_from_points
from app.core.template import Template
from app.core.test_time_augmentation import Float32
from app.training.augment import Batch
from app.training.recipe import Recipe
from app.training.systems.system import Seen, quick_precision, weighted
from models.points import PointsConfig, PointsNet, in_pixels, points_loss


class PointsSystem:
    """See `app.training.systems.system.System`."""

    kind = "points"
    terms = ("points", "spread")

    def __init__(self, template: Template, config: PointsConfig, recipe: Recipe) -> None:
        self.template, self.config, self.recipe = template, config, recipe
        owner = torch.arange(len(config.sizes))
        self.owner = torch.repeat_interleave(owner, torch.tensor(config.sizes))

    def network(self) -> PointsNet:
        """A network that guesses the mean shape, filling most of the picture."""
        net = PointsNet(self.config)
        mean = np.concatenate([s.outline for s in self.template.structures])
        low, high = mean.min(axis=0), mean.max(axis=0)
        longest = np.array([self.config.width, self.config.height])
        scale = 1.6 / float(((high - low) / longest).max())
        net.begin_with(torch.from_numpy((mean - (low + high) / 2) * scale / longest).float())
        return net

    def loss(self, net: PointsNet, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """L1 of all stages' points, in hundredths of half a picture."""
        with quick_precision():
            raw = net(batch.image)
        height, width = batch.image.shape[-2:]
        size = torch.tensor([width, height]) / max(height, width)
        share = batch.weight[:, self.owner]
        apart, spread = points_loss(raw, batch.landmarks, batch.visible, size, share)
        return weighted({"points": (100.0, apart), "spread": (10.0, spread)})

    def see(self, net: PointsNet, image: Float32, frame: Frame) -> Seen:
        """Decode one image [1, 1, H, W]."""
        with torch.inference_mode():
            xy, spread = in_pixels(net(torch.from_numpy(image)), self.config)
        found = FoundPoints(xy[0].double().numpy(), spread[0].double().numpy())
        size = frame.network_height, frame.network_width
        masks = filled(found.xy, self.template, size)
        seen = prediction_from_points(found, masks, frame, self.template, hold=False)
        return Seen(np.asarray(masks > 0.5), seen)
