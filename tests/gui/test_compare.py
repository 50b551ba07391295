"""A second image beside the first: the template's spot shows in both, edits happen in the first alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.gui.image.turn import Turn
from app.gui.state.view_state import Mode
from tests.gui.conftest import drag, hover, in_image, name_landmark, on_template


@pytest.fixture
def both(app, qtbot):
    """First and second view, both with their pictures."""
    images = app.window.images
    app.window.actions_["compareNext"].trigger()
    qtbot.waitUntil(lambda: images.second.isVisible() and images.second.width() > 100)
    qtbot.waitUntil(lambda: images.second.grey.picture is not None and not images.second.grey.picture.coarse)
    return images.first, images.second


def test_the_spot_on_the_template_shows_in_both(app, both) -> None:
    window, session = app.window, app.window.controller.session
    hover(window.template_view.viewport(), on_template(app, "heart", (0.2, 0.1)))
    for view in both:
        place = session.place_in(view.image, "heart", window.controller.spot.uv)
        spot = view.markers.spot
        assert (spot.x() - 0.5, spot.y() - 0.5) == pytest.approx(tuple(place))
    assert both[0].image != both[1].image


def test_the_spot_in_one_image_shows_in_the_other(app, both, qtbot) -> None:
    session = app.window.controller.session
    first, second = both
    place = session.place_in(second.image, "heart", (0.2, 0.1))
    hover(second.viewport(), second.viewport_of(*place).toPoint())
    qtbot.waitUntil(lambda: first.markers.spot is not None)
    assert second.markers.spot is None
    expected = session.place_in(first.image, "heart", (0.2, 0.1))
    assert first.native_of(first.from_plane(*first.markers.spot.toTuple())) == pytest.approx(expected, abs=4)


def test_the_second_follows_the_worklist_and_ends(app, both, qtbot) -> None:
    window, names = app.window, app.window.controller.session.images
    _, second = both
    assert (window.controller.image, second.image) == names[:2]
    window.actions_["nextImage"].trigger()
    assert second.image == names[2]
    window.actions_["nextImage"].trigger()
    assert second.image == ""
    assert "no next image" in second.nothing
    window.actions_["comparePrevious"].trigger()
    assert second.image == names[1]
    window.worklist.filter.setText("dcm")
    assert second.image != names[1]
    window.worklist.filter.clear()
    assert second.image == names[1]
    window.controller.session.remove_images(names[1])
    assert second.image == names[0]
    window.actions_["comparePrevious"].trigger()
    assert not second.isVisible()
    assert window.actions_["compareNone"].isChecked()


def test_nothing_is_edited_in_the_second(app, both, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second = both
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    window.controller.set_mode(Mode.LANDMARK)
    steps = len(session.history())
    at = second.viewport_of(*session.place_in(second.image, "heart", (0.3, 0.2))).toPoint()
    drag(qtbot, second.viewport(), at, at + QPoint(30, 10))
    assert len(session.history()) == steps
    drag(qtbot, first.viewport(), in_image(app, session.placements("Apex").xy[0]), in_image(app, (300, 400)))
    assert len(session.history()) == steps + 1


def test_inverting_magnifier_and_cross_hair_are_for_both(app, both) -> None:
    window = app.window
    middles = [view.viewport().rect().center() for view in both]
    before = [view.grab().toImage().pixelColor(at).red() for view, at in zip(both, middles, strict=True)]
    for name, switched in (
        ("invert", lambda view: view.invert and view.grey.invert),
        ("magnifier", lambda view: view.lens is not None),
        ("crosshair", lambda view: view.crosshair),
    ):
        for on in (True, False):
            window.actions_[name].trigger()
            assert [switched(view) for view in both] == [on, on], name
    window.controller.set_look(structures=False, uv=False)
    window.actions_["invert"].trigger()
    for view, at, grey in zip(both, middles, before, strict=True):
        assert view.grab().toImage().pixelColor(at).red() == pytest.approx(255 - grey, abs=2)


def test_each_is_seen_in_its_own_way(app, both, qtbot) -> None:
    first, second = both
    second.setFocus()
    QTest.keyClick(second, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert (first.turn, second.turn) == (Turn(), Turn(1))
    qtbot.mouseDClick(second.viewport(), Qt.MouseButton.LeftButton, pos=second.viewport().rect().center())
    assert first.image == app.window.controller.session.images[1]


@pytest.mark.parametrize("verb", ["invert", "magnifier", "crosshair"])
def test_a_second_view_begins_as_the_first_is_looked_at(app, verb: str) -> None:
    images, actions = app.window.images, app.window.actions_

    def looks(view) -> tuple[bool, bool, bool]:
        return view.invert, view.lens is not None, view.crosshair

    actions[verb].trigger()
    actions["compareNext"].trigger()
    wanted = tuple(name == verb for name in ("invert", "magnifier", "crosshair"))
    assert [looks(view) for view in images.views] == [wanted, wanted]
    actions["compareNone"].trigger()
    actions[verb].trigger()  # off, while the second is hidden
    actions["comparePrevious"].trigger()
    assert [looks(view) for view in images.views] == [(False, False, False)] * 2
