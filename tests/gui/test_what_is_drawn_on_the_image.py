"""Colours and places of what lies over the picture, looked up pixel by pixel in the grabbed widget."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from skimage.draw import polygon2mask
from skimage.measure import find_contours

from app.core.frame import Frame
from app.core.landmark import PlacementState
from app.core.native_mask import native_mask
from app.gui.image.corner_texts import bar_length
from app.gui.image.mask_outlines import mask_contours
from app.gui.image.overlays import uv_field
from app.gui.image.turn import Turn
from app.gui.state.view_state import MaskStyle
from app.gui.widgets import theme
from app.gui.widgets.grey import VoiWindow
from app.gui.widgets.markers import draw_marker
from app.gui.widgets.uv_colours import colours
from tests.gui.conftest import hover, in_image, name_landmark

OKABE_ITO = {"right_lung": "#56B4E9", "left_lung": "#009E73", "heart": "#E69F00"}


@pytest.fixture
def view(app):
    return app.window.image_view


def shot_of(widget) -> QImage:
    """The widget as it is on the screen, one image pixel per point."""
    return widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def array_of(image: QImage) -> np.ndarray:
    """RGB [h, w, 3] of a picture."""
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return raw[:, : image.width(), 2::-1].astype(int)


def near(pixels: np.ndarray, colour: str, tolerance: int = 12) -> np.ndarray:
    """Where a picture [..., 3] has a colour."""
    rgb = np.array(QColor(colour).getRgb()[:3])
    return np.abs(pixels - rgb).max(axis=-1) <= tolerance


# --- masks


def blob(height: int, width: int, seed: int) -> np.ndarray:
    """A soft mask without symmetry on the network's grid, [height, width] in 0..255."""
    angle, rng = np.linspace(0, 2 * np.pi, 60, endpoint=False), np.random.default_rng(seed)
    radius = 1 + 0.2 * np.cos(3 * angle + rng.uniform(0, 6))
    outline = np.c_[0.55 * width + 0.2 * width * radius * np.cos(angle), 0.4 * height + 0.25 * height * np.sin(angle)]
    return np.round(255 * gaussian_filter(polygon2mask((height, width), outline[:, ::-1]).astype(float), 1.2))


@pytest.mark.parametrize(("size", "network"), [((300, 200), (128, 128)), ((150, 420), (96, 128)), ((90, 61), (64, 64))])
def test_outlines_lie_on_the_border_of_the_mask(size, network) -> None:
    probability = blob(*network, seed=size[0]).astype(np.uint8)
    scale = min(network[0] / size[0], network[1] / size[1])
    padding = (np.array(network) - scale * np.array(size)) / 2  # top and left border of the letter-box
    (reference,) = find_contours(probability.astype(float), 127.5)
    corners = ((reference + 0.5 - padding) / scale)[:, ::-1]  # network centres → corners → native corners, as (x, y)
    steps = np.linspace(0, len(corners) - 1, 20 * len(corners))
    dense = np.stack([np.interp(steps, np.arange(len(corners)), corners[:, k]) for k in (0, 1)], axis=-1)
    (outline,) = mask_contours(probability, Frame(*size, *network))
    assert cKDTree(dense).query(outline)[0].max() < 0.1
    assert cKDTree(outline).query(corners)[0].max() < 1.0 / scale  # all the way round


def test_the_outline_encloses_what_is_exported() -> None:
    frame = Frame(300, 200, 128, 128)
    probability = blob(128, 128, seed=3).astype(np.uint8)
    (outline,) = mask_contours(probability, frame)
    inside = polygon2mask((300, 200), (outline - 0.5)[:, ::-1])
    exported = native_mask(probability, frame)
    assert (inside ^ exported).sum() < 0.004 * exported.sum()


def test_a_mask_that_touches_the_picture_s_border_is_closed_there() -> None:
    probability = np.zeros((64, 64), np.uint8)
    probability[20:40, 50:] = 255
    (outline,) = mask_contours(probability, Frame(64, 64, 64, 64))
    np.testing.assert_array_equal(outline[0], outline[-1])
    assert outline[:, 0].max() == pytest.approx(64, abs=0.01)  # the corner of the last pixel


