"""How measurements are written in the window: values with units, expected errors, and where they come from."""

from __future__ import annotations

import math

from app.core.calipers import Caliper
from app.core.frame import Provenance
from app.core.measure import Unit
from app.project.measured import MeasuredIn, MeasurementEntry, MeasurementState

SIGNS = {
    Unit.MM: "mm",
    Unit.MM2: "mm²",
    Unit.DEGREES: "°",
    Unit.RATIO: "",
    Unit.PX: "px",
    Unit.PX2: "px²",
    Unit.HU: "HU",
    Unit.GREY: "",
}
NOTHING = "–"
"""Where there is no value."""
_DIGITS = {Unit.RATIO: 3, Unit.DEGREES: 1, Unit.MM: 1, Unit.PX: 1, Unit.MM2: 0, Unit.PX2: 0, Unit.HU: 1, Unit.GREY: 1}
_FROM = {
    Provenance.CALIBRATED: "calibrated in the file",
    Provenance.AT_DETECTOR: "at the detector: things in the patient are smaller",
    Provenance.GIVEN: "given by the reader",
    None: "unknown, so lengths are in pixels",
}


def value_text(value: float, unit: Unit) -> str:
    """A value with its unit: “0.452”, “312.4 mm”."""
    if math.isnan(value):
        return NOTHING
    gap = "" if unit in (Unit.DEGREES, Unit.RATIO, Unit.GREY) else " "
    return f"{value:.{_DIGITS[unit]}f}{gap}{SIGNS[unit]}"


def error_text(error: float, unit: Unit) -> str:
    """What a value is expected to miss by in two of three images: “± 1.2”; empty where that is not known."""
    return "" if math.isnan(error) else f"± {error:.{_DIGITS[unit]}f}"


def told(one: MeasuredIn) -> str:
    """All that is known of a value, for a tool tip."""
    lines = [f"{one.entry.name} = {one.entry.formula}"]
    if words := missing_text(one.entry):
        lines.append(words)
    if one.state is MeasurementState.CORRECTED:
        lines.append("A reader corrected something that it is measured from.")
    elif one.state is MeasurementState.PREDICTED:
        lines.append("Measured from what the model predicted.")
    if math.isnan(one.value) and not one.entry.missing:
        lines.append("Something that it is measured from is absent here, or not predicted yet.")
    lines.append(f"Pixel size: {_FROM[one.spacing]}.")
    return "\n".join(lines)


def caliper_words(caliper: Caliper, whole: MeasuredIn, alone: bool, first: bool) -> str:
    """What stands beside a caliper: its value, and the measurement's at the first one where that is another."""
    value = value_text(caliper.value, caliper.unit)
    if alone and caliper.value == whole.value and caliper.unit is whole.unit:
        return f"{whole.entry.name} {value}"
    what = caliper.names[0].replace("_", " ") if len(caliper.names) == 1 else caliper.function
    words = f"{what} {value}"
    return f"{whole.entry.name} {value_text(whole.value, whole.unit)} · {words}" if first else words


def missing_text(entry: MeasurementEntry) -> str:
    """What a measurement can't be had without; empty where nothing is missing."""
    if not entry.missing:
        return ""
    return f"{', '.join(f'“{name}”' for name in entry.missing)} was deleted: only images accepted with it have a value."
