"""What each line of the menus does, seen on the screen and in the project, and where it is offered at all."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QKeySequence

from app.core.landmark import PlacementState, ReviewState
from app.core.orientation import Orientation
from app.gui.state.view_state import MaskStyle, Mode
from app.project.session import Session
from tests.gui.conftest import hover, in_image, name_landmark, shown_fully

ANYTIME = (
    "openFolder openImages openSamples newProject openProject quit setReader setKeys structures outlines "
    "fills noMasks uvColours labels cornerTexts themeDark themeLight showHidden showMessages sortAdded worstFirst "
    "navigate landmarkMode compareNext crosshair help about"
)
WITH_A_PROJECT = "export saveLandmarks saveCopy closeProject history filter"
THAT_CAN_BE_CHANGED = "findMoved loadLandmarks newFromClicks"
WITH_AN_IMAGE = (
    "fit actualSize zoomIn zoomOut invert preset1 autoWindow gammaUp gammaDown turnLeft turnRight mirror resetTurn "
    "brushSmaller brushLarger magnifier nextImage previousImage firstImage lastImage leastCertain showNew nextOpen"
)
IMAGE_THAT_CAN_BE_CHANGED = (
    "predictAgain readTurnedRight readAsSeen readAsStored setSpacing renameImage removeImage newLandmark accept "
    "secondOpinion reject rejectStructure reopen note maskMode maskPush maskBrush maskEraser maskLasso maskSmooth "
    "fillHoles keepLargest growMask shrinkMask maskThroughPoints maskAbsent resetMask"
)
WITH_A_LANDMARK = "leastConfident editLandmark"
LANDMARK_THAT_CAN_BE_CHANGED = (
    "placeHere confirmPlacement absentPlacement resetPlacement renameLandmark colourLandmark hideLandmark lockLandmark "
    "moveLandmarkUp moveLandmarkDown deleteLandmark learnLandmark"
)
KEYS = {  # design 9, and what the help page says
    "invert": "I",
    "nextImage": "PgDown Right Down",
    "previousImage": "PgUp Left Up",
    "firstImage": "Home",
    "lastImage": "End",
    "accept": "Ctrl+Return Ctrl+Enter",
    "undo": "Ctrl+Z",
    "redo": "Ctrl+Shift+Z Ctrl+Y",
    "preset1": "1",
    "preset6": "6",
    "structures": "Shift+H",
    "navigate": "V",
    "landmarkMode": "L",
}


def offered(window) -> set[str]:
    return {verb for verb, action in window.actions_.by_verb.items() if action.isEnabled()}


def check_offers(window, *groups: str) -> None:
    """Of all lines that are named above those of some groups are offered, and no other."""
    everything = (ANYTIME, WITH_A_PROJECT, THAT_CAN_BE_CHANGED, WITH_AN_IMAGE, IMAGE_THAT_CAN_BE_CHANGED)
    known = {v for group in (*everything, WITH_A_LANDMARK, LANDMARK_THAT_CAN_BE_CHANGED) for v in group.split()}
    assert offered(window) & known == {verb for group in groups for verb in group.split()}


def test_what_needs_a_project_an_image_or_a_landmark_is_offered_only_where_there_is_one(app, qtbot) -> None:
    window = app.window
    anything = (ANYTIME, WITH_A_PROJECT, THAT_CAN_BE_CHANGED)
    images = (WITH_AN_IMAGE, IMAGE_THAT_CAN_BE_CHANGED)
    check_offers(window, *anything, *images)
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    check_offers(window, *anything, *images, WITH_A_LANDMARK, LANDMARK_THAT_CAN_BE_CHANGED)
    window.controller.choose_landmark("")
    window.controller.session.remove_images(window.controller.session.images)
    check_offers(window, *anything)
    window.actions_["closeProject"].trigger()
    check_offers(window, ANYTIME)
    for verb, keys in KEYS.items():
        assert window.actions_[verb].shortcuts() == [QKeySequence(key) for key in keys.split()], verb


def test_of_a_project_that_is_only_read_nothing_that_changes_it_is_offered(start, predicted, tmp_path, qtbot) -> None:
    shutil.copytree(predicted, tmp_path / "project")
    with Session.open(tmp_path / "project" / "project.dsr") as owner:
        owner.define_landmark("Apex", "heart", (0.3, 0.2))
        app = start("--project", tmp_path / "project" / "project.dsr")
        qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
        app.window.controller.choose_landmark("Apex")
        check_offers(app.window, ANYTIME, WITH_A_PROJECT, WITH_AN_IMAGE, WITH_A_LANDMARK)
        app.window.close()


NATIVE = np.array([[0.0, 0.0], [90.0, 0.0], [0.0, 60.0]])
"""The first pixel, one to its right, one below it."""


def on_screen(view) -> np.ndarray:
    """Where three native pixels are in the viewport [3, 2]."""
    places = [view.viewport_of(*xy) for xy in NATIVE.tolist()]
    return np.array([[place.x(), place.y()] for place in places])


def test_the_view_is_turned_and_zoomed_as_the_words_say(app) -> None:
    window = app.window
    view, do = window.image_view, lambda verb: window.actions_[verb].trigger()
    do("resetTurn")
    before = on_screen(view)
    right, down = before[1] - before[0], before[2] - before[0]
    assert right[0] > 0
    assert right[1] == pytest.approx(0, abs=1e-6)
    assert down[1] > 0
    assert down[0] == pytest.approx(0, abs=1e-6)

    def ways() -> list[tuple[int, int]]:
        """Which way the rows and the columns of the image run on the screen."""
        places = on_screen(view)
        return [tuple(np.sign((place - places[0]).round(6)).astype(int).tolist()) for place in places[1:]]

    for verb, rows, columns in (
        ("turnRight", (0, 1), (-1, 0)),
        ("turnRight", (-1, 0), (0, -1)),
        ("turnLeft", (0, 1), (-1, 0)),
        ("mirror", (0, 1), (1, 0)),
        ("turnLeft", (1, 0), (0, -1)),
        ("resetTurn", (1, 0), (0, 1)),
        ("mirror", (-1, 0), (0, 1)),
        ("turnLeft", (0, 1), (1, 0)),
        ("resetTurn", (1, 0), (0, 1)),
    ):
        do(verb)
        assert ways() == [rows, columns], verb
    do("fit")
    fitted = view.zoom
    do("zoomIn")
    assert view.zoom == pytest.approx(1.25 * fitted)
    do("zoomOut")
    do("zoomOut")
    assert view.zoom == pytest.approx(fitted / 1.25)
    do("actualSize")
    step = on_screen(view)[1] - on_screen(view)[0]
    assert step[0] * view.devicePixelRatioF() == pytest.approx(90)
    do("fit")
    assert view.zoom == pytest.approx(fitted)
    frame = view.frame_of_image
    corners = [view.viewport_of(-0.5, -0.5), view.viewport_of(frame.width - 0.5, frame.height - 0.5)]
    port = view.viewport().rect().adjusted(-1, -1, 1, 1)
    assert all(port.contains(corner.toPoint()) for corner in corners)


def test_as_the_view_shows_it_the_network_sees_it(app) -> None:
    """Rows and columns run the same way on the network's grid as on the screen, and greys are the other way round."""
    window = app.window
    view, session, do = window.image_view, window.controller.session, lambda verb: window.actions_[verb].trigger()
    do("invert")
    for verbs in (("mirror", "turnRight"), ("turnLeft",), ("turnRight", "turnRight", "mirror")):
        for verb in verbs:
            do(verb)
        seen = on_screen(view)
        assert view.grey.invert
        do("readAsSeen")
        assert view.grey.invert, "what is on the screen stays as it was"
        assert not window.actions_["invert"].isChecked()
        frame = session.image(window.controller.image).frame
        assert frame.orientation.inverted
        read = frame.to_network(NATIVE)
        for i in (1, 2):
            on_grid, shown = read[i] - read[0], seen[i] - seen[0]
            np.testing.assert_allclose(on_grid / np.linalg.norm(on_grid), shown / np.linalg.norm(shown), atol=1e-6)
    do("readAsStored")
    assert session.image(window.controller.image).frame.orientation == Orientation()


