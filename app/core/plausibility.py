"""Whether an image is what the bundle was made for: upright, not mirrored, of the right polarity, of the right part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.reading import Reading

EXPECTED = "expected"
SENTENCES = {
    "other": "This does not look like a {subject} radiograph; masks and landmarks may be nonsense.",
    "upside_down": "This {subject} radiograph looks upside down; masks and landmarks may be nonsense.",
    "turned_left": "This {subject} radiograph looks turned to the left by 90°; masks and landmarks may be nonsense.",
    "turned_right": "This {subject} radiograph looks turned to the right by 90°; masks and landmarks may be nonsense.",
    "mirrored": "This {subject} radiograph looks mirrored; right and left may be swapped.",
    "inverted": "The grey values of this {subject} radiograph look inverted; masks and landmarks may be nonsense.",
}
"""What the reader is told, by class."""
REMEDIES = {
    "upside_down": Reading(quarter_turns=2),
    "turned_left": Reading(quarter_turns=1),
    "turned_right": Reading(quarter_turns=-1),
    "mirrored": Reading(mirrored=True),
    "inverted": Reading(inverted=True),
}
"""How to read an image of a class, so that it is as it should be."""


@dataclass(frozen=True, eq=False)
class Plausibility:
    """A linear classifier over the network's features.

    Attributes
    ----------
    classes : tuple of str
        `EXPECTED` and keys of `SENTENCES`.
    centre, scale : array [F]
        Features are shifted and scaled by these first.
    weights : array [K, F]
    bias : array [K]
    subject : str
        What the bundle was made for, in the reader's words: ``PA chest``.
    threshold : float
        Probability of `EXPECTED` below which the image is suspect.
    """

    classes: tuple[str, ...]
    centre: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    subject: str
    threshold: float = 0.5

    def sentence(self, features: npt.ArrayLike, present: npt.NDArray[np.bool_]) -> str:
        """What to tell the reader of an image with features [F] and present structures [C]; empty where all is well."""
        found = self.judge(features, present)
        return self.words(found) if found != EXPECTED else ""

    def words(self, found: str) -> str:
        """What to tell the reader of an image of a class that is not `EXPECTED`."""
        return SENTENCES[found].format(subject=self.subject)

    def remedy(self, sentence: str) -> Reading | None:
        """How to read an image of which `sentence` was said, on top of how it is read; None where nothing helps."""
        return next((remedy for name, remedy in REMEDIES.items() if self.words(name) == sentence), None)

    def probabilities(self, features: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Probability of each class [..., K] for features [..., F]."""
        logits = ((np.asarray(features, float) - self.centre) / self.scale) @ self.weights.T + self.bias
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=-1, keepdims=True))

    def judge(self, features: npt.ArrayLike, present: npt.NDArray[np.bool_]) -> str:
        """The class of an image with features [F] and present structures [C]; `EXPECTED` where nothing is odd.

        An image in which fewer than half of the structures are present is `other`, whatever the features say.
        """
        probability = self.probabilities(features)
        expected = self.classes.index(EXPECTED)
        if 2 * np.count_nonzero(present) < len(present):
            return "other"
        if probability[expected] >= self.threshold:
            return EXPECTED
        odd = np.where(np.arange(len(self.classes)) == expected, -1.0, probability)
        return self.classes[int(np.argmax(odd))]
