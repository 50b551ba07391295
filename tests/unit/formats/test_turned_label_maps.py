"""Label maps whose header says that they count pixels from another corner: told, where the image can't be turned so."""

from __future__ import annotations

import json

import nibabel
import nrrd
import numpy as np
import pytest

from app.core.frame import Frame, Provenance, Spacing
from app.formats.label_map import nifti_bytes
from app.formats.nrrd_file import nrrd_bytes
from app.formats.readers import read_paths
from app.formats.reading import Known
from app.project.matching import KnownImage, Trouble, match

KNOWN = Known(("heart", "right_lung"))
FRAME = Frame(20, 30, spacing=Spacing(0.5, 0.25, Provenance.CALIBRATED))


def labels():
    found = np.zeros((20, 30), np.uint8)
    found[3:9, 4:20] = 1
    found[5, 6] = 0
    return found


def saved(path, affine=None, code=1):
    """A NIfTI by nibabel, whose world is RAS."""
    file = nibabel.Nifti1Image(labels().T[..., None], affine)
    if affine is not None:
        file.set_sform(affine, code)
        file.set_qform(None, 0)
    nibabel.save(file, path)


def matched(folder, image="a.png"):
    (folder / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "heart": 1}}))
    found = read_paths([folder], KNOWN)
    assert not found.failed
    return match(found.annotations, [KnownImage(image, frame=FRAME)], [], {"heart": "Heart"})


AXES = [
    (np.diag([-0.25, -0.5, 1, 1]), False),
    (np.diag([0.25, -0.5, 1, 1]), True),
    (np.diag([-0.25, 0.5, 1, 1]), True),
    (np.eye(4), True),
    (np.array([[-0.25, 0, 0, 9], [0, 0, 1, 4], [0, -0.5, 0, 3], [0, 0, 0, 1]]), False),  # upright: y down is -S
    (np.array([[0, -0.25, 0, 0], [-0.5, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), True),
    (None, False),
]


@pytest.mark.parametrize(("affine", "turned"), AXES)
def test_nifti_that_counts_from_another_corner_is_told_but_for_images_of_volumes(tmp_path, affine, turned):
    saved(tmp_path / "a.nii.gz", affine)
    found = matched(tmp_path)
    assert [one.trouble for one in found.unmatched] == [Trouble.TURNED] * turned
    if turned:
        assert "may lie mirrored" in found.unmatched[0].sentence
    for one in (*found.images, *matched(tmp_path, "a.nii.gz").images, *matched(tmp_path, "a_0000.nrrd").images):
        np.testing.assert_array_equal(one.masks["heart"].native(FRAME), labels() == 1)
    assert matched(tmp_path, "a.nii.gz").masks == 1


def test_a_header_without_codes_says_nothing_of_axes(tmp_path):
    saved(tmp_path / "a.nii", np.eye(4), code=0)
    assert matched(tmp_path).masks == 1


@pytest.mark.parametrize("direction", [(1, 1), (-1, 1), (1, -1)])
@pytest.mark.parametrize("space", ["left-posterior-superior", "RAS"])
def test_nrrd_and_metaimage_say_where_their_axes_run(tmp_path, direction, space):
    x, y = direction
    sign = -1 if space == "RAS" else 1
    steps = [[0.25 * x * sign, 0, 0], [0, 0.5 * y * sign, 0], [0, 0, 1]]
    nrrd.write(str(tmp_path / "a.nrrd"), labels().T[..., None], {"space": space, "space directions": steps})
    assert matched(tmp_path).masks == (direction == (1, 1))
    (tmp_path / "a.nrrd").unlink()
    head = f"ObjectType = Image\nNDims = 3\nDimSize = 30 20 1\nTransformMatrix = {x} 0 0 0 {y} 0 0 0 1\n"
    head += "ElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    (tmp_path / "a.mha").write_bytes(head.encode() + labels().tobytes())
    assert matched(tmp_path).masks == (direction == (1, 1))


def test_our_own_maps_are_not_turned_nor_masks_in_volumes(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(nifti_bytes(labels(), FRAME))
    assert matched(tmp_path).masks == 1
    (tmp_path / "a.nii.gz").rename(tmp_path / "a.bak")
    (tmp_path / "a.nrrd").write_bytes(nrrd_bytes(labels(), FRAME))
    assert matched(tmp_path).masks == 1
    (tmp_path / "masks" / "a").mkdir(parents=True)
    saved(tmp_path / "masks" / "a" / "heart.nii.gz", np.eye(4))
    (one,) = read_paths([tmp_path / "masks" / "a" / "heart.nii.gz"], KNOWN).annotations
    assert one.turned
