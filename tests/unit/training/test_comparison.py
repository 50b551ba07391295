"""Intervals, tests and colours of a comparison, against independent computations."""

import numpy as np
import pytest
from scipy.stats import wilcoxon

from app.training.comparison.plots import FARTHEST_MM, cumulative_plot, error_colour, error_map
from app.training.comparison.report import told
from app.training.comparison.scores import line_of, paired_p
from tests.unit.core.shapes import two_structures


def test_a_line_has_its_mean_and_the_interval_that_means_of_redrawn_images_lie_in():
    values = np.random.default_rng(0).gamma(2.0, 1.5, 40)
    line = line_of(values, None)
    assert (line.mean, line.p, line.images) == (pytest.approx(values.mean()), None, 40)
    half = 1.96 * values.std(ddof=1) / np.sqrt(40)  # nearly normal
    assert line.low == pytest.approx(values.mean() - half, abs=0.25 * half)
    assert line.high == pytest.approx(values.mean() + half, abs=0.25 * half)


def test_images_without_a_value_do_not_count():
    values = np.array([2.0, np.nan, 4.0])
    assert line_of(values, None).mean == 3
    assert line_of(values, None).images == 2
    assert np.isnan(line_of(np.full(3, np.nan), None).mean)
    assert told(None, 2) == told(np.nan, 2) == "-"


def test_the_paired_test_is_over_the_images_that_both_have():
    rng = np.random.default_rng(1)
    first = rng.normal(5, 2, 21)
    other = first + rng.normal(0.4, 0.5, 21)
    other[3] = np.nan
    kept = np.delete(np.arange(21), 3)
    assert paired_p(other, first) == pytest.approx(wilcoxon(other[kept], first[kept]).pvalue)
    assert paired_p(other, first) < 0.05
    assert paired_p(first, first) == 1
    assert paired_p(first[:4], first[:4] + 1) is None


def test_errors_are_told_by_colours_from_green_to_red():
    def parts(mm):
        return [int(error_colour(mm)[i : i + 2], 16) for i in (1, 3, 5)]

    assert parts(0.0)[1] > parts(0.0)[0]
    assert parts(FARTHEST_MM)[0] > 3 * parts(FARTHEST_MM)[1]
    assert error_colour(3 * FARTHEST_MM) == error_colour(FARTHEST_MM)


def test_a_curve_ends_where_all_landmarks_are_counted():
    drawing = cumulative_plot([("half < far", np.array([1.0, 3.0, 5.0, 100.0]))])
    last = drawing.split('<polyline points="')[1].split('"')[0].split()[-1]
    assert float(last.split(",")[1]) == pytest.approx(12 + (320 - 36 - 12) * 0.25, abs=0.1)
    assert "half &lt; far" in drawing


def test_the_map_tells_each_contour_point():
    template = two_structures()
    count = sum(len(structure.outline) for structure in template.structures)
    drawing = error_map(template, np.linspace(0, 9, count))
    assert drawing.count("<circle") == count
    assert drawing.count("<title>9.0 mm</title>") == 1
