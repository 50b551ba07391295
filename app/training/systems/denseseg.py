"""DenseSeg: masks and uv-maps, by the losses of the paper."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from app.core import prediction
from app.core.frame import Frame
from app.core.template import Template
from app.core.test_time_augmentation import Float32, Infer, look
from app.training.augment import Batch
from app.training.recipe import Recipe
from app.training.systems.system import Seen, quick_precision, weighted
from models import losses
from models.network import DenseSegNet, NetworkConfig


class UvTargets(NamedTuple):
    """What the uv losses need beside a batch.

    Attributes
    ----------
    landmark_uv : Tensor [K, 2]
        Template coordinates of the contour points.
    structure_of : Tensor [K], int64
    weight : Tensor [C, 2]
        Of each structure's u and v; 1 in the mean.
    """

    landmark_uv: Tensor
    structure_of: Tensor
    weight: Tensor

    @classmethod
    def of(cls, template: Template, mm_power: float) -> UvTargets:
        """Targets of a template's contour points."""
        sizes = torch.tensor([len(s.outline) for s in template.structures])
        span = np.stack([s.half_size_mm for s in template.structures]) ** mm_power
        return cls(
            torch.from_numpy(np.concatenate([s.outline_uv for s in template.structures])).float(),
            torch.repeat_interleave(torch.arange(len(sizes)), sizes),
            torch.from_numpy(span / span.mean()).float(),
        )


def total_loss(net: DenseSegNet, batch: Batch, targets: UvTargets, recipe: Recipe) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum of all terms, and each term alone."""
    with quick_precision():
        raw = net(batch.image)
    weight = targets.weight[None, :, :, None, None]
    uv, landmark_uv = raw.uv * weight, targets.landmark_uv * targets.weight[targets.structure_of]
    terms = {
        "bce": (recipe.mask_bce, losses.mask_bce(raw.masks, batch.masks, share=batch.weight)),
        "dice": (1.0, losses.soft_dice(raw.masks, batch.masks, batch.weight)),
        "uv_dense": (recipe.uv_dense, losses.uv_dense(uv, batch.uv * weight, batch.inside, batch.weight)),
        "uv_landmarks": (
            recipe.uv_landmarks,
            losses.uv_at_landmarks(uv, batch.landmarks, landmark_uv, targets.structure_of, batch.visible, batch.weight),
        ),
        "uv_smooth": (recipe.uv_smooth, losses.uv_smoothness(raw.uv, batch.inside)),
    }
    return weighted(terms)


def serve(net: DenseSegNet) -> Infer:
    """The network as `app.core.test_time_augmentation.look` calls it."""

    def infer(image: Float32) -> tuple[Float32, Float32]:
        with torch.inference_mode():
            raw = net(torch.from_numpy(image))
        return torch.sigmoid(raw.masks)[0].numpy(), raw.uv[0].numpy()

    return infer


class DenseSegSystem:
    """See `app.training.systems.system.System`."""

    kind = "denseseg"
    terms = ("bce", "dice", "uv_dense", "uv_landmarks", "uv_smooth")

    def __init__(self, template: Template, config: NetworkConfig, recipe: Recipe) -> None:
        self.template, self.config, self.recipe = template, config, recipe
        self.targets = UvTargets.of(template, recipe.uv_mm_power)

    def network(self) -> DenseSegNet:
        """An untrained network."""
        return DenseSegNet(self.config)

    def loss(self, net: DenseSegNet, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """`total_loss`."""
        return total_loss(net, batch, self.targets, self.recipe)

    def see(self, net: DenseSegNet, image: Float32, frame: Frame) -> Seen:
        """Decode one image [1, 1, H, W], at one look."""
        looks = look(serve(net), image, [])
        return Seen(looks.masks > 0.5, prediction.from_output(looks, frame, self.template))
