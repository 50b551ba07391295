"""Path lengths of X-rays through a wrist: bone by bone, soft tissue, plaster; they add up where things overlap.

The unit is a millimetre of soft tissue. Bones are hollow: a cortical wall around trabeculae, seen through. A chord
through a round wall is long near its edge, so cortical rims come by themselves. Drawn shapes are anti-aliased for
looks; they are no reference masks.

Frame: pixels of the picture, (x, y), (0, 0) the centre of the first pixel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.training.render import Array, Shape, blurred, fixed_point
from app.training.wrist_contours import CARPALS, EPIPHYSES, FOREARM, METACARPALS

_BITS = 4  # fractional bits of OpenCV's drawing coordinates
CORTICAL = 3.2  # attenuation of a millimetre of bone wall beyond the soft tissue that it takes the place of
TRABECULAR = 0.85


@dataclass(frozen=True)
class Canvas:
    """The picture's shape (rows, columns), its pixels per mm, and its random numbers."""

    shape: Shape
    scale: float
    rng: np.random.Generator

    def box(self, points: Points, margin_mm: float) -> tuple[slice, slice] | None:
        """Rows and columns around points [K, 2]; None where they lie outside the picture."""
        room = margin_mm * self.scale + 2
        left, top = (max(int(low), 0) for low in np.floor(points.min(0) - room))
        right, bottom = (
            min(int(high), n) for high, n in zip(np.ceil(points.max(0) + room), self.shape[::-1], strict=True)
        )
        return (slice(top, bottom), slice(left, right)) if right - left > 2 and bottom - top > 2 else None

    def fill(self, polygons: Sequence[Points], box: tuple[slice, slice] | None = None) -> Array:
        """Union of closed polygons [K, 2] within a box (else the whole picture), in [0, 1]."""
        box = box or (slice(0, self.shape[0]), slice(0, self.shape[1]))
        layer = np.zeros([s.stop - s.start for s in box], np.uint8)
        corner = np.array([box[1].start, box[0].start])
        for polygon in polygons:
            cv2.fillPoly(layer, [fixed_point(polygon - corner)], (255,), cv2.LINE_8, _BITS)
        return layer.astype(np.float32) / np.float32(255)

    def noise(self, shape: Shape, across_mm: float, along_mm: float, angle: float = 0.0) -> Array:
        """Noise [H, W] of unit variance whose features are `along_mm` long in the direction `angle` from downwards."""
        rows, columns = shape
        side = int(np.hypot(rows, columns)) + 4 if angle else 0
        size = (side, side) if angle else (rows, columns)
        sx, sy = across_mm * self.scale, along_mm * self.scale
        shrink = max(1.0, min(sx, sy) / 2)  # coarse noise is made small and enlarged
        small = [max(4, int(n / shrink) + 1) for n in size]
        white = self.rng.standard_normal(small, np.float32)
        field = cv2.GaussianBlur(white, (0, 0), max(sx / shrink, 0.3), sigmaY=max(sy / shrink, 0.3))
        field = cv2.resize(field, size[::-1], interpolation=cv2.INTER_LINEAR)
        if angle:
            turn = np.asarray(cv2.getRotationMatrix2D((side / 2, side / 2), float(np.degrees(angle)), 1.0), float)
            turn[:, 2] += np.array([columns - side, rows - side]) / 2
            field = cv2.warpAffine(field, turn, (columns, rows), borderMode=cv2.BORDER_REFLECT)
        return np.asarray(field / (field.std() + 1e-6), np.float32)


@dataclass(frozen=True)
class Build:
    """What this hand's bones are like, drawn once a picture.

    Attributes
    ----------
    wall, depth, texture, rim : factors of the thickness of bone walls, of depth against width, of the contrast of
        trabeculae, and of the dense lines along borders.
    core : density of the inside of carpals and epiphyses.
    ripe : 0 for an infant to 1 for a grown hand: young bones are softer and have a blurred border.
    """

    wall: float
    depth: float
    texture: float
    rim: float
    core: float
    ripe: float

    @classmethod
    def random(cls, rng: np.random.Generator, age: float) -> Build:
        """Another hand of this age in years."""
        wall, depth, texture, rim, core = rng.uniform((0.75, 0.7, 0.4, 0.5, 0.3), (1.5, 1.15, 2.2, 2.1, 1.0))
        return cls(wall, depth, texture, rim, core, float(np.clip((age + rng.normal()) / 15, 0.05, 1)))


