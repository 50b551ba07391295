"""A child of the engine: ``python -m app.engine.worker --role decode|network``. It ends when its input ends.

The decoder turns files into network input, pictures and previews; the network turns network input into predictions.
Each answers one request at a time. Heavy libraries are imported by the role that needs them alone.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import hashlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, astuple, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from app.engine.protocol import Message, ProtocolError, read, write

PREVIEW_SIDE = 512
DECODER_MEMORY = 8 << 30
"""Address space of the decoder in bytes, where the system can limit it: a bomb ends the child, not the machine."""
Handler = Callable[[Message], Message]


def main(arguments: list[str] | None = None) -> int:
    """Serve requests until the end of the input."""
    parser = argparse.ArgumentParser(prog="app.engine.worker")
    parser.add_argument("--role", choices=("decode", "network"), required=True)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--backend", choices=("auto", "openvino", "torch"), default="auto")
    options = parser.parse_args(arguments)
    source, sink = take_pipes()
    die_with_parent()
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    faulthandler.enable(sys.stderr)
    requests: queue.Queue[Message] = queue.Queue()
    threading.Thread(target=listen, args=(source, requests), daemon=True).start()
    try:
        handlers = _decoder() if options.role == "decode" else _network(options)
    except Exception as error:
        write(sink, Message("unfit", {"message": f"{type(error).__name__}: {error}"}))
        return 1
    with contextlib.suppress(AttributeError, OSError):
        os.nice(options.nice)  # only now: nobody gains from a slow start
    write(sink, Message("ready"))
    while True:
        write(sink, _answer(handlers, requests.get()))


def die_with_parent() -> None:
    """Have the system end this child with its parent, also while it is stopped or hangs in a library (Linux).

    Elsewhere the end of the input does that, which a thread sees as long as Python gets its turn.
    """
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # 1: PR_SET_PDEATHSIG


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The protocol's input and output. Whatever a library prints to fd 1 goes to standard error from now on."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(source, os.O_BINARY)
        msvcrt.setmode(sink, os.O_BINARY)
    return os.fdopen(source, "rb"), os.fdopen(sink, "wb")


def listen(source: BinaryIO, requests: queue.Queue[Message]) -> None:
    """Queue requests. On a thread of its own, so that the child ends with its parent even in the midst of work."""
    with contextlib.suppress(ProtocolError, OSError):
        while (message := read(source)) is not None:
            requests.put(message)
    os._exit(0)


def _answer(handlers: dict[str, Handler], request: Message) -> Message:
    from app.io.errors import ReadError

    started = time.perf_counter()
    try:
        reply = handlers[request.kind](request)
    except ReadError as error:
        return Message("failed", {"message": str(error)})
    except MemoryError:
        return Message("failed", {"message": f"“{request.fields.get('name')}” needs more memory than there is."})
    except BaseException as error:  # decoders written in Rust panic with one of their own
        import traceback

        traceback.print_exc()
        name = request.fields.get("name")
        return Message("failed", {"message": f"“{name}” cannot be processed ({type(error).__name__}: {error})."})
    reply.fields["seconds"] = time.perf_counter() - started
    return reply


# --- decoding


def limit_memory() -> None:
    """Let this process have no more than `DECODER_MEMORY`, where the system can do that."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (DECODER_MEMORY, DECODER_MEMORY))


def _decoder() -> dict[str, Handler]:
    import cv2

    import app.io.image
    import app.io.preprocess  # noqa: F401 (imported now, so that the first file does not wait for it)

    cv2.setNumThreads(1)  # the network has the other cores
    limit_memory()
    return {"decode": _decode, "picture": _picture}


def _read(request: Message) -> tuple[Any, dict[str, Any]]:
    """The image of a request and the facts of its file, as JSON."""
    from app.io.image import decode_image, read_bytes

    path = Path(request.fields["path"])
    stamp = [-1, -1]  # of a file that can be read all the same: nothing is known of it, so it is read again
    with contextlib.suppress(OSError):
        stat = path.stat()
        stamp = [stat.st_size, stat.st_mtime_ns]
    data = read_bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    image = decode_image(data, path.name)
    height, width = image.pixels.shape
    spacing = image.spacing
    given = [spacing.row_mm, spacing.column_mm, spacing.provenance.value] if spacing else None
    facts = {"height": height, "width": width, "spacing": given, "remark": image.remark, "sha256": digest}
    facts["patient"] = image.facts.get("patient", "")
    facts["study_date"] = image.facts.get("study_date", "")
    facts["uids"] = [image.facts.get(key, "") for key in ("study_uid", "series_uid", "instance_uid")]
    facts["aspect"] = image.aspect
    facts["acquisition"] = asdict(image.acquisition)
    facts["stamp"] = stamp  # as it was before: who changes it meanwhile is found out
    return image, facts


