"""A small network that scores how much a picture looks as a radiograph of its anatomy should: upright, not mirrored."""

from __future__ import annotations

from torch import Tensor, nn

SIDE = 96
"""Side of the network's square input in pixels."""
CHANNELS = (16, 28, 48, 80)
"""Channels at half, a quarter, an eighth and a sixteenth of the input's resolution."""


class Step(nn.Sequential):
    """A 3x3 convolution, batch norm and ReLU; batch norms are folded away when the network is served."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, size: int = 3) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
        )


class Residual(nn.Module):
    """A step beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.step = Step(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Features [B, C, H, W] to features of the same shape."""
        out: Tensor = x + self.step(x)
        return out


class CheckNet(nn.Module):
    """Pictures [B, 1, `SIDE`, `SIDE`] to one score each, [B].

    The score is a logit against “something else”: of all 16 ways to turn, mirror and invert a picture the one with the
    highest score is how it should be read. Run on all 16 copies, it treats them alike by construction.
    """

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        a, b, c, d = CHANNELS
        self.body = nn.Sequential(
            Step(1, a, 2, 5),
            *(Step(a, b, 2), Residual(b)),
            *(Step(b, c, 2), Residual(c), Residual(c)),
            *(Step(c, d, 2), Residual(d)),
        )
        cells = (SIDE // 16) ** 2
        self.head = nn.Sequential(
            nn.Conv2d(d, 24, 1), nn.ReLU(), nn.Flatten(), nn.Dropout(dropout), nn.Linear(24 * cells, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scores [B]."""
        score: Tensor = self.head(self.body(x))[:, 0]
        return score
