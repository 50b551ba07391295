"""Writing a bundle: weights, OpenVINO network, template, shape prior, landmarks, model card and licence."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import save_file as save_torch
from torch import Tensor, nn

from app.core.fine_mask import FineStage
from app.core.heatmap import INTEGER
from app.core.landmark import Landmark, landmark_set_to_json
from app.core.prediction import ErrorModel
from app.core.shape_prior import ShapePrior
from app.core.template import Template
from app.core.test_time_augmentation import Shift
from app.io.bundle import DENSESEG, FINE, HEATMAP, MEASUREMENTS, POINTS, WEIGHTS
from app.training.shared_weights import share_weights
from models import heatmap, network, points
from models.fine import FineNet
from models.heatmap import HeatmapNet
from models.network import DenseSegNet
from models.points import PointsNet

FORMAT = 1
Served = DenseSegNet | HeatmapNet | PointsNet
"""Networks that a bundle can serve."""


class _Served(nn.Module):
    """A network as it is served."""

    def __init__(self, net: nn.Module, served: Callable[[nn.Module, Tensor], tuple[Tensor, Tensor]]) -> None:
        super().__init__()
        self.net, self.served = net, served

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return self.served(self.net, image)


_KINDS: dict[type[nn.Module], tuple[str, Callable[[nn.Module, Tensor], tuple[Tensor, Tensor]], tuple[str, str]]] = {
    DenseSegNet: (DENSESEG, network.served, ("masks", "uv")),
    HeatmapNet: (HEATMAP, heatmap.served, ("masks", "heat")),
    PointsNet: (POINTS, points.served, ("points", "spread")),
}
"""Kind of a network's bundle, what it gives there, and what its outputs are called."""


def contour_landmarks(template: Template, origin: str = "") -> list[Landmark]:
    """The data set's contour points as a landmark set: ``heart_00`` and so on; `origin` says whose points they are."""
    whose = f" {origin}" if origin else ""
    return [
        Landmark(
            name=f"{structure.name}_{number:02d}",
            structure=structure.name,
            u=float(round(u, 6)),
            v=float(round(v, 6)),
            rule=f"Contour point {number} of the {structure.title.lower()}{whose}",
            group="contour points",
            colour=structure.colour,
        )
        for structure in template.structures
        for number, (u, v) in enumerate(structure.outline_uv)
    ]


def convert(net: Served, folder: Path) -> None:
    """Write ``network.xml`` and ``network.bin``: the served network for OpenVINO, constants in float16."""
    example = torch.zeros(1, 1, net.config.height, net.config.width)
    _, served, names = _KINDS[type(net)]
    save_openvino(_Served(net, served).eval(), example, names, folder / "network.xml")


def save_openvino(net: nn.Module, example: Tensor, outputs: Sequence[str], path: Path) -> None:
    """Write a network in evaluation mode as ``path`` (.xml) and its weights beside it, constants in float16."""
    import openvino

    with warnings.catch_warnings():
        # openvino knows no other way than tracing
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        model = openvino.convert_model(net, example_input=example, input=[list(example.shape)])
    model.inputs[0].get_tensor().set_names({"image"})
    for output, name in zip(model.outputs, outputs, strict=True):
        output.get_tensor().set_names({name})
    openvino.save_model(model, str(path), compress_to_fp16=True)


