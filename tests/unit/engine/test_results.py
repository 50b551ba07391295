"""What comes out of the children's messages, on values that differ in every place."""

import numpy as np
import pytest

from app.core.acquisition import Acquisition
from app.core.frame import Frame, Provenance, Spacing, View
from app.core.orientation import Orientation
from app.engine.protocol import Message
from app.engine.results import picture_from, predicted_from

FACTS = {
    "height": 300,
    "width": 200,
    "spacing": [0.4, 0.25, "at detector"],
    "remark": "First of 2 frames.",
    "sha256": "ab" * 32,
    "patient": "p1",
    "study_date": "2021-03-09",
    "stamp": [1234, 98765],
    "aspect": 1.6,
    "uids": ["1.2.3", "1.2.3.4", "1.2.3.4.5"],
    "acquisition": {"modality": "DX", "view": "AP", "laterality": "L", "towards_right": "L", "towards_bottom": "F"},
}


def test_a_prediction_took_as_long_as_both_children_together():
    arrays = {
        "masks": np.full((1, 4, 6), 7, np.uint8),
        "uv": np.full((1, 2, 2, 3), 0.5, np.float16),
        "charts": np.full((1, 2, 2, 2), 3, np.float32),
        "expected_error": np.full((1, 2, 2), 4, np.float32),
        "present": np.array([True]),
        "extents": np.array([[1, 2, 3, 4, 5]], np.float32),
    }
    preview = np.arange(6, dtype=np.uint8).reshape(2, 3)
    decoded = Message("decoded", {"facts": FACTS, "seconds": 0.25}, {"preview": preview})
    fields = {"bundle_sha256": "cd", "suspect": "Odd.", "seconds": 0.5, "view": [5, 6, 70, 80, True]}
    answer = Message("predicted", fields, arrays)
    found = predicted_from(decoded, answer, (384, 224), Orientation(1, mirrored=True))
    assert found.seconds == pytest.approx(0.75)
    np.testing.assert_array_equal(found.preview, preview)
    for name, array in arrays.items():
        np.testing.assert_array_equal(getattr(found.prediction, name), array)
    assert (found.prediction.bundle_sha256, found.prediction.suspect) == ("cd", "Odd.")
    assert found.prediction.view == View(5, 6, 70, 80, mirrored=True)
    spacing = Spacing(0.4, 0.25, Provenance.AT_DETECTOR)
    assert found.facts.frame == Frame(300, 200, 384, 224, spacing, Orientation(1, mirrored=True), 1.6)


def test_a_picture_comes_with_the_facts_of_its_file():
    pixels = np.arange(6, dtype=np.uint16).reshape(2, 3)
    fields = {"facts": FACTS | {"spacing": None}, "windows": [["Lung", 100, 400], ["Bone", 300.5, 1200]]}
    found = picture_from(Message("picture", fields, {"pixels": pixels}), (384, 224))
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.windows == (("Lung", 100.0, 400.0), ("Bone", 300.5, 1200.0))
    facts = found.facts
    assert facts.frame == Frame(300, 200, 384, 224, aspect=1.6)
    assert (facts.remark, facts.sha256, facts.patient) == ("First of 2 frames.", "ab" * 32, "p1")
    assert facts.stamp == (1234, 98765)
    assert facts.uids == ("1.2.3", "1.2.3.4", "1.2.3.4.5")
    assert facts.study_date == "2021-03-09"
    assert facts.acquisition == Acquisition("DX", "", "AP", "L", "L", "F")
