"""What a report is made of, before it is a page: headings, texts, tables, pictures, histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NOTICE = "Research use only; not a medical device."


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph; `warning` where it must not be overlooked."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    columns : tuple of str
    rows : tuple of tuple of str
        Each as long as `columns`.
    links : tuple of str
        Where the first cell of each row leads, or empty; as many as rows, or none.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture as JPEG, so many pixels large; `link` is where it leads."""

    data: bytes
    height: int
    width: int
    caption: str = ""
    link: str = ""


@dataclass(frozen=True)
class Pictures:
    """Small pictures side by side."""

    all: tuple[Picture, ...]


@dataclass(frozen=True)
class Legend:
    """What the colours of a picture mean: (``#rrggbb``, text)."""

    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Histogram:
    """How often values lie between edges.

    Attributes
    ----------
    title, unit : str
    edges : tuple of float
        One more than counts.
    counts : tuple of int
    """

    title: str
    unit: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, title: str, unit: str, values: npt.NDArray[np.float64]) -> Histogram:
        """Of values [N], all finite, N > 0."""
        counts, edges = np.histogram(values, bins=int(np.clip(round(2 * np.sqrt(len(values))), 5, 30)))
        return cls(title, unit, tuple(edges.tolist()), tuple(counts.tolist()))


Block = Heading | Text | Table | Picture | Pictures | Legend | Histogram
Document = Sequence[Block]
