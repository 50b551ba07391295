"""Which tiles the contact sheet shows, in an order that stays until the reader asks for it anew."""

from __future__ import annotations

import time
from collections.abc import Iterable

from app.gui.contact_sheet.tiles import Tile, collect_tiles, in_the_order_of, suspects_last
from app.project.session import Session


class TileOrder:
    """The tiles as they lie, and what the reader chose of their order.

    Attributes
    ----------
    tiles : list of Tile
        As they are shown.
    caption : str
        What they are and how long it took to find them.
    stale : bool
        Whether sorting again would change the order.
    suspects_last : bool
        Whether suspect images come after all others.
    suspects : int
        How many images that could be shown are suspect.
    accepted : int
        How many are accepted.
    without_suspects, without_accepted : bool
        Whether the reader left those out. What becomes one of them keeps its tile until the order is asked for anew.
    """

    def __init__(self) -> None:
        self.tiles: list[Tile] = []
        self.caption = ""
        self.stale, self.suspects_last, self.suspects, self.accepted = False, True, 0, 0
        self.without_suspects = self.without_accepted = False
        self._suspect: dict[str, bool] = {}
        self._rows: dict[str, int] = {}

    def clear(self) -> None:
        """Show no tiles, so that the next ones are sorted anew."""
        self.tiles, self._rows = [], {}

    def forget_suspects(self, images: Iterable[str] = ()) -> None:
        """Ask anew whether images are suspect; without names of all."""
        for name in tuple(images) or tuple(self._suspect):
            self._suspect.pop(name, None)

    def row_of(self, image: str) -> int:
        """Place of the tile of an image, or -1."""
        return self._rows.get(image, -1)

    def is_suspect(self, session: Session, image: str) -> bool:
        """Whether an image does not look like one for this model."""
        if image not in self._suspect:
            self._suspect[image] = bool(session.suspect(image))
        return self._suspect[image]

    def sorted_anew(self, session: Session | None, landmark: str) -> list[Tile]:
        """The tiles as they would lie if they were sorted again; empty without a landmark."""
        if session is None or not landmark or session.reading_ahead:
            return []
        fresh = collect_tiles(session, landmark)
        return suspects_last(fresh, lambda image: self.is_suspect(session, image)) if self.suspects_last else fresh

    def collect(self, session: Session | None, landmark: str) -> None:
        """Find the landmark in all images; tiles that were there before keep their order."""
        every: list[Tile] = []
        fresh: list[Tile] = []
        accepted: set[str] = set()
        suspect: set[str] = set()
        self.caption = ""
        if session is not None and landmark and session.reading_ahead:
            self.caption = f"“{landmark}” · reading predictions…"
        elif session is not None and landmark:
            start = time.perf_counter()
            every = self.sorted_anew(session, landmark)
            accepted = set(session.accepted)
            suspect = {tile.image for tile in every if self.is_suspect(session, tile.image)}
            left_out = (accepted if self.without_accepted else set()) | (suspect if self.without_suspects else set())
            fresh = [tile for tile in every if tile.image not in left_out]
            spent = (time.perf_counter() - start) * 1000
            shown = f"{len(fresh)} of " if len(fresh) < len(every) else ""
            places = f"{shown}{len(every)} place{'' if len(every) == 1 else 's'}"
            self.caption = f"“{landmark}” · {places} in {max(spent, 0.1):.1f} ms"
        self.suspects = len(suspect)
        self.accepted = sum(tile.image in accepted for tile in every)
        before, stays = {tile.image for tile in self.tiles}, {tile.image for tile in fresh}
        # A tile that was just accepted does not vanish under the hand.
        self.tiles = in_the_order_of(self.tiles, [tile for tile in every if tile.image in before | stays])
        self._rows = {tile.image: row for row, tile in enumerate(self.tiles)}
        self.stale = self.tiles != fresh
