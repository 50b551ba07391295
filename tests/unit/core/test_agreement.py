"""Agreement of two readers, against figures worked out by hand."""

import math

import numpy as np
import pytest

from app.core.agreement import Pair, agreement_of, least_agreeing, limits_of_agreement

MM = (0.5, 0.25)  # column, row


def test_limits_of_agreement_as_bland_and_altman_give_them():
    # Differences 1, 2, 6: mean 3, standard deviation with N - 1: sqrt((4 + 1 + 9) / 2) = sqrt(7).
    found = limits_of_agreement([1.0, 2.0, np.nan, 6.0])
    assert (found.count, found.bias) == (3, 3.0)
    assert (found.low, found.high) == pytest.approx((3 - 1.96 * math.sqrt(7), 3 + 1.96 * math.sqrt(7)))
    assert np.isnan(limits_of_agreement([4.0]).low)
    assert limits_of_agreement([]).count == 0


def test_distances_are_in_mm_where_all_pixel_sizes_are_known_and_worst_first():
    at = {"a": (6.0, 16.0), "b": (-6.0, 0.0), "c": (24.0, -20.0)}
    pairs = [Pair(image, "apex", difference, MM) for image, difference in at.items()]
    found = agreement_of("apex", pairs)
    assert [pair.image for pair in found.pairs] == ["c", "a", "b"]
    assert found.in_mm
    assert (found.mean, found.median) == pytest.approx(((5 + 3 + 13) / 3, 5.0))  # 3-4-5, 3, 5-12-13 triangles
    assert found.worst.distance(True) == pytest.approx(13.0)
    assert [one.bias for one in found.limits] == pytest.approx([(3 - 3 + 12) / 3, (4 + 0 - 5) / 3])
    mixed = agreement_of("apex", [*pairs, Pair("d", "apex", (3.0, -4.0))])
    assert not mixed.in_mm
    assert mixed.limits[0].bias == pytest.approx((6 - 6 + 24 + 3) / 4)
    assert mixed.pairs[-1].image == "d"


def test_what_one_of_the_two_calls_absent_is_worst_and_counts_for_no_figure():
    pairs = [Pair("a", "apex", (3.0, 4.0), MM), Pair("b", "apex", pixel_mm=MM, absent="theirs")]
    found = agreement_of("apex", pairs)
    assert found.worst.absent == "theirs"
    assert found.mean == pytest.approx(math.hypot(1.5, 1.0))
    assert found.limits[0].count == 1
    never = agreement_of("tip", [Pair("b", "tip", absent="ours")])
    assert np.isnan(never.mean)
    assert never.limits == ()
    assert [one.name for one in least_agreeing([found, never])] == ["apex", "tip"]  # what is in pixels comes last


def test_masks_tell_dice_and_areas():
    told = ("a", -40.0, 0.9), ("b", 24.0, 0.7)
    pairs = [Pair(image, "heart", (area,), MM, value, of_mask=True) for image, area, value in told]
    found = agreement_of("heart", pairs)
    assert found.of_masks
    assert found.worst.image == "b"
    assert (found.mean, found.limits[0].bias) == pytest.approx((0.8, -8 * 0.125))
    better = agreement_of("lung", [Pair("a", "lung", (1.0,), MM, dice=0.95, of_mask=True)])
    assert [one.name for one in least_agreeing([better, found])] == ["heart", "lung"]
