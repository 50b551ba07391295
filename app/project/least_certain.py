"""The least certain placement of every image, kept up to date landmark by landmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.landmark import Landmark


class LeastCertain(NamedTuple):
    """The placement of an image that is most likely to be off, by how much in native pixels, and its confidence."""

    landmark: Landmark
    expected_error: float
    confidence: float


@dataclass
class Weighing:
    """The largest errors of very many images in the making, one landmark after the other.

    Attributes
    ----------
    errors : LargestErrors
    rest : list of int
        Numbers of the landmarks that are not taken in yet.
    changed : set of str
        Images in which something has changed meanwhile.
    """

    errors: LargestErrors
    rest: list[int]
    changed: set[str] = field(default_factory=set)


class LargestErrors:
    """The largest expected error in each of N images, and whose it is.

    Parameters
    ----------
    count : int
        Number of images.

    Attributes
    ----------
    errors : array [N], float64
        Native pixels; NaN where nothing is placed.
    landmarks : array [N], int64
        Numbers of the landmarks; 0 where nothing is placed.
    """

    def __init__(self, count: int) -> None:
        self.errors: npt.NDArray[np.float64] = np.full(count, np.nan)
        self.landmarks: npt.NDArray[np.int64] = np.zeros(count, np.int64)

    def take(self, landmark: int, errors: npt.NDArray[np.float64]) -> None:
        """Take a landmark's expected errors [N] in, NaN where it has no place; of equal ones the first stays."""
        larger = (errors > self.errors) | (np.isnan(self.errors) & ~np.isnan(errors))
        self.errors[larger], self.landmarks[larger] = errors[larger], landmark

    def of(self, landmarks: Sequence[int]) -> npt.NDArray[np.intp]:
        """The images whose largest error is of one of these landmarks."""
        return np.flatnonzero(np.isin(self.landmarks, landmarks))

    def moved(self, before: Sequence[int]) -> LargestErrors:
        """The same where image i was number ``before[i]`` [M]; nothing is placed in new ones, which were -1."""
        index = np.asarray(before, np.intp)
        new = LargestErrors(len(index))
        held = index >= 0
        new.errors[held], new.landmarks[held] = self.errors[index[held]], self.landmarks[index[held]]
        return new

    def set(self, image: int, landmarks: npt.NDArray[np.int64], errors: npt.NDArray[np.float64]) -> None:
        """Find the largest of one image anew, among landmarks [L] with their expected errors [L]."""
        known = np.flatnonzero(~np.isnan(errors))
        self.errors[image], self.landmarks[image] = np.nan, 0
        if len(known):
            worst = known[np.argmax(errors[known])]
            self.errors[image], self.landmarks[image] = errors[worst], landmarks[worst]
