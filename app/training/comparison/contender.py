"""What takes part in a comparison: a bundle, a variant of one, or a folder of predictions that somebody else made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.core.heatmap import ARGMAX
from app.core.template import Template
from app.io.bundle import HEATMAP, Bundle, bundle_folder, read_bundle
from app.training.bundle import without_prior
from app.training.comparison.predicted_folder import is_predicted, read_predicted
from app.training.contours import Contours
from app.training.evaluate import Case
from app.training.evaluate_folder import cases_of

PLAIN = "plain"
"""The variant of a bundle that regularises nothing by its shape prior."""
VARIANTS = (*ARGMAX, PLAIN)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Wanted:
    """One system as the command line names it: ``[LABEL=]BUNDLE[@VARIANT]`` or ``[LABEL=]FOLDER``.

    Attributes
    ----------
    label : str
    source : str
        Name or folder.
    variant : str
        One of `VARIANTS`, or empty.
    """

    label: str
    source: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Wanted:
        """Read one system; raises ValueError with a sentence."""
        label, found, rest = text.partition("=")
        source = rest if found else text
        source, _, variant = source.partition("@")
        if variant and variant not in VARIANTS:
            raise ValueError(f"“{text}”: there is no variant “{variant}”. There are: {', '.join(VARIANTS)}.")
        if not source or (found and not label):
            raise ValueError(f"“{text}” is no system. Write BUNDLE, BUNDLE@VARIANT, FOLDER, or LABEL= before one.")
        own = f"{Path(source).name}@{variant}" if variant else Path(source).name
        return cls(label if found else own, source, variant)


@dataclass(frozen=True, eq=False)
class Contender:
    """One system and what it says of each image.

    Attributes
    ----------
    label : str
    cases : list of Case
        In the order of the reference.
    points, masks : bool
        Whether it gives contour points, and masks.
    bundle : Bundle or None
        None for predictions that somebody else made.
    """

    label: str
    cases: list[Case]
    points: bool = True
    masks: bool = True
    bundle: Bundle | None = None


def parse_all(texts: Sequence[str]) -> list[Wanted]:
    """Read the command line's systems; raises ValueError where one is none, or a label stands there twice."""
    found = [Wanted.parse(text) for text in texts]
    labels = [wanted.label for wanted in found]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"Two systems are called “{label}”. Write LABEL= before one of them.")
    return found


def contender(
    wanted: Wanted, reference: Contours, template: Template, threads: int, folder: Path, progress: Progress
) -> Contender:
    """Predict with a bundle, or read a folder of predictions.

    Parameters
    ----------
    wanted : Wanted
    reference : Contours
    template : Template
        Whose contour points the reference's are.
    threads : int
        Of the network.
    folder : Path
        Where a variant of a bundle may be written; it does not exist yet.
    progress : callable

    Raises
    ------
    OSError
        If something cannot be read.
    ValueError
        With a sentence: the bundle is of another anatomy, has no such variant, or the folder lacks an image.
    """
    if is_predicted(Path(wanted.source)) and not wanted.variant:
        cases, has_points, has_masks = read_predicted(Path(wanted.source), reference, template)
        return Contender(wanted.label, cases, has_points, has_masks)
    bundle = variant_of(read_bundle(wanted.source), wanted.variant, folder)
    names = [[(s.name, len(s.outline)) for s in each.structures] for each in (bundle.template, template)]
    if names[0] != names[1]:
        raise ValueError(f"The bundle “{bundle.title}” ({wanted.label}) has other structures than the reference.")
    step = f"Predicting with {wanted.label}"
    cases = cases_of(bundle, reference, threads, "auto", lambda done, total: progress(step, done, total))
    return Contender(wanted.label, cases, bundle=bundle)


def variant_of(bundle: Bundle, variant: str, folder: Path) -> Bundle:
    """A bundle as it is, or a copy of it in `folder` that does one thing differently; raises ValueError."""
    if not variant:
        return bundle
    if variant == PLAIN:
        if bundle.prior is None:
            raise ValueError(f"The bundle “{bundle.name}” has no shape prior, so “{PLAIN}” is what it is anyway.")
        return read_bundle(without_prior(bundle.folder, folder))
    if bundle.kind != HEATMAP:
        raise ValueError(f"“{variant}” is a variant of heatmap bundles; “{bundle.name}” is of the kind {bundle.kind}.")
    shutil.copytree(bundle.folder, folder)
    head = json.loads((folder / "bundle.json").read_text("utf-8"))
    (folder / "bundle.json").write_text(json.dumps(head | {"argmax": variant}), encoding="utf-8")
    return replace(read_bundle(folder), name=bundle.name)


def size_of(bundle: Bundle) -> float:
    """Size of a bundle's files in millions of bytes."""
    folder = bundle_folder(bundle.folder)
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6
