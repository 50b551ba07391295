"""Masks drawn again on fine crops, as the network's child does it: a small network of the bundle, in OpenVINO."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.core.fine_mask import DrawCrop, FineStage, Float32, Redraw, standardised
from app.core.frame import Points
from app.core.template import Template
from app.engine.openvino import compiled
from app.io.bundle import FINE, Bundle


def redraw_from(
    picture: npt.NDArray[np.uint8], stage: FineStage, template: Template, draw: DrawCrop, size: tuple[int, int]
) -> Redraw:
    """How the masks of one image are drawn again: looks at each structure's crop, averaged.

    Parameters
    ----------
    picture : array [FINENESS * H, FINENESS * W], uint8
        What the main network sees, finer (`app.io.preprocess.to_fine_picture`).
    stage : FineStage
    template : Template
    draw : callable
        The network that draws one crop.
    size : (int, int)
        H and W of the network's grid.
    """

    def redraw(number: int, outline: Points) -> Float32 | None:
        structure = template.structures[number]
        if structure.name not in stage.structures:
            return None
        total = np.zeros(size, np.float32)
        for shift in stage.shifts:
            crop = stage.crop(structure, outline, shift)
            both = np.stack([standardised(crop.picture(picture) / np.float32(255)), crop.guess(outline)])
            total += crop.put_back(draw(both[None]), size)
        return np.asarray(total / np.float32(len(stage.shifts)))

    return redraw


def openvino_crops(bundle: Bundle, threads: int) -> DrawCrop | None:
    """The network for crops in OpenVINO; None where the bundle has none."""
    if bundle.fine is None:
        return None
    request = compiled(bundle.folder / f"{FINE}.xml", threads).create_infer_request()

    def draw(crops: Float32) -> Float32:
        request.infer({0: crops})
        return np.asarray(np.array(request.get_output_tensor(0).data, np.float32)[0])

    draw(np.zeros((1, 2, bundle.fine.height, bundle.fine.width), np.float32))  # the first run allocates
    return draw
