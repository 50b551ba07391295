"""nnU-Net's raw data set: https://github.com/MIC-DKFZ/nnUNet/blob/master/documentation/dataset_format.md, version 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.template import Template
from app.formats.base import PerImage
from app.formats.label_map import nifti_bytes, whole_masks
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, ProjectView
from app.formats.source import flat_names, picture_of
from app.io.atomic import json_text

Mask = npt.NDArray[np.bool_]
NUMBER = 900
"""Of the data set: nnU-Net's own end before 100, and it asks for one of three digits."""
END = ".nii.gz"


class Codes:
    """Numbers of a label map in which each combination of structures that overlap somewhere has a number of its own.

    The structures alone have their numbers in the template, from 1; combinations follow as they are met, so that the
    numbers are consecutive, as nnU-Net wants them.

    Parameters
    ----------
    template : Template

    Attributes
    ----------
    numbers : dict of tuple of int to int
        Channels of the structures, ascending → number.
    """

    def __init__(self, template: Template) -> None:
        self._template = template
        self.numbers: dict[tuple[int, ...], int] = {(c,): c + 1 for c in range(len(template.structures))}

    @property
    def overlaps(self) -> dict[int, list[str]]:
        """Numbers that stand for several structures, and for which."""
        names = [structure.name for structure in self._template.structures]
        return {number: [names[c] for c in key] for key, number in self.numbers.items() if len(key) > 1}

    def labels_of(self, masks: Mapping[str, Mask]) -> npt.NDArray[np.uint16]:
        """The label map [H, W] of masks [H, W] by structure."""
        channels = [self._template.index(name) for name in masks]
        stack = np.stack([*masks.values()])
        labels = np.zeros(stack.shape[1:], np.uint16)
        inside = stack.any(axis=0)
        kinds, which = np.unique(stack[:, inside], axis=1, return_inverse=True)
        numbers = []
        for kind in kinds.T:
            key = tuple(sorted(c for c, there in zip(channels, kind, strict=True) if there))
            numbers.append(self.numbers.setdefault(key, len(self.numbers) + 1))
        labels[inside] = np.array(numbers, np.uint16)[which.reshape(-1)] if numbers else 0
        return labels

    def to_json(self) -> dict[str, Any]:
        """``labels`` of dataset.json, with ``regions_class_order`` where structures overlap.

        A region's numbers are all those that stand for its structure. nnU-Net writes regions one over another in the
        order of the list, so the largest structure comes first.
        """
        ordered = sorted(self._template.structures, key=lambda structure: -structure.area_mm2)
        if not self.overlaps:
            plain = {structure.name: number for number, structure in enumerate(self._template.structures, 1)}
            return {"labels": {"background": 0, **plain}}
        regions = {}
        for structure in ordered:
            channel = self._template.index(structure.name)
            regions[structure.name] = [number for key, number in self.numbers.items() if channel in key]
        order = [self._template.index(structure.name) + 1 for structure in ordered]
        return {"labels": {"background": 0, **regions}, "regions_class_order": order}


class NnUNet(PerImage):
    """``nnunet/Dataset900_<anatomy>``: pictures, label maps and dataset.json, to be put into ``nnUNet_raw``."""

    file = "nnunet"

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        super().__init__(project, output)
        self._codes, self._cases = Codes(project.template), flat_names(project.stems)
        self._written: dict[str, str] = {}

    @staticmethod
    def folder(project: ProjectView) -> str:
        """The data set's folder, seen from the format's."""
        return f"Dataset{NUMBER}_{''.join(letter for letter in project.template.anatomy if letter.isalnum())}"

    def parts(self, image: ImageView) -> Mapping[str, bytes]:
        """The image's picture and label map; refused where a structure is not known, which would be background."""
        frame = image.frame
        assert frame is not None
        labels, case = self._codes.labels_of(whole_masks(image, "nnU-Net")), self._cases[image.name]
        if labels.max(initial=0) < 256:
            labels = labels.astype(np.uint8)
        picture = picture_of(image).pixels
        self._written[case] = image.name
        folder = self.folder(self._project)
        return {
            f"{folder}/imagesTr/{case}_0000{END}": nifti_bytes(picture, frame),
            f"{folder}/labelsTr/{case}{END}": nifti_bytes(labels, frame),
        }

    def keep(self) -> None:
        """Write dataset.json."""
        told = {
            "channel_names": {"0": "radiograph"},
            **self._codes.to_json(),
            "numTraining": len(self._written),
            "file_ending": END,
            "name": self.folder(self._project),
            "description": f"Exported by DenseSeg Review from {self._project.name}. Research use only.",
            "denseseg_review": {"cases": self._written, "overlaps": self._codes.overlaps},
        }
        path = self._output.folder / self.file / self.folder(self._project) / "dataset.json"
        self.write(path, (json_text(told, indent=1) + "\n").encode("utf-8"))

    def notes(self) -> Sequence[str]:
        """How overlaps are written."""
        count = len(self._codes.overlaps)
        if not count:
            return ()
        are = "1 combination of structures that overlap has a number" if count == 1 else f"{count} combinations of "
        are += "" if count == 1 else "structures that overlap have numbers"
        return (
            f"nnunet: {are} of their own; dataset.json names the structures as regions, so nnU-Net learns them whole. "
            "In label maps that it predicts the smaller structure lies over the larger one; its probabilities keep "
            "both.",
        )

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """What it may write, seen from the folder of the export."""
        folder, cases = f"{cls.file}/{cls.folder(project)}", flat_names(project.stems)
        yield f"{folder}/dataset.json"
        for image in project.images:
            yield f"{folder}/imagesTr/{cases[image]}_0000{END}"
            yield f"{folder}/labelsTr/{cases[image]}{END}"
