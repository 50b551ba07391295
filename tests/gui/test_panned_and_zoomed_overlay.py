"""What lies over the picture while the view moves: each frame is what a view that never moved would draw."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem
from scipy.spatial import cKDTree

from app.core.masks import ReaderMask
from app.gui.image.mask_outlines import thinned
from app.gui.image.overlays import OverlayItem
from app.gui.image.resolve import Drawn, resolve
from app.gui.state.view_state import Look, MaskStyle, ViewState
from app.project.session import Session

SIZE = (430, 310)
LOOK = Look(masks=MaskStyle.FILL, uv=True)


@pytest.fixture
def session(predicted):
    with Session.open(predicted / "project.dsr", read_only=True) as opened:
        yield opened


def drawn(session: Session, image: int = 0, look: Look = LOOK, structure: str = "heart") -> Drawn:
    name = session.images[image]
    return resolve(session, ViewState(image=name, structure=structure, look=look), name, session.image(name).frame)


def frame(item: OverlayItem, world: QTransform, ratio: float = 1.0) -> np.ndarray:
    """One frame of a screen of `SIZE` logical pixels, premultiplied [h, w, 4]."""
    screen = QImage(round(SIZE[0] * ratio), round(SIZE[1] * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    screen.setDevicePixelRatio(ratio)
    screen.fill(0)
    painter = QPainter(screen)
    painter.setWorldTransform(world)
    item.paint(painter, QStyleOptionGraphicsItem(), None)
    painter.end()
    return np.frombuffer(screen.constBits(), np.uint8).reshape(screen.height(), screen.width(), 4).astype(int)


def as_new(found: Drawn, world: QTransform, ratio: float = 1.0) -> np.ndarray:
    item = OverlayItem()
    item.set_drawn(found)
    return frame(item, world, ratio)


def assert_same(found: np.ndarray, wanted: np.ndarray) -> None:
    """The same in every pixel; Qt's rasteriser may round one of 255 levels otherwise elsewhere on the screen."""
    assert np.abs(found - wanted).max() <= 1


def fitted(session: Session, x: float = 0, y: float = 0, zoom: float = 1.0) -> QTransform:
    """The first image over the screen, cut at its borders, moved by some logical pixels."""
    shape = session.image(session.images[0]).frame
    scale = 1.3 * zoom * SIZE[1] / shape.height
    return QTransform.fromScale(scale, scale) * QTransform.fromTranslate(-31.3 + x, -22.8 + y)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("turn", [QTransform(), QTransform(0, 1, -0.8, 0, 330, 0), QTransform(-1, 0, 0, 1, 400, 0)])
def test_each_frame_of_a_pan_is_the_one_that_a_new_view_would_draw(session: Session, ratio: float, turn) -> None:
    found, item = drawn(session), OverlayItem()
    item.set_drawn(found)
    whole, parts = 4 / ratio, 0.3 / ratio  # device pixels
    for x, y in [(0, 0), (whole, 0), (-3 * whole, 2 * whole), (parts, -whole), (parts, whole), (400, 0), (140, -130)]:
        world = turn * fitted(session, x, y)
        assert_same(frame(item, world, ratio), as_new(found, world, ratio))
    assert frame(item, turn * fitted(session), ratio)[..., 3].any()


def test_each_frame_of_a_zoom_is_the_one_that_a_new_view_would_draw(session: Session) -> None:
    found, item = drawn(session), OverlayItem()
    item.set_drawn(found)
    for zoom in (1.0, 1.001, 1.9, 2.2, 14.0, 0.3):
        world = fitted(session, zoom=zoom)
        assert_same(frame(item, world), as_new(found, world))


def test_what_was_drawn_is_not_shown_for_another_look_image_or_display(session: Session) -> None:
    item, world = OverlayItem(), fitted(session)
    looks = [replace(LOOK, **fields) for fields in (
        {"hidden": frozenset({"heart"})}, {"hidden": frozenset({"left_lung"})}, {"structures": False},
        {"masks": MaskStyle.OUTLINE}, {"masks": MaskStyle.OFF}, {"patterns": True}, {"opacity": 0.9}, {"uv": False},
    )]  # fmt: skip
    steps = [drawn(session), *(drawn(session, look=look) for look in looks), drawn(session, structure="right_lung")]
    steps += [drawn(session, image=1), drawn(session), Drawn(), drawn(session)]
    frames = []
    for found in steps:
        item.set_drawn(found)
        frames.append(frame(item, world))
        assert_same(frames[-1], as_new(found, world))
    for before, after in pairwise(frames):
        assert (before != after).any()  # each of these steps is seen
    for ratio in (2.0, 1.0):
        assert_same(frame(item, world, ratio), as_new(steps[-1], world, ratio))


def test_another_mask_is_drawn_at_once_and_the_others_stay(session: Session) -> None:
    found, world, item = drawn(session), fitted(session), OverlayItem()
    shape = found.frame
    mask = np.zeros((shape.height, shape.width), bool)
    mask[shape.height // 4 : shape.height // 2, shape.width // 3 : shape.width // 2] = True
    frames = []
    for by_reader in ({}, {"heart": ReaderMask(mask)}, {"heart": ReaderMask(mask ^ mask[::-1])}, {}):
        masks = replace(found.masks, by_reader=by_reader)
        now = replace(found, masks=masks)
        item.set_drawn(now)
        frames.append(frame(item, world))
        assert_same(frames[-1], as_new(now, world))
    assert [(a != b).any() for a, b in pairwise(frames)] == [True, True, True]
    assert_same(frames[0], frames[-1])


@pytest.mark.parametrize("closed", [True, False])
def test_a_thinned_line_stays_within_its_tolerance_of_every_point(closed: bool) -> None:
    angle = np.linspace(0, 2 * np.pi, 700)
    line = np.c_[5000 + 300 * np.cos(angle), 8000 + 170 * np.sin(angle) + 9 * np.cos(7 * angle)]
    line = line if closed else line[:500]
    if closed:
        line[-1] = line[0]
    few = thinned(line, 0.4)
    steps = np.linspace(0, len(few) - 1, 200 * len(few))
    dense = np.stack([np.interp(steps, np.arange(len(few)), few[:, k]) for k in (0, 1)], axis=-1)
    assert cKDTree(dense).query(line)[0].max() < 0.6
    assert len(few) < 0.4 * len(line)
    np.testing.assert_allclose(few[0], few[-1] if closed else line[0], atol=1e-3)
    np.testing.assert_allclose(few[-1], line[-1] if not closed else few[0], atol=1e-3)


def test_a_mask_that_is_edited_is_drawn_at_every_step_and_exactly_when_it_is_kept(session: Session) -> None:
    """The same array with other pixels is another mask: whoever edits hands over a view of it each time."""
    found, world, item = drawn(session), fitted(session), OverlayItem()
    mask = np.zeros((found.frame.height, found.frame.width), bool)
    before = frame(item, world)
    for right in (90, 120, 150):
        mask[60:100, 70:right] = True
        masks = replace(found.masks, by_reader={"heart": ReaderMask(mask.view())})
        item.set_drawn(replace(found, masks=masks, edited="heart"))
        now = frame(item, world)
        assert (now != before).any()
        before = now
    kept = replace(found, masks=masks)
    item.set_drawn(kept)
    assert_same(frame(item, world), as_new(kept, world))
    item.set_drawn(found)
    assert_same(frame(item, world), as_new(found, world))
