"""Label maps and Slicer segmentations, read back by nibabel and pynrrd (slicerio: `make test-formats`)."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import pytest
from hypothesis import given, settings

from app.core.frame import Frame
from app.formats.label_map import Nifti, Nrrd, nifti_bytes
from app.formats.output_folder import OutputFolder
from app.formats.project_view import RefusedError
from app.formats.seg_nrrd import SegNrrd, layers_of, segmentation_of
from app.io.image import decode_image
from tests.unit.formats.views import NAMES, SPACED, any_masks, drawn, project, rejected, view


def read_nifti(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Values as [row, column], and the affine from (column, row, 0) to RAS."""
    file = nibabel.Nifti1Image.from_bytes(gzip.decompress(data))
    return np.asarray(file.dataobj)[..., 0].T, file.affine


def read_nrrd(data: bytes) -> tuple[np.ndarray, dict]:
    stream = io.BytesIO(data)
    header = nrrd.read_header(stream)
    return nrrd.read_data(header, stream, index_order="C"), header


def apart() -> dict[str, np.ndarray]:
    """Two masks that do not overlap."""
    lung = drawn(1)
    return {"lung": lung, "heart": drawn(2) & ~lung}


def written(kind, image, tmp_path: Path):
    output = OutputFolder(tmp_path)
    part = kind(project(), output)
    part.add(image)
    part.keep()
    planned = set(kind.files(project()))
    assert set(output.written) <= planned
    return output, part


@pytest.mark.parametrize(("kind", "suffix"), [(Nifti, ".nii.gz"), (Nrrd, ".nrrd")])
def test_structures_that_do_not_overlap_share_one_map_with_their_numbers(tmp_path, kind, suffix):
    masks = apart()
    output, part = written(kind, view(masks), tmp_path)
    assert set(output.written) == {f"{part.file}/sub/a{suffix}", f"{part.file}/labels.txt"}
    data = (tmp_path / part.file / "sub" / f"a{suffix}").read_bytes()
    values = read_nifti(data)[0] if kind is Nifti else read_nrrd(data)[0][0]
    np.testing.assert_array_equal(values, masks["lung"] * 1 + masks["heart"] * 2)
    assert part.notes() == ()
    named = (tmp_path / part.file / "labels.txt").read_text().splitlines()
    assert [line.split()[0] for line in named] == ["0", "1", "2"]
    assert [line.split('"')[1] for line in named] == ["Clear Label", *NAMES]
    assert named[1].split()[1:4] == ["86", "180", "233"]  # #56B4E9


@pytest.mark.parametrize(("kind", "suffix"), [(Nifti, ".nii.gz"), (Nrrd, ".nrrd")])
def test_structures_that_overlap_have_a_file_each_and_that_is_told(tmp_path, kind, suffix):
    masks = {"lung": drawn(1), "heart": drawn(2)}
    assert (masks["lung"] & masks["heart"]).any()
    output, part = written(kind, view(masks), tmp_path)
    assert set(output.written) - {f"{part.file}/labels.txt"} == {f"{part.file}/sub/a/{name}{suffix}" for name in NAMES}
    for name, mask in masks.items():
        data = (tmp_path / part.file / "sub" / "a" / f"{name}{suffix}").read_bytes()
        values = read_nifti(data)[0] if kind is Nifti else read_nrrd(data)[0][0]
        np.testing.assert_array_equal(values, mask)
    assert "1 image has one file per structure" in part.notes()[0]


def test_a_rejected_structure_has_no_file_and_is_never_background(tmp_path):
    output, _ = written(Nrrd, view(apart(), structures=rejected("heart")), tmp_path)
    assert set(output.written) == {"nrrd/sub/a/lung.nrrd", "nrrd/labels.txt"}
    with pytest.raises(RefusedError, match="No structure has a mask"):
        Nifti(project(), output).add(view({"lung": None}, structures=rejected("lung")))


def test_an_absent_structure_is_known_to_be_nowhere(tmp_path):
    output, _ = written(Nifti, view({"lung": drawn(1), "heart": None}), tmp_path)
    assert "nifti/sub/a.nii.gz" in output.written
    values, _ = read_nifti((tmp_path / "nifti" / "sub" / "a.nii.gz").read_bytes())
    np.testing.assert_array_equal(values, drawn(1))


