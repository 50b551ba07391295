import numpy as np
import pytest

from app.core.plausibility import EXPECTED, SENTENCES, Plausibility
from app.core.second_look import reconsidered
from tests.unit.tiny_bundle import SIZE, template

CLASSES = (EXPECTED, *SENTENCES)
JUDGE = Plausibility(CLASSES, *[np.zeros(len(CLASSES)), np.ones(len(CLASSES))], np.eye(len(CLASSES)), np.zeros(1), "")
OTHER = JUDGE.words("other")
BRIGHT = np.full((1, 1, SIZE, SIZE), 2, np.float32)


@pytest.mark.parametrize(
    ("found", "logit", "believed"),
    [("turned_left", 9.0, True), (EXPECTED, 9.0, True), ("turned_left", 1.0, False), ("inverted", 9.0, False)],
)
def test_only_a_sure_second_look_is_believed(found, logit, believed):
    def infer(image):
        assert (image == -BRIGHT).all()  # it is the opposite that is looked at
        features = np.zeros(len(CLASSES), np.float32)
        features[CLASSES.index(found)] = logit
        masks = np.ones((2, SIZE, SIZE), np.float32)
        return masks, np.zeros((2, 2, SIZE // 2, SIZE // 2), np.float32), features

    said = reconsidered(OTHER, infer, BRIGHT, JUDGE, template())
    assert said == (JUDGE.words("inverted") if believed else OTHER)
    assert reconsidered(OTHER, lambda image: (*infer(image)[:2], None), BRIGHT, JUDGE, template()) == OTHER


@pytest.mark.parametrize("said", ["", JUDGE.words("mirrored")])
def test_what_is_known_is_not_looked_at_again(said):
    def infer(image):
        raise AssertionError("a look that nobody needs")

    assert reconsidered(said, infer, BRIGHT, JUDGE, template()) == said
    assert reconsidered(OTHER, infer, BRIGHT, None, template()) == OTHER
