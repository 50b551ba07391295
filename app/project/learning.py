"""Landmarks learn: where corrections say that a landmark really is on the template (design 5.15)."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.click_average import click_average
from app.core.landmark import PlacementState
from app.core.propagate import FARTHEST_SHARE
from app.project.entries import MovePreview
from app.project.masks import SessionMasks


@dataclass(frozen=True, eq=False)
class LearntPlace:
    """A better place of a landmark on the template, as its corrected and confirmed placements say.

    Attributes
    ----------
    uv : tuple of float
        The geometric median of what those images show where the reader placed it, and of where it is now: that counts
        as one of them, since somebody clicked it.
    spread_mm : float
        Root of the mean squared distance of these places to it, mm of the template.
    moved_mm : float
        How far it is from the present place, mm of the template.
    images : tuple of str
        The images that say so.
    preview : MovePreview
        Where it would be in all images.
    """

    uv: tuple[float, float]
    spread_mm: float
    moved_mm: float
    images: tuple[str, ...]
    preview: MovePreview


class SessionLearning(SessionMasks):
    """The part of a `Session` that learns from corrections."""

    def learnt_place(self, landmark: str) -> LearntPlace | None:
        """Where a landmark's corrections put it on the template; None where no image says so. Nothing is stored.

        `move_landmark` takes it over, as one undo step. Images whose placement lies too far from the structure to be
        read off its chart say nothing, nor do those without a prediction.
        """
        state = self._state
        number, mark = state.rows.number(landmark), state.rows.landmark(landmark)
        structure = self.template.structure(mark.structure)
        said: dict[str, tuple[float, float]] = {}
        for image, row in state.rows.by_landmark.get(number, {}).items():
            frame = state.frame(image)
            if row.state == PlacementState.ABSENT or row.x is None or row.y is None or frame is None:
                continue
            found = state.template_point(image, (row.x, row.y), mark.structure)
            if found is not None and found[2] <= FARTHEST_SHARE * frame.diagonal:
                said[image] = found[1]
        if not said:
            return None
        uv, spread = click_average(structure, [mark.uv, *said.values()])
        moved = structure.from_chart(uv) - structure.from_chart(mark.uv)
        distance = float((moved**2).sum() ** 0.5)
        return LearntPlace(uv, spread, distance, tuple(said), self.preview_move(landmark, uv))

    def preview_move(self, name: str, uv: tuple[float, float]) -> MovePreview:
        """Where `move_landmark` would put a landmark in all images, and where it stays; nothing is stored."""
        return self._state.moved(self._state.rows.number(name), (float(uv[0]), float(uv[1])))
