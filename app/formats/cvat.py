"""CVAT for images 1.1: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt

from app.core.text import one_line
from app.formats.base import OneFile
from app.formats.csv_table import MaskSource, Row
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, ProjectView, own_rows
from app.io.atomic import WholeFile, write_json

STATES = ("predicted", "corrected", "confirmed")
"""Values of the attribute ``state`` of a label."""


class Cvat(OneFile):
    """``cvat/annotations.xml``: masks and points of all images, and ``cvat/labels.json`` for a task's constructor.

    Each image stands in the file as it comes; the file is in its place once `keep` was called.
    """

    file = "cvat/annotations.xml"
    labels = "cvat/labels.json"

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._project, self._output, self._count = project, output, 0
        self._whole = WholeFile(output.folder / self.file)
        self.drop = self._whole.drop
        labels = "".join(_label(label) for label in labels_of(project))
        name = escape(one_line(project.name))
        self._whole.write(
            '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
            f"  <meta><task><name>{name}</name><labels>\n{labels}  </labels></task></meta>\n"
        )

    def add(self, image: ImageView) -> None:
        """Write one image."""
        self._whole.write(image_of(image, self._project, self._count))
        self._count += 1

    def keep(self) -> None:
        """Put the file in its place, and the labels beside it."""
        self._whole.write("</annotations>\n")
        self._whole.keep()
        path = self._output.folder / self.labels
        self._output.make_way(path)
        write_json(path, labels_of(self._project))
        self._output.add(path)

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """Both files."""
        yield from (cls.file, cls.labels)


def labels_of(project: ProjectView) -> list[dict[str, Any]]:
    """Labels as CVAT's constructor takes them: structures as masks, the project's own landmarks as points."""
    state = {"name": "state", "mutable": False, "input_type": "select", "default_value": STATES[0], "values": STATES}
    structures = [(each.name, each.colour, "mask") for each in project.template.structures]
    marks = [(one_line(mark.name), mark.colour or "#4ea1ff", "points") for mark in project.own]
    return [
        {"name": name, "color": colour.lower(), "type": kind, "attributes": [state]}
        for name, colour, kind in (*structures, *marks)
    ]


def _label(label: dict[str, Any]) -> str:
    (state,) = label["attributes"]
    attribute = (
        f"<attribute><name>{state['name']}</name><mutable>False</mutable><input_type>select</input_type>"
        f"<default_value>{state['default_value']}</default_value><values>{chr(10).join(state['values'])}</values>"
        "</attribute>"
    )
    name, colour, kind = (escape(label[key]) for key in ("name", "color", "type"))
    inside = f"<name>{name}</name><color>{colour}</color><type>{kind}</type><attributes>{attribute}</attributes>"
    return f"    <label>{inside}</label>\n"


def image_of(image: ImageView, project: ProjectView, number: int) -> str:
    """One image with its masks and points; it must have a frame. CVAT counts pixels from the corner of the first one.

    Rejected masks are left out, and so are landmarks that have no place or were predicted in a rejected structure.
    """
    frame = image.frame
    assert frame is not None, "an image that was never read has no size"
    size = f'width="{frame.width}" height="{frame.height}"'
    lines = [f'  <image id="{number}" name={quoteattr(one_line(image.name))} {size}>']
    for order, structure in enumerate(project.template.structures):
        mask = image.mask(structure.name)
        if mask is not None and mask.any():
            source = image.mask_source(structure.name)
            lines.append(_shape("mask", structure.name, source == MaskSource.PREDICTED, _box(mask), source, order))
    for row in own_rows(image, project):
        x, y = frame.to_corner(row.xy if row.xy is not None else np.nan).tolist()
        lines.append(_points(row, f'points="{x:.3f},{y:.3f}"', len(project.template.structures)))
    return "\n".join([*lines, "  </image>\n"])


def _points(row: Row, place: str, order: int) -> str:
    return _shape("points", row.landmark, row.state == "predicted", place, row.state, order, row.outside)


def _shape(tag: str, label: str, auto: bool, place: str, state: str, order: int, outside: bool = False) -> str:
    head = f'{tag} label={quoteattr(one_line(label))} source="{"auto" if auto else "manual"}" occluded="{outside:d}"'
    return f'    <{head} {place} z_order="{order}"><attribute name="state">{state}</attribute></{tag}>'


def _box(mask: npt.NDArray[np.bool_]) -> str:
    """A mask [H, W] as run lengths within its box, row by row, beginning with what is outside."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    runs = ", ".join(map(str, run_lengths(part.ravel())))
    return f'rle="{runs}" left="{columns[0]}" top="{rows[0]}" width="{part.shape[1]}" height="{part.shape[0]}"'


def run_lengths(flat: npt.NDArray[np.bool_]) -> list[int]:
    """Lengths of the runs of equal values in `flat` [N], N > 0; the first one is of False and may be 0."""
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths: list[int] = np.diff([0, *edges.tolist(), len(flat)]).tolist()
    return [0, *lengths] if flat[0] else lengths
