"""Masks that a second, finer network of the bundle draws: from the file to the prediction."""

import json
import shutil

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from app.engine.client import Engine
from app.io.bundle import read_bundle
from app.io.errors import BundleError
from app.jobs import Result
from tests.unit.pictures import ramp, write_png
from tests.unit.tiny_bundle import SIZE, outlines, write_head

HEIGHT, WIDTH, MM = 48, 64, 5.0
STAGE = {"structures": ["lung"], "mirrored": [], "height": HEIGHT, "width": WIDTH, "mm": MM, "shifts": [[0, 0]]}
"""A crop pixel is as large as one of the network's."""


def with_fine_network(folder, stage=STAGE, drawn=HEIGHT // 2):
    """A network that draws so many rows of the crop, from the top: the upper half."""
    crops = ops.parameter([1, 2, HEIGHT, WIDTH], np.float32, name="crops")
    nothing = ops.multiply(ops.reduce_sum(crops, ops.constant([1], np.int64)), ops.constant(0.0, np.float32))
    upper = np.zeros((1, HEIGHT, WIDTH), np.float32)
    upper[:, :drawn] = 1
    model = openvino.Model([ops.add(nothing, ops.constant(upper))], [crops], "fine")
    openvino.save_model(model, str(folder / "fine.xml"), compress_to_fp16=False)
    write_head(folder, fine=stage)
    return folder


@pytest.fixture
def copy(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "copy")


def predicted(bundle, path, backend="auto"):
    with Engine(bundle, threads=1, backend=backend) as engine:
        return next(event.value.prediction for event in engine.predict([("a", path)]) if isinstance(event, Result))


def test_the_fine_network_draws_its_structures_and_no_others(copy, tiny, tmp_path):
    path = write_png(tmp_path / "image.png", ramp(SIZE, SIZE))
    before, after = predicted(tiny, path), predicted(read_bundle(with_fine_network(copy)), path)
    lung, heart = (after.masks[c] > 127 for c in (0, 1))
    was, middle = before.masks[0] > 127, round(outlines()["lung"][:, 1].mean())
    assert lung[:middle].sum() > was[:middle].sum()
    assert 0 < lung[middle:].sum() < 0.9 * was[middle:].sum()  # held to the outline, which overrules it far inside
    np.testing.assert_array_equal(heart, before.masks[1] > 127)
    np.testing.assert_array_equal(after.charts, before.charts)  # placements are the main network's
    assert after.bundle_sha256 != before.bundle_sha256  # so neither is taken for the other where they are kept


def test_where_the_fine_network_sees_nothing_the_main_network_s_mask_stays(copy, tiny, tmp_path):
    path = write_png(tmp_path / "image.png", ramp(SIZE, SIZE))
    before, after = predicted(tiny, path), predicted(read_bundle(with_fine_network(copy, drawn=0)), path)
    assert (before.masks[0] > 127).any()
    np.testing.assert_array_equal(after.masks, before.masks)
    np.testing.assert_array_equal(after.expected_error, before.expected_error)


def test_a_bundle_says_which_structures_are_drawn_again(copy):
    stage = read_bundle(with_fine_network(copy)).fine
    assert stage is not None
    assert (stage.structures, stage.mirrored, stage.shifts) == (("lung",), (), ((0, 0),))
    assert (stage.height, stage.width, stage.mm) == (HEIGHT, WIDTH, MM)


@pytest.mark.parametrize("wrong", ["structures", "mirrored", "height", "mm", "shifts"])
def test_a_bundle_that_describes_its_fine_network_wrongly_is_not_used(copy, wrong):
    values = {"structures": ["spleen"], "mirrored": ["spleen"], "height": 0, "mm": -1.0, "shifts": []}
    with_fine_network(copy, STAGE | {wrong: values[wrong]})
    with pytest.raises(BundleError):
        read_bundle(copy)


def test_a_fine_network_without_weights_is_not_used(copy):
    with_fine_network(copy)
    head = json.loads((copy / "bundle.json").read_text())
    del head["files"]["fine.bin"]
    (copy / "fine.bin").unlink()
    (copy / "bundle.json").write_text(json.dumps(head))
    with pytest.raises(BundleError, match="fine masks"):
        read_bundle(copy)