def test_orientations_come_on_top_of_the_one_before_in_the_shown_image_alone(app) -> None:
    window = app.window
    session, (first, second, third) = window.controller.session, window.controller.session.images
    window.controller.show_image(second)

    def ways() -> list[list[int]]:
        frame = session.image(second).frame
        read = frame.to_network(NATIVE)
        assert {session.image(name).frame.orientation for name in (first, third)} == {Orientation()}
        return [np.sign((place - read[0]).round(6)).astype(int).tolist() for place in read[1:]]

    for verb, rows, columns in (
        ("readTurnedRight", [0, 1], [-1, 0]),
        ("readUpsideDown", [0, -1], [1, 0]),
        ("readMirrored", [0, -1], [-1, 0]),
        ("readTurnedLeft", [-1, 0], [0, 1]),
        ("readAsStored", [1, 0], [0, 1]),
    ):
        window.actions_[verb].trigger()
        assert ways() == [rows, columns], verb
    window.actions_["readInverted"].trigger()
    assert session.image(second).frame.orientation == Orientation(inverted=True)


def test_what_is_drawn_over_the_image_follows_its_switch_and_no_other(app) -> None:
    controller, actions = app.window.controller, app.window.actions_
    parts = ("uv", "structures", "labels", "texts", "patterns")
    verbs = dict(zip(("uvColours", "structures", "labels", "cornerTexts", "linePatterns"), parts, strict=True))
    for verb, part in verbs.items():
        for _ in range(2):
            before = {name: getattr(controller.look, name) for name in parts}
            actions[verb].trigger()
            after = {name: getattr(controller.look, name) for name in parts}
            assert after == before | {part: not before[part]}
            assert actions[verb].isChecked() == after[part]
    for verb, style in (
        ("fills", MaskStyle.FILL),
        ("outlines", MaskStyle.OUTLINE),
        ("outlines", MaskStyle.OFF),  # the same again takes them away
        ("outlines", MaskStyle.OUTLINE),
        ("noMasks", MaskStyle.OFF),
        ("fills", MaskStyle.FILL),
    ):
        actions[verb].trigger()
        assert controller.look.masks == style
        checked = {name for name in ("fills", "outlines", "noMasks") if actions[name].isChecked()}
        assert checked == {{"fill": "fills", "outline": "outlines", "off": "noMasks"}[style]}
    for verb, mode in (("landmarkMode", Mode.LANDMARK), ("navigate", Mode.NAVIGATE)):
        actions[verb].trigger()
        assert controller.mode == mode


