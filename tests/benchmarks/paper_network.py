"""The paper's network, to compare speed with (design 3): MONAI's residual UNet written out, and two residual heads."""

import torch
from torch import Tensor, nn


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.InstanceNorm2d(outputs, affine=True), nn.LeakyReLU()
    )


class ResidualUnit(nn.Module):
    """Two 3x3 convolutions and a residual path, as MONAI's ``ResidualUnit`` with two subunits."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Sequential(convolution(inputs, outputs, stride), convolution(outputs, outputs))
        same = (inputs, stride) == (outputs, 1)
        self.residual = (
            nn.Identity() if same else nn.Conv2d(inputs, outputs, 3 if stride > 1 else 1, stride, int(stride > 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) + self.residual(x)


class Up(nn.Module):
    """Transposed convolution with stride 2, then one residual unit."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.up = nn.Sequential(
            nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1, bias=False),
            nn.InstanceNorm2d(outputs, affine=True),
            nn.LeakyReLU(),
        )
        self.unit = ResidualUnitOne(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.unit(self.up(x))


class ResidualUnitOne(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) + x


class PaperNetwork(nn.Module):
    """Channels 64/128/256/512, strides 2/2/2, two residual units; 64-channel output; two heads of two units each."""

    def __init__(self, structures: int = 5) -> None:
        super().__init__()
        self.down = nn.ModuleList([ResidualUnit(1, 64, 2), ResidualUnit(64, 128, 2), ResidualUnit(128, 256, 2)])
        self.bottom = ResidualUnit(256, 512)
        self.up = nn.ModuleList([Up(512 + 256, 128), Up(128 + 128, 64), Up(64 + 64, 64)])
        self.masks = nn.Sequential(ResidualUnit(64, 64), ResidualUnit(64, 64), nn.Conv2d(64, structures, 1))
        self.uv = nn.Sequential(ResidualUnit(64, 64), ResidualUnit(64, 64), nn.Conv2d(64, 2 * structures, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        skips = []
        x = image
        for block in self.down:
            x = block(x)
            skips.append(x)
        x = self.bottom(x)
        for block, skip in zip(self.up, reversed(skips), strict=True):
            x = block(torch.cat([x, skip], dim=1))
        return self.masks(x), self.uv(x)
