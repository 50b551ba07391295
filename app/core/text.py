"""Text that other programs can take: no half characters, no control characters."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_IN_PER_CENT = "file:"
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def well_formed(text: str) -> str:
    r"""The text with every lone surrogate spelled out, so that it can be encoded.

    Python puts bytes of a file name that are no UTF-8 as surrogates U+DC80 to U+DCFF into a string (PEP 383).

    Examples
    --------
    >>> well_formed("a\udcff.png")
    'a\\xff.png'
    """
    return _SURROGATE.sub(_spelled, text)


def one_line(text: str) -> str:
    r"""The text on one line: well formed, with control characters and line ends spelled out.

    Examples
    --------
    >>> one_line("a\r\nb")
    'a\\r\\nb'
    """
    return _CONTROL.sub(_spelled, well_formed(text))


def kept_path(path: str | Path) -> str:
    """A path as text that any data base and any encoding takes; `path_kept` gives the path back.

    Bytes of a name that are no UTF-8 cannot be written as they are: such a path becomes ``file:`` and its bytes in
    per cent (RFC 3986).
    """
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _IN_PER_CENT + quote_from_bytes(os.fsencode(text))
    return _IN_PER_CENT + quote_from_bytes(os.fsencode(text)) if text.startswith(_IN_PER_CENT) else text


def path_kept(text: str) -> Path:
    """The path that `kept_path` wrote."""
    quoted = text.startswith(_IN_PER_CENT)
    return Path(os.fsdecode(unquote_to_bytes(text[len(_IN_PER_CENT) :])) if quoted else text)


def _spelled(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return _SHORT.get(match[0], f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
