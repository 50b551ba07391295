"""Heatmap regression, trained on the same batches as all systems."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from app.core.frame import Frame
from app.core.from_points import FoundPoints, prediction_from_points
from app.core.heatmap import SUBPIXEL, peaks
from app.core.template import Template
from app.core.test_time_augmentation import Float32
from app.training.augment import Batch
from app.training.recipe import Recipe
from app.training.systems.system import Seen, quick_precision, weighted
from models import losses
from models.heatmap import HeatmapConfig, HeatmapNet, heatmap_loss


class HeatmapSystem:
    """See `app.training.systems.system.System`."""

    kind = "heatmap"
    terms = ("bce", "dice", "heat")

    def __init__(self, template: Template, config: HeatmapConfig, recipe: Recipe) -> None:
        self.template, self.config, self.recipe = template, config, recipe

    def network(self) -> HeatmapNet:
        """An untrained network."""
        return HeatmapNet(self.config)

    def loss(self, net: HeatmapNet, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Masks as DenseSeg's; heatmaps against Gaussians that are as wide beside the picture at every size."""
        with quick_precision():
            raw = net(batch.image)
        sigma = self.config.sigma * raw.heat.shape[-1] / self.config.width
        heat = heatmap_loss(raw.heat, batch.landmarks, batch.visible, sigma)
        return weighted(
            {
                "bce": (self.recipe.mask_bce, losses.mask_bce(raw.masks, batch.masks, share=batch.weight)),
                "dice": (1.0, losses.soft_dice(raw.masks, batch.masks, batch.weight)),
                "heat": (1.0, heat),
            }
        )

    def see(self, net: HeatmapNet, image: Float32, frame: Frame) -> Seen:
        """Decode one image [1, 1, H, W]."""
        with torch.inference_mode():
            raw = net(torch.from_numpy(image))
        masks = torch.sigmoid(raw.masks)[0].numpy()
        found = FoundPoints(*peaks(raw.heat[0].numpy(), SUBPIXEL, self.config.sigma))
        return Seen(np.asarray(masks > 0.5), prediction_from_points(found, masks, frame, self.template))
