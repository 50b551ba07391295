"""What is stored of the predictions of all images, read when it is asked for: charts, masks, small pictures."""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from app.core.masks import Mask, ReaderMask
from app.core.prediction import Prediction
from app.core.template import Template
from app.project.file_check import CheckedFile, check
from app.project.image_files import ImageFiles
from app.project.least_certain import LargestErrors, Weighing
from app.store.blobs import Arrays, unpack_mask
from app.store.charts import CROSS, FROZEN, FrozenPlacements, StoredCharts, restore
from app.store.errors import ProjectError
from app.store.predictions import PredictionStore
from app.store.project_store import ProjectStore
from app.store.row_types import FrozenRow, MaskRow

_RECENT = 16
"""So many predictions are kept in memory,"""
_BITMAPS = 24
"""and so many masks that readers drew, more than one image has structures: 100 MB at 2048 x 2048."""


class PredictedImages(ImageFiles):
    """The part of a project's state that reads predictions: frozen ones from the project, others from beside it.

    Parameters
    ----------
    project : ProjectStore
    predictions : PredictionStore
    template : Template
    network_size : tuple of int
        Height and width of the network's input.
    """

    def __init__(
        self, project: ProjectStore, predictions: PredictionStore, template: Template, network_size: tuple[int, int]
    ) -> None:
        super().__init__(project, predictions, network_size)
        self._project = project
        self._template = template
        self._charts: StoredCharts | None = None
        self._frozen = FrozenPlacements()
        self._fresh: dict[str, tuple[str, Arrays]] = {}
        self._hidden: dict[str, frozenset[int]] = {}
        self._frozen_regions: dict[str, frozenset[int]] = {}
        self._recent: OrderedDict[str, Prediction] = OrderedDict()
        self._bitmaps: OrderedDict[str, Mask] = OrderedDict()
        self._worst: LargestErrors | None = None
        self._weighing: Weighing | None = None
        self._has: npt.NDArray[np.bool_] | None = None

    def check_files(self, names: Iterable[str]) -> tuple[str, ...]:
        """Look again which files are there and unchanged; returns the images of those that are not as they were."""
        return self.take_files(check(self.rows.folder, self.rows.kept_of(names)))

    def take_files(self, found: Iterable[CheckedFile]) -> tuple[str, ...]:
        """Take in where files were seen; what is out of date is dropped.

        That is what was seen of an image that has another file by now, or whose file was looked at later.
        """
        seen = [one for one in found if self._is_news(one)]
        changed = [one.image for one in seen if self.unread.pop(one.image, None) is not None]
        if changed and self._charts is not None:  # the stored prediction of these could not be read
            self._charts.put_compact(self._stored_charts(changed))
            self._forget_worst()
            changed = [name for name in changed if name not in self.unread]
        for one in seen:
            known, self._files[one.image] = self._files.get(one.image), (one.path, one.stamp)
            self._looked_at[one.image] = one.at
            if known is not None and (known[1] != one.stamp or known[0] != one.path):
                self._recent.pop(one.image, None)
                changed.append(one.image)
        if changed:
            self._forget_worst()
        return tuple(changed)

    def _is_news(self, one: CheckedFile) -> bool:
        if one.image not in self._slots or self.rows.kept(one.image) != one.kept:
            return False
        return one.at >= self._looked_at.get(one.image, -math.inf)

    def _forget_worst(self) -> None:
        """Which images are predicted, and how certain they are, is found anew when it is asked for."""
        self._has = self._worst = self._weighing = None

    def go_on_with(self, project: ProjectStore, predictions: PredictionStore) -> None:
        """Go on with other files that hold the same."""
        self._project, self._predictions, self.rows.folder = project, predictions, project.images_folder
        self._files.clear()

    @property
    def charts(self) -> StoredCharts:
        """Inverse charts of all images, read from the files when first needed."""
        self.read_ahead(math.inf)
        assert self._charts is not None
        return self._charts

    @property
    def reading_ahead(self) -> bool:
        """Whether `read_ahead` has begun and has not come to its end."""
        return self._charts is not None and not self._charts.complete

    def read_ahead(self, seconds: float) -> bool:
        """Read charts for about so long; True once all are there. Single images are read as they are asked for."""
        if self._charts is None:
            self._charts = StoredCharts(self._template, max(64, len(self._slots)), self._project.path.parent)
            self._charts.resize(len(self._slots))
            self._charts.begin(self._all_charts())
        self._charts.go_on(seconds)
        return self._charts.complete

    def _all_charts(self) -> Iterator[tuple[int, Arrays]]:
        """Charts of all images by slot; freezes what is frozen on the way."""
        for name in self.rows.frozen:
            self._freeze((name,))
            yield from self._stored_charts((name,))
        yield from self._stored_charts([name for name in self.rows.images if name not in self.rows.frozen])

    def _charts_with(self, name: str) -> StoredCharts:
        """The charts, of which that image's are surely there; the others may still be on their way."""
        if self._charts is None or not self.reading_ahead:
            return self.charts
        if name in self.rows.frozen:
            self._freeze((name,))
        self._charts.put_compact(self._stored_charts((name,)))
        return self._charts

    def _stored_charts(self, names: Sequence[str]) -> Iterator[tuple[int, Arrays]]:
        """Charts of several images by slot: one by one for few and for mapped ones, else in one sweep over the file."""
        files: dict[str, list[str]] = {}
        for name in names:
            frozen = self.rows.frozen.get(name)
            if frozen is not None:
                if frozen.charts is not None and (charts := self._whole(name, frozen.charts)) is not None:
                    yield self.slot(name), charts
            elif (key := self.prediction_key(name)) in self._suspect:
                files.setdefault(key, []).append(name)
        assert self._charts is not None
        try:
            # Mapped charts are best written in the order in which they lie.
            for key, found in () if len(files) < 20 or self._charts.mapped else self._predictions.charts():
                yield from ((self.slot(name), found) for name in files.pop(key, ()))
            while files:
                key = next(iter(files))
                arrays = self._predictions.chart(key)
                held = files.pop(key)
                if arrays is None:
                    self._lose(key)
                else:
                    yield from ((self.slot(name), arrays) for name in held)
        except ProjectError as error:  # nor could the next ones be read: each might wait for seconds
            self._miss(itertools.chain.from_iterable(files.values()), error)

    def _miss(self, names: Iterable[str], error: ProjectError) -> None:
        super()._miss(names, error)
        self._forget_worst()

    def _lose(self, key: str) -> None:
        """What is stored of a prediction turned out to be damaged: its image waits for a new one."""
        if self._suspect.pop(key, None) is not None:
            self._forget_worst()

    def _whole(self, name: str, blob: str) -> Arrays | None:
        """A blob of an accepted image; None where it is damaged: that image is broken then, and no other."""
        try:
            return self._project.blob(blob)
        except ProjectError as error:
            self.broken[name] = str(error)
            self._forget_worst()
            return None

    @property
    def template(self) -> Template:
        """Of the bundle."""
        return self._template

    def reader_masks(self, name: str) -> dict[str, ReaderMask]:
        """What readers said of the masks of an image, by structure; the last few bitmaps are kept in memory."""
        return {structure: self._reader_mask(row) for structure, row in self.rows.masks.get(name, {}).items()}

    def opinion_mask(self, opinion: str, name: str, structure: str) -> ReaderMask | None:
        """What an opinion says of a structure's mask in an image; a damaged one is lost, and the image is whole."""
        row = self.rows.opinions.masks.get(opinion, {}).get(name, {}).get(structure)
        return None if row is None else self._reader_mask(row, own=False)

    def _blob_of_opinion(self, row: MaskRow) -> Arrays | None:
        try:
            return self._project.blob(row.mask or "")
        except ProjectError:
            return None

    def _reader_mask(self, row: MaskRow, own: bool = True) -> ReaderMask:
        if row.mask is None:
            return ReaderMask(None, row.reader, row.at)
        native = self._bitmaps.pop(row.mask, None)
        if native is None:
            arrays = self._whole(row.image, row.mask) if own else self._blob_of_opinion(row)
            if arrays is None:
                return ReaderMask(None, row.reader, row.at, lost=True)
            native = unpack_mask(arrays)
        self._bitmaps[row.mask] = native
        if len(self._bitmaps) > _BITMAPS:
            self._bitmaps.popitem(last=False)
        return ReaderMask(native, row.reader, row.at)

    def _freeze(self, names: Iterable[str]) -> None:
        """Let memory hold the placements of those images that are accepted, and no longer those of the others."""
        self._frozen.put_all([self._frozen_of(name) for name in names])

    def _frozen_of(self, name: str) -> tuple[int, npt.NDArray[np.void] | None, npt.NDArray[np.void] | None]:
        """Slot, placements and crosses of an accepted image; without placements where it is not accepted."""
        self.broken.pop(name, None)
        frozen = self.rows.frozen.get(name)
        fresh = self._fresh.get(name)
        if frozen is not None and fresh is not None and fresh[0] == frozen.placements:
            held: Arrays | None = fresh[1]
        else:
            held = self._whole(name, frozen.placements) if frozen is not None else None
        self._hidden.pop(name, None)
        self._frozen_regions.pop(name, None)
        if held is None:
            return self.slot(name), None, None
        if "hidden" in held:  # files of earlier versions do not say
            self._hidden[name] = frozenset(held["hidden"].tolist())
        if "regions" in held:
            self._frozen_regions[name] = frozenset(held["regions"].tolist())
        crosses = held.get("crosses", np.zeros(0, CROSS))  # older files hold none
        return self.slot(name), held["placements"].view(FROZEN).ravel(), crosses.view(CROSS).ravel()

    def prediction(self, name: str) -> Prediction | None:
        """Prediction of an image: the frozen one where it is accepted; the last few are kept in memory."""
        self.slot(name)
        if name in self._recent:
            self._recent.move_to_end(name)
            return self._recent[name]
        frozen = self.rows.frozen.get(name)
        found: Prediction | None = None
        if frozen is not None:
            found = self._frozen_prediction(frozen)
        elif (key := self.prediction_key(name)) in self._suspect:
            try:
                found = self._predictions.get(key)
            except ProjectError as error:
                self._miss((name,), error)
                return None
            if found is None:
                self._lose(key)
        if found is not None:
            self._recent[name] = found
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
        return found

    def _frozen_prediction(self, frozen: FrozenRow) -> Prediction | None:
        if frozen.charts is None or frozen.maps is None:
            return None
        charts, rest = self._whole(frozen.image, frozen.charts), self._whole(frozen.image, frozen.maps)
        if charts is None or rest is None:
            return None
        return restore(frozen.bundle_sha256, frozen.suspect, charts, rest)

    def preview(self, name: str) -> npt.NDArray[np.uint8] | None:
        """Small 8-bit picture of an image, None if it was not decoded yet."""
        self.slot(name)
        keys = dict.fromkeys((self.prediction_key(name), self.file_key(name)))  # the same picture, however it is read
        try:
            return next((found for key in keys if key and (found := self._predictions.preview(key)) is not None), None)
        except ProjectError as error:
            self._miss((name,) if self.predicted(name) else (), error)
            return None
