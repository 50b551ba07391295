"""A bundle of any anatomy against what people drew: figures of predictions that are off by a known step."""

import json

import imageio.v3 as imageio
import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.cli.figures import show_figures
from app.core.frame import Frame
from app.training.anatomy_figures import _compared, read_drawn
from app.training.evaluate_folder import evaluate
from tests.unit.core.shapes import bean, two_structures
from tests.unit.training.test_training import mesh_of

HEIGHT, WIDTH = 220, 180
TEMPLATE = two_structures()
PLACE = np.array([80.0, 100.0])


class Facts:
    frame = Frame(HEIGHT, WIDTH, 256, 256)


def prediction_of(step):
    """As the engine would say it of a picture that shows the template itself, a step beside its place."""
    from app.core.native_mask import predicted_extents
    from app.core.prediction import Prediction

    charts, masks = [], []
    for structure in TEMPLATE.structures:
        points = structure.outline + PLACE + step
        charts.append(mesh_of(structure).inverse_chart(points))
        inside = polygon2mask((256, 256), Facts.frame.to_network(points)[:, ::-1])
        masks.append(inside.astype(np.uint8) * 255)
    grid = np.stack(masks)
    present = np.array([True, True])
    extents = predicted_extents(grid, present, Facts.frame)
    error = np.ones((2, *charts[0].shape[:2]), np.float32)
    uv = np.zeros((2, 2, 128, 128), np.float16)
    return Prediction("", grid, uv, np.stack(charts).astype(np.float32), error, present, extents=extents)


class Found:
    facts = Facts

    def __init__(self, step):
        self.prediction = prediction_of(step)


def labelme(folder, drawn, spacing=None):
    folder.mkdir(parents=True, exist_ok=True)
    imageio.imwrite(folder / "a.png", np.zeros((HEIGHT, WIDTH), np.uint8))
    shapes = [
        {"label": name, "points": (points + 0.5).tolist(), "shape_type": "polygon"} for name, points in drawn.items()
    ]
    data = {"shapes": shapes, "imagePath": "a.png"} | ({"mm_per_pixel": spacing} if spacing else {})
    (folder / "a.json").write_text(json.dumps(data))


def test_dice_and_distance_of_a_prediction_that_is_off_by_a_step(tmp_path):
    heart = TEMPLATE.structure("heart")
    labelme(tmp_path, {"heart": heart.outline + PLACE, "spleen": bean(20, 60, 60, 20)}, spacing=0.4)
    reference = read_drawn(tmp_path, TEMPLATE)
    truth = reference.masks(0, Frame(HEIGHT, WIDTH, HEIGHT, WIDTH))[1]
    assert not reference.masks(0, Frame(HEIGHT, WIDTH, HEIGHT, WIDTH))[0].any()
    exact = _compared(TEMPLATE, 1, Found(np.zeros(2)), truth, reference, 0)
    assert exact.dice > 0.98
    assert exact.apart_mm.max() < 0.4
    step = np.array([5.0, 0.0])
    moved = _compared(TEMPLATE, 1, Found(step), truth, reference, 0)
    there = polygon2mask((HEIGHT, WIDTH), (heart.outline + PLACE + step)[:, ::-1])
    wanted = 2 * (there & truth).sum() / (there.sum() + truth.sum())
    assert moved.dice == pytest.approx(wanted, abs=0.01)
    assert moved.apart_mm.max() == pytest.approx(5 * 0.4, rel=0.1)  # at its sides; above and below it is nearer
    assert 0.8 < moved.apart_mm.mean() < 1.7


def test_outlines_of_another_anatomy_are_refused(tmp_path):
    labelme(tmp_path, {"spleen": bean(20, 60, 60, 20)})
    with pytest.raises(ValueError, match=r"has outlines of spleen; the model knows lung, heart\. Choose another model"):
        read_drawn(tmp_path, TEMPLATE)


def test_what_is_missed_and_what_nobody_drew_is_counted(tmp_path, capsys):
    """Through `evaluate`, with the shipped chest bundle: a picture of nothing, in which a heart was drawn."""
    labelme(tmp_path / "val", {"heart": bean(30, 80, 100, 50)}, spacing=0.35)
    figures = evaluate(tmp_path, "chest", tmp_path / "out", "val", 1, "auto")
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["structures"] == figures["structures"]
    heart = figures["structures"]["heart"]
    assert (heart["drawn"], heart["missed"], heart["dice"], heart["contour_mm"]) == (1, 1, 0.0, None)
    assert figures["structures"]["right_lung"] == {
        "dice": None,
        "drawn": 0,
        "contour_mm": None,
        "within_2_mm": None,
        "missed": 0,
        "false": 0,
    }
    show_figures(figures)
    said = capsys.readouterr().out
    assert "heart" in said
    assert "0.000" in said
