"""Rendered radiographs and the samples made of them, on simple shapes."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pydicom
import pytest
from skimage.draw import polygon2mask

from app.training.render import render_chest
from app.training.samples import MM_PER_PIXEL, SAMPLES, place_in_picture, write_samples

BOXES = {  # centre x, y and half axes, as shares of the picture
    "right_lung": (0.30, 0.45, 0.15, 0.30),
    "left_lung": (0.72, 0.45, 0.14, 0.30),
    "heart": (0.53, 0.58, 0.11, 0.11),
    "right_clavicle": (0.31, 0.20, 0.11, 0.018),
    "left_clavicle": (0.71, 0.20, 0.11, 0.018),
}


def ellipses(columns: float, rows: float) -> dict[str, np.ndarray]:
    """Chest-like ellipses [40, 2] in a picture of this size."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    unit = np.stack([np.cos(turn), np.sin(turn)], -1)
    size = np.array([columns, rows])
    return {name: (unit * box[2:] + box[:2]) * size for name, box in BOXES.items()}


def inside(picture: np.ndarray, outline: np.ndarray) -> float:
    """Mean grey value within an outline."""
    return float(picture[polygon2mask(picture.shape, outline[:, ::-1])].mean())


@pytest.mark.parametrize("shape", [(256, 256), (300, 200), (720, 800)])
def test_shape_type_and_range(shape: tuple[int, int]) -> None:
    picture = render_chest(ellipses(shape[1], shape[0]), shape, np.random.default_rng(0))
    assert picture.shape == shape
    assert picture.dtype == np.float32
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert picture.max() <= 1


def test_the_same_seed_gives_the_same_picture() -> None:
    outlines = ellipses(256, 256)
    first, again, other = (render_chest(outlines, (256, 256), np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.01


def test_the_outlines_are_left_alone() -> None:
    outlines = ellipses(256, 256)
    render_chest(outlines, (256, 256), np.random.default_rng(0))
    for name, outline in ellipses(256, 256).items():
        np.testing.assert_array_equal(outlines[name], outline)


@pytest.mark.parametrize("seed", range(12))
def test_lungs_are_darker_than_heart_mediastinum_and_abdomen(seed: int) -> None:
    outlines = ellipses(256, 256)
    picture = render_chest(outlines, (256, 256), np.random.default_rng(seed))
    lungs = max(inside(picture, outlines["right_lung"]), inside(picture, outlines["left_lung"]))
    assert lungs + 0.08 < inside(picture, outlines["heart"])
    assert lungs + 0.08 < picture[80:130, 123:138].mean()
    assert lungs + 0.08 < picture[215:240, 80:180].mean()


@pytest.mark.parametrize("seed", range(4))
def test_the_edge_of_a_lung_lies_on_its_outline(seed: int) -> None:
    """The picture changes fastest where the lung meets the abdomen: within two pixels of the outline's lowest point."""
    outlines = ellipses(512, 512)
    picture = render_chest(outlines, (512, 512), np.random.default_rng(seed), grain=0.0)
    for name in ("right_lung", "left_lung"):
        x, bottom = outlines[name][np.argmax(outlines[name][:, 1])]
        near = round(bottom) + np.arange(-12, 13)
        profile = picture[near, round(x) - 3 : round(x) + 4].mean(1)
        assert abs(near[np.argmax(np.diff(profile))] + 0.5 - bottom) <= 2


def test_structures_without_a_contour_are_left_out() -> None:
    lungs = {name: outline for name, outline in ellipses(200, 200).items() if name.endswith("lung")}
    assert render_chest(lungs, (200, 200), np.random.default_rng(0)).shape == (200, 200)


def test_both_lungs_are_needed() -> None:
    with pytest.raises(ValueError, match="both lungs"):
        render_chest({"heart": ellipses(100, 100)["heart"]}, (100, 100), np.random.default_rng(0))


@pytest.mark.parametrize("shift", [(0.35, 0.0), (-0.5, 0.3), (0.0, -0.6), (3.0, 3.0)])
def test_contours_may_leave_the_picture(shift: tuple[float, float]) -> None:
    outlines = {name: outline + np.multiply(shift, 200) for name, outline in ellipses(200, 200).items()}
    assert np.isfinite(render_chest(outlines, (200, 200), np.random.default_rng(0))).all()


def test_placing_centres_the_shape_and_keeps_millimetres() -> None:
    shape_mm = ellipses(300, 300)
    placed, spacing = place_in_picture(shape_mm, (1024, 900))
    assert spacing == MM_PER_PIXEL
    points = np.concatenate(list(placed.values()))
    np.testing.assert_allclose((points.min(0) + points.max(0)) / 2, [449.5, 511.5])
    np.testing.assert_allclose(np.ptp(placed["heart"], axis=0) * spacing, np.ptp(shape_mm["heart"], axis=0))


def test_a_large_shape_gets_larger_pixels() -> None:
    placed, spacing = place_in_picture(ellipses(900, 900), (500, 500))
    points = np.concatenate(list(placed.values()))
    assert spacing > MM_PER_PIXEL
    assert points.min() >= 0.07 * 500
    assert points.max() <= 0.93 * 500


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_samples([ellipses(330, 330)], tmp_path_factory.mktemp("samples"))


def test_samples_are_six_and_small(samples: list[Path]) -> None:
    assert [path.name for path in samples] == [sample.name for sample in SAMPLES]
    assert len(samples) == 6
    assert sum(path.stat().st_size for path in samples) < 5_000_000


def test_dicom_samples_say_what_they_are(samples: list[Path]) -> None:
    images = {path.name: pydicom.dcmread(path) for path in samples if path.suffix == ".dcm"}
    for name, image in images.items():
        sample = next(sample for sample in SAMPLES if sample.name == name)
        assert image.pixel_array.shape == sample.shape
        assert image.pixel_array.max() < 4096
        assert image.PatientName == "Rendered^Sample"
        assert "Rendered" in image.ImageComments
        assert image.file_meta.TransferSyntaxUID.is_compressed
        assert {word for word in ("PixelSpacing", "ImagerPixelSpacing") if word in image} == set(sample.spacing)
    assert images["rendered_1.dcm"].PhotometricInterpretation == "MONOCHROME2"
    assert images["rendered_2.dcm"].PhotometricInterpretation == "MONOCHROME1"
    uids = [image[word].value for image in images.values() for word in ("SOPInstanceUID", "StudyInstanceUID")]
    assert len(set(uids)) == len(uids)
    assert all(uid.is_valid for uid in uids)


def test_inverted_sample_is_dark_where_bone_is(samples: list[Path]) -> None:
    stored = pydicom.dcmread(samples[1]).pixel_array
    outlines, _ = place_in_picture(ellipses(330, 330), SAMPLES[1].shape)
    assert inside(stored, outlines["heart"]) < inside(stored, outlines["right_lung"])


def test_png_samples_have_their_depth_and_shape(samples: list[Path]) -> None:
    for path, sample in zip(samples, SAMPLES, strict=True):
        if path.suffix == ".png":
            values = imageio.imread(path)
            assert values.shape == sample.shape
            assert values.dtype == (np.uint16 if sample.bits == 16 else np.uint8)


def test_samples_are_reproducible(samples: list[Path], tmp_path: Path) -> None:
    again = write_samples([ellipses(330, 330)], tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in samples]
