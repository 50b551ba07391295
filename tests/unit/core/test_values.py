"""Figures of the domain against formulas written out, scipy and scikit-image, on inputs without symmetry."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation
from skimage.draw import polygon
from skimage.measure import points_in_poly

from app.core import metrics
from app.core.chart import GRID, REACH, ChartMesh
from app.core.frame import Frame
from app.core.inverse_chart import decode, main_body
from app.core.masks import ImageMasks
from app.core.native_mask import native_mask
from app.core.prediction import (
    ErrorModel,
    Prediction,
    confidence,
    from_output,
    present_structures,
    sample_chart,
)
from app.core.shape_prior import ShapePrior, Similarity
from app.core.template import Structure, Template
from app.core.test_time_augmentation import AveragedOutput, look
from tests.unit.core.shapes import bean, two_structures

RNG = np.random.default_rng(7)
TEMPLATE = two_structures()
LUNG, HEART = TEMPLATE.structures


# --- confidence and expected error


def test_confidence_is_one_half_at_twelve_thousandths_of_the_diagonal():
    assert confidence(0.012 * 1500, 1500) == pytest.approx(0.5)
    assert confidence(0.006 * 1500, 1500) == pytest.approx(1 / 1.25)
    assert confidence(0.036 * 700, 700) == pytest.approx(0.1)
    np.testing.assert_allclose(confidence([12, 12], [1000, 500]), [0.5, 0.2])


def test_the_shipped_weights_of_the_error_model():
    one, none = np.ones(1), np.zeros(1)
    errors = ErrorModel()
    assert [float(errors(*(one if i == k else none for i in range(4)))[0]) for k in range(4)] == [2.0, 1.0, 0.5, 0.0]


def output_of(frame):
    masks, uv = [], []
    for structure in TEMPLATE.structures:
        contour = frame.to_network(structure.outline * 3 + [frame.width / 2, frame.height / 2])
        mask = np.zeros((256, 256), np.float32)
        mask[polygon(contour[:, 1], contour[:, 0], (256, 256))] = 1
        masks.append(mask)
        uv.append(np.nan_to_num(ChartMesh.of(structure).uv_map((contour + 0.5) / 2 - 0.5, 128, 128)))
    return np.stack(masks), np.stack(uv)


@pytest.mark.parametrize("size", [(1000, 640), (512, 900)])
def test_the_expected_error_of_a_node_is_in_native_pixels(size):
    frame = Frame(*size)
    masks, uv = output_of(frame)
    flat = AveragedOutput(masks, uv, np.zeros_like(uv))
    typical = np.r_[np.full(40, 3.0), np.full(26, 5.0)]
    found = from_output(flat, frame, TEMPLATE, errors=ErrorModel(typical, 2.0, 0.0, 0.0, 0.0))
    native_per_network = max(size) / 256
    np.testing.assert_allclose(found.expected_error[0], 2 * 3 * native_per_network, rtol=1e-5)
    np.testing.assert_allclose(found.expected_error[1], 2 * 5 * native_per_network, rtol=1e-5)


def test_disagreement_counts_in_pixels_of_the_image():
    """Outputs that differ by .02 in u and .01 in v are apart by so many mm, at 3 native pixels per mm."""
    frame = Frame(1000, 640)
    masks, uv = output_of(frame)
    apart = np.zeros_like(uv)
    apart[:, 0], apart[:, 1] = 0.02, 0.01
    found = from_output(AveragedOutput(masks, uv, apart), frame, TEMPLATE, errors=ErrorModel(None, 0, 0, 0, 1.0))
    for c, structure in enumerate(TEMPLATE.structures):
        half = np.ptp(structure.outline, axis=0) / 2
        assert np.median(found.expected_error[c]) == pytest.approx(3 * np.hypot(*(half * [0.02, 0.01])), rel=0.03)


# --- metrics


def test_surface_distance_is_the_mean_of_both_ways_by_scipy():
    a, b = np.zeros((40, 61), bool), np.zeros((40, 61), bool)
    a[polygon([5, 9, 30, 28], [6, 50, 44, 9])] = True
    b[polygon([7, 8, 33, 24], [9, 52, 39, 5])] = True

    def border(mask):
        return mask & (distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] <= 1)

    first, second = border(a), border(b)
    there, back = distance_transform_edt(~second)[first], distance_transform_edt(~first)[second]
    assert metrics.surface_distance(a, b) == pytest.approx(np.r_[there, back].mean())
    assert metrics.dice(a, b) == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))
    assert metrics.dice(a & False, b & False) == 1
    assert metrics.dice(a, b & False) == 0


def test_the_robust_centre_is_the_geometric_median():
    points = RNG.normal(size=(9, 2)) * [3, 1] + [5, -2]
    best = minimize(lambda c: np.linalg.norm(points - c, axis=1).sum(), points.mean(0), method="Nelder-Mead").x
    np.testing.assert_allclose(metrics.robust_centre(points, rounds=200), best, atol=1e-3)


def test_errors_along_and_across_a_rectangle():
    corners = np.array([[0, 0], [10, 0], [20, 0], [20, 5], [20, 10], [10, 10], [0, 10], [0, 5]], float)
    along, across = metrics.along_and_across(np.tile([3.0, 4.0], (8, 1)), corners)
    assert (along[1], across[1]) == (3, 4)  # the middle of the horizontal side
    assert (along[3], across[3]) == (4, 3)  # and of the vertical one


# --- template and charts


def test_distance_to_a_structure_is_the_one_to_its_nearest_edge():
    flat = Structure("flat", "Flat", "#ffffff", np.array([[0, 0], [200, 0], [200, 50], [0, 50]], float))
    uv = flat.to_chart([[100, 25], [230, 25], [100, 60], [-30, -40], [203, 54]])
    np.testing.assert_allclose(flat.distance_mm(uv), [0, 30, 10, 50, 5])
    assert flat.area_mm2 == 10_000
    np.testing.assert_allclose(flat.to_chart([[200, 0], [50, 50]]), [[1, -1], [-0.5, 1]])
    np.testing.assert_allclose(flat.half_size_mm, [100, 25])


def test_the_smallest_structure_under_a_point_is_meant():
    big = Structure("big", "Big", "#ffffff", np.array([[0, 0], [90, 0], [90, 60], [0, 60]], float))
    small = Structure("small", "Small", "#ffffff", np.array([[10, 10], [30, 10], [30, 50], [10, 50]], float))
    for order in ((big, small), (small, big)):
        template = Template("test", order)
        assert [template.at(p) for p in ([20, 40], [40, 20], [95, 20])] == ["small", "big", None]


def test_bilinear_looking_up_is_scipy_s():
    grid = RNG.normal(size=(GRID, GRID, 2))
    uv = RNG.uniform(-REACH, REACH, (50, 2))
    position = (uv + REACH) / (2 * REACH) * (GRID - 1)
    wanted = [map_coordinates(grid[..., k], [position[:, 1], position[:, 0]], order=1) for k in (0, 1)]
    np.testing.assert_allclose(sample_chart(grid, uv), np.stack(wanted, -1), atol=1e-9)


def test_the_ring_lies_outside_however_the_outline_runs():
    for outline in (bean(), bean()[::-1]):
        mesh = ChartMesh.of(Structure("s", "S", "#ffffff", outline))
        ring = mesh.structure.from_chart(mesh.vertices[len(outline) :])
        assert not points_in_poly(ring, outline).any()
        np.testing.assert_allclose(mesh.structure.distance_mm(mesh.structure.to_chart(ring)), 12, atol=3.7)


def test_beyond_the_reach_of_the_local_fit_the_global_map_goes_on():
    matrix = np.array([[0.9, 0.15], [-0.2, 1.1]])
    uv = ChartMesh.of(LUNG).uv_map(LUNG.outline @ matrix + [100, 110], 240, 220)
    inside = np.isfinite(uv).all(axis=0)
    far = np.array([[1.14, -1.1], [0.2, 0.3], [-1.1, 1.1]])
    found = decode(np.nan_to_num(uv), inside, LUNG, far)
    np.testing.assert_allclose(found.xy, LUNG.from_chart(far) @ matrix + [100, 110], atol=0.05)
    np.testing.assert_allclose(found.residual, 0, atol=1e-3)
    assert found.pixels_per_mm == pytest.approx(np.sqrt(np.linalg.det(matrix)), rel=1e-3)


@pytest.mark.parametrize("mm", [1.0, 2.5, 0.4])
def test_a_bend_at_the_rim_is_followed_for_four_pixels_and_no_further(mm):
    """Rows bend down near the right rim; beyond the reach, in pixels of any size, only the global slope is left."""
    flat = Structure("flat", "Flat", "#ffffff", mm * np.array([[0, 0], [100, 0], [100, 60], [0, 60]], float))
    row, column = np.mgrid[:120, :150].astype(float)
    x = column - 20
    y = row - 30 - np.where(x > 80, (x - 80) ** 2 / 40, 0)
    inside = (x >= 0) & (x <= 100) & (y >= 0) & (y <= 60)
    uv = np.moveaxis(flat.to_chart(mm * np.stack([x, y], -1)), -1, 0).astype(np.float32)
    wanted = flat.to_chart(mm * np.array([[98, 30], [102, 30], [108, 30], [120, 30]]))
    found = decode(uv, inside, flat, wanted).xy
    np.testing.assert_allclose(found[:, 0], [118, 122, 128, 140], atol=1e-3)
    assert found[0, 1] == pytest.approx(60 + 18**2 / 40, abs=0.2)
    assert found[1, 1] - found[0, 1] > 4 * 0.7  # the bend falls by .9 and more per pixel there
    design = np.c_[x[inside], y[inside], np.ones(inside.sum())]
    slope = np.linalg.lstsq(design, row[inside], rcond=None)[0][0]
    assert found[3, 1] - found[2, 1] == pytest.approx(12 * slope, abs=0.3)


def test_pieces_below_a_quarter_of_the_largest_are_no_body():
    mask = np.zeros((30, 50), bool)
    mask[2:12, 2:22] = True  # 200
    mask[15:20, 5:15] = True  # 50: a quarter
    mask[22:29, 30:37] = True  # 49
    body = main_body(mask)
    assert (body[15:20, 5:15]).all()
    assert not body[22:29, 30:37].any()
    assert body.sum() == 250


def test_a_structure_with_too_small_a_share_is_absent():
    inside = np.zeros((2, 100, 100), bool)
    inside[0, :60, :60] = True
    share = inside[0].sum() / LUNG.area_mm2
    for factor, there in ((0.03, False), (0.06, True)):  # the median of two is half their sum: the bar is at .0417
        inside[1] = False
        inside[1].reshape(-1)[: round(factor * share * HEART.area_mm2)] = True
        assert present_structures(inside, TEMPLATE).tolist() == [True, there]


def test_of_overlapping_structures_the_smallest_comes_first():
    """The template lists the larger lung first; where both cover a pixel the heart is meant."""
    frame = Frame(600, 500)
    masks, uv = output_of(frame)
    found = from_output(AveragedOutput(masks, uv, np.zeros_like(uv)), frame, TEMPLATE)
    assert LUNG.area_mm2 > HEART.area_mm2
    assert ImageMasks(TEMPLATE, frame, found).covering(np.array([250, 300]) + 3 * np.array([30, 25])) == (
        "heart",
        "lung",
    )


def test_the_whole_height_of_a_network_that_is_not_square_is_looked_at():
    """A picture of 300 x 200 fills a network of 90 x 60; below row 60 there is still picture."""
    frame = Frame(300, 200, 90, 60)
    masks = np.zeros((2, 90, 60), np.uint8)
    masks[1, 70:, 10:20] = 255
    empty = np.zeros((2, 2, 45, 30), np.float16)
    charts, error = np.zeros((2, GRID, GRID, 2), np.float32), np.zeros((2, GRID, GRID), np.float32)
    found = Prediction("", masks, empty, charts, error, np.ones(2, bool))
    places = [(40, 260), (40, 220), (80, 260), (-20, 260), (40, 305)]
    assert [ImageMasks(TEMPLATE, frame, found).covering(xy) for xy in places] == [("heart",), (), (), (), ()]
    native = native_mask(masks[1], frame)
    assert native.shape == (300, 200)
    ys, xs = np.nonzero(native)
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == pytest.approx((70 / 0.3, 299, 10 / 0.3, 20 / 0.3 - 1), abs=1)


def test_masks_come_back_to_native_pixels_and_structures_are_found_under_them():
    frame = Frame(300, 200)
    masks, uv = output_of(frame)
    masks *= 0
    masks[0, 40:100, 80:160] = 1
    scale, left = 256 / 300, (256 - 200 * 256 / 300) / 2
    native = native_mask((masks[0] * 255).astype(np.uint8), frame)
    ys, xs = np.nonzero(native)
    assert (ys.min(), ys.max()) == (round((40 + 0.5) / scale - 0.5), round((99 + 0.5) / scale - 0.5))
    assert abs(xs.min() - ((80 - left) / scale)) <= 1
    prediction = from_output(AveragedOutput(*output_of(frame), np.zeros_like(uv)), frame, TEMPLATE)
    centre = np.array([100, 150])
    assert ImageMasks(TEMPLATE, frame, prediction).covering(centre + 3 * np.array([-10, 0])) == ("lung",)
    assert ImageMasks(TEMPLATE, frame, prediction).covering((-40, 150)) == ()


# --- shapes, looks


def test_a_similarity_is_found_again_and_never_mirrors():
    points = RNG.normal(size=(12, 2)) * [4, 2]
    turn = Rotation.from_euler("z", 25, degrees=True).as_matrix()[:2, :2]
    target = 1.7 * points @ turn + [3, -8]
    found = Similarity.between(points, target)
    assert found.scale == pytest.approx(1.7)
    np.testing.assert_allclose(found.rotation, turn, atol=1e-9)
    np.testing.assert_allclose(found(points), target, atol=1e-9)
    np.testing.assert_allclose(found.inverse(target), points, atol=1e-9)
    assert np.linalg.det(Similarity.between(points, points * [-1, 1]).rotation) == pytest.approx(1)


def test_a_prior_shrinks_deviations_in_the_template_s_frame():
    mean = np.concatenate([s.outline for s in TEMPLATE.structures])
    prior = ShapePrior(mean, np.zeros((1, *mean.shape)), 0.25 * np.eye(2 * len(mean)))
    bent = mean + RNG.normal(0, 1, mean.shape)
    pose = Similarity.between(bent, mean)
    wanted = pose.inverse(mean + 0.25 * (pose(bent) - mean))
    np.testing.assert_allclose(prior.regularise(bent), wanted, atol=1e-9)
    hidden = bent.copy()
    hidden[40:] = np.nan
    assert np.isnan(prior.regularise(hidden)[40:]).all()
    pose = Similarity.between(bent[:40], mean[:40])
    np.testing.assert_allclose(prior.regularise(hidden)[:40], pose.inverse(mean + 0.25 * (pose(bent) - mean))[:40])


def test_random_shapes_are_the_mean_plus_modes():
    mean, modes = np.zeros((5, 2)), RNG.normal(size=(2, 5, 2))
    prior = ShapePrior(mean + 3, modes, np.zeros((10, 10)))
    weights = np.random.default_rng(1).normal(0, 0.5, 2)
    wanted = 3 + weights[0] * modes[0] + weights[1] * modes[1]
    np.testing.assert_allclose(prior.sample(np.random.default_rng(1), 0.5), wanted)


def test_two_looks_are_averaged_and_their_spread_is_told():
    answers = iter([0.2, 0.6, 0.1])

    def infer(image):
        level = next(answers)
        return np.full((2, 8, 12), level, np.float32), np.full((2, 2, 4, 6), -level, np.float32)

    looks = look(infer, np.zeros((1, 1, 8, 12), np.float32), [(0, 0), (2, -2), (-2, 4)])
    np.testing.assert_allclose(looks.masks, 0.3, rtol=1e-6)
    np.testing.assert_allclose(looks.uv, -0.3, rtol=1e-6)
    np.testing.assert_allclose(looks.disagreement, (0.1 + 0.3 + 0.2) / 3, rtol=1e-5)
