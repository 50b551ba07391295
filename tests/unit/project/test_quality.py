"""What is worth a look in a project: against the session's own answers, image by image, and kept up to date."""

from __future__ import annotations

import random

import numpy as np
import pytest

from app.core.landmark import ReviewState
from app.core.measure import pixel_sides
from app.core.quality import Finding, Measure, Reason
from app.project.quality import Quality
from app.project.session import Session
from tests.unit.store.fakes import fake_predict, hand_in


def all_of(session: Session, quality: Quality | None = None) -> list[Finding]:
    quality = quality or session.start_quality()
    assert quality.go_on()
    return [quality.finding(number) for number in quality.left(0.0).tolist()]


def of(found: list[Finding], reason: Reason, image: str = "") -> list[Finding]:
    return [one for one in found if one.reason is reason and image in ("", one.image)]


@pytest.fixture
def large(session: Session) -> Session:
    """One image with pixels so large that the errors of 1 to 4 pixels count, one where they are unknown."""
    session.set_spacing("im1.png", row_mm=4.0, column_mm=9.0)
    return session


def test_the_least_certain_point_of_each_structure_is_told_with_its_place_in_mm(large: Session) -> None:
    found = all_of(large)
    told = {(one.structure): one for one in of(found, Reason.UNCERTAIN, "im1.png")}
    frame = large.image("im1.png").frame
    mm = float(np.sqrt(np.prod(pixel_sides(frame)[:2])))
    assert mm == 6.0
    for structure in large.template.structures:
        here = [p for p in large.placements_in("im1.png") if p.landmark.structure == structure.name]
        errors = np.array([p.expected_error for p in here])
        if np.isnan(errors).all():
            assert structure.name not in told
            continue
        worst, one = here[int(np.nanargmax(errors))], told[structure.name]
        assert one.severity == pytest.approx(mm * np.nanmax(errors), rel=1e-3)
        assert one.measure is Measure.MM
        assert one.score == pytest.approx(one.severity / 10, rel=1e-3)
        np.testing.assert_allclose(one.xy, worst.xy, atol=0.01)
    assert len(told) >= 4
    # 1 to 4 px of a diagonal of 439 px count for less than half of 2 %, where the size is unknown
    assert not of(found, Reason.UNCERTAIN, "im0.png")
    scores = [one.score for one in found]
    images = [one.image for one in found]
    for image in set(images):
        assert (
            sorted(s for s, i in zip(scores, images, strict=True) if i == image)
            == [s for s, i in zip(scores, images, strict=True) if i == image][::-1]
        )


def test_what_a_reader_corrected_said_or_decided_is_not_told_again(large: Session) -> None:
    quality = large.start_quality()
    large.changed.connect(quality.follow)
    first = next(one for one in all_of(large, quality) if one.structure == "heart" and one.image == "im1.png")
    mark = next(mark for mark in large.landmarks if large._state.rows.number(mark.name) == first.landmark)
    large.confirm_placement("im1.png", mark.name)
    again = [one for one in all_of(large, quality) if one.key == first.key]
    assert all(one.landmark != first.landmark and one.severity <= first.severity for one in again)
    large.set_review("im1.png", ReviewState.ACCEPTED, structure="heart")
    assert first.key not in [one.key for one in all_of(large, quality)]
    large.set_mask_absent("im1.png", "left_lung")
    assert not [one for one in all_of(large, quality) if one.structure == "left_lung" and one.image == "im1.png"]
    assert [one for one in of(all_of(large, quality), Reason.UNCERTAIN, "im1.png") if one.structure == "right_lung"]
    drawn = large.mask("im1.png", "right_lung").copy()
    drawn[np.nonzero(drawn)[0][0]] = False  # its uppermost row
    large.set_mask("im1.png", "right_lung", drawn)
    for found in (all_of(large, quality), all_of(large)):
        assert not [one for one in of(found, Reason.UNCERTAIN, "im1.png") if one.structure == "right_lung"]
    large.set_review("im1.png", ReviewState.REJECTED)
    assert not of(all_of(large, quality), Reason.UNCERTAIN, "im1.png")


def test_a_landmark_that_came_after_accepting_is_told_there_alone(large: Session) -> None:
    large.set_review("im1.png", ReviewState.ACCEPTED)
    assert not of(all_of(large), Reason.NEW)
    large.define_landmark("apex", "heart", (0.25, 0.5))
    large.define_landmark("base", "heart", (-0.25, 0.5))
    (one,) = of(all_of(large), Reason.NEW)
    errors = {name: large.placements(name).expected_error[1] for name in ("apex", "base")}
    worst = max(errors, key=lambda name: errors[name])
    assert (one.image, large.landmark_of(one)) == ("im1.png", large.landmark(worst))
    assert one.score >= 1
    assert {f.reason for f in all_of(large) if f.image == "im1.png"} == {Reason.NEW}


