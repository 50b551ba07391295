"""Networks in OpenVINO, compiled so that they give the same numbers everywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def compiled(path: Path, threads: int) -> Any:
    """The network of an ``.xml`` file (its weights lie beside it), compiled for one request at a time."""
    # Nothing may leave the machine: without this package openvino uses an empty stand-in.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    config = {
        "INFERENCE_PRECISION_HINT": "f32",  # bfloat16 would cost half a millimetre at the rim of a lung
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
    }
    return openvino.Core().compile_model(str(path), "CPU", config)
