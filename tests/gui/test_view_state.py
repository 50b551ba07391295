"""The controller replaces the view's state as a whole, and says what it was before and what it is."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.gui.state.controller import Controller
from app.gui.state.view_state import Held, MaskStyle, Mode, Spot, ViewState


@pytest.fixture
def controller(qapp) -> Controller:
    return Controller()


def heard(controller: Controller) -> list[tuple[ViewState, ViewState]]:
    states: list[tuple[ViewState, ViewState]] = []
    controller.stateChanged.connect(lambda old, new: states.append((old, new)))
    return states


def test_every_change_carries_the_states_before_and_after(controller) -> None:
    states, first = heard(controller), controller.state
    controller.choose_structure("heart")
    controller.set_mode(Mode.LANDMARK)
    controller.set_look(masks=MaskStyle.FILL)
    controller.hold(Held("a.png", "Apex", (1.0, 2.0)))
    assert states[0][0] is first
    assert all(after is before for (_, after), (before, _) in pairwise(states))
    assert states[-1][1] is controller.state
    last = controller.state
    assert (last.structure, last.mode, last.look.masks) == ("heart", Mode.LANDMARK, MaskStyle.FILL)
    assert (first.structure, first.mode, first.held) == ("", Mode.NAVIGATE, None)  # a state never changes


def test_the_same_again_says_nothing(controller) -> None:
    spot = Spot("heart", (0.1, 0.2), "template")
    controller.point_at(spot)
    states = heard(controller)
    controller.point_at(Spot("heart", (0.1, 0.2), "template"))
    controller.set_look(masks=controller.look.masks)
    controller.set_mode(controller.mode)
    assert states == []


def test_each_part_has_a_signal_of_its_own_that_follows(controller) -> None:
    told: list[str] = []
    for name in ("image", "landmark", "structure", "mode", "look", "spot", "moving", "held", "clicks"):
        getattr(controller, f"{name}Changed").connect(lambda *_, name=name: told.append(name))
    controller.stateChanged.connect(lambda *_: told.append("state"))
    controller.choose_structure("heart")
    controller.show_image("a.png")
    controller.point_at(Spot("heart", (0.1, 0.2), "template"))
    assert told == ["state", "structure", "state", "image", "state", "spot"]


def test_hovering_never_takes_away_a_place_that_is_being_named(controller) -> None:
    pinned = Spot("heart", (0.1, 0.2), "template", pinned=True)
    controller.point_at(pinned)
    controller.point_at(Spot("heart", (0.5, 0.5), "image"))
    assert controller.spot == pinned
    controller.point_at(None)
    assert controller.spot is None
