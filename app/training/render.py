"""Rendered radiographs: synthetic PA chest pictures made from contours alone, without a pixel of a real one.

The contours place the anatomy; what has none (body, spine, ribs, scapulae, vessels) is laid out relative to the lungs.
Path lengths through soft tissue, bone and air are summed and turned into film density by one exponential.

Two frames. Pixels: (x, y), x right, y down, (0, 0) the centre of the first pixel. Thorax: (s, t), s = 0 on the midline
and 1 at the patient's left lateral wall (right of the picture), t = 0 at the apices and 1 at the bases. Drawn shapes
are anti-aliased for looks; they are no reference masks (those come from polygon2mask).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float32]
Points: TypeAlias = NDArray[np.float64]
Shape: TypeAlias = tuple[int, int]
Outlines: TypeAlias = Mapping[str, np.ndarray]

WORK_SIZE = 640  # longest side of the canvas drawn on; larger pictures are enlarged from it, grain is added afterwards
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_SIDES = ((-1.0, "right"), (1.0, "left"))
_CIRCLE = np.stack([np.cos(np.linspace(0, 6.16, 50)), np.sin(np.linspace(0, 6.16, 50))], -1)
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
_LEVELS = np.linspace(-0.1, 1.1, 97)  # t at which the lungs are measured
# Shapes of the left half in (s, t).
_BODY = ((0.3, -0.8), (0.3, -0.2), (0.55, -0.11), (1.15, -0.04), (1.62, 0.05), (1.98, 0.3), (2.4, 0.95), (2.05, 1.1))
_SCAPULA = ((0.86, 0.10), (1.30, 0.05), (1.42, 0.14), (1.36, 0.24), (1.12, 0.50), (0.98, 0.56), (0.93, 0.42))
_RIDGE = ((0.88, 0.16), (1.15, 0.08), (1.40, 0.00), (1.56, 0.02), (1.50, 0.06), (1.20, 0.13))
_HUMERUS = ((1.44, 0.18), (1.56, 0.06), (1.70, 0.06), (1.76, 0.18), (1.98, 0.75), (1.84, 0.80))
_TRACHEA = ((-0.07, -0.6), (-0.055, -0.1), (-0.03, 0.1), (-0.09, 0.29), (0.09, 0.29), (0.09, 0.1), (0.07, -0.6))


@dataclass(frozen=True)
class _Scene:
    """The canvas, where the thorax lies on it, and the random numbers of this picture.

    Attributes
    ----------
    shape : (rows, columns) of the canvas.
    polygons : structure name → closed curve [K, 2], canvas pixels (x, y).
    top, height, width : apex row, apex-to-base height and midline-to-wall width, pixels.
    axis : slope and intercept of the midline, x = slope * y + intercept.
    walls, medial : s of the lateral walls and of the medial lung borders at `_LEVELS` [2, R] (right, left), positive.
    """

    shape: Shape
    polygons: Mapping[str, Points]
    rng: np.random.Generator
    top: float
    height: float
    width: float
    axis: tuple[float, float]
    walls: Points
    medial: Points

    def place(self, st: ArrayLike) -> Points:
        """Thorax coordinates [..., 2] (s, t) → canvas pixels [..., 2] (x, y)."""
        points = np.asarray(st, float)
        y = self.top + points[..., 1] * self.height
        return np.stack([self.axis[0] * y + self.axis[1] + points[..., 0] * self.width, y], -1)

    def grid(self) -> tuple[Array, Array]:
        """Thorax coordinates s [H, W] and t [H, 1] of every pixel."""
        y = np.arange(self.shape[0], dtype=np.float32)[:, None]
        s = (np.arange(self.shape[1])[None] - self.axis[0] * y - self.axis[1]) / self.width
        return s.astype(np.float32), ((y - self.top) / self.height).astype(np.float32)

    def fill(self, polygons: Sequence[Points], blur: float) -> Array:
        """Union of closed polygons [K, 2] (pixels) [H, W] in [0, 1], blurred by `blur` thorax widths."""
        layer = np.zeros(self.shape, np.uint8)
        for polygon in polygons:
            cv2.fillPoly(layer, [fixed_point(polygon)], (255,), cv2.LINE_AA, _SHIFT)
        inside = cv2.addWeighted(layer, 0.31, cv2.erode(layer, _CROSS), 0.69, 0)  # OpenCV fills half a pixel too far
        return blurred(np.asarray(inside / 255, np.float32), blur * self.width)

    def lines(self, lines: Sequence[Points], closed: bool = False, blur: float = 0.003) -> Array:
        """Hair lines along polylines [K, 2] (pixels) [H, W] in [0, 1], blurred by `blur` thorax widths."""
        layer = np.zeros(self.shape, np.uint8)
        cv2.polylines(layer, [fixed_point(line) for line in lines], closed, (255,), 1, cv2.LINE_AA, _SHIFT)
        return blurred(np.asarray(layer * (max(self.shape) / WORK_SIZE / 255), np.float32), blur * self.width)

    def noise(self, cell: float) -> Array:
        """Smooth noise [H, W], standard deviation near 1, with features of about `cell` thorax widths."""
        rows, columns = (max(2, int(n / max(cell * self.width, 1.0))) for n in self.shape)
        small = self.rng.standard_normal((rows, columns), np.float32)
        return np.asarray(cv2.resize(small, self.shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def render_chest(outlines: Outlines, shape: Shape, rng: np.random.Generator, *, grain: float | None = None) -> Array:
    """Render a PA chest radiograph around the given contours.

    Parameters
    ----------
    outlines : structure name → closed polygon [K, 2], (x, y) pixels of the picture, (0, 0) the centre of the first
        pixel. `right_lung` and `left_lung` are needed; `heart`, `right_clavicle`, `left_clavicle` may be missing.
    shape : (rows, columns) of the picture.
    rng : the only source of randomness; the same state gives the same picture.
    grain : standard deviation of the noise at mid grey, in grey values of [0, 1]; drawn from `rng` where None.

    Returns
    -------
    Picture [H, W], float32 in [0, 1], MONOCHROME2: bone bright, air dark.
    """
    if not {"right_lung", "left_lung"} <= set(outlines):
        raise ValueError("A rendered chest radiograph needs the contours of both lungs.")
    scale = min(1.0, WORK_SIZE / max(shape))
    canvas = (max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale)))
    polygons = {name: _curve((np.asarray(p, float) + 0.5) * scale - 0.5) for name, p in outlines.items()}
    scene = _measure(polygons, canvas, rng)
    path = _tissue(scene) + _bones(scene)
    picture = 1 - np.exp(-np.float32(rng.uniform(0.9, 1.2)) * np.maximum(path, np.float32(0.03)))
    if scale < 1.0:
        back = np.array([[scale, 0.0, 0.5 * scale - 0.5], [0.0, scale, 0.5 * scale - 0.5]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        picture = cv2.warpAffine(picture, back, shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return _expose(np.asarray(picture, np.float32), outlines, rng, grain)


def _crossings(polygon: Points, rows: Points) -> tuple[Points, Points]:
    """Smallest and largest x [R] of a closed polygon [K, 2] on each row [R]; NaN where the row misses it."""
    start, end = polygon[:, None], np.roll(polygon, -1, 0)[:, None]
    hit = (start[..., 1] <= rows) != (end[..., 1] <= rows)
    rise = np.where(hit, end[..., 1] - start[..., 1], 1.0)
    x = start[..., 0] + (rows - start[..., 1]) / rise * (end[..., 0] - start[..., 0])
    low, high = np.where(hit, x, np.inf).min(0), np.where(hit, x, -np.inf).max(0)
    return np.where(np.isfinite(low), low, np.nan), np.where(np.isfinite(high), high, np.nan)


def _measure(polygons: Mapping[str, Points], shape: Shape, rng: np.random.Generator) -> _Scene:
    """Midline, walls and size of the thorax from the lungs' curves (canvas pixels)."""
    right, left = polygons["right_lung"], polygons["left_lung"]
    top = float((right[:, 1].min() + left[:, 1].min()) / 2)
    height = max(float((right[:, 1].max() + left[:, 1].max()) / 2) - top, 8.0)
    rows = top + height * _LEVELS
    (right_out, right_in), (left_in, left_out) = _crossings(right, rows), _crossings(left, rows)
    centre = (right_in + left_in) / 2
    upper = np.isfinite(centre) & (rows < top + 0.5 * height)
    axis = (0.0, float((right[:, 0].max() + left[:, 0].min()) / 2))
    if upper.sum() >= 2:
        tilt = float(np.clip(np.polyfit(rows[upper], centre[upper], 1)[0], -0.2, 0.2))
        axis = (tilt, float(np.mean(centre[upper] - tilt * rows[upper])))
    middle = axis[0] * rows + axis[1]
    spans = [_bridged(span) for span in (middle - right_out, left_out - middle, middle - right_in, left_in - middle)]
    width = max(float(np.max(spans[:2], axis=1).mean()), 8.0)
    walls, medial = np.maximum(np.stack(spans[:2]) / width, 0.4), np.stack(spans[2:]) / width
    return _Scene(shape, polygons, rng, top, height, width, axis, walls, medial)


