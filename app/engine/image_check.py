"""The check of images as the network's child runs it: 16 copies through a small network of the bundle, in OpenVINO."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from app.core.acquisition import Acquisition
from app.core.frame import Frame
from app.core.plausibility import copies
from app.core.test_time_augmentation import Float32
from app.engine.openvino import compiled
from app.io.bundle import Bundle
from app.io.preprocess import square_content

Scores = Callable[[Float32], Float32]
"""Copies [16, 1, S, S] to one score each, [16]."""


def suspicion(
    bundle: Bundle,
    scores: Scores | None,
    image: Float32,
    frame: Frame,
    taken: Acquisition,
    present: npt.NDArray[np.bool_],
) -> str:
    """What the reader is told of an image that is not as it should be; empty where all is well.

    Parameters
    ----------
    bundle : Bundle
    scores : callable or None
        None where the bundle has no check: then only an image without any structure is suspect.
    image : array [1, 1, H, W]
        The main network's input.
    frame : Frame
        Of the image, with the orientation that `image` shows.
    taken : Acquisition
    present : array [C], bool
        Which structures were found.
    """
    check, said = bundle.plausibility, ""
    if check is not None and scores is not None:
        found = scores(copies(square_content(image[0, 0], frame, check.side)))
        said = check.sentence(check.judge(found, taken, frame.orientation, present))
    if not said and not present.any():
        said = f"None of the structures of “{bundle.title}” was found. Check whether this is such a radiograph."
    return said


def openvino_scores(bundle: Bundle, threads: int) -> Scores | None:
    """The check's network in OpenVINO; None where the bundle has none."""
    if bundle.plausibility is None:
        return None
    request = compiled(bundle.folder / "check.xml", threads).create_infer_request()

    def scores(batch: Float32) -> Float32:
        request.infer({0: batch})
        return np.array(request.get_output_tensor(0).data, np.float32).reshape(-1)

    return scores