def write_bundle(
    folder: Path,
    net: Served,
    template: Template,
    documents: dict[str, str],
    prior: ShapePrior | None = None,
    errors: ErrorModel | None = None,
    shifts: Sequence[Shift] = (),
    name: str = "chest",
    title: str = "Chest, frontal",
    origin: str = "in the HybridGNet landmark set",
    argmax: str = INTEGER,
) -> None:
    """Write all files of a bundle, ``bundle.json`` with their hashes last: half a bundle is never taken for whole.

    Parameters
    ----------
    folder : Path
        Made where it is missing; files of an older bundle are replaced.
    net : Served
        Float32; rounded to float16 here, so that torch and OpenVINO serve the same numbers.
    documents : dict
        Text of ``MODEL_CARD.md`` and ``LICENSE.md``.
    name, title, origin : str
        Of the anatomy; the chest's are taken where nothing is said. `origin` says whose contour points these are.
    argmax : str
        How points are read off heatmaps, where it gives some (`app.core.heatmap.ARGMAX`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bundle.json").unlink(missing_ok=True)
    half = {key: value.half().contiguous() for key, value in net.state_dict().items()}
    net.load_state_dict({key: value.float() for key, value in half.items()})
    save_torch(half, folder / WEIGHTS)
    convert(net, folder)
    share_weights(folder)
    errors = errors or ErrorModel()
    head: dict[str, Any] = {
        "format": FORMAT,
        "kind": _KINDS[type(net)][0],
        "name": name,
        "title": title,
        "anatomy": template.anatomy,
        "network": {"structures": len(template.structures)} | net.config.to_json(),
        "errors": {key: value for key, value in vars(errors).items() if key != "typical"},
        "shifts": [list(shift) for shift in shifts],
    }
    if isinstance(net, HeatmapNet):
        head["argmax"] = argmax
    shape = {} if prior is None else {"mean": prior.mean, "modes": prior.modes, "shrinkage": prior.shrinkage}
    shape |= {} if errors.typical is None else {"typical_error": errors.typical}
    if shape:
        _write_arrays(folder / "shape.safetensors", shape)
    _write_json(folder / "template.json", template.to_json())
    _write_json(folder / "landmarks.json", landmark_set_to_json(template.anatomy, contour_landmarks(template, origin)))
    for file, text in documents.items():
        (folder / file).write_text(text, encoding="utf-8")
    hashes = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir()) if file.is_file()
    }
    _write_json(folder / "bundle.json", head | {"files": hashes})


def replace_documents(folder: Path, documents: dict[str, str]) -> None:
    """Write other documents into a bundle: its figures are known only once it can be evaluated."""
    head = json.loads((folder / "bundle.json").read_text("utf-8"))
    for file, text in documents.items():
        (folder / file).write_text(text, encoding="utf-8")
        head["files"][file] = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    _write_json(folder / "bundle.json", head)


CHECK_FILES = ("check.xml", "check.bin", "CHECK_CARD.md")
"""What belongs to the check of images; it has a network and a card of its own, so bundles share it."""


def lend_check(source: Path, folder: Path) -> None:
    """Give a bundle the check of another in place of its own, with what images are searched for before it.

    Without one to lend, nothing changes.
    """
    given = json.loads((source / "bundle.json").read_text("utf-8"))
    if "check" not in given:
        return
    head = json.loads((folder / "bundle.json").read_text("utf-8"))
    for name in ("plausibility.safetensors", *CHECK_FILES):  # the first belonged to the check of earlier bundles
        head["files"].pop(name, None)
        (folder / name).unlink(missing_ok=True)
    head.pop("plausibility", None)
    for name in CHECK_FILES:
        shutil.copyfile(source / name, folder / name)
        head["files"][name] = given["files"][name]
    lent = {key: given[key] for key in ("check", "locate") if key in given}
    _write_json(folder / "bundle.json", head | lent)


def lend_measurements(source: Path, folder: Path) -> None:
    """Give a bundle the measurements of another, which has the same structures and landmarks."""
    head = json.loads((folder / "bundle.json").read_text("utf-8"))
    shutil.copyfile(source / MEASUREMENTS, folder / MEASUREMENTS)
    head["files"][MEASUREMENTS] = hashlib.sha256((folder / MEASUREMENTS).read_bytes()).hexdigest()
    _write_json(folder / "bundle.json", head)


class _ServedFine(nn.Module):
    """The network for fine masks as it is served."""

    def __init__(self, net: FineNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, crops: Tensor) -> Tensor:
        return torch.sigmoid(self.net(crops))


def write_fine(net: FineNet, stage: FineStage, folder: Path) -> None:
    """Put a network for fine masks into a bundle, in place of one that it may have; weights in float16."""
    example = torch.zeros(1, 2, stage.height, stage.width)
    save_openvino(_ServedFine(net).eval(), example, ("mask",), folder / f"{FINE}.xml")
    head = json.loads((folder / "bundle.json").read_text("utf-8"))
    for name in (f"{FINE}.xml", f"{FINE}.bin"):
        head["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    _write_json(folder / "bundle.json", head | {FINE: vars(stage)})


def without_prior(bundle: Path, folder: Path) -> Path:
    """A copy of a bundle in `folder` that regularises nothing, to measure what the prior does; returns `folder`."""
    shutil.copytree(bundle, folder)
    head = json.loads((folder / "bundle.json").read_text("utf-8"))
    head["files"].pop("shape.safetensors", None)
    (folder / "shape.safetensors").unlink(missing_ok=True)
    _write_json(folder / "bundle.json", head)
    return folder


def _write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    save_numpy({key: np.ascontiguousarray(array, np.float32) for key, array in arrays.items()}, path)


def _write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