def _chord(depth: Array, radius: Array | float) -> Array:
    """Length of a chord through a circle of `radius`, `depth` inside its edge; 0 outside."""
    return np.asarray(2 * np.sqrt(np.maximum(depth * (2 * radius - depth), 0) * (depth > 0)), np.float32)


def bone_path(canvas: Canvas, total: Array, name: str, pieces: Sequence[Points], build: Build) -> None:
    """Add the path length through one bone to `total` [H, W]."""
    points = np.concatenate(pieces)
    box = canvas.box(points, 2.0)
    if box is None:
        return
    inside, deep = _inside(canvas, pieces, box)
    if deep.max() <= 0:
        return
    long = name in FOREARM or name in METACARPALS or name.startswith("phalanx")
    path = (_long_bone if long else _compact_bone)(canvas, deep, points, build, box)
    lines = _border_lines(canvas, pieces, box, name, build)
    soft = (0.08 + 0.22 * (1 - build.ripe) * canvas.rng.uniform(0.3, 1)) * canvas.scale
    total[box] += blurred(path, soft * (0.5 if long else 1.0)) + lines * (0.25 + 0.75 * inside)


def _inside(canvas: Canvas, pieces: Sequence[Points], box: tuple[slice, slice]) -> tuple[Array, Array]:
    """Share of each pixel of a box that a bone covers, and how deep inside it is in mm; drawn at twice the size."""
    rows, columns = (2 * (s.stop - s.start) for s in box)
    corner = np.array([box[1].start, box[0].start])
    layer = np.zeros((rows, columns), np.uint8)
    for piece in pieces:
        cv2.fillPoly(layer, [fixed_point((piece - corner + 0.5) * 2 - 0.5)], (1,), cv2.LINE_8, _BITS)
    padded = cv2.copyMakeBorder(layer, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    deep = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1] / np.float32(2 * canvas.scale)
    half = (columns // 2, rows // 2)
    inside = cv2.resize(layer.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    return np.asarray(inside, np.float32), np.asarray(cv2.resize(deep, half, interpolation=cv2.INTER_AREA), np.float32)


def axis_of(points: Points) -> tuple[Points, Points]:
    """Centre [2] and downward unit vector [2] along a bone's contour [K, 2]."""
    centre = points.mean(0)
    along = np.linalg.svd(points - centre, full_matrices=False)[2][0]
    return centre, along * (np.sign(along[1]) or 1.0)


def _long_bone(canvas: Canvas, deep: Array, points: Points, build: Build, box: tuple[slice, slice]) -> Array:
    rng = canvas.rng
    centre, along = axis_of(points)
    rows, columns = np.mgrid[box].astype(np.float32)
    place = ((columns - centre[0]) * along[0] + (rows - centre[1]) * along[1]) / canvas.scale
    ends = (points - centre) @ along / canvas.scale
    reach = max(3, int(deep.max() * 1.1 * canvas.scale)) | 1
    radius = np.asarray(cv2.dilate(deep, np.ones((max(3, reach // 3) | 1, reach), np.uint8)), np.float32)
    radius = np.maximum(blurred(radius, 1.5 * canvas.scale), deep + 1e-3)
    shaft = np.clip((np.minimum(place - ends.min(), ends.max() - place) - 3) / (5.5 * float(deep.max()) + 4), 0, 1)
    wall = (0.3 + 0.2 * build.ripe) + shaft * np.clip(0.30 * radius, 0.4, 2.6) * rng.uniform(0.75, 1.15)
    wall = np.minimum(build.wall * wall * (1 + 0.12 * canvas.noise(deep.shape, 4, 8)), 0.75 * radius)
    outer, inner = _chord(deep, radius), _chord(deep - wall, radius - wall)
    angle = float(np.arctan2(along[0], along[1]))
    fine = 0.5 + 0.5 * build.ripe  # trabeculae of small bones are small
    grain = 1.3 * (_net(canvas.noise(deep.shape, 0.22 * fine, 0.9 * fine, angle)) - 0.4)
    grain = (0.4 + 0.6 * build.ripe) * (grain + 0.5 * canvas.noise(deep.shape, 0.13 * fine, 0.8 * fine, angle))
    coarse = canvas.noise(deep.shape, 1.2, 3.0, angle)
    spongy = 0.2 + 0.8 * np.exp(-2.5 * shaft)
    spongy = spongy * (1 + 0.22 * build.texture * grain + 0.08 * coarse)
    path = CORTICAL * (outer - inner) + TRABECULAR * rng.uniform(0.75, 1.25) * inner * spongy
    return np.asarray(0.8 * build.depth * path, np.float32)


def _net(noise: Array) -> Array:
    """Bright threads where smooth noise crosses zero: a net, as trabeculae are."""
    return np.asarray(np.exp(-((noise / 0.45) ** 2)), np.float32)


def _compact_bone(canvas: Canvas, deep: Array, points: Points, build: Build, box: tuple[slice, slice]) -> Array:
    rng = canvas.rng
    radius = float(deep.max()) * rng.uniform(0.9, 1.4) + 0.2
    wall = build.wall * (0.22 + 0.2 * build.ripe)
    chord = _chord(np.minimum(deep, radius), radius)
    inner = _chord(np.minimum(deep - wall, radius - wall), max(radius - wall, 0.1))
    net = 1.3 * (_net(canvas.noise(deep.shape, 0.32, 0.32)) - 0.4)
    spongy = 1 + 0.35 * build.texture * (0.3 + 0.7 * build.ripe) * (net + 0.3 * canvas.noise(deep.shape, 0.15, 0.15))
    spongy += 0.12 * canvas.noise(deep.shape, 1.8, 1.8)
    path = CORTICAL * (chord - inner) + TRABECULAR * build.core * rng.uniform(0.8, 1.2) * inner * spongy
    return np.asarray((0.6 + 0.15 * build.ripe) * build.depth * path, np.float32)


def _border_lines(canvas: Canvas, pieces: Sequence[Points], box: tuple[slice, slice], name: str, build: Build) -> Array:
    """Dense lines along a bone's border within a box: at joints and growth plates strong, elsewhere in parts."""
    rng = canvas.rng
    corner = np.array([box[1].start, box[0].start])
    layer = np.zeros([s.stop - s.start for s in box], np.uint8)
    stroke = max(1, round(rng.uniform(0.3, 0.6) * canvas.scale))
    for piece in pieces:
        before, after = np.roll(piece, 1, 0), np.roll(piece, -1, 0)
        normal = after - before
        across = np.abs(normal[:, 0]) / (np.linalg.norm(normal, axis=-1) + 1e-9)  # 1 where the border is horizontal
        turn = np.linspace(0, 2 * np.pi, len(piece), endpoint=False)
        wave = sum(rng.normal() / k * np.cos(k * turn + rng.uniform(0, 6.3)) for k in range(1, 6))
        strength = np.clip(0.35 + 0.3 * wave, 0, 1.2)
        if name in FOREARM:
            top = np.clip(1 - (piece[:, 1] - piece[:, 1].min()) / (7 * canvas.scale), 0, 1)
            strength = 1.3 * across**2 * top + 0.1
        elif name in EPIPHYSES:
            strength = strength * 0.5 + 0.5 * across
        elif name in METACARPALS or name.startswith("phalanx"):
            strength = 0.1 + 0.8 * strength * across**2
        _trace(layer, piece - corner, strength, stroke)
        if name in CARPALS or name in EPIPHYSES:  # front and back rim do not lie one upon the other
            wave = np.cos(turn + rng.uniform(0, 6.3)) + 0.5 * np.cos(2 * turn + rng.uniform(0, 6.3))
            middle, size = piece.mean(0), rng.uniform(0.72, 0.92)
            inner = middle + (piece - middle) * size + rng.normal(0, 0.03, 2) * np.ptp(piece, axis=0)
            _trace(layer, inner - corner, rng.uniform(0, 1.1) * build.ripe * np.clip(wave, 0, 1), stroke)
        if name == "hamate":  # its hook is seen end on
            hook = middle + (piece - middle) * rng.uniform(0.2, 0.35) + rng.normal(0, 0.08, 2) * np.ptp(piece, axis=0)
            _trace(layer, hook - corner, np.full(len(piece), rng.uniform(0, 1.2) * build.ripe**2), stroke)
    width = rng.uniform(0.12, 0.25) * canvas.scale
    return np.float32(build.rim * 7.0 / 170 * (0.4 + 0.6 * build.ripe)) * blurred(layer.astype(np.float32), width)


def _trace(layer: npt.NDArray[np.uint8], curve: Points, strength: Points, stroke: int) -> None:
    """Draw a closed curve [K, 2] whose brightness follows `strength` [K] (1 is much); in place."""
    tone = np.clip(strength * 170, 0, 255)
    step = max(1, len(curve) // 40)
    for k in range(0, len(curve), step):
        if tone[k] > 4:
            line = np.take(curve, range(k, k + step + 1), axis=0, mode="wrap")
            cv2.polylines(layer, [fixed_point(line)], False, (int(tone[k]),), stroke, cv2.LINE_AA, _BITS)


def plate_lines(canvas: Canvas, bones: Mapping[str, Sequence[Points]], total: Array) -> None:
    """Darken what is left of a growth plate where epiphysis and shaft touch or overlap; a closing one is faint."""
    for name in FOREARM:
        shaft, cap = bones.get(name), bones.get(f"{name}_epiphysis")
        if not shaft or not cap:
            continue
        piece = max(cap, key=len)
        border = np.concatenate(shaft)
        border = border[border[:, 1] < border[:, 1].min() + 12 * canvas.scale]
        gap = np.linalg.norm(piece[:, None] - border[None], axis=-1).min(1) / canvas.scale
        near = (gap < 1.6) & (piece[:, 1] > np.median(piece[:, 1]))
        box = canvas.box(piece, 3)
        if box is None or near.sum() < 4:
            continue
        layer = np.zeros([s.stop - s.start for s in box], np.uint8)
        order = piece[near][np.argsort(piece[near][:, 0])] - np.array([box[1].start, box[0].start])
        stroke = max(1, round(canvas.rng.uniform(0.5, 1.1) * canvas.scale))
        cv2.polylines(layer, [fixed_point(order)], False, (255,), stroke, cv2.LINE_AA, _BITS)
        dark = blurred(layer.astype(np.float32) / np.float32(255), 0.3 * canvas.scale)
        total[box] *= 1 - np.float32(canvas.rng.uniform(0.2, 0.6)) * dark


def outer_distance(canvas: Canvas, polygons: Sequence[Points]) -> Array:
    """Distance outside the union of polygons [H, W] in mm, worked out on a third of the resolution."""
    small = Canvas((canvas.shape[0] // 3 + 1, canvas.shape[1] // 3 + 1), canvas.scale / 3, canvas.rng)
    room = int(20 * small.scale)  # what lies just beyond the border bounds the flesh too
    wide = Canvas((small.shape[0] + 2 * room, small.shape[1] + 2 * room), small.scale, canvas.rng)
    inside = wide.fill([(p + 0.5) / 3 - 0.5 + room for p in polygons])
    outside: Array = np.asarray(cv2.distanceTransform((inside < 0.5).astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    near = outside[room:-room, room:-room] / np.float32(small.scale)
    far = cv2.resize(near, (small.shape[1] * 3, small.shape[0] * 3))
    return np.asarray(far[: canvas.shape[0], : canvas.shape[1]], np.float32)


def hulls_of(bones: Mapping[str, Sequence[Points]]) -> list[Points]:
    """Convex outlines [K, 2] of what the flesh wraps: forearm, wrist and palm, web of the thumb, each finger."""
    groups = [FOREARM, (*CARPALS, "radius_epiphysis", "ulna_epiphysis"), METACARPALS[1:]]
    found = []
    for group in groups:
        points = [p for name in group for p in bones.get(name, ())]
        if points:
            found.append(_hull(np.concatenate(points)))
    tops = [p[p[:, 1] <= np.quantile(p[:, 1], 0.25)] for name in FOREARM for p in bones.get(name, ())]
    bases = [p[p[:, 1] >= np.quantile(p[:, 1], 0.5)] for name in METACARPALS for p in bones.get(name, ())]
    carpals = [p for name in (*CARPALS, *EPIPHYSES) for p in bones.get(name, ())]
    if tops and bases:
        caps = [p[p[:, 1] < p[:, 1].min() + 0.15 * np.ptp(p[:, 1])] for p in tops]
        found.append(_hull(np.concatenate([*caps, *bases, *carpals])))
    web = [p for name in METACARPALS[:2] for p in bones.get(name, ())]
    if len(web) == 2:
        found.append(_hull(np.concatenate([p[p[:, 1] >= np.quantile(p[:, 1], 0.3)] for p in web])))
    found.extend(p for name in METACARPALS for p in bones.get(name, ()))
    for k, name in enumerate(METACARPALS, 1):
        tops = [p[p[:, 1] <= np.quantile(p[:, 1], 0.2)] for p in bones.get(name, ())]
        for links in ((f"growth_{k}", f"growth_{k}_0", f"phalanx_{k}_0"), (f"growth_{k}_1", f"phalanx_{k}_1")):
            chain = [p for link in links for p in bones.get(link, ()) if not (k == 1 and link == "growth_1")]
            if chain:
                found.append(_hull(np.concatenate([*tops, *chain])))
            tops = [p[p[:, 1] <= np.quantile(p[:, 1], 0.2)] for p in bones.get(f"phalanx_{k}_0", ())]
    return found


def _hull(points: Points) -> Points:
    return np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], float)


def flesh(canvas: Canvas, bones: Mapping[str, Sequence[Points]], size: float) -> tuple[Array, Array]:
    """Path length through soft tissue [H, W], and the distance outside the skin in mm (negative inside).

    `size` is 1 for a grown hand.
    """
    rng, shape = canvas.rng, canvas.shape
    far = blurred(outer_distance(canvas, hulls_of(bones)), 1.2 * size * canvas.scale)
    edge = size * rng.uniform(4.5, 10.0) * (1 + 0.15 * canvas.noise(shape, 20, 30))
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    joint = np.concatenate(bones["radius"])[:, 1].min()
    below = np.clip((rows - joint) / (60 * size * canvas.scale), -0.8, 1.6)  # fatter up the forearm
    edge = edge * (1 + rng.uniform(0.0, 0.45) * np.maximum(below, 0) + 0.35 * np.minimum(below, 0))
    depth = np.clip((edge - far) / (edge * rng.uniform(1.0, 1.6)), 0, 1)
    thick = size * rng.uniform(20, 34) * (1 + 0.18 * below)
    round_ = np.sqrt(depth * (2 - depth))
    fat = np.exp(-0.5 * ((edge - far - 2.5) / 1.8) ** 2)  # the darker layer under the skin
    muscle = canvas.noise(shape, 3.0, 30.0) * 0.025 + 0.05 * canvas.noise(shape, 12, 16)
    path = thick * round_ * (1 + muscle) - rng.uniform(0, 0.10) * thick * fat * round_
    return blurred(np.asarray(np.maximum(path, 0), np.float32), 0.3 * canvas.scale), np.asarray(far - edge, np.float32)


def plaster(canvas: Canvas, skin: Array) -> Array:
    """Path length through a cast [H, W] around a hand; `skin` is the distance outside the skin in mm."""
    rng, shape = canvas.rng, canvas.shape
    gap, wall = rng.uniform(0.5, 4), rng.uniform(2.5, 6.5)
    waves = canvas.noise(shape, 8, 8)
    depth = gap + wall - skin + 0.5 * waves
    radius = rng.uniform(20, 40)
    shell = _chord(np.maximum(depth, 0), radius) - _chord(np.maximum(depth - wall, 0), radius - wall)
    layers = 1 + rng.uniform(0.05, 0.2) * np.sin(depth * 2 * np.pi / rng.uniform(1.3, 3.0) + waves) * (depth < wall)
    angle = rng.normal(0, 0.25) + np.pi / 2
    streaks = 0.12 * canvas.noise(shape, 0.45, 2.2, angle) + 0.10 * canvas.noise(shape, 0.7, 0.9)
    streaks += 0.06 * canvas.noise(shape, 2.0, 6.0, angle)
    streaks -= 0.25 * rng.random() * np.maximum(canvas.noise(shape, 0.4, 1.8, angle) - 0.6, 0)  # crepe
    path = rng.uniform(0.4, 1.3) * shell * layers * (1 + rng.uniform(0.2, 0.9) * streaks)
    if rng.random() < 0.4:  # a slab on one side alone, or one that ends at the hand
        columns = np.linspace(-1, 1, shape[1], dtype=np.float32)[None] * rng.choice([-1.0, 1.0])
        path = path / (1 + np.exp(-8 * (columns + 0.5 + 0.1 * waves)))
    if rng.random() < 0.3:
        rows = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
        path = path / (1 + np.exp(-60 * (rows - rng.uniform(0.05, 0.3) + 0.02 * waves)))
    return np.asarray(path, np.float32)
