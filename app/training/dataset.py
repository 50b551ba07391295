"""Training targets: pictures, masks and uv-maps of all images, kept in memory."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from app.core.chart import ChartMesh
from app.core.template import Template
from app.training.contours import Contours, draw_masks

PICTURE_SIZE = 512
"""Pictures and masks are kept at twice the shipped network's resolution, so that warping them does not blur."""
UV_SIZE = 256


@dataclass(frozen=True)
class Examples:
    """N images with their targets.

    Attributes
    ----------
    pictures : Tensor [N, 1, 512, 512], uint8
    masks : Tensor [N, C, 512, 512], uint8 in {0, 1}
    uv : Tensor [N, C * 2, 256, 256], float16
        Continued beyond the mask; 0 far outside.
    landmarks : Tensor [N, K, 2], float32
        Normalised image coordinates ([-1, 1] spans the corners).
    weight : Tensor [N, C], float32
        How much each structure's truth counts: 1 where a person drew it.
    """

    pictures: Tensor
    masks: Tensor
    uv: Tensor
    landmarks: Tensor
    weight: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    def joined(self, other: Examples) -> Examples:
        """These examples and the others."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Examples(*(torch.cat(pair) for pair in pairs))


def rescale(points: np.ndarray, size: int, new: int) -> np.ndarray:
    """Points (x, y) of a picture of `size` pixels in the pixels of its resampling to `new` (corner-aligned)."""
    return (points + 0.5) * (new / size) - 0.5


def build(template: Template, pictures: list[np.ndarray], contours: Contours) -> Examples:
    """Examples of square pictures (8-bit grey, any size) with contour points in their pixels."""
    meshes = [ChartMesh.of(structure) for structure in template.structures]
    small, masks, fields, landmarks = [], [], [], []
    for picture, points in zip(pictures, contours.points, strict=True):
        size = picture.shape[0]
        small.append(cv2.resize(picture, (PICTURE_SIZE, PICTURE_SIZE), interpolation=cv2.INTER_AREA))
        masks.append(draw_masks(rescale(points, size, PICTURE_SIZE), contours.slices, PICTURE_SIZE, PICTURE_SIZE))
        coarse = rescale(points, size, UV_SIZE)
        uv = [mesh.uv_map(coarse[part], UV_SIZE, UV_SIZE) for mesh, part in zip(meshes, contours.slices, strict=True)]
        fields.append(np.nan_to_num(np.concatenate(uv)).astype(np.float16))
        landmarks.append((points + 0.5) / size * 2 - 1)
    return Examples(
        torch.from_numpy(np.stack(small))[:, None],
        torch.from_numpy(np.stack(masks).astype(np.uint8)),
        torch.from_numpy(np.stack(fields)),
        torch.from_numpy(np.stack(landmarks).astype(np.float32)),
        torch.ones(len(small), len(template.structures)),
    )


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
