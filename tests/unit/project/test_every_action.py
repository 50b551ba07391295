"""What holds for every action: it is told, kept, undone, refused where an image is locked or nothing may be changed."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from app.core.annotation import AnnotatedMask, AnnotatedPoint, ImageAnnotations, ImageReference, PackedMask
from app.core.landmark import Landmark
from app.io.bundle import Bundle
from app.jobs import Result
from app.project.adding import FoundImages
from app.project.changes import (
    AnnotationsChanged,
    CalipersChanged,
    Change,
    CorrectionsChanged,
    ImagesChanged,
    LandmarksChanged,
    MasksChanged,
    MeasurementsChanged,
    OpinionsChanged,
    OrientationChanged,
    PlacementNudged,
    PlacementsChanged,
    RegionsChanged,
    ReviewsChanged,
    SpacingChanged,
)
from app.project.session import Session
from tests.unit.store.fakes import fake_predicted, snapshot, write_images

Do = Callable[[Session], object]
ENDS = ((60.5, 80.25), (190.25, 120.0))
BAND = ((-0.5, -0.25), (0.25, -0.125), (0.5, 0.25))


@dataclass(frozen=True)
class Case:
    """One action: what it does, and what it must tell.

    Attributes
    ----------
    method : str
        Of `Session`.
    kind : type of Change
        Of the change that is told.
    act, before : callable
        The action, and what must be done before it.
    locked : bool
        Whether an accepted image refuses it.
    called : tuple of str
        The images once it is undone, where they are called otherwise.
    """

    method: str
    act: Do
    kind: type[Change]
    images: tuple[str, ...]
    landmarks: tuple[str, ...]
    label: str
    locked: bool = True
    before: Do = lambda session: None
    called: tuple[str, ...] = ()


def another_file(session: Session) -> None:
    take(session, 77, "")


def suspect(session: Session) -> None:
    take(session, 1, "It is odd.")


def take(session: Session, seed: int, words: str) -> None:
    """Another prediction of im1.png, as the engine hands it in."""
    session.start_predict(["im1.png"]).cancel()
    found = fake_predicted(session, "im1.png", seed)
    found = replace(found, prediction=replace(found.prediction, suspect=words))
    session.take_in(Result("im1.png", found))


def moved_away(session: Session) -> None:
    path = session.image("im1.png").path
    path.rename(path.with_name("renamed.png"))
    session.check_files()


def renamed(session: Session) -> Path:
    return session.path.parent / "images" / "renamed.png"


def more(session: Session) -> Path:
    return write_images(session.path.parent / "more", 1).rename(session.path.parent / "others")


def searched(session: Session, folder: Path) -> FoundImages:
    (found,) = [event.value for event in session.start_add([folder]) if isinstance(event, Result)]
    assert isinstance(found, FoundImages)
    return found


def drawn(session: Session) -> np.ndarray:
    """A mask of im1.png without symmetry."""
    frame = session.image("im1.png").frame
    assert frame is not None
    mask = np.zeros((frame.height, frame.width), bool)
    mask[20:71, 31:44] = True
    mask[60:66, 40:90] = True
    return mask


def opinion(session: Session) -> list[ImageAnnotations]:
    """What Cem says of im1.png."""
    points = [AnnotatedPoint("heart_03", np.array([77.5, 123.25]))]
    masks = [AnnotatedMask("heart", PackedMask.of(drawn(session)))]
    return [ImageAnnotations(ImageReference("im1.png"), points, masks, "points.csv")]


def brought_in(session: Session) -> None:
    session.import_annotations(opinion(session), "Cem")


MARK = Landmark("carina", "heart", 0.25, -0.5)
ONE = ("im1.png",)
CASES = (
    Case("add_images", lambda s: s.add_images(more(s)), ImagesChanged, ("others/im0.png",), (), "Add others/im0",
         locked=False),
    Case("take_added", lambda s: s.take_added(searched(s, more(s))), ImagesChanged, ("others/im0.png",), (),
         "Add others/im0", locked=False),
    Case("remove_images", lambda s: s.remove_images("im1.png"), ImagesChanged, ONE, (), "Remove im1"),
    Case("rename_image", lambda s: s.rename_image("im1.png", "a/é.png"), ImagesChanged, ("a/é.png",), (),
         "Rename “im1.png” to “a/é.png”", called=ONE),
    Case("take_moved", lambda s: s.take_moved({"im1.png": renamed(s)}), ImagesChanged, ONE, (),
         "Find im1 in another place", locked=False, before=moved_away),
    Case("set_spacing", lambda s: s.set_spacing("im1.png", 0.5, 0.25), SpacingChanged, ONE, (),
         "Set the pixel size of im1"),
    Case("reset_spacing", lambda s: s.reset_spacing("im1.png"), SpacingChanged, ONE, (), "Reset the pixel size of im1",
         before=lambda s: s.set_spacing("im1.png", 0.5, 0.25)),
    Case("set_orientation", lambda s: s.set_orientation("im1.png", 1, inverted=True), OrientationChanged, ONE, (),
         "Orientation of im1: turned right by 90°, inverted"),
    Case("define_landmark", lambda s: s.define_landmark("carina", "heart", (0.25, -0.5)), LandmarksChanged, (),
         ("carina",), "Define “carina”", locked=False),
    Case("add_landmark_set", lambda s: s.add_landmark_set([MARK, replace(MARK, name="apex")]), LandmarksChanged, (),
         ("carina", "apex"), "Add 2 landmarks", locked=False),
    Case("update_landmark", lambda s: s.update_landmark("hilum", name="hilus"), LandmarksChanged, (),
         ("hilum", "hilus"), "Rename “hilum” to “hilus”", locked=False),
    Case("move_landmark", lambda s: s.move_landmark("hilum", (0.5, 0.5)), LandmarksChanged, (), ("hilum",),
         "Move “hilum” on the template", locked=False),
    Case("order_landmark", lambda s: s.order_landmark("hilum", "heart_00", "mine"), LandmarksChanged, (), ("hilum",),
         "Move “hilum” in the list", locked=False),
    Case("delete_landmark", lambda s: s.delete_landmark("hilum"), LandmarksChanged, (), ("hilum",), "Delete “hilum”",
         locked=False),
    Case("move_placement", lambda s: s.move_placement("im1.png", "hilum", (7, 11)), PlacementsChanged, ONE, ("hilum",),
         "Move “hilum” in im1"),
    Case("nudge_placement", lambda s: s.nudge_placement("im1.png", "hilum", (1, -2)), PlacementNudged, ONE, ("hilum",),
         "Nudge “hilum” in im1"),
    Case("set_absent", lambda s: s.set_absent("im1.png", "hilum"), PlacementsChanged, ONE, ("hilum",),
         "Set “hilum” absent in im1"),
    Case("confirm_placement", lambda s: s.confirm_placement("im1.png", "hilum"), PlacementsChanged, ONE, ("hilum",),
         "Confirm “hilum” in im1"),
    Case("reset_placement", lambda s: s.reset_placement("im1.png", "hilum"), PlacementsChanged, ONE, ("hilum",),
         "Reset “hilum” in im1"),
    Case("set_mask", lambda s: s.set_mask("im1.png", "heart", drawn(s)), MasksChanged, ONE, (),
         "Correct the heart in im1"),
    Case("set_mask_absent", lambda s: s.set_mask_absent("im1.png", "heart"), MasksChanged, ONE, (),
         "Set the heart absent in im1"),
    Case("reset_mask", lambda s: s.reset_mask("im1.png", "heart"), MasksChanged, ONE, (),
         "Go back to the predicted heart in im1", before=lambda s: s.set_mask("im1.png", "heart", drawn(s))),
    Case("set_ends", lambda s: s.set_ends("im1.png", "heart", 0, ENDS), CalipersChanged, ONE, (),
         "Move an end of “heart” along x in im1"),
    Case("reset_ends", lambda s: s.reset_ends("im1.png", "heart", 0), CalipersChanged, ONE, (),
         "Go back to the measured ends of “heart” in im1", before=lambda s: s.set_ends("im1.png", "heart", 0, ENDS)),
    Case("define_measurement", lambda s: s.define_measurement("reach", "distance(hilum, heart_00)"),
         MeasurementsChanged, (), (), "Define the measurement “reach”", locked=False),
    Case("update_measurement", lambda s: s.update_measurement("ctr", formula="height(heart) / width(thorax)"),
         MeasurementsChanged, (), (), "Change the formula of “ctr”", locked=False),
    Case("update_measurement", lambda s: s.update_measurement("ctr", name="cti"), MeasurementsChanged, (), (),
         "Rename the measurement “ctr” to “cti”", locked=False),
    Case("delete_measurement", lambda s: s.delete_measurement("ctr"), MeasurementsChanged, (), (),
         "Delete the measurement “ctr”", locked=False),
    Case("define_region", lambda s: s.define_region("band", "heart", BAND), RegionsChanged, (), (),
         "Draw the region “band”", locked=False),
    Case("update_region", lambda s: s.update_region("band", name="strip", colour="#123456"), RegionsChanged, (), (),
         "Rename the curve “band” to “strip”", locked=False,
         before=lambda s: s.define_region("band", "heart", BAND, closed=False)),
    Case("update_region", lambda s: s.update_region("band", hidden=True), RegionsChanged, (), (),
         "Hide the region “band”", locked=False, before=lambda s: s.define_region("band", "heart", BAND)),
    Case("delete_region", lambda s: s.delete_region("band"), RegionsChanged, (), (),
         "Delete the region “band”", locked=False, before=lambda s: s.define_region("band", "heart", BAND)),
    Case("add_offered_regions", lambda s: s.add_offered_regions(), RegionsChanged, (), (), "Add 6 regions",
         locked=False),
    Case("add_offered_measurements", lambda s: s.add_offered_measurements(), MeasurementsChanged, (), (),
         "Define the measurement “ctr”", locked=False, before=lambda s: s.delete_measurement("ctr")),
    Case("set_review", lambda s: s.set_review("im1.png", "rejected", "blurred"), ReviewsChanged, ONE, (),
         "Set im1 to rejected", locked=False),
    Case("set_review", lambda s: s.set_review("im1.png", "rejected", "leaks", structure="heart"),
         ReviewsChanged, ONE, (), "Set heart in im1 to rejected"),
    Case("leave_as_is", lambda s: s.leave_as_is("im1.png"), ReviewsChanged, ONE, (), "Leave im1 as it is",
         before=suspect),
    Case("keep_corrections", lambda s: s.keep_corrections("im1.png"), CorrectionsChanged, ONE, (),
         "Keep the corrections of im1", before=another_file),
    Case("drop_corrections", lambda s: s.drop_corrections("im1.png"), CorrectionsChanged, ONE, (),
         "Drop the corrections of im1", before=another_file),
    Case("import_annotations", lambda s: s.import_annotations(opinion(s), "Cem", source="points.csv"), OpinionsChanged,
         ONE, (), "Import 1 placement and 1 mask in im1 from points.csv as the opinion of Cem", locked=False),
    Case("take_over", lambda s: s.take_over("Cem", over=True), AnnotationsChanged, ONE, (),
         "Take over 1 placement and 1 mask in im1 from Cem", before=brought_in),
    Case("delete_opinion", lambda s: s.delete_opinion("Cem"), OpinionsChanged, ONE, (), "Delete the opinion of Cem",
         locked=False, before=brought_in),
)  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)


@pytest.fixture
def ready(session: Session) -> Session:
    """A landmark at the right hilum, corrected in im1.png by Ann; now Bea reads."""
    session.define_landmark("hilum", "right_lung", (0.125, 0.25))
    session.move_placement("im1.png", "hilum", (50.5, 40.25))
    session.reader = "Bea"
    return session


def told_by(session: Session) -> list[Change]:
    found: list[Change] = []
    session.changed.connect(found.append)
    return found


def test_every_action_of_a_session_is_here():
    parts = [Path(inspect.getfile(part)) for part in Session.__mro__ if part.__module__.startswith("app.project.")]
    acting = {
        method.name
        for path in parts
        for method in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(method, ast.FunctionDef)
        and any(isinstance(part, ast.Attribute) and part.attr == "_act" for part in ast.walk(method))
    }
    by_another = {"move_landmark", "add_images"}  # through `update_landmark` and `take_added`
    assert acting | by_another == {case.method for case in CASES}


@every_case
def test_an_action_is_told_once_kept_and_undone(ready: Session, bundle: Bundle, case: Case):
    case.before(ready)
    before, told = snapshot(ready), told_by(ready)
    answer = case.act(ready)
    expected = case.kind(case.images, case.landmarks, case.label)
    assert told == [expected]
    assert getattr(answer, "change", answer) is told[0]  # a report holds it
    after, last = snapshot(ready), ready.history()[-1]
    if case.method not in ("leave_as_is", "keep_corrections", "take_moved"):  # those change what is said of files alone
        assert after != before
    assert (last.reader, last.label, last.undone) == ("Bea", case.label, False)
    ready.close()
    with Session.open(ready.path, model=bundle) as again:
        assert snapshot(again) == after
        told = told_by(again)
        undone = again.undo()
        assert again.redo_label == case.label
        assert snapshot(again) == before
        redone = again.redo()
        assert again.undo_label == case.label
        assert snapshot(again) == after
        assert undone == replace(expected, images=case.called or case.images)
        assert redone == expected
        assert told == [undone, redone]


@every_case
def test_an_accepted_image_refuses_what_would_change_it(ready: Session, case: Case):
    if not case.locked:
        ready.set_review("im1.png", "accepted")
        case.before(ready)
        told = told_by(ready)
        case.act(ready)
        assert len(told) == 1
        return
    case.before(ready)
    ready.set_review("im1.png", "accepted", although_suspect=True)
    before, told, lines = snapshot(ready), told_by(ready), len(ready.history())
    with pytest.raises(ValueError, match=r"“im1\.png” is accepted and locked"):
        case.act(ready)
    assert not told
    assert snapshot(ready) == before
    assert len(ready.history()) == lines


@every_case
def test_a_project_for_reading_refuses_every_action(ready: Session, bundle: Bundle, case: Case):
    case.before(ready)
    ready.close()
    before = ready.path.read_bytes()
    with Session.open(ready.path, read_only=True, model=bundle) as reader:
        shown, told = snapshot(reader), told_by(reader)
        with pytest.raises(ValueError, match="open for reading only"):
            case.act(reader)
        assert not told
        assert snapshot(reader) == shown
    assert ready.path.read_bytes() == before


BULK = {
    "set_spacing": lambda s, names: s.set_spacing(names, 0.5, 0.25),
    "reset_spacing": lambda s, names: s.reset_spacing(names),
    "set_orientation": lambda s, names: s.set_orientation(names, 1),
    "remove_images": lambda s, names: s.remove_images(names),
    "a structure": lambda s, names: s.set_review(names, "rejected", structure="heart"),
    "drop_corrections": lambda s, names: s.drop_corrections(names),
    "keep_corrections": lambda s, names: s.keep_corrections(names),
}


@pytest.mark.parametrize("method", BULK)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_locked_image_among_several_stops_them_all(ready: Session, method: str, place: int):
    """Wherever it stands in the list."""
    ready.set_review(f"im{place}.png", "accepted")
    before = snapshot(ready)
    with pytest.raises(ValueError, match=f"“im{place}.png” is accepted and locked"):
        BULK[method](ready, [f"im{i}.png" for i in range(3)])
    assert snapshot(ready) == before


@pytest.mark.parametrize("method", BULK)
def test_an_unknown_image_among_several_stops_them_all(ready: Session, method: str):
    before, lines = snapshot(ready), len(ready.history())
    with pytest.raises(ValueError, match=r"has no image “none\.png”"):
        BULK[method](ready, ["im0.png", "none.png"])
    assert snapshot(ready) == before
    assert len(ready.history()) == lines


def test_an_action_that_changes_nothing_tells_and_returns_none(ready: Session):
    ready.set_spacing("im1.png", 0.5, 0.25)
    told, lines = told_by(ready), len(ready.history())
    assert ready.set_spacing("im1.png", 0.5, 0.25) is None
    assert ready.reset_placement("im0.png", "hilum") is None
    assert ready.order_landmark("hilum", "hilum") is None
    assert ready.redo() is None
    assert told == []
    assert len(ready.history()) == lines
