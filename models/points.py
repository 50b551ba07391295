"""Point regression: an image encoder gives global features, a graph decoder all contour points; masks follow from them.

The decoder's graph are the contours: each point exchanges features with its neighbours along its own contour. A first
guess of all points is a linear function of the global features; each stage then looks at the image's features where the
points were before, and moves them (HybridGNet's image-to-graph connections do the like).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import Encoder


class PointsOutput(NamedTuple):
    """What the network says.

    Attributes
    ----------
    points : Tensor [B, S, K, 2], float32
        Contour points after each stage, the first guess included, in normalised image coordinates ([-1, 1] spans the
        picture's corners, (x, y)).
    spread : Tensor [B, K], float32
        Expected distance of the last stage's points from the truth, in the same unit.
    """

    points: Tensor
    spread: Tensor


@dataclass(frozen=True)
class PointsConfig:
    """Shape of the network; part of its bundle.

    Parameters
    ----------
    sizes : tuple of int
        Number of contour points of each structure.
    height, width : int
        Size of the input in pixels; multiples of 2 ** len(channels).
    channels : tuple of int
        Channels per resolution, the first at half the input's resolution.
    latent : int
        Number of global features.
    hidden : int
        Features of a point.
    stages : int
        How often points are moved; 0 leaves the first guess from the global features alone.
    """

    sizes: tuple[int, ...] = (44, 50, 26, 23, 23)
    height: int = 256
    width: int = 256
    channels: tuple[int, ...] = (24, 64, 112, 152, 176)
    latent: int = 192
    hidden: int = 96
    stages: int = 3

    def to_json(self) -> dict[str, object]:
        """What ``PointsConfig(**data)`` takes back (tuples as lists)."""
        return asdict(self)

    @property
    def points(self) -> int:
        """Number of all contour points K."""
        return sum(self.sizes)


class ContourConvolution(nn.Module):
    """Features [B, K, inputs] of points mixed with those of their neighbours, some steps away along each contour."""

    before: Tensor
    after: Tensor

    def __init__(self, inputs: int, outputs: int, sizes: tuple[int, ...], step: int) -> None:
        super().__init__()
        before, after, start = [], [], 0
        for size in sizes:
            index = torch.arange(size)
            before.append(start + (index - step) % size)
            after.append(start + (index + step) % size)
            start += size
        self.register_buffer("before", torch.cat(before), persistent=False)
        self.register_buffer("after", torch.cat(after), persistent=False)
        self.mix = nn.Linear(3 * inputs, outputs)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """[B, K, inputs] to [B, K, outputs]."""
        around = torch.cat([x, x[:, self.before], x[:, self.after]], dim=-1)
        return F.leaky_relu(self.norm(self.mix(around)), 0.1)


class Stage(nn.Module):
    """Moves points by what the image shows around them; returns their features and the step."""

    def __init__(self, inputs: int, hidden: int, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.first = ContourConvolution(inputs, hidden, sizes, 1)
        self.further = nn.ModuleList(ContourConvolution(hidden, hidden, sizes, step) for step in (2, 4, 1))
        self.step = nn.Linear(hidden, 2)
        nn.init.zeros_(self.step.weight)
        nn.init.zeros_(self.step.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features [B, K, inputs] to features [B, K, hidden] and steps [B, K, 2]."""
        x = self.first(x)
        for convolution in self.further:
            x = x + convolution(x)
        return x, self.step(x)


class PointsNet(Encoder):
    """Encoder, global features, a first guess of all points, and stages that move them.

    Input [B, 1, H, W] float32, z-normalised. The encoder may run in bfloat16 under autocast; what gives coordinates is
    always float32.
    """

    def __init__(self, config: PointsConfig) -> None:
        super().__init__(config.channels)
        self.config = config
        narrow, hidden = 24, config.hidden
        self.cells = (config.height >> len(config.channels), config.width >> len(config.channels))
        self.narrow = nn.Conv2d(config.channels[-1], narrow, 1)
        self.globally = nn.Sequential(
            nn.Linear(narrow * self.cells[0] * self.cells[1], config.latent), nn.LayerNorm(config.latent), nn.GELU()
        )
        self.guess = nn.Linear(config.latent, 2 * config.points)
        self.spoken = nn.Linear(config.latent, hidden)
        self.own = nn.Parameter(0.1 * torch.randn(config.points, hidden))
        seen = sum(config.channels[:-1])
        inputs = [seen + hidden + 2 + (hidden if number else 0) for number in range(config.stages)]
        self.stages = nn.ModuleList(Stage(each, hidden, config.sizes) for each in inputs)
        self.spread = nn.Linear(hidden, 1)

    def begin_with(self, mean: Tensor) -> None:
        """Let an untrained network guess these points [K, 2] (normalised image coordinates) in every image."""
        with torch.no_grad():
            self.guess.weight.mul_(0.1)
            self.guess.bias.copy_(mean.reshape(-1))

    def forward(self, image: Tensor) -> PointsOutput:
        """Run the network on z-normalised images [B, 1, H, W]."""
        levels = self.levels(image)
        with torch.autocast(image.device.type, enabled=False):
            return self._decode([level.float() for level in levels])

    def _decode(self, levels: list[Tensor]) -> PointsOutput:
        coarse = self.narrow(levels[-1])
        if coarse.shape[-2:] != self.cells:  # smaller pictures, early in the training
            coarse = F.interpolate(coarse, self.cells, mode="bilinear", align_corners=False)
        latent = self.globally(coarse.flatten(1))
        points = self.guess(latent).view(-1, self.config.points, 2)
        found = [points]
        x = self.spoken(latent)[:, None] + self.own
        same = x
        for number, stage in enumerate(self.stages):
            here = points.detach()
            parts = [self._seen(levels[:-1], here), same, here, *([x] if number else [])]
            x, step = stage(torch.cat(parts, dim=-1))
            points = here + step
            found.append(points)
        spread = F.softplus(self.spread(x.detach())[..., 0])
        return PointsOutput(torch.stack(found, dim=1), spread)

    @staticmethod
    def _seen(levels: list[Tensor], points: Tensor) -> Tensor:
        """What the levels show at points [B, K, 2]: [B, K, all channels]."""
        grid = points[:, None]
        parts = [F.grid_sample(level, grid, padding_mode="border", align_corners=False)[:, :, 0] for level in levels]
        return torch.cat(parts, dim=1).transpose(1, 2)


def points_loss(
    output: PointsOutput, truth: Tensor, visible: Tensor, size: Tensor, share: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """L1 of all stages' points and of the expected error, in half pictures' longer sides; means over known points.

    Parameters
    ----------
    output : PointsOutput
    truth : Tensor [B, K, 2]
        Normalised image coordinates.
    visible : Tensor [B, K], bool
        Points that count: also ones beyond the picture may, since a shape goes on there.
    size : Tensor [2]
        Width and height of the picture over its longer side: what is unequal in normalised coordinates.
    share : Tensor [B, K] or None
        How much each point counts.
    """
    counts = visible.to(truth.dtype) if share is None else visible * share
    total = counts.sum().clamp_min(1e-6)
    error = (output.points - truth[:, None]) * size
    apart = (error.abs().sum(dim=-1) * counts[:, None]).sum(dim=(0, 2)) / total
    length = error[:, -1].detach().square().sum(dim=-1).sqrt()
    spread = ((output.spread - length).abs() * counts).sum() / total
    return apart.mean(), spread


def in_pixels(output: PointsOutput, config: PointsConfig) -> tuple[Tensor, Tensor]:
    """The last stage's points [B, K, 2] and their expected errors [B, K] in network pixels, (0, 0) a pixel's centre."""
    size = output.points.new_tensor([config.width, config.height])
    return (output.points[:, -1] + 1) / 2 * size - 0.5, output.spread * max(config.width, config.height) / 2


def served(net: nn.Module, image: Tensor) -> tuple[Tensor, Tensor]:
    """What a bundle's network gives of images: `in_pixels` of its output."""
    config = net.config
    assert isinstance(config, PointsConfig)
    return in_pixels(net(image), config)
