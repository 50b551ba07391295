"""What is exported for training is what `train --data` learns from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import nibabel
import numpy as np
import pytest

from app.cli.main import run
from app.core.frame import Frame, Provenance, Spacing
from app.core.orientation import Orientation
from app.formats.output_folder import OutputFolder
from app.formats.project_view import RefusedError
from app.formats.training import Training
from app.io.bundle import read_bundle
from app.training.annotations import mask_files
from tests.unit.formats.views import NAMES, drawn, project, rejected, view

TURNED = Frame(18, 26, spacing=Spacing(0.5, 0.25, Provenance.CALIBRATED), orientation=Orientation(1, True, True))


def test_pictures_and_masks_are_upright_and_keep_their_spacing(tmp_path: Path):
    grey = (np.arange(18 * 26).reshape(18, 26) * 100 + 7).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    masks = {"lung": drawn(1, TURNED), "heart": None}
    output = OutputFolder(tmp_path / "out")
    part = Training(project(), output)
    part.add(view(masks, TURNED, path=tmp_path / "a.png"))
    part.keep()
    assert set(output.written) == set(Training.files(project()))
    folder = tmp_path / "out" / "training"
    picture = nibabel.load(folder / "images" / "sub__a.nii.gz")
    # Turned to the right and mirrored, a picture is transposed.
    np.testing.assert_array_equal(np.asarray(picture.dataobj)[..., 0].T, grey.max() - (grey.T - grey.min()))
    assert picture.header.get_zooms()[:2] == (0.5, 0.25)
    for name in NAMES:
        mask = cv2.imread(str(folder / "masks" / "sub__a" / f"{name}.png"), -1)
        np.testing.assert_array_equal(mask > 0, drawn(1, TURNED).T if name == "lung" else np.zeros((26, 18), bool))
    (image,) = mask_files.read(folder).images
    assert list(image.pieces) == ["lung"]
    assert "p.dsr" in (folder / "NOTE.md").read_text()


def test_what_is_not_known_would_be_learnt_as_absent(tmp_path: Path):
    with pytest.raises(RefusedError, match="heart"):
        Training(project(), OutputFolder(tmp_path)).add(view({"lung": drawn(1)}, structures=rejected("heart")))


@pytest.mark.timeout(400)  # some seconds on idle cores, minutes on busy ones
def test_this_program_trains_on_it(tmp_path: Path):
    stems = {f"{i}.png": f"im{i}" for i in range(8)}
    part = Training(project(images=stems), OutputFolder(tmp_path / "out"))
    x, y = np.meshgrid(np.arange(90), np.arange(70))
    for i in range(8):
        masks = {
            "lung": ((x - 30 - i) / 16) ** 2 + ((y - 35 + i) / 24) ** 2 < 1,
            "heart": ((x - 58 + i) / 14) ** 2 + ((y - 40 - i / 2) / 12) ** 2 < 1,
        }
        cv2.imwrite(str(tmp_path / "a.png"), np.uint8(40 + 60 * masks["lung"] + 90 * masks["heart"] + i))
        image = view(masks, Frame(70, 90, spacing=Spacing(4.0, 4.0, Provenance.GIVEN)), path=tmp_path / "a.png")
        part.add(replace(image, name=f"{i}.png"))
    part.keep()
    data, out = tmp_path / "out" / "training", tmp_path / "run"
    options = ["--minutes", "0.02", "--size", "64", "--threads", "1", "--name", "ours"]
    assert run(["train", "--data", str(data), "--out", str(out), *options]) == 0
    made = read_bundle(out / "bundle")
    assert sorted(structure.name for structure in made.template.structures) == sorted(NAMES)
    assert "corrected by readers" in (out / "bundle" / "MODEL_CARD.md").read_text("utf-8")
