"""Which system a network's configuration belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.core.template import Template
from app.training.recipe import Recipe
from app.training.systems.denseseg import DenseSegSystem
from app.training.systems.heatmap import HeatmapSystem
from app.training.systems.points import PointsSystem
from app.training.systems.system import Shape, System
from models.heatmap import HeatmapConfig
from models.network import NetworkConfig
from models.points import PointsConfig

_SYSTEMS: dict[type[Any], Callable[[Template, Any, Recipe], System[Any]]] = {
    NetworkConfig: DenseSegSystem,
    HeatmapConfig: HeatmapSystem,
    PointsConfig: PointsSystem,
}


_CONFIGS: dict[str, Callable[[Template], Any]] = {
    DenseSegSystem.kind: lambda template: NetworkConfig(len(template.structures)),
    HeatmapSystem.kind: lambda template: HeatmapConfig(len(template.structures), sum(_sizes(template))),
    PointsSystem.kind: lambda template: PointsConfig(_sizes(template)),
}
SYSTEMS = tuple(_CONFIGS)
"""Kinds that can be trained."""


def _sizes(template: Template) -> tuple[int, ...]:
    return tuple(len(structure.outline) for structure in template.structures)


def config_of(
    kind: str, template: Template, size: tuple[int, int], channels: tuple[int, ...] = (), **more: object
) -> Any:
    """The configuration of a network of one kind.

    Parameters
    ----------
    kind : str
        One of `SYSTEMS`.
    template : Template
    size : (int, int)
        Height and width of its input.
    channels : tuple of int
        Per resolution; empty: the kind's own.
    more
        What else is not as usual.
    """
    config = _CONFIGS[kind](template)
    return replace(config, height=size[0], width=size[1], channels=channels or config.channels, **more)


def system_of(template: Template, config: Shape, recipe: Recipe) -> System[Any]:
    """The system that trains networks of this configuration."""
    return _SYSTEMS[type(config)](template, config, recipe)
