"""What counts as the mask of a structure, and who says so."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.chart import GRID
from app.core.frame import Frame
from app.core.masks import ImageMasks, MaskState
from app.core.orientation import Orientation
from app.core.prediction import Prediction
from tests.unit.store.fakes import chest

TEMPLATE = chest().template
COUNT = len(TEMPLATE.structures)


def blobs(frame: Frame, seed: int = 3) -> Prediction:
    """Smooth masks without symmetry, one of them absent."""
    rng = np.random.default_rng(seed)
    ys, xs = np.mgrid[: frame.network_height, : frame.network_width]
    waves = [np.sin(xs / a + b) + np.cos(ys / c - b) for a, b, c in rng.uniform(4, 17, (COUNT, 3))]
    masks = np.array([np.clip(128 + 90 * wave, 0, 255) for wave in waves]).astype(np.uint8)
    charts, error = np.zeros((COUNT, GRID, GRID, 2), np.float32), np.zeros((COUNT, GRID, GRID), np.float32)
    return Prediction("", masks, np.zeros((COUNT, 2, 8, 8), np.float16), charts, error, np.arange(COUNT) != 1)


@pytest.mark.parametrize("orientation", [Orientation(), Orientation(1, mirrored=True)])
def test_a_pixel_is_hit_where_the_native_mask_covers_it(orientation: Orientation):
    frame = Frame(211, 157, 64, 48, orientation=orientation, aspect=1.25)
    masks = ImageMasks(TEMPLATE, frame, blobs(frame))
    native = {structure.name: masks.native(structure.name) for structure in TEMPLATE.structures}
    rng = np.random.default_rng(7)
    for x, y in rng.uniform((-0.49, -0.49), (156.49, 210.49), (400, 2)):
        covered = {name for name, mask in native.items() if mask is not None and mask[round(y), round(x)]}
        assert set(masks.covering((x, y))) == covered
    for outside in ((-0.51, 20), (156.51, 20), (20, -0.51), (20, 210.51)):
        assert masks.covering(outside) == ()


def test_an_absent_structure_has_no_mask_and_says_so():
    frame = Frame(211, 157, 64, 48)
    masks = ImageMasks(TEMPLATE, frame, blobs(frame))
    absent, there = TEMPLATE.structures[1].name, TEMPLATE.structures[0].name
    assert (masks.state(absent), masks.native(absent)) == (MaskState.ABSENT, None)
    assert masks.state(there) is MaskState.PREDICTED
    assert (masks.native(there).shape, masks.native(there).dtype) == ((211, 157), bool)


@pytest.mark.parametrize("known", ["frame", "prediction"])
def test_without_pixels_or_prediction_there_is_no_mask(known: str):
    frame = Frame(211, 157, 64, 48)
    masks = ImageMasks(TEMPLATE, frame if known == "frame" else None, blobs(frame) if known != "frame" else None)
    name = TEMPLATE.structures[0].name
    assert (masks.state(name), masks.native(name), masks.covering((5, 5))) == (None, None, ())


def test_a_structure_that_is_not_on_the_template_is_told():
    with pytest.raises(KeyError, match="spleen"):
        ImageMasks(TEMPLATE, None, None).state("spleen")
