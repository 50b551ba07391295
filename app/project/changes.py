"""What an action, an undo, a redo or a new prediction changed: one class per kind.

Every action of a `Session` returns the change that it emits, and None where everything was so already; undo and redo
return the change of the action that they took back or did again. Views ask with `isinstance` and refresh what is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.store.changes import Entry


@dataclass(frozen=True)
class Change:
    """What every change says.

    Attributes
    ----------
    images : tuple of str
        Names of the images that it touches; none where it may touch all of them.
    landmarks : tuple of str
        Names of the landmarks that it touches.
    label : str
        What a reader did in plain words; empty where nobody did anything.
    code : str
        Of the class, not of the object: as what the project file keeps the kind. Empty where it is not kept.
    """

    images: tuple[str, ...] = ()
    landmarks: tuple[str, ...] = ()
    label: str = ""
    code: ClassVar[str] = ""


class ProjectChanged(Change):
    """The session goes on with another file that holds the same."""


class ReaderChanged(Change):
    """Somebody else reviews now."""


class PredictionChanged(Change):
    """Predictions came, went or could not be made."""


class ImagesChanged(Change):
    """Images came or went, or their files are elsewhere, gone, back or other ones now."""

    code = "images"


class OrientationChanged(Change):
    """Images are turned, mirrored or inverted otherwise."""

    code = "reading"


class SpacingChanged(Change):
    """A reader gave the size of a pixel, or took it back."""

    code = "spacing"


class LandmarksChanged(Change):
    """Landmarks came, went or are others on the template: in all images."""

    code = "landmarks"


class PlacementsChanged(Change):
    """A reader said where landmarks are in single images, or took it back."""

    code = "placements"


class PlacementNudged(PlacementsChanged):
    """A placement moved by a small step; several of these, one after the other, are undone together."""

    code = "nudge"


class MasksChanged(Change):
    """A reader said what the masks of single images are, or took it back."""

    code = "masks"


class CalipersChanged(Change):
    """A reader said where a width or a height ends in single images, or took it back."""

    code = "calipers"


class MeasurementsChanged(Change):
    """Measurements came, went, or have another name or formula: in all images."""

    code = "measurements"


class GreyMeasured(Change):
    """Grey values inside regions were read from files."""


class RegionsChanged(Change):
    """Regions or curves came, went, or have another name or colour: in all images."""

    code = "regions"


class ReviewsChanged(Change):
    """Images or structures are reviewed otherwise, or a suspect image is fine as it is."""

    code = "review"


class AnnotationsChanged(PlacementsChanged, MasksChanged):
    """Placements and masks came from files of others, or from an opinion that a reader took over."""

    code = "annotations"


class OpinionsChanged(Change):
    """What second readers and imports say beside the project's own came, went or is another one."""

    code = "opinions"


class CorrectionsChanged(SpacingChanged, PlacementsChanged, MasksChanged, CalipersChanged, ReviewsChanged):
    """All that was said of images belongs to other files now, or is no more."""

    code = "corrections"


KEPT: dict[str, type[Change]] = {
    one.code: one
    for one in (
        *(ImagesChanged, OrientationChanged, SpacingChanged, LandmarksChanged),
        *(PlacementsChanged, PlacementNudged, MasksChanged, CalipersChanged, MeasurementsChanged),
        *(RegionsChanged, ReviewsChanged, CorrectionsChanged, AnnotationsChanged, OpinionsChanged),
    )
}
"""The kinds that the project file keeps, by their codes."""


def change_of(entry: Entry, images: tuple[str, ...]) -> Change:
    """What a row of the table of changes tells; `images` are the names of its images."""
    return KEPT.get(entry.kind, Change)(images, entry.landmarks, entry.label)


def touches_masks(change: Change, image: str) -> bool:
    """Whether the masks of an image, or whether they may be edited, can be others after a change."""
    others = LandmarksChanged | PlacementsChanged | CalipersChanged | OpinionsChanged
    if isinstance(change, others) and not isinstance(change, MasksChanged):
        return False
    return not change.images or image in change.images
