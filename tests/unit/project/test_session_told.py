"""What a session tells and counts beside its actions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.core.frame import Frame, Provenance, Spacing
from app.core.landmark import ReviewState
from app.core.orientation import AS_STORED, Reading
from app.io.bundle import Bundle
from app.project.accepting import Refusal
from app.project.entries import Change
from app.project.session import Session
from tests.unit.store.fakes import fake_predict, make


def told_by(session: Session) -> list[Change]:
    found: list[Change] = []
    session.changed.connect(found.append)
    return found


def test_files_that_went_or_came_back_are_told(session: Session):
    told = told_by(session)
    path = session.image("im1.png").path
    aside = path.rename(path.with_name("aside.png"))
    assert session.status("im1.png") == "predicted"  # nobody has looked yet
    assert session.look_again() == ("im1.png",)
    assert session.status("im1.png") == "missing"
    aside.rename(path)
    assert session.look_again(["im0.png", "im1.png"]) == ("im1.png",)
    assert session.status("im1.png") == "predicted"
    assert told == [Change("images", ("im1.png",))] * 2
    assert session.look_again() == ()
    assert len(told) == 2


def test_an_image_s_frame_has_the_height_and_width_of_its_model_s_network(tmp_path: Path, bundle: Bundle):
    upright = replace(bundle, network={**bundle.network, "height": 384, "width": 224})
    with make(tmp_path / "p.dsr", upright) as session:
        session.set_spacing("im1.png", 0.5, 0.25)
        session.set_reading("im1.png", quarter_turns=3)
        spacing = Spacing(0.5, 0.25, Provenance.GIVEN)
        assert session.image("im1.png").frame == Frame(300, 320, 384, 224, spacing, Reading(3))
        facts = session.image("im0.png").facts
        assert facts is not None
        assert facts.frame == Frame(300, 320, 384, 224)


def test_another_reader_is_told_and_named_with_what_comes(session: Session):
    told = told_by(session)
    session.reader = "Bea"
    assert told == [Change("reader")]
    session.set_review("im1.png", "rejected")
    assert session.image("im1.png").reviewed_by == "Bea"


def test_corrections_are_what_a_reader_moved_or_called_absent(session: Session):
    session.move_placement("im1.png", "right_lung_00", (3.5, 4.25))
    session.set_absent("im1.png", "right_lung_01")
    session.nudge_placement("im1.png", "right_lung_02", (0.25, -0.5))
    session.confirm_placement("im1.png", "right_lung_03")
    session.confirm_placement("im1.png", "right_lung_01")  # stays absent
    assert [session.corrections(name) for name in session.images] == [0, 3, 0]
    session.reset_placement("im1.png", "right_lung_00")
    assert session.corrections("im1.png") == 2


def test_a_place_by_a_reader_is_expected_to_be_right_and_no_place_has_no_error(session: Session):
    session.define_landmark("hilum", "right_lung", (0.125, 0.25))
    session.move_placement("im0.png", "hilum", (3.5, 4.25))
    session.set_absent("im1.png", "hilum")
    found = session.placements("hilum")
    np.testing.assert_array_equal(found.xy[:2], [[3.5, 4.25], [np.nan, np.nan]])
    np.testing.assert_array_equal(found.expected_error[:2], [0, np.nan])
    for place, name in enumerate(session.images[:2]):  # and the same where one image is asked
        (alone,) = [p for p in session.placements_in(name) if p.landmark.name == "hilum"]
        np.testing.assert_array_equal(alone.xy, found.xy[place])
        np.testing.assert_array_equal(alone.expected_error, found.expected_error[place])


def test_the_lowest_confidence_is_that_of_the_least_certain_placement_whatever_readers_do(session: Session):
    """One half at 1.2 % of the diagonal (300 x 320 pixels), written out; what a reader placed is certain."""

    def lowest_by_hand() -> float:
        errors = [placement.expected_error for placement in session.placements_in("im1.png")]
        return 1 / (1 + (np.nanmax(errors) / (0.012 * np.hypot(300, 320))) ** 2)

    def worst() -> str:
        placed = [p for p in session.placements_in("im1.png") if not np.isnan(p.expected_error)]
        return max(placed, key=lambda placement: placement.expected_error).landmark.name

    def lowest() -> float:
        found = session.least_certain("im1.png")
        assert found.landmark.name == worst()
        return found.confidence

    seen = [lowest()]
    assert seen[-1] == pytest.approx(lowest_by_hand(), rel=1e-3)
    for act in (
        lambda name: session.move_placement("im1.png", name, (30.5, 40.25)),
        lambda name: session.set_absent("im1.png", name),
        lambda name: session.confirm_placement("im1.png", name),
    ):
        act(worst())
        seen.append(lowest())
        assert seen[-1] == pytest.approx(lowest_by_hand(), rel=1e-3)
    assert seen == sorted(set(seen))
    for before in seen[-2::-1]:
        session.undo()
        assert lowest() == pytest.approx(before, rel=1e-3)


def test_what_a_reader_left_as_it_is_holds_for_that_remark_alone(session: Session):
    session.set_reading("im1.png", quarter_turns=1)
    fake_predict(session, suspect="It looks mirrored.")
    session.leave_as_is("im1.png")
    assert session.image("im1.png").left_as_is
    assert session.refusals("im1.png") == {}
    session.set_reading("im1.png", quarter_turns=2)
    fake_predict(session, suspect="It does not look like a chest radiograph.")
    assert not session.image("im1.png").left_as_is
    assert session.refusals("im1.png") == {"im1.png": Refusal.SUSPECT}
    with pytest.raises(ValueError, match=r"“im1\.png” was not accepted: it does not look like"):
        session.set_review("im1.png", "accepted")


def test_an_image_that_is_taken_out_and_added_again_has_nothing_said_of_it(session: Session):
    path = session.image("im1.png").path
    session.move_placement("im1.png", "heart_00", (3.5, 4.25))
    session.set_spacing("im1.png", 0.5, 0.25)
    session.set_review("im1.png", "rejected", "blurred")
    session.set_review("im1.png", "second_opinion", structure="heart")
    session.set_reading("im1.png", quarter_turns=1, mirrored=True)
    fake_predict(session, suspect="It looks mirrored.")
    session.leave_as_is("im1.png")
    session.remove_images("im1.png")
    assert session.add_images(path).added == ("im1.png",)
    entry = session.image("im1.png")
    assert entry.frame is not None
    assert (entry.frame.reading, entry.frame.spacing) == (AS_STORED, None)
    assert (entry.review, entry.note, entry.structures) == (ReviewState.UNREAD, "", ())
    assert (entry.left_as_is, entry.replaced, session.corrections("im1.png")) == (False, False, 0)
    session.set_reading("im1.png", quarter_turns=1, mirrored=True)
    assert session.image("im1.png").suspect == "It looks mirrored."
    assert not session.image("im1.png").left_as_is
