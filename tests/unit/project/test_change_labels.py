"""What the history says of a landmark that was changed: what became of it, not only that something did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.io.bundle import Bundle
from app.project.session import Session
from tests.unit.store.fakes import make


@pytest.fixture
def session(tmp_path: Path, bundle: Bundle) -> Iterator[Session]:
    with make(tmp_path / "p.dsr", bundle) as made:
        yield made


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"hidden": True}, "Hide “hilum”"),
        ({"name": "hilus"}, "Rename “hilum” to “hilus”"),
        ({"locked": True}, "Lock “hilum” on the template"),
        ({"colour": "#123456"}, "Change the colour of “hilum”"),
        ({"rule": "where it is"}, "Change the rule of “hilum”"),
        ({"group": "mine"}, "Put “hilum” into the group “mine”"),
        ({"name": "hilus", "hidden": True}, "Change name and eye of “hilum”"),
        ({"rule": "there", "colour": "#123456", "locked": True}, "Change rule, colour and lock of “hilum”"),
        ({"u": 0.25}, "Move “hilum” on the template"),
    ],
)
def test_the_history_says_what_became_of_a_landmark(session: Session, fields: dict[str, object], label: str) -> None:
    session.define_landmark("hilum", "heart", (0.125, -0.5))
    session.update_landmark("hilum", **fields)
    assert session.undo_label == label


@pytest.mark.parametrize(
    ("field", "value", "back", "label"),
    [
        ("hidden", True, False, "Show “hilum”"),
        ("locked", True, False, "Unlock “hilum” on the template"),
        ("group", "mine", "", "Take “hilum” out of its group"),
    ],
)
def test_the_way_back_has_words_of_its_own(
    session: Session, field: str, value: object, back: object, label: str
) -> None:
    session.define_landmark("hilum", "heart", (0.125, -0.5))
    session.update_landmark("hilum", **{field: value})
    session.update_landmark("hilum", **{field: back})
    assert session.undo_label == label
