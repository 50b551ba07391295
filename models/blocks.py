"""What the networks of all systems are made of: residual blocks, an encoder with global context, a U-Net around it."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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


class Encoder(nn.Module):
    """From images [B, 1, H, W] to features at ever coarser resolutions, the last with global context.

    Parameters
    ----------
    channels : tuple of int
        Channels per resolution, the first at half the input's.
    """

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, channels[0], 5, 2, 2, bias=False)
        self.encoder = nn.ModuleList([Block(channels[0], channels[0])])
        self.encoder.extend(Block(a, b, 2) for a, b in pairwise(channels))
        self.context = GlobalContext(channels[-1])

    def levels(self, image: Tensor) -> list[Tensor]:
        """Features [B, channels[i], H / 2 ** (i + 1), W / 2 ** (i + 1)] per resolution, finest first."""
        x = self.stem(image)
        found = []
        for block in self.encoder:
            x = block(x)
            found.append(x)
        found[-1] = self.context(x)
        return found


class UNet(Encoder):
    """An encoder and the way back to half the input's resolution."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__(channels)
        self.lateral = nn.ModuleList(nn.Conv2d(b, a, 1, bias=False) for a, b in pairwise(channels))
        self.decoder = nn.ModuleList(Block(2 * a, a) for a in channels[:-1])

    def features(self, image: Tensor) -> Tensor:
        """Features [B, channels[0], H / 2, W / 2] of images [B, 1, H, W]."""
        *skips, x = self.levels(image)
        for level in reversed(range(len(self.decoder))):
            up = F.interpolate(self.lateral[level](x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = self.decoder[level](torch.cat([up, skips[level]], dim=1))
        return x
