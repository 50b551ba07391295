"""The ten worst masks of the validation images brought to Dice .99 by push alone, with real mouse events.

``python -m tests.benchmarks.push_run --data ../shared/data/chest [--masks 10]`` in an off-screen window. A script
follows the reference: each stroke drags the border from where it is furthest off towards the nearest point of the
reference, and of some widths and lengths the one that mends most is taken. Printed per mask: Dice before and after,
strokes until .95, .97 and .99, and the seconds that the program took for all of them (handling and painting). A reader
needs about a second for a stroke.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from scipy import ndimage

from app.core import mask_edit
from app.gui.application import App, launch
from app.gui.state.view_state import Mode
from app.project.session import Session
from app.training.contours import CHEST_STRUCTURES, draw_masks, read_chest
from tests.benchmarks.window_run import mouse, shown, until

GOALS = (0.95, 0.97, 0.99)
MOST_STROKES = 80


class Case(NamedTuple):
    """A mask that is to be mended."""

    dice: float
    image: str
    structure: str
    reference: np.ndarray


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * float((one & other).sum()) / max(int(one.sum()) + int(other.sum()), 1)


def worst(session: Session, data: Path, count: int) -> list[Case]:
    """The predicted masks that agree least with the reference polygons."""
    contours, found = read_chest(data, "val"), []
    for path, points in zip(contours.images, contours.points, strict=True):
        frame = session.image(path.name).frame
        assert frame is not None
        masks = draw_masks(points, contours.slices, frame.height, frame.width)
        for (name, _, _), mask in zip(CHEST_STRUCTURES, masks, strict=True):
            predicted = session.mask(path.name, name)
            if predicted is not None:
                found.append(Case(dice(predicted, mask), path.name, name, mask))
    return sorted(found, key=lambda case: case.dice)[:count]


def border_of(mask: np.ndarray) -> np.ndarray:
    """The outermost pixels of the largest piece [K, 2], in order."""
    pieces, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(pieces, key=len)[:, 0].astype(float)


class Stroke(NamedTuple):
    """From where to where, and how wide, in native pixels."""

    start: np.ndarray
    end: np.ndarray
    radius: float


def parts_off(mask: np.ndarray, reference: np.ndarray) -> list[Stroke]:
    """For each of the parts of the border that are off by the largest areas: from its worst point to the reference."""
    border, aim = border_of(mask), border_of(reference)
    inside = ndimage.distance_transform_edt(reference) - ndimage.distance_transform_edt(~reference)
    off = inside[border[:, 1].astype(int), border[:, 0].astype(int)]
    off = np.where(off > 0, off - 1, off)  # positive: the border must go outward
    signs = [ndimage.label(np.abs(off) * (off * sign > 0) > 0.5)[0] for sign in (1, -1)]
    runs = [np.flatnonzero(sign == k) for sign in signs for k in range(1, sign.max() + 1)]
    runs.sort(key=lambda run: -float(np.abs(off[run]).sum()))
    strokes = []
    for run in runs[:6]:
        at = run[int(np.argmax(np.abs(off[run])))]
        end = aim[int(np.argmin(((aim - border[at]) ** 2).sum(axis=1)))]
        strokes.append(Stroke(border[at], end, max(0.5 * len(run), float(np.abs(off[at])), 3.0)))
    return strokes


def stroke_for(mask: np.ndarray, reference: np.ndarray) -> Stroke | None:
    """The stroke that mends most, as a good hand would choose it: of some widths and lengths the best one."""
    best, gain = None, dice(mask, reference)
    for part in parts_off(mask, reference):
        for width in (0.4, 0.6, 1.0, 1.6, 2.5, 4.0):
            for length in (0.8, 1.2, 1.6):
                end, tried = part.start + length * (part.end - part.start), mask.copy()
                mask_edit.Push(tried, width * part.radius).move(part.start, end)
                if (found := dice(tried, reference)) > gain:
                    best, gain = Stroke(part.start, end, width * part.radius), found
    return best


def do(app: App, stroke: Stroke) -> None:
    """The stroke by mouse: press, four moves, release."""
    view, left, none = app.window.image_view, Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    app.window.controller.set_brush(stroke.radius * view.zoom)
    places = [
        view.viewport_of(*(stroke.start + share * (stroke.end - stroke.start))) for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    at: list[QPoint] = [QPointF(place).toPoint() for place in places]
    mouse(app, QEvent.Type.MouseButtonPress, at[0], left, left)
    for place in at[1:]:
        mouse(app, QEvent.Type.MouseMove, place, none, left)
        view.viewport().repaint()
    mouse(app, QEvent.Type.MouseButtonRelease, at[-1], left, none)
    view.viewport().repaint()


def mend(app: App, case: Case) -> tuple[list[float], float]:
    """Dice at the beginning and after each stroke, and seconds of the program."""
    window, session = app.window, app.window.controller.open_session()
    window.controller.show_image(case.image)
    until(app, lambda: window.image_view.image == case.image and shown(app))
    window.controller.choose_structure(case.structure)
    window.actions_["maskPush"].trigger()
    assert window.controller.mode is Mode.MASK
    ys, xs = np.nonzero(case.reference)
    window.image_view.look_at(QRectF(xs.min() - 12, ys.min() - 12, np.ptp(xs) + 24, np.ptp(ys) + 24))
    window.image_view.viewport().repaint()
    reached, seconds = [case.dice], 0.0
    while reached[-1] < GOALS[-1] and len(reached) <= MOST_STROKES:
        mask = session.mask(case.image, case.structure)
        assert mask is not None
        stroke = stroke_for(mask, case.reference)
        if stroke is None:
            break
        before = time.perf_counter()
        do(app, stroke)
        app.qt_app.processEvents()
        seconds += time.perf_counter() - before
        mended = session.mask(case.image, case.structure)
        assert mended is not None
        reached.append(dice(mended, case.reference))
        if reached[-1] <= reached[-2]:  # whole screen pixels are too coarse for what is left
            session.undo()
            reached[-1] = reached[-2]
            break
    return reached, seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--masks", type=int, default=10)
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DENSESEG_SETTINGS"] = str(Path(folder) / "settings.ini")
        with Session.create(Path(folder) / "p.dsr", reader="Script") as session:
            session.add_images(list(read_chest(options.data, "val").images))
            session.predict()
            cases = worst(session, options.data, options.masks)
        app = launch(["--project", str(Path(folder) / "p.dsr")])
        sys.excepthook = sys.__excepthook__
        app.window.resize(1280, 800)
        until(app, app.window.isVisible)
        for case in cases:
            reached, seconds = mend(app, case)
            counts = [next((i for i, now in enumerate(reached) if now >= goal), None) for goal in GOALS]
            told = ", ".join(
                f"{'-' if n is None else n:>2} to {goal:.2f}" for n, goal in zip(counts, GOALS, strict=True)
            )
            print(  # noqa: T201
                f"{case.image:14} {case.structure:15} {case.dice:.3f} -> {reached[-1]:.3f}  strokes {told}, "
                f"{seconds:.2f} s for {len(reached) - 1}"
            )
        app.window.close()


if __name__ == "__main__":
    main()
