"""Measurements as the command line names them: NAME=FORMULA, and sets in files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from app.core.formula import FormulaError, grey_regions, parse
from app.core.frame import Frame
from app.core.measurement_set import NamedFormula, Things, measurement_set_from_json
from app.core.region import Pixels, Region
from app.io.bundle import Bundle
from app.io.grey_pixels import grey_pixels
from app.io.json_set import read_json_set
from app.io.region_set import example_regions, read_region_set


def wanted_measurements(
    bundle: Bundle, given: Sequence[str], files: Sequence[Path], regions: Sequence[Region] = ()
) -> tuple[list[NamedFormula], Things]:
    """What is to be measured, and what formulas may name; without any wish, what the bundle measures.

    The numbers of landmarks and regions are their places in the bundle's landmarks and in `regions`.

    Raises ValueError with a sentence for what can't be measured.
    """
    wanted: list[NamedFormula] = []
    groups = dict(bundle.measurements.groups)
    for file in files:
        found = read_json_set(file, "measurements", lambda data: measurement_set_from_json(data, bundle.template))
        wanted += found.measurements
        groups |= found.groups
    for text in given:
        name, equals, formula = text.partition("=")
        one = NamedFormula(name.strip(), formula)
        if not (equals and one.name and formula.strip()):
            raise ValueError(f"--measurement “{text}” is not NAME=FORMULA.")
        one.check()
        wanted.append(one)
    if not (given or files):
        wanted = list(bundle.measurements.measurements)
    names = [one.name for one in wanted]
    marks = {mark.name: place for place, mark in enumerate(bundle.landmarks)}
    drawn = {region.name: (place, region.closed) for place, region in enumerate(regions)}
    things = Things(bundle.template, marks, groups, drawn)
    for one in wanted:
        if names.count(one.name) > 1:
            raise ValueError(f"The measurement “{one.name}” is given twice.")
        try:
            things.kept(one.formula)
        except FormulaError as error:
            raise ValueError(f"{one.name}: {error} (character {error.place + 1} of “{one.formula}”)") from None
    if not wanted:
        raise ValueError("The model measures nothing of its own: name something with --measurement or --measurements.")
    return wanted, things


def known_regions(bundle: Bundle, files: Sequence[Path]) -> list[Region]:
    """The regions that formulas may name: those that come with the program, and those of files.

    Raises ValueError with a sentence where a file can't be used or a name stands for two regions.
    """
    found = {region.name: region for region in example_regions(bundle.template)}
    taken: set[str] = set()
    for file in files:
        for region in read_region_set(file, bundle.template):
            if region.name in taken:
                raise ValueError(f"The region “{region.name}” is given twice.")
            taken.add(region.name)
            found[region.name] = region
    return list(found.values())


def grey_reader(
    wanted: Sequence[NamedFormula], images: Iterable[tuple[str, Path]]
) -> Callable[[str, Frame], Pixels | None]:
    """What reads the grey values of an image by its name; None where no formula asks for any."""
    if not any(grey_regions(parse(one.formula)) for one in wanted):
        return lambda name, frame: None
    paths = dict(images)
    return lambda name, frame: grey_pixels(paths[name], (frame.height, frame.width))
