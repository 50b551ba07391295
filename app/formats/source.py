"""The grey values of an image that is exported, for formats that hold pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from app.formats.project_view import ImageView, RefusedError
from app.io.errors import ReadError
from app.io.image import read_image
from app.io.pixels import Image

GONE = "Its file is not there, or is another one by now, and this format holds the picture itself."

UNREADABLE = "Its file cannot be read; the project itself says more."


def picture_of(image: ImageView) -> Image:
    """The image's file as it was predicted, and accepted; it must have a frame.

    Raises
    ------
    RefusedError
        With a sentence: the file is gone, is another one, or can't be read.
    """
    assert image.frame is not None, "an image that was never read has no size"
    if image.path is None:
        raise RefusedError(GONE)
    try:
        found = read_image(image.path)
    except (ReadError, OSError) as error:
        # The sentence names the file, which may be a patient's name.
        raise RefusedError(str(error) if image.person is None else UNREADABLE) from error
    if found.pixels.shape != (image.frame.height, image.frame.width):
        raise RefusedError(GONE)
    return found


def flat_names(stems: Mapping[str, str]) -> dict[str, str]:
    """Names for files of a single folder, by image: letters, digits and ``_.-`` alone, each one once.

    Upper and lower case are alike (as on Windows). Folders come before the name, parted by two underscores.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for image, stem in stems.items():
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", stem.replace("/", "__").replace(os.sep, "__")).lstrip(".") or "image"
        name = next(each for each in _numbered(plain) if each.casefold() not in taken)
        taken.add(name.casefold())
        found[image] = name
    return found


def _numbered(plain: str) -> Iterable[str]:
    yield plain
    number = 2
    while True:
        yield f"{plain}_{number}"
        number += 1
