"""The quiet texts over the image, read off the painted view: what is told, in which words and colours."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgGenerator

from app.gui.image.image_view import ImageView
from app.gui.widgets.grey import VoiWindow


def words_on(view: ImageView) -> dict[str, str]:
    """Each line that the view's corners show, with the colour it is written in: painted as SVG, which keeps text."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    svg = QSvgGenerator()
    svg.setOutputDevice(buffer)
    painter = QPainter(svg)
    view.texts.paint(painter, QRectF(view.viewport().rect()))
    painter.end()
    lines: list[tuple[object, str, str]] = []

    def read(node: ElementTree.Element, colour: str, place: str) -> None:
        colour, place = node.get("fill", colour), node.get("transform", place)
        if node.tag.endswith("text"):
            words, at = "".join(node.itertext()).replace("\xa0", " "), (place, node.get("y"))
            if (
                lines and lines[-1][0] == at and lines[-1][2] == colour
            ):  # a sign from another font is an item of its own
                lines[-1] = at, lines[-1][1] + words, colour
            else:
                lines.append((at, words, colour))
        for child in node:
            read(child, colour, place)

    read(ElementTree.fromstring(buffer.data().data()), "", "")
    return {words.strip(): colour for _, words, colour in lines}


def test_the_right_corner_tells_window_zoom_and_pixel_size_across_by_down(app) -> None:
    window, view, session = app.window, app.window.image_view, app.window.controller.session
    view.set_window(VoiWindow(40.0, 300.0))
    view.set_zoom(1.5)
    session.set_spacing(view.image, 0.25, 0.125)  # a row, a column
    assert {"W 300  L 40", "150 %", "0.125 x 0.25 mm/px · given by the reader"} <= set(words_on(view))
    view.set_gamma(1.5)
    view.set_invert(True)
    session.set_spacing(view.image, 0.2, 0.2)
    assert {"W 300  L 40  γ 1.50 · inverted", "0.2 mm/px · given by the reader"} <= set(words_on(view))
    session.reset_spacing(view.image)
    assert any(re.fullmatch(r"0\.35\d* mm/px · at detector", line) for line in words_on(view))
    window.controller.show_image(session.images[2])  # a PNG
    assert "pixel size unknown" in words_on(view)


@pytest.mark.parametrize(
    ("state", "words", "colour"),
    [
        ("in_progress", "in progress", "#d9dde2"),
        ("rejected", "rejected", "#e5604d"),
        ("second_opinion", "second opinion", "#e0a33a"),
        ("accepted", "accepted · locked", "#3fb68b"),
    ],
)
def test_the_left_corner_tells_the_review_its_note_and_what_is_new(app, state: str, words: str, colour: str) -> None:
    view, session = app.window.image_view, app.window.controller.session
    assert words_on(view)["unread"] == "#8b949e"
    session.set_review(view.image, "second_opinion", "too large", structure="heart")
    session.set_review(view.image, "rejected", structure="left_lung")
    session.set_review(view.image, state, "look at the apex")
    for name in ("one", "two"):
        session.define_landmark(name, "heart", (0.1, 0.2))
    said = words_on(view)
    assert said[words] == colour
    assert said["Note: look at the apex"] == "#d9dde2"
    assert said["Heart second opinion: too large"] == "#e0a33a"
    assert said["Left lung rejected"] == "#e5604d"
    new = "2 new since accepted · Review, Show what is new"
    assert (new in said) == (state == "accepted")
