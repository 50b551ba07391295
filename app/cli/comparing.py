"""`compare`: several systems on the same images, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from app.cli.common import bundle_named, check_folder, make_folder, reported_errors, say, step_bar, wrong_usage
from app.cli.figures import table_of

if TYPE_CHECKING:
    from app.training.comparison.report import Comparison

SHOWN = (
    "Dice, mean of structures",
    "surface distance, mean of structures",
    "95 % surface distance, mean of structures",
    "landmark error, all points",
    "landmark error along the contour",
    "landmark error across the contour",
    "landmarks within 4 mm",
    "new landmark, one click",
    "new landmark, three clicks",
    "inside structures",
)
"""Figures of the short table; the files have all of them."""


def compare_systems(data: Path, out: Path, systems: list[str], part: str, threads: int) -> None:
    """Compare, print a short table, write the whole report."""
    from app.training.comparison.compare import compare
    from app.training.comparison.contender import parse_all
    from app.training.comparison.predicted_folder import is_predicted

    try:
        wanted = parse_all(systems)
    except ValueError as error:
        wrong_usage(str(error))
    for each in wanted:
        if not is_predicted(Path(each.source)):
            bundle_named(each.source)
    check_folder(data)
    make_folder(out)
    with reported_errors(), step_bar() as progress:
        comparison = compare(data, out, wanted, part, threads, progress)
    show(comparison)
    say(f"Wrote {out / 'comparison.html'}, comparison.csv and images.csv.")


def show(comparison: Comparison) -> None:
    """Print the main figures, one column per system; * where it differs from the first (p < .05)."""
    from app.training.comparison.report import SURE, told

    labels = [scores.label for scores in comparison.scores]
    table = table_of(f"{comparison.data}: {len(comparison.images)} images", "figure", labels)
    for figure in comparison.figures:
        if figure.name not in SHOWN:
            continue
        cells = []
        for line in comparison.lines(figure):
            mark = "*" if line is not None and line.p is not None and line.p < SURE else ""
            cells.append("-" if line is None else f"{told(line.mean, figure.digits)}{mark}")
        table.add_row(f"{figure.name} ({figure.unit})" if figure.unit else figure.name, *cells)
    table.add_section()
    table.add_row("time per image, best (ms)", *(told(cost.best_ms, 0) for cost in comparison.costs))
    table.add_row("size of the bundle (MB)", *(told(cost.megabytes, 1) for cost in comparison.costs))
    Console(highlight=False, markup=False, emoji=False).print(table)
