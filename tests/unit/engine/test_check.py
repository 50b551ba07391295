"""The check of images that the chest bundle ships: on rendered samples, their copies and pictures of other things."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from app.core.acquisition import UNKNOWN, Acquisition
from app.core.frame import Frame
from app.core.orientation import AS_STORED, ORIENTATIONS, Orientation
from app.core.plausibility import Finding, Reason, copies, words_of
from app.engine.image_check import Scores, check_scores, openvino_scores, suspicion
from app.io.bundle import Bundle
from app.io.image import read_image
from app.io.preprocess import square_content, to_network_input

SAMPLES = sorted((Path(__file__).resolve().parents[3] / "resources" / "samples").glob("rendered_*"))
ALL_FOUND = np.ones(5, bool)


@pytest.fixture(scope="module")
def scores(bundle: Bundle) -> Scores:
    made = openvino_scores(bundle, 1)
    assert made is not None
    return made


def judged(bundle: Bundle, scores: Scores, pixels: np.ndarray, orientation: Orientation = AS_STORED) -> Finding | None:
    assert bundle.plausibility is not None
    return bundle.plausibility.judge(scored(bundle, scores, pixels, orientation))


def scored(bundle: Bundle, scores: Scores, pixels: np.ndarray, orientation: Orientation = AS_STORED) -> np.ndarray:
    assert bundle.plausibility is not None
    frame = Frame(*pixels.shape, *bundle.network_size, orientation=orientation)
    picture = to_network_input(pixels, frame)[0, 0]
    return scores(copies(square_content(picture, frame, bundle.plausibility.side)))


def changed(pixels: np.ndarray, change: Orientation) -> np.ndarray:
    grey = np.ascontiguousarray(change.turned(pixels))
    return grey.max() - grey if change.inverted else grey


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_what_was_done_to_a_sample_is_found(sample: Path, bundle: Bundle, scores: Scores):
    pixels = read_image(sample).pixels
    for change in ORIENTATIONS:
        found = judged(bundle, scores, changed(pixels, change))
        needed = found.needed if found is not None else AS_STORED
        assert change.then(needed) == AS_STORED, change.words


@pytest.mark.parametrize("sample", SAMPLES[:2], ids=lambda path: path.name)
def test_a_sample_and_its_copies_have_the_same_scores_in_another_order(sample: Path, bundle: Bundle, scores: Scores):
    pixels = read_image(sample).pixels
    plain = scored(bundle, scores, pixels)
    for change in ORIENTATIONS:
        of_copy = scored(bundle, scores, changed(pixels, change))
        order = [ORIENTATIONS.index(change.then(orientation)) for orientation in ORIENTATIONS]
        np.testing.assert_allclose(of_copy, plain[order], atol=0.3)  # the letter-box falls on other pixels


@pytest.mark.parametrize("orientation", ORIENTATIONS[1::3])
def test_an_image_read_in_a_way_is_judged_as_the_copy_that_this_makes(
    orientation: Orientation, bundle: Bundle, scores: Scores
):
    pixels = read_image(SAMPLES[4]).pixels  # not square
    as_read = scored(bundle, scores, pixels, orientation)
    np.testing.assert_allclose(as_read, scored(bundle, scores, changed(pixels, orientation)), atol=0.3)


def test_the_symmetrical_half_of_a_sample_has_no_side(bundle: Bundle, scores: Scores):
    pixels = read_image(SAMPLES[3]).pixels.astype(np.float32)
    assert judged(bundle, scores, (pixels + pixels[:, ::-1]) / 2) is None


def ramp(size: int) -> np.ndarray:
    return np.tile(np.arange(size, dtype=np.uint8), (size, 1))


@pytest.mark.parametrize(
    "picture",
    [
        skimage.data.camera(),
        skimage.data.page(),
        skimage.data.checkerboard(),
        skimage.data.cell(),
        ramp(200),
        np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.ones((40, 30))) * 200.0,
        np.hypot(*np.indices((300, 200)) - 100.0),
        np.random.default_rng(1).normal(0, 1, (256, 320)),
    ],
    ids=["camera", "page", "checkerboard", "cell", "ramp", "checks", "cone", "noise"],
)
def test_of_what_is_no_chest_nothing_else_is_said(picture: np.ndarray, bundle: Bundle, scores: Scores):
    for change in (AS_STORED, Orientation(mirrored=True), Orientation(1, inverted=True)):
        assert judged(bundle, scores, changed(picture, change)) == Finding(Reason.OTHER)


def test_the_sentence_of_the_engine(bundle: Bundle, scores: Scores):
    pixels = read_image(SAMPLES[0]).pixels
    frame = Frame(*pixels.shape, *bundle.network_size)
    mirrored = to_network_input(np.ascontiguousarray(pixels[:, ::-1]), frame)

    def seen(image: np.ndarray) -> np.ndarray | None:
        return check_scores(bundle, scores, image, frame)

    said = words_of(suspicion(bundle, seen(mirrored), frame, UNKNOWN, ALL_FOUND), "chest")
    assert said == "This frontal chest radiograph looks mirrored; right and left may be swapped."
    assert suspicion(bundle, seen(to_network_input(pixels, frame)), frame, UNKNOWN, ALL_FOUND) == ""
    of_another = suspicion(bundle, seen(mirrored), frame, UNKNOWN, ALL_FOUND, lambda: "wrist")
    assert of_another == "anatomy:wrist"
    assert words_of(of_another, "chest").startswith(
        "This looks like a wrist radiograph, not like a frontal chest radiograph;"
    )
    without = words_of(suspicion(bundle, None, frame, UNKNOWN, np.zeros(5, bool)), "chest")
    assert without == "No structure was found. Check whether this is a chest radiograph."
    assert suspicion(bundle, None, frame, UNKNOWN, ALL_FOUND) == ""


def test_an_image_that_is_read_as_its_header_asks_is_told_no_more(bundle: Bundle, scores: Scores):
    """Stored turned to the right: the head points right, and the top is the patient's right side."""
    pixels = changed(read_image(SAMPLES[4]).pixels, Orientation(1))
    taken = Acquisition(view="PA", towards_right="H", towards_bottom="L")

    def said(orientation: Orientation) -> str:
        frame = Frame(*pixels.shape, *bundle.network_size, orientation=orientation)
        seen = check_scores(bundle, scores, to_network_input(pixels, frame), frame)
        return words_of(suspicion(bundle, seen, frame, taken, ALL_FOUND), "chest")

    assert said(AS_STORED).startswith(
        "The header says that this PA chest radiograph is stored turned to the right by 90°"
    )
    assert said(Orientation(3)) == ""


def test_the_checks_square_shows_the_whole_image_and_no_border():
    pixels = np.zeros((300, 150), np.float32)
    pixels[:100], pixels[200:, 75:] = 1, 3
    frame = Frame(300, 150, 64, 64)
    square = square_content(to_network_input(pixels, frame)[0, 0], frame, 32)
    wanted = cv2.resize(pixels, (32, 32), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(square, (wanted - wanted.mean()) / wanted.std(), atol=0.25)
    assert square.mean() == pytest.approx(0, abs=1e-5)
    assert square.std() == pytest.approx(1, abs=1e-4)
