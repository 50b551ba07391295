"""Reports and training data, read by pypdf and Python's own HTML parser, and by this program's `train`."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np

from tests.formats.checks import Exported, check, masks_said, named, same_mask

NOTICE = "Research use only; not a medical device."


@check("report", f"{named('pypdf')}")
def pdf(exported: Exported) -> str:
    from pypdf import PdfReader

    pages = 0
    for image in exported.images:
        file = PdfReader(exported.out / "report" / f"{image.stem}.pdf")
        text = "\n".join(page.extract_text() for page in file.pages)
        assert NOTICE in text
        assert image.name in text
        assert exported.bundle[:16] in text
        assert sum(len(page.images) for page in file.pages) == 1
        pages += len(file.pages)
    whole = PdfReader(exported.out / "report" / "all_images.pdf")
    assert sum(len(page.images) for page in whole.pages) == len(exported.images)
    return f"{len(exported.images) + 1} files, {pages + len(whole.pages)} pages: text, pictures, notice"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "img", "br", "line", "rect", "text"):
            self.open.append(tag)
        self.outside += [v for k, v in attrs if k in ("src", "href") and v and ":" in v and not v.startswith("data:")]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass


@check("report", "Python's HTML parser")
def html(exported: Exported) -> str:
    for name in [*(image.stem for image in exported.images), "all_images"]:
        text = (exported.out / "report" / f"{name}.html").read_text("utf-8")
        tags = _Tags()
        tags.feed(text)
        assert not tags.open, tags.open
        assert not tags.outside, "it needs something beside it"
        assert "script" not in tags.seen
        assert NOTICE in text
    return f"{len(exported.images) + 1} files, nothing open, nothing fetched, no script"


@check("training", named("nibabel"))
def training(exported: Exported) -> str:
    import cv2
    import nibabel

    for image in exported.images:
        name = image.stem.replace("/", "__").replace(" ", "_")
        file = nibabel.load(exported.out / "training" / "images" / f"{name}.nii.gz")
        assert np.asarray(file.dataobj).shape[1::-1] == image.shape
        for structure in exported.structures:
            path = exported.out / "training" / "masks" / name / f"{structure}.png"
            same_mask(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), image, structure)
    return f"{len(exported.images)} pictures, {masks_said(exported)}; `train` learns from such (test_training.py)"


@check("landmarks", "Python's json module")
def landmarks(exported: Exported) -> str:
    data = json.loads((exported.out / "landmarks.json").read_text("utf-8"))
    assert [mark["name"] for mark in data["landmarks"]] == exported.landmarks
    return f"{len(exported.landmarks)} definitions"


@check("reviews", "Python's csv module")
def accepted(exported: Exported) -> str:
    import csv

    with (exported.accepted / "reviews.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = {image.name for image in exported.images if image.review == "accepted"}
    assert {row["image"] for row in rows} == wanted
    return f"--state accepted: {len(wanted)} images and no other"
