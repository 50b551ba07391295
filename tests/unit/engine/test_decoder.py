"""What the decoding child hands to the network: the picture as it is read, in true proportions."""

import queue

import numpy as np
import pytest

from app.core.frame import Frame
from app.core.orientation import Orientation
from app.engine.child import Child
from app.engine.protocol import Message
from app.io.preprocess import to_network_input
from tests.unit.pictures import ramp, write_dicom

LONG = ramp(60, 90, 4000, np.uint16)
SQUARE = np.repeat(LONG, 2, axis=0)
"""The same picture as `LONG` with pixels twice as high as wide."""


@pytest.fixture(scope="module")
def decoder():
    """Asks a decoding child and waits for its answer."""
    heard = queue.SimpleQueue()
    child = Child("decode", [], lambda _, message: heard.put(message), lambda _: heard.put(None))
    assert heard.get(timeout=100).kind == "ready"

    def ask(path, orientation):
        fields = {"path": str(path), "name": path.name, "network": [48, 64], "orientation": orientation}
        child.send(Message("decode", fields))
        return heard.get(timeout=100)

    yield ask
    child.kill()
    child.join()


@pytest.mark.parametrize(
    "orientation", [Orientation(), Orientation(1), Orientation(0, mirrored=True), Orientation(3, True, True)]
)
def test_the_network_gets_pixels_that_are_not_square_in_true_proportions_and_as_they_are_read(
    decoder, tmp_path, orientation
):
    uids = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4", "SOPInstanceUID": "1.2.3.4.5"}
    path = write_dicom(tmp_path / "x.dcm", LONG, PixelSpacing=[0.5, 0.25], StudyDate="20210309", **uids)
    answer = decoder(path, [orientation.quarter_turns, orientation.mirrored, orientation.inverted])
    assert answer.kind == "decoded"
    upright = np.ascontiguousarray(orientation.turned(4000 - SQUARE if orientation.inverted else SQUARE))
    wanted = to_network_input(upright, Frame(*upright.shape, 48, 64))
    np.testing.assert_allclose(answer.arrays["input"], wanted, atol=0.1)
    assert answer.fields["facts"]["aspect"] == 2.0
    assert answer.fields["facts"]["uids"] == ["1.2.3", "1.2.3.4", "1.2.3.4.5"]
    assert answer.fields["facts"]["study_date"] == "2021-03-09"


def test_the_preview_is_levelled_between_half_a_per_cent_of_either_end(decoder, tmp_path):
    pixels = np.random.default_rng(5).gamma(2.0, 300.0, (61, 83)).astype(np.uint16)
    pixels[7, 11], pixels[50, 3] = 4095, 0
    answer = decoder(write_dicom(tmp_path / "x.dcm", pixels), [0, False, False])
    low, high = np.percentile(pixels.astype(np.float32), (0.5, 99.5))
    wanted = (np.clip(pixels, low, high) - low) / (high - low) * 255
    np.testing.assert_allclose(answer.arrays["preview"], wanted, atol=0.51)
