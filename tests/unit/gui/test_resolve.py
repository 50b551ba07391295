"""What an image view draws for a state and a session, worked out without Qt."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from app.core.landmark import PlacementState
from app.gui.image.resolve import Drawn, resolve
from app.gui.state.view_state import Click, Held, Look, MaskStyle, Moving, Spot, ViewState
from app.project.session import Session

IMAGE, OTHER = "im0.png", "im1.png"
NAMES = ("right_lung", "left_lung", "heart", "right_clavicle", "left_clavicle")


@pytest.fixture
def marked(session: Session) -> Session:
    """Two landmarks of a reader's own, the second corrected in the first image."""
    session.define_landmark("hilum", "left_lung", (0.1, 0.2), colour="#ff0000")
    session.define_landmark("apex", "heart", (-0.3, 0.4), colour="#00ff00")
    session.move_placement(IMAGE, "apex", (40.0, 61.5))
    return session


def drawn(session: Session, state: ViewState, image: str = IMAGE) -> Drawn:
    return resolve(session, state, image, session.image(image).frame)


def places(found: Drawn) -> dict[str, tuple[float, float]]:
    return {marker.name: marker.xy for marker in found.markers}


def test_nothing_of_it_needs_qt() -> None:
    code = "import sys, app.gui.image.resolve; print(any(name.startswith('PySide6') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("image", ["", "gone.png"])
def test_of_no_image_and_of_one_that_was_removed_nothing_is_drawn(marked: Session, image: str) -> None:
    found = resolve(marked, ViewState(), image, marked.image(IMAGE).frame)
    assert (found.image, found.markers, found.prediction) == ("", (), None)
    assert resolve(None, ViewState(), IMAGE, marked.image(IMAGE).frame).image == ""


def test_markers_are_half_a_pixel_from_their_places_since_corners_count_there(marked: Session) -> None:
    found = drawn(marked, ViewState())
    assert set(places(found)) == {"hilum", "apex"}  # the model's own are hidden
    assert places(found)["apex"] == (40.5, 62.0)
    assert places(found)["hilum"] == pytest.approx(tuple(marked.placements("hilum").xy[0] + 0.5))
    states = {marker.name: (marker.state, marker.colour, marker.chosen) for marker in found.markers}
    assert states["hilum"] == (PlacementState.PREDICTED, "#ff0000", False)
    assert states["apex"] == (PlacementState.CORRECTED, "#00ff00", False)


def test_the_chosen_landmark_is_drawn_also_where_it_is_hidden_and_says_so(marked: Session) -> None:
    found = drawn(marked, ViewState(landmark="heart_03"))
    assert [marker.label for marker in found.markers if marker.chosen] == [
        "heart_03 (hidden, shown while it is chosen)"
    ]
    assert places(found)["heart_03"] == pytest.approx(tuple(marked.placements("heart_03").xy[0] + 0.5))


def test_an_absent_landmark_is_crossed_out_where_it_was_predicted(marked: Session) -> None:
    before = places(drawn(marked, ViewState()))["hilum"]
    marked.set_absent(IMAGE, "hilum")
    found = drawn(marked, ViewState())
    assert places(found)["hilum"] == pytest.approx(before)
    assert found.stored.state_of("hilum") is PlacementState.ABSENT
    assert found.stored.state_of("nobody") is None


def test_a_landmark_that_is_dragged_in_one_image_moves_there_alone(marked: Session) -> None:
    state = ViewState(held=Held(IMAGE, "hilum", (7.25, 90.0)))
    assert places(drawn(marked, state))["hilum"] == (7.75, 90.5)
    assert places(drawn(marked, state))["apex"] == (40.5, 62.0)
    assert places(drawn(marked, state, OTHER)) == places(drawn(marked, ViewState(), OTHER))


def test_a_landmark_that_is_dragged_over_the_template_moves_in_every_image_but_corrected_ones(marked: Session) -> None:
    moving = Moving("apex", (0.5, -0.2), marked.preview_move("apex", (0.5, -0.2)))
    there = [places(drawn(marked, ViewState(moving=moving), image))["apex"] for image in (IMAGE, OTHER)]
    marked.move_landmark("apex", (0.5, -0.2))
    dropped = [places(drawn(marked, ViewState(), image))["apex"] for image in (IMAGE, OTHER)]
    np.testing.assert_allclose(there, dropped, atol=1e-3)  # one chart alone, or all of them as float32
    assert there[0] == (40.5, 62.0)


