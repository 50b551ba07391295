"""The formats of an export in words, as the window and the command line show them; no format is imported here."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """What a reader is told of a format.

    Attributes
    ----------
    title : str
        What it is called.
    says : str
        What is written, in a few words.
    """

    title: str
    says: str


GROUPS: dict[str, dict[str, Words]] = {
    "To read": {"report": Words("Report", "report: HTML and PDF, per image and of all")},
    "Tables": {
        "csv": Words("Table of placements", "landmarks.csv: a row per landmark and image"),
        "measurements": Words("Measurements", "measurements.csv: a row per value and image"),
        "regions": Words("Regions", "regions.csv: outlines and sizes, per image"),
        "reviews": Words("Reviews", "reviews.csv: a row per image and structure"),
        "history": Words("History", "history.csv: a row per action"),
        "parquet": Words("Parquet", "parquet: all these tables, with types"),
        "landmarks": Words("Landmark set", "landmarks.json: the definitions, to load elsewhere"),
    },
    "Masks": {
        "masks": Words("Mask pictures", "masks: one PNG per structure and image"),
        "nifti": Words("NIfTI label maps", "nifti: one .nii.gz per image, or per structure"),
        "nrrd": Words("NRRD label maps", "nrrd: one .nrrd per image, or per structure"),
    },
    "Clinical viewers": {
        "dicom-seg": Words("DICOM segmentation", "dicom-seg: masks of DICOM images (SEG)"),
        "dicom-sr": Words("DICOM report", "dicom-sr: landmarks, measurements (SR)"),
        "dicom-gsps": Words("DICOM presentation", "dicom-gsps: for any viewer (GSPS)"),
        "dicom-sc": Words("DICOM picture", "dicom-sc: outlines burned in (Secondary Capture)"),
        "dicom-image": Words("DICOM images", "dicom-image: the images themselves, to give away"),
        "mrk-json": Words("3D Slicer, landmarks", "mrk-json: one list of points per image"),
        "seg-nrrd": Words("3D Slicer, masks", "seg-nrrd: one segmentation per image"),
    },
    "Annotation programs": {
        "coco": Words("COCO", "coco.json: masks, landmarks as keypoints, reviews"),
        "labelme": Words("LabelMe", "labelme: one JSON per image, polygons and points"),
        "cvat": Words("CVAT", "cvat: annotations.xml, masks and points"),
        "labelstudio": Words("Label Studio", "labelstudio: tasks.json, masks and points"),
    },
    "Machine learning": {
        "nnunet": Words("nnU-Net", "nnunet: pictures and label maps, a raw data set"),
        "training": Words("Training data", "training: for this program's own train --data"),
        "yolo": Words("YOLO, masks", "yolo: one text file per image, polygons"),
        "yolo-pose": Words("YOLO, landmarks", "yolo-pose: one text file per image"),
    },
    "Shape statistics": {
        "tps": Words("TPS", "landmarks.tps: for tpsDig, geomorph, MorphoJ"),
        "csv-wide": Words("Wide table", "landmarks_wide.csv: a row per image"),
        "deeplabcut": Words("DeepLabCut", "deeplabcut.csv: a row per image"),
    },
}
"""Heading → name of a format (a key of `registry.FORMATS`) → its words, in the order in which they are shown."""
WORDS: dict[str, Words] = {name: words for group in GROUPS.values() for name, words in group.items()}
