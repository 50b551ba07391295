"""After the training of a system without uv-maps: its bundle, with expected errors fitted on training images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.heatmap import SUBPIXEL
from app.core.template import Template
from app.core.test_time_augmentation import Float32
from app.engine.predictors.registry import points_of
from app.io.bundle import read_bundle
from app.training.augment import Strength
from app.training.bundle import Served, write_bundle
from app.training.dataset import Examples
from app.training.finish import Decoded, collect_from, fit_errors


@dataclass(frozen=True)
class Name:
    """What a bundle is called.

    Attributes
    ----------
    name, title : str
    origin : str
        Whose contour points these are.
    """

    name: str
    title: str
    origin: str = ""


def write_points_bundle(
    folder: Path,
    net: Served,
    template: Template,
    examples: Examples,
    name: Name,
    documents: dict[str, str],
    rounds: Sequence[Strength | None],
    threads: int,
    whole: bool = True,
) -> None:
    """Write a bundle twice: as it is without expected errors, and with those that it was measured to make.

    Parameters
    ----------
    rounds, whole
        As `app.training.finish.collect_from`.
    """

    def write(**errors: object) -> None:
        words = {"name": name.name, "title": name.title, "origin": name.origin, "argmax": SUBPIXEL}
        write_bundle(folder, net, template, documents, **errors, **words)  # type: ignore[arg-type]

    write()
    found_in = points_of(read_bundle(folder), threads, "auto")

    def decoded(image: Float32) -> Decoded:
        found = found_in(image)
        return Decoded(found.xy, found.spread, np.zeros_like(found.spread))

    trials = collect_from(decoded, (net.config.height, net.config.width), examples, rounds, whole=whole)
    write(errors=fit_errors(trials.decoded, trials))
