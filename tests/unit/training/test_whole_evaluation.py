"""Every figure of an evaluation beside one worked out without its code; no two images or structures are alike."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, distance_transform_edt, map_coordinates
from scipy.spatial import cKDTree
from skimage.draw import polygon2mask

from app.cli.figures import show_figures
from app.core.chart import GRID, REACH
from app.core.frame import Frame
from app.core.prediction import Prediction
from app.training.contours import Contours
from app.training.evaluate import Case, evaluate
from tests.unit.training.test_training import MEAN, TEMPLATE, mesh_of

STRUCTURES = TEMPLATE.structures
MESHES = [mesh_of(structure) for structure in STRUCTURES]
NAMES = [s.name for s in STRUCTURES]
SIZES = tuple(len(s.outline) for s in STRUCTURES)
ENDS = np.cumsum(SIZES)
PARTS = [slice(end - size, end) for end, size in zip(ENDS, SIZES, strict=True)]
FRAMES = [(320, 256), (300, 280), (256, 330), (410, 300)]
"""Height and width of each image."""
MM = (0.7, 0.35, 0.5, 0.9)
OFF = np.random.default_rng(3).normal(0, 6, (4, 5, 2))
"""By how far each structure of each image is off, native pixels."""
ABSENT = (2, 4)
"""Image and structure that were called absent."""
PLAIN = 1.7
"""So many times as far off is what was predicted without the prior."""


def scene(times: float) -> tuple[list[Case], Contours]:
    """Four images whose shapes differ and whose predictions are `times` OFF beside them."""
    rng = np.random.default_rng(5)
    cases, points = [], []
    for j, (height, width) in enumerate(FRAMES):
        bend = 1 + 0.12 * np.sin(MEAN[:, ::-1] / (25 + 9 * j) + j)
        true = MEAN * bend * (0.55 + 0.05 * j) + [width / 2, height / 2]
        charts, masks = [], []
        for c, (mesh, part) in enumerate(zip(MESHES, PARTS, strict=True)):
            found = true[part] + times * OFF[j, c]
            charts.append(mesh.inverse_chart(found))
            masks.append(polygon2mask((height, width), found[:, ::-1]) * np.uint8(255))
        error = rng.uniform(1, 40, (5, GRID, GRID)).astype(np.float32)
        present = np.array([(j, c) != ABSENT for c in range(5)])
        uv = np.zeros((5, 2, 1, 1), np.float16)
        prediction = Prediction("", np.stack(masks), uv, np.stack(charts), error, present)
        cases.append(Case(prediction, Frame(height, width, height, width), true, MM[j]))
        points.append(true)
    return cases, Contours([None] * 4, np.stack(points), SIZES)


def at(grid: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """A grid [GRID, GRID, ...] at chart coordinates [K, 2], by scipy."""
    row, column = ((uv[:, i] + REACH) / (2 * REACH) * (GRID - 1) for i in (1, 0))
    flat = grid.reshape(GRID, GRID, -1).astype(float)
    found = [map_coordinates(flat[..., i], [row, column], order=1) for i in range(flat.shape[-1])]
    return np.squeeze(np.stack(found, axis=-1)) if grid.ndim == 2 else np.stack(found, axis=-1)


def misses(cases: list[Case]) -> np.ndarray:
    """Predicted minus true contour points [4, 166, 2], native pixels; NaN where absent."""
    found = np.full((4, ENDS[-1], 2), np.nan)
    for j, case in enumerate(cases):
        for c, (structure, part) in enumerate(zip(STRUCTURES, PARTS, strict=True)):
            if (j, c) != ABSENT:
                found[j, part] = at(case.prediction.charts[c], structure.outline_uv) - case.points[part]
    return found


@pytest.fixture(scope="module")
def world():
    cases, contours = scene(1.0)
    plain, _ = scene(PLAIN)
    figures = evaluate(cases, plain, TEMPLATE, contours)
    mm = np.linalg.norm(misses(cases), axis=-1) * np.array(MM)[:, None]
    return cases, plain, figures, np.where(np.isnan(mm), 30.0, mm)


def test_masks(world):
    cases, _, figures, _ = world
    for c, name in enumerate(NAMES):
        overlap, surface = [], []
        for j, case in enumerate(cases):
            true = polygon2mask(FRAMES[j], case.points[PARTS[c]][:, ::-1])
            found = case.prediction.masks[c] > 0
            if (j, c) == ABSENT:
                overlap.append(0.0)
                continue
            overlap.append(2 * (true & found).sum() / (true.sum() + found.sum()))
            edges = [mask & ~binary_erosion(mask) for mask in (true, found)]
            away = [distance_transform_edt(~one)[other] for one, other in (edges, edges[::-1])]
            surface.append(np.concatenate(away).mean() * MM[j])
        assert figures["masks"]["dice"][name] == pytest.approx(np.mean(overlap), abs=1e-9)
        assert figures["masks"]["surface_distance_mm"][name] == pytest.approx(np.mean(surface), abs=1e-9)
    assert figures["images"] == 4


def test_errors_of_landmarks(world):
    cases, _, figures, mm = world
    found, off = figures["landmarks"], misses(cases)
    assert found["points"] == 166
    assert found["absent"] == SIZES[ABSENT[1]]
    assert found["error_mm"] == pytest.approx(mm.mean())
    per_structure = {name: mm[:, part].mean() for name, part in zip(NAMES, PARTS, strict=True)}
    assert found["error_mm_per_structure"] == pytest.approx(per_structure)
    tall = off[:, : ENDS[2]] * np.array([1024 / height for height, _ in FRAMES])[:, None, None]
    assert found["mean_squared_error_px2"] == pytest.approx((tall**2).mean())
    along, across = [], []
    for j, case in enumerate(cases):
        for c, part in enumerate(PARTS):
            if (j, c) == ABSENT:
                continue
            ring = case.points[part] @ [1, 1j]  # as complex numbers: along is the real part of error over direction
            direction = np.roll(ring, -1) - np.roll(ring, 1)
            turned = (off[j, part] @ [1, 1j]) * MM[j] / (direction / abs(direction))
            along.append(abs(turned.real))
            across.append(abs(turned.imag))
    assert found["along_mm"] == pytest.approx(np.concatenate(along).mean())
    assert found["across_mm"] == pytest.approx(np.concatenate(across).mean())


def test_expected_errors_per_tenth_of_confidence(world):
    cases, _, figures, mm = world
    found = figures["landmarks"]["expected_error"]
    expected = np.stack(
        [
            np.concatenate([at(case.prediction.expected_error[c], s.outline_uv) for c, s in enumerate(STRUCTURES)])
            * case.mm_per_pixel
            for case in cases
        ]
    )
    order = expected.ravel().argsort()
    told = [(row["expected_mm"], row["true_mm"]) for row in found["deciles"]]
    tenths = np.array_split(order, 10)
    np.testing.assert_allclose(told, [(expected.flat[t].mean(), mm.flat[t].mean()) for t in tenths], rtol=1e-6)
    far = mm.flat > 10
    share = far[tenths[-1]].sum() / far.sum()
    assert found["over_10_mm_in_least_confident_tenth"] == pytest.approx(share)
    rng = np.random.default_rng(77)  # another bootstrap of the images than the program's
    ratios, shares = [], []
    for _ in range(2000):
        which = rng.integers(0, 4, 4)
        e, t = expected[which].ravel(), mm[which].ravel()
        parts = np.array_split(e.argsort(), 10)
        ratios.append([e[p].mean() / t[p].mean() for p in parts])
        shares.append((t[parts[-1]] > 10).sum() / max((t > 10).sum(), 1))
    for row, bounds in zip(found["deciles"], np.percentile(ratios, [2.5, 97.5], axis=0).T, strict=True):
        assert row["ratio"] == pytest.approx(row["expected_mm"] / row["true_mm"])
        assert [row["ratio_low"], row["ratio_high"]] == pytest.approx(bounds, rel=0.15)
    interval = found["over_10_mm_in_least_confident_tenth_95"]
    assert interval == pytest.approx(np.percentile(shares, [2.5, 97.5]), abs=0.02)


def test_the_most_unusual_tenth_of_shapes_with_the_prior_and_without(world):
    cases, plain, figures, mm = world
    far = np.zeros((4, 5))
    for j, case in enumerate(cases):
        for c, (structure, part) in enumerate(zip(STRUCTURES, PARTS, strict=True)):
            z, mean = case.points[part] @ [1, 1j], structure.outline @ [1, 1j]
            design = np.stack([z, np.ones_like(z)], axis=1)  # a turn, a growth and a shift: a z + b
            fitted = design @ np.linalg.lstsq(design, mean, rcond=None)[0]
            far[j, c] = abs(fitted - mean).mean()
    far /= far.mean(axis=0)
    unusual = far >= np.sort(far.ravel())[-2]  # a tenth of twenty
    without = np.linalg.norm(misses(plain), axis=-1) * np.array(MM)[:, None]
    without = np.where(np.isnan(without), 30.0, without)
    found = figures["landmarks"]["most_unusual_tenth"]
    for name, values in (("with_prior_mm", mm), ("without_prior_mm", without)):
        shapes = np.stack([values[:, part].mean(axis=1) for part in PARTS], axis=1)
        assert found[name] == pytest.approx(shapes[unusual].mean())
        assert found[f"all_{name}"] == pytest.approx(shapes.mean())


def clicked(chart: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The chart coordinates [K, 2] whose places in a chart lie nearest to some pixels, tried out one by one."""
    line = np.linspace(-REACH, REACH, 301)
    tried = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return tried[cKDTree(at(chart, tried)).query(places)[1]]


