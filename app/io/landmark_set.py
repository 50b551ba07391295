"""Landmark sets as the small JSON files of the design's seams."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from app.core.landmark import Landmark, landmark_set_from_json, landmark_set_to_json
from app.core.template import Template


def read_landmark_set(path: Path, template: Template) -> list[Landmark]:
    """Read a landmark set.

    Raises
    ------
    ValueError
        With a sentence for the reader: no landmark set, another anatomy, an unknown structure, a name twice.
    OSError
        If the file cannot be read.
    """
    try:
        data = json.loads(path.read_bytes())  # finds out UTF-8, 16 and 32, with a byte-order mark or without
    except (ValueError, RecursionError):
        raise ValueError("This is no landmark set: the file is not JSON.") from None
    return landmark_set_from_json(data, template)


def landmark_set_text(template: Template, landmarks: Sequence[Landmark]) -> str:
    """What `read_landmark_set` reads."""
    data = landmark_set_to_json(template.anatomy, list(landmarks))
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
