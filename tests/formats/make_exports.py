"""Writes a project of the rendered samples in every format, and beside it what each file must hold.

Usage: python -m tests.formats.make_exports FOLDER
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np

from app.formats.from_session import view_of
from app.formats.registry import FORMATS
from app.formats.write import write
from app.project.session import Session

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"
ODD = "sub/odd size.png"
"""Not square, in a folder, with a space in its name; a part of a sample."""


def blob(height: int, width: int, x: float, y: float, hole: bool = True) -> np.ndarray:
    """A shape without symmetry, in two pieces, with a hole."""
    columns, rows = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    mask = ((columns - x) / 0.16) ** 2 + ((rows - y) / 0.22 + (columns - x)) ** 2 < 1
    mask[: height // 9, 3 : width // 5] = True
    if hole:
        mask &= ((columns - x) / 0.04) ** 2 + ((rows - y) / 0.09) ** 2 > 1
    return mask


def make(folder: Path) -> None:
    """Everything anew."""
    shutil.rmtree(folder, ignore_errors=True)
    films = folder / "films"
    shutil.copytree(SAMPLES, films)
    (films / "sub").mkdir()
    picture = cv2.imread(str(SAMPLES / "rendered_3.png"), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(films / ODD), picture[: picture.shape[0] - 77, 10 : picture.shape[1] - 33])
    with Session.create(folder / "formats.dsr", "chest", "Ann") as session:
        session.add_images([films])
        assert not session.predict().failed
        correct(session)
        for state in ("all", "accepted"):
            view = view_of(session, state, captures=True)
            report = write(view, folder / state, list(FORMATS))
            assert not report.not_written
            # Files that are no DICOM are not given as DICOM files: their Secondary Captures are there.
            refused = {sentence.split(":")[0] for name, sentence in report.failed if not name.endswith(".dcm")}
            assert refused == {"dicom-image"}, report.failed
            assert not [name for name, _ in report.failed if name.endswith(".dcm")], report.failed
        expect(session, folder)


def correct(session: Session) -> None:
    """What a reader does: landmarks at fractions of pixels, masks, an absent structure, acceptance."""
    session.define_landmark("Apex of the heart", "heart", (0.3, 0.6))
    session.define_landmark('hilum "right"', "right_lung", (0.6, 0.1))
    session.define_landmark("carina", "field", (0.0, -0.1))
    session.define_region("lower zone", "right_lung", [(-0.3, -0.2), (0.3, -0.1), (0.1, 0.3)])
    session.define_region("rim", "heart", [(-0.5, 0.1), (0.0, 0.5), (0.4, 0.2)], closed=False)
    first, second = session.images[0], session.images[2]
    session.move_placement(first, "Apex of the heart", (301.123, 402.987))
    session.set_absent(second, 'hilum "right"')
    session.move_placement(ODD, "carina", (12.25, 100.5))
    for name, x in ((first, 0.4), (ODD, 0.55)):
        frame = session.image(name).frame
        session.set_mask(name, "heart", blob(frame.height, frame.width, x, 0.6))
    session.set_mask_absent(second, "left_clavicle")
    session.set_spacing(ODD, 0.31, 0.17)
    shown = {name: session.prediction_id(name) for name in session.images}
    session.set_review([first, ODD], "accepted", shown=shown, although_suspect=True)


def expect(session: Session, folder: Path) -> None:
    """What every file must hold: masks as packed bits, landmarks, sizes."""
    masks, told = {}, {}
    stems = view_of(session).stems
    own = [mark.name for mark in view_of(session).own]
    for name in session.images:
        frame = session.image(name).frame
        size = frame.spacing and [frame.spacing.row_mm, frame.spacing.column_mm]
        placed = {placement.landmark.name: placement for placement in session.placements_in(name)}
        places = {mark: np.round(placed[mark].xy, 6).tolist() for mark in own if np.isfinite(placed[mark].xy).all()}
        structures = [structure.name for structure in session.template.structures]
        found = {structure: session.mask(name, structure) for structure in structures}
        for structure, mask in found.items():
            masks[f"{name}|{structure}"] = np.zeros((frame.height, frame.width), bool) if mask is None else mask
        told[name] = {
            "stem": stems[name],
            "height": frame.height,
            "width": frame.width,
            "spacing_mm": size,
            "absent": [structure for structure, mask in found.items() if mask is None],
            "places": places,
            "review": session.image(name).review.value,
            "is_dicom": name.endswith(".dcm"),
        }
    np.savez_compressed(folder / "masks.npz", **masks)
    images = {"images": told, "landmarks": own, "structures": structures, "bundle": session.bundle.sha256}
    (folder / "expected.json").write_text(json.dumps(images, indent=1), encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
