"""What the trainer asks of a system, and what all systems share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from app.core.frame import Frame
from app.core.prediction import Prediction
from app.core.template import Template
from app.core.test_time_augmentation import Float32
from app.training.augment import Batch

Net = TypeVar("Net", bound=nn.Module)


class Shape(Protocol):
    """What the configuration of every network says."""

    @property
    def height(self) -> int:
        """Of the input in pixels."""

    @property
    def width(self) -> int:
        """Of the input in pixels."""

    @property
    def channels(self) -> tuple[int, ...]:
        """Per resolution: the sides of the input are multiples of 2 ** their number."""

    def to_json(self) -> dict[str, object]:
        """What the bundle keeps of it."""


class Seen(NamedTuple):
    """What a network says of one image while it is trained.

    Attributes
    ----------
    masks : array [C, H, W], bool
        On the network's grid, held to nothing.
    prediction : Prediction
    """

    masks: npt.NDArray[np.bool_]
    prediction: Prediction


class System(Protocol[Net]):
    """One of the paper's systems, for one template and one size of network."""

    @property
    def kind(self) -> str:
        """The kind of its bundles."""

    @property
    def terms(self) -> Sequence[str]:
        """Names of the loss's terms, in the order of the log."""

    @property
    def template(self) -> Template:
        """Of the anatomy."""

    @property
    def config(self) -> Shape:
        """Of its networks."""

    def network(self) -> Net:
        """An untrained network."""

    def loss(self, net: Net, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """The weighted sum of all terms, and each term alone."""

    def see(self, net: Net, image: Float32, frame: Frame) -> Seen:
        """Decode one image [1, 1, H, W] without a shape prior."""


def quick_precision() -> torch.autocast:
    """The body computes in bfloat16 where the processor is quick at it; with AVX2 alone a step took 24 times longer."""
    return torch.autocast("cpu", torch.bfloat16, enabled="AVX512" in torch.backends.cpu.get_cpu_capability())


def weighted(terms: dict[str, tuple[float, Tensor]]) -> tuple[Tensor, dict[str, float]]:
    """The sum of (weight, term), and the terms as numbers."""
    total = sum((weight * term for weight, term in terms.values()), torch.zeros(()))
    return total, {name: float(term.detach()) for name, (_, term) in terms.items()}
