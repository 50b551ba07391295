"""Finds commands by some of their letters: “acne” finds “Accept and next”."""

from __future__ import annotations

IN_A_ROW, AT_A_WORD, LATER = 5.0, 3.0, 0.05
"""What a letter gains after its neighbour and at the start of a word, and loses per letter that it stands later."""


def match(wanted: str, text: str) -> float | None:
    """How well letters fit a text, the higher the better; None where they do not stand in it in this order.

    Capitals and spaces do not matter. The best way to lay the letters into the text counts.
    """
    letters, within = "".join(wanted.casefold().split()), text.casefold()
    if not letters:
        return 0.0
    ends: dict[int, float] = {}  # the best way to have laid the letters so far, by where the last one is
    for number, letter in enumerate(letters):
        found: dict[int, float] = {}
        before, best = sorted(ends), -float("inf")
        for place, here in enumerate(within):
            while before and before[0] < place:
                best = max(best, ends[before.pop(0)])
            if here != letter or (number and best == -float("inf")):
                continue
            gain = AT_A_WORD if place == 0 or not within[place - 1].isalnum() else 0.0
            way = best if number else 0.0
            if place - 1 in ends:
                way = max(way, ends[place - 1] + IN_A_ROW)
            found[place] = way + gain - LATER * place / len(letters)
        ends = found
    return max(ends.values()) if ends else None
