from __future__ import annotations

import numpy as np
import pytest

from app.core.click_average import click_average
from app.core.template import Structure

# 200 mm wide and 50 mm high: one unit of u is 100 mm, one of v 25 mm.
FLAT = Structure("flat", "Flat", "#ffffff", np.array([[0, 0], [200, 0], [200, 50], [0, 50]], float))


def test_one_click_is_itself():
    agreed = click_average(FLAT, [(0.2, -0.4)])
    assert agreed.uv == pytest.approx((0.2, -0.4))
    assert agreed.spread_mm == pytest.approx(0, abs=1e-9)


def test_two_clicks_meet_in_the_middle():
    agreed = click_average(FLAT, [(0.1, 0.0), (0.1, 0.4)])
    assert agreed.uv == pytest.approx((0.1, 0.2))
    assert agreed.spread_mm == pytest.approx(5)  # .2 in v is 5 mm


def test_a_click_that_is_off_hardly_matters():
    good = [(0.1, 0.2), (0.11, 0.2), (0.1, 0.22), (0.09, 0.18)]
    agreed = click_average(FLAT, [*good, (-0.8, 0.9)])
    assert agreed.uv == pytest.approx((0.1, 0.2), abs=0.02)
    assert agreed.spread_mm > 20  # and the spread says that one is off
