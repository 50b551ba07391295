"""How images are read: stored, undoable, locked by acceptance, and found by the model itself."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

from app.core.frame import Frame
from app.core.orientation import AS_STORED, Orientation
from app.io.bundle import Bundle
from app.io.image import decode_image, read_bytes
from app.jobs import Result
from app.project.changes import Change, OrientationChanged
from app.project.session import Session
from tests.unit.store.fakes import fake_predict, fake_predicted, make, snapshot

SAMPLES = Path(__file__).resolve().parents[3] / "resources" / "samples"
ODD = {
    "upside_down": Orientation(2),
    "turned_left": Orientation(3),
    "turned_right": Orientation(1),
    "mirrored": Orientation(mirrored=True),
    "inverted": Orientation(inverted=True),
}


def orientation(session: Session, image: str) -> Orientation:
    frame = session.image(image).frame
    assert frame is not None
    return frame.orientation


def test_images_read_otherwise_wait_for_another_prediction(session: Session):
    seen: list[Change] = []
    session.changed.connect(seen.append)
    before = snapshot(session)
    session.move_placement("im1.png", "heart_00", (7, 8))
    session.set_orientation(["im0.png", "im1.png"], quarter_turns=1)
    assert session.undo_label == "Orientation of 2 images: turned right by 90°"
    assert isinstance(seen[-1], OrientationChanged)
    assert seen[-1].images == ("im0.png", "im1.png")
    assert [session.image(name).status for name in session.images] == ["waiting", "waiting", "predicted"]
    assert session.prediction("im0.png") is None
    assert session.placements_in("im0.png")[0].state is None
    corrected = session.placements("heart_00")
    np.testing.assert_array_equal(corrected.xy[1], (7, 8))
    assert session.preview("im0.png") is not None
    fake_predict(session)
    assert {session.image(name).status for name in session.images} == {"predicted"}
    assert orientation(session, "im0.png") == Orientation(1)
    undone = session.undo()  # and the earlier prediction counts again, at once
    assert undone.label == "Orientation of 2 images: turned right by 90°"
    session.undo()
    assert snapshot(session) == before
    session.redo()
    session.redo()
    assert session.image("im1.png").status == "predicted"


def test_a_reading_on_top_of_another(session: Session):
    session.set_orientation("im0.png", inverted=True)
    session.set_orientation(["im0.png", "im1.png"], quarter_turns=3, more=True)
    assert session.undo_label == "Orientation of 2 images: turned left by 90°"
    assert orientation(session, "im0.png") == Orientation(3, inverted=True)
    session.set_orientation("im0.png", quarter_turns=1, more=True)
    assert session.undo_label == "Orientation of im0: inverted"
    session.set_orientation(["im0.png", "im1.png"])
    assert session.undo_label == "Orientation of 2 images: as stored"
    assert orientation(session, "im1.png") == AS_STORED
    assert session.image("im0.png").status == "predicted"
    known = len(session.history())
    session.set_orientation("im0.png")  # nothing changes, so nothing is kept
    assert len(session.history()) == known


def test_readings_outlive_closing(session: Session):
    session.set_orientation("im1.png", quarter_turns=2, mirrored=True)
    fake_predict(session)
    before = snapshot(session)
    session.close()
    with Session.open(session.path, model=session.bundle) as again:
        assert snapshot(again) == before
        assert orientation(again, "im1.png") == Orientation(2, mirrored=True)
        again.remove_images("im1.png")
        again.undo()
        assert snapshot(again) == before


def test_accepted_images_are_read_as_they_were(session: Session):
    session.set_orientation("im1.png", quarter_turns=1)
    fake_predict(session)
    session.set_review("im1.png", "accepted")
    kept = snapshot(session)
    with pytest.raises(ValueError, match="accepted and locked"):
        session.set_orientation(["im0.png", "im1.png"], inverted=True)
    assert snapshot(session) == kept
    session.set_review("im1.png", "unread")
    assert session.image("im1.png").status == "predicted"
    session.set_orientation("im1.png")
    assert session.image("im1.png").status == "predicted"


def test_a_prediction_of_an_earlier_reading_is_dropped(session: Session):
    session._asked["im0.png"] = session.image("im0.png").path
    late = Result("im0.png", fake_predicted(session, "im0.png", 0))
    session.set_orientation("im0.png", quarter_turns=1)
    session.take_in(late)
    assert session.image("im0.png").status == "waiting"


def test_the_model_finds_what_is_wrong_and_the_way_back(tmp_path: Path, bundle: Bundle):
    originals = {}
    for sample in ("rendered_2.dcm", "rendered_5.png"):  # neither is square
        pixels = decode_image(read_bytes(SAMPLES / sample), sample).pixels
        originals[sample] = pixels
        cv2.imwrite(str(tmp_path / f"{sample}.plain.png"), pixels)
        for kind, done in ODD.items():
            odd = np.ascontiguousarray(done.turned(pixels))
            cv2.imwrite(str(tmp_path / f"{sample}.{kind}.png"), odd.max() - odd if done.inverted else odd)
    with Session.create(tmp_path / "p.dsr", bundle) as session:
        session.add_images(tmp_path)
        assert len(session.predict().suspect) == len(originals) * len(ODD)
        for kind in ODD:
            alike = session.equally_suspect(f"rendered_2.dcm.{kind}.png")
            assert alike == tuple(f"{sample}.{kind}.png" for sample in originals)
            remedy = session.remedy(alike[0])
            assert remedy is not None
            assert ODD[kind].then(remedy) == AS_STORED
            session.set_orientation(alike, *astuple(remedy), more=True)
        assert session.predict().suspect == ()
        for sample, pixels in originals.items():
            truth = places(session, f"{sample}.plain.png")
            for kind, done in ODD.items():
                size = done.turned(pixels).shape
                back = Frame(*pixels.shape, *size, orientation=done).from_network(
                    places(session, f"{sample}.{kind}.png")
                )
                assert np.linalg.norm(back - truth, axis=-1).max() < 0.5


def test_what_is_inverted_turned_and_mirrored_is_mended_at_once(tmp_path: Path, bundle: Bundle):
    pixels = decode_image(read_bytes(SAMPLES / "rendered_5.png"), "").pixels
    done = Orientation(3, mirrored=True, inverted=True)
    odd = np.ascontiguousarray(done.turned(pixels))
    cv2.imwrite(str(tmp_path / "x.png"), odd.max() - odd)
    with Session.create(tmp_path / "p.dsr", bundle) as session:
        session.add_images(tmp_path / "x.png")
        assert session.predict().suspect
        remedy = session.remedy("x.png")
        assert remedy is not None
        assert done.then(remedy) == AS_STORED
        session.set_orientation("x.png", *astuple(remedy), more=True)
        assert session.predict().suspect == ()
        assert session.image("x.png").suspect == ""


def test_images_are_alike_by_what_would_mend_them_not_by_the_words(tmp_path: Path, bundle: Bundle):
    upside_down = pydicom.dcmread(SAMPLES / "rendered_1.dcm")
    upside_down.decompress()
    upside_down.PixelData = np.ascontiguousarray(upside_down.pixel_array[::-1, ::-1]).tobytes()
    del upside_down.PatientOrientation
    for view in ("PA", "AP"):
        upside_down.ViewPosition = view
        upside_down.save_as(tmp_path / f"{view}.dcm")
    with Session.create(tmp_path / "p.dsr", bundle) as session:
        session.add_images(tmp_path)
        session.predict()
        words = {name: session.image(name).suspect for name in session.images}
        assert words["AP.dcm"] == words["PA.dcm"].replace("PA", "AP")
        assert "This AP chest radiograph looks upside down" in words["AP.dcm"]
        assert session.equally_suspect("AP.dcm") == ("AP.dcm", "PA.dcm")


def test_a_header_that_calls_an_image_mirrored_is_believed(tmp_path: Path, bundle: Bundle):
    sample = pydicom.dcmread(SAMPLES / "rendered_1.dcm")
    sample.decompress()
    sample.PatientOrientation = ["R", "F"]
    sample.save_as(tmp_path / "stated.dcm")
    sample.PatientOrientation = ["L", "F"]
    sample.PixelData = np.ascontiguousarray(sample.pixel_array[:, ::-1]).tobytes()
    sample.save_as(tmp_path / "denied.dcm")
    del sample.PatientOrientation
    sample.save_as(tmp_path / "unknown.dcm")
    with Session.create(tmp_path / "p.dsr", bundle) as session:
        session.add_images(tmp_path)
        session.predict()
        assert session.image("denied.dcm").suspect == ""
        assert "The header says" in session.image("stated.dcm").suspect
        assert "looks mirrored" in session.image("unknown.dcm").suspect
        assert session.remedy("stated.dcm") == session.remedy("unknown.dcm") == Orientation(mirrored=True)
        session.set_orientation("stated.dcm", mirrored=True)
        session.predict()
        assert session.image("stated.dcm").suspect == ""


def places(session: Session, image: str) -> np.ndarray:
    return np.array([placement.xy for placement in session.placements_in(image)])


# --- thumbnails


def test_a_thumbnail_is_that_of_the_present_file_however_it_is_read(tmp_path: Path, bundle: Bundle):
    """Made-up pictures are as grey as their seed: 0, 1 and 2, and 77 for another file in im1.png's place."""
    with make(tmp_path / "p.dsr", bundle, predicted=False) as session:
        assert session.preview("im0.png") is None
        fake_predict(session)
        assert [int(session.preview(f"im{i}.png")[3, 5]) for i in range(3)] == [0, 1, 2]
        session.set_orientation("im1.png", 1)
        assert int(session.preview("im1.png")[3, 5]) == 1
        session.image("im1.png").path.write_bytes(b"another file")
        session.check_files()
        assert session.preview("im1.png") is None
        session.start_predict(["im1.png"]).cancel()
        session.take_in(Result("im1.png", fake_predicted(session, "im1.png", 77)))
        assert int(session.preview("im1.png")[3, 5]) == 77
        assert int(session.preview("im0.png")[3, 5]) == 0