def test_inverting_exchanges_black_and_white_on_the_screen(app, qtbot) -> None:
    window = app.window
    window.actions_["structures"].trigger()  # off, with their uv colours
    window.actions_["cornerTexts"].trigger()
    view = window.image_view
    height, width = view.frame_of_image.height, view.frame_of_image.width
    rng = np.random.default_rng(1)
    places = [view.viewport_of(x, y).toPoint() for x, y in rng.uniform((0, 0), (width, height), (40, 2))]

    def greys() -> np.ndarray:
        picture = view.viewport().grab().toImage()
        return np.array([picture.pixelColor(place).red() for place in places])

    before = greys()
    assert before.std() > 20
    window.actions_["invert"].trigger()
    np.testing.assert_allclose(greys(), 255 - before, atol=2)


def test_the_second_image_is_the_neighbour_that_was_asked_for_or_the_one_that_was_kept(app) -> None:
    window = app.window
    first, second, third = window.controller.session.images
    pane, do = window.images, lambda verb: window.actions_[verb].trigger()
    window.controller.show_image(second)
    do("compareNext")
    assert [view.image for view in pane.views] == [second, third]
    do("comparePrevious")
    assert [view.image for view in pane.views] == [second, first]
    do("compareKept")
    window.controller.show_image(third)
    assert [view.image for view in pane.views] == [third, second]
    do("compareNone")
    assert [view.image for view in pane.views] == [third]


def test_images_are_stepped_through_in_the_order_of_the_list(app) -> None:
    window = app.window
    session, do = window.controller.session, lambda verb: window.actions_[verb].trigger()
    first, second, third = session.images
    session.set_review(first, "rejected")
    for verb, image in (
        ("lastImage", third),
        ("previousImage", second),
        ("firstImage", first),
        ("nextImage", second),
        ("nextImage", third),
        ("nextImage", third),
        ("nextOpen", second),  # round the end, past what was rejected
        ("nextOpen", third),
        ("nextOpen", second),
    ):
        do(verb)
        assert window.controller.image == image, verb


