"""Space goes to the next place that is worth a look, zoomed to it, with one sentence why."""

from __future__ import annotations

import itertools
import shutil

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from app.core.quality import Finding, Reason
from app.gui.walk.words import why
from tests.gui.conftest import name_landmark, shown_fully

SPACE, SHIFT = Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def strict(app, qtbot):
    """The least strict walk of three images: the worst point of each structure that has an error of some mm."""
    app.window.walking.walk.set_strictness(0.5)
    app.window.activateWindow()
    return app


def step(app, qtbot, held=NONE) -> Finding:
    window, walk = app.window, app.window.walking.walk
    QTest.keyClick(window.windowHandle(), SPACE, held)
    qtbot.waitUntil(lambda: walk.complete and walk.current is not None)
    qtbot.waitUntil(lambda: window.image_view.image == walk.current.image and shown_fully(app), timeout=10_000)
    return walk.current


def longest_side(view) -> float:
    return max(view.content.width(), view.content.height())


def every(session, score: float) -> list[Finding]:
    quality = session.start_quality()
    assert quality.go_on()
    return [quality.finding(number) for number in quality.left(score).tolist()]


def test_space_goes_through_all_places_of_all_images_once_and_back_with_shift(strict, qtbot) -> None:
    window, session = strict.window, strict.window.controller.session
    walk, view = window.walking.walk, window.image_view
    expected = every(session, 0.5)
    expected.sort(key=lambda one: one.image != window.controller.image)  # the image that is shown comes first
    assert len({one.image for one in expected}) > 1
    assert not window.walking.bar.isVisible()
    seen, zoomed = [], 0
    for number in range(1, len(expected) + 1):
        one = step(strict, qtbot)
        seen.append(one)
        assert window.walking.bar.progress.text() == f"{number} of {len(expected)} looked at"
        place = view.viewport_of(*one.xy)
        assert view.viewport().rect().contains(place.toPoint())
        middle = view.viewport().rect().center()
        if max(6 * one.reach, 0.3 * longest_side(view)) < longest_side(view):  # what it is about fits into a part
            assert not view.fitted
            assert np.hypot(place.x() - middle.x(), place.y() - middle.y()) < 3
            zoomed += 1
        (note,) = view.annotations
        assert (note.image, note.sentence) == (one.image, why(session, one))
    assert zoomed
    assert [one.key for one in seen] == [one.key for one in expected]
    images = [one.image for one in seen]
    assert sum(a != b for a, b in itertools.pairwise(images)) == len(set(images)) - 1
    assert step(strict, qtbot, SHIFT) == seen[-2]
    assert step(strict, qtbot) == seen[-1]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.annotations == []
    QTest.keyClick(window.windowHandle(), SPACE)
    assert window.notices.label.text().startswith(f"You have looked at all {len(expected)} places.")
    assert view.annotations == []
    qtbot.mouseClick(window.walking.bar.end, Qt.MouseButton.LeftButton)
    assert not window.walking.bar.isVisible()
    assert not walk.running


def test_what_is_corrected_goes_and_the_slider_says_how_many_are_left(strict, qtbot) -> None:
    window, session = strict.window, strict.window.controller.session
    bar, view = window.walking.bar, window.image_view
    first = step(strict, qtbot)
    total = window.walking.walk.total
    for mark in session.landmarks:
        if mark.structure == first.structure:
            session.confirm_placement(first.image, mark.name)
    assert view.annotations == []  # what was said of the place holds no more
    qtbot.waitUntil(lambda: window.walking.walk.complete)
    second = step(strict, qtbot)
    assert (second.image, second.structure) != (first.image, first.structure)
    assert window.walking.walk.total == total
    bar.slider.setValue(bar.slider.maximum())
    left = len([one for one in every(session, 2.0) if one.key != second.key])
    assert bar.progress.text() == f"{window.walking.walk.looked} of {window.walking.walk.looked + left} looked at"
    assert bar.leaves.text() == "from 20 mm or z 7.0"


def test_a_landmark_is_chosen_and_named_where_the_reader_sees_it(strict, qtbot) -> None:
    window, session = strict.window, strict.window.controller.session
    session.set_review(session.images[1], "accepted")
    name_landmark(strict, qtbot, "heart", (0.3, 0.2), "Apex")
    found = []
    for _ in every(session, 0.5):
        found.append(step(strict, qtbot))
        if found[-1].reason is Reason.NEW:
            break
    assert found[-1].image == session.images[1]
    assert window.controller.landmark == "Apex"
    (note,) = window.image_view.annotations
    assert note.sentence == "“Apex” is new since this image was accepted: nobody has seen it here."
    np.testing.assert_allclose(found[-1].xy, session.placements("Apex").xy[1], atol=0.01)


def test_space_presses_a_button_that_has_the_focus_and_toggles_a_structure(strict, qtbot) -> None:
    window = strict.window
    button = window.findChild(QPushButton, "measurementsTab")
    button.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(window.windowHandle(), SPACE)
    assert button.isChecked()
    assert not window.walking.walk.running
    window.structures.setFocus()
    QTest.keyClick(window.windowHandle(), SPACE)
    assert not window.controller.look.shows(window.controller.structure)
    assert not window.walking.walk.running


def test_another_project_ends_the_walk(strict, start, predicted, tmp_path, qtbot) -> None:
    step(strict, qtbot)
    other = tmp_path / "other"
    shutil.copytree(predicted, other)
    strict.window.projects.open(other / "project.dsr")
    qtbot.waitUntil(lambda: strict.window.controller.session.path.parent == other)
    assert not strict.window.walking.walk.running
    assert strict.window.image_view.annotations == []
