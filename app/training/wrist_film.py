"""What detector and display make of path lengths: scatter, grey curve, sharpening, grain, field, letters."""

from __future__ import annotations

import cv2
import numpy as np

from app.training.render import Array, blurred
from app.training.wrist_tissue import Canvas


def expose(canvas: Canvas, path: Array, free: Array) -> Array:
    """A picture [H, W] in [0, 1] of path lengths [H, W] (mm of soft tissue).

    `free` is the distance outside the skin in mm: letters lie there.
    """
    rng, scale = canvas.rng, canvas.scale
    path = blurred(path, rng.uniform(0.05, 0.16) * scale)
    primary = np.exp(-path * np.float32(rng.uniform(0.018, 0.026)))
    scattered = rng.uniform(0.02, 0.16) * blur_wide(primary, 14 * scale) * (1 - primary) * 2
    seen = -np.log(primary + scattered)
    field, rim, distance = _field(canvas)
    seen = seen + rng.uniform(0.05, 0.5) * rim
    noise = 0.017 * rng.uniform(0.15, 1) ** 1.7 * np.exp(0.45 * np.minimum(seen, 2.2))
    grain = blurred(rng.standard_normal(canvas.shape, np.float32), rng.uniform(0.4, 0.9))
    seen = seen + 1.6 * noise * grain
    picture = _copied(_grey(canvas, np.asarray(seen, np.float32), field), rng)
    _letters(canvas, picture, free, distance)
    outside = rng.uniform(0, 0.03) if rng.random() < 0.85 else rng.uniform(0.2, 1.0)
    picture = picture * field + np.float32(outside) * (1 - field)
    if rng.random() < 0.45:  # a picture of 8 bits, as a JPEG file
        picture = _as_jpeg(np.asarray(picture, np.float32), int(rng.integers(60, 98)))
    return np.asarray(np.clip(picture, 0, 1), np.float32)


def _copied(picture: Array, rng: np.random.Generator) -> Array:
    """The picture after it has been stored smaller, in three of ten."""
    if rng.random() > 0.3:
        return picture
    rows, columns = picture.shape
    size = rng.uniform(220, 480) / rows
    small = cv2.resize(picture, (max(8, int(columns * size)), max(8, int(rows * size))), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_CUBIC), np.float32)


def _as_jpeg(picture: Array, quality: int) -> Array:
    values = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", values, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.float32) / np.float32(255)


def blur_wide(layer: Array, sigma: float) -> Array:
    """Gaussian blur by many pixels, on an eighth of the resolution."""
    rows, columns = layer.shape
    small = cv2.resize(layer, (max(2, columns // 8), max(2, rows // 8)), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), max(sigma / 8, 0.5), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def _grey(canvas: Canvas, seen: Array, field: Array) -> Array:
    """Log exposure → grey: equalisation, edge enhancement, window and curve."""
    rng, scale = canvas.rng, canvas.scale
    within = seen[field > 0.5]
    seen = seen - rng.uniform(0, 0.45) * (blur_wide(seen, rng.uniform(6, 18) * scale) - float(within.mean()))
    fine = rng.uniform(0.3, 0.8) * scale
    sharper = rng.uniform(1.0, 2.6) if rng.random() < 0.15 else rng.uniform(0, 1.2) * rng.random()
    seen = seen + sharper * (seen - blurred(seen, fine))
    low, high = np.percentile(seen[::3, ::3][field[::3, ::3] > 0.5], (1, 99.7))
    span = high - low
    low, high = low - span * rng.uniform(-0.05, 0.3) * rng.random(), high + span * rng.uniform(-0.1, 0.6) * rng.random()
    value = np.clip((seen - low) / max(high - low, 1e-3), 0, 1)
    value = value ** np.float32(np.exp(rng.normal(0, 0.3)))
    bend = rng.uniform(0, 0.6)
    value = (1 - bend) * value + bend * (3 * value**2 - 2 * value**3)
    bottom, top = rng.uniform(0, 0.12), rng.uniform(0.75, 1.0)
    if rng.random() < 0.22:  # a window far too wide: some thirty of 256 grey levels are left
        bottom = rng.uniform(0.0, 0.25)
        top = bottom + rng.uniform(0.08, 0.35)
    return np.asarray(bottom + (top - bottom) * value, np.float32)


def _field(canvas: Canvas) -> tuple[Array, Array, Array]:
    """Inside of the collimated field [H, W] in [0, 1], the rise towards its edge, and the distance inside in pixels."""
    rng, (rows, columns) = canvas.rng, canvas.shape
    if rng.random() < 0.35:
        whole = np.ones(canvas.shape, np.float32)
        return whole, np.zeros_like(whole), np.full(canvas.shape, 1e3, np.float32)
    angle = np.radians(rng.normal(0, 1.8))
    x = np.arange(columns, dtype=np.float32)[None] - columns / 2
    y = np.arange(rows, dtype=np.float32)[:, None] - rows / 2
    across, down = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    left, right, top, bottom = rng.uniform(-0.03, 0.02, 4)
    width, height = columns / 2, rows / 2
    distance = np.minimum.reduce(
        [
            across + width * (1 - 2 * left),
            width * (1 - 2 * right) - across,
            down + height * (1 - 2 * top),
            height * (1 - 2 * bottom) - down,
        ]
    )
    soft = rng.uniform(0.4, 1.5)
    field = np.clip(distance / soft, 0, 1)
    rim = np.exp(-np.maximum(distance, 0) / (rng.uniform(0.4, 2.5) * canvas.scale))
    return np.asarray(field, np.float32), np.asarray(rim, np.float32), np.asarray(distance, np.float32)


def _letters(canvas: Canvas, picture: Array, free: Array, distance: Array) -> None:
    """A side marker and sometimes a name plate where there is room outside the skin, else anywhere; in place."""
    rng, size = canvas.rng, max(canvas.shape)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.25, 0.6, 0.15]))):
        text = str(rng.choice(["L", "R", "L", "R", "L", "LI", "RE", "L AP", "PA", "DAW", "L NQ", "TL", "12", "ap"]))
        font = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX)[int(rng.integers(2))]
        height = rng.uniform(0.015, 0.055) * size
        thick = max(1, round(height * rng.uniform(0.1, 0.24)))
        (wide, tall), _ = cv2.getTextSize(text, font, height / 22, thick)
        pad = int(0.4 * tall)
        plate = np.zeros((tall + 2 * pad, wide + 2 * pad), np.uint8)
        cv2.putText(plate, text, (pad, pad + tall), font, height / 22, (255,), thick, cv2.LINE_AA)
        plate = np.rot90(plate, int(rng.choice([0, 0, 0, 1, 2, 3])))
        if rng.random() < 0.1:
            plate = plate[:, ::-1]
        rows, columns = plate.shape
        if rows >= canvas.shape[0] or columns >= canvas.shape[1]:
            continue
        places = rng.integers(0, (canvas.shape[0] - rows, canvas.shape[1] - columns), (24, 2))
        room = [
            min(free[y + rows // 2, x + columns // 2], 8) + 1e-3 * distance[y + rows // 2, x + columns // 2]
            for y, x in places
        ]
        y, x = places[int(np.argmax(room))]
        spot = picture[y : y + rows, x : x + columns]
        if rng.random() < 0.5:
            spot += np.float32(rng.uniform(0.02, 0.12))
        tone = np.float32(rng.uniform(0.75, 1.0) if rng.random() < 0.9 else rng.uniform(0.0, 0.2))
        spot += (plate.astype(np.float32) / 255) * (tone - spot)
