"""Read a bundle: weights, template, landmarks and licence in one folder under one hash. Data only, nothing is run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from app.core.landmark import Landmark, landmark_set_from_json
from app.core.passes import Shift
from app.core.plausibility import Plausibility
from app.core.prediction import ErrorModel
from app.core.shape_prior import ShapePrior
from app.core.template import Template
from app.io.errors import BundleError

BUNDLES = Path(__file__).resolve().parents[2] / "resources" / "bundles"
FORMAT = 1
_DATA_SET = "data set"


@dataclass(frozen=True, eq=False)
class Bundle:
    """Everything that belongs to one model.

    Attributes
    ----------
    folder : Path
    name, title, anatomy : str
    sha256 : str
        Over all files; part of every prediction.
    template : Template
    prior : ShapePrior or None
    errors : ErrorModel
    landmarks : tuple of Landmark
        The data set's points, hidden at first.
    network : dict
        ``structures, height, width, channels``.
    plausibility : Plausibility or None
        None in bundles that cannot tell whether an image is what they were made for.
    shifts : tuple of (dx, dy)
        Network pixels by which the picture is shifted for each look; empty means one look.
    """

    folder: Path
    name: str
    title: str
    anatomy: str
    sha256: str
    template: Template
    prior: ShapePrior | None
    errors: ErrorModel
    landmarks: tuple[Landmark, ...]
    network: dict[str, Any]
    plausibility: Plausibility | None = None
    shifts: tuple[Shift, ...] = ()

    @property
    def network_size(self) -> tuple[int, int]:
        """Height and width of the network's input."""
        return int(self.network["height"]), int(self.network["width"])


def bundle_folder(name_or_folder: str | Path) -> Path:
    """Where a bundle lies: a name is looked up in the program's own bundles, anything else is a folder."""
    shipped = BUNDLES / str(name_or_folder)
    if str(name_or_folder) and Path(name_or_folder).name == str(name_or_folder) and shipped.is_dir():
        return shipped
    folder = Path(name_or_folder)
    if folder.is_dir():
        return folder.resolve()
    known = sorted(p.parent.name for p in BUNDLES.glob("*/bundle.json"))
    raise BundleError(
        f"There is no model “{name_or_folder}”. Give the folder of a bundle, or one of the models that come with the "
        f"program: {', '.join(known) or 'none is installed'}."
    )


def read_bundle(name_or_folder: str | Path) -> Bundle:
    """Read and check a bundle.

    Parameters
    ----------
    name_or_folder : str or Path
        ``chest``, or the folder of a bundle.

    Raises
    ------
    BundleError
        With a sentence for the reader: missing, damaged (a file's hash is another), of another format.
    """
    folder = bundle_folder(name_or_folder)
    try:
        head = json.loads((folder / "bundle.json").read_text("utf-8"))
        if head["format"] != FORMAT:
            raise BundleError(
                f"The model in {folder} has format {head['format']}, and this program reads format {FORMAT}. "
                "Update the program."
            )
        sha256 = _verify(folder, dict(head["files"]))
        return _assemble(folder, head, sha256)
    except BundleError:
        raise
    except FileNotFoundError as error:
        missing = Path(error.filename or "bundle.json").name
        raise BundleError(f"The model in {folder} has no file {missing}. Copy or install the bundle again.") from None
    except OSError as error:
        raise BundleError(f"The model in {folder} cannot be read ({error.strerror or error}).") from None
    except (ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise BundleError(
            f"The model in {folder} is damaged or no DenseSeg bundle ({type(error).__name__}: {error}). "
            "Copy or install the bundle again."
        ) from None


def _verify(folder: Path, files: dict[str, str]) -> str:
    """Check each file against its hash; return the hash of the whole bundle."""
    lines = [f"bundle.json:{hashlib.sha256((folder / 'bundle.json').read_bytes()).hexdigest()}\n"]
    for name in sorted(files):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BundleError(f"The model in {folder} refers to a file outside its folder ({name}); it is not used.")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != files[name]:
            raise BundleError(
                f"The model in {folder} is damaged: {name} is not the file that was released. "
                "Copy or install the bundle again."
            )
        lines.append(f"{name}:{digest}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _assemble(folder: Path, head: dict[str, Any], sha256: str) -> Bundle:
    listed = set(head["files"])
    needed = {"template.json", "landmarks.json"}
    if not needed <= listed or not listed & {"network.xml", "weights.safetensors"}:
        raise BundleError(f"The bundle.json in {folder} does not list its template, landmarks and network.")
    template = Template.from_json(json.loads((folder / "template.json").read_text("utf-8")))
    marks = landmark_set_from_json(json.loads((folder / "landmarks.json").read_text("utf-8")), template)
    network = dict(head["network"])
    if int(network["structures"]) != len(template.structures):
        raise BundleError(f"The model in {folder} has a template with another number of structures than its network.")
    return Bundle(
        folder=folder,
        name=str(head["name"]),
        title=str(head["title"]),
        anatomy=str(head["anatomy"]),
        sha256=sha256,
        template=template,
        prior=_prior(folder, template) if "shape.safetensors" in listed else None,
        errors=_errors(folder, head, template),
        landmarks=tuple(replace(mark, hidden=True, group=mark.group or _DATA_SET) for mark in marks),
        network=network,
        shifts=tuple((int(dx), int(dy)) for dx, dy in head.get("shifts", [])),
        plausibility=_plausibility(folder, head) if "plausibility.safetensors" in listed else None,
    )


def _errors(folder: Path, head: dict[str, Any], template: Template) -> ErrorModel:
    weights = {key: float(value) for key, value in head["errors"].items()}
    listed = "shape.safetensors" in head["files"]
    typical = load_file(folder / "shape.safetensors").get("typical_error") if listed else None
    if typical is not None and len(typical) != sum(len(s.outline) for s in template.structures):
        raise BundleError(f"The error model of the model in {folder} does not fit its template.")
    return ErrorModel(None if typical is None else typical.astype(np.float64), **weights)


def _plausibility(folder: Path, head: dict[str, Any]) -> Plausibility:
    tensors = load_file(folder / "plausibility.safetensors")
    centre, scale, weights, bias = (tensors[k].astype(np.float64) for k in ("centre", "scale", "weights", "bias"))
    given = head["plausibility"]
    classes = tuple(str(name) for name in given["classes"])
    if weights.shape != (len(classes), len(centre)) or scale.shape != centre.shape or bias.shape != (len(classes),):
        raise BundleError(f"The plausibility check of the model in {folder} does not fit its classes.")
    return Plausibility(classes, centre, scale, weights, bias, str(given["subject"]), float(given["threshold"]))


def _prior(folder: Path, template: Template) -> ShapePrior:
    tensors = load_file(folder / "shape.safetensors")
    mean, modes, shrinkage = (tensors[key].astype(np.float64) for key in ("mean", "modes", "shrinkage"))
    points = sum(len(structure.outline) for structure in template.structures)
    if mean.shape != (points, 2) or modes.shape[1:] != (points, 2) or shrinkage.shape != (2 * points, 2 * points):
        raise BundleError(f"The shapes of the model in {folder} do not fit its template.")
    return ShapePrior(mean, modes, shrinkage)
