"""A training that is killed while it saves leaves the state before; the loss is the weighted sum of its terms."""

import numpy as np
import pytest
import torch

from app.core.frame import Frame
from app.io.preprocess import to_network_input
from app.training.augment import Strength, make_batch, normalise
from app.training.recipe import Recipe
from app.training.systems.denseseg import total_loss
from app.training.systems.system import quick_precision
from app.training.train import Trainer
from models.network import NetworkConfig, RawOutput
from tests.unit.training.test_training import TEMPLATE, examples, rendered  # noqa: F401 (fixtures)

CONFIG = NetworkConfig(height=64, width=64, channels=(8, 8, 8))
RECIPE = Recipe(minutes=60, small_share=0, size=64, batch=2, validate_every=1)


def test_a_training_killed_while_saving_keeps_the_state_before(tmp_path, examples, rendered, monkeypatch):  # noqa: F811
    pictures, contours = rendered
    first = Trainer(tmp_path, TEMPLATE, CONFIG, RECIPE)
    first.run(examples, pictures[:1], contours.take([0]), lambda _: None, leg_minutes=1e-6)
    kept, save = (tmp_path / "state.pt").read_bytes(), torch.save

    def half(state, file, *rest):
        if "optimizer" not in state:
            return save(state, file, *rest)
        with open(file, "wb") as stream:  # noqa: PTH123 (whatever kind of path it is)
            stream.write(kept[: len(kept) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        first.run(examples, pictures[:1], contours.take([0]), lambda _: None, leg_minutes=1e-6)
    monkeypatch.undo()
    assert (tmp_path / "state.pt").read_bytes() == kept
    assert Trainer(tmp_path, TEMPLATE, CONFIG, RECIPE).epoch == 1


def test_the_loss_is_the_weighted_sum_of_its_terms(tmp_path, examples):  # noqa: F811
    trainer = Trainer(tmp_path, TEMPLATE, CONFIG, RECIPE)
    batch = make_batch(examples, np.arange(2), 64, None, np.random.default_rng(0))
    recipe = Recipe(mask_bce=3.0, uv_dense=5.0, uv_landmarks=7.0, uv_smooth=11.0)
    total, terms = total_loss(trainer.net, batch, trainer.system.targets, recipe)
    weights = {"bce": 3, "dice": 1, "uv_dense": 5, "uv_landmarks": 7, "uv_smooth": 11}
    assert set(terms) == set(weights)
    assert min(terms.values()) > 0
    assert total.item() == pytest.approx(sum(weights[name] * term for name, term in terms.items()), rel=1e-4)


def test_the_averaged_weights_follow_the_first_steps_quickly(tmp_path, examples, rendered):  # noqa: F811
    """Written out: after step n the average keeps (1 + n) / (10 + n) of itself, at most `Recipe.average`."""
    pictures, contours = rendered
    trainer = Trainer(tmp_path, TEMPLATE, CONFIG, Recipe(minutes=60, small_share=0, size=64, batch=4))
    before = [weights.detach().clone() for weights in trainer.averaged.parameters()]
    trainer.run(examples, pictures[:1], contours.take([0]), lambda _: None, leg_minutes=1e-6)  # four images: one step
    pairs = zip(before, trainer.net.parameters(), trainer.averaged.parameters(), strict=True)
    for old, new, mean in pairs:
        torch.testing.assert_close(mean.detach(), 2 / 11 * old + 9 / 11 * new.detach(), rtol=1e-4, atol=1e-6)


def test_uv_errors_are_weighed_by_the_size_of_their_structure(tmp_path, examples):  # noqa: F811
    """The term written out: a chart unit counts as the root of the mm that it spans, 1 in the mean."""
    trainer = Trainer(tmp_path, TEMPLATE, CONFIG, RECIPE)
    batch = make_batch(examples, np.arange(2), 64, None, np.random.default_rng(0))
    with torch.no_grad(), quick_precision():
        uv = trainer.net(batch.image).uv.numpy()
    _, terms = total_loss(trainer.net, batch, trainer.system.targets, RECIPE)
    spans = np.sqrt([(s.outline.max(0) - s.outline.min(0)) / 2 for s in TEMPLATE.structures])
    weight = (spans / spans.mean())[None, :, :, None, None]
    target, inside = batch.uv.numpy(), batch.inside.numpy()
    error = (np.abs((uv - target) * weight).sum(2) * inside).sum((2, 3)) / np.maximum(inside.sum((2, 3)), 1)
    share = batch.weight.numpy()
    assert terms["uv_dense"] == pytest.approx((error * share).sum() / share.sum(), rel=1e-3)


def test_uv_that_is_off_by_a_step_costs_that_step_at_every_landmark(tmp_path, examples):  # noqa: F811
    """A network whose charts are right but for one step in u and one in v: only these count, each by its weight."""
    trainer = Trainer(tmp_path, TEMPLATE, CONFIG, RECIPE)
    batch = make_batch(examples, np.arange(2), 64, None, np.random.default_rng(0))
    step = torch.tensor([0.125, -0.0625])
    sizes = torch.tensor([len(s.outline) for s in TEMPLATE.structures])
    places = torch.from_numpy(np.concatenate([s.outline_uv for s in TEMPLATE.structures])).float()
    flat = torch.repeat_interleave(torch.arange(len(sizes)), sizes)  # the chart's value at one landmark, everywhere

    def answer(image):
        uv = (places[landmark] + step).view(1, 1, 2, 1, 1).expand(len(image), len(sizes), 2, 32, 32)
        return RawOutput(torch.zeros(len(image), len(sizes), 64, 64), uv)

    spans = np.sqrt([(s.outline.max(0) - s.outline.min(0)) / 2 for s in TEMPLATE.structures])
    weight = spans / spans.mean()
    for landmark in (0, 60, int(sizes.sum()) - 1):
        alone = batch._replace(visible=torch.arange(len(flat)).eq(landmark).expand(2, -1))
        _, terms = total_loss(answer, alone, trainer.system.targets, RECIPE)
        wanted = weight[flat[landmark]] @ [0.125, 0.0625]
        assert terms["uv_landmarks"] == pytest.approx(wanted, rel=1e-4)


def test_a_landmark_that_left_the_picture_on_one_side_does_not_count(examples):  # noqa: F811
    far = Strength(rotation_degrees=0, shift=0.9, scale=0, aspect=0, elastic=0)
    batch = make_batch(examples, np.arange(4), 64, far, np.random.default_rng(2))
    x, y = np.moveaxis(batch.landmarks.numpy(), -1, 0)
    beside, above = np.abs(x) >= 1, np.abs(y) >= 1
    assert (beside & ~above).any()
    assert (above & ~beside).any()
    np.testing.assert_array_equal(batch.visible.numpy(), ~(beside | above))


def test_the_network_is_trained_on_the_grey_values_that_it_is_given_later():
    """Clipped at the 0.5th and 99.5th percentile, mean 0, deviation 1: as `to_network_input` does."""
    pictures = np.random.default_rng(6).gamma(2.0, 0.3, (2, 1, 48, 48)).astype(np.float32)
    found = normalise(torch.from_numpy(pictures)).numpy()
    for picture, seen in zip(pictures, found, strict=True):
        np.testing.assert_allclose(seen[0], to_network_input(picture[0], Frame(48, 48, 48, 48))[0, 0], atol=0.1)
