"""Small steps made one after the other: each is an action of its own, they are undone and redone together."""

from __future__ import annotations

from datetime import datetime

from app.project.changes import KEPT, PlacementNudged
from app.store.changes import Entry

PAUSE_SECONDS = 0.6
"""A longer pause ends a group."""


def same_group(one: Entry, other: Entry | None) -> bool:
    """Whether two neighbouring actions belong to one group: the same nudge, shortly after one another."""
    if other is None or KEPT.get(one.kind) is not PlacementNudged:
        return False
    if (one.kind, one.label, one.reader) != (other.kind, other.label, other.reader):
        return False
    apart = datetime.fromisoformat(other.at) - datetime.fromisoformat(one.at)
    return abs(apart.total_seconds()) <= PAUSE_SECONDS
