"""One child process and the threads that serve its pipes."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from app.engine.protocol import Message, ProtocolError, read, write

ROOT = Path(__file__).resolve().parents[2]
WORKER = ("-m", "app.engine.worker")
_DECODER = [*WORKER, "--role", "decode"]
_early: list[subprocess.Popen[bytes]] = []
log = logging.getLogger("app.engine")


def _spawn(command: Sequence[str], threads: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": str(threads)}
    # numpy multiplies small matrices here: on busy cores its threads wait for each other, up to 60 times as long.
    environment["OPENBLAS_NUM_THREADS"] = "1"
    return subprocess.Popen(
        [sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def start_early() -> None:
    """Start the process of the next decoding child now: it gets ready while the program imports its window."""
    _early.append(_spawn(_DECODER, threads=1))


def end_early() -> None:
    """End the process that was started early, if no child became of it."""
    while _early:
        with _early.pop() as process:
            process.kill()


class Child:
    """A running worker.

    Parameters
    ----------
    role : str
        ``decode`` or ``network``.
    arguments : sequence of str
        Further arguments of the worker.
    on_message, on_end : callable
        Called on the child's reading thread, with the child; `on_end` once, last, when the process is gone and reaped.

    Attributes
    ----------
    ready : bool
        Kept by the owner: whether the child said so.
    """

    def __init__(
        self,
        role: str,
        arguments: Sequence[str],
        on_message: Callable[[Child, Message], None],
        on_end: Callable[[Child], None],
        threads: int = 1,
        worker: Sequence[str] = WORKER,
    ) -> None:
        self.role = role
        self.ready = False
        self._on_message = on_message
        self._on_end = on_end
        self._outbox: queue.Queue[Message | None] = queue.Queue()
        self._said: deque[str] = deque(maxlen=40)
        command = [*worker, "--role", role, *arguments]
        self._process = _early.pop() if _early and command == _DECODER else _spawn(command, threads)
        self._threads = [
            threading.Thread(target=target, name=f"{role} {target.__name__}", daemon=True)
            for target in (self._read, self._write, self._overhear)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def last_words(self) -> str:
        """The last line it wrote to standard error: a log has the others."""
        return self._said[-1] if self._said else ""

    def send(self, message: Message) -> None:
        """Hand a message over; returns at once. Where the child is dead, `on_end` tells."""
        self._outbox.put(message)

    def kill(self) -> None:
        """End the process at once; returns without waiting."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def join(self, timeout: float = 5.0) -> None:
        """Wait until the process is reaped and its threads have ended (not to be called on one of them)."""
        for thread in self._threads:
            thread.join(timeout)

    def _read(self) -> None:
        stream = cast(BinaryIO, self._process.stdout)
        try:
            while (message := read(stream)) is not None:
                self._on_message(self, message)
        except (ProtocolError, OSError, ValueError, MemoryError) as error:
            log.info("The %s child broke off: %s", self.role, error)
        except Exception:  # whatever it is, `on_end` must be told
            log.exception("What the %s child said could not be taken in.", self.role)
        self.kill()
        self._outbox.put(None)
        self._process.wait()
        stream.close()
        self._on_end(self)

    def _write(self) -> None:
        stream = cast(BinaryIO, self._process.stdin)
        try:
            while (message := self._outbox.get()) is not None:
                write(stream, message)
        except (OSError, ValueError):
            pass  # it is dead: `on_end` tells
        except Exception:
            log.exception("The %s child could not be told something.", self.role)
            self.kill()
        with contextlib.suppress(OSError, ValueError):
            stream.close()

    def _overhear(self) -> None:
        stream = cast(BinaryIO, self._process.stderr)
        with stream, contextlib.suppress(OSError, ValueError):
            for line in stream:
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    self._said.append(text)
                    log.debug("%s child: %s", self.role, text)
