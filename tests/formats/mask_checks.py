"""Masks, read by nibabel, pynrrd, SimpleITK, slicerio, pycocotools, datumaro, labelme, nnU-Net and Label Studio."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np

from tests.formats.checks import Exported, Image, check, masks_said, named, same_mask

ENDS = {"nifti": ".nii.gz", "nrrd": ".nrrd"}


@check("masks", named("pillow"))
def pictures(exported: Exported) -> str:
    from PIL import Image as Picture

    for image in exported.images:
        for structure in exported.structures:
            values = np.asarray(Picture.open(exported.out / "masks" / image.stem / f"{structure}.png"))
            assert set(np.unique(values)) <= {0, 255}
            same_mask(values, image, structure)
    return masks_said(exported)


def _maps(exported: Exported, form: str, image: Image) -> dict[str, Path]:
    """The files of the structures of an image, or its one file under the name of all."""
    whole = exported.out / form / f"{image.stem}{ENDS[form]}"
    if whole.is_file():
        return {"": whole}
    folder = exported.out / form / image.stem
    return {structure: folder / f"{structure}{ENDS[form]}" for structure in exported.structures}


def _compare(exported: Exported, image: Image, structure: str, values: np.ndarray) -> None:
    for number, name in enumerate(exported.structures, 1):
        if structure in ("", name):
            same_mask(values == (number if not structure else 1), image, name)


@check("nifti", named("nibabel"))
def nifti(exported: Exported) -> str:
    import nibabel

    for image in exported.images:
        for structure, path in _maps(exported, "nifti", image).items():
            file = nibabel.load(path)
            _compare(exported, image, structure, np.asarray(file.dataobj)[..., 0].T)
            corner = file.affine @ (image.width - 1, image.height - 1, 0, 1)
            right = np.multiply(image.step, (image.width - 1, image.height - 1))
            assert np.allclose(corner[:3], [-right[0], -right[1], 0], rtol=1e-5), (image.name, corner)
    return f"{masks_said(exported)}; world of the far corner"


def _by_itk(exported: Exported, form: str) -> str:
    import SimpleITK

    for image in exported.images:
        for structure, path in _maps(exported, form, image).items():
            file = SimpleITK.ReadImage(str(path))
            _compare(exported, image, structure, SimpleITK.GetArrayFromImage(file)[0])
            place = file.TransformIndexToPhysicalPoint((image.width - 1, image.height - 1, 0))  # LPS
            right = np.multiply(image.step, (image.width - 1, image.height - 1))
            assert np.allclose(place[:2], right, rtol=1e-5), (image.name, place)
    return f"{masks_said(exported)}; the same world in LPS"


@check("nifti", named("SimpleITK"))
def nifti_by_itk(exported: Exported) -> str:
    return _by_itk(exported, "nifti")


@check("nrrd", named("SimpleITK"))
def nrrd_by_itk(exported: Exported) -> str:
    return _by_itk(exported, "nrrd")


@check("nrrd", named("pynrrd"))
def nrrd(exported: Exported) -> str:
    import nrrd as reader

    for image in exported.images:
        for structure, path in _maps(exported, "nrrd", image).items():
            values, header = reader.read(str(path), index_order="C")
            _compare(exported, image, structure, values[0])
            assert header["space"] == "left-posterior-superior"
    return masks_said(exported)


@check("seg-nrrd", named("slicerio"))
def segmentation(exported: Exported) -> str:
    import slicerio

    for image in exported.images:
        file = slicerio.read_segmentation(str(exported.out / "seg-nrrd" / f"{image.stem}.seg.nrrd"))
        names = {segment["id"]: segment["name"] for segment in file["segments"]}
        assert list(names) == exported.structures
        for structure, title in names.items():
            values = slicerio.extract_segments(file, [(title, 1)])["voxels"][..., 0].T
            same_mask(values, image, structure)
        assert np.allclose(np.diag(file["ijkToLPS"])[:2], image.step, rtol=1e-5)
        assert all(segment["terminology"]["type"][0] in ("SCT", "99DENSESEG") for segment in file["segments"])
    return f"{masks_said(exported)}; names, codes, spacing"


@check("coco", named("pycocotools"))
def coco(exported: Exported) -> str:
    from pycocotools.coco import COCO

    file = COCO(str(exported.out / "coco.json"))
    by_name = {entry["file_name"]: entry for entry in file.imgs.values()}
    for image in exported.images:
        found = {}
        for annotation in file.loadAnns(file.getAnnIds(imgIds=by_name[image.name]["id"])):
            if "segmentation" in annotation:
                found[file.cats[annotation["category_id"]]["name"]] = file.annToMask(annotation)
        for structure in exported.structures:
            same_mask(found.get(structure, np.zeros(image.shape, bool)), image, structure)
    return masks_said(exported)


@check("cvat", named("datumaro"))
def cvat(exported: Exported) -> str:
    from datumaro import Dataset
    from datumaro.components.annotation import AnnotationType

    folder = exported.beside("cvat")  # datumaro wants the pictures, in images/
    shutil.copytree(exported.films, folder / "images")
    shutil.copy(exported.out / "cvat" / "annotations.xml", folder)
    data = Dataset.import_from(str(folder / "annotations.xml"), "cvat")
    labels = [label.name for label in data.categories()[AnnotationType.label]]
    by_name = {item.id: item for item in data}
    count = 0
    for image in exported.images:
        item = by_name[image.stem]
        found = {labels[a.label]: a.points for a in item.annotations if a.type is AnnotationType.points}
        for name, (x, y) in image.places.items():
            assert np.abs(np.subtract(found[name], (x + 0.5, y + 0.5))).max() <= 0.01, (image.name, name, found[name])
            count += 1
        masks = {labels[a.label]: a.image for a in item.annotations if a.type is AnnotationType.mask}
        for structure in exported.structures:
            same_mask(np.asarray(masks.get(structure, np.zeros(image.shape, bool))), image, structure)
    return f"{masks_said(exported)}; {count} points within .01 px"


@check("labelme", named("labelme"))
def labelme(exported: Exported) -> str:
    from labelme.utils import shape_to_mask

    for image in exported.images:
        file = json.loads((exported.out / "labelme" / f"{image.stem}.json").read_text("utf-8"))
        assert (file["imageHeight"], file["imageWidth"]) == image.shape
        found = {structure: np.zeros(image.shape, bool) for structure in exported.structures}
        for shape in file["shapes"]:
            if shape["shape_type"] == "polygon":
                found[shape["label"]] |= shape_to_mask(image.shape, shape["points"], "polygon")
        for structure in exported.structures:
            same_mask(found[structure], image, structure)
    return f"{masks_said(exported)}, as labelme draws polygons"


@check("labelme", f"{named('labelme')}, its own reader of files")
def labelme_opens(exported: Exported) -> str:
    import cv2
    from labelme._label_file import LabelFile

    folder, count = exported.beside("labelme"), 0
    for image in exported.images:
        if image.name.endswith(".png"):
            grey = cv2.imread(str(exported.films / image.name), cv2.IMREAD_GRAYSCALE)  # it shows no more than 8 bits
            cv2.imwrite(str(folder / Path(image.name).name), grey)
            path = shutil.copy(exported.out / "labelme" / f"{image.stem}.json", folder)
            assert len(LabelFile(str(path)).shapes) > len(exported.structures)
            count += 1
    return f"{count} files open beside their pictures"


def _module(package: str, path: str) -> object:
    """One module of a package, without what the package itself imports."""
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    spec = spec_from_file_location("one_module", Path(found.origin).parent / path)
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@check("labelstudio", named("label-studio-sdk"))
def label_studio(exported: Exported) -> str:
    brush = _module("label_studio_sdk", "converter/brush.py")
    tasks = {task["data"]["image"].split("d=")[1].replace("%20", " "): task for task in _tasks(exported)}
    for image in exported.images:
        kind = "annotations" if image.review == "accepted" else "predictions"
        found = {structure: np.zeros(image.shape, bool) for structure in exported.structures}
        for result in tasks[image.name][kind][0]["result"]:
            if result["type"] == "brushlabels":
                flat = brush.decode_rle(result["value"]["rle"])  # type: ignore[attr-defined]
                found[result["value"]["brushlabels"][0]] = np.reshape(flat, (*image.shape, 4))[..., 3] > 0
        for structure in exported.structures:
            same_mask(found[structure], image, structure)
    return masks_said(exported)


def _tasks(exported: Exported) -> list[dict]:
    found: list[dict] = json.loads((exported.out / "labelstudio" / "tasks.json").read_text("utf-8"))
    return found


@check("nnunet", f"{named('nnunetv2')}, verify_dataset_integrity")
def nnunet(exported: Exported) -> str:
    import nibabel
    from nnunetv2.experiment_planning.verify_dataset_integrity import verify_dataset_integrity

    (folder,) = (exported.out / "nnunet").iterdir()
    verify_dataset_integrity(str(folder), num_processes=1)
    told = json.loads((folder / "dataset.json").read_text("utf-8"))
    cases = {image: case for case, image in told["denseseg_review"]["cases"].items()}
    for image in exported.images:
        labels = np.asarray(nibabel.load(folder / "labelsTr" / f"{cases[image.name]}.nii.gz").dataobj)[..., 0].T
        for structure in exported.structures:
            same_mask(np.isin(labels, told["labels"][structure]), image, structure)
    return f"no complaint; {masks_said(exported)} from its regions"


@check("yolo", "OpenCV, as YOLO's own polygon2mask draws")
def yolo(exported: Exported) -> str:
    import cv2

    for image in exported.images:
        found = {structure: np.zeros(image.shape, np.uint8) for structure in exported.structures}
        for line in (exported.out / "yolo" / "labels" / f"{image.stem}.txt").read_text().splitlines():
            number, *shares = line.split()
            corners = np.reshape(np.array(shares, float), (-1, 2)) * (image.width, image.height)
            cv2.fillPoly(found[exported.structures[int(number)]], [corners.astype(np.int32)], 1)
        for structure in exported.structures:
            same_mask(found[structure], image, structure)
    return masks_said(exported)
