"""Label Studio's tasks: https://labelstud.io/guide/tasks, masks as its brush's run lengths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt

from app.core.landmark import ReviewState
from app.core.text import one_line
from app.formats.base import OneFile
from app.formats.cvat import run_lengths
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, ProjectView, facts_of, own_rows
from app.io.atomic import WholeFile, json_text, write_text

LOCAL_FILES = "/data/local-files/?d="
"""Where Label Studio serves files of its own machine from."""
_RUN_BITS = (3, 4, 8, 16)
"""Widths of the numbers in which a run's length is written: the least one that it fits."""


class LabelStudio(OneFile):
    """``labelstudio/tasks.json``: one task per image, and ``labelstudio/config.xml``, the labelling interface."""

    file = "labelstudio/tasks.json"
    config = "labelstudio/config.xml"

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._project, self._output, self._count = project, output, 0
        self._whole = WholeFile(output.folder / self.file)
        self.drop = self._whole.drop
        self._whole.write("[")

    def add(self, image: ImageView) -> None:
        """Write one image's task."""
        self._count += 1
        self._whole.write(("\n" if self._count == 1 else ",\n") + json_text(task_of(image, self._project, self._count)))

    def keep(self) -> None:
        """Put the tasks in their place, and the interface beside them."""
        self._whole.write("\n]\n")
        self._whole.keep()
        path = self._output.folder / self.config
        self._output.make_way(path)
        write_text(path, config_of(self._project))
        self._output.add(path)

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """Both files."""
        yield from (cls.file, cls.config)


def config_of(project: ProjectView) -> str:
    """The labelling interface: a brush with the structures, points with the project's own landmarks."""
    structures = [(structure.name, structure.colour) for structure in project.template.structures]
    marks = [(one_line(mark.name), mark.colour or "#4ea1ff") for mark in project.own]

    def labels(pairs: list[tuple[str, str]]) -> str:
        each = (f"    <Label value={quoteattr(name)} background={quoteattr(colour)}/>\n" for name, colour in pairs)
        return "".join(each)

    return (
        '<View>\n  <Image name="image" value="$image" zoom="true"/>\n'
        f'  <BrushLabels name="mask" toName="image">\n{labels(structures)}  </BrushLabels>\n'
        f'  <KeyPointLabels name="landmark" toName="image">\n{labels(marks)}  </KeyPointLabels>\n</View>\n'
    )


def task_of(image: ImageView, project: ProjectView, number: int) -> dict[str, Any]:
    """One image; it must have a frame. Of an accepted image it is an annotation, else a prediction to begin with.

    Places are per cent of the image's size, counted from the corner of the first pixel. Rejected masks are left out,
    and so are landmarks that have no place or were predicted in a rejected structure.
    """
    frame = image.frame
    assert frame is not None, "an image that was never read has no size"
    size = {"original_width": frame.width, "original_height": frame.height, "image_rotation": 0, "to_name": "image"}
    found: list[dict[str, Any]] = []
    for structure in project.template.structures:
        mask = image.mask(structure.name)
        if mask is not None and mask.any():
            brush: dict[str, object] = {"format": "rle", "rle": brush_of(mask), "brushlabels": [structure.name]}
            head = {"id": f"mask-{structure.name}", "from_name": "mask", "type": "brushlabels", **size}
            found.append({**head, "value": brush, "meta": {"text": [image.mask_source(structure.name).value]}})
    for row in own_rows(image, project):
        x, y = (100 * frame.to_corner(row.xy if row.xy is not None else np.nan) / (frame.width, frame.height)).tolist()
        value: dict[str, object] = {
            "x": round(x, 7),
            "y": round(y, 7),
            "width": 0.5,
            "keypointlabels": [one_line(row.landmark)],
        }
        head = {"id": f"landmark-{len(found)}", "from_name": "landmark", "type": "keypointlabels", **size}
        found.append({**head, "value": value, "meta": {"text": [row.state]}})
    data = {"image": LOCAL_FILES + quote(image.name, errors="surrogateescape"), "denseseg_review": facts_of(image)}
    if image.review == ReviewState.ACCEPTED.value:
        return {"id": number, "data": data, "annotations": [{"result": found, "was_cancelled": False}]}
    return {"id": number, "data": data, "predictions": [{"model_version": project.bundle_sha256[:16], "result": found}]}


def brush_of(mask: npt.NDArray[np.bool_]) -> list[int]:
    """A mask [H, W] as Label Studio's brush holds it: red, green, blue and alpha of each pixel, packed as runs.

    The packing is that of @thi.ng/rle-pack: 32 bits for how many values there are, 5 for their width less one, four
    times 4 for the widths of lengths less one; then per run a bit 1, two for which width, its length less one, its
    value.
    """
    flat = mask.ravel()
    bits = [f"{4 * flat.size:032b}", f"{8 - 1:05b}", *(f"{width - 1:04b}" for width in _RUN_BITS)]
    for turn, length in enumerate(run_lengths(flat)):
        value, left = "11111111" if turn % 2 else "00000000", 4 * length
        while left:
            part = min(left, 1 << _RUN_BITS[-1])
            which = next(k for k, width in enumerate(_RUN_BITS) if part <= 1 << width)
            bits.append(f"1{which:02b}{part - 1:0{_RUN_BITS[which]}b}{value}")
            left -= part
    text = "".join(bits)
    whole = np.frombuffer(text.encode("ascii"), np.uint8) - ord("0")
    packed: list[int] = np.packbits(whole).tolist()
    return packed
