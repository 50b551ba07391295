"""Sets of regions and curves from small JSON files: a reader's, and those that come with the program."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from app.core.region import Region, region_set_from_json
from app.core.template import Template
from app.io.json_set import read_json_set

EXAMPLES = Path(__file__).resolve().parents[2] / "resources" / "regions"
"""One set per anatomy. They lie beside the bundles: what is part of a bundle is part of every prediction's hash."""


def read_region_set(path: Path, template: Template) -> list[Region]:
    """Read a file of regions.

    Raises
    ------
    ValueError
        With a sentence for the reader.
    """
    return read_json_set(path, "regions", lambda data: region_set_from_json(data, template))


@lru_cache(maxsize=8)
def example_regions(template: Template) -> tuple[Region, ...]:
    """The regions that come with the program for an anatomy: lung zones of a chest; none for others."""
    file = EXAMPLES / f"{template.anatomy}.json"
    try:
        return tuple(read_region_set(file, template)) if file.is_file() else ()
    except ValueError:  # a bundle of that anatomy with other structures
        return ()
