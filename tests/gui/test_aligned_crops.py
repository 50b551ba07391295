"""Crops of the contact sheet turned and scaled as the template is: what they show, and where a drop lands."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QPushButton

from app.core.orientation import Orientation
from app.gui.state.view_state import Mode
from app.io.image import decode_image, read_bytes
from app.project.session import Session
from tests.gui.conftest import SAMPLES, Hand, shown_fully

DEGREES, SCALE = 11.0, 0.8
DOT = {"plain.png": (520.0, 610.0)}
"""Where a dark dot lies, native pixels; in the other images it follows."""


def similarity() -> np.ndarray:
    """From the plain picture to the tilted one, [2, 3]: turned clockwise, smaller, and moved."""
    angle = np.radians(DEGREES)
    linear = SCALE * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    return np.c_[linear, (190.0, 20.0)]


@pytest.fixture(scope="module")
def tilted(tmp_path_factory):
    """A picture as it is, turned and shrunk on a larger canvas, and that lying on its side; each with a dot."""
    folder = tmp_path_factory.mktemp("tilted")
    (folder / "films").mkdir()
    pixels = decode_image(read_bytes(SAMPLES / "rendered_5.png"), "a").pixels.astype(float)
    plain = np.clip(pixels * (200.0 / pixels.max()), 0, 200).astype(np.uint8)
    height, width = plain.shape
    DOT["plain.png"] = (round(width * 0.47), round(height * 0.62))
    matrix = similarity()
    DOT["tilted.png"] = tuple(matrix @ (*DOT["plain.png"], 1))
    size = round(width * 1.15), round(height * 1.02)
    turned = cv2.warpAffine(plain, matrix, size, borderValue=10)
    DOT["aside.png"] = (DOT["tilted.png"][1], size[0] - 1 - DOT["tilted.png"][0])
    for name, picture in (("plain.png", plain), ("tilted.png", turned)):
        at = np.mgrid[: picture.shape[0], : picture.shape[1]][::-1].T.swapaxes(0, 1) - DOT[name]
        picture[np.hypot(at[..., 0], at[..., 1]) < 12] = 0
        cv2.imwrite(str(folder / "films" / name), picture)
    cv2.imwrite(str(folder / "films" / "aside.png"), np.ascontiguousarray(Orientation(3).turned(turned)))
    with Session.create(folder / "project.dsr", reader="Tester") as session:
        session.add_images([folder / "films"])
        session.set_orientation("aside.png", quarter_turns=1)
        session.predict()
        structure, uv, _ = session.template_point("plain.png", DOT["plain.png"], "heart")
        session.define_landmark("Beside the dot", structure, (uv[0] + 0.2, uv[1] - 0.26))
    return folder


@pytest.fixture
def sheet(start, tilted, tmp_path, qtbot):
    shutil.copytree(tilted, tmp_path / "project")
    app = start("--project", tmp_path / "project" / "project.dsr")
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    app.window.controller.choose_landmark("Beside the dot")
    app.window.controller.set_mode(Mode.LANDMARK)
    sheet = app.window.contact_sheet
    qtbot.waitUntil(lambda: len(sheet.tiles) == 3 and all(sheet.crop_of(row) is not None for row in range(3)))
    sheet.app = app
    return sheet


def row_of(sheet, image: str) -> int:
    return [tile.image for tile in sheet.tiles].index(image)


def dot_in(sheet, image: str) -> QPointF:
    """Where the dot is seen in a tile, in the viewport: nothing but the pixels is asked."""
    crop = sheet.crop_of(row_of(sheet, image))
    grey = np.frombuffer(crop.constBits(), np.uint8).reshape(crop.height(), crop.bytesPerLine())[:, : crop.width()]
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    row, column = np.unravel_index(np.argmin(cv2.GaussianBlur(grey.astype(float), (0, 0), 4)), grey.shape)
    weight = np.where(np.hypot(y - row, x - column) < 20, np.clip(100 - grey.astype(float), 0, None), 0)
    at = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum() + 0.5
    return QPointF(*at.tolist()) + QPointF(sheet.tile_rect(row_of(sheet, image)).topLeft())


@pytest.mark.parametrize("image", ["plain.png", "tilted.png", "aside.png"])
@pytest.mark.parametrize("aligned", [True, False])
def test_a_drop_lands_on_the_very_place_that_the_tile_shows(sheet, qtbot, image: str, aligned: bool) -> None:
    sheet.set_aligned(aligned)
    qtbot.waitUntil(lambda: sheet.crop_of(row_of(sheet, image)) is not None)
    session = sheet.app.window.controller.session
    hand, start, goal = Hand(sheet.viewport()), sheet.drawn_at(image), dot_in(sheet, image)
    assert (goal - start).manhattanLength() > 12
    hand.press(start)
    hand.move((start + goal) / 2)
    hand.move(goal)
    assert sheet.drawn_at(image).toTuple() == pytest.approx(goal.toTuple(), abs=0.01)
    hand.release(goal)
    xy = session.placements("Beside the dot").xy[session.images.index(image)]
    assert xy == pytest.approx(DOT[image], abs=1.0)  # a tile's pixel is about 1.3 of the image's
    qtbot.waitUntil(lambda: sheet.crop_of(row_of(sheet, image)) is not None)
    middle = sheet.tile_rect(row_of(sheet, image)).topLeft() + QPoint(58, 58)
    assert dot_in(sheet, image).toTuple() == pytest.approx(middle.toTuple(), abs=1.0)  # cut anew around it


def test_a_structure_lies_alike_in_all_tiles(sheet) -> None:
    found = {}
    for image in ("plain.png", "tilted.png", "aside.png"):
        shown = sheet.shown_by(row_of(sheet, image))
        as_read = sheet.app.window.controller.frame(image).upright @ shown.linear
        found[image] = complex(as_read[0, 0], as_read[1, 0])
        assert as_read[1, 1] == pytest.approx(as_read[0, 0])  # turned and scaled, nothing else
        assert as_read[0, 1] == pytest.approx(-as_read[1, 0])
    between = found["tilted.png"] / found["plain.png"]
    assert np.degrees(np.angle(between)) == pytest.approx(DEGREES, abs=2.5)
    assert abs(between) == pytest.approx(SCALE, rel=0.05)
    assert np.degrees(np.angle(found["aside.png"])) == pytest.approx(np.degrees(np.angle(found["tilted.png"])), abs=2.5)


def test_the_switch_is_kept_and_lets_go_of_a_marker_that_is_held(sheet, start, qtbot) -> None:
    window = sheet.app.window
    chip = window.findChild(QPushButton, "sheetAligned")
    assert chip.isChecked()
    image = "tilted.png"
    hand, at = Hand(sheet.viewport()), sheet.drawn_at(image)
    hand.press(at)
    hand.move(at + QPointF(20, 9))
    assert window.controller.held is not None
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert window.controller.held is None
    hand.release(at + QPointF(20, 9))
    assert window.controller.session.corrections(image) == 0
    assert not chip.isChecked()
    assert not sheet.aligned
    tilt = np.degrees(np.arctan2(*sheet.shown_by(row_of(sheet, image)).linear[::-1, 0]))
    assert tilt == pytest.approx(0.0)
    again = start("--project", window.controller.session.path.with_name("other.dsr"))
    assert not again.window.contact_sheet.aligned


def test_until_a_crop_is_cut_the_one_before_stands_in_at_the_right_place(sheet) -> None:
    from app.gui.contact_sheet.crops import Recipe

    row = row_of(sheet, "plain.png")
    frame = sheet.app.window.controller.frame("plain.png")
    before = sheet.shown_by(row)
    sheet.set_aligned(False)
    now = sheet.shown_by(row)
    crop = sheet.crops.get(Recipe.of("plain.png", frame, now, 116, 1.0))
    assert crop.way is not None
    corner = np.array(sheet.tile_rect(row).topLeft().toTuple())
    for xy in (DOT["plain.png"], now.xy + np.array((9.0, -4.0))):
        there = crop.way.map(QPointF(*(before.to_screen(xy) - corner).tolist()))
        assert there.toTuple() == pytest.approx(tuple(now.to_screen(xy) - corner), abs=1e-6)
