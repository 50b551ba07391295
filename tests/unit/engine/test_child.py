"""One child process: what it says last is what its owner can quote."""

from __future__ import annotations

import threading

import pytest

from app.engine.child import Child

TRACEBACK = """
import sys
print("Traceback (most recent call last):", file=sys.stderr)
for number in range({lines}):
    print(f"  line {{number}}", file=sys.stderr)
print("ImportError: libtbb.so is not there", file=sys.stderr)
print("   ", file=sys.stderr)
sys.exit(1)
"""


@pytest.mark.parametrize("lines", [0, 3, 100])
def test_the_last_line_that_a_child_wrote_is_quoted(lines: int) -> None:
    ended = threading.Event()
    child = Child("decode", (), lambda *_: None, lambda _: ended.set(), worker=("-c", TRACEBACK.format(lines=lines)))
    assert ended.wait(60)
    child.join(60)
    assert child.last_words == "ImportError: libtbb.so is not there"


def test_a_child_that_ends_without_a_word_has_no_last_ones() -> None:
    ended = threading.Event()
    child = Child("network", (), lambda *_: None, lambda _: ended.set(), worker=("-c", "pass"))
    assert ended.wait(60)
    child.join(60)
    assert child.last_words == ""
