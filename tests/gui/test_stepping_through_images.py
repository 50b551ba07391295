"""A key that is held down: the picture of each image on the way, everything of the one at which it ends."""

from __future__ import annotations

import numpy as np
import pytest

from app.gui.image.turn import Turn
from tests.gui.conftest import name_landmark


@pytest.fixture
def window(app, qtbot):
    name_landmark(app, qtbot, "heart", (0.2, -0.1), "Apex")
    return app.window


def all_there(window, image: str) -> bool:
    """Whether the window shows all that it has of an image."""
    view = window.image_view
    return (
        view.image == image
        and [marker.name for marker in view.markers.markers] == ["Apex"]
        and view.overlay.outlined is window.controller.session.prediction(image)
    )


def test_a_single_step_shows_everything_at_once(window) -> None:
    window.actions_["nextImage"].trigger()
    assert all_there(window, window.controller.session.images[1])
    assert not window.controller.passing


def test_of_an_image_that_is_passed_the_picture_is_shown_and_nothing_of_another(window) -> None:
    images, view = window.controller.session.images, window.image_view
    window.actions_["nextImage"].trigger()
    window.actions_["nextImage"].trigger()
    assert (window.controller.image, view.image) == (images[2], images[2])
    assert view.grey.picture.frame == window.controller.session.image(images[2]).frame
    assert view.markers.markers == []
    assert view.overlay.outlined is None
    view.grab()
    assert images[2] not in window.seen.shown  # so it can't be accepted yet


def test_when_the_steps_end_everything_of_the_last_image_is_there(window, qtbot) -> None:
    images, view = window.controller.session.images, window.image_view
    view.set_turn(Turn(1))  # of the first image alone
    shown: list[str] = []
    window.controller.imageChanged.connect(shown.append)
    for _ in range(2):
        window.actions_["nextImage"].trigger()
    qtbot.waitUntil(lambda: all_there(window, images[2]))
    assert shown == [images[1], images[2]]
    assert view.turn == Turn.of(view.orientation)
    place = window.controller.session.placements("Apex").xy[2]
    assert view.drawn_at("Apex") == pytest.approx(place)
    assert window.worklist.list.currentIndex().row() == 2
    assert np.isfinite(place).all()


def test_choosing_the_image_that_is_passed_ends_the_steps(window) -> None:
    images = window.controller.session.images
    for _ in range(2):
        window.actions_["nextImage"].trigger()
    window.controller.show_image(images[2])
    assert all_there(window, images[2])


def test_a_project_that_is_closed_on_the_way_leaves_nothing_to_follow(window, qtbot) -> None:
    for _ in range(2):
        window.actions_["nextImage"].trigger()
    window.projects.close()
    qtbot.wait(250)
    assert window.image_view.image == ""


def test_at_the_ends_of_the_list_the_reader_is_told_so(window) -> None:
    images, actions = window.controller.session.images, window.actions_
    actions["previousImage"].trigger()
    assert window.messages.sentences()[-1] == "This is the first image of the list."
    actions["lastImage"].trigger()
    actions["nextImage"].trigger()
    assert window.messages.sentences()[-1] == "This is the last image of the list."
    assert window.controller.image == images[-1]
    window.worklist.filter.setText("no such name")
    actions["nextImage"].trigger()
    assert window.messages.sentences()[-1] == "The filter lets no image through."
