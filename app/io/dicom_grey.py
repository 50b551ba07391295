"""From stored DICOM samples to grey values, larger is brighter: PS3.3 C.7.6.3, C.11.1, C.11.2, C.11.6, C.7.5.1."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from app.io.dicom_header import Header
from app.io.errors import ImageError
from app.io.pixels import as_pixels

Pixels = npt.NDArray[Any]
Windows = tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """How samples lie in the file, with defaults for what the header lacks.

    Attributes
    ----------
    allocated, stored, high : int
        Bits per sample, bits that count, and the highest of these.
    signed : bool
    raw : bool
        Whether samples are words of the file (uncompressed or run-length coded), so that `high` applies to them.
    """

    allocated: int
    stored: int
    high: int
    signed: bool
    raw: bool

    @property
    def ends(self) -> tuple[int, int]:
        """The least and the greatest value that can be stored."""
        half = 1 << (self.stored - 1)
        return (-half, half - 1) if self.signed else (0, 2 * half - 1)


@dataclass(eq=False)
class Grey:
    """Values on their way to the screen.

    Attributes
    ----------
    values : array [H, W]
    ends : tuple of float
        The least and the greatest value that can occur at this stage.
    remarks : list of str
    """

    values: Pixels
    ends: tuple[float, float]
    remarks: list[str] = field(default_factory=list)


def grey_values(header: Header, layout: Layout, samples: Pixels, name: str) -> tuple[Pixels, Windows, list[str]]:
    """MONOCHROME2 values [H, W] of one frame, windows in their terms, and remarks.

    Raises
    ------
    ImageError
        Where the header's tables or bits contradict each other, so that nobody knows the values.
    """
    remarks: list[str] = []
    words = _samples_of_words(samples, layout, remarks) if samples.dtype.kind in "iu" else samples
    ends = layout.ends if words.dtype.kind in "iu" else (float(np.nanmin(words)), float(np.nanmax(words)))
    padding = _padding(header, layout, samples, words)
    grey = _modality(header, layout, Grey(words, (float(ends[0]), float(ends[1])), remarks), name)
    windows = _windows(header)
    grey, windows = _voi(header, grey, windows, name)
    grey, windows = _polarity(header, grey, windows)
    if padding is not None and padding.any():
        if padding.all():
            raise ImageError(f"“{name}” consists of padding alone (Pixel Padding Value). Export it again.")
        grey.values = np.where(padding, grey.values[~padding].min(), grey.values)  # as dark as air
    return _narrow(grey.values, grey.ends), windows, grey.remarks


def _samples_of_words(words: Pixels, layout: Layout, remarks: list[str]) -> Pixels:
    """The bits that count (PS3.5 8.1.1): others may hold overlays, or nothing."""
    size = words.dtype.itemsize * 8
    shift = layout.high + 1 - layout.stored if layout.raw else 0
    if shift == 0 and layout.stored >= size:
        return words
    unsigned = words.astype(np.dtype(f"u{words.dtype.itemsize}"), copy=False)
    up = size - layout.stored - shift
    kind = np.dtype(f"{'i' if layout.signed else 'u'}{words.dtype.itemsize}")
    values = np.asarray((unsigned << up).astype(unsigned.dtype).view(kind) >> (up + shift))
    # Nothing above the sign is no overlay: some devices leave it out there.
    if shift == 0 and (unsigned[values != words.astype(kind, copy=False)] >> layout.stored).any():
        remarks.append(f"Bits above the {layout.stored} stored ones are ignored.")
    return values


def _padding(header: Header, layout: Layout, words: Pixels, values: Pixels) -> npt.NDArray[np.bool_] | None:
    """Which pixels were added to make the picture a rectangle (PS3.3 C.7.5.1.1.2), None where none is declared.

    Value and limit are compared as stored, whatever sign their representation in the file has.
    """
    if values.dtype.kind == "f":
        given = header.number("FloatPixelPaddingValue")
        given = header.number("DoubleFloatPixelPaddingValue") if given is None else given
        return None if given is None else np.asarray(values == values.dtype.type(given))
    first = header.whole("PixelPaddingValue")
    if first is None:
        return None
    last = header.whole("PixelPaddingRangeLimit")
    size = 1 << layout.allocated
    half = size // 2

    def as_stored(number: int) -> int:
        number %= size
        return number - size if layout.signed and number >= half else number

    ends = sorted((as_stored(first), as_stored(first if last is None else last)))
    padded = np.asarray((values >= ends[0]) & (values <= ends[1]))
    if ends[0] < layout.ends[0] or ends[1] > layout.ends[1]:  # a value that needs more bits than are stored
        whole = words.astype(np.dtype(f"{'i' if layout.signed else 'u'}{words.dtype.itemsize}"), copy=False)
        padded |= (whole >= ends[0]) & (whole <= ends[1])
    return padded


def _modality(header: Header, layout: Layout, grey: Grey, name: str) -> Grey:
    """Modality LUT or rescaling (C.11.1)."""
    tables = header.items("ModalityLUTSequence")
    if tables and grey.values.dtype.kind in "iu":
        table = Table.of(tables[0], layout.signed, name)
        return Grey(table.look_up(grey.values), table.ends, grey.remarks)
    slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
    if slope == 0:
        grey.remarks.append("A rescale slope of 0 would leave no picture; it is taken as 1.")
    slope, intercept = slope or 1.0, intercept or 0.0
    if (slope, intercept) == (1.0, 0.0):
        return grey
    low, high = sorted(end * slope + intercept for end in grey.ends)
    if slope.is_integer() and intercept.is_integer() and grey.values.dtype.kind in "iu" and abs(slope) < 2**15:
        return Grey(grey.values.astype(np.int64) * int(slope) + int(intercept), (low, high), grey.remarks)
    return Grey(grey.values.astype(np.float32) * np.float32(slope) + np.float32(intercept), (low, high), grey.remarks)


def _voi(header: Header, grey: Grey, windows: Windows, name: str) -> tuple[Grey, Windows]:
    """Apply the first VOI LUT (C.11.2.1.1) where the header has no window; where it has both, a reader may choose."""
    tables = header.items("VOILUTSequence")
    if not tables:
        return grey, windows
    if windows:
        grey.remarks.append("The header's look-up table (VOI LUT) is not applied: it gives a window too.")
        return grey, windows
    table = Table.of(tables[0], grey.ends[0] < 0, name)
    values = table.look_up(grey.values)
    low, high = float(values.min()), float(values.max())
    label = " ".join(str(tables[0].get("LUTExplanation") or "VOI LUT").split())
    shown: Windows = ((label, (low + high) / 2, high - low),) if high > low else ()
    if not table.rises:
        grey.remarks.append("Grey values are those of the header's descending look-up table (VOI LUT).")
    return Grey(values, table.ends, grey.remarks), shown


def _polarity(header: Header, grey: Grey, windows: Windows) -> tuple[Grey, Windows]:
    """Larger is brighter: MONOCHROME1 says the opposite (C.7.6.3.1.2), as does the shape INVERSE (C.11.6)."""
    interpretation, shape = (
        header.text("PhotometricInterpretation").upper(),
        header.text("PresentationLUTShape").upper(),
    )
    first, inverse = interpretation == "MONOCHROME1", shape == "INVERSE"
    if shape in ("INVERSE", "IDENTITY") and first != inverse:
        grey.remarks.append(f"The header contradicts itself ({interpretation}, {shape}): check whether air is dark.")
    if not (first or inverse):
        return grey, windows
    total = grey.ends[0] + grey.ends[1]
    if grey.values.dtype.kind in "iu" and float(total).is_integer():
        values: Pixels = int(total) - grey.values.astype(np.int64)
    else:
        values = np.float32(total) - grey.values.astype(np.float32)
    turned = tuple((label, total - centre, width) for label, centre, width in windows)
    return Grey(values, grey.ends, grey.remarks), turned


@dataclass(frozen=True, eq=False)
class Table:
    """A look-up table (C.11.1.1, C.11.2.1.1).

    Attributes
    ----------
    entries : array [N], uint16
    first : int
        The value that the first entry stands for; what lies beyond the ends takes the first or last entry.
    bits : int
        Bits per entry, as the descriptor says.
    """

    entries: npt.NDArray[np.uint16]
    first: int
    bits: int

    @classmethod
    def of(cls, item: Dataset, signed: bool, name: str) -> Table:
        """Read an item; `signed` says whether values that go in may be negative.

        The descriptor's second number has the sign of these values whatever representation it has in the file; its
        first, and entries, are never negative, and 0 entries stand for 65,536.
        """
        header = Header(item)
        numbers = [int(n) for n in header.numbers("LUTDescriptor")]
        raw = item.get("LUTData")
        if len(numbers) != 3 or raw is None or len(raw) == 0:
            raise ImageError(
                f"A look-up table of “{name}” is incomplete, so its grey values are unknown. Export it again."
            )
        count, first, bits = numbers[0] & 0xFFFF or 65536, numbers[1], numbers[2] & 0xFFFF
        if signed and first > 0x7FFF:
            first -= 65536
        elif not signed and first < 0:
            first += 65536
        entries = _entries(item, raw, count)
        if len(entries) < count:
            raise ImageError(
                f"A look-up table of “{name}” has {len(entries)} entries where {count} are told, so its grey "
                "values are unknown. Export it again."
            )
        return cls(entries[:count], first, bits)

    def look_up(self, values: Pixels) -> npt.NDArray[np.uint16]:
        """The entries that stand for values [...]."""
        whole = values if values.dtype.kind in "iu" else np.rint(np.nan_to_num(values))
        index = np.clip(whole.astype(np.int64) - self.first, 0, len(self.entries) - 1)
        return np.asarray(self.entries[index])

    @property
    def ends(self) -> tuple[float, float]:
        """The least and greatest entry that its bits allow; wrong bits are widened to what is there."""
        bits = max(self.bits if 1 <= self.bits <= 16 else 1, int(self.entries.max()).bit_length())
        return 0.0, float((1 << bits) - 1)

    @property
    def rises(self) -> bool:
        """Whether larger values come out brighter, from end to end."""
        return int(self.entries[-1]) >= int(self.entries[0])


def _entries(item: Dataset, raw: Any, count: int) -> npt.NDArray[np.uint16]:
    if not isinstance(raw, bytes):
        listed = list(raw) if hasattr(raw, "__iter__") else [raw]
        return (np.asarray(listed, np.int64) & 0xFFFF).astype(np.uint16)
    if len(raw) < 2 * count:  # one byte each
        return np.frombuffer(raw, np.uint8).astype(np.uint16)
    little = item.original_encoding[1] is not False
    return np.frombuffer(raw[: len(raw) // 2 * 2], "<u2" if little else ">u2").astype(np.uint16)


def _windows(header: Header) -> Windows:
    """Window presets of the header (C.11.2.1.2)."""
    centres, widths = header.numbers("WindowCenter"), header.numbers("WindowWidth")
    listed = header.value("WindowCenterWidthExplanation") or []
    names = [listed] if isinstance(listed, str) else [str(name) for name in listed]
    note = " (sigmoid, shown straight)" if header.text("VOILUTFunction").upper() == "SIGMOID" else ""
    return tuple(
        ((names[i] if i < len(names) and names[i] else f"Window {i + 1}") + note, centre, width)
        for i, (centre, width) in enumerate(zip(centres, widths, strict=False))
        if width > 0
    )


def _narrow(values: Pixels, ends: tuple[float, float]) -> Pixels:
    """Integers in 8 bits where the stored depth needs no more, else as `as_pixels` has it."""
    if values.dtype.kind in "iu" and ends[0] >= 0 and ends[1] <= 255 and values.min() >= 0 and values.max() <= 255:
        return values.astype(np.uint8)
    return as_pixels(values)