def test_reviews_are_of_the_shown_image_alone(app) -> None:
    window = app.window
    session = window.controller.session
    first, second, third = session.images
    window.controller.show_image(second)
    for verb, state in (
        ("secondOpinion", ReviewState.SECOND_OPINION),
        ("reject", ReviewState.REJECTED),
        ("reopen", ReviewState.IN_PROGRESS),
    ):
        window.actions_[verb].trigger()
        assert [session.review(name) for name in session.images] == [ReviewState.UNREAD, state, ReviewState.UNREAD]
        assert window.controller.image == second
    window.actions_["removeImage"].trigger()
    assert session.images == (first, third)
    assert window.controller.image == third


def test_commands_of_a_landmark_are_for_the_chosen_one_and_the_shown_image(app, qtbot) -> None:
    window = app.window
    session, do = window.controller.session, lambda verb: window.actions_[verb].trigger()
    for name, at in (("Apex", (0.3, 0.2)), ("Base", (-0.4, 0.5)), ("Crux", (0.5, -0.4))):
        name_landmark(app, qtbot, "heart", at, name)
    window.controller.show_image(session.images[1])
    window.controller.choose_landmark("Base")
    own = [mark.name for mark in session.landmarks if not mark.hidden]
    assert own == ["Apex", "Base", "Crux"]
    where = {name: session.placements(name).xy.copy() for name in own}
    for verb, state in (
        ("absentPlacement", PlacementState.ABSENT),
        ("resetPlacement", PlacementState.PREDICTED),
        ("confirmPlacement", PlacementState.CONFIRMED),
    ):
        do(verb)
        expected = [PlacementState.PREDICTED, state, PlacementState.PREDICTED]
        assert list(session.placements("Base").states) == expected
        assert {s for name in ("Apex", "Crux") for s in session.placements(name).states} == {PlacementState.PREDICTED}
    np.testing.assert_allclose(session.placements("Base").xy, where["Base"], atol=1e-6)

    def order() -> list[str]:
        return [mark.name for mark in session.landmarks if mark.name in own]

    do("moveLandmarkUp")
    assert order() == ["Base", "Apex", "Crux"]
    do("moveLandmarkDown")
    do("moveLandmarkDown")
    assert order() == ["Apex", "Crux", "Base"]
    for verb, fields in (("lockLandmark", "locked"), ("hideLandmark", "hidden")):
        for wanted in (True, False):
            do(verb)
            assert [getattr(session.landmark(name), fields) for name in own] == [False, wanted, False]
    do("deleteLandmark")
    assert order() == ["Apex", "Crux"]
    assert f"“Base” was deleted in {len(session.images)} images." in window.messages.sentences()[-1]


def test_the_least_confident_image_is_one_that_nobody_has_looked_at(app, qtbot) -> None:
    window = app.window
    session = window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")

    def worst(names) -> str:
        error = dict(zip(session.images, session.placements("Apex").expected_error, strict=True))
        diagonal = {name: session.image(name).frame.diagonal for name in names}
        return max(names, key=lambda name: error[name] / diagonal[name])

    left = list(session.images)
    for _ in range(2):
        window.actions_["leastConfident"].trigger()
        assert window.controller.image == worst(left)
        left.remove(window.controller.image)
        window.actions_["confirmPlacement"].trigger()
    last = left[0]
    window.actions_["leastConfident"].trigger()
    assert window.controller.image == last


def test_a_landmark_is_placed_where_the_mouse_is(app, qtbot) -> None:
    window = app.window
    session, view = window.controller.session, window.image_view
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    window.actions_["turnRight"].trigger()
    before = session.placements("Apex").xy.copy()
    wanted = before[0] + [25, -40]
    at = in_image(app, wanted)
    hover(view.viewport(), at + QPoint(3, 3))
    hover(view.viewport(), at)
    window.actions_["placeHere"].trigger()
    placed = session.placements("Apex")
    np.testing.assert_allclose(placed.xy[0], wanted, atol=1.0 / view.zoom)
    np.testing.assert_array_equal(placed.xy[1:], before[1:])
    assert placed.states[0] is PlacementState.CORRECTED
