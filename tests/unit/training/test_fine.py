"""The network for fine masks: what it learns from, training, and how it comes into a bundle."""

import numpy as np
import pytest
import torch

from app.core.fine_mask import FineStage
from app.engine.fine_masks import openvino_crops
from app.io.bundle import read_bundle
from app.training.bundle import write_fine
from app.training.fine import FineRecipe, FineTrainer, dice_of, loss_of
from app.training.fine_augment import make_batch, wrong_guess
from app.training.fine_examples import FineExample
from models.fine import FineConfig, FineNet
from models.losses import soft_dice_each
from tests.unit.core.test_fine_mask import TEMPLATE, fine, mask, placed
from tests.unit.tiny_bundle import write_bundle

STAGE = FineStage(("right", "left"), ("left",), height=32, width=56, mm=1.4)
CONFIG = FineConfig(32, 56, (4, 6))
SIZE = 128


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def example(name, weight=1.0, off=(0.0, 0.0), background=40):
    """A bright bone whose guess is off by so many network pixels; its mask is kept at 4 times the network's grid."""
    outline = placed(name)
    truth = mask((outline + 0.5) * 4 - 0.5, 4 * SIZE)
    part = (slice(60, 4 * SIZE), slice(40, 4 * SIZE))
    to_mask = np.array([[4, 0, 1.5 - 40], [0, 4, 1.5 - 60]], float)
    picture = np.maximum(fine(outline), background).astype(np.uint8)
    guess = outline + np.asarray(off)
    return FineExample(picture, TEMPLATE.structure(name), guess, truth[part].astype(np.float32), to_mask, weight)


@pytest.mark.parametrize("name", ["right", "left"])
def test_as_it_is_served_picture_guess_and_mask_lie_on_one_another(name):
    batch = make_batch([example(name)], STAGE, None)
    picture, guess = batch.crops[0]
    bright, true = picture > (picture.min() + picture.max()) / 2, batch.masks[0] > 0.5
    assert (bright != true).sum() < 0.04 * true.sum()
    assert true[guess > 0.1].float().mean() > 0.99
    assert true[guess < -0.1].float().mean() < 0.01


def test_augmentation_moves_picture_and_mask_alike_and_the_guess_stays_wrong():
    rng = np.random.default_rng(3)
    plain = [example(name) for name in ("right", "left")] * 8
    batch = make_batch(plain, STAGE, rng)
    inside = [
        float(np.corrcoef(p.ravel(), m.ravel())[0, 1]) for p, m in zip(batch.crops[:, 0], batch.masks, strict=True)
    ]
    assert np.median(inside) > 0.8  # greys and lines change, the border does not
    known = batch.crops[:, 1].abs().amax(dim=(1, 2)) > 0
    assert 8 <= int(known.sum()) <= 16
    seen = (batch.crops[known, 1] > 0).float()
    overlap = 2 * (seen * batch.masks[known]).sum((1, 2)) / (seen.sum((1, 2)) + batch.masks[known].sum((1, 2)))
    assert 0.6 < float(overlap.mean()) < 0.97


def test_a_wrong_guess_is_off_by_millimetres_of_the_template():
    rng, bone = np.random.default_rng(0), example("left")
    moved = np.stack([wrong_guess(bone.guess, STAGE, bone, rng) - bone.guess for _ in range(300)])
    centre = moved.mean(axis=1) / 0.8  # 0.8 network pixels per mm
    assert centre.std(axis=0) == pytest.approx([1.5, 1.5], rel=0.25)


def test_soft_dice_is_one_for_the_mask_itself_and_counts_each_alone():
    masks = torch.zeros(2, 8, 8)
    masks[:, :4] = 1
    logits = torch.where(masks > 0, 20.0, -20.0)
    logits[1] = -20.0
    found = soft_dice_each(logits, masks)
    assert found.tolist() == pytest.approx([1.0, 1 / 33], abs=1e-3)


