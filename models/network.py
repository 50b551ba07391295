"""The two-head U-Net: one radiograph in, a mask and a uv-map per structure out (Keuth et al., IJCARS 2025)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import Block, UNet


class RawOutput(NamedTuple):
    """What the network says before any decoding.

    Attributes
    ----------
    masks : Tensor [B, C, H, W], float32
        Logits; structures are independent of one another (masks overlap).
    uv : Tensor [B, C, 2, H/2, W/2], float32
        Chart coordinates, meaningful inside the structure; pixel centres at half resolution
        (``align_corners=False``).
    """

    masks: Tensor
    uv: Tensor


ENCODINGS = {"cartesian": 2, "polar": 3}
"""Numbers per structure that the uv head gives in each encoding."""


def cartesian(polar: Tensor) -> Tensor:
    """Chart coordinates [B, C, 2, h, w] of radius, cosine and sine [B, C, 3, h, w]; the last two at any length."""
    radius, direction = polar[:, :, :1], polar[:, :, 1:]
    return radius * direction / (direction.square().sum(dim=2, keepdim=True) + 1e-6).sqrt()


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the network; part of every bundle.

    Parameters
    ----------
    structures : int
        Number of structures C.
    height, width : int
        Size of the input in pixels; multiples of 2 ** len(channels).
    channels : tuple of int
        Channels per resolution, the first at half the input's resolution.
    encoding : str
        How the last layer says chart coordinates: ``cartesian`` (u, v) or ``polar`` (radius and the cosine and sine of
        the angle, so that there is no seam at ±π). What leaves the network is (u, v) either way.
    """

    structures: int = 5
    height: int = 256
    width: int = 256
    channels: tuple[int, ...] = (24, 64, 112, 152, 176)
    encoding: str = "cartesian"

    def __post_init__(self) -> None:
        """Refuse an encoding that the network does not know."""
        if self.encoding not in ENCODINGS:
            raise ValueError(f"The encoding of uv is {' or '.join(ENCODINGS)}, not “{self.encoding}”.")

    def to_json(self) -> dict[str, object]:
        """What ``NetworkConfig(**data)`` takes back (channels as a list)."""
        return asdict(self)


class DenseSegNet(UNet):
    """Two-head U-Net with a stride-2 stem.

    Input [B, 1, H, W] float32, z-normalised; output `RawOutput`. The body may run in bfloat16 under autocast; the uv
    head and its output are always float32, for one bfloat16 step near |u| = 1 is half a millimetre on a lung.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config.channels)
        self.config = config
        width = config.channels[0]
        self.mask_head = nn.Sequential(Block(width, width), nn.Conv2d(width, 4 * config.structures, 1))
        self.uv_head = nn.Sequential(
            Block(width, 2 * width), nn.Conv2d(2 * width, ENCODINGS[config.encoding] * config.structures, 1)
        )

    def forward(self, image: Tensor) -> RawOutput:
        """Run the network on z-normalised images [B, 1, H, W]."""
        x = self.features(image)
        masks = F.pixel_shuffle(self.mask_head(x), 2).float()
        with torch.autocast(image.device.type, enabled=False):
            uv = self.uv_head(x.float())
        batch, _, height, wide = uv.shape
        uv = uv.reshape(batch, self.config.structures, -1, height, wide)
        return RawOutput(masks, cartesian(uv) if self.config.encoding == "polar" else uv)


def served(net: nn.Module, image: Tensor) -> tuple[Tensor, Tensor]:
    """What a bundle's network gives of images: probabilities [B, C, H, W] and uv-maps [B, C, 2, H/2, W/2]."""
    raw = net(image)
    return torch.sigmoid(raw.masks), raw.uv
