"""Measurements of a project, against plain numpy on its masks and placements."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.core.formula import FormulaError
from app.core.frame import Provenance
from app.core.mask_error import ACROSS
from app.core.measure import Unit
from app.core.prediction import sample_chart
from app.io.bundle import Bundle
from app.jobs import Result
from app.project.measured import MeasurementState
from app.project.session import Session
from tests.unit.store.fakes import fake_predict, fake_predicted, make

PREDICTED, CORRECTED = MeasurementState.PREDICTED, MeasurementState.CORRECTED


def drawn(session: Session, image: str) -> np.ndarray:
    frame = session.image(image).frame
    assert frame is not None
    mask = np.zeros((frame.height, frame.width), bool)
    mask[20:71, 31:44] = True
    mask[60:66, 40:90] = True
    return mask


def box(session: Session, image: str, *structures: str) -> tuple[float, float, float]:
    """Columns, rows and pixels of masks together, NaN where one is absent."""
    masks = [session.mask(image, structure) for structure in structures]
    if any(mask is None for mask in masks):
        return math.nan, math.nan, math.nan
    rows, columns = np.nonzero(np.logical_or.reduce(masks))
    return float(np.ptp(columns) + 1), float(np.ptp(rows) + 1), float(np.count_nonzero(masks[0]))


def values(session: Session, name: str) -> list[float]:
    return session.measurement(name).values.tolist()


def same(found: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.fixture
def measured(session: Session) -> Session:
    """One image with a pixel size, one turned by a quarter, one as it is; two landmarks."""
    session.set_orientation("im2.png", 1, mirrored=True)
    fake_predict(session)
    session.set_spacing("im1.png", row_mm=0.5, column_mm=0.25)
    session.define_landmark("hilum", "right_clavicle", (0.125, 0.25))
    session.define_landmark("left tip", "left_clavicle", (-0.5, 0.25))
    session.define_measurement("apart", 'distance(hilum, "left tip")')
    for name, formula in (("wide", "width(heart)"), ("high", "height(heart)"), ("chest", "width(thorax)")):
        session.define_measurement(name, formula)
    return session


def test_a_new_project_measures_what_its_model_measures(session: Session):
    assert [entry.name for entry in session.measurements] == [
        *("ctr", "right_lung_area", "left_lung_area", "lung_area_ratio", "clavicle_angle")
    ]
    assert session.measurements[0].formula == "width(heart) / width(thorax)"
    assert session.offered_measurements == ()


def test_masks_are_measured_along_the_image_as_it_is_read_in_mm_where_its_pixels_are_known(measured: Session):
    names = measured.images
    hearts = [box(measured, name, "heart") for name in names]
    lungs = [box(measured, name, "right_lung", "left_lung") for name in names]
    same(values(measured, "wide"), [hearts[0][0], 0.25 * hearts[1][0], hearts[2][1]])
    same(values(measured, "high"), [hearts[0][1], 0.5 * hearts[1][1], hearts[2][0]])
    same(values(measured, "chest"), [lungs[0][0], 0.25 * lungs[1][0], lungs[2][1]])
    same(values(measured, "ctr"), [hearts[0][0] / lungs[0][0], hearts[1][0] / lungs[1][0], hearts[2][1] / lungs[2][1]])
    rights = [box(measured, name, "right_lung")[2] for name in names]
    same(values(measured, "right_lung_area"), [rights[0], 0.125 * rights[1], rights[2]])
    assert measured.measurement("wide").units == (Unit.PX, Unit.MM, Unit.PX)
    assert measured.measurement("right_lung_area").units == (Unit.PX2, Unit.MM2, Unit.PX2)
    assert measured.measurement("ctr").units == (Unit.RATIO,) * 3
    assert measured.measurement("wide").spacing == (None, Provenance.GIVEN, None)
    assert not np.isnan(values(measured, "wide")).all()
    assert np.isnan(values(measured, "ctr")).any()  # a lung is absent


def test_landmarks_are_measured_where_they_are_with_the_error_to_be_expected(measured: Session):
    one, other = measured.placements("hilum"), measured.placements("left tip")
    sides = np.array([(1, 1), (0.25, 0.5), (1, 1)])
    away = np.linalg.norm((one.xy - other.xy) * sides, axis=1)
    found = measured.measurement("apart")
    same(found.values.tolist(), away.tolist())
    errors = np.stack([one.expected_error, other.expected_error])
    along = ((one.xy - other.xy) * sides) * sides / away[:, None]  # how the distance follows each coordinate
    np.testing.assert_allclose(
        found.expected_error,
        np.sqrt(2 / np.pi) * np.linalg.norm(np.linalg.norm(along, axis=1) * errors, axis=0),
        rtol=1e-4,
    )
    assert np.isnan(measured.measurement("wide").expected_error).all()
    measured.move_placement("im1.png", "hilum", (50, 40))
    measured.move_placement("im1.png", "left tip", (90, 10))
    again = measured.measurement("apart")
    assert again.values[1] == pytest.approx(math.hypot(40 * 0.25, 30 * 0.5))
    assert again.expected_error[1] == 0
    assert again.states == (PREDICTED, CORRECTED, PREDICTED)
    measured.set_absent("im1.png", "hilum")
    assert math.isnan(values(measured, "apart")[1])
    assert measured.measurement("apart").states[1] is CORRECTED


def test_what_a_reader_draws_counts_before_what_was_predicted_also_after_reopening(measured: Session, bundle: Bundle):
    measured.set_mask("im0.png", "heart", drawn(measured, "im0.png"))
    measured.set_mask_absent("im1.png", "heart")

    def check(session: Session) -> None:
        found = session.measurement("wide")
        same(found.values.tolist(), [90 - 31, math.nan, box(session, "im2.png", "heart")[1]])
        assert found.states == (CORRECTED, CORRECTED, PREDICTED)
        assert session.measurement("chest").states == (PREDICTED,) * 3
        assert session.measurement("ctr").states == (CORRECTED, CORRECTED, PREDICTED)

    check(measured)
    measured.close()
    with Session.open(measured.path, model=bundle) as again:
        while not again.measure_ahead(1e-9):
            pass
        check(again)
        again.reset_mask("im0.png", "heart")
        same(values(again, "wide")[:1], [box(again, "im0.png", "heart")[0]])
        assert again.measurement("wide").states == (PREDICTED, CORRECTED, PREDICTED)


def test_one_image_and_all_images_give_the_same(measured: Session):
    measured.set_mask("im0.png", "heart", drawn(measured, "im0.png"))
    measured.move_placement("im2.png", "hilum", (50, 40))
    every = measured.measure()
    for place, image in enumerate(measured.images):
        for all_of_it, one in zip(every, measured.measurements_in(image), strict=True):
            assert one.entry == all_of_it.entry
            np.testing.assert_allclose(one.value, all_of_it.values[place], rtol=1e-5)
            if not math.isnan(all_of_it.expected_error[place]):
                np.testing.assert_allclose(one.expected_error, all_of_it.expected_error[place], rtol=1e-2)
            expected = all_of_it.units[place], all_of_it.states[place], all_of_it.spacing[place]
            assert (one.unit, one.state, one.spacing) == expected


def test_while_a_landmark_is_dragged_its_measurements_are_those_that_it_will_have(measured: Session):
    before, lines = values(measured, "apart"), len(measured.history())
    (shown,) = measured.preview_measurements("im1.png", "hilum", (61.5, 33.25))
    assert (values(measured, "apart"), len(measured.history())) == (before, lines)
    measured.move_placement("im1.png", "hilum", (61.5, 33.25))
    (kept,) = [one for one in measured.measurements_in("im1.png") if one.entry.name == "apart"]
    assert shown == kept


def test_a_renamed_landmark_breaks_nothing_and_a_deleted_one_is_told(measured: Session):
    before = values(measured, "apart")
    measured.update_landmark("hilum", name="the right hilum")
    assert measured.measurements[5].formula == 'distance("the right hilum", "left tip")'
    assert values(measured, "apart") == before
    measured.delete_landmark("the right hilum")
    assert measured.measurements[5].missing == ("the right hilum",)
    assert np.isnan(values(measured, "apart")).all()
    measured.update_measurement("apart", name="between")  # renaming needs no formula that can be computed
    assert np.isnan(measured.measurement("between").values).all()
    measured.undo()
    measured.undo()
    assert measured.measurements[5].missing == ()
    assert values(measured, "apart") == before


def changed_a_lot(session: Session) -> None:
    session.move_landmark("hilum", (0.6, -0.5))
    session.delete_landmark("left tip")
    session.start_predict(["im1.png", "im2.png"]).cancel()
    for name in ("im0.png", "im1.png"):
        session.take_in(Result(name, fake_predicted(session, name, 8)))


@pytest.mark.parametrize("by_reader", [False, True])
def test_what_was_accepted_keeps_its_values(measured: Session, bundle: Bundle, by_reader: bool):
    if by_reader:
        measured.set_mask("im1.png", "heart", drawn(measured, "im1.png"))
        measured.move_placement("im1.png", "left tip", (50, 40))
    measured.set_review("im1.png", "accepted")
    before = {one.entry.name: (one.values[1], one.states[1], one.units[1]) for one in measured.measure()}
    alone = [one[1:] for one in measured.measurements_in("im1.png")]
    changed_a_lot(measured)

    def check(session: Session) -> None:
        found = {one.entry.name: (one.values[1], one.states[1], one.units[1]) for one in session.measure()}
        assert repr(found) == repr(before)  # NaN is NaN
        assert repr([one[1:] for one in session.measurements_in("im1.png")]) == repr(alone)

    check(measured)
    measured.close()
    with Session.open(measured.path, model=bundle) as again:
        check(again)


@pytest.mark.parametrize("accepted", [False, True])
def test_predictions_of_earlier_versions_are_measured_by_their_masks(session: Session, bundle: Bundle, accepted: bool):
    session.start_predict(["im1.png"]).cancel()
    found = fake_predicted(session, "im1.png", 5)
    session.take_in(Result("im1.png", replace(found, prediction=replace(found.prediction, extents=None))))
    if accepted:
        session.set_review("im1.png", "accepted")
    session.close()
    with Session.open(session.path, model=bundle) as again:
        (alone, *_) = again.measurements_in("im1.png")
        wide = box(again, "im1.png", "heart")[0] / box(again, "im1.png", "right_lung", "left_lung")[0]
        same([alone.value, values(again, "ctr")[1]], [wide, wide])


def test_images_that_come_go_and_are_predicted_later_are_measured_in_their_places(measured: Session):
    before = {name: values(measured, name) for name in ("apart", "wide")}
    measured.remove_images("im0.png")
    for name, found in before.items():
        same(values(measured, name), found[1:])
    measured.undo()
    same(values(measured, "apart"), before["apart"])
    same(values(measured, "wide"), before["wide"])


def test_an_image_that_was_never_predicted_has_no_value_and_no_state(tmp_path: Path, bundle: Bundle):
    with make(tmp_path / "new.dsr", bundle, predicted=False) as session:
        session.define_measurement("x", "distance(heart_00, heart_01)")
        for name in ("ctr", "x"):
            found = session.measurement(name)
            assert np.isnan(found.values).all()
            assert found.states == (None,) * 3
        assert session.measurements_in("im0.png")[0].state is None


WRONG: tuple[tuple[Callable[[Session], object], str, int], ...] = (
    (lambda s: s.define_measurement("x", "width(spleen)"), "There is no structure “spleen”", 6),
    (lambda s: s.define_measurement("x", "2 * distance(heart_00, apex)"), "There is no landmark “apex”", 23),
    (lambda s: s.define_measurement("x", "width(heart) + area(thorax)"), "can’t be added", 13),
    (lambda s: s.define_measurement("x", "area(thorax)"), r"Write area\(right_lung\) \+ area\(left_lung\)", 5),
    (lambda s: s.define_measurement("x", "length(rim)"), "There is no curve “rim”", 7),
    (lambda s: s.update_measurement("ctr", formula="width(heart"), "There should be a “\\)”", 11),
)


@pytest.mark.parametrize(("act", "told", "place"), WRONG)
def test_a_formula_that_can_t_be_measured_is_refused_with_its_place(session: Session, act, told: str, place: int):
    before = session.measurements
    with pytest.raises(FormulaError, match=told) as caught:
        act(session)
    assert caught.value.place == place
    assert session.measurements == before


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda s: s.define_measurement("ctr", "width(heart)"), "There is a measurement “ctr” already"),
        (lambda s: s.update_measurement("lung_area_ratio", name="ctr"), "There is a measurement “ctr” already"),
        (lambda s: s.define_measurement("  ", "width(heart)"), "needs a name"),
        (lambda s: s.define_measurement("a\nb", "width(heart)"), "is no name"),
        (lambda s: s.measurement("cti"), "no measurement “cti”"),
        (lambda s: s.delete_measurement("cti"), "no measurement “cti”"),
    ],
)
def test_names_are_refused_that_are_taken_empty_or_unknown(session: Session, act, told: str):
    with pytest.raises(ValueError, match=told):
        act(session)


def test_the_model_s_measurements_that_a_project_lacks_are_offered_and_added_in_one_step(session: Session):
    for name in ("ctr", "clavicle_angle"):
        session.delete_measurement(name)
    session.delete_landmark("left_clavicle_22")  # the angle can't be had any more
    assert [one.name for one in session.offered_measurements] == ["ctr"]
    session.add_offered_measurements()
    assert [entry.name for entry in session.measurements][-1] == "ctr"
    session.undo()
    assert "ctr" not in [entry.name for entry in session.measurements]


def test_a_width_is_expected_to_miss_as_its_outermost_contour_points_do_and_drawn_masks_do_not(measured: Session):
    (wide,) = [one for one in measured.measurements_in("im0.png") if one.entry.name == "wide"]
    structure = measured.template.structure("heart")
    prediction, place = measured.prediction("im0.png"), measured.template.index("heart")
    xy, errors = (
        sample_chart(part[place], structure.outline_uv) for part in (prediction.charts, prediction.expected_error)
    )
    ends = errors[[xy[:, 0].argmin(), xy[:, 0].argmax()]]
    assert wide.expected_error == pytest.approx(ACROSS * np.sqrt(2 / np.pi) * np.hypot(*ends), rel=1e-2)
    measured.set_ends("im0.png", "heart", 0, ((30.5, 40), (80.5, 60)))
    (wide,) = [one for one in measured.measurements_in("im0.png") if one.entry.name == "wide"]
    assert wide.expected_error == 0
    measured.undo()
    measured.set_mask("im0.png", "heart", drawn(measured, "im0.png"))
    (wide,) = [one for one in measured.measurements_in("im0.png") if one.entry.name == "wide"]
    assert wide.expected_error == 0
