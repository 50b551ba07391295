"""What is fitted after training: the shape prior and expected errors, on trials whose noise is known."""

import numpy as np
import pytest

from app.core.shape_prior import Similarity
from app.training.augment import make_batch
from app.training.finish import BELIEF, Trials, collect, fit_errors, fit_prior
from app.training.leave_out import Fold, load_folds, save_fold
from tests.unit.training.test_training import MEAN, TEMPLATE, examples, rendered  # noqa: F401 (fixtures)


def trials(count: int, noise: float, seed: int = 0) -> Trials:
    """Decoded contours off by white noise; shapes vary in four ways."""
    rng = np.random.default_rng(seed)
    basis = np.random.default_rng(99).normal(size=(4, *MEAN.shape)) * 2
    truth = MEAN + np.tensordot(rng.normal(size=(count, 4)), basis, axes=1)
    seen = np.full(truth.shape[:2], noise)
    return Trials(truth + rng.normal(0, noise, truth.shape), truth, seen, 0 * seen, np.arange(count))


def mean_error(found, truth):
    return np.linalg.norm(found - truth, axis=-1).mean()


def test_the_prior_takes_noise_away_from_contours_it_was_not_fitted_on():
    fitted, new = trials(200, 3.0), trials(100, 3.0, seed=1)
    prior = fit_prior(TEMPLATE, fitted.truth, fitted, 1.0)
    assert mean_error(prior.regularise_all(new.decoded), new.truth) < 0.6 * mean_error(new.decoded, new.truth)


def test_what_was_decoded_is_never_wholly_given_up():
    """A ridge beyond all measure makes the regression answer the mean shape, whatever it is asked."""
    found = trials(50, 1.0)
    prior = fit_prior(TEMPLATE, found.truth, found, 1e12)
    contour = MEAN + [0, 1] * np.sin(MEAN / 40)  # no turn, no growth to speak of
    pose = Similarity.between(contour, MEAN)
    kept = pose(prior.regularise(contour)) - MEAN
    np.testing.assert_allclose(kept, (1 - BELIEF) * (pose(contour) - MEAN), atol=1e-4)


def test_expected_errors_fit_what_was_measured():
    found = trials(200, 2.0)
    model = fit_errors(found.decoded, found)
    expected = model(model.typical, found.residual, 0 * found.residual, found.disagreement)
    true = np.linalg.norm(found.decoded - found.truth, axis=-1)
    assert expected.mean() == pytest.approx(true.mean(), rel=0.02)


def test_what_a_fold_found_is_kept_and_read_back(tmp_path):
    fold = Fold(2, 256, trials(6, 2.0), trials(4, 2.0, seed=1))
    save_fold(tmp_path, fold)
    (again,) = load_folds([tmp_path], 256, len(MEAN))
    assert (again.number, again.size) == (2, 256)
    for kept, found in ((fold.seen, again.seen), (fold.unseen, again.unseen)):
        for name, array in kept._asdict().items():
            np.testing.assert_array_equal(getattr(found, name), array)


def test_folds_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(OSError, match=r"left_out\.npz"):
        load_folds([tmp_path], 256, len(MEAN))
    save_fold(tmp_path, Fold(2, 128, trials(6, 2.0), trials(4, 2.0, seed=1)))
    with pytest.raises(ValueError, match="another size"):
        load_folds([tmp_path], 256, len(MEAN))
    with pytest.raises(ValueError, match="other contour points"):
        load_folds([tmp_path], 128, 100)
    with pytest.raises(ValueError, match="given twice"):
        load_folds([tmp_path, tmp_path], 128, len(MEAN))
    np.savez(tmp_path / "left_out.npz", fold=0)
    with pytest.raises(ValueError, match="older program"):
        load_folds([tmp_path], 128, len(MEAN))


def test_trials_are_in_network_pixels_and_know_how_the_network_was_off(examples):  # noqa: F811
    """Maps that are right but for a known scatter and a known step of u between two looks, both in mm."""
    size, scatter, step, rng, asked = 256, 1.2, 2.5, np.random.default_rng(4), []
    right = make_batch(examples, np.arange(len(examples)), size, None, np.random.default_rng(0))
    half = np.stack([s.half_size_mm for s in TEMPLATE.structures])[:, :, None, None]
    noise = rng.normal(0, scatter, (*right.uv.shape[1:],))

    def infer(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        number, sign = len(asked) // 2, 1 - 2 * (len(asked) % 2)
        asked.append(number)
        off = noise + np.array([sign * step, 0])[:, None, None]
        return right.masks[number].numpy(), (right.uv[number].numpy() + off / half).astype(np.float32)

    found = collect(infer, size, TEMPLATE, examples, [(0, 0), (0, 0)], [None])
    assert found.image.tolist() == list(range(len(examples)))
    np.testing.assert_allclose(found.truth, (right.landmarks.numpy() + 1) / 2 * size - 0.5, atol=1e-3)
    spans = [np.ptp(found.truth, axis=1), np.ptp(MEAN, axis=0)]
    per_mm = (spans[0] / spans[1]).mean(axis=1)  # network pixels per mm of the template, image by image
    assert np.median(np.linalg.norm(found.decoded - found.truth, axis=-1)) < 1.5
    for residual, disagreement, scale in zip(found.residual, found.disagreement, per_mm, strict=True):
        assert np.median(residual) == pytest.approx(np.sqrt(2) * scatter * scale, rel=0.25)
        assert np.median(disagreement) == pytest.approx(step * scale, rel=0.2)
