"""Read a bundle: weights, template, landmarks and licence in one folder under one hash. Data only, nothing is run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file

from app.core.fine_mask import FineStage
from app.core.heatmap import ARGMAX, INTEGER
from app.core.landmark import Landmark, landmark_set_from_json
from app.core.measurement_set import MeasurementSet, Things, measurement_set_from_json
from app.core.plausibility import Plausibility
from app.core.prediction import ErrorModel
from app.core.shape_prior import ShapePrior
from app.core.template import FIELD, Template
from app.core.test_time_augmentation import Shift
from app.io.errors import BundleError, ReadError
from app.io.files import open_regular, read_regular, spelled

BUNDLES = Path(__file__).resolve().parents[2] / "resources" / "bundles"
FORMAT = 1
DENSESEG, HEATMAP, POINTS = "denseseg", "heatmap", "points"
KINDS = (DENSESEG, HEATMAP, POINTS)
"""What a bundle's network says, and with it which predictor of the engine understands it."""
MEASUREMENTS = "measurements.json"
FINE = "fine"
"""Name of the network that draws masks again, without the endings of its two files."""
WEIGHTS = "weights.safetensors"
LOCATED = ("hand",)
"""What images may be searched for: in one of a whole hand the network sees the wrist alone (`app.core.hand`)."""
SMALL_CONSTANTS = "openvino"
"""What of the network in OpenVINO is no weight: a tensor of its own in the file of weights, unknown to torch."""
_DATA_SET = "data set"
_LARGEST_TEXT = 1 << 26
_SUFFIXES = {".xml", ".bin", ".safetensors", ".json", ".pt", ".pth", ".onnx", ".py", ".so", ".dll"}
"""What a program might take for a part of the bundle: such a file is listed, or the bundle is not used."""
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_STRUCTURE_NAME = re.compile(r"\w(?:[\w .+()-]{0,62}[\w+()-])?")
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}


@dataclass(frozen=True, eq=False)
class Bundle:
    """Everything that belongs to one model.

    Attributes
    ----------
    folder : Path
    name, title, anatomy : str
    kind : str
        One of `KINDS`.
    argmax : str
        How a heatmap bundle reads points off its heatmaps (`app.core.heatmap.ARGMAX`).
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
    files : frozenset of str
        What its list names; nothing else in the folder is read.
    fine : FineStage or None
        None where all masks are the main network's.
    measurements : MeasurementSet
        What every new project of this model measures; empty where the bundle says nothing.
    locate : str
        What an image is searched for before the network sees it (`LOCATED`); empty: it sees the whole.
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
    kind: str = DENSESEG
    argmax: str = INTEGER
    plausibility: Plausibility | None = None
    shifts: tuple[Shift, ...] = ()
    fine: FineStage | None = None
    files: frozenset[str] = frozenset()
    locate: str = ""
    measurements: MeasurementSet = field(default_factory=MeasurementSet)

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
        head = _json(folder / "bundle.json")
        if head["format"] != FORMAT:
            raise BundleError(
                f"The model in {folder} has format {head['format']}, and this program reads format {FORMAT}. "
                "Update the program."
            )
        if head.get("kind", DENSESEG) not in KINDS:
            raise BundleError(
                f"The model in {folder} is of the kind “{spelled(str(head['kind']))}”; this program knows "
                f"{', '.join(KINDS)}. Update the program."
            )
        sha256 = _verify(folder, dict(head["files"]))
        return _assemble(folder, head, sha256)
    except BundleError:
        raise
    except ReadError as error:
        raise BundleError(f"The model in {folder} cannot be used: {error}") from None
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


def read_weights(bundle: Bundle) -> dict[str, npt.NDArray[np.float32]]:
    """The weights of the network in torch, by their names there; raises OSError and SafetensorError."""
    held = load_file(bundle.folder / WEIGHTS)
    return {name: value.astype(np.float32) for name, value in held.items() if name != SMALL_CONSTANTS}


def _json(path: Path) -> Any:
    """A JSON file in any encoding of Unicode, with a byte-order mark or without."""
    return json.loads(read_regular(path, _LARGEST_TEXT))


def _verify(folder: Path, files: dict[str, str]) -> str:
    """Check that the list is closed and each file is a regular one with its hash; return the bundle's hash."""
    for name in files:
        if not _FILE_NAME.fullmatch(name) or not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise BundleError(f"The model in {folder} refers to a file outside its folder ({name}); it is not used.")
    for path in sorted(folder.iterdir()):
        if path.name not in files and path.name != "bundle.json" and path.suffix.lower() in _SUFFIXES:
            raise BundleError(
                f"The model in {folder} holds {spelled(path.name)}, which its list of files does not name; it is not "
                "used. Copy or install the bundle again."
            )
    lines = [f"bundle.json:{_digest(folder / 'bundle.json')}\n"]
    for name in sorted(files):
        digest = _digest(folder / name)
        if digest != files[name]:
            raise BundleError(
                f"The model in {folder} is damaged: {name} is not the file that was released. "
                "Copy or install the bundle again."
            )
        lines.append(f"{name}:{digest}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def _check_structure_names(folder: Path, template: Template) -> None:
    """Refuse names that are no plain file names on every system: masks are written under them."""
    names = [structure.name for structure in template.structures]
    for name in names:
        if not _STRUCTURE_NAME.fullmatch(name) or name.split(".")[0].upper() in _RESERVED:
            raise BundleError(
                f"The model in {folder} calls a structure “{spelled(name)}”, which cannot be the name of a file; it is "
                "not used."
            )
    if FIELD in names:
        raise BundleError(f"The model in {folder} calls a structure “{FIELD}”, which means the rest of the template.")
    if len({name.casefold() for name in names}) < len(names):
        raise BundleError(f"The model in {folder} has two structures of the same name; it is not used.")


def _assemble(folder: Path, head: dict[str, Any], sha256: str) -> Bundle:
    listed = frozenset(head["files"])
    needed = {"template.json", "landmarks.json"}
    # The constants of network.xml lie in the file of weights, or, in earlier bundles, in a file of their own.
    weighted = listed & {WEIGHTS, "network.bin"}
    if not needed <= listed or not weighted or ("network.bin" in listed and "network.xml" not in listed):
        raise BundleError(f"The bundle.json in {folder} does not list its template, landmarks and network.")
    template = Template.from_json(_json(folder / "template.json"))
    _check_structure_names(folder, template)
    marks = landmark_set_from_json(_json(folder / "landmarks.json"), template)
    locate = str(head.get("locate", ""))
    if locate and locate not in LOCATED:
        raise BundleError(f"The model in {folder} looks for “{spelled(locate)}” in images. Update the program.")
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
        kind=str(head.get("kind", DENSESEG)),
        argmax=_argmax(folder, head),
        files=listed,
        locate=locate,
        shifts=tuple((int(dx), int(dy)) for dx, dy in head.get("shifts", [])),
        fine=_fine(folder, head, template) if f"{FINE}.xml" in listed else None,
        plausibility=_plausibility(folder, head) if "check.xml" in listed else None,
        measurements=_measurements(folder, template, marks) if MEASUREMENTS in listed else MeasurementSet(),
    )


