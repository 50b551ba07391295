"""DICOM objects, read by dciodvfy, dcentvfy and dsrdump (package dicom3tools), highdicom and pydicom."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np

from tests.formats.checks import Exported, check, masks_said, named, same_mask

FOLDERS = ("dicom-seg", "dicom-sr", "dicom-gsps", "dicom-sc", "dicom-source")


def said_by(program: str, *paths: Path, options: tuple[str, ...] = ()) -> list[str]:
    """Lines that a program says of files."""
    if shutil.which(program) is None:
        raise FileNotFoundError(f"{program} is not installed: apt-get install dicom3tools")
    done = subprocess.run([program, *options, *map(str, paths)], capture_output=True, text=True, errors="replace")
    return (done.stdout + done.stderr).splitlines()


def _valid(exported: Exported, folder: str) -> str:
    paths = sorted((exported.out / folder).rglob("*.dcm"))
    assert paths
    errors = [
        line for path in paths for line in said_by("dciodvfy", path, options=("-new",)) if line.startswith("Error")
    ]
    assert not errors, errors[:3]
    return f"{len(paths)} files, 0 errors"


for _folder in FOLDERS:
    check(_folder, "dciodvfy (dicom3tools)")(lambda exported, folder=_folder: _valid(exported, folder))


@check("dicom-seg, -sr, -gsps, -sc", "dcentvfy (dicom3tools)")
def consistent(exported: Exported) -> str:
    count = 0
    for image in exported.images:
        own = [exported.out / folder / f"{image.stem}.dcm" for folder in FOLDERS]
        paths = [path for path in own if path.is_file()]
        paths += [exported.films / image.name] if image.is_dicom else []
        errors = [line for line in said_by("dcentvfy", *paths) if "Error" in line]
        assert not errors, errors[:3]
        count += len(paths)
    return f"{count} files of {len(exported.images)} studies, 0 errors"


@check("dicom-seg", f"{named('pydicom')}, which unpacks the bits")
def segmentation(exported: Exported) -> str:
    import pydicom

    for image in exported.images:
        file = pydicom.dcmread(exported.out / "dicom-seg" / f"{image.stem}.dcm")
        names = [segment.TrackingID for segment in file.SegmentSequence]
        assert set(names) == set(exported.structures) - set(image.absent)
        frames = file.pixel_array.reshape(-1, *image.shape)
        for frame, group in zip(frames, file.PerFrameFunctionalGroupsSequence, strict=True):
            own = group if "SegmentIdentificationSequence" in group else file.SharedFunctionalGroupsSequence[0]
            number = own.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            same_mask(frame, image, names[number - 1])
    return masks_said(exported)


@check("dicom-sr", "dsrdump (dicom3tools)")
def report(exported: Exported) -> str:
    count = 0
    for image in exported.images:
        text = "\n".join(said_by("dsrdump", exported.out / "dicom-sr" / f"{image.stem}.dcm"))
        assert "Imaging Measurement Report" in text
        assert text.count("SCOORD") >= 1
        count += 1
    return f"{count} reports, each a tree with points"


@check("dicom-sr", named("highdicom"))
def points(exported: Exported) -> str:
    import highdicom

    count = 0
    for image in exported.images:
        file = highdicom.sr.srread(exported.out / "dicom-sr" / f"{image.stem}.dcm")
        found = {}
        for group in file.content.get_planar_roi_measurement_groups():
            found[group.tracking_identifier] = np.asarray(group.roi.value)[0] - 0.5
        for name, xy in image.places.items():
            if not (-0.5 <= xy[0] <= image.width - 0.5 and -0.5 <= xy[1] <= image.height - 0.5):
                continue
            assert np.abs(found[name] - xy).max() <= 0.01, (image.name, name, found[name], xy)
            count += 1
    return f"{count} points within .01 px"


@check("dicom-source", named("pydicom"))
def source(exported: Exported) -> str:
    import cv2
    import pydicom

    count = 0
    for image in exported.images:
        if not image.is_dicom:
            file = pydicom.dcmread(exported.out / "dicom-source" / f"{image.stem}.dcm")
            grey = cv2.imread(str(exported.films / image.name), cv2.IMREAD_UNCHANGED)
            assert np.array_equal(file.pixel_array, grey), image.name
            count += 1
    return f"{count} pictures, all grey values the same"
