"""Fitting the check of whether an image is what the bundle was made for, on the trained network's features."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data
import torch
from torch import Tensor

from app.core.plausibility import EXPECTED, SENTENCES, Plausibility
from app.training.augment import Strength, make_batch, normalise, vary_intensity
from app.training.dataset import Examples
from models.network import DenseSegNet

CLASSES = (EXPECTED, *SENTENCES)
STRENGTH = Strength(rotation_degrees=8, shift=0.12, scale=0.15, aspect=0.08, elastic=0.02, intensity=1.0)


def _turned(image: Tensor, name: str) -> Tensor:
    """Network inputs [B, 1, S, S] as `name` would have them."""
    match name:
        case "upside_down":
            return image.flip(-2, -1)
        case "turned_left":
            return image.rot90(1, (-2, -1))
        case "turned_right":
            return image.rot90(-1, (-2, -1))
        case "mirrored":
            return image.flip(-1)
        case "inverted":
            return -image
    return image


def _shapes(size: int, rng: np.random.Generator) -> np.ndarray:
    """Slice-, bone- and phantom-like pictures: random ellipses and bars on a dark or bright ground."""
    picture = np.full((size, size), rng.uniform(0, 1), np.float32)
    if rng.random() < 0.6:
        centre = (size // 2, size // 2)
        axes = (int(size * rng.uniform(0.25, 0.5)), int(size * rng.uniform(0.2, 0.5)))
        cv2.ellipse(picture, centre, axes, float(rng.uniform(-20, 20)), 0, 360, float(rng.uniform(0.2, 1)), -1)
    for _ in range(rng.integers(2, 14)):
        x, y = (rng.uniform(0.1, 0.9, 2) * size).astype(int).tolist()
        wide, high = (rng.uniform(0.02, 0.22, 2) * size).astype(int).tolist()
        cv2.ellipse(picture, (x, y), (wide, high), float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0, 1)), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 4)))


def _photograph(size: int, rng: np.random.Generator) -> np.ndarray:
    """A random crop of one of scikit-image's own photographs."""
    names = ("astronaut", "camera", "coffee", "chelsea", "coins", "page", "moon", "text", "clock", "brick", "grass")
    picture = np.asarray(getattr(skimage.data, str(rng.choice(names[:8])))())
    grey = picture.mean(axis=-1) if picture.ndim == 3 else picture
    share = rng.uniform(0.5, 1.0)
    high, wide = (max(32, int(n * share)) for n in grey.shape)
    top, left = rng.integers(0, grey.shape[0] - high + 1), rng.integers(0, grey.shape[1] - wide + 1)
    crop = np.ascontiguousarray(grey[top : top + high, left : left + wide], np.float32) / 255
    return np.asarray(cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA))


def other_pictures(count: int, size: int, rng: np.random.Generator) -> Tensor:
    """Pictures [count, 1, size, size] in [0, 1] of anything but a radiograph of the anatomy."""
    pictures = []
    for number in range(count):
        match number % 6:
            case 0:
                picture = _photograph(size, rng)
            case 1 | 2:
                picture = _shapes(size, rng)
            case 3:
                cells = int(rng.choice([2, 4, 16, 64, size]))
                picture = cv2.resize(
                    rng.random((cells, cells), np.float32), (size, size), interpolation=cv2.INTER_CUBIC
                )
            case 4:  # nothing, or next to nothing: a blank exposure, a collimated one
                picture = np.full((size, size), rng.random(), np.float32)
                edge = int(rng.integers(0, size // 3))
                picture[:edge], picture[:, size - edge :] = rng.random(2)
                picture += rng.normal(0, rng.choice([0.0, 0.0, 0.004]), picture.shape).astype(np.float32)
            case _:
                slope = rng.uniform(-1, 1, 2)
                ys, xs = np.mgrid[:size, :size] / size
                picture = (0.5 + slope[0] * (xs - 0.5) + slope[1] * (ys - 0.5)).astype(np.float32)
        pictures.append(np.clip(picture, 0, 1))
    return torch.from_numpy(np.stack(pictures).astype(np.float32))[:, None]


def features_of(net: DenseSegNet, image: Tensor) -> np.ndarray:
    """Features [B, F] of network inputs [B, 1, S, S]."""
    with torch.inference_mode():
        return np.asarray(net(image).features.numpy())


def collect_features(
    net: DenseSegNet, examples: Examples, rounds: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Features [N, F] and class numbers [N]: every example as it should be, and turned into each odd class."""
    net.eval()
    features, labels = [], []
    size = net.config.height
    for _ in range(rounds):
        for start in range(0, len(examples), 8):
            index = np.arange(start, min(start + 8, len(examples)))
            image = make_batch(examples, index, size, STRENGTH, rng).image
            odd = [EXPECTED, str(rng.choice(CLASSES[2:]))]
            for name in odd:
                features.append(features_of(net, _turned(image, name)))
                labels += [CLASSES.index(name)] * len(index)
            other = vary_intensity(other_pictures(2, size, rng), 0.5, rng)
            features.append(features_of(net, normalise(other)))
            labels += [CLASSES.index("other")] * 2
    return np.concatenate(features), np.array(labels)


def fit_plausibility(
    features: np.ndarray, labels: np.ndarray, subject: str = "PA chest", decay: float = 1e-3, steps: int = 300
) -> Plausibility:
    """Multinomial logistic regression with weight decay, classes weighted evenly."""
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    x = torch.from_numpy((features - centre) / scale).float()
    y = torch.from_numpy(labels)
    linear = torch.nn.Linear(x.shape[1], len(CLASSES))
    count = torch.bincount(y, minlength=len(CLASSES)).clamp_min(1)
    optimizer = torch.optim.LBFGS(linear.parameters(), max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(linear(x), y, weight=len(y) / len(CLASSES) / count)
        loss = loss + decay * linear.weight.pow(2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    weights, bias = linear.weight.detach().numpy(), linear.bias.detach().numpy()
    return Plausibility(
        CLASSES, centre.astype(float), scale.astype(float), weights.astype(float), bias.astype(float), subject
    )