def _argmax(folder: Path, head: dict[str, Any]) -> str:
    found = str(head.get("argmax", INTEGER))
    if found not in ARGMAX:
        raise BundleError(f"The model in {folder} has an argmax “{spelled(found)}”; there are {', '.join(ARGMAX)}.")
    return found


def _measurements(folder: Path, template: Template, marks: Sequence[Landmark]) -> MeasurementSet:
    """The bundle's measurements, each of which names what a new project has."""
    found = measurement_set_from_json(_json(folder / MEASUREMENTS), template)
    things = Things(template, {mark.name: number for number, mark in enumerate(marks, 1)}, found.groups)
    for one in found.measurements:
        things.kept(one.formula)
    return found


def _errors(folder: Path, head: dict[str, Any], template: Template) -> ErrorModel:
    weights = {key: float(value) for key, value in head["errors"].items()}
    listed = "shape.safetensors" in head["files"]
    typical = load_file(folder / "shape.safetensors").get("typical_error") if listed else None
    if typical is not None and len(typical) != sum(len(s.outline) for s in template.structures):
        raise BundleError(f"The error model of the model in {folder} does not fit its template.")
    return ErrorModel(None if typical is None else typical.astype(np.float64), **weights)


def _fine(folder: Path, head: dict[str, Any], template: Template) -> FineStage:
    given, known = head[FINE], {structure.name for structure in template.structures}
    stage = FineStage(
        structures=tuple(map(str, given["structures"])),
        mirrored=tuple(map(str, given["mirrored"])),
        height=int(given["height"]),
        width=int(given["width"]),
        mm=float(given["mm"]),
        shifts=tuple((int(dx), int(dy)) for dx, dy in given["shifts"]),
    )
    sized = min(stage.height, stage.width) > 0 and stage.mm > 0 and len(stage.shifts) > 0
    if f"{FINE}.bin" not in head["files"] or not sized or not {*stage.structures, *stage.mirrored} <= known:
        raise BundleError(f"The bundle.json in {folder} does not describe the network for its fine masks.")
    return stage


def _plausibility(folder: Path, head: dict[str, Any]) -> Plausibility:
    if "check.bin" not in head["files"]:
        raise BundleError(f"The bundle.json in {folder} does not list the weights of its check of images.")
    given = head["check"]
    kind, pose, mirrored = (float(given[key]) for key in ("kind", "pose", "mirrored"))
    either = bool(given.get("either_side", False))
    return Plausibility(str(given["subject"]), int(given["side"]), kind, pose, mirrored, either)


def _prior(folder: Path, template: Template) -> ShapePrior | None:
    tensors = load_file(folder / "shape.safetensors")
    if "mean" not in tensors:  # it holds expected errors alone
        return None
    mean, modes, shrinkage = (tensors[key].astype(np.float64) for key in ("mean", "modes", "shrinkage"))
    points = sum(len(structure.outline) for structure in template.structures)
    if mean.shape != (points, 2) or modes.shape[1:] != (points, 2) or shrinkage.shape != (2 * points, 2 * points):
        raise BundleError(f"The shapes of the model in {folder} do not fit its template.")
    return ShapePrior(mean, modes, shrinkage)
