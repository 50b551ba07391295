"""All images together on the template: its layers, the shown image against the others, corrections and their images."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton
from scipy.ndimage import map_coordinates

from app.core.cohort import SIDE, cells_of
from app.core.pooled import rim_of
from app.gui.application import App
from app.gui.image.z_overlay import FINER, values_in
from app.gui.state.view_state import Layer, Mode, ZMap
from app.gui.template.template_foot import TemplateFoot
from app.gui.widgets.colour_maps import plain, two_sided, warm
from app.project.session import Session
from tests.gui.conftest import SAMPLES, hover, in_image, on_template, shown_fully

COUNT = 12
BLOB = ("right_lung", (0.1, 0.2))
ODD = "film_03.png"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of twelve predicted radiographs that differ a little; one has a bright disc in its right lung."""
    folder = tmp_path_factory.mktemp("cohort")
    (folder / "films").mkdir()
    rng = np.random.default_rng(4)
    for number in range(COUNT):
        grey = cv2.imread(str(SAMPLES / f"rendered_{3 + number % 3}.png"), cv2.IMREAD_GRAYSCALE).astype(float)
        noise = cv2.GaussianBlur(rng.normal(0, 60, grey.shape), None, 5)
        changed = grey * rng.uniform(0.75, 1) + noise + rng.uniform(0, 20)
        cv2.imwrite(str(folder / "films" / f"film_{number:02d}.png"), np.clip(changed, 0, 255).astype(np.uint8))
    with Session.create(folder / "project.dsr", reader="Tester") as session:
        session.add_images([folder / "films"])
        assert not session.predict().failed
        x, y = session.place_in(ODD, *BLOB)
        path = session.image(ODD).path
        pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.circle(pixels, (round(float(x)), round(float(y))), pixels.shape[0] // 25, 250, -1)
        cv2.imwrite(str(path), pixels)
        session.check_files()
        assert not session.predict().failed
        assert not any(session.suspect(name) for name in session.images)
    return folder


@pytest.fixture
def app(start, films: Path, tmp_path: Path, qtbot) -> App:
    folder = tmp_path / "project"
    shutil.copytree(films, folder)
    running = start("--project", folder / "project.dsr")
    qtbot.waitUntil(lambda: shown_fully(running), timeout=20_000)
    return running


def children() -> list[int]:
    """Processes of ours that read images for a comparison."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == os.getpid() and b"cohort_worker" in words:
                found.append(int(folder.name))
    return found


def show(app: App, verb: str, qtbot) -> None:
    """Choose a layer and wait for what it needs."""
    app.window.actions_[verb].trigger()
    cohorts = app.window.template_view.cohorts
    qtbot.waitUntil(lambda: not cohorts.runner.running, timeout=120_000)


def words(app: App) -> str:
    return app.window.findChild(TemplateFoot).words()


def colour_at(widget, at: QPoint) -> np.ndarray:
    picture = widget.grab().toImage()
    ratio = picture.devicePixelRatio()
    return np.array(picture.pixelColor(int(at.x() * ratio), int(at.y() * ratio)).getRgb()[:3])


def test_median_and_spread_lie_on_the_template_with_their_legend(app: App, qtbot) -> None:
    window, view = app.window, app.window.template_view.viewport()
    assert "uv" in words(app) or "u →" in words(app)
    window.actions_["layerMedian"].trigger()
    assert words(app).startswith("Reading images")
    assert window.right_column.layers.text() == "Median grey ▾"
    show(app, "layerMedian", qtbot)
    assert words(app).splitlines()[0] == f"Median grey of {COUNT} images"
    cohort = window.template_view.cohorts.grey.cohort
    values = np.stack([window.controller.session.comparable_grey(name) for name in cohort.names])
    np.testing.assert_allclose(cohort.median, np.nanmedian(values, axis=0), atol=2e-3)
    lung, heart = on_template(app, "right_lung", (-0.3, -0.2)), on_template(app, "heart", (-0.2, 0.3))
    (lung_red, _, lung_blue), (heart_red, _, heart_blue) = colour_at(view, lung), colour_at(view, heart)
    assert lung_blue > lung_red  # the air is dark, so blue, and the heart is bright, so yellow
    assert heart_red > heart_blue
    hover(window.template_view.viewport(), heart)
    assert "Heart: median grey +" in window.template_view.toolTip()
    show(app, "layerSpread", qtbot)
    assert words(app).startswith(f"Spread of grey of {COUNT} images")
    assert window.actions_["layerSpread"].isChecked()
    show(app, "layerNone", qtbot)
    assert (colour_at(view, heart) != (heart_red, 0, heart_blue)).any()
    assert "u →" in words(app)


def test_an_image_against_the_others_is_drawn_back_into_it_where_it_differs(app: App, qtbot) -> None:
    window, view = app.window, app.window.image_view
    window.controller.show_image(ODD)
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    show(app, "layerZ", qtbot)
    qtbot.waitUntil(lambda: window.controller.state.z_map is not None, timeout=20_000)
    assert words(app).startswith(f"This image against {COUNT - 1} others")
    disc = in_image(app, window.controller.session.place_in(ODD, *BLOB))
    red, _, blue = colour_at(view.viewport(), disc).astype(int)
    assert red > blue + 30  # orange: brighter than the others
    qtbot.keyClick(view, Qt.Key.Key_Z)
    plainly = colour_at(view.viewport(), disc).astype(int)
    assert np.ptp(plainly) < 12
    qtbot.keyClick(view, Qt.Key.Key_Z)
    assert (colour_at(view.viewport(), disc) == (red, _, blue)).all()
    on_it = on_template(app, *BLOB)
    hover(window.template_view.viewport(), on_it)
    assert "spreads" in window.template_view.toolTip()
    window.controller.set_mode(Mode.MASK)  # nothing lies over the border that is edited
    assert np.ptp(colour_at(view.viewport(), disc).astype(int)) < 12
    window.controller.set_mode(Mode.NAVIGATE)
    first = window.controller.state.z_map
    window.actions_["nextImage"].trigger()
    assert window.controller.state.z_map is None
    qtbot.waitUntil(lambda: window.controller.state.z_map is not None, timeout=20_000)
    assert window.controller.state.z_map.image == window.controller.image != first.image


def test_what_was_predicted_again_or_left_out_is_not_compared(app: App, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    window.worklist.filter.setText("film_0")
    window.actions_["layerZ"].trigger()
    window.actions_["layerOfFiltered"].trigger()
    qtbot.waitUntil(lambda: not window.template_view.cohorts.runner.running, timeout=120_000)
    qtbot.waitUntil(lambda: window.controller.state.z_map is not None, timeout=20_000)
    assert words(app).startswith("This image against 9 others")
    window.worklist.filter.clear()
    window.controller.show_image("film_11.png")
    assert "it is not among them" in words(app)
    window.controller.show_image("film_05.png")
    qtbot.waitUntil(lambda: window.controller.state.z_map is not None, timeout=20_000)
    session.set_orientation("film_05.png", inverted=True)
    qtbot.waitUntil(lambda: "not compared" in words(app), timeout=60_000)
    assert window.controller.state.z_map is None


def test_a_place_that_readers_corrected_lists_its_images(app: App, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    session.define_landmark("hilum", "right_lung", (0.5, 0.0))
    for image, step in (("film_02.png", 9.0), ("film_07.png", -14.0)):
        x, y = session.placements("hilum").xy[session.images.index(image)]
        session.move_placement(image, "hilum", (x + step, y))
    heart = session.mask("film_05.png", "heart")
    session.set_mask("film_05.png", "heart", cv2.dilate(heart.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0)
    show(app, "layerCorrections", qtbot)
    qtbot.waitUntil(lambda: window.template_view.cohorts.pooled is not None, timeout=60_000)
    assert words(app).splitlines()[0] == f"Moved in 3 of {COUNT} images, mm"
    view, at = window.template_view, on_template(app, "right_lung", (0.5, 0.0))
    hover(view.viewport(), at)
    (mm,) = [hot.mm for hot in view.layer.hot if hot.title == "hilum"]
    assert f"hilum: moved by {mm:.1f} mm in 2 images" in view.toolTip()
    marks = len(session.landmarks)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert window.worklist.model.shown == ["film_02.png", "film_07.png"]
    assert window.worklist.value.text() == "hilum: 2  ✕"
    assert not view.editor.isVisible()
    rim = session.template.structure("heart").outline_uv
    place = rim_of(session.template.structure("heart"))[len(rim_of(session.template.structure("heart"))) // 4]
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=on_template(app, "heart", tuple(place)))
    assert window.worklist.model.shown == ["film_05.png"]
    assert window.worklist.value.text().startswith("Rim of the heart: 1")
    assert len(rim) > 3
    qtbot.mouseClick(window.worklist.value, Qt.MouseButton.LeftButton)
    assert len(window.worklist.model.shown) == COUNT
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=on_template(app, "left_lung", (0.0, 0.0)))
    assert view.editor.isVisible()  # elsewhere a click names a landmark as ever
    qtbot.keyClick(view.editor, Qt.Key.Key_Escape)
    assert len(session.landmarks) == marks
    session.reset_placement("film_02.png", "hilum")
    assert "Out of date" in words(app)
    window.actions_["layerAgain"].trigger()
    qtbot.waitUntil(lambda: not window.template_view.cohorts.runner.running, timeout=60_000)
    assert words(app).splitlines()[0] == f"Moved in 2 of {COUNT} images, mm"


def test_images_that_are_removed_meanwhile_make_it_out_of_date_and_too_few_are_told(app: App, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    window.actions_["layerZ"].trigger()
    session.remove_images(session.images[4:8])
    qtbot.waitUntil(lambda: not window.template_view.cohorts.runner.running, timeout=120_000)
    assert window.template_view.cohorts.old
    assert "Out of date" in words(app) or "Too few" in words(app) or "not compared" in words(app)
    window.actions_["layerAgain"].trigger()
    qtbot.waitUntil(lambda: not window.template_view.cohorts.runner.running, timeout=120_000)
    assert words(app).startswith("Too few: 8 images can be compared")
    assert window.controller.state.z_map is None


def test_a_job_that_is_cancelled_says_so_and_leaves_nothing(app: App, qtbot) -> None:
    window = app.window
    window.actions_["layerMedian"].trigger()
    cancel = window.findChild(QPushButton, "cancelJob")
    qtbot.waitUntil(cancel.isVisible)
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.template_view.cohorts.runner.running, timeout=20_000)
    assert words(app).startswith("It was cancelled")
    qtbot.waitUntil(lambda: not children(), timeout=20_000)
    show(app, "layerAgain", qtbot)
    assert words(app).startswith(f"Median grey of {COUNT}")


def test_what_belongs_to_a_project_that_was_closed_meanwhile_is_dropped(app: App, films, tmp_path, qtbot) -> None:
    window = app.window
    window.actions_["layerMedian"].trigger()
    qtbot.waitUntil(lambda: len(children()) > 0, timeout=20_000)
    shutil.copytree(films, tmp_path / "other")
    window.projects.open(tmp_path / "other" / "project.dsr")
    qtbot.waitUntil(lambda: window.controller.session.path.parent.name == "other", timeout=20_000)
    assert not window.template_view.cohorts.reading.running
    assert window.controller.state.layer is Layer.NONE
    qtbot.waitUntil(lambda: not children(), timeout=20_000)
    assert window.template_view.cohorts.grey is None
    window.actions_["layerMedian"].trigger()
    window.actions_["closeProject"].trigger()
    qtbot.waitUntil(lambda: not children(), timeout=20_000)
    assert window.template_view.cohorts.grey is None
    assert not window.actions_["layerMedian"].isEnabled()


def test_a_window_that_is_closed_leaves_no_child(app: App, qtbot) -> None:
    app.window.actions_["layerMedian"].trigger()
    qtbot.waitUntil(lambda: len(children()) > 0, timeout=20_000)
    app.window.close()
    qtbot.waitUntil(lambda: not children(), timeout=20_000)


def test_values_of_cells_are_carried_into_the_image_by_its_uv_map(films: Path) -> None:
    with Session.open(films / "project.dsr") as session:
        prediction, cells = session.prediction(ODD), cells_of(session.template)
        channel = session.template.index("heart")
        values = np.asarray(3 * cells.uv[:, 0] - 0.5 * cells.uv[:, 1] ** 2, np.float32)
        found = values_in(ZMap(ODD, cells, values), prediction, channel)
        size = prediction.masks.shape[2] * FINER, prediction.masks.shape[1] * FINER
        u, v = (cv2.resize(a.astype(np.float32), size) for a in prediction.uv[channel])
        # well inside, where all four cells around a pixel are known: scipy's interpolation between them
        picture = np.nan_to_num(cells.picture(values, channel))
        solid = cv2.erode(
            np.isfinite(cells.picture(values, channel)).astype(np.uint8),
            np.ones((5, 5), np.uint8),
            borderType=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        column, row = ((axis + 1) * SIDE / 2 - 0.5 for axis in (u, v))
        at = np.clip(np.stack([row, column]), 0, SIDE - 1)
        well = map_coordinates(solid.astype(float), at, order=0) > 0
        well &= cv2.resize(prediction.masks[channel], size) > 200
        expected = map_coordinates(picture, at, order=1)
        assert well.sum() > 5000
        np.testing.assert_allclose(found[well], expected[well], atol=0.02)
        np.testing.assert_allclose(found[well], (3 * u - 0.5 * v**2)[well], atol=0.05)


def test_colours_are_even_to_the_eye_and_nothing_is_drawn_where_nothing_is_known() -> None:
    line = plain(np.linspace(0, 1, 11), 0, 1).astype(float)
    grey = line[:, :3] @ (0.114, 0.587, 0.299)  # BGR
    assert (np.diff(grey) > 8).all()
    assert (plain(np.array([np.nan, 3.0]), 0, 1)[:, 3] == (0, 255)).all()
    blue, none, faint, orange = two_sided(np.array([-4.0, np.nan, 1.2, 7.0]), 4.0).tolist()
    assert blue[0] > blue[2]
    assert (none, faint) == ([0, 0, 0, 0], [0, 0, 0, 0])
    assert orange[2] > orange[0]
    assert orange[3] == 255
    cold, hot = warm(np.array([0.0, 9.0]), 0, 9)[:, :3].tolist()
    assert cold[0] > cold[2]
    assert hot[2] > hot[0]