def test_fills_have_the_colours_of_their_structures(app, view) -> None:
    session = app.window.controller.session
    app.window.controller.set_look(masks=MaskStyle.FILL, uv=False, opacity=1.0, labels=False)
    shot = array_of(shot_of(view.viewport()))
    app.window.controller.set_look(masks=MaskStyle.OFF)
    plain = array_of(shot_of(view.viewport()))
    for structure, places in (("right_lung", (-0.3, 0.5)), ("left_lung", (0.5, 0.1)), ("heart", (-0.3, 0.2))):
        xy = session.place_in(view.image, structure, places)
        assert session.structures_at(view.image, tuple(xy)) == (structure,)
        at = in_image(app, xy)
        drawn, below = shot[at.y(), at.x()], plain[at.y(), at.x()]
        wanted = np.array(QColor(OKABE_ITO[structure]).getRgb()[:3])
        np.testing.assert_allclose(drawn, 0.7 * wanted + 0.3 * below, atol=4)


def test_outlines_have_the_colours_of_their_structures(app, view) -> None:
    app.window.controller.set_look(masks=MaskStyle.OUTLINE, uv=False, labels=False)
    pixels = array_of(shot_of(view.viewport()))
    session, frame = app.window.controller.session, view.frame_of_image
    prediction = session.prediction(view.image)
    for structure, colour in OKABE_ITO.items():
        (border, *_) = find_contours(native_mask(prediction.masks[session.template.index(structure)], frame), 0.5)
        seen = [view.viewport_of(x, y).toPoint() for y, x in border[::25]]
        hits = [near(pixels[p.y() - 1 : p.y() + 2, p.x() - 1 : p.x() + 2], colour, 90).any() for p in seen]
        assert np.mean(hits) > 0.8


