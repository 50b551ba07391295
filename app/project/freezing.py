"""Accepting freezes an image: its placements and its prediction are copied into the project file."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.core.plausibility import code_of
from app.core.template import Template
from app.project.predicted import PredictedImages
from app.store.blobs import Arrays, checksum, pack
from app.store.changes import Writer
from app.store.charts import CODES, CROSS, FROZEN
from app.store.errors import ProjectError
from app.store.predictions import PredictionStore
from app.store.project_store import ProjectStore
from app.store.row_types import FrozenFacts, FrozenRow

_PREDICTED, _ABSENT = CODES.index("predicted"), CODES.index("absent")


class Freezing(PredictedImages):
    """The part of a project's state that knows what is made ready for acceptance, and which blobs no image names yet.

    It is made as `PredictedImages` is.
    """

    def __init__(
        self, project: ProjectStore, predictions: PredictionStore, template: Template, network_size: tuple[int, int]
    ) -> None:
        super().__init__(project, predictions, template, network_size)
        self._ready: dict[str, tuple[FrozenRow, Arrays]] = {}
        self._unused_blobs: set[str] = set()

    def prepare_freeze(self, names: Sequence[str], writer: Writer | None = None) -> None:
        """Make ready what `freeze` copies into the project file: without a writer its blobs are written at once.

        What changes in an image, or in landmarks, before it is frozen takes that back.
        """
        blobs: list[bytes] = []
        ready = {}
        for name, arrays in self._as_frozen([name for name in names if name not in self._ready]).items():
            key = self.prediction_key(name)
            packed = self._predictions.packed(key) if key in self._suspect else None
            if packed is None and key in self._suspect:
                self._lose(key)
                raise ValueError(
                    f"The stored prediction of “{name}” is damaged. Predict it again before you accept it."
                )
            these = (pack(arrays), *(packed or ()))
            blobs += these
            charts, rest = map(checksum, these[1:]) if packed is not None else (None, None)
            bundle = self._predictions.bundle_sha256
            ready[name] = FrozenRow(name, bundle, self.suspect(name), checksum(these[0]), charts, rest), arrays
        if writer is None:
            self._unused_blobs |= self._project.write_ahead(blobs)
        else:
            for data in blobs:
                writer.blob(data)
        self._ready |= ready

    def forget_freeze(self) -> None:
        """Nothing that was made ready is frozen any more; what was written for that and names no image goes again."""
        self._ready.clear()
        if self._unused_blobs:
            with contextlib.suppress(ProjectError):  # on a full disk it stays until the next time
                self._project.forget_blobs(self._unused_blobs)
                self._unused_blobs.clear()

    def end(self) -> None:
        """The files are about to be closed: what comes after this writes nothing."""
        self.forget_freeze()
        self._unused_blobs.clear()

    def _keep_blobs(self, row: FrozenRow) -> None:
        """An image is frozen now, and these blobs are its own."""
        self._unused_blobs.difference_update((row.placements, row.charts, row.maps))

    def freeze(self, name: str, writer: Writer) -> None:
        """Copy the placements and the prediction of an image into the project file: it is being accepted."""
        self.prepare_freeze((name,), writer)
        row, arrays = self._ready.pop(name)
        writer.put("frozen", *row)
        self._fresh[name] = row.placements, arrays
        facts = self.rows.facts_of(name)
        if facts is not None and facts.height is not None and facts.width is not None:
            size, spacing = (facts.size, facts.height, facts.width), (facts.row_mm, facts.column_mm, facts.provenance)
            writer.put("frozen_facts", *FrozenFacts(name, facts.sha256, *size, *spacing, facts.aspect))

    def keep_thawed(self, name: str) -> None:
        """Before an image is unlocked: give its frozen prediction back to the file of predictions if that lost it."""
        frozen, key = self.rows.frozen.get(name), self.prediction_key(name)
        if frozen is None or frozen.charts is None or frozen.maps is None or not key or key in self._suspect:
            return
        whole = all(self._whole(name, blob) is not None for blob in (frozen.charts, frozen.maps))
        if whole and frozen.bundle_sha256 == self._predictions.bundle_sha256:
            data = self._project.blob_bytes(frozen.charts), self._project.blob_bytes(frozen.maps)
            self._predictions.put_packed(key, frozen.suspect, *data)
            self._suspect[key] = code_of(frozen.suspect)

    def _as_frozen(self, names: Sequence[str]) -> dict[str, Arrays]:
        """The placements of images as they are frozen: dtypes `FROZEN` and `CROSS`, seen as bytes [L, itemsize]."""
        if not names:
            return {}
        table, xy = self._placement_table(names)
        hidden = np.array([number for number, mark in self.rows.landmarks.items() if mark.hidden], np.int64)
        regions = np.array(list(self.rows.regions), np.int64)
        arrays: dict[str, Arrays] = {}
        for place, name in enumerate(names):
            rows = np.ascontiguousarray(table[table["code"][:, place] > 0, place])
            elsewhere = (table["code"][:, place] > _PREDICTED) & np.isfinite(xy[:, place]).all(axis=1)
            crosses = np.zeros(np.count_nonzero(elsewhere), CROSS)
            crosses["landmark"] = table["landmark"][elsewhere, place]
            crosses["x"], crosses["y"] = xy[elsewhere, place].T
            arrays[name] = {
                "placements": rows.view(np.uint8).reshape(len(rows), FROZEN.itemsize),
                "crosses": crosses.view(np.uint8).reshape(len(crosses), CROSS.itemsize),
                "hidden": hidden,
                "regions": regions,
            }
        return arrays

    def _placement_table(self, names: Sequence[str]) -> tuple[npt.NDArray[np.void], npt.NDArray[np.float64]]:
        """All landmarks in images that are not frozen [L, N], dtype `FROZEN`, code 0 where there is no place.

        Also returns where each is predicted [L, N, 2], whatever a reader said.
        """
        charts = [self._charts_with(name) for name in names][-1].only([self.slot(name) for name in names])
        predicted, marks = np.array([self.predicted(name) for name in names]), self.rows.landmarks
        table = np.zeros((len(marks), len(names)), FROZEN)
        xy, errors = np.full((*table.shape, 2), np.nan), np.full(table.shape, np.nan)
        for structure in {mark.structure for mark in marks.values()}:
            rows = [row for row, mark in enumerate(marks.values()) if mark.structure == structure]
            uv = np.array([mark.uv for mark in marks.values() if mark.structure == structure], float)
            xy[rows], errors[rows] = charts.find_all(structure, uv)
        xy[:, ~predicted], errors[:, ~predicted] = np.nan, np.nan
        table["landmark"] = np.array(list(marks), np.int64)[:, None]
        table["code"] = np.where(predicted, np.where(np.isnan(xy[..., 0]), _ABSENT, _PREDICTED), 0)
        table["x"], table["y"], table["error"] = xy[..., 0], xy[..., 1], errors
        places = {number: row for row, number in enumerate(marks)}
        for column, name in enumerate(names):
            absent = self.rows.absent_structures(name)
            gone = [row for row, mark in enumerate(marks.values()) if mark.structure in absent]
            table["code"][gone, column] = _ABSENT
            for field in ("x", "y", "error"):
                table[field][gone, column] = np.nan
            for number, said in self.rows.by_image.get(name, {}).items():
                if number in places:
                    error = np.nan if said.x is None else 0.0
                    table[places[number], column] = (number, CODES.index(said.state), *said.xy, error)
        return table, xy
