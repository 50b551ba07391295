"""Write files whole: into a temporary file beside the destination, then put in its place."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, making its folders; whoever reads it sees the old content or the new, never half of one.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, line ends as given."""
    write_bytes(path, text.encode("utf-8"))
