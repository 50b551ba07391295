"""Model cards of the systems that are there for comparison: heatmap and point regression."""

from __future__ import annotations

from typing import Any

from app.training.documents import LICENCE, figures_told

CARD = """# Model card: chest, frontal, by {title}

**Intended use.** Comparison with DenseSeg, in research on masks and landmarks in frontal chest radiographs of adults.
The bundle `chest` is the one to work with. Not a medical device; not for diagnosis or treatment.

**What it does.** {what} Inverse charts follow from the contour points by a thin-plate spline per structure, so
that landmarks that were never trained are found as well: they lie between the contour points as on the template.

**Data.** Trained on 174 JSRT radiographs with the 166 HybridGNet contour points, and on {rendered} radiographs rendered
from the shape statistics of those contours. Tuned on 21 further JSRT radiographs; the published split. {minutes:g}
minutes of computing on one thread: it is under-trained.

{figures}

**Limits.** Adults; contours drawn by readers, from one source, digitised upright film. Radiographs of ill patients, AP
views, children, devices were not in the training data. There is no shape prior. Expected errors are calibrated on plain
and deformed training images; they are too small where an image is unlike the training data.

**Licence.** See `LICENSE.md` beside this file.
"""

HEATMAP = """A U-Net predicts a heatmap for each of the 166 contour points (Gaussians of {sigma:g} network pixels)
and, by a second head, a mask for each structure. Points are read off between pixels by a parabola around the highest
pixel; `"argmax": "integer"` in `bundle.json` takes the highest pixel of the network's grid, as published."""
POINTS = """An image encoder gives global features, from which a graph decoder predicts the 166 contour points: a first
guess, then {stages} stages of convolutions along the contours that look at the image's features where the points
are. Masks are the filled polygons."""


def system_documents(
    kind: str, network: dict[str, Any], rendered: int, minutes: float, figures: dict[str, Any] | None = None
) -> dict[str, str]:
    """Text of the bundle's documents by file name.

    Parameters
    ----------
    kind : str
        ``heatmap`` or ``points``.
    network : dict
        The network's configuration.
    rendered : int
        Number of rendered radiographs among the training images.
    minutes : float
        Of computing.
    figures : dict or None
        What `app.training.evaluate.evaluate` found on the validation images.
    """
    what = {"heatmap": HEATMAP, "points": POINTS}[kind].format(**network)
    told = "**Figures.** Not evaluated yet." if figures is None else figures_told(figures)
    title = {"heatmap": "heatmap regression", "points": "point regression"}[kind]
    card = CARD.format(title=title, what=what, rendered=rendered, minutes=minutes, figures=told)
    return {"MODEL_CARD.md": card, "LICENSE.md": LICENCE}
