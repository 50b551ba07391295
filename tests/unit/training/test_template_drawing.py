"""The drawing of a template: where its points lie and how far they spread."""

import xml.etree.ElementTree as ElementTree

import numpy as np

from app.training.template_drawing import draw_template, point_spread
from tests.unit.core.shapes import two_structures

TEMPLATE = two_structures()
MEAN = np.concatenate([structure.outline for structure in TEMPLATE.structures])


def shapes():
    """One point goes 3 mm to and fro; every shape is turned and shrunk as well."""
    rng = np.random.default_rng(2)
    found = []
    for number in range(40):
        one = MEAN.copy()
        one[7, 0] += 3 if number % 2 else -3
        angle, size = rng.uniform(-0.4, 0.4), rng.uniform(0.6, 1.3)
        turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
        found.append(size * one @ turn + rng.uniform(-50, 50, 2))
    return np.stack(found)


def test_only_the_point_that_moves_spreads_and_by_so_many_mm():
    spread = point_spread(MEAN, shapes())
    assert abs(spread[7] - 3) < 0.2
    assert np.delete(spread, 7).max() < 0.25


def test_the_drawing_has_each_structure_and_each_point_with_its_spread():
    root = ElementTree.fromstring(draw_template(TEMPLATE, shapes()))
    space = "{http://www.w3.org/2000/svg}"
    assert [each.get("stroke") for each in root.iter(f"{space}polygon")] == [s.colour for s in TEMPLATE.structures]
    discs = list(root.iter(f"{space}circle"))
    assert len(discs) == len(MEAN)
    assert sum(each.get("stroke") is not None for each in discs) == 2
    assert max(discs, key=lambda each: float(each.get("r"))) is discs[7]
    step = np.array([float(discs[20].get(key)) - float(discs[3].get(key)) for key in ("cx", "cy")])
    np.testing.assert_allclose(step, 4 * (MEAN[20] - MEAN[3]), atol=0.2)
