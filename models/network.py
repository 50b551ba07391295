"""The two-head U-Net: one radiograph in, a mask and a uv-map per structure out (Keuth et al., IJCARS 2025)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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


class Block(nn.Module):
    """Two 3x3 convolutions with affine instance norm and LeakyReLU, and a residual path."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.InstanceNorm2d(outputs, affine=True)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.InstanceNorm2d(outputs, affine=True)
        self.skip = nn.Conv2d(inputs, outputs, 1, bias=False) if (inputs, stride) != (outputs, 1) else nn.Identity()
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] to [B, outputs, H / stride, W / stride]."""
        y = F.leaky_relu(self.norm1(self.first(x)), 0.1)
        return F.leaky_relu(self.norm2(self.second(y)) + self.skip(self.pool(x)), 0.1)


class GlobalContext(nn.Module):
    """Self-attention over the coarsest grid, which knows where on the picture it looks."""

    def __init__(self, channels: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.position = nn.Conv2d(4, channels, 1)
        self.norm = nn.GroupNorm(1, channels)
        self.query_key_value = nn.Conv2d(channels, 3 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        self.mix = nn.Sequential(
            nn.GroupNorm(1, channels),
            nn.Conv2d(channels, 2 * channels, 1),
            nn.GELU(),
            nn.Conv2d(2 * channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, channels, h, w] to the same shape."""
        batch, channels, height, width = x.shape
        ys = torch.linspace(-1, 1, height, device=x.device).view(1, 1, height, 1).expand(1, 1, height, width)
        xs = torch.linspace(-1, 1, width, device=x.device).view(1, 1, 1, width).expand(1, 1, height, width)
        x = x + self.position(torch.cat([xs, ys, xs * xs, ys * ys], dim=1))
        qkv = self.query_key_value(self.norm(x)).reshape(batch, 3, self.heads, channels // self.heads, height * width)
        query, key, value = (t.transpose(-1, -2) for t in qkv.unbind(1))
        seen = (
            F.scaled_dot_product_attention(query, key, value).transpose(-1, -2).reshape(batch, channels, height, width)
        )
        x = x + self.out(seen)
        mixed: Tensor = x + self.mix(x)
        return mixed


class DenseSegNet(nn.Module):
    """Two-head U-Net with a stride-2 stem.

    Input [B, 1, H, W] float32, z-normalised; output `RawOutput`. The body may run in bfloat16 under autocast; the uv
    head and its output are always float32, for one bfloat16 step near |u| = 1 is half a millimetre on a lung.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.channels
        self.stem = nn.Conv2d(1, channels[0], 5, 2, 2, bias=False)
        self.encoder = nn.ModuleList([Block(channels[0], channels[0])])
        self.encoder.extend(Block(a, b, 2) for a, b in pairwise(channels))
        self.context = GlobalContext(channels[-1])
        self.lateral = nn.ModuleList(nn.Conv2d(b, a, 1, bias=False) for a, b in pairwise(channels))
        self.decoder = nn.ModuleList(Block(2 * a, a) for a in channels[:-1])
        width = channels[0]
        self.mask_head = nn.Sequential(Block(width, width), nn.Conv2d(width, 4 * config.structures, 1))
        self.uv_head = nn.Sequential(
            Block(width, 2 * width), nn.Conv2d(2 * width, ENCODINGS[config.encoding] * config.structures, 1)
        )

    def forward(self, image: Tensor) -> RawOutput:
        """Run the network on z-normalised images [B, 1, H, W]."""
        x = self.stem(image)
        skips = []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
        x = self.context(x)
        for level in reversed(range(len(self.decoder))):
            up = F.interpolate(self.lateral[level](x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = self.decoder[level](torch.cat([up, skips[level]], dim=1))
        masks = F.pixel_shuffle(self.mask_head(x), 2).float()
        with torch.autocast(image.device.type, enabled=False):
            uv = self.uv_head(x.float())
        batch, _, height, wide = uv.shape
        uv = uv.reshape(batch, self.config.structures, -1, height, wide)
        return RawOutput(masks, cartesian(uv) if self.config.encoding == "polar" else uv)
