import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.core import metrics
from app.core.chart import GRID, ChartMesh
from app.core.frame import Frame
from app.core.inverse_chart import decode
from app.core.native_mask import native_mask
from app.core.prediction import ErrorModel, confidence, from_output, sample_chart
from app.core.shape_prior import ShapePrior
from app.core.test_time_augmentation import AveragedOutput, look, shifted
from tests.unit.core.shapes import two_structures

TEMPLATE = two_structures()


def perfect_output(frame, missing=()):
    """What a perfect network would say of the template at 3 native pixels per mm, and the native contours."""
    masks, fields, contours = [], [], []
    for structure in TEMPLATE.structures:
        contour = structure.outline * 3 + [frame.width / 2, frame.height / 2]
        contours.append(contour)
        on_grid = frame.to_network(contour)
        mask = polygon2mask((256, 256), on_grid[:, ::-1]).astype(np.float32)
        masks.append(mask * 0 if structure.name in missing else mask)
        half = (on_grid + 0.5) / 2 - 0.5
        fields.append(np.nan_to_num(ChartMesh.of(structure).uv_map(half, 128, 128)))
    return np.stack(masks), np.stack(fields), contours


def one_look(masks, uv):
    return AveragedOutput(masks, uv, np.zeros_like(uv))


@pytest.mark.parametrize("size", [(600, 600), (512, 900), (1000, 640)])
def test_perfect_output_leads_back_to_the_contour(size):
    frame = Frame(*size)
    masks, uv, contours = perfect_output(frame)
    found = from_output(one_look(masks, uv), frame, TEMPLATE)
    for c, structure in enumerate(TEMPLATE.structures):
        places = sample_chart(found.charts[c], structure.outline_uv)
        assert np.linalg.norm(places - contours[c], axis=-1).mean() < 0.2 / frame.scale
        truth = polygon2mask(size, contours[c][:, ::-1])
        assert metrics.dice(native_mask(found.masks[c], frame), truth) > 0.97


def test_a_chart_is_exact_at_every_contour_point():
    """However rough the uv-map: the look-up gives what decoding the contour point itself gives (design 5.1)."""
    frame = Frame(1024, 1024)
    masks, uv, _ = perfect_output(frame)
    rng = np.random.default_rng(1)
    rough = (uv + rng.normal(0, 0.02, uv.shape)).astype(np.float32)
    found = from_output(one_look(masks, rough), frame, TEMPLATE)
    half = masks.reshape(len(masks), 128, 2, 128, 2).mean(axis=(2, 4)) > 0.5
    for c, structure in enumerate(TEMPLATE.structures):
        direct = decode(rough[c], half[c], structure, structure.outline_uv)
        truth = frame.from_network((direct.xy + 0.5) * 2 - 0.5)
        np.testing.assert_allclose(sample_chart(found.charts[c], structure.outline_uv), truth, atol=1e-3)


def test_a_missing_structure_is_absent_and_the_other_is_not():
    frame = Frame(600, 600)
    masks, uv, _ = perfect_output(frame, missing=("heart",))
    assert from_output(one_look(masks, uv), frame, TEMPLATE).present.tolist() == [True, False]


def test_an_empty_picture_has_nothing():
    found = from_output(
        one_look(np.zeros((2, 256, 256), np.float32), np.zeros((2, 2, 128, 128), np.float32)), Frame(99, 99), TEMPLATE
    )
    assert not found.present.any()


def test_stray_pieces_of_a_mask_are_taken_out():
    frame = Frame(600, 600)
    masks, uv, _ = perfect_output(frame)
    plain = from_output(one_look(masks, uv), frame, TEMPLATE)
    spotted = masks.copy()
    spotted[0, 2:12, 2:12] = 0.9
    spotted[0, 12:14, 2:12] = 0.46  # its soft rim, which would still tint the image
    found = from_output(one_look(spotted, uv), frame, TEMPLATE)
    assert not found.masks[0, :14, :14].any()
    np.testing.assert_array_equal(found.masks > 127, plain.masks > 127)
    np.testing.assert_allclose(found.charts, plain.charts)


def test_a_prior_that_knows_the_shape_leaves_it_alone():
    frame = Frame(600, 600)
    masks, uv, _ = perfect_output(frame)
    mean = np.concatenate([s.outline for s in TEMPLATE.structures])
    prior = ShapePrior(mean, np.zeros((1, *mean.shape)), np.zeros((2 * len(mean),) * 2))
    plain, regularised = (
        from_output(one_look(masks, uv), frame, TEMPLATE),
        from_output(one_look(masks, uv), frame, TEMPLATE, prior),
    )
    near = np.abs(plain.charts[0, GRID // 2] - regularised.charts[0, GRID // 2])
    assert near.max() < 1.0


def test_expected_error_grows_with_residual_and_falls_into_confidence():
    errors = ErrorModel(None, 1.0, 2.0, 0.5, 3.0)
    ones, seen = np.ones(2), np.array([0.0, 2.0])
    assert errors(ones, np.array([0.0, 3.0]), seen, seen).tolist() == [1.0, 14.0]
    sure = confidence([0, 5, 50, 500], 1000)
    assert (np.diff(sure) < 0).all()
    assert sure[0] == 1
    assert sure[-1] > 0


def test_surface_distance_of_shifted_squares():
    a = np.zeros((40, 40), bool)
    a[10:20, 10:20] = True
    assert metrics.surface_distance(a, a) == 0
    assert metrics.surface_distance(a, np.roll(a, 2, axis=1)) == pytest.approx(1.2, abs=0.4)
    assert np.isnan(metrics.surface_distance(a, a & False))


def test_the_robust_centre_ignores_one_bad_click():
    clicks = np.array([[0, 0], [0.01, 0], [0, 0.01], [0.01, 0.01], [0.9, 0.9]])
    assert np.linalg.norm(metrics.robust_centre(clicks)) < 0.03


def test_errors_split_into_along_and_across():
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
    along, across = metrics.along_and_across(np.array([[3.0, 4.0]] * 4), square)
    np.testing.assert_allclose(along**2 + across**2, 25)


def test_looks_at_a_shifted_picture_are_moved_back():
    rng = np.random.default_rng(0)
    image = rng.normal(size=(1, 1, 64, 64)).astype(np.float32)

    def infer(picture):
        return picture[0], np.stack([picture[0, :, ::2, ::2]] * 2, axis=1)

    one, two = look(infer, image, []), look(infer, image, [(4, 2), (-4, -2)])
    inner = (slice(None), slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(two.masks[inner], one.masks[inner], atol=1e-6)
    np.testing.assert_allclose(two.uv[..., 4:-4, 4:-4], one.uv[..., 4:-4, 4:-4], atol=1e-6)
    assert two.disagreement[..., 4:-4, 4:-4].max() < 1e-6
    np.testing.assert_array_equal(shifted(shifted(image, 3, -5), -3, 5)[..., 8:-8, 8:-8], image[..., 8:-8, 8:-8])
    with pytest.raises(ValueError, match="even"):
        look(infer, image, [(3, 0)])
