"""What is due for an image: the one rule that decides whether it is decoded and predicted now."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Due(StrEnum):
    """What the engine should do with an image by itself; predicting begins with decoding."""

    NOTHING = "nothing"
    PREDICT = "predict"


class Condition(NamedTuple):
    """All that the rule looks at.

    Attributes
    ----------
    there : bool
        Whether the file is where the project knows it.
    accepted : bool
        Whether the image is accepted; its prediction is frozen then.
    predicted : bool
        Whether a prediction counts that belongs to the file as it is now, to the orientation and to the bundle.
    failed : bool
        Whether this very file (by size and time of change) was tried and failed.
    """

    there: bool
    accepted: bool
    predicted: bool
    failed: bool


def due(condition: Condition) -> Due:
    """What is due. A file that failed is tried again when it was replaced, or when somebody asks for it."""
    if not condition.there or condition.accepted or condition.predicted or condition.failed:
        return Due.NOTHING
    return Due.PREDICT
