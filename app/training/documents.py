"""Model card and licence note of the chest bundle."""

from __future__ import annotations

LICENCE = """# Licence of this bundle

The weights in this folder were trained on radiographs of the JSRT database (Japanese Society of Radiological
Technology) and on landmarks of the HybridGNet data set, which derive from the SCR annotations (Segmentation in Chest
Radiographs, Image Sciences Institute, Utrecht). Their terms allow research and education and forbid redistribution of
the images. **This bundle is for research and education only; it is not a medical device.** No image of the data is
part of it. The Apache-2.0 licence of the program does not extend to this folder.
"""

MODEL_CARD = """# Model card: chest, PA

**Intended use.** Research on masks and landmarks in adult, upright, postero-anterior chest radiographs. Not a medical
device; not for diagnosis or treatment.

**What it does.** A two-head U-Net after DenseSeg (Keuth et al., IJCARS 2025) predicts, for right lung, left lung,
heart, right clavicle and left clavicle, a mask and a uv-map over the template (the mean shape). Template points are
found again in every image through inverse charts.

**Data.** Trained on 174 JSRT radiographs with the 166 HybridGNet contour points, and on {rendered} radiographs rendered
from the shape statistics of those contours. Tuned on 21 further JSRT radiographs; the published split.

**Figures on the 21 validation radiographs.** See `python main.py evaluate --data <chest data> --model chest --out DIR`;
the figures of the shipped bundle stand in `docs/experiments.md` of the program.

**Limits.** One hospital-grade source, digitised film, adults, mostly healthy lungs with and without a nodule. Children,
lateral and AP views, large effusions, devices and post-operative chests were not in the training data. Expected errors
are calibrated on deformed training images and are too small where an image is unlike those.

**Licence.** See `LICENSE.md` beside this file.
"""


def bundle_documents(rendered: int = 40) -> dict[str, str]:
    """Text of the bundle's documents by file name."""
    return {"MODEL_CARD.md": MODEL_CARD.format(rendered=rendered), "LICENSE.md": LICENCE}
