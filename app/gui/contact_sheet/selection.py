"""Which tiles are selected together: plain names in the order of the sheet, no Qt."""

from __future__ import annotations

from collections.abc import Collection, Sequence


class TileSelection:
    """Images of tiles that are selected in addition to what is shown; fewer than two are no selection."""

    def __init__(self) -> None:
        self._images: set[str] = set()
        self._anchor = ""

    def __contains__(self, image: str) -> bool:
        return len(self._images) > 1 and image in self._images

    def __len__(self) -> int:
        return len(self._images) if len(self._images) > 1 else 0

    def only(self, image: str) -> None:
        """Begin anew with one tile."""
        self._images, self._anchor = {image}, image

    def clear(self) -> None:
        """Nothing is selected."""
        self._images, self._anchor = set(), ""

    def toggle(self, image: str, shown: str) -> None:
        """Add a tile to those that are selected, or to the shown one, or take it away."""
        if not self._images and shown:
            self._images.add(shown)
        self._images ^= {image}
        self._anchor = image

    def extend(self, image: str, shown: str, order: Sequence[str]) -> None:
        """Select all tiles from the one that was clicked last to this one, in the order in which they lie."""
        start = self._anchor or shown
        if start not in order:
            start = image
        first, last = sorted((order.index(start), order.index(image)))
        self._images, self._anchor = set(order[first : last + 1]), start

    def everything(self, order: Sequence[str]) -> None:
        """Select all tiles."""
        self._images = set(order)

    def keep(self, there: Collection[str]) -> None:
        """Forget what has no tile any more."""
        self._images &= set(there)

    def among(self, order: Sequence[str]) -> list[str]:
        """The selected images in the order in which they lie; empty where fewer than two are selected."""
        return [image for image in order if image in self._images] if len(self) else []
