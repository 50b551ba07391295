"""All images together on the template, read by child processes: against the files' own pixels and what readers drew."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from app.core.cohort import LEAST, cells_of, comparable
from app.core.pooled import rim_of
from app.core.prediction import sample_chart
from app.io.bundle import Bundle
from app.jobs import Failed, Finished, Job, Progress, Result
from app.project import cohort_children
from app.project.cohort import GreyCohort, LeftOut
from app.project.session import Session
from tests.unit.store.fakes import fake_predict, hand_in


@pytest.fixture
def many(tmp_path: Path, bundle: Bundle) -> Session:
    """14 pictures without symmetry; in im3.png another structure is absent than in im2.png."""
    folder = tmp_path / "films"
    folder.mkdir()
    rng = np.random.default_rng(12)
    ramp = np.linspace(0, 120, 320)[None] + np.linspace(0, 60, 300)[:, None] ** 1.02
    for number in range(14):
        grey = ramp * rng.uniform(0.7, 1) + cv2.GaussianBlur(rng.normal(0, 90, (300, 320)), None, 4) + 20
        cv2.imwrite(str(folder / f"im{number}.png"), np.clip(grey, 0, 255).astype(np.uint8))
    with Session.create(tmp_path / "many.dsr", bundle, reader="Ann") as session:
        session.add_images([folder])
        fake_predict(session)
        yield session


def result(job: Job) -> object:
    (found,) = [event.value for event in job if isinstance(event, Result)]
    return found


def own(session: Session, image: str) -> np.ndarray:
    """The values of one image, worked out here: bilinear between pixels, which are larger than the cells."""
    pixels = cv2.imread(str(session.image(image).path), cv2.IMREAD_UNCHANGED).astype(np.float32)
    cells, prediction = cells_of(session.template), session.prediction(image)
    grey = np.full(len(cells), np.nan, np.float32)
    for channel in np.flatnonzero(prediction.present):
        part = cells.parts[channel]
        x, y = sample_chart(prediction.charts[channel], cells.uv[part]).T.astype(np.float32)
        grey[part] = cv2.remap(pixels, x[:, None], y[:, None], cv2.INTER_LINEAR)[:, 0]
    return comparable(grey, cells)


def test_what_is_usual_is_that_of_the_files_and_an_image_is_compared_with_the_others(many: Session) -> None:
    events = list(many.start_cohort())
    assert [event.done for event in events if isinstance(event, Progress)] == list(range(1, 15))
    assert events[-1] == Finished(cancelled=False)
    (found,) = [event.value for event in events if isinstance(event, Result)]
    assert isinstance(found, GreyCohort)
    assert not found.too_few
    assert (found.cohort.names, found.left_out) == (many.images, {})
    assert found.predictions == {name: many.prediction_id(name) for name in many.images}
    values = np.stack([own(many, name) for name in many.images])
    known = np.isfinite(values).sum(axis=0) >= LEAST + 1
    np.testing.assert_allclose(found.cohort.median[known], np.nanmedian(values, axis=0)[known], atol=3e-3)
    others = np.delete(values, many.images.index("im6.png"), axis=0)
    spread = median_abs_deviation(others, axis=0, nan_policy="omit", scale=1 / 1.4826)
    z = (own(many, "im6.png") - np.nanmedian(others, axis=0)) / spread
    here = known & np.isfinite(z) & (spread > 0.1)
    assert here.sum() > 10_000
    np.testing.assert_allclose(found.cohort.z("im6.png")[here], z[here], atol=0.06)


def test_images_that_say_nothing_are_left_out_with_the_reason(many: Session, tmp_path: Path) -> None:
    hand_in(many, "im1.png", 1, suspect="other")
    cv2.imwrite(str(many.image("im2.png").path), np.full((300, 320), 9, np.uint8))
    many.check_files()
    hand_in(many, "im2.png", 2)
    many.image("im3.png").path.write_bytes(b"no picture")  # nobody has looked since
    many.set_mask_absent("im4.png", "right_lung")
    found = result(many.start_cohort([name for name in many.images if name != "im0.png"]))
    assert found.left_out["im1.png"] is LeftOut.SUSPECT
    assert found.left_out["im2.png"] is LeftOut.LITTLE
    assert found.left_out["im3.png"] in (LeftOut.NOTHING, LeftOut.UNREAD)
    assert found.cohort.names == tuple(n for n in many.images if n not in ("im0.png", "im1.png", "im2.png", "im3.png"))
    lung = found.cohort.cells.parts[0]
    assert np.isnan(found.cohort.z("im4.png")[lung]).all()
    assert not found.too_few


def test_of_few_images_nothing_is_usual(many: Session) -> None:
    found = result(many.start_cohort(many.images[:9]))
    assert found.too_few
    assert np.isnan(found.cohort.median).all()
    with pytest.raises(ValueError, match="no image “nobody"):
        many.start_cohort(["nobody.png"])


def test_an_inverted_image_counts_as_it_is_read(many: Session) -> None:
    before = many.comparable_grey("im5.png")
    path = many.image("im5.png").path
    cv2.imwrite(str(path), 255 - cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    many.check_files()
    many.set_orientation("im5.png", inverted=True)
    hand_in(many, "im5.png", 5)
    after = many.comparable_grey("im5.png")
    there = np.isfinite(before)
    np.testing.assert_allclose(after[there], before[there], atol=1e-3)


def test_a_cancelled_job_ends_at_once_leaves_no_process_and_yields_nothing(many: Session) -> None:
    job, heard = many.start_cohort(), []
    for event in job:
        heard.append(event)
        if isinstance(event, Progress):
            job.cancel()
    assert heard[-1] == Finished(cancelled=True)
    assert not [event for event in heard if isinstance(event, Result)]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("grey ")]
    assert result(many.start_cohort()).cohort.names == many.images


def test_a_file_that_kills_a_child_costs_that_image_alone(many: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    killer = (
        "-c",
        "import os, signal, sys; from app.project import cohort_worker as w; grey = w.grey\n"
        "w.grey = lambda s, n: os.kill(os.getpid(), signal.SIGKILL) if n == 'im7.png' else grey(s, n)\n"
        "sys.exit(w.main(sys.argv[1:]))",
    )
    monkeypatch.setattr(cohort_children, "WORKER", killer)
    events = list(many.start_cohort())
    assert [event.key for event in events if isinstance(event, Failed)] == ["im7.png"]
    (found,) = [event.value for event in events if isinstance(event, Result)]
    assert found.left_out == {"im7.png": LeftOut.UNREAD}
    assert len(found.cohort.names) == 13


def test_a_child_that_can_not_begin_is_told_in_a_sentence(many: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort_children, "WORKER", ("-c", "import sys; sys.exit(3)"))
    events = list(many.start_cohort())
    assert [type(event) for event in events] == [Failed, Finished]
    assert "ended at once" in events[0].message


def test_corrections_are_pooled_by_landmark_and_along_the_rims(many: Session) -> None:
    mark, other = many.landmarks[0], many.landmarks[70]
    for image, step in (("im5.png", (6.0, 0.0)), ("im10.png", (0.0, -3.0)), ("im8.png", (0.0, 0.0))):
        (x, y) = many.placements(mark.name).xy[many.images.index(image)]
        many.move_placement(image, mark.name, (x + step[0], y + step[1]))
    many.confirm_placement("im6.png", mark.name)  # right where it was predicted
    many.set_absent("im7.png", other.name)
    heart = many.template.index("heart")
    drawn = many.mask("im10.png", "heart").copy()
    drawn = cv2.dilate(drawn.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    many.set_mask("im10.png", "heart", drawn)
    many.set_mask_absent("im6.png", "heart")
    many.set_review("im5.png", "accepted")
    pooled = result(many.start_pool())
    assert pooled.images == 14
    assert pooled.landmarks.keys() == {mark.name}
    scale = {}
    for image in ("im5.png", "im8.png", "im10.png"):  # fakes lay the template into images by one scale, nearly
        chart = many.prediction(image).charts[many.template.index(mark.structure)]
        scale[image] = np.ptp(chart[..., 1]) / np.ptp(
            many.template.structure(mark.structure).from_chart(np.array([[-1.15, -1.15], [1.15, 1.15]]))[:, 1]
        )
    moved = {one.image: one.mm for one in pooled.landmarks[mark.name]}
    assert moved.keys() == {"im5.png", "im8.png", "im10.png"}
    assert moved["im5.png"] == pytest.approx(6 / scale["im5.png"], rel=0.12)
    assert moved["im10.png"] == pytest.approx(3 / scale["im10.png"], rel=0.12)
    assert moved["im8.png"] == pytest.approx(0, abs=0.05)
    assert pooled.rims.keys() == {"heart"}
    rim = pooled.rims["heart"]
    assert len(rim) == len(rim_of(many.template.structures[heart]))
    far = [one for place in rim for one in place]
    assert {one.image for one in far} == {"im10.png"}
    assert np.median([one.mm for one in far]) == pytest.approx(4 / scale["im10.png"], rel=0.25)
    assert len(far) == len(rim)
    assert result(many.start_pool(["im5.png", "im4.png"])).landmarks == {
        mark.name: tuple(one for one in pooled.landmarks[mark.name] if one.image == "im5.png")
    }


def test_without_corrections_nothing_is_pooled_and_no_process_is_started(many: Session, monkeypatch) -> None:
    monkeypatch.setattr(cohort_children, "WORKER", ("-c", "raise SystemExit(1)"))
    pooled = result(many.start_pool())
    assert (pooled.landmarks, pooled.rims, pooled.images, pooled.most) == ({}, {}, 14, 0)
