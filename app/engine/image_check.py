"""The check of images as the network's child runs it: 16 copies through a small network of the bundle, in OpenVINO."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from app.core.acquisition import Acquisition
from app.core.frame import Frame
from app.core.plausibility import Finding, Reason, copies
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
    """What is odd about an image, as a code (`app.core.plausibility.Finding.code`); empty where all is well.

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
    check, found = bundle.plausibility, None
    if check is not None and scores is not None:
        seen = scores(copies(square_content(image[0, 0], frame, check.side)))
        found = check.judge(seen, taken, frame.orientation, present)
    if found is None and not present.any():
        found = Finding(Reason.NOTHING)
    return found.code if found is not None else ""


def openvino_scores(bundle: Bundle, threads: int) -> Scores | None:
    """The check's network in OpenVINO; None where the bundle has none."""
    if bundle.plausibility is None:
        return None
    request = compiled(bundle.folder / "check.xml", threads).create_infer_request()

    def scores(batch: Float32) -> Float32:
        request.infer({0: batch})
        return np.array(request.get_output_tensor(0).data, np.float32).reshape(-1)

    return scores
