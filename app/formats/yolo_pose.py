"""YOLO's pose labels: https://docs.ultralytics.com/datasets/pose/."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from app.core.frame import Frame
from app.core.text import one_line
from app.formats.base import PerImage
from app.formats.morphometrics import names_of, places_of
from app.formats.project_view import ImageView, ProjectView, RefusedError


class YoloPose(PerImage):
    """``yolo-pose/labels/<stem>.txt``: one object per image with the landmarks, and ``yolo-pose/data.yaml``."""

    file, suffix = "yolo-pose/labels", ".txt"
    about = "yolo-pose/data.yaml"

    def text(self, image: ImageView) -> str:
        """The image's landmarks as YOLO reads them."""
        return pose_of(image, self._project)

    def keep(self) -> None:
        """Write how many landmarks there are and what they are called."""
        self.write(self._output.folder / self.about, about(self._project).encode("utf-8"))

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """What it may write, seen from the folder of the export."""
        yield from super().files(project)
        yield cls.about


def pose_of(image: ImageView, project: ProjectView) -> str:
    """The one object of an image; it must have a frame: class 0, its box, then x, y and flag of every landmark.

    Numbers are shares of the image's size, counted from the corner of the first pixel. The flag is 2, or 0 (with x = y
    = 0) of what has no place in the picture: YOLO takes no places outside it. The box is that of all masks and places.

    Raises
    ------
    RefusedError
        With a sentence: no landmark has a place in it. An empty file would call it background.
    """
    frame = image.frame
    assert frame is not None, "an image that was never read has no size"
    places = places_of(image, names_of(project))
    places[~np.asarray(frame.contains(places))] = np.nan
    there = np.asarray(np.isfinite(places).all(axis=1))
    if not there.any():
        raise RefusedError("No landmark has a place in it.")
    size = np.array([frame.width, frame.height])
    low, high = _box(image, frame, frame.to_corner(places[there])) / size
    shares = np.where(there[:, None], np.nan_to_num(frame.to_corner(places)) / size, 0)
    numbers = [*((low + high) / 2), *(high - low)]
    head = " ".join(["0", *(f"{number:.7f}" for number in numbers)])
    points = (f"{x:.7f} {y:.7f} {2 * seen}" for (x, y), seen in zip(shares.tolist(), there.tolist(), strict=True))
    return " ".join([head, *points]) + "\n"


def _box(image: ImageView, frame: Frame, places: np.ndarray) -> np.ndarray:
    """Corners [2, 2] of the box around all masks and the places [L, 2], from the corner of the first pixel."""
    corners = [places]
    for structure in image.masks.template.structures:
        mask = image.mask(structure.name)
        if mask is not None and mask.any():
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            corners.append(np.array([[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]], float))
    whole = np.concatenate(corners)
    return np.stack([whole.min(axis=0), whole.max(axis=0)])


def about(project: ProjectView) -> str:
    """``data.yaml``: without ``flip_idx``, so that YOLO does not mirror: a mirrored chest is another anatomy."""
    names = [one_line(name) for name in names_of(project)]
    lines = ["path: .", "train: images", "val: images", f"kpt_shape: [{len(names)}, 3]"]
    lines += ["names:", f"  0: {json.dumps(project.template.anatomy)}", "kpt_names:", "  0:"]
    lines += [f"    - {json.dumps(name, ensure_ascii=False)}" for name in names]
    return "\n".join(lines) + "\n"