def test_the_loss_is_cross_entropy_and_what_is_missing_of_soft_dice():
    batch = make_batch([example("right"), example("left", weight=0.25)], STAGE, None)
    torch.manual_seed(2)
    net = FineNet(CONFIG)
    with torch.inference_mode():
        logits, found = net(batch.crops).double().numpy(), float(loss_of(net, batch, 4.0))
    masks, chance = batch.masks.double().numpy(), 1 / (1 + np.exp(-logits))
    entropy = -(masks * np.log(chance) + (1 - masks) * np.log(1 - chance)).mean(axis=(1, 2))
    squared = (chance**2).sum((1, 2)) + (masks**2).sum((1, 2))
    dice = (2 * (chance * masks).sum((1, 2)) + 1) / (squared + 1)
    expected = ((4 * entropy + 1 - dice) * [1, 0.25]).sum() / 1.25
    assert found == pytest.approx(expected, rel=1e-3)
    assert dice.max() < 0.99


def test_wrong_guesses_are_turned_and_larger_or_smaller_too():
    rng, bone = np.random.default_rng(0), example("left")
    start, sizes, angles = bone.guess - bone.guess.mean(axis=0), [], []
    for _ in range(200):
        wrong = wrong_guess(bone.guess, STAGE, bone, rng)
        wrong = wrong - wrong.mean(axis=0)
        turned = (start[:, 0] + 1j * start[:, 1]).conj() @ (wrong[:, 0] + 1j * wrong[:, 1]) / (start**2).sum()
        sizes.append(abs(turned))
        angles.append(np.degrees(np.angle(turned)))
    assert 0.02 < np.std(sizes) < 0.3
    assert 1 < np.std(angles) < 15


def test_what_counts_nothing_changes_no_loss():
    torch.manual_seed(0)
    net = FineNet(CONFIG)
    with torch.inference_mode():
        one = loss_of(net, make_batch([example("right")], STAGE, None), 4.0)
        two = loss_of(net, make_batch([example("right"), example("left", weight=0.0)], STAGE, None), 4.0)
    torch.testing.assert_close(two, one)


def test_training_mends_a_guess_that_is_off_and_goes_on_where_it_stopped(tmp_path):
    drawn = [example(name, off=(3.0, -4.0), background=grey) for name in ("right", "left") for grey in (30, 60)]
    recipe = FineRecipe(minutes=0.5, batch=2, learning_rate=2e-2, average=0.9)
    trainer = FineTrainer(tmp_path, CONFIG, STAGE, recipe)
    before = dice_of(trainer.averaged, drawn, STAGE)
    for _ in range(8):
        trainer.run(drawn, drawn[:1], lambda *_: None, leg_minutes=1e-6)
    again = FineTrainer(tmp_path, CONFIG, STAGE, recipe)
    assert (again.epoch, again.steps, again.seconds) == (8, 16, trainer.seconds)
    assert 0 < again.done < 1
    for kept, own in zip(again.averaged.parameters(), trainer.averaged.parameters(), strict=True):
        torch.testing.assert_close(kept, own)
    after = dice_of(again.averaged, drawn, STAGE)
    assert min(after.values()) > max(before.values()) + 0.05


def test_the_bundle_serves_what_was_trained(tmp_path):
    folder = write_bundle(tmp_path / "bundle")
    stage = FineStage(("heart",), ("heart",), 32, 56, shifts=((0, 0), (2, -1)))
    torch.manual_seed(1)
    net = FineNet(CONFIG)
    write_fine(net, stage, folder)
    bundle = read_bundle(folder)
    assert bundle.fine == stage
    crops = np.random.default_rng(0).standard_normal((1, 2, 32, 56)).astype(np.float32)
    with torch.inference_mode():
        expected = torch.sigmoid(net(torch.from_numpy(crops)))[0].numpy()
    np.testing.assert_allclose(openvino_crops(bundle, 1)(crops), expected, atol=0.02)
    assert expected.std() > 0.05
