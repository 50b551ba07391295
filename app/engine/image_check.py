"""The check of images as the network's child runs it: 16 copies through a small network of the bundle, in OpenVINO."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from app.core.acquisition import Acquisition
from app.core.frame import Frame
from app.core.plausibility import Finding, Reason, copies
from app.core.test_time_augmentation import Float32
from app.engine.openvino import compiled
from app.io.bundle import BUNDLES, Bundle, read_bundle
from app.io.errors import BundleError
from app.io.preprocess import square_content

Scores = Callable[[Float32], Float32]
"""Copies [16, 1, S, S] to one score each, [16]."""


def check_scores(bundle: Bundle, scores: Scores | None, image: Float32, frame: Frame) -> Float32 | None:
    """Scores [16] of the copies of an image; None where the bundle has no check.

    Parameters
    ----------
    bundle : Bundle
    scores : callable or None
        None where the bundle has no check.
    image : array [1, 1, H, W]
        The main network's input.
    frame : Frame
        Of the image, with what `image` shows of it.
    """
    if bundle.plausibility is None or scores is None:
        return None
    return scores(copies(square_content(image[0, 0], frame, bundle.plausibility.side)))


class OtherChecks:
    """The checks of the program's own bundles for other anatomies; none is read before an image is odd.

    Parameters
    ----------
    bundle : Bundle
        The one that predicts.
    threads : int
    """

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self._bundle, self._threads = bundle, threads

    @cached_property
    def _checks(self) -> list[tuple[Bundle, Scores]]:
        found, known = [], {self._bundle.template.anatomy}
        for folder in sorted(path.parent for path in BUNDLES.glob("*/bundle.json")):
            try:
                other = read_bundle(folder)
            except BundleError:  # it is told where somebody chooses it
                continue
            scores = openvino_scores(other, self._threads)
            if scores is not None and other.template.anatomy not in known:
                found.append((other, scores))
                known.add(other.template.anatomy)  # bundles of one anatomy share their check
        return found

    def shown(self, image: Float32, frame: Frame, taken: Acquisition) -> str:
        """The anatomy for which an image looks just right, or nothing; parameters as of `check_scores`."""
        for other, scores in self._checks:
            seen, check = check_scores(other, scores, image, frame), other.plausibility
            if seen is not None and check is not None and check.judge(seen, taken, frame.orientation) is None:
                return other.template.anatomy
        return ""


def suspicion(
    bundle: Bundle,
    seen: Float32 | None,
    frame: Frame,
    taken: Acquisition,
    present: npt.NDArray[np.bool_],
    shown: Callable[[], str] = str,
) -> str:
    """What is odd about an image, as a code (`app.core.plausibility.Finding.code`); empty where all is well.

    Parameters
    ----------
    bundle : Bundle
    seen : array [16] or None
        Scores of the image's copies (`check_scores`); without them only an image without any structure is suspect.
    frame : Frame
        Of the image, with how it is read.
    taken : Acquisition
    present : array [C], bool
        Which structures were found.
    shown : callable
        Says of an image that is odd for this bundle what other anatomy it shows (`OtherChecks.shown`), or nothing.
    """
    check, found = bundle.plausibility, None
    if check is not None and seen is not None:
        found = check.judge(seen, taken, frame.orientation, present)
    if found is None and not present.any():
        found = Finding(Reason.NOTHING)
    if found is not None and (other := shown()):
        found = Finding(Reason.ANATOMY, shows=other)
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
