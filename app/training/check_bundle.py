"""Put a trained check into a bundle: ``python -m app.training.check_bundle --check FOLDER --into BUNDLE --card FILE``.

The bundle's other files stay as they are. The bounds for chests are chosen on images that folds had not learnt from
(`app.training.check_report --folds`), those for wrists on hands that were held out, rendered wrists and nine real ones.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import torch

from app.core.orientation import ORIENTATIONS
from app.core.plausibility import Plausibility
from app.io.bundle import bundle_folder, read_bundle
from app.training.bundle import CHECK_FILES, lend_check, save_openvino
from models.check import SIDE, CheckNet

BOUNDS = {
    "chest": Plausibility("chest", SIDE, kind=1.8, pose=2.0, mirrored=1.5),
    "wrist": Plausibility("wrist", SIDE, kind=1.3, pose=2.0, mirrored=2.5, either_side=True),
}
"""What is shipped, by anatomy (docs/experiments.md)."""
LOCATE = {"wrist": "hand"}
"""What images are searched for before the network and its check see them (`app.io.bundle.LOCATED`)."""


def write_check(net: CheckNet, folder: Path, check: Plausibility, card: str) -> None:
    """Write the files of a check with a ``bundle.json`` of their own: `lend_check` takes them from there."""
    folder.mkdir(parents=True, exist_ok=True)
    example = torch.zeros(len(ORIENTATIONS), 1, check.side, check.side)
    save_openvino(net.eval(), example, ("scores",), folder / "check.xml")
    (folder / "CHECK_CARD.md").write_text(card, encoding="utf-8")
    head: dict[str, Any] = {"check": vars(check)}
    if check.subject in LOCATE:
        head["locate"] = LOCATE[check.subject]
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in CHECK_FILES}
    (folder / "bundle.json").write_text(json.dumps(head | {"files": files}), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Convert a trained check and put it into a bundle."""
    parser = argparse.ArgumentParser(prog="app.training.check_bundle", description="Put a check into a bundle.")
    parser.add_argument("--check", type=Path, required=True, help="output of app.training.check")
    parser.add_argument("--into", required=True, help="name or folder of the bundle")
    parser.add_argument("--card", type=Path, required=True, help="what is told of the check, Markdown")
    options = parser.parse_args(arguments)
    net = CheckNet()
    net.load_state_dict(torch.load(options.check / "check.pt", weights_only=True))
    served = options.check / "served"
    folder = bundle_folder(options.into)
    bounds = BOUNDS[read_bundle(folder).template.anatomy]
    write_check(net, served, bounds, options.card.read_text("utf-8"))
    lend_check(served, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
