"""Landmarks outside all structures, by clicks on the template and in an image."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt

from app.core.template import FIELD
from tests.gui.conftest import hover, in_image, name_landmark

BETWEEN = (0.05, -0.3)
"""Between the lungs, above the heart."""


def test_a_click_between_the_structures_of_the_template_is_a_landmark_in_every_image(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    structure = window.controller.structure
    name_landmark(app, qtbot, FIELD, BETWEEN, "Carina")
    mark = session.landmark("Carina")
    assert mark.structure == FIELD
    np.testing.assert_allclose(mark.uv, BETWEEN, atol=0.02)
    assert "may be off by" in window.messages.sentences()[-1]
    assert window.controller.structure == structure  # the field has no uv colours
    found = session.placements("Carina")
    assert np.isfinite(found.xy).all()
    assert (found.expected_error > 0).all()
    np.testing.assert_allclose(window.image_view.drawn_at("Carina"), found.xy[0], atol=1e-3)


def test_a_place_outside_all_structures_of_an_image_is_shown_on_the_template_and_named(app, qtbot) -> None:
    window, session, view = app.window, app.window.controller.session, app.window.image_view
    image = window.controller.image
    at = in_image(app, session.place_in(image, FIELD, BETWEEN))
    xy = view.native_of(QPointF(at))
    assert session.structures_at(image, tuple(xy)) == ()
    hover(view.viewport(), at)
    qtbot.waitUntil(lambda: window.template_view.markers.spot is not None)
    spot = window.template_view.markers.spot
    np.testing.assert_allclose(session.template.field.to_chart(spot.toTuple()), BETWEEN, atol=0.01)
    window.actions_["landmarkMode"].trigger()
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    view.editor.clear()
    qtbot.keyClicks(view.editor, "Carina")
    qtbot.keyClick(view.editor, Qt.Key.Key_Return)
    np.testing.assert_allclose(session.placements("Carina").xy[0], xy, atol=0.05)
    window.actions_["undo"].trigger()
    assert "Carina" not in [mark.name for mark in session.landmarks]


def test_a_region_across_structures_is_drawn_in_the_field(app, qtbot) -> None:
    window, session, template = app.window, app.window.controller.session, app.window.template_view
    window.actions_["newRegion"].trigger()
    qtbot.wait(1)
    for name, uv in (("right_lung", (0.0, 0.0)), ("left_lung", (0.0, -0.2)), ("heart", (0.0, 0.5))):
        qtbot.mouseClick(template.viewport(), Qt.MouseButton.LeftButton, pos=template.viewport_of(name, uv).toPoint())
    qtbot.keyClick(template, Qt.Key.Key_Return)
    (region,) = session.regions
    assert region.structure == FIELD
    found, uv = session.region(session.images[1], region.name), region.uv[0]
    np.testing.assert_allclose(found[0], session.place_in(session.images[1], FIELD, uv), atol=1e-3)
