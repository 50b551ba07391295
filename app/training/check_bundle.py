"""Put a trained check into a bundle: ``python -m app.training.check_bundle --check FOLDER --into BUNDLE --card FILE``.

The bundle's other files stay as they are. The bounds are chosen on images that folds had not learnt from
(`app.training.check_report --folds`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import torch

from app.core.orientation import ORIENTATIONS
from app.core.plausibility import Plausibility
from app.io.bundle import bundle_folder
from app.training.bundle import CHECK_FILES, lend_check, save_openvino
from models.check import SIDE, CheckNet

BOUNDS = Plausibility("chest", SIDE, kind=1.8, pose=2.0, mirrored=1.5)
"""What is shipped (docs/experiments.md)."""


def write_check(net: CheckNet, folder: Path, check: Plausibility, card: str) -> None:
    """Write the files of a check with a ``bundle.json`` of their own: `lend_check` takes them from there."""
    folder.mkdir(parents=True, exist_ok=True)
    example = torch.zeros(len(ORIENTATIONS), 1, check.side, check.side)
    save_openvino(net.eval(), example, ("scores",), folder / "check.xml")
    (folder / "CHECK_CARD.md").write_text(card, encoding="utf-8")
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in CHECK_FILES}
    (folder / "bundle.json").write_text(json.dumps({"files": files, "check": vars(check)}), encoding="utf-8")


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
    write_check(net, served, BOUNDS, options.card.read_text("utf-8"))
    lend_check(served, bundle_folder(options.into))
    return 0


if __name__ == "__main__":
    sys.exit(main())
