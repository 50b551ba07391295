"""Random crops for the network for fine masks: laid around a wrong guess, deformed, with other greys and lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from app.core.fine_mask import FINENESS, Affine, FineStage, Float32, standardised
from app.core.frame import Points
from app.training.augment import vary_intensity
from app.training.drawn import draw_over
from app.training.fine_examples import FineExample

UNKNOWN = 0.15
"""Share of crops whose guess is withheld, so that the picture has to be read."""
DRAWN_OVER = 0.4
"""Share of crops with lines, electrodes, words or opacities drawn over them."""
_OVERSAMPLING = 2


class FineBatch(NamedTuple):
    """Crops for the network.

    Attributes
    ----------
    crops : Tensor [B, 2, h, w], float32
        Picture and guess.
    masks : Tensor [B, h, w], float32 in [0, 1]
    weight : Tensor [B]
    """

    crops: Tensor
    masks: Tensor
    weight: Tensor


class _Sample(NamedTuple):
    picture: Float32
    guess: Float32
    mask: Float32


def make_batch(examples: Sequence[FineExample], stage: FineStage, rng: np.random.Generator | None) -> FineBatch:
    """One crop of each example; without `rng` as they are served."""
    samples = [_sample(example, stage, rng) for example in examples]
    pictures = torch.from_numpy(np.stack([sample.picture for sample in samples]))[:, None]
    if rng is not None:
        for picture in pictures[:, 0]:
            if rng.random() < DRAWN_OVER:
                picture.copy_(torch.from_numpy(draw_over(picture.numpy(), rng)))
        pictures = vary_intensity(pictures, 0.8, rng)
    grey = np.stack([standardised(picture) for picture in pictures[:, 0].numpy()])
    crops = np.stack([grey, np.stack([sample.guess for sample in samples])], axis=1)
    masks = np.stack([sample.mask for sample in samples])
    return FineBatch(
        torch.from_numpy(crops), torch.from_numpy(masks), torch.tensor([example.weight for example in examples])
    )


def _sample(example: FineExample, stage: FineStage, rng: np.random.Generator | None) -> _Sample:
    """Picture and guess in [0, 1] and [-1, 1] and the share of each pixel that is covered, all [h, w]."""
    outline = example.guess if rng is None else wrong_guess(example.guess, stage, example, rng)
    crop = stage.crop(example.structure, outline)
    pixels = pixel_grid(stage.height, stage.width)
    shown = pixels if rng is None else _deformed(pixels, rng)
    fine = _enlarged(shown, _OVERSAMPLING)
    offset = (FINENESS - 1) / 2
    to_fine = FINENESS * crop.to_network + [[0, 0, offset], [0, 0, offset]]
    picture = _warped(example.picture, _mapped(to_fine, shown)) / np.float32(255)
    truth = _warped(example.mask, _mapped(_after(example.to_mask, crop.to_network), fine))
    if example.weight < 1:
        truth = (truth > 0.5).astype(np.float32)
    mask = truth.reshape(stage.height, _OVERSAMPLING, stage.width, _OVERSAMPLING).mean(axis=(1, 3))
    guess = _warped(crop.guess(outline), shown, cv2.BORDER_REPLICATE)
    if rng is not None and rng.random() < UNKNOWN:
        guess = np.zeros_like(guess)
    return _Sample(picture.astype(np.float32), np.asarray(guess, np.float32), np.asarray(mask, np.float32))


def wrong_guess(guess: Points, stage: FineStage, example: FineExample, rng: np.random.Generator) -> Points:
    """A guess [K, 2] as it may be for an image that was never seen: moved, turned, zoomed and bent, network pixels."""
    per_mm = float(np.linalg.norm(stage.crop(example.structure, guess).to_network[:, 0])) / stage.mm
    angle, zoom, middle = np.deg2rad(rng.normal(0, 3)), np.exp(rng.normal(0, 0.04)), guess.mean(axis=0)
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (guess - middle) @ turn.T + middle + rng.normal(0, 1.5 * per_mm, 2)
    along = np.arange(len(guess)) / len(guess) * 2 * np.pi
    bend = np.zeros_like(guess)
    for wave in range(1, 6):
        both = np.outer(np.cos(wave * along), rng.standard_normal(2))
        bend += (both + np.outer(np.sin(wave * along), rng.standard_normal(2))) / wave**0.7
    return np.asarray(moved + bend * abs(rng.normal(0, 1.3)) * per_mm / 1.5)


def pixel_grid(height: int, width: int) -> Float32:
    """The place (x, y) of each pixel, [height, width, 2]."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)


def _deformed(pixels: Float32, rng: np.random.Generator) -> Float32:
    """Which place (x, y) of the crop each pixel [h, w, 2] shows: affine and elastic."""
    height, width = pixels.shape[:2]
    middle = np.array([width - 1, height - 1]) / 2
    angle, zoom, aspect = (
        np.deg2rad(rng.uniform(-8, 8)),
        np.exp(rng.uniform(-0.12, 0.12)),
        np.exp(rng.uniform(-0.06, 0.06)),
    )
    cos, sin = np.cos(angle), np.sin(angle)
    linear = zoom * np.array([[cos * aspect, -sin], [sin, cos / aspect]])
    linear[0, 1] += rng.uniform(-0.1, 0.1)
    shift = rng.uniform(-1, 1, 2) * (width / 32, height / 24)
    shown = ((pixels - middle) @ linear.T + middle + shift).astype(np.float32)
    if rng.random() < 0.6:
        for cells, amount in (((3, 5), 3.0), ((6, 10), 1.2)):
            coarse = (rng.standard_normal((*cells, 2)) * amount * rng.random()).astype(np.float32)
            shown += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(shown)


def _enlarged(shown: Float32, times: int) -> Float32:
    """A map of places [h, w, 2] at so many times its resolution; it goes on straight at its border."""
    height, width = shown.shape[:2]
    around = np.pad(shown, ((1, 1), (1, 1), (0, 0)), mode="reflect", reflect_type="odd")
    fine = (pixel_grid(times * height, times * width) + 0.5) / times - 0.5 + 1
    return np.stack([_warped(np.ascontiguousarray(around[..., axis]), fine) for axis in (0, 1)], axis=-1)


def _after(second: Affine, first: Affine) -> Affine:
    """One affine map [2, 3] after another."""
    return np.asarray(np.c_[second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


def _mapped(affine: Affine, places: Float32) -> Float32:
    return (places @ affine[:, :2].T + affine[:, 2]).astype(np.float32)


def _warped(
    picture: npt.NDArray[np.uint8] | Float32, places: npt.NDArray[np.floating], border: int = cv2.BORDER_CONSTANT
) -> Float32:
    """What a picture shows at places (x, y), [h, w]; 0 beyond it unless `border` says otherwise."""
    x, y = (np.ascontiguousarray(places[..., axis], np.float32) for axis in (0, 1))
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=border), np.float32)
