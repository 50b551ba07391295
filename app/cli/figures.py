"""The tables that `evaluate` ends in: one line per structure, or per group of images, and the figures of the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

NONE = "-"
Figures = Mapping[str, Any]


def show_figures(figures: Figures) -> None:
    """Print what `app.training.evaluate_folder.evaluate` returned, on standard output."""
    console = Console(highlight=False, markup=False, emoji=False)
    tables = _image_tables
    if "structures" in figures:
        tables = _drawn_tables
    elif "landmarks" in figures:
        tables = _contour_tables
    for table in tables(figures):
        console.print(table)


def table_of(title: str, first: str, columns: Sequence[str]) -> Table:
    """An empty table: the first column is left-aligned, the others are numbers."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _number(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:.{digits}f}"


def _title(figures: Figures) -> str:
    count = figures["images"]
    return f"{figures['model']}: {count} image{'' if count == 1 else 's'}"


def _contour_tables(figures: Figures) -> Iterator[Table]:
    """Of images with reference contours."""
    masks, marks = figures["masks"], figures["landmarks"]
    table = table_of(_title(figures), "structure", ["Dice", "surface distance (mm)", "landmark error (mm)"])
    for name, dice in masks["dice"].items():
        distance = _number(masks["surface_distance_mm"][name], 2)
        table.add_row(name, _number(dice, 3), distance, _number(marks["error_mm_per_structure"][name], 2))
    table.add_section()
    table.add_row(f"all {marks['points']} points", "", "", _number(marks["error_mm"], 2))
    yield table
    table = table_of("Landmarks", "figure", ["value"])
    for name, value, digits in _landmark_lines(figures):
        table.add_row(name, _number(value, digits))
    yield table


def _drawn_tables(figures: Figures) -> Iterator[Table]:
    """Of images in which people drew structures of any anatomy."""
    columns = ["images", "Dice", "contour distance (mm)", "within 2 mm", "missed", "false"]
    table = table_of(_title(figures), "structure", columns)
    for name, each in figures["structures"].items():
        cells = [_number(each["dice"], 3), _number(each["contour_mm"], 2), _number(each["within_2_mm"], 2)]
        table.add_row(name, str(each["drawn"]), *cells, str(each["missed"]), str(each["false"]))
    table.add_section()
    table.add_row("mean", "", _number(figures["mean_dice"], 3), "", "", "", "")
    yield table


def _landmark_lines(figures: Figures) -> Iterator[tuple[str, float | None, int]]:
    """Name, value and digits of each figure about landmarks."""
    marks, new, unusual = figures["landmarks"], figures["new_landmarks"], figures["landmarks"]["most_unusual_tenth"]
    expected = marks["expected_error"]
    yield (
        "mean squared error, lungs and heart (square px, height 1024)",
        marks["mean_squared_error_px2"],
        0,
    )
    yield "error along the contour (mm)", marks["along_mm"], 2
    yield "error across the contour (mm)", marks["across_mm"], 2
    yield "points called absent", marks["absent"], 0
    yield "error of a landmark from one click (mm)", new["one_click_mm"], 2
    yield "error of a landmark from three clicks (mm)", new["three_clicks_mm"], 2
    yield "error inside structures (mm)", new["interior_mm"], 2
    if "never_trained" in new:
        yield "error of points never trained (mm)", new["never_trained"]["left_out_mm"], 2
    yield "error of the most unusual tenth of shapes (mm)", unusual["with_prior_mm"], 2
    yield "the same without the shape prior (mm)", unusual["without_prior_mm"], 2
    yield "share of errors over 10 mm in the least confident tenth", expected["over_10_mm_in_least_confident_tenth"], 2


def _image_tables(figures: Figures) -> Iterator[Table]:
    """Of images with lung masks, or with nothing."""
    groups = {"all": figures} | {name: part for name, part in figures.items() if _is_group(part)}
    if "agreement" in figures:
        columns = ["images", "median", "10th percentile", "worst", "Dice (median)", "usable"]
        table = table_of(f"{_title(figures)}, lungs against human masks", "group", columns)
        for name, part in groups.items():
            agreement = part["agreement"]
            spread = [_number(agreement[key], 3) for key in ("median", "tenth_percentile", "worst")]
            dice, usable = _number(part["lungs_dice"]["median"], 3), _number(part.get("usable"), 2)
            table.add_row(name.replace("_", " "), str(part["images"]), *spread, dice, usable)
        yield table
    kinds = list(figures["mask_and_points_agree_tenth_percentile"])
    columns = ["images", "suspect", "masks in pieces", *kinds]
    table = table_of(f"{_title(figures)}, Dice of masks with their own points (10th percentile)", "group", columns)
    for name, part in groups.items():
        agree = part["mask_and_points_agree_tenth_percentile"]
        cells = [str(part["images"]), str(part["suspect"]), _number(part["masks_in_pieces"], 3)]
        table.add_row(name.replace("_", " "), *cells, *(_number(agree[kind], 3) for kind in kinds))
    yield table


def _is_group(part: object) -> bool:
    return isinstance(part, Mapping) and "images" in part
