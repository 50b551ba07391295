"""What a header says of how its radiograph was taken, and which way the patient faces in its rows and columns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Acquisition:
    """Facts of the acquisition, in DICOM's words; empty where the file does not say.

    Attributes
    ----------
    modality : str
        Modality (0008,0060): ``DX``, ``CR``, ``CT`` ...
    body_part : str
        Body Part Examined (0018,0015), upper case.
    view : str
        View Position (0018,5101), upper case: ``PA``, ``AP``, ``LL`` ...
    laterality : str
        Image Laterality (0020,0062), else Laterality (0020,0060): ``R``, ``L``, ``B`` (both), ``U`` (unpaired).
    towards_right, towards_bottom : str
        Patient Orientation (0020,0020), PS3.3 C.7.6.1.1.1: the anatomical direction in which the rows run (to the right
        of the picture as stored) and the columns (down), as its letters: ``L`` towards the patient's left, ``R`` right,
        ``A`` anterior, ``P`` posterior, ``H`` head, ``F`` feet, up to three letters, the nearest direction first.
        An upright frontal radiograph with the patient's right on the left of the picture has ``L`` and ``F``.
    """

    modality: str = ""
    body_part: str = ""
    view: str = ""
    laterality: str = ""
    towards_right: str = ""
    towards_bottom: str = ""


UNKNOWN = Acquisition()
"""A file that says nothing of how it was taken."""
