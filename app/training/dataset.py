"""Training targets: pictures, masks and uv-maps of all images, kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from app.core.chart import ChartMesh
from app.core.frame import Frame, Points
from app.core.template import Template
from app.io.preprocess import letterbox
from app.training.contours import Contours

PICTURE_SIZE = 512
"""Pictures and masks are kept at twice the shipped network's resolution, so that warping them does not blur."""
UV_SIZE = 256


class Grids(NamedTuple):
    """Heights and widths at which training pictures, masks and uv-maps are kept."""

    pictures: tuple[int, int] = (PICTURE_SIZE, PICTURE_SIZE)
    masks: tuple[int, int] = (PICTURE_SIZE, PICTURE_SIZE)
    uv: tuple[int, int] = (UV_SIZE, UV_SIZE)

    @classmethod
    def of(cls, height: int, width: int, coarse: bool = False) -> Grids:
        """Those of a network with this input; `coarse` ones take a quarter of the memory for masks and uv-maps."""
        fine, same, half = (2 * height, 2 * width), (height, width), (height // 2, width // 2)
        return cls(fine, same, half) if coarse else cls(fine, fine, same)


@dataclass(frozen=True)
class Examples:
    """N images with their targets.

    Attributes
    ----------
    pictures : Tensor [N, 1, H, W], uint8
    masks : Tensor [N, C, H, W], uint8 in {0, 1}
    uv : Tensor [N, C * 2, H / 2, W / 2], float16
        Continued beyond the mask; 0 far outside.
    landmarks : Tensor [N, K, 2], float32
        Normalised image coordinates ([-1, 1] spans the corners).
    weight : Tensor [N, C], float32
        How much each structure's truth counts: 1 where a person drew it.
    seen : Tensor [N, K], bool
        Which landmarks somebody drew.
    """

    pictures: Tensor
    masks: Tensor
    uv: Tensor
    landmarks: Tensor
    weight: Tensor
    seen: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    def first(self, count: int) -> Examples:
        """So many of these examples."""
        return Examples(*(part[:count] for part in vars(self).values()))

    def joined(self, other: Examples) -> Examples:
        """These examples and the others."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Examples(*(torch.cat(pair) for pair in pairs))


def build(
    template: Template, pictures: Sequence[np.ndarray], contours: Contours, grids: Grids | None = None
) -> Examples:
    """Examples of pictures (8-bit grey, any size) with contour points in their pixels, letter-boxed into the grids."""
    grids = grids or Grids()
    meshes = [ChartMesh.of(structure) for structure in template.structures]
    small, masks, fields, landmarks = [], [], [], []
    for number, (picture, points) in enumerate(zip(pictures, contours.points, strict=True)):
        fine, coarse = _frame(picture, grids.masks), _frame(picture, grids.uv)
        drawn = contours.masks(number, fine)
        small.append(_fitted(picture, _frame(picture, grids.pictures)))
        masks.append(drawn)
        fields.append(_uv_maps(meshes, coarse.to_network(points), contours, drawn))
        landmarks.append((coarse.to_network(points) + 0.5) / (coarse.network_width, coarse.network_height) * 2 - 1)
    seen = np.ones(contours.points.shape[:2], bool) if contours.seen is None else contours.seen
    return Examples(
        torch.from_numpy(np.stack(small))[:, None],
        torch.from_numpy(np.stack(masks).astype(np.uint8)),
        torch.from_numpy(np.stack(fields)),
        torch.from_numpy(np.stack(landmarks).astype(np.float32)),
        torch.ones(len(small), len(template.structures)),
        torch.from_numpy(seen),
    )


def _frame(picture: np.ndarray, grid: tuple[int, int]) -> Frame:
    return Frame(picture.shape[0], picture.shape[1], *grid)


def _fitted(picture: np.ndarray, frame: Frame) -> np.ndarray:
    """The picture on the frame's grid, with a border in the darkest value where the proportions differ."""
    if frame.padding == (0.0, 0.0):
        size = frame.network_width, frame.network_height
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    return np.asarray(np.clip(np.rint(letterbox(picture, frame)), 0, 255).astype(np.uint8))


def _uv_maps(meshes: list[ChartMesh], points: Points, contours: Contours, drawn: np.ndarray) -> np.ndarray:
    """uv-maps [C * 2, h, w], float16, of contour points on that grid; every pixel that was drawn has a value."""
    height, width = drawn.shape[1] // 2, drawn.shape[2] // 2
    maps = []
    for mesh, part, mask in zip(meshes, contours.slices, drawn, strict=True):
        uv = mesh.uv_map(points[part], height, width)
        if contours.pieces is not None:  # what was drawn may leave the contour: there its affine map goes on
            missing = np.isnan(uv[0]) & mask.reshape(height, 2, width, 2).any(axis=(1, 3))
            rows, columns = np.nonzero(missing)
            design = np.c_[points[part], np.ones(len(points[part]))]
            affine = np.linalg.lstsq(design, mesh.structure.outline_uv, rcond=None)[0]
            uv[:, rows, columns] = (np.c_[columns, rows, np.ones(len(rows))] @ affine).T
        maps.append(np.nan_to_num(uv))
    return np.concatenate(maps).clip(-9, 9).astype(np.float16)


def read_pictures(contours: Contours) -> list[np.ndarray]:
    """The contours' images as 8-bit grey arrays; raises OSError where one cannot be read."""
    pictures = []
    for path in contours.images:
        # Not cv2.imread: on Windows it finds no file whose path is not plain ASCII.
        data = np.fromfile(path, np.uint8) if path.is_file() else np.empty(0, np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
        if picture is None:
            raise OSError(f"The training image {path} cannot be read.")
        pictures.append(np.asarray(picture))
    return pictures