def _decode(request: Message) -> Message:
    from app.core.frame import Frame
    from app.core.hand import wrist_view
    from app.core.orientation import Orientation
    from app.io.preprocess import to_fine_picture, to_network_input

    image, facts = _read(request)
    rows, columns = request.fields["network"]
    orientation = Orientation(*request.fields["orientation"])
    view = wrist_view(image.pixels, orientation) if request.fields.get("locate") == "hand" else None
    frame = Frame(facts["height"], facts["width"], rows, columns, image.spacing, orientation, image.aspect, view)
    arrays: dict[str, npt.NDArray[Any]] = {
        "input": to_network_input(image.pixels, frame),
        "preview": preview(image.pixels),
    }
    if request.fields.get("fine"):
        arrays["fine"] = to_fine_picture(image.pixels, frame)
    return Message("decoded", {"facts": facts, "view": astuple(view) if view else None}, arrays)


def _picture(request: Message) -> Message:
    image, facts = _read(request)
    windows = [list(window) for window in image.windows]
    return Message("picture", {"facts": facts, "windows": windows}, {"pixels": image.pixels})


def preview(pixels: npt.NDArray[Any], side: int = PREVIEW_SIDE) -> npt.NDArray[np.uint8]:
    """Grey values [H, W] shrunk to `side` at most and window-levelled from percentile 0.5 to 99.5, uint8 [h, w]."""
    import cv2

    grey = np.asarray(pixels, np.float32)
    scale = side / max(grey.shape)
    if scale < 1:
        size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    low, high = (float(value) for value in np.percentile(grey, (0.5, 99.5)))
    return ((np.clip(grey, low, high) - low) * (255 / max(high - low, 1e-6)) + 0.5).astype(np.uint8)


# --- the network


def _network(options: argparse.Namespace) -> dict[str, Handler]:
    from app.core.acquisition import Acquisition
    from app.core.frame import Frame, View
    from app.core.orientation import Orientation
    from app.core.plausibility import Finding, Reason
    from app.engine.image_check import OtherChecks, check_scores, openvino_scores, suspicion
    from app.engine.predictors.registry import predictor_of
    from app.io.bundle import read_bundle

    bundle = read_bundle(options.bundle)
    predictor = predictor_of(bundle, options.threads, options.backend)
    scores, others = openvino_scores(bundle, options.threads), OtherChecks(bundle, options.threads)

    def predict(request: Message) -> Message:
        height, width = request.fields["size"]
        orientation, aspect = Orientation(*request.fields["orientation"]), float(request.fields["aspect"])
        view = View(*request.fields["view"]) if request.fields["view"] else None
        frame = Frame(height, width, *bundle.network_size, orientation=orientation, aspect=aspect, view=view)
        arrays, image, read = request.arrays, request.arrays["input"], frame
        seen = check_scores(bundle, scores, image, read)
        if seen is not None and bundle.plausibility is not None and bundle.plausibility.is_other_side(seen):
            arrays = {name: np.ascontiguousarray(array[..., ::-1]) for name, array in arrays.items()}
            frame = replace(frame, view=replace(frame.seen, mirrored=True))
        result = predictor(arrays, frame)
        names = ("masks", "uv", "charts", "expected_error", "present", "extents")
        taken = Acquisition(**request.fields["acquisition"])
        suspect = Finding(Reason.FLAT).code
        if image.any():
            shown = partial(others.shown, image, read, taken)
            suspect = suspicion(bundle, seen, read, taken, result.present, shown)
        part = astuple(result.view) if result.view else None
        fields = {"bundle_sha256": bundle.sha256, "suspect": suspect, "view": part}
        return Message("predicted", fields, {name: getattr(result, name) for name in names})

    return {"predict": predict}


if __name__ == "__main__":
    sys.exit(main())
