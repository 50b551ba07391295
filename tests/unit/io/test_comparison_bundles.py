"""The bundles that come with the program to be compared with DenseSeg."""

import numpy as np
import pytest

from app.core.frame import Frame
from app.core.prediction import sample_chart
from app.engine.predictors.registry import predictor_of
from app.io.bundle import BUNDLES, read_bundle
from app.io.image import read_image
from app.io.preprocess import to_network_input

SAMPLE = BUNDLES.parent / "samples" / "rendered_3.png"


@pytest.mark.parametrize("kind", ["heatmap", "points"])
def test_a_system_of_the_paper_is_small_and_says_what_it_is(kind):
    bundle, chest = read_bundle(kind), read_bundle("chest")
    assert (bundle.kind, bundle.anatomy, bundle.prior) == (kind, "chest", None)
    assert [mark.name for mark in bundle.landmarks] == [mark.name for mark in chest.landmarks]
    assert bundle.measurements.measurements == chest.measurements.measurements
    assert bundle.plausibility == chest.plausibility
    assert sum(file.stat().st_size for file in bundle.folder.iterdir()) < 6e6
    card = (bundle.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "under-trained" in card
    assert "HybridGNet" in (bundle.folder / "LICENSE.md").read_text("utf-8")


@pytest.mark.parametrize("kind", ["heatmap", "points"])
def test_a_system_of_the_paper_sees_about_what_the_chest_model_sees(kind):
    pixels = read_image(SAMPLE).pixels
    places = []
    for name in ("chest", kind):
        bundle = read_bundle(name)
        frame = Frame(*pixels.shape, *bundle.network_size)
        found = predictor_of(bundle, 1, "openvino")({"input": to_network_input(pixels, frame)}, frame)
        assert found.present.all()
        outlines = zip(found.charts, bundle.template.structures, strict=True)
        places.append([sample_chart(chart, s.outline_uv) for chart, s in outlines])
    for mine, other in zip(*places, strict=True):
        assert np.median(np.linalg.norm(mine - other, axis=-1)) < 0.03 * max(pixels.shape)
