"""The figures of design 7 out of pytest-benchmark's JSON, one a line, each beside its goal."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Found = dict[str, Any]


def fastest(entry: Found) -> float:
    return float(entry["stats"]["min"]) * 1e3


def extra(key: str, times: float = 1.0):
    return lambda entry: float(entry["extra_info"][key]) * times


LINES = (
    ("start to first handled click", "test_start_to_first_handled_click", extra("seconds"), "s", "≤ 0.8"),
    ("event-loop gap while 200 are predicted, p99.9", "gaps_while_200", extra("p99_9"), "ms", "≤ 50"),
    ("the same, maximum", "gaps_while_200", extra("maximum"), "ms", "reported"),
    ("folder of 10,000 files to its first image", "test_10000_files", extra("first_image_s"), "s", "≤ 3"),
    ("the same, opened again", "test_10000_files", extra("again_first_image_s"), "s", "≤ 2"),
    ("the same, first key of the filter", "test_10000_files", extra("first_key_ms"), "ms", "≤ 15"),
    ("event-loop gap while 10,000 are added, maximum", "test_10000_files", extra("gap_maximum"), "ms", "≤ 100"),
    ("event-loop gap while 500 are accepted, p99.9", "while_500_are", extra("gap_p99_9"), "ms", "≤ 50"),
    ("the same, maximum", "while_500_are", extra("gap_maximum"), "ms", "≤ 100"),
    ("next image of 2048², 12 bit, p95", "test_next_image_of", extra("p95"), "ms", "≤ 50"),
    ("the same with the key held down, a step, median", "key_held_down", extra("median"), "ms", "≤ 60"),
    ("marker moved to repainted, median", "test_marker_moved", extra("median"), "ms", "≤ 25"),
    ("216 landmarks: window level, median", "test_216", extra("level_median"), "ms", "≤ 10"),
    ("216 landmarks: pan, p95", "test_216", extra("pan_p95"), "ms", "≤ 16"),
    ("216 landmarks: zoom, p95", "test_216", extra("zoom_p95"), "ms", "≤ 16"),
    ("4 linked panes of 2048²: pan, p95", "test_four_linked", extra("pan_p95"), "ms", "≤ 16"),
    ("4 linked panes of 2048²: zoom, p95", "test_four_linked", extra("zoom_p95"), "ms", "≤ 16"),
    ("outline pushed at 2048², a move, p95", "test_mask_strokes", extra("maskPush_p95"), "ms", "≤ 8"),
    ("brush at 2048², a move, p95", "test_mask_strokes", extra("maskBrush_p95"), "ms", "≤ 8"),
    ("window level drag, p95", "test_window_level_drag", extra("p95"), "ms", "≤ 8"),
    ("contact sheet scroll, p95", "test_contact_sheet_scroll", extra("p95"), "ms", "≤ 8"),
    ("contact sheet, 300 tiles on a page: scroll, median", "test_contact_sheet_page", extra("median"), "ms", "≤ 16"),
    ("contact sheet, 300 tiles on a page: own p95", "test_contact_sheet_page", extra("own_p95"), "ms", "≤ 16"),
    ("new landmark to repainted window, 500 images, median", "test_new_landmark_to", extra("median"), "ms", "≤ 33"),
    ("10,000 images: open", "test_rows", extra("open_s"), "s", "≤ 2"),
    ("10,000 images: all predictions read", "test_rows", extra("all_read_s"), "s", "reported"),
    ("10,000 images: key of the filter, median", "test_rows", extra("key_median"), "ms", "≤ 15"),
    ("10,000 images: key of the filter, p95", "test_rows", extra("key_p95"), "ms", "≤ 15"),
    ("10,000 images: memory of all processes", "test_rows", extra("memory_mib"), "MiB", "≤ 2048"),
    ("new landmark in 10,000 images", "many_images[10000]", extra("landmark_median_ms"), "ms", "≤ 4"),
    ("new landmark in 100,000 images, mapped", "many_images[100000]", extra("landmark_median_ms"), "ms", "≤ 16"),
    ("100,000 images: memory", "many_images[100000]", extra("resident_peak_mib"), "MiB", "≤ 2048"),
    ("new landmark in 10,000 images, kept in the project", "test_define_landmark", fastest, "ms", "≤ 4"),
    ("seven measurements of 10,000 images anew", "test_measure", fastest, "ms", "≤ 50"),
    ("measurements while a marker is dragged", "test_preview_measurements", fastest, "ms", "≤ 2"),
    ("forward pass, OpenVINO, 2 threads", "test_shipped_network_openvino", fastest, "ms", "≤ 30"),
    ("times faster than the paper's network", "papers_network_in_one_run", extra("ratio"), "", "≥ 15"),
    ("file to complete prediction, 2048², 12 bit", "test_file_to_prediction", fastest, "ms", "≤ 150"),
)


def rows(entries: Sequence[Found]) -> Iterator[str]:
    """One line per figure; a dash stands where its benchmark did not run or failed."""
    for words, name, value, unit, goal in LINES:
        seen = "         –     "
        found = next((entry for entry in entries if name in entry["name"]), None)
        if found is not None:
            with contextlib.suppress(KeyError):  # it failed before it had any figures
                seen = f"{value(found):10.1f} {unit:4}"
        yield f"{words:56} {seen} {goal}"


def main() -> None:
    path = Path(sys.argv[1])
    text = path.read_text() if path.exists() else ""
    if not text:  # pytest-benchmark leaves an empty file where no benchmark came to its end
        sys.exit("No benchmark came to its end: there are no figures.")
    for row in rows(json.loads(text)["benchmarks"]):
        print(row)  # noqa: T201


if __name__ == "__main__":
    main()
