"""Opening files that others made: regular ones alone, up to a limit; and names as they can be shown and written."""

from __future__ import annotations

import bz2
import os
import stat
import unicodedata
import zlib
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from app.io.errors import ReadError

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISDIR, "a folder"),
)
_UNSHOWN = {"Cc", "Cs", "Zl", "Zp"}
_TURNS_TEXT = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class NoRegularFileError(ReadError):
    """What a path leads to is no regular file."""


class TooLongError(ReadError):
    """A packed stream holds more than it may."""


def spelled(name: str | Path) -> str:
    """A file's name as text that can be shown, printed and written: what is no valid text is spelled out.

    Linux allows any bytes but ``/`` and NUL in a name; those that are no UTF-8 come as ``\\xff``, control characters
    and signs that turn the direction of writing as ``\\x0d`` or ``\\u202e``.
    """
    text = os.fsencode(str(name)).decode("utf-8", "backslashreplace")
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c.encode("ascii", "backslashreplace").decode() if ord(c) > 255 and _unshown(c)
        else f"\\x{ord(c):02x}" if _unshown(c) else c
        for c in text
    )  # fmt: skip


def _unshown(character: str) -> bool:
    return character in _TURNS_TEXT or unicodedata.category(character) in _UNSHOWN


def no_regular_file(path: Path, mode: int) -> str:
    """Why a path that leads to something of this `st_mode` is not opened; empty for a regular file."""
    if stat.S_ISREG(mode):
        return ""
    kind = next((words for is_kind, words in _KINDS if is_kind(mode)), "no regular file")
    link = "leads to" if path.is_symlink() else "is"
    return f"“{spelled(path.name)}” {link} {kind}, which is not opened. Give an image file."


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file, or a link to one, for reading; never waits for the other end of a pipe.

    Raises
    ------
    NoRegularFileError
        If it is a pipe, a device, a socket or a folder.
    OSError
        If it cannot be opened.
    """
    # Looked at before it is opened: to open a device may already do something.
    if sentence := no_regular_file(path, path.stat().st_mode):
        raise NoRegularFileError(sentence)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    number = os.open(path, flags)
    try:  # once more, of what was opened: it may have been exchanged meanwhile
        if sentence := no_regular_file(path, os.fstat(number).st_mode):
            raise NoRegularFileError(sentence)
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def read_regular(path: Path, limit: int) -> bytes:
    """The content of a regular file; raises TooLongError above `limit` bytes, and what `open_regular` raises."""
    with open_regular(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLongError(f"“{spelled(path.name)}” is larger than {limit:,} bytes, which is too large for its kind.")
    return data


class _Unpacker(Protocol):
    """What zlib and bz2 have in common."""

    @property
    def eof(self) -> bool: ...


def inflate(data: bytes, limit: int, kind: str, least: int | None = None) -> bytes:
    """Unpack a stream, but never more than it may hold.

    Parameters
    ----------
    data : bytes
    limit : int
        Bytes that the stream may hold.
    kind : {"gzip", "zlib", "deflate", "bzip2"}
    least : int or None
        Stop once so many bytes are there, where no more are needed.

    Raises
    ------
    TooLongError
        If there are more than `limit`.
    ValueError
        If the stream is damaged or ends early.
    """
    parts: list[bytes] = []
    size = 0
    wanted = limit + 1 if least is None else min(least, limit)
    while data and size < wanted:
        unpacker: _Unpacker = bz2.BZ2Decompressor() if kind == "bzip2" else zlib.decompressobj(_WINDOW_BITS[kind])
        try:
            part, data = _member(unpacker, data, wanted - size)
        except (zlib.error, OSError) as error:
            raise ValueError(f"its packed pixels are damaged: {error}") from None
        parts.append(part)
        size += len(part)
        if kind not in ("gzip", "bzip2") or data[:2] not in (b"\x1f\x8b", b"BZ"):  # others have one member
            break
    if least is None and size > limit:
        raise TooLongError(f"its packed pixels hold more than the {limit:,} bytes that they may")
    return b"".join(parts)


_WINDOW_BITS = {"gzip": 31, "zlib": 15, "deflate": -15}


def _member(unpacker: _Unpacker, data: bytes, wanted: int) -> tuple[bytes, bytes]:
    """One packed member, up to `wanted` bytes of it, and what follows it."""
    if isinstance(unpacker, bz2.BZ2Decompressor):
        part = unpacker.decompress(data, wanted)
        rest = unpacker.unused_data
    else:
        flow = cast("zlib._Decompress", unpacker)
        part = flow.decompress(data, wanted)
        rest = flow.unused_data
    if not unpacker.eof and len(part) < wanted:
        raise ValueError("its packed pixels end early")
    return part, rest
