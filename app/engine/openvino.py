"""Networks in OpenVINO, compiled so that they give the same numbers everywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def compiled(path: Path, threads: int, weights: Path | None = None) -> Any:
    """The network of an ``.xml`` file, compiled for one request at a time; weights lie beside it, or in `weights`."""
    # Nothing may leave the machine: without this package openvino uses an empty stand-in.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    config = {
        "INFERENCE_PRECISION_HINT": "f32",  # bfloat16 would cost half a millimetre at the rim of a lung
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
    }
    core = openvino.Core()
    network = core.read_model(str(path)) if weights is None else core.read_model(str(path), str(weights))
    return core.compile_model(network, "CPU", config)