def test_the_uv_colours_of_a_pixel_are_those_of_its_template_point(app, view) -> None:
    session = app.window.controller.session
    prediction, channel = session.prediction(view.image), session.template.index("heart")
    field = uv_field(prediction, channel, 1.0)
    ys, xs = np.nonzero(prediction.masks[channel] == 255)
    pick = slice(None, None, 97)
    # Both halves of a pair of network pixels lie a quarter of a uv-pixel beside it: compare with the nearest one.
    uv = prediction.uv[channel][:, ys[pick] // 2, xs[pick] // 2].astype(float).T
    wanted = colours(uv).astype(int)
    found = field[ys[pick], xs[pick], 2::-1].astype(int)
    assert np.median(np.abs(found - wanted)) <= 3
    assert (field[ys[pick], xs[pick], 3] == 255).all()


# --- letters, bar, cross-hair


def letters(view, monkeypatch) -> dict[str, QPointF]:
    """Where the letters of the sides are drawn, from the real painting of the text."""
    drawn: dict[str, QPointF] = {}
    draw = QPainter.drawText

    def watch(painter, *rest):
        words = rest[-1]
        if words in ("R", "L"):
            box = painter.boundingRect(*rest)
            drawn[words] = QPointF(box.center())
        return draw(painter, *rest)

    monkeypatch.setattr(QPainter, "drawText", watch)
    view.grab()
    monkeypatch.setattr(QPainter, "drawText", draw)
    return drawn


def test_r_stands_where_the_patient_s_right_lung_is_however_turned(app, view, monkeypatch) -> None:
    session = app.window.controller.session
    lungs = [session.place_in(view.image, f"{side}_lung", (0, 0)) for side in ("right", "left")]
    for turn in (Turn(), Turn(2), Turn(0, True), Turn(1), Turn(3, True)):
        view.set_turn(turn)
        right, left = (view.viewport_of(*xy) for xy in lungs)
        found = letters(view, monkeypatch)
        assert set(found) == {"R", "L"}
        towards, apart = found["R"] - found["L"], right - left
        dot = towards.x() * apart.x() + towards.y() * apart.y()
        assert dot / np.hypot(*towards.toTuple()) / np.hypot(*apart.toTuple()) > 0.95


@pytest.mark.parametrize(
    ("zoom", "spacing", "length", "caption"),
    [
        (1.0, 0.35, 20 / 0.35, "2 cm"),  # 50 mm would be 143 screen pixels
        (0.5, 0.2, 50 * 0.5 / 0.2, "5 cm"),
        (8.0, 0.15, 2 * 8 / 0.15, "2 mm"),
        (1.0, float("nan"), 100.0, "100 px"),
        (0.3, float("nan"), 60.0, "200 px"),
        (4.0, float("nan"), 80.0, "20 px"),
    ],
)
def test_the_scale_bar_is_the_longest_round_length_that_fits(zoom, spacing, length, caption) -> None:
    assert bar_length(zoom, spacing) == (pytest.approx(length), caption)


def test_the_scale_bar_measures_the_way_it_lies(app, view) -> None:
    session = app.window.controller.session
    session.set_spacing([view.image], 0.6, 0.2)  # row, column
    app.window.controller.set_look(masks=MaskStyle.OFF, uv=False, labels=False)
    view.set_window(VoiWindow(1e9, 1.0))  # a black picture, so that the bar is all that is bright
    for quarters, length in ((0, 20 / 0.2), (1, 50 / 0.6)):  # 2 cm over columns, 5 cm over rows
        view.set_turn(Turn(quarters))
        view.set_zoom(1.0)
        low = view.viewport().height() - 50  # in the lower left corner, above its caption
        bright = near(array_of(shot_of(view.viewport()))[low:, :200], theme.ON_IMAGE.text, 60)
        assert bright.sum(axis=1).max() == pytest.approx(length, abs=3)


def test_the_cross_hair_goes_through_the_mouse_and_is_open_there(app, view, qtbot) -> None:
    app.window.controller.set_look(masks=MaskStyle.OFF, uv=False, labels=False)
    at = QPoint(300, 250)
    hover(view.viewport(), at)
    qtbot.keyClick(view, Qt.Key.Key_X, Qt.KeyboardModifier.ShiftModifier)
    assert app.window.actions_["crosshair"].isChecked()
    blue = near(array_of(shot_of(view.viewport())), theme.ON_IMAGE.accent, 90)
    rows, columns = blue[at.y() - 1 : at.y() + 1].any(axis=0), blue[:, at.x() - 1 : at.x() + 1].any(axis=1)
    assert rows[20 : at.x() - 12].mean() > 0.9
    assert rows[at.x() + 12 : -20].mean() > 0.9
    assert columns[100 : at.y() - 12].mean() > 0.9
    assert columns[at.y() + 12 : -60].mean() > 0.9
    assert not blue[at.y() - 8 : at.y() + 9, at.x() - 8 : at.x() + 9].any()
    hover(view.viewport(), at + QPoint(60, 20))
    moved = near(array_of(shot_of(view.viewport())), theme.ON_IMAGE.accent, 90)
    assert moved[at.y() + 19 : at.y() + 21].any(axis=0)[20:300].mean() > 0.9
    qtbot.keyClick(view, Qt.Key.Key_X, Qt.KeyboardModifier.ShiftModifier)
    assert near(array_of(shot_of(view.viewport())), theme.ON_IMAGE.accent, 30).sum() < 20


# --- markers


def marker(state: PlacementState, chosen: bool = False) -> np.ndarray:
    """One marker in pink on grey, drawn with its centre at (20.5, 20.5) pixel corners, radius 10: [41, 41, 3]."""
    picture = QImage(41, 41, QImage.Format.Format_RGB32)
    picture.fill(QColor(128, 128, 128))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_marker(painter, QPointF(20.5, 20.5), state, "#ff00ff", chosen, radius=10)
    painter.end()
    return array_of(picture)


def ring(pixels: np.ndarray, radius: float, count: int = 360) -> np.ndarray:
    """Whether a circle's pixels are the marker's colour."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    x, y = np.floor(20.5 + radius * np.cos(angle)).astype(int), np.floor(20.5 + radius * np.sin(angle)).astype(int)
    return near(pixels[y, x], "#ff00ff", 110)


def test_the_four_states_differ_in_shape() -> None:
    rings = {state: ring(marker(state), 10) for state in PlacementState}
    dashes = np.count_nonzero(np.diff(np.r_[rings[PlacementState.PREDICTED], rings[PlacementState.PREDICTED][0]]))
    assert dashes == 12  # six dashes, each begins and ends
    assert 0.4 < rings[PlacementState.PREDICTED].mean() < 0.85
    for state in (PlacementState.CORRECTED, PlacementState.CONFIRMED, PlacementState.ABSENT):
        assert rings[state].mean() > 0.97
    middle = {state: near(marker(state)[20, 20], "#ff00ff", 60) for state in PlacementState}
    assert middle == {
        PlacementState.PREDICTED: False,
        PlacementState.CORRECTED: False,
        PlacementState.CONFIRMED: True,
        PlacementState.ABSENT: True,  # where the two lines cross
    }
    beside = {state: near(marker(state)[20, 25], "#ff00ff", 60) for state in PlacementState}
    assert [state for state, filled in beside.items() if filled] == [PlacementState.CONFIRMED]
    crossed = marker(PlacementState.ABSENT)
    for k in (-7, -4, 4, 7):
        assert near(crossed[20 + k, 20 + k], "#ff00ff", 110)
        assert near(crossed[20 + k, 20 - k], "#ff00ff", 110)
    assert not near(crossed[20, 26], "#ff00ff", 110)


def test_the_chosen_marker_has_a_wider_ring_in_the_accent_colour() -> None:
    plain, chosen = (near(marker(PlacementState.CORRECTED, c), theme.ON_IMAGE.accent, 90) for c in (False, True))
    assert not plain.any()
    ys, xs = np.nonzero(chosen)
    np.testing.assert_allclose(np.hypot(xs - 20, ys - 20), 14, atol=1.3)


def test_markers_lie_on_their_placements_in_their_own_colours(app, view, qtbot) -> None:
    session = app.window.controller.session
    app.window.controller.set_look(masks=MaskStyle.OFF, uv=False, labels=False)
    for name, uv, colour in (("One", (0.4, -0.3), "#ff2020"), ("Two", (-0.2, 0.5), "#20ff20")):
        session.define_landmark(name, "heart", uv)
        session.update_landmark(name, colour=colour)
        session.confirm_placement(view.image, name)
    app.window.controller.choose_landmark("")
    pixels = array_of(shot_of(view.viewport()))
    for name, colour in (("One", "#ff2020"), ("Two", "#20ff20")):
        x, y = session.placements(name).xy[0]
        at = view.viewport_of(float(x), float(y))
        ys, xs = np.nonzero(near(pixels, colour, 40))
        assert (xs.mean() + 0.5, ys.mean() + 0.5) == pytest.approx((at.x(), at.y()), abs=0.6)


def test_names_stand_beside_their_markers_only_where_wanted(app, view, qtbot) -> None:
    app.window.controller.set_look(masks=MaskStyle.OFF, uv=False, labels=True)
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    app.window.controller.session.define_landmark("Other", "right_lung", (0.0, 0.0))
    app.window.controller.choose_landmark("")
    with_names = array_of(shot_of(view.viewport()))
    qtbot.keyClick(view, Qt.Key.Key_N)
    without = array_of(shot_of(view.viewport()))
    changed = np.argwhere((with_names != without).any(axis=-1))
    assert len(changed)
    places = [view.viewport_of(*app.window.controller.session.placements(n).xy[0]) for n in ("Apex", "Other")]
    away = np.min([np.hypot(changed[:, 1] - p.x(), changed[:, 0] - p.y()) for p in places], axis=0)
    assert away.max() < 120


def test_a_corrected_mask_is_outlined_and_undo_shows_the_predicted_one(app, view) -> None:
    session, frame = app.window.controller.session, view.frame_of_image
    app.window.controller.set_look(masks=MaskStyle.OUTLINE, uv=False, labels=False)
    before = array_of(shot_of(view.viewport()))
    mask = np.zeros((frame.height, frame.width), bool)
    mask[frame.height // 5 : frame.height // 2, frame.width // 3 : frame.width // 2] = True
    session.set_mask(view.image, "heart", mask)
    pixels = array_of(shot_of(view.viewport()))
    for y in np.linspace(frame.height // 5 + 4, frame.height // 2 - 4, 9):  # its left border, a half pixel beside it
        at = view.viewport_of(frame.width // 3 - 0.5, y).toPoint()
        assert near(pixels[at.y(), at.x() - 1 : at.x() + 2], OKABE_ITO["heart"], 90).any()
    session.undo()
    np.testing.assert_array_equal(array_of(shot_of(view.viewport())), before)
