"""Imports as corrections and as opinions beside ours: kept, undone, compared, taken over."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.annotation import AnnotatedMask, AnnotatedPoint, ImageAnnotations, ImageReference, PackedMask
from app.core.landmark import PlacementState
from app.core.masks import MaskState
from app.core.metrics import dice
from app.io.bundle import Bundle
from app.jobs import Finished, Result
from app.project.changes import AnnotationsChanged, OpinionsChanged
from app.project.session import Session
from tests.unit.store.fakes import fake_predict, snapshot


def blob(left=41, top=30):
    mask = np.zeros((300, 320), bool)
    mask[top : top + 90, left : left + 33] = mask[top + 60 : top + 66, left : left + 120] = True
    return mask


def said(image="im1.png", points=(), masks=(), file="theirs.json"):
    return ImageAnnotations(ImageReference(image), points, masks, file)


def at(name, x, y, state=None):
    return AnnotatedPoint(name, np.array([x, y]), state=state)


def drawn(structure, mask=None, **more):
    return AnnotatedMask(structure, PackedMask.of(blob() if mask is None else mask), **more)


@pytest.fixture
def ready(session: Session) -> Session:
    session.define_landmark("hilum", "right_lung", (0.125, 0.25))
    session.define_landmark("apex", "heart", (0.0, -0.75))
    return session


def places(session, image):
    return {p.landmark.name: p for p in session.placements_in(image)}


def test_corrections_come_in_as_one_undo_step_and_are_there_after_reopening(ready: Session, bundle: Bundle):
    before = snapshot(ready)
    read = [
        said("im1", [at("hilum", 50.5, 40.25), AnnotatedPoint("apex", None)], [drawn("heart")]),
        said("im2", [at("hilum", 60.25, 44.5)], [AnnotatedMask("left_lung")]),
    ]
    report = ready.import_annotations(read, source="theirs.json")
    assert isinstance(report.change, AnnotationsChanged)
    assert (report.placements, report.masks, report.same, report.plan.corrections_kept) == (3, 2, 0, 0)
    now = places(ready, "im1.png")
    assert now["hilum"].xy.tolist() == [50.5, 40.25]
    assert (now["hilum"].state, now["apex"].state) == (PlacementState.CORRECTED, PlacementState.ABSENT)
    np.testing.assert_array_equal(ready.mask("im1.png", "heart"), blob())
    assert ready.mask_state("im2.png", "left_lung") is MaskState.ABSENT
    assert ready.history()[-1].label == "Import 3 placements and 2 masks in 2 images from theirs.json as corrections"
    after = snapshot(ready)
    ready.close()
    with Session.open(ready.path, model=bundle) as again:
        assert snapshot(again) == after
        again.undo()
        assert snapshot(again) == before
        again.redo()
        assert snapshot(again) == after


def test_what_readers_said_and_accepted_images_stay_and_are_told(ready: Session):
    ready.move_placement("im0.png", "hilum", (70.5, 80.25))
    ready.set_mask("im0.png", "left_lung", blob(150, 20))
    ready.set_review("im0.png", "accepted", structure="heart")
    ready.set_review("im2.png", "accepted")
    masks = [drawn("left_lung"), drawn("heart"), drawn("right_lung")]
    read = [said(f"im{i}", [at("hilum", 50, 40), at("apex", 60, 45)], masks) for i in range(3)]
    report = ready.import_annotations(read)
    assert report.plan.kept == {"im0.png": ("hilum", "left_lung", "heart")}
    assert report.plan.locked == ("im2.png",)
    assert (report.placements, report.masks) == (1 + 2, 1 + 3)
    assert places(ready, "im0.png")["hilum"].xy.tolist() == [70.5, 80.25]
    np.testing.assert_array_equal(ready.mask("im0.png", "left_lung"), blob(150, 20))
    over = ready.import_annotations(read, over=True)
    assert over.plan.locked == ("im2.png",)
    assert (over.placements, over.masks, over.same) == (1, 2, 2 + 1 + 1 + 3)
    assert places(ready, "im0.png")["hilum"].xy.tolist() == [50, 40]
    assert ready.image("im0.png").structures[0].state.value == "in_progress"  # that was said of another mask


def test_what_is_here_already_is_no_correction(ready: Session):
    there = places(ready, "im1.png")["hilum"]
    mask = ready.mask("im1.png", "heart")
    lines = len(ready.history())
    read = [said("im1", [at("hilum", *(there.xy + 0.004))], [drawn("heart", mask)])]
    report = ready.import_annotations(read)
    assert (report.change, report.same, report.placements, report.masks) == (None, 2, 0, 0)
    assert len(ready.history()) == lines
    by_reader = [said("im1", [at("hilum", *there.xy, PlacementState.CONFIRMED)])]
    assert ready.import_annotations(by_reader).placements == 1
    assert places(ready, "im1.png")["hilum"].state is PlacementState.CONFIRMED


def test_an_opinion_stands_beside_ours_and_changes_nothing_of_it(ready: Session, bundle: Bundle):
    ready.set_review("im2.png", "accepted")
    before = snapshot(ready)
    told = []
    ready.changed.connect(told.append)
    read = [said(f"im{i}", [at("hilum", 50 + i, 40, PlacementState.PREDICTED)], [drawn("heart")]) for i in (1, 2)]
    report = ready.import_annotations(read, "Dr. Nnu", source="out")
    assert [type(change) for change in told] == [OpinionsChanged]
    assert (report.placements, report.masks) == (2, 2)
    now = snapshot(ready)
    assert {key: now[key] for key in before} == before
    assert ready.opinions == ("Dr. Nnu",)
    assert ready.opinion_images("Dr. Nnu") == ("im1.png", "im2.png")
    (point,) = ready.opinion_placements("Dr. Nnu", "im2.png")
    assert (point.landmark, point.state, point.xy.tolist()) == ("hilum", PlacementState.PREDICTED, [52, 40])
    np.testing.assert_array_equal(ready.opinion_mask("Dr. Nnu", "im1.png", "heart"), blob())
    assert ready.opinion_mask("Dr. Nnu", "im1.png", "left_lung") is None
    assert ready.opinion_placements("Dr. Nnu", "im0.png") == []
    ready.import_annotations([said("im1", [at("hilum", 90, 91)])], "Dr. Nnu")  # it changed its mind
    assert ready.opinion_placements("Dr. Nnu", "im1.png")[0].xy.tolist() == [90, 91]
    ready.rename_image("im1.png", "ward/im1.png")
    assert ready.opinion_images("Dr. Nnu") == ("ward/im1.png", "im2.png")
    assert ready.opinion_placements("Dr. Nnu", "ward/im1.png")[0].xy.tolist() == [90, 91]
    ready.close()
    with Session.open(ready.path, model=bundle) as again:
        assert again.opinion_images("Dr. Nnu") == ("ward/im1.png", "im2.png")
        again.delete_opinion("Dr. Nnu")
        assert again.opinions == ()
        again.undo()
        assert again.opinion_placements("Dr. Nnu", "im2.png")[0].xy.tolist() == [52, 40]
        again.delete_landmark("hilum")
        assert again.opinion_placements("Dr. Nnu", "im2.png") == []
        assert again.opinion_mask("Dr. Nnu", "im2.png", "heart") is not None


@pytest.mark.parametrize("name", ["", "  ", "corrections ", "two\nlines"])
def test_an_opinion_needs_a_name(ready: Session, name: str):
    with pytest.raises(ValueError, match="can’t name a reader"):
        ready.import_annotations([said(points=[at("hilum", 3, 4)])], name)
    assert ready.opinions == ()


def test_an_outline_without_a_pixel_is_told_and_nothing_comes_of_it(ready: Session):
    outside = AnnotatedMask("heart", outlines=[np.array([[400.0, 10], [420, 10], [410, 30]])])
    report = ready.import_annotations([said("im1", [at("hilum", 3, 4)], [outside])])
    assert report.empty == [("im1.png", "heart")]
    assert (report.placements, report.masks) == (1, 0)
    assert ready.mask_state("im1.png", "heart") is MaskState.PREDICTED


def test_many_come_in_little_by_little_and_cancelled_nothing_does(ready: Session):
    before = snapshot(ready)
    read = [said(f"im{i}", [at("hilum", 50 + i, 40)], [drawn("heart")]) for i in range(3)]
    job = ready.start_import(ready.match_annotations(read), source="theirs.json")
    job.go_on(0.0)
    job.cancel()
    job.go_on(0.0)
    assert snapshot(ready) == before
    job = ready.start_import(ready.match_annotations(read), source="theirs.json")
    while not job.go_on(0.0):
        pass
    events = list(job)
    (result,) = [event.value for event in events if isinstance(event, Result)]
    assert isinstance(events[-1], Finished)
    assert (result.placements, result.masks) == (3, 3)
    assert result.change.images == ready.images
    ready.undo()
    assert snapshot(ready) == before


def test_an_opinion_is_compared_with_what_counts_here(ready: Session):
    ready.move_placement("im1.png", "hilum", (50.0, 40.0))
    ready.move_placement("im2.png", "hilum", (70.0, 90.0))
    ready.set_absent("im2.png", "apex")
    ready.set_mask("im1.png", "heart", blob())
    for image in ready.images:
        ready.set_spacing(image, 0.25, 0.5)
    moved = blob(45, 33)
    read = [
        said("im1", [at("hilum", 56.0, 56.0)], [drawn("heart", moved)]),
        said("im2", [at("hilum", 70.0, 98.0), at("apex", 10, 11)], [AnnotatedMask("right_lung")]),
    ]
    ready.import_annotations(read, "Bea")
    found = ready.compare_opinion("Bea")
    apex, hilum = found.landmarks
    assert (apex.name, apex.worst.absent) == ("apex", "ours")
    assert [(pair.image, pair.distance(True)) for pair in hilum.pairs] == [("im1.png", 5.0), ("im2.png", 2.0)]
    assert [limits.bias for limits in hilum.limits] == [1.5, 3.0]
    lung, heart = found.structures
    assert (lung.name, lung.worst.absent) == ("right_lung", "theirs")
    assert heart.mean == pytest.approx(dice(blob(), moved))
    assert heart.limits[0].bias == 0.0
    assert ready.compare_opinion("Bea", ["im2.png"]).landmarks[1].mean == 2.0


def test_an_opinion_is_taken_over_one_by_one_and_whole(ready: Session):
    ready.move_placement("im1.png", "apex", (20.5, 30.5))
    read = [said(f"im{i}", [at("hilum", 50 + i, 40), at("apex", 60, 45)], [drawn("heart")]) for i in range(3)]
    ready.import_annotations(read, "Bea")
    before = snapshot(ready)
    one = ready.take_over("Bea", "im2.png", landmark="hilum")
    assert one.placements == 1
    assert places(ready, "im2.png")["hilum"].xy.tolist() == [52, 40]
    assert places(ready, "im2.png")["hilum"].reader == "Ann"
    assert ready.history()[-1].label == "Take over “hilum” in im2 from Bea"
    ready.undo()
    assert snapshot(ready) == before
    mask = ready.take_over("Bea", "im1.png", structure="heart")
    assert (mask.placements, mask.masks) == (0, 1)
    np.testing.assert_array_equal(ready.mask("im1.png", "heart"), blob())
    whole = ready.take_over("Bea")
    assert whole.plan.kept == {"im1.png": ("apex",)}
    assert (whole.placements, whole.masks, whole.same) == (5, 2, 1)
    assert ready.take_over("Bea", "im1.png", landmark="apex", over=True).placements == 1
    assert places(ready, "im1.png")["apex"].xy.tolist() == [60, 45]
    ready.set_review("im0.png", "accepted")
    with pytest.raises(ValueError, match=r"“im0\.png” is accepted and locked"):
        ready.take_over("Bea", "im0.png")


def test_an_image_that_was_never_read_takes_points_and_tells_of_masks(ready: Session):
    (added,) = ready.add_images([ready.path.parent / "images"]).known[:1]
    assert added == "im0.png"
    path = ready.image("im0.png").path.with_name("late.png")
    path.write_bytes(ready.image("im0.png").path.read_bytes())
    ready.add_images([path])
    report = ready.match_annotations([said("late", [at("hilum", 3, 4)], [drawn("heart")])])
    assert [*report.images[0].points] == ["hilum"]
    assert not report.images[0].masks
    assert "Predict it first" in report.unmatched[0].sentence
    fake_predict(ready)
    assert ready.match_annotations([said("late", (), [drawn("heart")])]).masks == 1


def test_taking_over_tells_a_landmark_from_a_structure_of_its_name(ready: Session):
    ready.define_landmark("heart", "heart", (0.25, 0.125))
    points = [at("hilum", 50, 40), at("heart", 61, 45)]
    ready.import_annotations([said("im1", points, [drawn("heart"), drawn("right_lung")])], "Bea")
    one = ready.take_over("Bea", landmark="heart")
    assert (one.placements, one.masks) == (1, 0)
    assert ready.take_over("Bea", structure="heart").masks == 1
    both = ready.take_over("Bea", landmark="hilum", structure="right_lung")
    assert (both.placements, both.masks) == (1, 1)
    assert ready.history()[-1].label == "Take over “hilum” and “right_lung” in im1 from Bea"


@pytest.mark.parametrize(
    ("opinion", "what", "sentence"),
    [
        ("Cem", {}, "The project has no opinion of “Cem”"),
        ("Bea", {"landmark": "heart"}, "The project has no landmark “heart”"),
        ("Bea", {"structure": "hilum"}, "The template has no structure “hilum”"),
    ],
)
def test_what_is_not_there_is_not_taken_over(ready: Session, opinion, what, sentence):
    ready.import_annotations([said("im1", [at("hilum", 50, 40)], [drawn("heart")])], "Bea")
    with pytest.raises(ValueError, match=sentence):
        ready.take_over(opinion, **what)


def test_a_place_outside_the_picture_is_no_correction_but_an_opinion(ready: Session):
    read = [said("im1", [at("hilum", 1e8, -5), at("apex", 31.5, 45)]), said("im2", [at("hilum", 319.6, 5)])]
    report = ready.import_annotations(read)
    assert report.placements == 1
    assert places(ready, "im1.png")["hilum"].state is PlacementState.PREDICTED
    (told,) = report.plan.outside
    assert (told.what, told.images) == ("hilum", ("im1.png", "im2.png"))
    assert "outside the picture" in told.sentence
    assert ready.import_annotations(read, "Bea").placements == 3
    taken = ready.take_over("Bea", "im1.png", landmark="hilum")
    assert (taken.placements, len(taken.plan.outside)) == (0, 1)
