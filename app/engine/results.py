"""What the engine yields, and how it comes out of messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.acquisition import UNKNOWN, Acquisition
from app.core.frame import Frame, Provenance, Spacing, View
from app.core.orientation import AS_STORED, Orientation
from app.core.prediction import Prediction
from app.engine.protocol import Message


@dataclass(frozen=True)
class ImageFacts:
    """What is known of an image file without its pixels.

    Attributes
    ----------
    height, width : int
        Native pixels.
    spacing : Spacing or None
        None where the file does not say.
    remark : str
        What a reader should know of how it was read, or empty.
    sha256 : str
        Of the file's bytes, hexadecimal.
    network_height, network_width : int
        Size of the network's input that the image is predicted with.
    orientation : Orientation
        How the network sees it.
    patient : str
        Equal for images of one patient, empty where the file does not say; never a name or number.
    stamp : tuple of int
        Size in bytes and time of change (ns) of the file just before it was read.
    aspect : float
        Height of a pixel over its width (`Frame.aspect`).
    acquisition : Acquisition
        What the header says of how it was taken; the project does not keep it.
    uids : tuple of str
        DICOM's names of study, series and instance; empty where the file says none.
    study_date : str
        ``2024-05-01``; empty where the file says none.
    """

    height: int
    width: int
    spacing: Spacing | None = None
    remark: str = ""
    sha256: str = ""
    network_height: int = 256
    network_width: int = 256
    orientation: Orientation = AS_STORED
    patient: str = ""
    stamp: tuple[int, int] = (-1, -1)
    aspect: float = 1.0
    acquisition: Acquisition = UNKNOWN
    uids: tuple[str, str, str] = ("", "", "")
    study_date: str = ""

    @property
    def frame(self) -> Frame:
        """The image's coordinate frames."""
        network = self.network_height, self.network_width
        return Frame(self.height, self.width, *network, self.spacing, self.orientation, self.aspect)


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a prediction job yields per image.

    Attributes
    ----------
    facts : ImageFacts
    prediction : Prediction
    preview : array [h, w], uint8
        The image window-levelled from its 0.5th to its 99.5th percentile, longest side at most 512.
    seconds : float
        From the start of decoding to the decoded prediction, without waiting in queues.
    """

    facts: ImageFacts
    prediction: Prediction
    preview: npt.NDArray[np.uint8]
    seconds: float


@dataclass(frozen=True, eq=False)
class Picture:
    """An image to look at.

    Attributes
    ----------
    pixels : array [H, W], uint8, uint16, int16 or float32
        MONOCHROME2: larger is brighter.
    facts : ImageFacts
    windows : tuple of (name, centre, width)
        Window presets of the file, in terms of `pixels`.
    """

    pixels: npt.NDArray[Any]
    facts: ImageFacts
    windows: tuple[tuple[str, float, float], ...] = ()


def facts_from(data: dict[str, Any], network: tuple[int, int], orientation: Orientation = AS_STORED) -> ImageFacts:
    """Facts as the decoder sends them."""
    given = data["spacing"]
    spacing = Spacing(given[0], given[1], Provenance(given[2])) if given else None
    size = data["height"], data["width"]
    read = data["remark"], data["sha256"]
    taken = Acquisition(**data["acquisition"])
    patient, stamp, aspect = str(data["patient"]), tuple(data["stamp"]), float(data["aspect"])
    study, series, instance = map(str, data["uids"])
    uids = study, series, instance
    day = str(data["study_date"])
    return ImageFacts(*size, spacing, *read, *network, orientation, patient, stamp, aspect, taken, uids, day)


def picture_from(message: Message, network: tuple[int, int]) -> Picture:
    """The decoder's answer to a request for a picture."""
    windows = tuple((str(name), float(centre), float(width)) for name, centre, width in message.fields["windows"])
    return Picture(message.arrays["pixels"], facts_from(message.fields["facts"], network), windows)


def predicted_from(
    decoded: Message, message: Message, network: tuple[int, int], orientation: Orientation = AS_STORED
) -> Predicted:
    """The decoder's and the network's answers of one image together."""
    arrays = message.arrays
    prediction = Prediction(
        bundle_sha256=str(message.fields["bundle_sha256"]),
        masks=arrays["masks"],
        uv=arrays["uv"],
        charts=arrays["charts"],
        expected_error=arrays["expected_error"],
        present=arrays["present"],
        suspect=str(message.fields["suspect"]),
        extents=arrays["extents"],
        view=View(*message.fields["view"]) if message.fields["view"] else None,
    )
    seconds = float(decoded.fields["seconds"]) + float(message.fields["seconds"])
    facts = facts_from(decoded.fields["facts"], network, orientation)
    return Predicted(facts, prediction, decoded.arrays["preview"], seconds)
