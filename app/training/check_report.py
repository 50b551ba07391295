"""How the check of images does: ``python -m app.training.check_report --data DIR [--model chest | --folds A B C]``.

Every image goes through the same preparation as in the program, as it is and in changed copies (its pixels mirrored,
turned, inverted). With ``--folds`` (three outputs of `app.training.check --fold`, in order) ill images are judged by
the network that did not learn from their patients, and all others by each of the three. The main network takes no part.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from app.core.frame import Frame
from app.core.orientation import AS_STORED, ORIENTATIONS, Orientation
from app.core.plausibility import Finding, Plausibility, Reason, copies
from app.engine.image_check import Scores, openvino_scores
from app.io.bundle import read_bundle
from app.io.discover import discover
from app.io.errors import ImageError
from app.io.image import read_image
from app.io.preprocess import square_content, to_network_input
from app.training.check_data import FOLDS, ill_files, left_out
from models.check import CheckNet

CHANGES = {
    "mirrored": Orientation(mirrored=True),
    "upside down": Orientation(2),
    "turned left": Orientation(3),
    "turned right": Orientation(1),
    "inverted": Orientation(inverted=True),
    "upside down and mirrored": Orientation(2, mirrored=True),
    "turned left and inverted": Orientation(3, inverted=True),
}
"""What is done to the pixels of a copy."""
FRONTAL = ("validation", "chest_other", "chest_ill", "chest_unlabelled", "chest_lungs")
Judge = Callable[[NDArray[np.generic]], Finding | None]


def file_sets(data: Path) -> dict[str, list[tuple[str, Path]]]:
    """Name and path of each image by set; sets that are not there are left out."""
    folders = {
        "validation": data / "chest" / "val",
        "chest_other": data / "chest_other" / "images",
        "chest_ill": data / "chest_ill" / "images",
        "odd": data / "odd",
        "hands": data / "wrist" / "hands",
        "wrist": data / "wrist" / "real",
    }
    found = {name: discover([folder]).images for name, folder in folders.items() if folder.is_dir()}
    sets = {name: [(f"{name}/{file}", path) for file, path in images] for name, images in found.items()}
    for name, path in ill_files(data):
        sets.setdefault(name.split("/")[0], []).append((name, path))
    return sets


def judge_with(scores: Scores, check: Plausibility) -> Judge:
    """What is found in grey values [H, W], prepared as in the program."""

    def judge(pixels: NDArray[np.generic]) -> Finding | None:
        frame = Frame(*pixels.shape)
        picture = to_network_input(pixels, frame)[0, 0]
        return check.judge(scores(copies(square_content(picture, frame, check.side))))

    return judge


def torch_scores(folder: Path) -> Scores:
    """The network that `app.training.check` left in a folder."""
    net = CheckNet()
    net.load_state_dict(torch.load(folder / "check.pt", weights_only=True))
    net.eval()

    def scores(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(net(torch.from_numpy(batch)).numpy())

    return scores


def changed(pixels: NDArray[np.generic], change: Orientation) -> NDArray[np.float32]:
    """Grey values turned, mirrored, inverted as a copy of a file would be."""
    grey = np.ascontiguousarray(change.turned(pixels), np.float32)
    return grey.max() + grey.min() - grey if change.inverted else grey


def undone(change: Orientation) -> Orientation:
    """What takes a change back."""
    return next(orientation for orientation in ORIENTATIONS if change.then(orientation) == AS_STORED)


def outcome(found: Finding | None, change: Orientation) -> str:
    """``found``, ``nothing said`` or what was wrongly said of a changed copy."""
    if found is None:
        return "nothing said"
    if found.reason is Reason.OTHER:
        return "something else"
    return "found" if found.needed == undone(change) else "wrong"


def kind_of(found: Finding) -> str:
    """What an unchanged image is called, in a word or two."""
    return "something else" if found.reason is Reason.OTHER else f"needs {found.needed.words}"


def judges_of(name: str, judges: Sequence[Judge]) -> list[Judge]:
    """Those that may judge an image: all of them, or of folds the ones that left an ill image out."""
    if len(judges) == FOLDS and name.split("/")[0] in ("chest_unlabelled", "chest_lungs"):
        return [judge for fold, judge in enumerate(judges) if left_out(name, fold)]
    return list(judges)


def count(files: Sequence[tuple[str, Path]], judges: Sequence[Judge], with_copies: bool) -> dict[str, Counter[str]]:
    """Outcomes of unchanged images (under ``""``; ``fine`` or what they are called) and of each kind of copy."""
    counts: dict[str, Counter[str]] = {"": Counter()}
    for name, path in files:
        try:
            pixels = read_image(path).pixels
        except ImageError:
            continue
        for judge in judges_of(name, judges):
            found = judge(pixels)
            counts[""]["fine" if found is None else kind_of(found)] += 1
            for words, change in CHANGES.items() if with_copies else ():
                counts.setdefault(words, Counter())[outcome(judge(changed(pixels, change)), change)] += 1
    return counts


def table(counts: dict[str, dict[str, Counter[str]]]) -> str:
    """The figures as two Markdown tables."""
    lines = ["| set | judged | flagged | as what |", "|---|---|---|---|"]
    for name, of in counts.items():
        total, fine = of[""].total(), of[""]["fine"]
        kinds = ", ".join(f"{number} {kind}" for kind, number in of[""].most_common() if kind != "fine")
        lines.append(f"| {name} | {total} | {total - fine} ({(total - fine) / max(total, 1):.1%}) | {kinds or '-'} |")
    columns = ("found", "nothing said", "wrong", "something else")
    lines += ["", f"| set | copies | {' | '.join(columns)} |", f"|---|---|{'---|' * len(columns)}"]
    for name, of in counts.items():
        for words, outcomes in of.items():
            if words:
                cells = " | ".join(f"{outcomes[c]} ({outcomes[c] / max(outcomes.total(), 1):.1%})" for c in columns)
                lines.append(f"| {name} | {words} | {cells} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Write the tables to the standard output."""
    parser = argparse.ArgumentParser(prog="app.training.check_report", description="How the check of images does.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="chest", help="the bundle whose bounds and, without --folds, network count")
    parser.add_argument("--folds", type=Path, nargs=FOLDS, help="outputs of app.training.check --fold 0, 1 and 2")
    parser.add_argument("--bounds", type=float, nargs=3, help="other bounds: kind, pose, mirrored")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    bundle = read_bundle(options.model)
    check = bundle.plausibility
    own = openvino_scores(bundle, 1)
    if check is None or own is None:
        parser.error(f"the bundle {options.model} has no check of images")
    if options.bounds:
        check = replace(check, **dict(zip(("kind", "pose", "mirrored"), options.bounds, strict=True)))
    nets = [torch_scores(folder) for folder in options.folds] if options.folds else [own]
    judges = [judge_with(scores, check) for scores in nets]
    sets = file_sets(options.data)
    counts = {name: count(files, judges, name in FRONTAL) for name, files in sets.items()}
    sys.stdout.write(table(counts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
