"""A small U-Net that draws one structure again on a fine crop: a crop and a guess in, a mask out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import Block


@dataclass(frozen=True)
class FineConfig:
    """Shape of the network.

    Parameters
    ----------
    height, width : int
        Size of a crop in pixels; multiples of 2 ** len(channels).
    channels : tuple of int
        Channels per resolution, the first at half the crop's resolution.
    """

    height: int = 96
    width: int = 160
    channels: tuple[int, ...] = (16, 28, 48, 72)

    def to_json(self) -> dict[str, object]:
        """What ``FineConfig(**data)`` takes back (channels as a list)."""
        return asdict(self)


class FineNet(nn.Module):
    """Crops [B, 2, H, W] to logits [B, H, W].

    The first channel is the picture, z-normalised per crop; the second says where the network before it saw the
    structure: positive inside, negative outside, 0 where nothing is known.
    """

    def __init__(self, config: FineConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.channels
        self.stem = nn.Conv2d(2, channels[0], 5, 2, 2, bias=False)
        self.encoder = nn.ModuleList([Block(channels[0], channels[0])])
        self.encoder.extend(Block(a, b, 2) for a, b in pairwise(channels))
        self.lateral = nn.ModuleList(nn.Conv2d(b, a, 1, bias=False) for a, b in pairwise(channels))
        self.decoder = nn.ModuleList(Block(2 * a, a) for a in channels[:-1])
        self.spread = nn.Conv2d(channels[0], 32, 1)
        self.edge = nn.Conv2d(8 + 2, 8, 3, padding=1)
        self.head = nn.Conv2d(8, 1, 3, padding=1)
        self.trust = nn.Parameter(torch.tensor(3.0))

    def forward(self, crops: Tensor) -> Tensor:
        """Logits [B, H, W] of crops [B, 2, H, W]."""
        x = self.stem(crops)
        skips = []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
        for level in reversed(range(len(self.decoder))):
            up = F.interpolate(self.lateral[level](x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = self.decoder[level](torch.cat([up, skips[level]], dim=1))
        fine = torch.cat([F.pixel_shuffle(self.spread(x), 2), crops], dim=1)
        change = self.head(F.leaky_relu(self.edge(fine), 0.1))
        logits: Tensor = (change + self.trust * crops[:, 1:])[:, 0]
        return logits
