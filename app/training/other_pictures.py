"""Pictures of anything but a frontal chest radiograph, drawn or taken from scikit-image, for the check of images.

No radiograph goes into them but frontal chests themselves, broken up so that they are none any more. Each maker draws
one square picture [S, S], float32 in [0, 1].
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import cv2
import numpy as np
import skimage.data
from numpy.typing import ArrayLike, NDArray

Picture = NDArray[np.float32]
_PHOTOGRAPHS = (
    *("astronaut", "camera", "coffee", "chelsea", "coins", "page", "moon", "text", "clock", "rocket", "horse"),
    *("brick", "grass", "gravel", "colorwheel", "hubble_deep_field", "retina", "immunohistochemistry", "cell"),
)


def _grown(picture: NDArray[np.float64] | Picture, size: int) -> Picture:
    return np.asarray(cv2.resize(np.asarray(picture, np.float32), (size, size), interpolation=cv2.INTER_CUBIC))


def _by(x: float, y: float) -> NDArray[np.float64]:
    return np.array([x, y])


def _soft(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.3)), np.float32)


def _texture(size: int, cells: int, rng: np.random.Generator) -> Picture:
    """Smooth noise of mean 0 and deviation near 1, with `cells` features a side."""
    return _grown(rng.standard_normal((cells, cells)), size)


def _ellipse(picture: Picture, centre: ArrayLike, axes: ArrayLike, angle: float, grey: float) -> None:
    """Fill an ellipse; centre and axes as shares of the side."""
    size = len(picture)
    x, y = (np.asarray(centre, float) * size).astype(int).tolist()
    wide, high = (np.asarray(axes, float) * size).astype(int).clip(1).tolist()
    cv2.ellipse(picture, (x, y), (wide, high), angle, 0, 360, (grey,), -1, cv2.LINE_AA)


def _bone(picture: Picture, start: ArrayLike, end: ArrayLike, width: float, grey: float) -> None:
    """A long bone as seen on a radiograph: brighter rims, thick ends; places and width as shares of the side."""
    size = len(picture)
    a, b = (np.asarray(point, float) * size for point in (start, end))
    layer = np.zeros_like(picture)
    for share, value in ((1.0, 1.0), (0.55, 0.7)):
        thick = max(1, int(width * size * share))
        cv2.line(layer, tuple(a.astype(int).tolist()), tuple(b.astype(int).tolist()), value, thick, cv2.LINE_AA)
    for end_point in (a, b):
        x, y = end_point.astype(int).tolist()
        cv2.circle(layer, (x, y), max(1, int(width * size * 0.75)), 0.85, -1, cv2.LINE_AA)
    picture += grey * _soft(layer, 0.004 * size)


@functools.cache
def _grey_photograph(name: str) -> Picture:
    picture = np.asarray(getattr(skimage.data, name)(), np.float32)
    grey = picture.mean(axis=-1) if picture.ndim == 3 else picture
    return np.asarray(grey / grey.max(), np.float32)


def photograph(size: int, rng: np.random.Generator) -> Picture:
    """A random part of one of scikit-image's own pictures."""
    grey = _grey_photograph(str(rng.choice(_PHOTOGRAPHS)))
    share = rng.uniform(0.4, 1.0)
    high, wide = (max(32, int(n * share)) for n in grey.shape)
    top, left = rng.integers(0, grey.shape[0] - high + 1), rng.integers(0, grey.shape[1] - wide + 1)
    crop = np.ascontiguousarray(grey[top : top + high, left : left + wide], np.float32)
    return np.asarray(cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA))


def face(size: int, rng: np.random.Generator) -> Picture:
    """One of scikit-image's small faces and other patches."""
    patches = skimage.data.lfw_subset()
    return _grown(patches[rng.integers(len(patches))], size)


def shapes(size: int, rng: np.random.Generator) -> Picture:
    """Phantom-like: random ellipses and bars on an even ground."""
    picture = np.full((size, size), rng.uniform(0, 1), np.float32)
    if rng.random() < 0.6:
        _ellipse(picture, (0.5, 0.5), rng.uniform(0.2, 0.5, 2), rng.uniform(-20, 20), rng.uniform(0.2, 1))
    for _ in range(rng.integers(2, 14)):
        grey = float(rng.uniform(0, 1))
        centre, axes = rng.uniform(0.1, 0.9, 2), rng.uniform(0.02, 0.22, 2)
        if rng.random() < 0.3:
            low, high = ((centre + sign * axes) * size for sign in (-1, 1))
            cv2.rectangle(picture, tuple(low.astype(int).tolist()), tuple(high.astype(int).tolist()), grey, -1)
        else:
            _ellipse(picture, centre, axes, rng.uniform(0, 180), grey)
    return _soft(picture, rng.uniform(0.5, 4))


