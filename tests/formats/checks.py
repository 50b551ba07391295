"""Reads every export by programs that nobody here wrote; run by the Python of .venv-formats.

Usage: python tests/formats/checks.py FOLDER [--write docs/formats.md]. FOLDER is what `make_exports` wrote.
"""

from __future__ import annotations

import json
import shutil
import sys
import traceback
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

BEGIN, END = "<!-- table: make test-formats -->", "<!-- end of the table -->"
TOLERANCE = 0.01
"""Pixels."""


class Image(NamedTuple):
    """What an export must hold of one image."""

    name: str
    stem: str
    height: int
    width: int
    spacing_mm: list[float] | None
    absent: list[str]
    places: dict[str, list[float]]
    review: str
    is_dicom: bool
    masks: dict[str, np.ndarray]

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def step(self) -> tuple[float, float]:
        """Mm from column to column and from row to row; 1 where nobody knows."""
        return (self.spacing_mm[1], self.spacing_mm[0]) if self.spacing_mm else (1.0, 1.0)


class Exported:
    """An export of all images, and what it must hold."""

    def __init__(self, folder: Path) -> None:
        told = json.loads((folder / "expected.json").read_text("utf-8"))
        bits = np.load(folder / "masks.npz")
        self.films, self.out, self.accepted = folder / "films", folder / "all", folder / "accepted"
        self.landmarks, self.structures, self.bundle = told["landmarks"], told["structures"], told["bundle"]
        self.images = [
            Image(name, masks={s: bits[f"{name}|{s}"] for s in self.structures}, **each)
            for name, each in told["images"].items()
        ]

    @property
    def count(self) -> int:
        """So many masks are compared."""
        return sum(len(image.masks) for image in self.images)

    def beside(self, name: str) -> Path:
        """An empty folder for what a program wants beside an export."""
        folder = self.out.parent / "beside" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


Check = Callable[[Exported], str]
CHECKS: list[tuple[str, str, Check]] = []


def check(form: str, program: str) -> Callable[[Check], Check]:
    """Enter a check of a format by a program; it returns what was found right in a few words, or raises."""

    def enter(function: Check) -> Check:
        CHECKS.append((form, program, function))
        return function

    return enter


def same_mask(found: np.ndarray, image: Image, structure: str) -> None:
    """Bit by bit."""
    expected = image.masks[structure]
    assert found.shape == expected.shape, f"{image.name}: {found.shape} instead of {expected.shape}"
    wrong = int((found.astype(bool) != expected).sum())
    assert not wrong, f"{image.name}, {structure}: {wrong} pixels differ"


def same_places(found: dict[str, tuple[float, float]], image: Image, inside: bool = False) -> int:
    """The same landmarks at the same places, native pixels; of those in the picture alone, if so."""
    expected = dict(image.places)
    if inside:
        expected = {
            name: (x, y)
            for name, (x, y) in expected.items()
            if -0.5 <= x <= image.width - 0.5 and -0.5 <= y <= image.height - 0.5
        }
    assert set(found) == set(expected), f"{image.name}: {sorted(set(found) ^ set(expected))}"
    for name, xy in expected.items():
        assert np.abs(np.subtract(found[name], xy)).max() <= TOLERANCE, f"{image.name}, {name}: {found[name]}, {xy}"
    return len(expected)


def masks_said(exported: Exported) -> str:
    return f"{exported.count} masks bit by bit"


def run(exported: Exported) -> list[tuple[str, str, str, bool]]:
    """Format, program, what came of it, whether that is right."""
    rows = []
    for form, program, function in CHECKS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rows.append((form, program, function(exported), True))
        except Exception as error:
            traceback.print_exc()
            rows.append((form, program, f"**{type(error).__name__}: {error}**", False))
        print(("ok    " if rows[-1][3] else "WRONG ") + " | ".join(rows[-1][:3]), flush=True)  # noqa: T201
    return rows


def table(rows: list[tuple[str, str, str, bool]]) -> str:
    """As Markdown."""
    lines = ["| format | direction | checked by | result |", "|---|---|---|---|"]
    lines += [f"| `{form}` | out | {program} | {said} |" for form, program, said, _ in rows]
    return "\n".join(lines)


def named(package: str) -> str:
    """A package and its version."""
    return f"{package} {version(package)}"


def main() -> int:
    """0 where all is right."""
    from tests.formats import dicom_checks, mask_checks, other_checks, point_checks  # noqa: F401 (they enter themselves)

    rows = run(Exported(Path(sys.argv[1])))
    if "--write" in sys.argv:
        page = Path(sys.argv[sys.argv.index("--write") + 1])
        text = page.read_text("utf-8")
        head, tail = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
        page.write_text(f"{head}\n{table(rows)}\n{tail}", "utf-8")
    wrong = sum(not right for *_, right in rows)
    print(f"{len(rows)} checks, {wrong} wrong")  # noqa: T201
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    from tests.formats.checks import main as entered  # one list of checks, not a second one of __main__

    sys.exit(entered())
