"""Write files whole: into a temporary file beside the destination, then put in its place."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from pathlib import Path
from typing import IO, Any

from app.core.text import well_formed

_LONE = re.compile("[\ud800-\udfff]")


class WholeFile:
    """A file in the making: whoever reads the destination sees the old content or the new, never half of one.

    Parameters
    ----------
    path : Path
        The destination; its folders are made.

    Raises
    ------
    OSError
        If it cannot be written there.

    Attributes
    ----------
    file : binary file
        To write to, until `keep` or `drop` is called.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._part = path.with_name(f".{secrets.token_hex(8)}.part")
        self.file: IO[bytes] = self._part.open("xb")

    def write(self, text: str) -> None:
        """Write text in UTF-8, line ends as given; raises OSError."""
        self.file.write(text.encode("utf-8"))

    def keep(self) -> None:
        """Put it in its place; raises OSError, and nothing is left behind then."""
        try:
            self.file.close()
            self._part.replace(self.path)
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Leave the destination as it was."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file; raises OSError if it cannot be written, and nothing is left behind then."""
    whole = WholeFile(path)
    try:
        whole.file.write(data)
    except BaseException:
        whole.drop()
        raise
    whole.keep()


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, line ends as given."""
    write_bytes(path, text.encode("utf-8"))


def json_text(value: Any, indent: int | None = None) -> str:
    """A value as JSON that every reader takes: no NaN, lone surrogates spelled out; raises ValueError for NaN."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    return text if text.isascii() else _LONE.sub(lambda found: well_formed(found[0]).replace("\\", r"\\"), text)


def write_json(path: Path, value: Any) -> None:
    """Write a whole JSON file; raises OSError."""
    write_text(path, json_text(value, indent=1) + "\n")
