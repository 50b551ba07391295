"""The lines that ``make bench`` ends with."""

from __future__ import annotations

from tests.benchmarks.summary import rows


def test_what_was_measured_is_told_also_where_another_benchmark_failed() -> None:
    entries = [
        {"name": "test_next_image_with_the_key_held_down", "stats": {}, "extra_info": {}},  # it failed
        {"name": "test_next_image_of_2048", "stats": {"min": 1.0}, "extra_info": {"p95": 41.25}},
    ]
    told = {line[:56].strip(): line[56:].split() for line in rows(entries)}
    assert told["next image of 2048², 12 bit, p95"] == ["41.2", "ms", "≤", "50"]
    assert told["the same with the key held down, a step, median"] == ["–", "≤", "60"]
    assert told["10,000 images: open"] == ["–", "≤", "2"]
