"""A training that is killed while it saves leaves the state before; the loss is the weighted sum of its terms."""

import numpy as np
import pytest
import torch

from app.training.augment import make_batch
from app.training.train import Recipe, Trainer, total_loss
from models.network import NetworkConfig
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
    total, terms = total_loss(trainer.net, batch, trainer.targets, recipe)
    weights = {"bce": 3, "dice": 1, "uv_dense": 5, "uv_landmarks": 7, "uv_smooth": 11}
    assert set(terms) == set(weights)
    assert min(terms.values()) > 0
    assert total.item() == pytest.approx(sum(weights[name] * term for name, term in terms.items()), rel=1e-4)
