"""The formats of an export: each takes one image after the other and puts its file in place at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.core.landmark import landmark_set_to_json
from app.formats.base import Format, OneFile, PerImage
from app.formats.coco import CocoFile
from app.formats.cvat import Cvat
from app.formats.dicom_files import DicomGsps, DicomImage, DicomSc, DicomSeg, DicomSr
from app.formats.label_map import Nifti, Nrrd
from app.formats.labelme import labelme_of
from app.formats.labelstudio import LabelStudio
from app.formats.masks import folder_of, write_masks
from app.formats.morphometrics import TpsFile, WideFile
from app.formats.nnunet import NnUNet
from app.formats.output_folder import OutputFolder
from app.formats.parquet import Parquet
from app.formats.project_view import ImageView, ProjectView
from app.formats.report import Report
from app.formats.seg_nrrd import SegNrrd
from app.formats.slicer import markups_of
from app.formats.tables import Csv, History, Measurements, Regions, Reviews
from app.formats.training import Training
from app.formats.yolo import classes_of, labels_of
from app.formats.yolo_pose import YoloPose
from app.io.atomic import json_text, write_json


class Coco(OneFile):
    """``coco.json``: masks as RLE, landmarks as keypoints, reviews."""

    file = "coco.json"

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._coco = CocoFile(output.folder / self.file, project.template, project.landmarks, project.deleted)
        self.add, self.keep, self.drop = self._coco.add, self._coco.keep, self._coco.drop


class Tps(OneFile):
    """``landmarks.tps``: the landmarks for programs of shape statistics, y upward."""

    file = "landmarks.tps"

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._tps = TpsFile(output.folder / self.file, project)
        self.add, self.keep, self.drop = self._tps.add, self._tps.keep, self._tps.drop


class CsvWide(OneFile):
    """``landmarks_wide.csv``: one row per image, two columns per landmark."""

    file = "landmarks_wide.csv"

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._table = WideFile(output.folder / self.file, project)
        self.add, self.keep, self.drop = self._table.add, self._table.keep, self._table.drop


class DeepLabCut(OneFile):
    """``deeplabcut.csv``: the same with the head lines of DeepLabCut."""

    file = "deeplabcut.csv"

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._table = WideFile(output.folder / self.file, project, deeplabcut=True)
        self.add, self.keep, self.drop = self._table.add, self._table.keep, self._table.drop


class Masks(PerImage):
    """``masks/<stem>/<structure>.png``; none of a structure that a reader rejected."""

    file = "masks"

    def add(self, image: ImageView) -> None:
        """Write the image's masks; where nothing is known of a structure there is none."""
        rejected = {said.structure for said in image.rejected}
        write_masks(image.masks, folder_of(image.stem, self._output.folder / self.file), self._output, rejected)

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """What it may write, seen from the folder of the export."""
        for image in project.images:
            for structure in project.template.structures:
                yield f"{cls.file}/{project.stems[image]}/{structure.name}.png"


class LabelMe(PerImage):
    """``labelme/<stem>.json``: masks as polygons, landmarks as points."""

    file, suffix = "labelme", ".json"

    def text(self, image: ImageView) -> str:
        """The image as labelme reads it."""
        return json_text(labelme_of(image), indent=1) + "\n"


class Markups(PerImage):
    """``mrk-json/<stem>.mrk.json``: landmarks as points for 3D Slicer."""

    file, suffix = "mrk-json", ".mrk.json"

    def text(self, image: ImageView) -> str:
        """The image's landmarks as Slicer reads them."""
        return json_text(markups_of(image), indent=1) + "\n"


class Yolo(PerImage):
    """``yolo/labels/<stem>.txt``: masks as polygons, and ``yolo/classes.txt``."""

    file, suffix = "yolo/labels", ".txt"
    classes = "yolo/classes.txt"

    def text(self, image: ImageView) -> str:
        """The image's masks as YOLO reads them."""
        return labels_of(image)

    def keep(self) -> None:
        """Write the names of the classes."""
        self.write(self._output.folder / self.classes, classes_of(self._project.template).encode("utf-8"))

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """What it may write, seen from the folder of the export."""
        yield from super().files(project)
        yield cls.classes


class LandmarkSet(OneFile):
    """``landmarks.json``: the project's own landmarks as a landmark set."""

    file, needs_images = "landmarks.json", False

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._path, self._project = output.folder / self.file, project

    def add(self, image: ImageView) -> None:
        """Landmarks are definitions: images add nothing."""

    def keep(self) -> None:
        """Write the set."""
        data = landmark_set_to_json(self._project.template.anatomy, list(self._project.own))
        write_json(self._path, data)

    def drop(self) -> None:
        """Nothing was written yet."""


FORMATS: dict[str, type[Format]] = {
    "csv": Csv,
    "measurements": Measurements,
    "regions": Regions,
    "reviews": Reviews,
    "history": History,
    "parquet": Parquet,
    "masks": Masks,
    "nifti": Nifti,
    "nrrd": Nrrd,
    "seg-nrrd": SegNrrd,
    "coco": Coco,
    "labelme": LabelMe,
    "mrk-json": Markups,
    "yolo": Yolo,
    "yolo-pose": YoloPose,
    "cvat": Cvat,
    "labelstudio": LabelStudio,
    "nnunet": NnUNet,
    "training": Training,
    "dicom-seg": DicomSeg,
    "dicom-sr": DicomSr,
    "dicom-gsps": DicomGsps,
    "dicom-sc": DicomSc,
    "dicom-image": DicomImage,
    "tps": Tps,
    "csv-wide": CsvWide,
    "deeplabcut": DeepLabCut,
    "landmarks": LandmarkSet,
    "report": Report,
}


def files_of(project: ProjectView, formats: Iterable[str]) -> Iterator[str]:
    """The files that an export in some formats may write, seen from its folder."""
    for name in formats:
        yield from FORMATS[name].files(project)
