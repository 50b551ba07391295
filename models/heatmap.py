"""Heatmap regression: one radiograph in, a heatmap per contour point and, by a second head, masks out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import Block, UNet


class HeatmapOutput(NamedTuple):
    """What the network says before any decoding.

    Attributes
    ----------
    masks : Tensor [B, C, H, W], float32
        Logits; structures are independent of one another.
    heat : Tensor [B, K, H/2, W/2], float32
        Logits whose softmax over all pixels says where each point lies; pixel centres at half resolution
        (``align_corners=False``).
    """

    masks: Tensor
    heat: Tensor


@dataclass(frozen=True)
class HeatmapConfig:
    """Shape of the network; part of its bundle.

    Parameters
    ----------
    structures, points : int
        Numbers of structures C and of contour points K.
    height, width : int
        Size of the input in pixels; multiples of 2 ** len(channels).
    channels : tuple of int
        Channels per resolution, the first at half the input's resolution.
    sigma : float
        Standard deviation of a target heatmap in input pixels.
    """

    structures: int = 5
    points: int = 166
    height: int = 256
    width: int = 256
    channels: tuple[int, ...] = (24, 64, 112, 152, 160)
    sigma: float = 8.0

    def to_json(self) -> dict[str, object]:
        """What ``HeatmapConfig(**data)`` takes back (channels as a list)."""
        return asdict(self)


class HeatmapNet(UNet):
    """The U-Net of `models.network.DenseSegNet` with a heatmap per point in place of uv-maps."""

    def __init__(self, config: HeatmapConfig) -> None:
        super().__init__(config.channels)
        self.config = config
        width = config.channels[0]
        self.mask_head = nn.Sequential(Block(width, width), nn.Conv2d(width, 4 * config.structures, 1))
        self.heat_head = nn.Sequential(Block(width, 2 * width), nn.Conv2d(2 * width, config.points, 1))

    def forward(self, image: Tensor) -> HeatmapOutput:
        """Run the network on z-normalised images [B, 1, H, W]."""
        x = self.features(image)
        return HeatmapOutput(F.pixel_shuffle(self.mask_head(x), 2).float(), self.heat_head(x).float())


def heatmap_loss(heat: Tensor, points: Tensor, visible: Tensor, sigma: float) -> Tensor:
    """Kullback-Leibler divergence from Gaussians around the true points, mean over the visible ones.

    Its minimum is where the heatmap is the average of the Gaussians that were seen, as with squared errors; but it does
    not need to learn first that nearly all pixels are empty.

    Parameters
    ----------
    heat : Tensor [B, K, h, w]
        Logits over all pixels.
    points : Tensor [B, K, 2]
        True places in normalised image coordinates ([-1, 1] spans the picture's corners, (x, y)).
    visible : Tensor [B, K], bool
        Points on the picture that somebody drew.
    sigma : float
        Of the Gaussians, in pixels of `heat`.
    """
    height, width = heat.shape[-2:]
    place = (points + 1) / 2 * points.new_tensor([width, height]) - 0.5
    across = _bell(torch.arange(width, device=heat.device), place[..., 0], sigma)
    down = _bell(torch.arange(height, device=heat.device), place[..., 1], sigma)
    # The target is down * across: its product with the logits needs no map of its own.
    expected = torch.einsum("bkhw,bkh,bkw->bk", heat, down, across)
    entropy = -(torch.special.xlogy(down, down).sum(-1) + torch.special.xlogy(across, across).sum(-1))
    each = torch.logsumexp(heat.flatten(2), dim=-1) - expected - entropy
    mean: Tensor = (each * visible).sum() / visible.sum().clamp_min(1)
    return mean


def _bell(pixels: Tensor, centre: Tensor, sigma: float) -> Tensor:
    """A Gaussian over pixels [n] around each centre [B, K], of sum 1: [B, K, n]."""
    return torch.softmax(-((pixels - centre[..., None]) ** 2) / (2 * sigma**2), dim=-1)


def served(net: nn.Module, image: Tensor) -> tuple[Tensor, Tensor]:
    """What a bundle's network gives of images: probabilities [B, C, H, W] and heatmaps [B, K, H/2, W/2], logits."""
    raw = net(image)
    return torch.sigmoid(raw.masks), raw.heat