def test_clicks_for_a_new_landmark_are_markers_without_a_name_in_their_own_image(marked: Session) -> None:
    state = ViewState(clicks=(Click(OTHER, (3.0, 4.0), "heart", (0.0, 0.0)),))
    assert "" not in places(drawn(marked, state))
    assert places(drawn(marked, state, OTHER))[""] == (3.5, 4.5)


@pytest.mark.parametrize(
    ("spot", "shown"),
    [
        (Spot("heart", (0.2, 0.1), "template"), True),
        (Spot("heart", (0.2, 0.1), "image", image=OTHER), True),
        (Spot("heart", (0.2, 0.1), "image", image=IMAGE), False),  # the mouse is there
        (Spot("heart", (0.2, 0.1), "image", pinned=True, image=IMAGE), True),  # it is being named
    ],
)
def test_the_place_pointed_at_shows_wherever_the_mouse_is_not(marked: Session, spot: Spot, shown: bool) -> None:
    found = drawn(marked, ViewState(spot=spot))
    wanted = tuple(marked.place_in(IMAGE, "heart", (0.2, 0.1)) + 0.5)
    assert found.spot == (pytest.approx(wanted) if shown else None)
    assert found.pinned == spot.pinned


@pytest.mark.parametrize(
    ("look", "outlined", "filled", "uv"),
    [
        (Look(), (1, 2, 3, 4), (), 2),
        (Look(uv=False), (1, 2, 3, 4), (), None),
        (Look(masks=MaskStyle.FILL), (1, 2, 3, 4), (1, 3, 4), 2),
        (Look(masks=MaskStyle.OFF), (), (), 2),
        (Look(hidden=frozenset({"heart", "left_lung"})), (3, 4), (), None),
        (Look(structures=False), (), (), None),
    ],
)
def test_what_is_switched_on_and_was_found_is_drawn(session: Session, look, outlined, filled, uv) -> None:
    assert tuple(s.name for s in session.template.structures) == NAMES
    absent = session.prediction(IMAGE).present
    assert absent.tolist() == [False, True, True, True, True]
    overlay = drawn(session, ViewState(look=look, structure="heart")).overlay
    assert (overlay.outlined, overlay.filled, overlay.uv) == (outlined, filled, uv)


def test_a_structure_that_was_not_found_has_no_uv_colours(session: Session) -> None:
    assert drawn(session, ViewState(structure="right_lung")).overlay.uv is None


def test_of_an_image_that_is_passed_nothing_is_drawn_over_the_picture(marked: Session) -> None:
    passed = drawn(marked, ViewState(image=IMAGE, passing=True))
    assert (passed.markers, passed.prediction, passed.spot) == ((), None, None)
    beside = drawn(marked, ViewState(image=IMAGE, passing=True), OTHER)  # in a second view
    assert set(places(beside)) == {"apex"}  # no left lung was found in it


def test_markers_that_were_looked_up_before_are_used_for_the_same_image_and_landmark_alone(marked: Session) -> None:
    state, frame = ViewState(image=IMAGE), marked.image(IMAGE).frame
    before = drawn(marked, state).stored
    moved = replace(before, markers=tuple(replace(m, xy=(1.0, 2.0)) for m in before.markers))
    assert set(places(resolve(marked, state, IMAGE, frame, moved)).values()) == {(1.0, 2.0)}
    other = resolve(marked, state, OTHER, marked.image(OTHER).frame, moved)
    assert places(other) == places(drawn(marked, state, OTHER))
    chosen = resolve(marked, replace(state, landmark="apex"), IMAGE, frame, moved)
    assert [m.name for m in chosen.markers if m.chosen] == ["apex"]
    assert np.isfinite(list(places(chosen).values())).all()


def test_masks_are_drawn_as_readers_have_them(session: Session) -> None:
    everything = ViewState(structure="heart", look=Look(masks=MaskStyle.FILL))
    shape = session.image(IMAGE).frame
    lung = np.zeros((shape.height, shape.width), bool)
    lung[20:60, 30:50] = True
    session.set_mask(IMAGE, "right_lung", lung)  # it was not found there
    session.set_mask_absent(IMAGE, "heart")
    found = drawn(session, everything)
    assert (found.overlay.outlined, found.overlay.filled, found.overlay.uv) == ((0, 1, 3, 4), (0, 1, 3, 4), None)
    np.testing.assert_array_equal(found.masks.native("right_lung"), lung)
    chosen = drawn(session, replace(everything, structure="right_lung"))
    assert (chosen.overlay.filled, chosen.overlay.uv) == ((0, 1, 3, 4), None)  # nobody knows its uv
    assert drawn(session, everything, OTHER).masks.by_reader == {}
