"""What the network for fine masks learns from: whose mask it is, and where it lies."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.core.fine_mask import FineStage
from app.core.frame import Frame
from app.io.bundle import Bundle, read_bundle
from app.training.contours import Contours
from app.training.fine_examples import GUESSED, FineExample, drawn_examples, own_examples
from tests.unit.engine.test_fine_masks import with_fine_network
from tests.unit.pictures import ramp, write_png
from tests.unit.tiny_bundle import SIZE, circle, outlines, write_bundle

HEIGHT, WIDTH = 80, 128
STAGE = FineStage(("lung", "heart"), (), height=32, width=56, mm=1.4)
DRAWN = {"lung": circle(44.0, 30.0, 17), "heart": circle(86.0, 52.0, 9)}
"""Native pixels: neither size nor place are the network's."""


def nothing(done: int, total: int) -> None:
    """Nobody waits for this part."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return read_bundle(write_bundle(tmp_path_factory.mktemp("fine") / "bundle"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory):
    return write_png(tmp_path_factory.mktemp("image") / "image.png", ramp(HEIGHT, WIDTH))


def covered(example: FineExample, places: np.ndarray) -> np.ndarray:
    """What an example's mask says at network pixels [K, 2], by the nearest pixel; False beyond it."""
    x, y = np.rint(places @ example.to_mask[:, :2].T + example.to_mask[:, 2]).astype(int).T
    height, width = example.mask.shape
    there = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return there & (example.mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)] > 0.5)


def test_masks_that_people_drew_lie_where_they_drew_them(bundle, image):
    points = np.concatenate(list(DRAWN.values()))
    contours = Contours([image], points[None], tuple(map(len, DRAWN.values())))
    examples = drawn_examples(bundle, STAGE, contours, 1, nothing)
    assert [example.structure.name for example in examples] == list(DRAWN)
    frame = Frame(HEIGHT, WIDTH, SIZE, SIZE)
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    native = np.c_[xs.ravel(), ys.ravel()].astype(float)
    for example, line in zip(examples, DRAWN.values(), strict=True):
        truth = polygon2mask((HEIGHT, WIDTH), line[:, ::-1]).ravel()
        np.testing.assert_array_equal(covered(example, frame.to_network(native)), truth)
        np.testing.assert_allclose(example.guess, outlines()[example.structure.name], atol=0.6)
        assert example.weight == 1


def test_the_network_s_own_masks_are_the_main_network_s_and_count_little(bundle, image, tmp_path):
    examples = own_examples(bundle, STAGE, [image], 1, nothing)
    assert [example.structure.name for example in examples] == ["lung", "heart"]
    ys, xs = np.mgrid[:SIZE, :SIZE]
    places = np.c_[xs.ravel(), ys.ravel()].astype(float)
    for example in examples:
        line = outlines()[example.structure.name]
        found, truth = covered(example, places), polygon2mask((SIZE, SIZE), line[:, ::-1]).ravel()
        assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.95
        np.testing.assert_allclose(example.guess, line, atol=0.6)
        assert example.weight == GUESSED < 1
    again = own_examples(read_bundle(with_fine_network(write_bundle(tmp_path / "fine"))), STAGE, [image], 1, nothing)
    for one, other in zip(examples, again, strict=True):  # what a fine network drew earlier is no truth
        np.testing.assert_array_equal(one.mask, other.mask)