def test_an_odd_image_is_told_as_a_whole_and_nothing_else_of_it_until_it_is_left_as_it_is(large: Session) -> None:
    hand_in(large, "im1.png", 11, suspect="mirrored")
    (one,) = [found for found in all_of(large) if found.image == "im1.png"]
    assert one.reason is Reason.SUSPECT
    assert all_of(large)[0] == one or all_of(large)[0].reason is Reason.SUSPECT
    assert np.isnan(one.xy).all()
    large.leave_as_is("im1.png")
    assert of(all_of(large), Reason.UNCERTAIN, "im1.png")


def test_masks_in_pieces_and_masks_beside_their_contour_points_are_told_where_a_reader_drew_them(large: Session):
    mask = large.mask("im1.png", "heart").copy()
    assert not of(all_of(large), Reason.APART)
    rows = np.nonzero(mask)[0]
    low = int(rows.max())
    mask[low - 14 : low + 1] = False  # 15 rows of 6 mm are gone at the bottom
    mask[5:9, 12:18] = True
    large.set_mask("im1.png", "heart", mask)
    found = all_of(large)
    (piece,) = of(found, Reason.PIECES)
    assert (piece.image, piece.structure, piece.severity) == ("im1.png", "heart", 2)
    np.testing.assert_allclose(piece.xy, (14.5, 6.5))
    (apart,) = of(found, Reason.APART)
    assert (apart.image, apart.structure) == ("im1.png", "heart")
    assert apart.severity == pytest.approx(6 * 15, rel=0.2)
    assert apart.xy[1] == pytest.approx(low, abs=4)
    point = next(mark.name for mark in large.landmarks if mark.structure == "right_lung")
    large.move_placement("im1.png", point, (5.0, 5.0))  # far from its border, which stays
    assert {one.structure for one in of(all_of(large), Reason.APART)} == {"heart", "right_lung"}


def test_a_measurement_far_from_the_others_is_told_and_no_more_once_somebody_touched_it(session: Session, tmp_path):
    from tests.unit.store.fakes import write_images

    session.add_images([write_images(tmp_path / "more" / "images", 12)])
    fake_predict(session)
    session.define_landmark("tip", "right_clavicle", (0.25, 0.25))
    session.define_landmark("other", "right_clavicle", (-0.25, 0.25))
    session.define_measurement("apart", "distance(tip, other)")
    image = session.images[5]
    state = session._state
    row = next(row for row in state.rows.measurements.values() if row.name == "apart")
    values = session.measurement("apart").values
    found = [one for one in of(all_of(session), Reason.OUTLIER) if one.measurement == row.number]
    known = values[~np.isnan(values)]
    z = (values - np.median(known)) / (1.4826 * np.median(np.abs(known - np.median(known))))
    expected = {name: z[i] for i, name in enumerate(session.images) if abs(z[i]) >= 1.75}
    assert {one.image: pytest.approx(one.severity, rel=1e-4) for one in found} == expected
    assert expected
    for one in found:
        ends = [session.placements(name).xy[session.images.index(one.image)] for name in ("tip", "other")]
        np.testing.assert_allclose(one.xy, np.mean(ends, axis=0), atol=0.01)
    image = found[0].image
    session.confirm_placement(image, "tip")
    assert image not in [one.image for one in of(all_of(session), Reason.OUTLIER) if one.measurement == row.number]


@pytest.mark.parametrize("seed", range(3))
def test_followed_change_by_change_it_is_what_looking_anew_finds(large: Session, seed: int) -> None:
    rng, quality = random.Random(seed), large.start_quality()
    large.changed.connect(quality.follow)
    large.define_landmark("apex", "heart", (0.25, 0.5))
    points = [mark.name for mark in large.landmarks]

    def act() -> None:
        image, point = rng.choice(large.images), rng.choice(points)
        structure = rng.choice(large.template.structures).name
        mask = np.zeros((300, 320), bool)
        mask[20 : rng.randint(30, 200), 40 : rng.randint(60, 250)] = True
        rng.choice(
            [
                lambda: large.move_placement(image, point, (rng.uniform(0, 300), rng.uniform(0, 290))),
                lambda: large.confirm_placement(image, point),
                lambda: large.set_absent(image, point),
                lambda: large.reset_placement(image, point),
                lambda: large.set_mask(image, structure, mask),
                lambda: large.set_mask_absent(image, structure),
                lambda: large.reset_mask(image, structure),
                lambda: large.set_review(image, rng.choice(list(ReviewState))),
                lambda: large.set_review(image, rng.choice(list(ReviewState)), structure=structure),
                lambda: large.set_spacing(image, rng.uniform(1, 5), rng.uniform(1, 5)),
                lambda: large.define_landmark(f"new {rng.random()}", structure, (rng.uniform(-1, 1), 0.0)),
                large.undo,
            ]
        )()

    def told(found: list[Finding]) -> list[tuple[object, ...]]:
        # The spread of measurements is found anew with all images alone.
        kept = [one for one in found if one.reason is not Reason.OUTLIER]
        return sorted((*one.key, one.landmark, round(one.severity, 2), round(one.score, 3)) for one in kept)

    for _ in range(25):
        try:
            act()
        except ValueError:
            continue  # locked, or nothing to do
        quality.go_on(0.0005)
    assert told(all_of(large, quality)) == told(all_of(large))
