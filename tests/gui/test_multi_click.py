"""A landmark from clicks in several images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from app.jobs import Result
from app.project.session import Session
from tests.gui.conftest import hover, in_image, shown_fully
from tests.unit.store.fakes import fake_predicted, hand_in, write_images


@pytest.fixture
def bar(app):
    app.window.actions_["newFromClicks"].trigger()
    return app.window.multi_click


def click(app, qtbot, image: str, xy) -> None:
    app.window.controller.show_image(image)
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    qtbot.mouseClick(app.window.image_view.viewport(), Qt.MouseButton.LeftButton, pos=in_image(app, xy))


def test_clicks_agree_on_a_place(app, bar, qtbot) -> None:
    session = app.window.controller.session
    places = session.preview_places("heart", (0.4, 0.2)).xy
    for i, off in ((0, 0), (1, 4), (2, -4)):
        click(app, qtbot, session.images[i], places[i] + off)
        assert bar.define.isEnabled() == (i > 0)
    assert bar.agreement.text().startswith("3 clicks, spread ")
    assert len(bar.chips) == 3
    assert len([m for m in app.window.template_view.markers.markers if not m.name]) == 3
    bar.name.clear()
    qtbot.keyClicks(bar.name, "Meeting place")
    qtbot.keyClick(bar.name, Qt.Key.Key_Return)
    assert session.landmark("Meeting place").uv == pytest.approx((0.4, 0.2), abs=0.05)
    assert session.undo_label == "Define “Meeting place”"
    assert app.window.controller.landmark == "Meeting place"
    assert not bar.isVisible()
    assert app.window.controller.clicks == ()


def test_a_click_can_be_taken_back_or_replaced(app, bar, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    places = session.preview_places("heart", (0.4, 0.2)).xy
    click(app, qtbot, session.images[0], places[0])
    click(app, qtbot, session.images[1], places[1])
    click(app, qtbot, session.images[1], places[1] + 8)
    assert [c.image for c in window.controller.clicks] == list(session.images[:2])
    assert window.controller.clicks[1].xy == pytest.approx(tuple(places[1] + 8), abs=1.5)
    qtbot.mouseClick(bar.chips[0], Qt.MouseButton.LeftButton)
    assert [c.image for c in window.controller.clicks] == [session.images[1]]
    assert not bar.define.isEnabled()


def test_escape_ends_it_and_the_mouse_is_as_before(app, bar, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    before = session.landmarks
    click(app, qtbot, session.images[0], session.preview_places("heart", (0.4, 0.2)).xy[0])
    qtbot.keyClick(window.image_view, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert window.controller.clicks == ()
    click(app, qtbot, session.images[0], session.preview_places("heart", (0, 0)).xy[0])
    assert window.controller.clicks == ()
    assert session.landmarks == before


def test_a_click_on_what_is_switched_off_or_far_from_the_others_gets_a_sentence(app, bar, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    window.controller.set_look(hidden=frozenset({"heart"}))
    click(app, qtbot, session.images[0], session.preview_places("heart", (0.4, 0.2)).xy[0])
    assert "switched off" in window.messages.sentences()[-1]
    window.controller.set_look(hidden=frozenset())
    click(app, qtbot, session.images[0], session.preview_places("heart", (0.4, 0.2)).xy[0])
    click(app, qtbot, session.images[1], session.preview_places("right_lung", (-0.6, -0.5)).xy[1])
    assert "mm outside the heart" in window.messages.sentences()[-1]
    assert len(window.controller.clicks) == 1


def test_a_click_far_from_the_structure_is_no_place_on_it(app, bar, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    clavicle = session.preview_places("right_clavicle", (0.0, 0.0)).xy
    click(app, qtbot, session.images[0], clavicle[0])
    frame = session.image(session.images[1]).frame
    for xy in ((5.0, frame.height - 5.0), (frame.width - 5.0, 5.0), (frame.width / 2, frame.height - 5.0)):
        assert np.hypot(*(np.array(xy) - clavicle[1])) > 0.2 * frame.diagonal
        click(app, qtbot, session.images[1], xy)
        assert "outside the right clavicle" in window.messages.sentences()[-1]
        assert len(window.controller.clicks) == 1


def test_clicks_in_the_image_beside_count_too(app, bar, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    window.actions_["compareNext"].trigger()
    second = window.images.views[1]
    qtbot.waitUntil(lambda: second.grey.picture is not None and not second.grey.picture.coarse, timeout=20_000)
    qtbot.waitUntil(lambda: second.width() > 100 and shown_fully(app))
    for i, view in ((0, window.image_view), (1, second)):
        x, y = session.preview_places("heart", (0.1, 0.1)).xy[i]
        at = view.viewport_of(float(x), float(y)).toPoint()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert [c.image for c in window.controller.clicks] == list(session.images[:2])
    assert bar.define.isEnabled()
    bar.end()


def test_a_click_means_what_the_newest_prediction_shows_there(app, bar, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name = session.images[0]
    place = session.preview_places("heart", (0.4, 0.2)).xy[0]
    click(app, qtbot, name, place)
    (before,) = window.controller.clicks
    session.start_predict([name]).cancel()
    height, width = session.image(name).frame.height, session.image(name).frame.width
    shifted = session.prediction(name)
    charts = shifted.charts.copy()
    charts[..., 0] += 12.5
    told = fake_predicted(session, name, 23, (height, width))
    session.take_in(Result(name, replace(told, prediction=replace(shifted, charts=charts))))
    (now,) = window.controller.clicks
    assert now.xy == before.xy
    assert now.uv == pytest.approx(session.template_point(name, now.xy, "heart")[1])
    assert now.uv[0] < before.uv[0] - 0.02


def test_what_is_switched_off_is_neither_named_nor_clicked(app, bar, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    place = session.preview_places("heart", (0.4, 0.2)).xy[0]
    window.controller.show_image(session.images[0])
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    hover(window.image_view.viewport(), in_image(app, place))
    qtbot.waitUntil(lambda: window.image_view.pointing.spot is not None)
    window.actions_["structures"].trigger()
    assert window.image_view.pointing.under == ()
    assert window.image_view.pointing.spot is None
    click(app, qtbot, session.images[0], place)
    assert window.controller.clicks == ()
    assert "The structure here is switched off" in window.messages.sentences()[-1]


def test_of_many_clicks_the_last_ones_have_a_chip_that_takes_them_back(start, tmp_path, qtbot) -> None:
    with Session.create(tmp_path / "p.dsr") as made:
        made.add_images([write_images(tmp_path / "films", 6)])
        for name in made.images:
            hand_in(made, name, 5)  # 5: nothing is absent
    app = start("--project", tmp_path / "p.dsr")
    app.window.actions_["newFromClicks"].trigger()
    bar, session = app.window.multi_click, app.window.controller.session
    for name, place in zip(session.images, session.preview_places("heart", (0.4, 0.2)).xy, strict=True):
        bar.add(name, QPointF(*place))
    assert bar.agreement.text().startswith("6 clicks")
    for left in (6, 5, 4, 3, 2):
        clicked = [click.image for click in app.window.controller.clicks]
        assert clicked == list(session.images[:left])
        assert [chip.toolTip().split()[4] for chip in bar.chips] == clicked[-4:]
        bar.chips[-1].click()
    bar.end()
