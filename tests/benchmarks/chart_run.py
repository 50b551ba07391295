"""A new landmark in very many images, in a process of its own; prints milliseconds and memory as JSON.

The charts are 40 made-up ones of the chest bundle, over and over, laid down as a project lays them down.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from app.core.frame import Frame
from app.io.bundle import read_bundle
from app.store.charts import StoredCharts, compact
from tests.unit.store.fakes import fake_prediction

KINDS = 40


def resident_mib() -> float:
    """Memory of this process that is in RAM, mapped files included."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("images", type=int)
    images = parser.parse_args().images
    template = read_bundle("chest").template
    kinds = [compact(template, fake_prediction(template, "", Frame(2048, 2048), seed)) for seed in range(KINDS)]
    peak, times = 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        charts = StoredCharts(template, images, Path(folder))
        for first in range(0, images, 1000):
            charts.put_compact((slot, kinds[slot % KINDS]) for slot in range(first, min(first + 1000, images)))
            peak = max(peak, resident_mib())
        filled = time.perf_counter() - started
        rng = np.random.default_rng(0)
        for _ in range(100):
            structure, uv = rng.choice(template.structures).name, rng.uniform(-1, 1, 2)
            started = time.perf_counter()
            found = charts.find(structure, uv)
            times.append((time.perf_counter() - started) * 1e3)
            peak = max(peak, resident_mib())
        started = time.perf_counter()
        for slot in rng.integers(0, images, 20):
            charts.chart("right_lung", int(slot))
            peak = max(peak, resident_mib())
        chart = (time.perf_counter() - started) / 20 * 1e3
        seen = {
            "mapped": charts.mapped,
            "landmark_min_ms": min(times),
            "landmark_median_ms": float(np.median(times)),
            "landmark_p95_ms": float(np.percentile(times, 95)),
            "one_chart_ms": chart,
            "fill_s": filled,
            "resident_peak_mib": peak,
        }
        assert len(found.xy) == images
    print(json.dumps(seen))  # noqa: T201


if __name__ == "__main__":
    main()