def test_landmarks_by_clicks_and_inside_structures(world):
    """With four images three clicks can only be made in the other three; a structure absent in one is left out."""
    cases, _, figures, mm = world
    once, thrice, inside = [], [], []
    whole = [c for c in range(5) if c != ABSENT[1]]
    for c in whole:
        charts, part = [case.prediction.charts[c].astype(float) for case in cases], PARTS[c]
        clicks = np.stack([clicked(chart, case.points[part]) for chart, case in zip(charts, cases, strict=True)])
        for j, (chart, case) in enumerate(zip(charts, cases, strict=True)):
            others = clicks[[i for i in range(4) if i != j]]
            once += [np.linalg.norm(at(chart, uv) - case.points[part], axis=-1) * MM[j] for uv in others]
            median = others.mean(axis=0)
            for _ in range(300):  # Weiszfeld
                weight = 1 / np.maximum(np.linalg.norm(others - median, axis=-1, keepdims=True), 1e-9)
                median = (weight * others).sum(axis=0) / weight.sum(axis=0)
            thrice.append(np.linalg.norm(at(chart, median) - case.points[part], axis=-1) * MM[j])
            inside.append(np.hypot(*OFF[j, c]) * MM[j])
    found = figures["new_landmarks"]
    trained = np.concatenate([mm[:, PARTS[c]].ravel() for c in whole]).mean()
    assert found["trained_mm"] == pytest.approx(trained)
    assert found["one_click_mm"] == pytest.approx(np.concatenate(once).mean(), rel=0.02)
    assert found["three_clicks_mm"] == pytest.approx(np.concatenate(thrice).mean(), rel=0.02)
    assert found["one_click_ratio"] == pytest.approx(found["one_click_mm"] / trained)
    assert found["three_clicks_ratio"] == pytest.approx(found["three_clicks_mm"] / trained)
    assert found["interior_mm"] == pytest.approx(np.mean(inside), rel=0.05)


