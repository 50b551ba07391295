"""The table of measurements: one row per image and measurement (design 6)."""

from __future__ import annotations

from dataclasses import dataclass

from app.formats.csv_table import Text, cell, number

COLUMNS = ("image", "measurement", "value", "unit", "spacing", "state")
"""Names and order are a stable seam (design 6)."""
EXPORTED = (*COLUMNS, "rejected")
"""Those of an export, where readers may have rejected what a value depends on."""


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
        It depends on a structure that a reader rejected.
    """

    image: str
    measurement: str
    value: float
    unit: str
    spacing: str
    state: str
    rejected: bool = False

    def cells(self, text: Text = cell) -> list[str]:
        """The row in the order of `COLUMNS`."""
        named = [text(self.image), text(self.measurement)]
        return [*named, number(self.value, 4), self.unit, self.spacing, self.state]


@dataclass(frozen=True)
class ExportedMeasurement:
    """The same in an export."""

    row: MeasurementRow

    def cells(self, text: Text = cell) -> list[str]:
        """The row in the order of `EXPORTED`."""
        return [*self.row.cells(text), "yes" if self.row.rejected else ""]
