"""A session: everything a reader can do, on real files."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import apsw
import cv2
import numpy as np
import pytest

from app.core.frame import Provenance
from app.core.landmark import Landmark, PlacementState
from app.core.prediction import sample_chart
from app.core.template import Template
from app.io.bundle import Bundle
from app.jobs import Failed, Result
from app.project.session import Session
from app.store.errors import ProjectError, ProjectLocked
from tests.unit.store.fakes import fake_predict, fake_predicted, make, snapshot, write_images

P = PlacementState


# --- opening and closing


def test_reopening_shows_the_same(session: Session, bundle: Bundle):
    session.define_landmark("hilum", "right_lung", (0.1, 0.2), rule="where it crosses", colour="#ff0000")
    session.move_placement("im1.png", "hilum", (5, 6.25))
    session.set_absent("im2.png", "heart_00")
    session.confirm_placement("im1.png", "heart_01")
    session.set_spacing("im0.png", 0.5, 0.25)
    session.set_review("im1.png", "accepted", "clear")
    session.define_landmark("later", "heart", (0, 0))
    before = snapshot(session)
    masks = session.prediction("im1.png").masks
    session.close()
    with Session.open(session.path) as again:
        assert snapshot(again) == before
        assert again.reader == "Ann"
        np.testing.assert_array_equal(again.prediction("im1.png").masks, masks)
        assert again.preview("im2.png").shape == (30, 32)
        assert again.bundle.sha256 == bundle.sha256
    with Session.open(session.path, read_only=True) as again:
        assert snapshot(again) == before


def test_a_new_project_has_the_bundles_landmarks_hidden(session: Session):
    assert len(session.landmarks) == 166
    assert all(mark.hidden for mark in session.landmarks)
    assert session.undo_label == "Add 3 images"


def test_shipped_models_are_remembered_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Session.create(tmp_path / "p").close()
    monkeypatch.chdir(tmp_path)
    with Session.open("p", reader="Bob") as session:
        assert session.bundle.name == "chest"
        assert session.reader == "Bob"


def test_project_and_images_may_move_together(tmp_path: Path, bundle: Bundle):
    with make(tmp_path / "here" / "p.dsr" if (tmp_path / "here").mkdir() is None else tmp_path, bundle):
        pass
    (tmp_path / "here").rename(tmp_path / "there")
    with Session.open(tmp_path / "there" / "p.dsr") as session:
        entry = session.image("im0.png")
        assert entry.path == (tmp_path / "there" / "images" / "im0.png")
        assert entry.status == "predicted"


def test_one_writer_many_readers(session: Session):
    with pytest.raises(ProjectLocked, match="by Ann on"):
        Session.open(session.path)
    session.reader = "Bea"
    with pytest.raises(ProjectLocked, match="by Bea on"):
        Session.open(session.path)
    with Session.open(session.path, read_only=True) as other:
        assert other.read_only
        assert other.images == session.images
        for act in (
            lambda: other.define_landmark("x", "heart", (0, 0)),
            lambda: other.set_review("im0.png", "accepted"),
            lambda: other.move_placement("im0.png", "heart_00", (1, 1)),
            other.start_predict,
            other.undo,
        ):
            with pytest.raises(ValueError, match="reading only"):
                act()
    session.close()
    Session.open(session.path).close()


def test_wrong_files_get_a_sentence(tmp_path: Path, bundle: Bundle):
    with pytest.raises(ProjectError, match="no project file"):
        Session.open(tmp_path / "none")
    if sys.platform == "linux":
        with pytest.raises(ProjectError, match="can't be changed in"):
            Session.create("/proc/p", bundle)
    with pytest.raises(ProjectError, match="no folder"):
        Session.create(tmp_path / "none" / "p", bundle)
    (tmp_path / "text").write_text("hello " * 1000)
    with pytest.raises(ProjectError, match="not a DenseSeg Review project"):
        Session.open(tmp_path / "text")
    with pytest.raises(ProjectError, match="already"):
        Session.create(tmp_path / "text", bundle)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["text"]


def test_another_anatomys_model_is_refused(session: Session, bundle: Bundle):
    path = session.path
    session.close()
    structures = tuple(s for s in bundle.template.structures if s.name != "heart")
    other = replace(bundle, template=Template("torso", structures))
    with pytest.raises(ProjectError, match="does not fit the model"):
        Session.open(path, model=other)
    Session.open(path).close()


# --- images


def test_adding_images(session: Session, tmp_path: Path):
    folder = tmp_path / "images"
    report = session.add_images([folder])
    assert report.added == ()
    assert report.known == session.images
    write_images(tmp_path / "more")
    (tmp_path / "more" / "notes.md").write_text("no image")
    report = session.add_images([tmp_path / "more", tmp_path / "none"])
    assert report.added == ("more/im0.png", "more/im1.png", "more/im2.png")
    assert report.ignored == 1
    assert [name for name, _ in report.failed] == [str(tmp_path / "none")]
    assert session.image("more/im0.png").status == "waiting"


def test_removed_images_come_back(session: Session):
    session.move_placement("im1.png", "heart_00", (5, 6))
    session.set_review("im1.png", "second_opinion", "see")
    before = snapshot(session)
    session.remove_images(["im1.png"])
    assert session.images == ("im0.png", "im2.png")
    with pytest.raises(ValueError, match=r"no image “im1\.png”"):
        session.image("im1.png")
    session.define_landmark("x", "heart", (0, 0))
    assert len(session.placements("x").states) == 2
    session.confirm_placement("im2.png", "left_lung_00")
    assert session.placements("left_lung_00").states[1] == P.CONFIRMED
    for _ in range(3):
        session.undo()
    assert snapshot(session) == before


def test_missing_and_changed_files(session: Session, tmp_path: Path, bundle: Bundle):
    session.set_review("im2.png", "accepted")
    there = session.placements("heart_00")
    assert np.isfinite(there.xy[:2]).all()  # so that nothing of the old file may be left
    (tmp_path / "images" / "im0.png").unlink()
    for name in ("im1.png", "im2.png"):
        cv2.imwrite(str(tmp_path / "images" / name), np.full((301, 322), 7, np.uint8))
    session.check_files()
    assert session.image("im0.png").status == "missing"
    assert "is not there" in session.image("im0.png").message
    assert session.image("im1.png").status == "waiting"
    gone = session.placements("heart_00")
    assert gone.states[1] is None
    assert np.isnan([*gone.xy[1], gone.expected_error[1]]).all()
    np.testing.assert_array_equal(gone.xy[0], there.xy[0])
    assert np.isnan(session.place_in("im1.png", "heart", (0.1, 0.2))).all()
    uv = [(0.1, 0.2), (-0.4, 0.3)]
    for name, places in zip(
        ("im2.png", "im1.png"), session.places_in(["im2.png", "im1.png"], "heart", uv), strict=True
    ):
        np.testing.assert_allclose(places, session.place_in(name, "heart", uv), atol=0.01)
    assert np.isnan(session.preview_places("heart", (0.1, 0.2)).xy[1]).all()
    assert session.structures_at("im1.png", tuple(there.xy[1])) == ()
    assert session.template_point("im1.png", tuple(there.xy[1]), "heart") is None
    assert np.isnan(session.placements_in("im1.png")[0].xy).all()
    assert session.prediction("im1.png") is None
    assert session.image("im2.png").status == "predicted"
    assert "changed since" in session.image("im2.png").remark


def test_unknown_names_get_a_sentence(session: Session):
    for act in (
        lambda: session.image("x"),
        lambda: session.prediction("x"),
        lambda: session.placements_in("x"),
        lambda: session.move_placement("x", "heart_00", (1, 1)),
        lambda: session.move_placement("im0.png", "x", (1, 1)),
        lambda: session.placements("x"),
        lambda: session.set_review("x", "accepted"),
        lambda: session.remove_images("x"),
        lambda: session.corrections("x"),
    ):
        with pytest.raises(ValueError, match="The project has no"):
            act()


def test_spacing(session: Session):
    assert session.image("im0.png").frame.spacing is None
    session.set_spacing(["im0.png", "im1.png"], 0.5, 0.25)
    spacing = session.image("im1.png").frame.spacing
    assert (spacing.row_mm, spacing.column_mm, spacing.provenance) == (0.5, 0.25, Provenance.GIVEN)
    session.set_spacing(["im1.png"], 0.5, 0.125)
    assert session.image("im1.png").frame.spacing.column_mm == 0.125
    session.undo()
    assert session.image("im1.png").frame.spacing.column_mm == 0.25
    session.undo()
    assert session.image("im1.png").frame.spacing is None
    with pytest.raises(ValueError, match="positive"):
        session.set_spacing("im0.png", 0, 1)


# --- landmarks


def test_a_new_landmark_agrees_with_the_bundles(session: Session):
    for name in ("heart_00", "right_lung_07", "left_clavicle_03"):
        mark = session.landmark(name)
        session.define_landmark(f"my {name}", mark.structure, mark.uv)
        a, b = session.placements(name), session.placements(f"my {name}")
        np.testing.assert_allclose(a.xy, b.xy, atol=0.01)
        assert a.states == b.states
        for slot, image in enumerate(session.images):
            here = {p.landmark.name: p for p in session.placements_in(image)}
            np.testing.assert_allclose(here[name].xy, a.xy[slot], atol=0.01)
            assert here[name].state == a.states[slot]
            prediction, c = session.prediction(image), session.template.index(mark.structure)
            if prediction.present[c]:
                np.testing.assert_allclose(sample_chart(prediction.charts[c], mark.uv), a.xy[slot], atol=0.01)


def test_moving_a_landmark_keeps_what_readers_said(session: Session):
    session.define_landmark("x", "heart", (0, 0))
    session.move_placement("im0.png", "x", (5, 6))
    before = session.placements("x")
    session.move_landmark("x", (0.5, 0.5))
    after = session.placements("x")
    np.testing.assert_array_equal(after.xy[0], (5, 6))
    assert np.linalg.norm(after.xy[1] - before.xy[1]) > 3
    assert after.states[0] == P.CORRECTED
    assert session.undo().label == "Move “x” on the template"
    np.testing.assert_array_equal(session.placements("x").xy, before.xy)


def test_a_moves_preview_is_what_the_move_does(session: Session):
    session.define_landmark("hilum", "heart", (0.1, 0.2))
    session.set_absent("im0.png", "hilum")
    session.set_review("im1.png", "accepted")
    session.define_landmark("later", "heart", (0.1, 0.2))
    for name, kept in (("hilum", [True, True, False]), ("later", [False, False, False])):
        preview = session.preview_move(name, (0.3, -0.1))
        before = session.placements(name)
        session.move_landmark(name, (0.3, -0.1))
        after = session.placements(name)
        np.testing.assert_array_equal(preview.placements.xy, after.xy)
        assert preview.placements.states == after.states
        assert preview.kept.tolist() == kept
        changed = np.isfinite(after.xy[:, 0]) & (after.xy != before.xy).any(-1)
        assert preview.changing == np.count_nonzero(changed)


def test_changing_landmarks(session: Session):
    session.define_landmark("x", "heart", (0, 0))
    session.move_placement("im0.png", "x", (5, 6))
    session.update_landmark("x", name="y", rule="new", locked=True)
    assert session.landmark("y").rule == "new"
    assert session.placements("y").states[0] == P.CORRECTED
    with pytest.raises(ValueError, match="locked on the template"):
        session.move_landmark("y", (0.1, 0.1))
    for fields in ({"name": "heart_00"}, {"name": " "}, {"structure": "tail"}, {"u": 3.0}, {"size": 3}):
        with pytest.raises(ValueError, match=r"already|needs a name|no structure|within|no field"):
            session.update_landmark("y", **fields)
    session.delete_landmark("y")
    assert len(session.landmarks) == 166
    session.undo()
    assert session.placements("y").states[0] == P.CORRECTED
    session.add_landmark_set([Landmark("a", "heart", 0, 0), Landmark("b", "heart", 0, 0.1)])
    assert session.undo().label == "Add 2 landmarks"
    assert len(session.landmarks) == 167
    with pytest.raises(ValueError, match="already"):
        session.add_landmark_set([Landmark("a", "heart", 0, 0), Landmark("a", "heart", 0, 0.1)])


def test_landmarks_keep_the_readers_order(session: Session):
    for name in ("a", "b", "c"):
        session.define_landmark(name, "heart", (0, 0))
    first = session.landmarks[0].name

    def own() -> list[str]:
        return [mark.name for mark in session.landmarks if not mark.hidden]

    session.order_landmark("c", "a")
    assert own() == ["c", "a", "b"]
    assert session.undo_label == "Move “c” in the list"
    session.order_landmark("c", None)
    session.order_landmark("b", "a")
    assert own() == ["b", "a", "c"]
    assert session.landmarks[0].name == first
    session.order_landmark("c", "a", group="Hila")
    assert own() == ["b", "c", "a"]
    assert session.landmark("c").group == "Hila"
    session.undo()
    assert session.landmark("c").group == ""
    session.define_landmark("d", "heart", (0, 0))
    session.delete_landmark("a")
    assert own() == ["b", "c", "d"]
    session.undo()
    assert own() == ["b", "a", "c", "d"]
    assert [p.landmark.name for p in session.placements_in("im0.png")][-4:] == own()
    before = snapshot(session)
    session.close()
    with Session.open(session.path) as again:
        assert snapshot(again) == before
        again.undo()
        again.undo()
        assert [mark.name for mark in again.landmarks if not mark.hidden] == ["a", "b", "c"]


def test_a_deleted_landmarks_name_starts_anew(session: Session):
    session.define_landmark("x", "heart", (0, 0))
    session.set_review("im0.png", "accepted")
    session.delete_landmark("x")
    session.define_landmark("x", "heart", (0.5, 0.5))
    shown = session.placements_in("im0.png")[-1]
    assert shown.new_since_accepted
    np.testing.assert_allclose(shown.xy, session.preview_places("heart", (0.5, 0.5)).xy[0], atol=0.01)


def test_template_point(session: Session):
    places = session.preview_places("heart", (0.2, 0.1))
    structure, uv, miss = session.template_point("im1.png", places.xy[1], "heart")
    assert structure == "heart"
    np.testing.assert_allclose(uv, (0.2, 0.1), atol=1e-3)
    assert miss < 0.01
    assert session.template_point("im1.png", places.xy[1])[0] in {s.name for s in session.template.structures}
    assert session.template_point("im1.png", (0, 0))[0] == "field"
    assert session.template_point("im1.png", (-900, 0)) is None


# --- placements


def test_without_predictions(tmp_path: Path, bundle: Bundle):
    with make(tmp_path / "p", bundle, predicted=False) as session:
        assert session.placements("heart_00").states == (None, None, None)
        assert session.least_certain("im0.png") is None
        assert session.prediction("im0.png") is None
        assert session.preview("im0.png") is None
        with pytest.raises(ValueError, match=r"no place in im0\.png yet"):
            session.confirm_placement("im0.png", "heart_00")
        session.move_placement("im0.png", "heart_00", (1, 2))
        assert session.placements("heart_00").states == (P.CORRECTED, None, None)


# --- predictions


def test_new_predictions_keep_what_readers_said(session: Session):
    session.move_placement("im1.png", "heart_00", (5, 6))
    before, lung = session.placements("heart_00"), session.placements("right_lung_03").xy[1]
    session._asked["im1.png"] = session.image("im1.png").path
    session.take_in(Result("im1.png", fake_predicted(session, "im1.png", 23)))
    after = session.placements("heart_00")
    np.testing.assert_array_equal(before.xy[1], after.xy[1])
    assert not np.allclose(session.placements("right_lung_03").xy[1], lung)


def test_failures_and_late_results(session: Session, tmp_path: Path):
    session.add_images(write_images(tmp_path / "more", 1))
    name = session.images[-1]
    session._asked[name] = session.image(name).path
    session.take_in(Failed(name, "It is torn."))
    assert (session.image(name).status, session.image(name).message) == ("failed", "It is torn.")
    late = fake_predicted(session, name, 9)
    session.remove_images(name)
    session.take_in(Result(name, late))
    session.undo()
    assert session.image(name).status == "failed"
    session.take_in(Result(name, late))
    assert session.image(name).status == "predicted"
    assert session.undo_label == "Add more/im0"


def test_lost_predictions_are_made_again(session: Session, tmp_path: Path):
    session.set_review("im1.png", "accepted")
    places = session.placements("heart_00").xy
    session.close()
    (tmp_path / "p.dsr.predictions").write_bytes(b"torn" * 5000)
    with Session.open(session.path) as again:
        assert [again.image(n).status for n in again.images] == ["waiting", "predicted", "waiting"]
        np.testing.assert_array_equal(again.placements("heart_00").xy[1], places[1])
        assert again.prediction("im1.png") is not None
        again.set_review("im1.png", "in_progress")
        assert again.image("im1.png").status == "predicted"
        fake_predict(again)
        np.testing.assert_array_equal(again.placements("heart_00").xy, places)


def test_predicting_for_real(tmp_path: Path, bundle: Bundle):
    samples = sorted((Path(__file__).parents[3] / "resources" / "samples").glob("*.png"))[:1]
    if not samples:
        pytest.skip("no samples yet")
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    with Session.create(tmp_path / "p", bundle) as session:
        session.add_images([*samples, tmp_path / "torn.png"])
        report = session.predict()
        assert report.done == (samples[0].name,)
        assert [name for name, _ in report.failed] == ["torn.png"]
        assert session.image("torn.png").status == "failed"
        assert P.PREDICTED in session.placements("heart_00").states
        again = session.start_predict([])
        assert [type(event).__name__ for event in again] == ["Finished"]


def test_one_template_point_has_one_place_per_image(session: Session):
    """Design 5.2: a trained landmark and a new one at its (u, v) agree, in bulk and image by image."""
    for mark in session.landmarks[:166:15]:
        session.define_landmark(f"again {mark.name}", mark.structure, mark.uv)
        trained, new = session.placements(mark.name), session.placements(f"again {mark.name}")
        np.testing.assert_allclose(new.xy, trained.xy, atol=0.01)
        assert new.states == trained.states
        for i, name in enumerate(session.images):
            single = {p.landmark.name: p.xy for p in session.placements_in(name)}
            np.testing.assert_allclose(single[f"again {mark.name}"], single[mark.name], atol=0.01)
            np.testing.assert_allclose(single[mark.name], trained.xy[i], atol=0.01)


@pytest.mark.parametrize("table", ["charts", "maps"])
def test_a_damaged_stored_prediction_is_no_prediction(session: Session, table: str):
    session.close()
    db = apsw.Connection(str(session.path.with_name("p.dsr.predictions")))
    db.execute(f"UPDATE {table} SET data = zeroblob(length(data)) WHERE file = ?", (f"{1:064x}",))
    db.close()
    with Session.open(session.path) as again:
        if table == "charts":  # never: that nothing is to be seen in the image
            assert {placement.state for placement in again.placements_in("im1.png")} == {None}
            assert again.placements("heart_00").states[1] is None
        else:
            with pytest.raises(ValueError, match="Predict it again"):
                again.set_review("im1.png", "accepted")
        assert again.prediction("im1.png") is None
        assert [again.status(name) for name in again.images] == ["predicted", "waiting", "predicted"]
        fake_predict(again)
        assert again.placements_in("im1.png")[0].state is P.PREDICTED
        again.set_review("im1.png", "accepted")


def test_a_result_that_comes_after_accepting_changes_nothing(session: Session):
    session.set_review("im1.png", "accepted")
    before, frame = snapshot(session), session.image("im1.png").frame
    late = fake_predicted(session, "im1.png", 23, size=(150, 160))
    for event in (Result("im1.png", late), Failed("im1.png", "It could not be read.")):
        session.take_in(event)
        assert snapshot(session) == before
        assert session.image("im1.png").frame == frame


def test_a_file_that_changes_while_it_is_predicted_waits_again(session: Session):
    late = fake_predicted(session, "im1.png", 23)
    cv2.imwrite(str(session.image("im1.png").path), np.zeros((300, 320), np.uint8))
    session.take_in(Result("im1.png", late))
    assert session.image("im1.png").status == "waiting"
    assert {placement.state for placement in session.placements_in("im1.png")} == {None}


def test_a_project_that_cannot_be_opened_is_not_locked(session: Session):
    session.set_review("im1.png", "rejected")
    session.close()
    db = apsw.Connection(str(session.path))
    db.execute("UPDATE reviews SET state = 'nonsense'")
    db.close()
    for _ in range(2):
        with pytest.raises(ProjectError, match="damaged"):
            Session.open(session.path)