def test_every_line_of_the_tables_shows_its_own_figure(world, capsys):
    _, _, figures, _ = world
    never = {"never_trained": {"trained_mm": 1.25, "left_out_mm": 6.5, "left_out_ratio": 5.2}}
    show_figures({"model": "mine"} | figures | {"new_landmarks": figures["new_landmarks"] | never})
    out = capsys.readouterr().out
    assert out.startswith("mine: 4 images")
    lines = [[cell.strip() for cell in line.strip("│┃ \n").split("│")] for line in out.splitlines() if "│" in line]
    marks, new, masks = figures["landmarks"], figures["new_landmarks"], figures["masks"]
    dice, surface, error = masks["dice"], masks["surface_distance_mm"], marks["error_mm_per_structure"]
    wanted = [[n, f"{dice[n]:.3f}", f"{surface[n]:.2f}", f"{error[n]:.2f}"] for n in NAMES]
    wanted += [
        ["all 166 points", "", "", f"{marks['error_mm']:.2f}"],
        [
            "mean squared error, lungs and heart (square px, height 1024)",
            f"{marks['mean_squared_error_px2']:.0f}",
        ],
        ["error along the contour (mm)", f"{marks['along_mm']:.2f}"],
        ["error across the contour (mm)", f"{marks['across_mm']:.2f}"],
        ["points called absent", "23"],
        ["error of a landmark from one click (mm)", f"{new['one_click_mm']:.2f}"],
        ["error of a landmark from three clicks (mm)", f"{new['three_clicks_mm']:.2f}"],
        ["error inside structures (mm)", f"{new['interior_mm']:.2f}"],
        ["error of points never trained (mm)", "6.50"],
        [
            "error of the most unusual tenth of shapes (mm)",
            f"{marks['most_unusual_tenth']['with_prior_mm']:.2f}",
        ],
        [
            "the same without the shape prior (mm)",
            f"{marks['most_unusual_tenth']['without_prior_mm']:.2f}",
        ],
        [
            "share of errors over 10 mm in the least confident tenth",
            f"{marks['expected_error']['over_10_mm_in_least_confident_tenth']:.2f}",
        ],
    ]
    assert lines == wanted
