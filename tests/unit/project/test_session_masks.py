"""Masks as a session gives them, at native size."""

from __future__ import annotations

import apsw
import cv2
import numpy as np
import pytest

from app.core.masks import MaskState
from app.io.bundle import Bundle
from app.jobs import Result
from app.project.session import Session
from tests.unit.store.fakes import fake_predicted


def by_hand(probability: np.ndarray) -> np.ndarray:
    """A mask of 256 x 256 in a picture of 300 x 320 (letter-boxed by 0.8), each pixel looked up between four."""
    rows, columns = np.mgrid[:300, :320].astype(np.float32)
    x, y = (columns + 0.5) * 0.8 - 0.5, (rows + 0.5) * 0.8 - 0.5 + 8
    return cv2.remap(probability.astype(np.float32), x, y, cv2.INTER_LINEAR) > 127.5


def test_a_mask_is_the_predicted_one_in_native_pixels(session: Session):
    prediction = session.prediction("im1.png")
    for place, structure in enumerate(session.template.structures):
        mask, state = session.mask("im1.png", structure.name), session.mask_state("im1.png", structure.name)
        if not prediction.present[place]:
            assert (mask, state) == (None, MaskState.ABSENT)
            continue
        wanted = by_hand(prediction.masks[place])
        assert (mask.shape, mask.dtype, state) == ((300, 320), bool, MaskState.PREDICTED)
        near = cv2.dilate(wanted.astype(np.uint8), np.ones((3, 3))) - cv2.erode(
            wanted.astype(np.uint8), np.ones((3, 3))
        )
        assert not np.any((mask != wanted) & (near == 0))  # OpenCV rounds places to 1/32 pixel
        assert np.count_nonzero(mask != wanted) < 0.05 * np.count_nonzero(wanted)
        ys, xs = np.nonzero(mask)
        assert structure.name in session.structures_at("im1.png", (xs[len(xs) // 3], ys[len(xs) // 3]))
    states = {session.mask_state("im1.png", s.name) for s in session.template.structures}
    assert states == {MaskState.PREDICTED, MaskState.ABSENT}


def test_there_is_no_mask_before_a_prediction_or_in_an_image_that_is_turned(session: Session):
    assert session.mask("im0.png", "heart") is not None
    session.set_orientation("im0.png", quarter_turns=1)
    assert (session.mask("im0.png", "heart"), session.mask_state("im0.png", "heart")) == (None, None)
    session.undo()
    assert session.mask_state("im0.png", "heart") is MaskState.PREDICTED


def test_an_accepted_image_keeps_its_masks(session: Session):
    before = session.mask("im0.png", "heart")
    session.set_review("im0.png", "accepted")
    session.close()
    with Session.open(session.path, model=session.bundle) as again:
        np.testing.assert_array_equal(again.mask("im0.png", "heart"), before)


def test_unknown_images_and_structures_are_told(session: Session):
    with pytest.raises(ValueError, match=r"has no image “none\.png”"):
        session.mask("none.png", "heart")
    with pytest.raises(KeyError, match="spleen"):
        session.mask("im0.png", "spleen")


def drawn() -> np.ndarray:
    """A mask of an image without symmetry, in two pieces that touch the border."""
    mask = np.zeros((300, 320), bool)
    mask[0:40, 11:29] = True
    mask[250:299, 300:320] = True
    return mask


def test_a_corrected_mask_counts_everywhere_is_kept_and_undone(session: Session, bundle: Bundle):
    before, mask = session.mask("im0.png", "heart"), drawn()
    session.set_mask("im0.png", "heart", mask)
    mask[:] = False  # what is handed over is the session's own from then on
    assert "heart" in session.structures_at("im0.png", (310, 260))
    assert "heart" in session.structures_at("im0.png", (11, 0))
    assert "heart" not in session.structures_at("im0.png", (10, 0))
    assert session.image("im0.png").review == "in_progress"
    session.close()
    with Session.open(session.path, model=bundle) as again:
        np.testing.assert_array_equal(again.mask("im0.png", "heart"), drawn())
        assert again.mask_state("im0.png", "heart") is MaskState.CORRECTED
        said = again.masks("im0.png").by_reader["heart"]
        assert said.reader == "Ann"
        assert said.at <= again.history()[-1].at
        np.testing.assert_array_equal(again.masks("im0.png").predicted("heart"), before)
        again.reset_mask("im0.png", "heart")
        np.testing.assert_array_equal(again.mask("im0.png", "heart"), before)
        again.undo()
        again.undo()
        assert again.mask_state("im0.png", "heart") is MaskState.PREDICTED
        np.testing.assert_array_equal(again.mask("im0.png", "heart"), before)


def test_a_new_prediction_takes_no_corrected_mask_away(session: Session):
    session.set_mask("im1.png", "right_lung", drawn())
    session.set_mask_absent("im1.png", "heart")
    session.set_orientation("im1.png", quarter_turns=1)  # it waits for its prediction
    np.testing.assert_array_equal(session.mask("im1.png", "right_lung"), drawn())
    assert session.mask_state("im1.png", "heart") is MaskState.ABSENT
    session.start_predict(["im1.png"]).cancel()
    session.take_in(Result("im1.png", fake_predicted(session, "im1.png", 72)))
    np.testing.assert_array_equal(session.mask("im1.png", "right_lung"), drawn())
    assert session.mask("im1.png", "heart") is None
    assert session.mask_state("im1.png", "left_lung") is MaskState.PREDICTED


def test_correcting_a_mask_moves_no_landmark(session: Session):
    before = [(p.xy.tolist(), p.state) for p in session.placements_in("im0.png")]
    session.set_mask("im0.png", "heart", drawn())
    np.testing.assert_equal([(p.xy.tolist(), p.state) for p in session.placements_in("im0.png")], before)


def seen_of(session: Session, image: str = "im0.png") -> dict[str, tuple]:
    """Every landmark in one image as it is told: one by one, and with all other images."""
    place = session.images.index(image)
    found = {}
    for one in session.placements_in(image):
        many = session.placements(one.landmark.name)
        assert many.states[place] == one.state
        np.testing.assert_allclose(many.xy[place], one.xy, atol=0.01)
        np.testing.assert_allclose(many.expected_error[place], one.expected_error, atol=0.01)
        found[one.landmark.name] = (one.state, *np.round(np.nan_to_num(one.xy, nan=-1), 2).tolist())
    return found


def test_landmarks_of_an_absent_structure_are_absent_unless_a_reader_spoke_of_them(session: Session, bundle: Bundle):
    session.define_landmark("apex", "heart", (0.1, 0.2))
    session.define_landmark("hilum", "right_lung", (0.3, -0.2))
    session.define_measurement("apart", "distance(apex, hilum)")
    session.confirm_placement("im0.png", "heart_03")
    session.move_placement("im0.png", "heart_04", (50, 60))
    before, cross = seen_of(session), session.crosses("apex")
    session.set_mask_absent("im0.png", "heart")
    after = seen_of(session)
    for name, (state, *_) in before.items():
        gone = (name == "apex" or name.startswith("heart_")) and state == "predicted"
        assert after[name] == (("absent", -1, -1) if gone else before[name]), name
    np.testing.assert_array_equal(session.crosses("apex"), cross, "it is crossed out where it was predicted")
    assert np.isnan(session.measurement("apart").values[0])
    assert session.measurement("apart").states[0] == "corrected"
    assert np.isnan(next(m.value for m in session.measurements_in("im0.png") if m.entry.name == "apart"))
    assert session.least_certain("im0.png").landmark.structure != "heart"
    session.define_landmark("later", "heart", (0.2, 0.2))
    assert seen_of(session)["later"][0] == "absent"
    assert session.absences("im0.png") == 1, "one thing was said: that of the structure"
    session.delete_landmark("later")
    session.rename_image("im0.png", "film.png")
    session.set_review("film.png", "accepted")
    assert seen_of(session, "film.png") == after
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert seen_of(again, "film.png") == after
        again.set_review("film.png", "in_progress")
        assert seen_of(again, "film.png") == after
        again.reset_mask("film.png", "heart")
        assert seen_of(again, "film.png") == before, "nothing was stored of them"
        again.undo()
        assert seen_of(again, "film.png") == after


def test_what_a_reader_corrected_is_not_called_the_least_certain(session: Session, bundle: Bundle):
    session.define_landmark("apex", "heart", (0.1, 0.2))
    lowest = session.least_certain("im0.png").landmark
    session.set_mask("im0.png", lowest.structure, drawn())
    found = session.least_certain("im0.png")
    rest = [p for p in session.placements_in("im0.png") if not p.landmark.hidden]
    rest += [p for p in session.placements_in("im0.png") if p.landmark.structure != lowest.structure]
    assert found.expected_error == pytest.approx(np.nanmax([p.expected_error for p in rest]), abs=0.01)
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert again.least_certain("im0.png").landmark == found.landmark, "of all images at once it is the same"
        again.set_review("im0.png", "accepted")
        assert again.least_certain("im0.png").landmark == found.landmark
        again.set_review("im0.png", "in_progress")
        again.reset_mask("im0.png", lowest.structure)
        assert again.least_certain("im0.png").landmark == lowest


def test_what_was_said_of_a_structure_was_said_of_the_mask_that_was_there(session: Session):
    session.set_review("im0.png", "accepted", structure="heart")
    assert session.mask_state("im0.png", "heart") is MaskState.CONFIRMED
    assert not session.masks("im0.png").corrected("heart")
    session.set_review("im0.png", "rejected", "leaks", structure="left_lung")
    session.set_mask("im0.png", "heart", drawn())
    session.set_mask("im0.png", "left_lung", drawn())
    said = {one.structure: (one.state, one.note) for one in session.image("im0.png").structures}
    assert said == {"heart": ("in_progress", ""), "left_lung": ("in_progress", "leaks")}
    session.set_review("im0.png", "accepted", structure="heart")
    assert session.mask_state("im0.png", "heart") is MaskState.CONFIRMED
    assert session.masks("im0.png").corrected("heart")
    session.reset_mask("im0.png", "heart")  # the predicted mask is none that was confirmed just now
    assert session.mask_state("im0.png", "heart") is MaskState.PREDICTED
    for _ in range(3):
        session.undo()
    assert session.image("im0.png").rejected == ("left_lung",)


def test_the_same_mask_again_changes_nothing(session: Session):
    lines = len(session.history())
    assert session.set_mask("im0.png", "heart", session.mask("im0.png", "heart")) is None
    assert session.reset_mask("im0.png", "heart") is None
    session.set_mask_absent("im0.png", "heart")
    assert session.set_mask_absent("im0.png", "heart") is None
    assert len(session.history()) == lines + 1


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (np.zeros((300, 320), bool), "Nothing is left of the heart"),
        (np.ones((320, 300), bool), "300 rows and 320 columns"),
        (np.ones((300, 320), np.uint8), "of uint8"),
    ],
)
def test_what_is_no_mask_of_the_image_is_refused(session: Session, mask: np.ndarray, told: str):
    with pytest.raises(ValueError, match=told):
        session.set_mask("im0.png", "heart", mask)
    assert session.mask_state("im0.png", "heart") is MaskState.PREDICTED


def test_masks_go_with_their_image_and_are_dropped_with_the_corrections_of_another_file(session: Session):
    session.set_mask("im0.png", "heart", drawn())
    session.rename_image("im0.png", "a.png")
    np.testing.assert_array_equal(session.mask("a.png", "heart"), drawn())
    cv2.imwrite(str(session.image("a.png").path), np.full((200, 260), 99, np.uint8))
    session.check_files()
    session.start_predict(["a.png"]).cancel()
    session.take_in(Result("a.png", fake_predicted(session, "a.png", 61, (200, 260))))
    assert session.image("a.png").replaced
    assert session.mask_state("a.png", "heart") is MaskState.PREDICTED  # the drawn one has another size
    assert session.mask("a.png", "heart").shape == (200, 260)
    session.drop_corrections("a.png")
    session.undo()
    session.remove_images("a.png")
    session.undo()
    assert session.masks("a.png").by_reader["heart"].native.shape == (300, 320)


def test_a_damaged_mask_is_told_and_no_other_one_shown_in_its_place(session: Session, bundle: Bundle):
    session.set_mask("im0.png", "heart", drawn())
    session.close()
    with apsw.Connection(str(session.path)) as db:
        ((blob,),) = db.execute("SELECT mask FROM masks")
        ((data,),) = db.execute("SELECT data FROM blobs WHERE sha256 = ?", (blob,))
        db.execute("UPDATE blobs SET data = ? WHERE sha256 = ?", (data[:-1] + b"\x07", blob))
    db.close()
    with Session.open(session.path, model=bundle) as again:
        assert (again.mask("im0.png", "heart"), again.mask_state("im0.png", "heart")) == (None, None)
        assert again.image("im0.png").status == "failed"
        assert "damaged" in again.image("im0.png").message
        assert again.mask_state("im0.png", "left_lung") is MaskState.PREDICTED
        with pytest.raises(ValueError, match="could not be read"):
            again.set_review("im0.png", "accepted")
        again.set_mask("im0.png", "heart", drawn())  # the very same: what is damaged is mended
        np.testing.assert_array_equal(again.mask("im0.png", "heart"), drawn())
        assert again.image("im0.png").status == "predicted"
        again.set_review("im0.png", "accepted")