def _bridged(values: Points, default: float = 0.0) -> Points:
    """`values` [R] with NaN interpolated from the neighbours, or `default` where nothing is known."""
    known, index = np.isfinite(values), np.arange(len(values))
    return np.interp(index, index[known], values[known]) if known.any() else np.full(len(values), default)


def fixed_point(points: Points) -> NDArray[np.int32]:
    """Pixels → OpenCV's fixed-point coordinates, kept far from overflow."""
    return np.round(np.clip(points, -9000, 9000) * (1 << _SHIFT)).astype(np.int32)


def blurred(layer: Array, sigma: float) -> Array:
    """Gaussian blur of a layer [H, W] by `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), sigma), np.float32) if sigma > 0.2 else layer


def _smooth(points: ArrayLike, rounds: int = 3) -> Points:
    """Round the corners of a closed polygon [K, 2] (Chaikin)."""
    polygon = np.asarray(points, float)
    for _ in range(rounds):
        after = np.roll(polygon, -1, 0)
        polygon = np.stack([0.75 * polygon + 0.25 * after, 0.25 * polygon + 0.75 * after], 1).reshape(-1, 2)
    return polygon


def _curve(polygon: Points, parts: int = 4) -> Points:
    """Draw a closed curve through the points of a traced polygon [K, 2] (Catmull-Rom); coarse ones stay as they are."""
    if len(polygon) < 12:
        return polygon
    a, b, c, d = (np.roll(polygon, k, 0)[:, None] for k in (1, 0, -1, -2))
    u = np.arange(parts)[None, :, None] / parts
    curve = 2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * (b - c) + d - a) * u**3
    return np.asarray(curve.reshape(-1, 2) / 2)


def _tissue(scene: _Scene) -> Array:
    """Path length through soft tissue and air [H, W]."""
    rng, w, polygons = scene.rng, scene.width, scene.polygons
    s, t = scene.grid()
    lungs = scene.fill([polygons["right_lung"], polygons["left_lung"]], 0.007)
    depth = 1 - np.exp(-cv2.distanceTransform((lungs > 0.5).astype(np.uint8), cv2.DIST_L2, 3) / (0.18 * w))
    outside = cv2.distanceTransform((lungs < 0.5).astype(np.uint8), cv2.DIST_L2, 3) / w
    path = _body(scene)
    path += rng.uniform(0.15, 0.3) * (1 - lungs) * np.exp(-outside / 0.10) * (np.abs(s) > 0.5)  # the wall, seen end on
    path += rng.uniform(0.35, 0.5) * np.exp(-0.5 * (s / 0.22) ** 2) * np.clip(0.75 + 0.35 * t, 0.5, 1.0)
    path += _abdomen(scene, s, t) * (1 - lungs)
    if "heart" in polygons:
        x, y = polygons["heart"].mean(0)
        far = np.hypot(np.arange(scene.shape[1])[None] - x, np.arange(scene.shape[0])[:, None] - y) / w
        muscle = rng.uniform(0.10, 0.25) + 0.25 * np.exp(-((far / 0.40) ** 2))
        path += scene.fill([polygons["heart"]], 0.010) * np.clip((1.02 - t) / 0.15, 0, 1) * muscle
    air = lungs * (rng.uniform(0.58, 0.70) + 0.38 * depth) * (1 + 0.06 * scene.noise(0.45))
    domes = rng.uniform(0.2, 0.7) * np.clip(t - 0.55, 0, 1) ** 1.3  # less air where a dome bulges into the lung
    path -= rng.uniform(1.0, 1.2) * air * (1 - domes)
    path += lungs * (_vessels(scene, s, t) + depth * (0.013 * scene.noise(0.028) + 0.011 * scene.noise(0.012)))
    trachea = scene.place(_smooth(_TRACHEA) + np.array([rng.uniform(-0.03, 0.03), 0.0]))
    path -= rng.uniform(0.3, 0.5) * scene.fill([trachea], 0.015)
    if rng.random() < 0.35:  # breasts: faint, densest at a soft lower rim
        low, reach = rng.uniform(0.72, 0.95), rng.uniform(0.34, 0.42)
        breast = np.array([(0.72 - reach, 0.4), (0.8 + reach, 0.35), (0.8 + reach, low), (0.72 - reach, low)])
        both = scene.fill([scene.place(_smooth(breast * (side, 1.0))) for side, _ in _SIDES], 0.02)
        path += rng.uniform(0.15, 0.35) * both * np.clip((t - 0.42) / (low - 0.42), 0, 1) ** 1.5
    return np.asarray(path, np.float32)


def _body(scene: _Scene) -> Array:
    """Path length through the body without its contents [H, W]: shoulders, arms and neck thin out at the skin."""
    rng = scene.rng
    wall, gap = rng.uniform(1.16, 1.34), rng.uniform(0.40, 0.62)  # s of the lateral wall, t of the armpit
    arm = np.array([(0.30, 0.12), (0.06, 0.0), (0.0, 0.14), (-0.02, 0.44), (0.05, 0.9), (0.15, 1.7)])
    reach = scene.walls.max(1) - 1 + wall * rng.uniform(0.98, 1.03, 2)  # a wall for each side: few are symmetric
    right, left = (np.vstack([_BODY, arm + np.array([s, gap])]) for s in reach)
    inside = scene.fill([_smooth(scene.place(np.vstack([right * (-1, 1), left[::-1]])))], 0.0)
    skin = cv2.distanceTransform((inside > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / (0.5 * scene.width)
    thick = 0.45 + 0.55 * np.sqrt(1 - (1 - np.clip(skin, 0, 1)) ** 2)
    tissue = np.asarray(rng.uniform(1.6, 1.85) * inside * thick * (1 + 0.03 * scene.noise(0.3)), np.float32)
    return blurred(tissue, 0.004 * scene.width) + np.float32(rng.uniform(0.04, 0.22))


def _abdomen(scene: _Scene, s: Array, t: Array) -> Array:
    """Path length through the organs below the diaphragm [H, W], with gas under the left dome."""
    rng, columns = scene.rng, np.arange(scene.shape[1], dtype=float)
    lows = [_crossings(scene.polygons[f"{side}_lung"][:, ::-1], columns)[1] for _, side in _SIDES]
    lows = [np.where(low > scene.top + 0.68 * scene.height, low, np.nan) for low in lows]
    if "heart" in scene.polygons:
        lows.append(_crossings(scene.polygons["heart"][:, ::-1], columns)[1] - 0.015 * scene.height)
    rim = _bridged(np.fmax.reduce(lows), scene.top + scene.height)[None].astype(np.float32)
    dome = (blurred(rim, 0.05 * scene.width) - scene.top) / scene.height
    below = np.maximum(t - dome, 0)  # thorax heights below the domes
    depth = (0.25 * (below > 0) + 1.15 * (1 - np.exp(-below / 0.12))) * (1 - np.tanh((np.abs(s) - 1.05) / 0.14)) / 2
    organs = blurred(np.asarray(depth, np.float32), 0.008 * scene.width)
    for _ in range(int(rng.integers(0, 4))):
        x, size = rng.uniform(0.42, 0.72), np.array([rng.uniform(0.05, 0.14), rng.uniform(0.02, 0.05)])
        column = int(np.clip(scene.place((x, 0.95))[0], 0, scene.shape[1] - 1))
        radius = 1 + 0.15 * np.sin(np.linspace(0, 6 * np.pi, len(_CIRCLE)) + rng.uniform(0, 6))
        bubble = _CIRCLE * size * radius[:, None] + (x, dome[0, column] + size[1] + rng.uniform(0.03, 0.09))
        organs -= np.float32(rng.uniform(0.5, 1.1)) * scene.fill([scene.place(bubble)], 0.03)
    return organs


def _vessels(scene: _Scene, s: Array, t: Array) -> Array:
    """Path length through pulmonary vessels [H, W]: two trees per lung that branch from the hila."""
    total = np.zeros(scene.shape, np.float32)
    for index, (side, _) in enumerate(_SIDES):
        level = (0.44, 0.39)[index] + scene.rng.uniform(-0.03, 0.03)
        x = side * (max(float(np.interp(level, _LEVELS, scene.medial[index])), 0.12) + 0.05)
        away = (s - x) ** 2 + (t - level) ** 2
        near = 0.35 + 0.65 * np.exp(-0.5 * (((s - x) / 0.42) ** 2 + ((t - level - 0.08) / 0.32) ** 2))
        for _ in range(2):
            total += _tree(scene, (x, level), side) * near
        total += 0.20 * np.exp(-0.5 * away / 0.07**2) + 0.10 * np.exp(-0.5 * away / 0.20**2)
    return blurred(np.float32(scene.rng.uniform(0.6, 1.0)) * total, 0.0035 * scene.width)


def _tree(scene: _Scene, hilum: tuple[float, float], side: float) -> Array:
    """One branching tree [H, W] from a hilum (s, t), path length in the unit of everything else."""
    rng, aspect = scene.rng, scene.width / scene.height
    heading = np.linspace(-1.35, 1.45, 8) + rng.uniform(-0.15, 0.15, 8)  # radians from lateral, downwards positive
    tips = np.stack([rng.normal(0, 0.03, 8), 0.06 * heading + rng.normal(0, 0.02, 8)], -1) + hilum
    calibre = rng.uniform(0.016, 0.036, 8)  # thorax widths
    branches: list[tuple[float, Points]] = []
    steps = np.linspace(0.25, 1, 4)[None, :, None]
    for generation in range(6):
        reach = rng.uniform(0.08, 0.22, len(tips)) * 0.93**generation / 4
        bend = heading[:, None, None] + rng.normal(0, 0.5, (len(tips), 1, 1)) * steps
        move = np.concatenate([side * np.cos(bend), np.sin(bend) * aspect], -1) * reach[:, None, None]
        ways = tips[:, None] + np.concatenate([np.zeros_like(move[:, :1]), np.cumsum(move, 1)], 1)
        branches.extend(zip(calibre.tolist(), scene.place(ways), strict=True))
        # Every branch forks; the smallest are thinned out, or the periphery turns to felt.
        parent = rng.permutation(np.repeat(np.arange(len(tips)), 2))[:44]
        heading = heading[parent] * 0.97 + rng.choice([-1.0, 1.0], len(parent)) * rng.uniform(0.1, 0.65, len(parent))
        tips, calibre = ways[parent, -1], calibre[parent] * rng.uniform(0.6, 0.85, len(parent))
    layer = np.zeros(scene.shape, np.uint8)
    for size, way in sorted(branches, key=lambda branch: branch[0]):  # thick ones last, on top
        tone, stroke = int(np.clip(7000 * size, 30, 190)), max(1, round(size * scene.width))
        cv2.polylines(layer, [fixed_point(way)], False, (tone,), stroke, cv2.LINE_AA, _SHIFT)
    return np.asarray(layer, np.float32) * np.float32(0.30 / 255)


def _bones(scene: _Scene) -> Array:
    """Path length through bone [H, W]."""
    rng = scene.rng
    lungs = scene.fill([scene.polygons["right_lung"], scene.polygons["left_lung"]], 0.02)
    path = _ribs(scene) * (0.45 + 0.55 * lungs) + _spine(scene)
    groups: list[list[Points]] = [[], [], []]
    for side, name in _SIDES:
        shift = np.array([side * rng.uniform(-0.04, 0.12), rng.uniform(-0.03, 0.03)])
        for group, shape in zip(groups, (_SCAPULA, _RIDGE, _HUMERUS), strict=True):
            group.append(scene.place(_smooth(np.asarray(shape) * (side, 1.0) + shift)))
        if f"{name}_clavicle" in scene.polygons:
            path += _clavicle(scene, scene.polygons[f"{name}_clavicle"], side)
    for group, weight, rim in zip(groups, (0.14, 0.15, 0.27), (0.14, 0.10, 0.10), strict=True):
        path += weight * rng.uniform(0.7, 1.3) * scene.fill(group, 0.010) + rim * scene.lines(group, True, 0.005)
    return np.asarray(path, np.float32)


def _ribs(scene: _Scene) -> Array:
    """Ten pairs of ribs [H, W]: each runs from the spine to the wall (posterior) and down towards the sternum."""
    rng = scene.rng
    angle = np.linspace(0.10, 0.80 * np.pi, 72)  # 0 at the spine, pi / 2 at the lateral wall
    back, front = angle < 0.53 * np.pi, angle > 0.47 * np.pi
    slope, start = rng.uniform(0.46, 0.60), rng.uniform(-0.05, -0.01)
    rise = rng.uniform(0.01, 0.045) * np.sin(np.minimum(2 * angle, np.pi))
    posterior, anterior = [], []  # closed at the spine and at the sternum's end, open at the wall
    for index, (side, _) in enumerate(_SIDES):
        for k in range(10):
            fall = slope * min(1.0, 0.5 + 0.14 * k) * (angle / np.pi) ** 1.6
            t = start + 0.096 * k + rng.normal(0, 0.004) - rise + fall
            wall = np.interp(t, _LEVELS, scene.walls[index]) + 0.03
            line = scene.place(np.stack([side * wall * np.sin(angle) ** 0.9, t], -1))
            along = np.gradient(line, axis=0)
            normal = np.stack([-along[:, 1], along[:, 0]], -1) * side / np.linalg.norm(along, axis=1, keepdims=True)
            half = (scene.height * (0.0185 + 0.004 * np.sin(angle * 0.9)) * rng.uniform(0.9, 1.1))[:, None]
            high, low = line - normal * half, line + normal * half
            posterior.append(np.vstack([high[back][::-1], low[back]]))
            anterior.append(np.vstack([high[front], low[front][::-1]]))
    path = 0.12 * scene.fill(posterior, 0.006) + 0.13 * scene.lines(posterior)
    path += 0.09 * scene.fill(anterior, 0.009) + 0.08 * scene.lines(anterior)
    return np.asarray(rng.uniform(0.8, 1.35) * path * (1 + 0.12 * scene.noise(0.25)), np.float32)


def _spine(scene: _Scene) -> Array:
    """Vertebral column [H, W]: bodies with end plates, pedicles and spinous processes."""
    level = np.arange(-4, 18)[:, None, None]  # of the vertebra, 0 at the apices
    size = (0.105 + 0.0025 * level) * (1.0, 0.0) + (0.0, 1.0)
    body = np.array([(-1.0, 0.0), (-0.9, 0.04), (-1.0, 0.08), (1.0, 0.08), (0.9, 0.04), (1.0, 0.0)])
    bodies = scene.place(body * size + level * (0.0, 0.092))
    plates = [*bodies[:, 2:4], *bodies[:, [0, 5]]]
    knobs = scene.place(np.array([(-0.62, 0.03), (0.0, 0.062), (0.62, 0.03)]) * size + level * (0.0, 0.092))
    dots = knobs.reshape(-1, 1, 2) + _CIRCLE * (0.012 * scene.width, 0.026 * scene.width)
    path = 0.34 * scene.fill([*bodies], 0.016) + 0.10 * scene.lines(plates, False, 0.006)
    return np.asarray(scene.rng.uniform(0.8, 1.3) * (path + 0.12 * scene.fill([*dots], 0.006)), np.float32)


def _clavicle(scene: _Scene, polygon: Points, side: float) -> Array:
    """Clavicle [H, W]: its polygon with cortical edges, continued to the shoulder where the contour ends."""
    centre = polygon.mean(0)
    direction = np.linalg.svd(polygon - centre, full_matrices=False)[2][0]
    direction = direction * (np.sign(direction[0] * side) or 1.0)
    along, normal = (polygon - centre) @ direction, np.array([-direction[1], direction[0]])
    end, span = polygon[along > np.quantile(along, 0.7)], np.ptp(along)
    half = 0.9 * np.abs((end - end.mean(0)) @ normal).max() * normal
    u = np.linspace(0, 1, 12)[:, None]
    bent = end.mean(0) + direction * 0.35 * span
    run = (1 - u) ** 2 * end.mean(0) + 2 * u * (1 - u) * bent + u**2 * scene.place((side * 1.50, 0.015))
    tail = np.vstack([run - half, (run + half)[::-1]])
    edge = 0.16 * scene.lines([polygon], True) + 0.10 * scene.lines([run - half, run + half])
    bone = np.maximum(scene.fill([polygon], 0.004), 0.8 * scene.fill([tail], 0.006))
    return np.asarray(scene.rng.uniform(0.8, 1.2) * (0.26 * bone + edge), np.float32)


def _expose(picture: Array, outlines: Outlines, rng: np.random.Generator, grain: float | None) -> Array:
    """Film and plate: contrast, side marker, labels, blur, grain and collimation, all in final pixels."""
    (rows, columns), size = picture.shape, max(picture.shape)
    black, white, gamma = (np.float32(rng.uniform(*limits)) for limits in ((0.0, 0.05), (0.94, 1.0), (0.85, 1.6)))
    picture = black + np.clip(picture, 0, 1) ** gamma * (white - black)
    _mark(picture, outlines, rng)
    for corner in (0, columns):  # name labels masked at the upper corners, as on film
        wide, high = int(rng.uniform(0.06, 0.16) * columns), int(rng.uniform(0.01, 0.06) * rows)
        picture[: high * (rng.random() < 0.3), max(corner - wide, 0) : corner + wide] = 0
    picture = blurred(picture, rng.uniform(0.3, 0.9) * size / 1024)
    visible = np.sqrt(np.clip(1.1 - picture, 0.05, 1))  # the darker the film, the more of its grain shows
    strength = 1.9 * (rng.uniform(0.004, 0.014) if grain is None else grain)
    picture += strength * visible * blurred(rng.standard_normal(picture.shape, np.float32), 0.45)
    if rng.random() < 0.3:
        top, bottom, left, right = (round(edge * size) for edge in rng.uniform(0.0, 0.035, 4))
        field = picture[top : rows - bottom, left : columns - right]
        picture = np.pad(field, ((top, bottom), (left, right)), constant_values=rng.uniform(0.0, 0.06))
    return np.asarray(np.clip(picture, 0, 1), np.float32)


def _mark(picture: Array, outlines: Outlines, rng: np.random.Generator) -> None:
    """Draw a bright "R" on the patient's right (left of the picture) or an "L" on the other side, beside the lungs."""
    (rows, columns), right = picture.shape, rng.random() < 0.5
    lung = np.asarray(outlines["right_lung" if right else "left_lung"], float)[:, 0]
    letter, room = ("R", lung.min()) if right else ("L", columns - lung.max())
    font, scale = cv2.FONT_HERSHEY_DUPLEX, rng.uniform(1.2, 2.2) * max(picture.shape) / 1024
    stroke = max(1, round(2.2 * scale))
    (wide, high), _ = cv2.getTextSize(letter, font, scale, stroke)
    inset = int(np.clip(rng.uniform(0.25, 0.6) * room, 0.03 * columns, 0.10 * columns))
    x, y = inset if right else columns - inset - wide, int(rng.uniform(0.07, 0.2) * rows) + high
    layer = np.zeros(picture.shape, np.uint8)
    cv2.putText(layer, letter, (x, y), font, scale, (255,), stroke, cv2.LINE_AA)
    picture += (layer.astype(np.float32) / 255) * (np.float32(rng.uniform(0.93, 1.0)) - picture)