def pattern(size: int, rng: np.random.Generator) -> Picture:
    """Test patterns: bars, checkers, rings, wedges, line pairs, gradients."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    angle = float(rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)]))
    along = np.cos(angle) * x + np.sin(angle) * y
    count = float(rng.choice([1, 2, 4, 8, 16]))
    far = np.hypot(x - rng.uniform(0.2, 0.8), y - rng.uniform(0.2, 0.8))
    made = (
        np.floor(along * count) % 2,
        (np.floor(x * count) + np.floor(y * count)) % 2,
        np.sin(far * count * 20) / 2 + 0.5,
        np.floor(along * count) / count,
        along,
        far,
        (np.abs(x - 0.5) < 0.25) * (np.abs(y - 0.5) < 0.25) * 0.6 + 0.2,
        0.5 + rng.uniform(-1, 1) * (x - 0.5) * (y - 0.5) * 4,
    )
    picture = np.asarray(made[rng.integers(len(made))], np.float32)
    grey = float(rng.random())
    if rng.random() < 0.4:
        cv2.circle(picture, (size // 2, size // 2), int(size * rng.uniform(0.2, 0.48)), grey, 1)
        cv2.line(picture, (size // 2, 0), (size // 2, size), grey, 1)
        cv2.line(picture, (0, size // 2), (size, size // 2), grey, 1)
    return picture


def noise(size: int, rng: np.random.Generator) -> Picture:
    """Noise of one grain."""
    cells = int(rng.choice([2, 3, 4, 8, 16, 64, size]))
    return _grown(rng.random((cells, cells)), size)


def blank(size: int, rng: np.random.Generator) -> Picture:
    """Next to nothing: a blank exposure, a collimated one."""
    picture = np.full((size, size), rng.random(), np.float32)
    edge = int(rng.integers(0, size // 3))
    picture[:edge], picture[:, size - edge :] = rng.random(2)
    slope = rng.uniform(-0.2, 0.2, 2) * (rng.random() < 0.5)
    picture += np.linspace(0, slope[0], size)[:, None] + np.linspace(0, slope[1], size)
    return np.asarray(picture + rng.normal(0, rng.choice([0.0, 0.002, 0.02]), picture.shape), np.float32)


def page(size: int, rng: np.random.Generator) -> Picture:
    """Lines of writing."""
    paper = np.full((size, size), 255, np.uint8)  # OpenCV writes on bytes alone
    step = int(rng.integers(5, 14))
    for row in range(step, size, step):
        words = "".join(chr(int(code)) for code in rng.integers(65, 123, 40))
        cv2.putText(paper, words, (int(rng.integers(0, 12)), row), cv2.FONT_HERSHEY_PLAIN, step / 16, (0,), 1)
    picture = np.asarray(paper / 255, np.float32)
    return picture if rng.random() < 0.5 else np.asarray(1 - picture, np.float32)


def hand(size: int, rng: np.random.Generator, nearness: float = 1.0) -> Picture:
    """A hand or a foot: soft tissue with rays of bones, on a dark ground; from near by it is a wrist."""
    picture = np.full((size, size), rng.uniform(0, 0.15), np.float32)
    scale, flesh, bone = nearness * rng.uniform(0.6, 1.05), rng.uniform(0.15, 0.4), rng.uniform(0.2, 0.5)
    root = np.array([0.5 + rng.uniform(-0.1, 0.1), 0.5 + rng.uniform(0.12, 0.27) / nearness])
    tissue, bones = np.zeros_like(picture), np.zeros_like(picture)
    side = float(rng.choice([-1, 1]))
    _ellipse(tissue, root - _by(0, 0.06 * scale), (0.15 * scale, 0.17 * scale), 0, 1)
    below = (root + _by(rng.uniform(-0.1, 0.1), 0.5)) * size
    start = tuple((root * size).astype(int).tolist())
    cv2.line(tissue, start, tuple(below.astype(int).tolist()), 1.0, int(0.17 * scale * size))
    for number, angle in enumerate((-1.0, -0.3, -0.05, 0.15, 0.4)):
        turned = side * angle * rng.uniform(0.8, 1.3) + rng.uniform(-0.08, 0.08)
        way = np.array([np.sin(turned), -np.cos(turned)])
        length = scale * (0.3 if number == 0 else 0.48) * rng.uniform(0.9, 1.1)
        base = root + way * 0.06 * scale
        tip = tuple(((base + way * length) * size).astype(int).tolist())
        cv2.line(tissue, tuple((base * size).astype(int).tolist()), tip, 1.0, max(2, int(0.055 * scale * size)))
        for low, high in ((0.02, 0.4), (0.45, 0.68), (0.72, 0.86), (0.89, 1.0)):
            _bone(bones, base + way * length * low, base + way * length * high, 0.017 * scale, 1)
    for _ in range(9):
        _ellipse(bones, root + rng.uniform(-0.07, 0.07, 2) * scale, (0.025 * scale, 0.02 * scale), 0, 0.9)
    for across in (-0.035, 0.045):
        _bone(bones, root + _by(across * scale, 0.07), root + _by(across * scale, 0.5), 0.04 * scale, 1)
    picture += flesh * _soft(tissue, 0.012 * size) + bone * np.minimum(bones, 1.3)
    return np.asarray(picture + 0.02 * _texture(size, 30, rng), np.float32)


def wrist(size: int, rng: np.random.Generator) -> Picture:
    """A wrist or an ankle that fills the picture, drawn wide as a narrow film is."""
    edge = int(rng.uniform(0, 0.3) * size)
    return _grown(np.ascontiguousarray(hand(size, rng, rng.uniform(1.4, 2.4))[:, edge : size - edge]), size)


def limb(size: int, rng: np.random.Generator) -> Picture:
    """A leg, an arm, a knee or an elbow: one or two long bones in soft tissue, running across the picture."""
    picture = np.full((size, size), rng.uniform(0, 0.2), np.float32)
    middle, tilt = rng.uniform(0.35, 0.65), rng.uniform(-0.25, 0.25)
    width, bone = rng.uniform(0.15, 0.45), rng.uniform(0.3, 0.6)
    tissue = np.zeros_like(picture)
    ends = [(middle - tilt, -0.1), (middle + tilt, 1.1)]
    a, b = (tuple((np.array(end) * size).astype(int).tolist()) for end in ends)
    cv2.line(tissue, a, b, 1.0, int(width * size))
    picture += rng.uniform(0.15, 0.4) * _soft(tissue, 0.02 * size)
    joint = rng.uniform(0.2, 0.8) if rng.random() < 0.6 else 1.3
    for piece in ((-0.1, joint - 0.02), (joint + 0.02, 1.2)):
        for across in [0.0] if rng.random() < 0.5 else [-0.2 * width, 0.22 * width]:
            points = [(middle + across - tilt + 2 * tilt * (y + 0.1) / 1.2, y) for y in piece]
            _bone(picture, points[0], points[1], rng.uniform(0.05, 0.12) * (1 + width), bone)
    return np.asarray(picture + 0.02 * _texture(size, 30, rng), np.float32)


def pelvis(size: int, rng: np.random.Generator) -> Picture:
    """A pelvis or an abdomen: wings, rings, hips and a spine in an even, bright body."""
    picture = np.full((size, size), rng.uniform(0.35, 0.6), np.float32) + 0.04 * _texture(size, 6, rng)
    bone, side = rng.uniform(0.12, 0.3), rng.uniform(0.16, 0.3)
    layer = np.zeros_like(picture)
    high = rng.uniform(0.35, 0.8) if rng.random() < 0.7 else 1.4
    for sign in (-1, 1):
        _ellipse(layer, (0.5 + sign * side, high - 0.12), (0.16, 0.2), sign * 30, 1)
        _ellipse(layer, (0.5 + sign * side * 0.55, high + 0.2), (0.12, 0.1), 0, 0.8)
        _ellipse(layer, (0.5 + sign * side * 0.55, high + 0.2), (0.07, 0.06), 0, 0)
        _bone(layer, (0.5 + sign * (side + 0.1), high + 0.1), (0.5 + sign * (side + 0.13), 1.2), 0.1, 0.8)
    for row in np.arange(-0.05, high, 0.11):
        _ellipse(layer, (0.5, row), (0.065, 0.042), 0, 1)
    picture += bone * _soft(layer, 0.01 * size)
    for _ in range(rng.integers(0, 14)):  # bowel gas
        _ellipse(picture, rng.uniform(0.15, 0.85, 2), rng.uniform(0.01, 0.06, 2), rng.uniform(0, 180), 0.25)
    return _soft(picture, 1.0)


def skull(size: int, rng: np.random.Generator) -> Picture:
    """A skull from any side, or a slice of a head."""
    picture = np.full((size, size), rng.uniform(0, 0.1), np.float32)
    axes = rng.uniform(0.28, 0.46, 2)
    rim, brain = rng.uniform(0.7, 1.0), rng.uniform(0.3, 0.6)
    _ellipse(picture, (0.5, 0.47), axes, 0, rim)
    _ellipse(picture, (0.5, 0.47), axes - rng.uniform(0.02, 0.05), 0, brain)
    for _ in range(rng.integers(2, 9)):
        centre = np.array([0.5, 0.5]) + rng.uniform(-0.25, 0.25, 2)
        _ellipse(picture, centre, rng.uniform(0.02, 0.12, 2), rng.uniform(0, 180), brain + rng.uniform(-0.3, 0.3))
    return _soft(picture + 0.03 * _texture(size, 40, rng), rng.uniform(0.6, 2))


def axial_slice(size: int, rng: np.random.Generator) -> Picture:
    """An axial slice of a chest or an abdomen: an oval body on a table, two dark lungs, a spine, ribs seen end on."""
    air, soft = rng.uniform(0, 0.1), rng.uniform(0.35, 0.95)
    bone, lung = min(1.0, soft + rng.uniform(0.05, 0.5)), rng.uniform(0, 0.55) * soft
    picture = np.full((size, size), air, np.float32)
    wide, high = rng.uniform(0.4, 0.58), rng.uniform(0.3, 0.5)
    centre = np.array([0.5, rng.uniform(0.42, 0.58)])
    _ellipse(picture, centre + _by(0, 0.12), (0.55, high), 0, air + rng.uniform(0, 0.1))
    _ellipse(picture, centre, (wide, high), 0, soft - rng.uniform(0, 0.25) * soft)
    _ellipse(picture, centre, (wide * 0.92, high * 0.9), 0, soft)
    if rng.random() < 0.8:
        for sign in (-1, 1):
            at = centre + _by(sign * wide * rng.uniform(0.45, 0.52), high * rng.uniform(-0.1, 0.1))
            axes = rng.uniform((0.3, 0.6), (0.4, 0.75)) * (wide, high)
            _ellipse(picture, at, axes, -sign * rng.uniform(0, 20), lung)
            for _ in range(rng.integers(5, 40)):
                spot = at + rng.normal(0, 0.35, 2) * axes
                _ellipse(picture, spot, rng.uniform(0.003, 0.015, 2), 0, rng.uniform(lung, soft))
        heart = centre + _by(rng.uniform(-0.03, 0.1), -high * rng.uniform(0.05, 0.4))
        size_of_heart = (wide * rng.uniform(0.2, 0.45), high * rng.uniform(0.3, 0.5))
        _ellipse(picture, heart, size_of_heart, rng.uniform(0, 60), soft)
    else:
        for _ in range(rng.integers(4, 12)):
            _ellipse(picture, centre + rng.uniform(-0.3, 0.3, 2) * (1, 0.6), rng.uniform(0.03, 0.15, 2), 0, soft * 0.9)
    _ellipse(picture, centre + _by(0, high * 0.62), (0.06, 0.055), 0, bone)
    _ellipse(picture, centre + _by(0, high * 0.74), (0.022, 0.022), 0, soft)
    _ellipse(picture, centre + _by(0, high * 0.88), (0.02, 0.06), 0, bone)
    for angle in rng.uniform(0, 2 * np.pi, rng.integers(6, 16)):
        spot = centre + 0.84 * np.array([wide * np.cos(angle), high * np.sin(angle)])
        _ellipse(picture, spot, (0.035, 0.012), np.degrees(angle) + 90, bone)
    for _ in range(rng.integers(0, 3)):
        _ellipse(picture, centre + _by(0, high + 0.06), (wide, 0.012), 0, bone * 0.6)
    if rng.random() < 0.25:
        y, x = np.mgrid[:size, :size] / size - 0.5
        picture[np.hypot(x, y) > 0.5] = 0
    return _soft(picture + rng.uniform(0, 0.05) * _texture(size, size // 2, rng), rng.uniform(0.4, 1.3))


def coronal_slice(size: int, rng: np.random.Generator) -> Picture:
    """A coronal slice of a trunk: lungs of one dark grey with bright vessels, an even bright rest, no ribs over it."""
    soft = rng.uniform(0.5, 1.0)
    picture = np.full((size, size), rng.uniform(0, 0.1), np.float32)
    wide, lung = rng.uniform(0.36, 0.5), rng.uniform(0, 0.45) * soft
    cv2.rectangle(picture, (int((0.5 - wide) * size), int(0.12 * size)), (int((0.5 + wide) * size), size), soft, -1)
    cv2.rectangle(picture, (int(0.4 * size), 0), (int(0.6 * size), int(0.2 * size)), soft, -1)
    picture = _soft(picture, 0.03 * size)
    for sign in (-1, 1):
        at = np.array([0.5 + sign * rng.uniform(0.19, 0.25), rng.uniform(0.42, 0.5)])
        axes = np.array([rng.uniform(0.12, 0.18), rng.uniform(0.25, 0.36)])
        layer = np.zeros_like(picture)
        _ellipse(layer, at, axes, -sign * rng.uniform(0, 12), 1)
        floor = int((at[1] + axes[1] * rng.uniform(0.55, 0.8)) * size)
        layer[floor:] = 0
        picture = picture * (1 - layer) + lung * layer
        for _ in range(rng.integers(10, 50)):
            way = rng.normal(0, 0.35, 2) * axes
            start = tuple(((at + way) * size).astype(int).tolist())
            end = tuple(((at + way + rng.normal(0, 0.04, 2)) * size).astype(int).tolist())
            cv2.line(picture, start, end, float(rng.uniform(lung, soft)), 1, cv2.LINE_AA)
    for _ in range(rng.integers(0, 6)):
        at = _by(0.5 + rng.uniform(-0.08, 0.08), rng.uniform(0.2, 0.6))
        _ellipse(picture, at, rng.uniform(0.02, 0.1, 2), 0, min(1.0, soft + rng.uniform(0, 0.3)))
    return _soft(picture, rng.uniform(0.4, 1.0))


def lateral(size: int, rng: np.random.Generator) -> Picture:
    """A lateral chest radiograph, facing either way, drawn: a spine, one lung field, a heart, domes."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    lean = rng.uniform(-0.1, 0.15)
    front, back = rng.uniform(0.78, 0.98), rng.uniform(0.02, 0.22)
    bulge = rng.uniform(0.02, 0.14) * np.sin(np.pi * np.clip(y * rng.uniform(0.9, 1.2), 0, 1))
    body = np.clip((x - back + lean * (y - 0.5) + bulge) * 14, 0, 1) * np.clip((front + bulge - x) * 14, 0, 1)
    depth = np.sqrt(np.clip((x - back) * (front - x), 0, 1)) * 1.6
    picture = np.asarray(body * (0.35 + 0.4 * depth), np.float32)
    centre = np.array([rng.uniform(0.42, 0.58), rng.uniform(0.36, 0.48)])
    axes, tilt = rng.uniform((0.24, 0.28), (0.33, 0.4)), rng.uniform(-15, 25)
    lung = np.zeros_like(picture)
    _ellipse(lung, centre, axes, tilt, 1)
    dome = rng.uniform(0.55, 0.75)
    level = dome + rng.uniform(0.6, 1.6) * (x - rng.uniform(0.45, 0.75)) ** 2 + rng.uniform(0, 0.3) * (0.7 - x)
    below = np.clip((y - level) * 25, 0, 1)
    lung *= 1 - below
    picture -= rng.uniform(0.3, 0.5) * _soft(lung, 0.02 * size)
    picture += rng.uniform(0.1, 0.25) * _soft(np.asarray(below * body, np.float32), 0.01 * size)
    heart = np.zeros_like(picture)
    at = (rng.uniform(0.58, 0.74), rng.uniform(0.5, 0.62))
    _ellipse(heart, at, rng.uniform(0.11, 0.2, 2), rng.uniform(-50, 10), 1)
    picture += rng.uniform(0.1, 0.3) * _soft(np.asarray(heart * body, np.float32), 0.03 * size)
    curve = rng.uniform(0.12, 0.26)
    bones = np.zeros_like(picture)
    for row in np.arange(-0.05, 1.05, rng.uniform(0.06, 0.09)):  # vertebrae
        along = back + curve - lean * (row - 0.5) + 0.1 * (row - 0.4) ** 2
        _ellipse(bones, (along, row), (rng.uniform(0.035, 0.055), 0.026), lean * 40, 1)
    for row in np.arange(0.1, 0.7, rng.uniform(0.06, 0.1)):  # ribs run down to the front, those of both sides
        points = [(back + curve, row), (back + curve + 0.25, row + 0.1), (front - 0.1, row + rng.uniform(0.12, 0.3))]
        line = (np.array(points) * size).astype(np.int32)
        cv2.polylines(bones, [line], False, 0.5, max(1, size // 70), cv2.LINE_AA)
    _bone(bones, (front - 0.06, 0.2), (front - rng.uniform(0, 0.1), 0.55), 0.02, 0.6)
    picture += rng.uniform(0.08, 0.25) * _soft(bones, rng.uniform(0.6, 1.6)) * np.clip(body + 0.2, 0, 1)
    if rng.random() < 0.7:  # raised arms
        arm = np.clip((rng.uniform(0.06, 0.22) - y + rng.uniform(-0.4, 0.4) * (x - 0.5)) * 12, 0, 1)
        picture += rng.uniform(0.1, 0.35) * arm * body
    picture += rng.uniform(0.005, 0.05) * _texture(size, int(rng.integers(10, 40)), rng) * lung
    return np.asarray(picture if rng.random() < 0.5 else picture[:, ::-1], np.float32)


def broken(chests: NDArray[np.uint8], size: int, rng: np.random.Generator) -> Picture:
    """A frontal chest [N, S, S] (uint8) that is none any more: quarters exchanged, a small part, one half, wrung."""
    chest = chests[rng.integers(len(chests))].astype(np.float32) / 255
    half = size // 2
    match int(rng.integers(4)):
        case 0:
            parts = [chest[:half, :half], chest[:half, half:], chest[half:, :half], chest[half:, half:]]
            order = rng.permutation(4)
            order = np.roll(np.arange(4), 1) if (order == np.arange(4)).all() else order
            a, b, c, d = (np.rot90(parts[i], int(rng.integers(4))) for i in order)
            made = np.block([[a, b], [c, d]])
        case 1:  # so small a part that it shows no chest
            side = int(size * rng.uniform(0.2, 0.33))
            top, left = rng.integers(0, size - side, 2)
            made = _grown(chest[top : top + side, left : left + side], size)
        case 2:  # one half drawn wide, on a dark ground: as lopsided as a lateral view
            left = int(rng.integers(0, 2)) * half
            made = np.full((size, size), 0.0, np.float32)
            wide = int(size * rng.uniform(0.6, 1.0))
            start = int(rng.integers(0, size - wide + 1))
            piece = np.ascontiguousarray(chest[:, left : left + half])
            made[:, start : start + wide] = cv2.resize(piece, (wide, size), interpolation=cv2.INTER_LINEAR)
        case _:
            y, x = np.mgrid[:size, :size].astype(np.float32)
            dx, dy = (rng.uniform(0.12, 0.25) * size * _texture(size, 4, rng) for _ in range(2))
            made = cv2.remap(chest, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(made, np.float32)


Makers = tuple[tuple[Callable[[int, np.random.Generator], Picture], int], ...]
MAKERS: Makers = (
    *(
        (photograph, 4),
        (face, 1),
        (shapes, 3),
        (pattern, 2),
        (noise, 1),
        (blank, 1),
        (page, 1),
        (hand, 4),
        (wrist, 3),
        (limb, 3),
    ),
    *((pelvis, 3), (skull, 2), (axial_slice, 4), (coronal_slice, 4), (lateral, 7)),
)
"""Each way to draw one picture, and how often."""
BROKEN_SHARE = 0.2


def other_picture(
    size: int, wanted: NDArray[np.uint8], rng: np.random.Generator, makers: Makers = MAKERS
) -> NDArray[np.uint8]:
    """A random picture [size, size] of anything else; `wanted` [N, size, size] are what broken ones are made of."""
    if rng.random() < BROKEN_SHARE:
        picture = broken(wanted, size, rng)
    else:
        chances = np.array([chance for _, chance in makers], float)
        picture = makers[rng.choice(len(makers), p=chances / chances.sum())][0](size, rng)
    low, high = float(picture.min()), float(picture.max())
    return np.asarray((np.clip(picture, low, high) - low) * (255 / max(high - low, 1e-6)), np.uint8)
