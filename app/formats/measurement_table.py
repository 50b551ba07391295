"""The table of measurements: one row per image and measurement (design 6)."""

from __future__ import annotations

from dataclasses import dataclass

from app.formats.csv_table import cell, number

COLUMNS = ("image", "measurement", "value", "unit", "spacing", "state")
"""Names and order are a stable seam (design 6)."""


@dataclass(frozen=True)
class MeasurementRow:
    """One measurement in one image.

    Attributes
    ----------
    image, measurement : str
    value : float
        NaN where something is absent or unknown.
    unit : str
        ``mm``, ``mm2``, ``deg``, ``ratio``, ``px`` or ``px2``.
    spacing : str
        Where the image's pixel size comes from; empty where it is unknown.
    state : str
        ``predicted`` as long as no reader touched anything that it depends on, else ``corrected``.
    rejected : bool
        It depends on a structure that a reader rejected: told in the report, not in the table (a stable seam).
    """

    image: str
    measurement: str
    value: float
    unit: str
    spacing: str
    state: str
    rejected: bool = False

    def cells(self) -> list[str]:
        """The row in the order of `COLUMNS`."""
        return [cell(self.image), cell(self.measurement), number(self.value, 4), self.unit, self.spacing, self.state]