def test_the_world_is_that_of_slicer_in_both_formats(tmp_path):
    """Column 12 of row 7 lies 3 mm to the left and 3.5 mm to the back: LPS (3, 3.5, 0), RAS (-3, -3.5, 0)."""
    data = nifti_bytes(drawn(1).astype(np.uint8), SPACED)
    file = nibabel.Nifti1Image.from_bytes(gzip.decompress(data))
    assert file.affine @ (12, 7, 0, 1) == pytest.approx([-3, -3.5, 0, 1])
    assert nibabel.aff2axcodes(file.affine) == ("L", "P", "S")
    assert file.header.get_xyzt_units()[0] == "mm"
    assert file.get_qform(coded=True)[1] == file.get_sform(coded=True)[1] == 1
    _, header = read_nrrd(Nrrd(project(), OutputFolder(tmp_path)).encode(drawn(1).astype(np.uint8), SPACED))
    assert header["space"] == "left-posterior-superior"
    directions = header["space directions"]
    assert 12 * directions[0] + 7 * directions[1] + header["space origin"] == pytest.approx([3, 3.5, 0])


def test_without_a_spacing_no_unit_is_claimed():
    frame = Frame(9, 13)
    data = nifti_bytes(drawn(1).astype(np.uint8), frame)
    file = nibabel.Nifti1Image.from_bytes(gzip.decompress(data))
    assert (file.header.get_xyzt_units()[0], file.header.get_zooms()) == ("unknown", (1, 1, 1))
    _, header = read_nrrd(segmentation_of(view(apart(), frame)))
    assert header["space units"] == ["pixel"] * 3


@settings(deadline=None, max_examples=60)
@given(any_masks())
def test_any_masks_come_back_bit_by_bit(made):
    frame, masks = made
    values, affine = read_nifti(nifti_bytes(masks["lung"].astype(np.uint8), frame))
    np.testing.assert_array_equal(values, masks["lung"])
    sizes = (frame.spacing.column_mm, frame.spacing.row_mm) if frame.spacing else (1, 1)
    corner = [-sizes[0] * (frame.width - 1), -sizes[1] * (frame.height - 1), 0, 1]
    assert affine @ (frame.width - 1, frame.height - 1, 0, 1) == pytest.approx(corner, rel=1e-6)
    values, header = read_nrrd(segmentation_of(view(masks, frame)))
    for number, name in enumerate(NAMES):
        assert header[f"Segment{number}_ID"] == name
        layer = int(header[f"Segment{number}_Layer"])
        plane = values[0, ..., layer] if values.ndim == 4 else values[0]
        np.testing.assert_array_equal(plane == int(header[f"Segment{number}_LabelValue"]), masks[name])


def test_segments_have_names_colours_codes_and_what_the_reader_said():
    _, header = read_nrrd(segmentation_of(view(apart(), review="accepted")))
    assert header["Segmentation_ContainedRepresentationNames"] == "Binary labelmap|"
    assert (header["Segment1_Name"], header["Segment1_ID"], header["Segment1_LabelValue"]) == ("Heart", "heart", "2")
    assert [float(part) for part in header["Segment0_Color"].split()] == pytest.approx(
        [86 / 255, 180 / 255, 233 / 255], abs=1e-6
    )
    assert header["Segment1_Extent"] == "0 12 0 8 0 0"
    tags = dict(tag.split(":", 1) for tag in header["Segment1_Tags"].split("|") if tag)
    assert tags["Segmentation.Status"] == "completed"
    assert tags["DenseSeg.Mask"] == "corrected"
    assert tags["TerminologyEntry"].split("~")[1:4] == [
        "SCT^123037004^Anatomical Structure",
        "SCT^80891009^Heart",
        "^^",
    ]


def test_a_rejected_structure_has_no_segment_and_an_absent_one_has_no_pixel(tmp_path):
    values, header = read_nrrd(segmentation_of(view(apart(), structures=rejected("lung"))))
    assert header["Segment0_ID"] == "heart"
    assert "Segment1_ID" not in header
    np.testing.assert_array_equal(values[0], apart()["heart"] * 2)
    values, header = read_nrrd(segmentation_of(view({"lung": None, "heart": drawn(2)})))
    assert header["Segment0_ID"] == "lung"
    assert set(np.unique(values)) == {0, 2}
    output, _ = written(SegNrrd, view(apart()), tmp_path)
    assert output.written == ("seg-nrrd/sub/a.seg.nrrd",)


def test_layers_are_as_few_as_come_by_order():
    a, b, c = (np.zeros((2, 3), bool) for _ in range(3))
    a[0], b[:, 1], c[1] = True, True, True
    assert layers_of([a, b, c]) == [0, 1, 0]


def test_this_program_reads_the_spacing_back():
    image = decode_image(nifti_bytes(np.tile(drawn(3).astype(np.uint8), (3, 3)), SPACED), "a.nii.gz")
    assert (image.spacing.row_mm, image.spacing.column_mm) == pytest.approx((0.5, 0.25))
    np.testing.assert_array_equal(image.pixels, np.tile(drawn(3), (3, 3)))
