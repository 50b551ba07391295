"""CVAT for images: annotations.xml with polygons, boxes and run-length masks, beside the images or above images/."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from app.core.frame import Points
from app.training.annotations.annotated import AnnotatedImage, Annotations, checked_name, pieces_of, polygon

TITLE = "CVAT for images (XML with polygons)"


def _files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.xml")) if b"<image " in file.read_bytes()]


def fits(folder: Path) -> bool:
    """Whether a folder holds a CVAT file."""
    return bool(_files(folder))


def read(folder: Path) -> Annotations:
    """All images of the folder's CVAT files; raises ValueError with a sentence."""
    found = []
    for file in _files(folder):
        text = file.read_bytes()
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:  # nothing of CVAT's; entities can fill the memory
            raise ValueError(f"{file.name} declares a document type, which CVAT never does; it is not read.")
        try:
            root = ElementTree.fromstring(text)
        except ElementTree.ParseError as error:
            raise ValueError(f"{file.name} is no XML file, or damaged ({error}).") from None
        found += [_image(each, file) for each in root.iter("image")]
    return Annotations(tuple(found))


def _image(element: ElementTree.Element, file: Path) -> AnnotatedImage:
    name = element.get("name", "")
    places = (file.parent / name, file.parent / "images" / name, file.parent / "images" / Path(name).name)
    path = next((each for each in places if name and each.is_file()), None)
    if path is None:
        raise ValueError(f"The image {name or 'without a name'} of {file.name} is not beside it, nor in images.")
    pieces: dict[str, tuple[Points, ...]] = {}
    for shape in element:
        if shape.tag in ("polygon", "box", "mask"):
            label = checked_name(shape.get("label"), file)
            pieces[label] = (*pieces.get(label, ()), *_outlines(shape, file, label))
    return AnnotatedImage(path, {name: outlines for name, outlines in pieces.items() if outlines})


def _outlines(shape: ElementTree.Element, file: Path, label: str) -> tuple[Points, ...]:
    """Outlines of one element; CVAT counts pixels from the corner."""
    if shape.tag == "polygon":
        corners = [pair.split(",") for pair in shape.get("points", "").split(";") if pair]
        return (polygon(corners, file, label) - 0.5,)
    try:
        if shape.tag == "box":
            x0, y0, x1, y1 = (float(shape.get(key, "")) for key in ("xtl", "ytl", "xbr", "ybr"))
            return (polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], file, label) - 0.5,)
        left, top, width, height = (int(shape.get(key, "")) for key in ("left", "top", "width", "height"))
        counts = [int(value) for value in shape.get("rle", "").split(",")]
    except ValueError:
        raise ValueError(f"{file.name}: a {shape.tag} of {label} is not whole.") from None
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    if len(flat) != width * height:
        raise ValueError(f"{file.name}: a mask of {label} does not fill its box.")
    return tuple(outline + np.array([left, top]) for outline in pieces_of(flat.reshape(height, width)))
