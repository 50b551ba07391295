"""The two palettes (design 10), without Qt."""

from __future__ import annotations

from typing import NamedTuple


class Palette(NamedTuple):
    """The colours of one theme, each ``#rrggbb``.

    Attributes
    ----------
    background, panel, raised, line : str
        Surfaces from the deepest to the nearest, and what parts them.
    text, muted, faint : str
        Words, lesser words, words of what is not possible now.
    accent, good, caution, bad : str
    selected : str
        Accent over panel, for the chosen row.
    pressed, pressed_text : str
        Of a button that is switched on.
    handle, handle_hover : str
        Of scroll bars.
    """

    background: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    faint: str
    accent: str
    good: str
    caution: str
    bad: str
    selected: str
    pressed: str
    pressed_text: str
    handle: str
    handle_hover: str


DARK = Palette(
    *("#15171a", "#1c1f23", "#24282d", "#30353b", "#d9dde2", "#8b949e", "#5c646d"),
    *("#4ea1ff", "#3fb68b", "#e0a33a", "#e5604d"),
    *("#22303f", "#20354d", "#a8d1ff", "#3a4048", "#515963"),
)
LIGHT = Palette(
    *("#ffffff", "#f4f5f7", "#e7eaee", "#d2d7dd", "#1d2126", "#59626c", "#a0a8b1"),
    *("#0b68c8", "#197a53", "#966000", "#c0392b"),
    *("#dceafa", "#d2e4f8", "#0a4f99", "#c2c9d0", "#a6afb8"),
)
ON_IMAGE = DARK
"""Of words and signs that lie on a radiograph."""
