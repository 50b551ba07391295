"""Sets in small JSON files: measurements, regions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from app.io.errors import ReadError
from app.io.files import read_regular

Found = TypeVar("Found")
_LARGEST = 1 << 24


def read_json_set(path: Path, called: str, read: Callable[[Any], Found]) -> Found:
    """Read a set.

    Parameters
    ----------
    path : Path
    called : str
        What it is, in the plural: "regions".
    read : callable
        Makes the set from what the file holds; raises ValueError with a sentence.

    Raises
    ------
    ValueError
        With a sentence for the reader that names the file.
    """
    try:
        return read(json.loads(read_regular(path, _LARGEST)))
    except OSError as error:
        raise ValueError(f"The set of {called} {path} cannot be read ({error.strerror or error}).") from None
    except RecursionError:
        raise ValueError(f"The set of {called} {path} is no JSON.") from None
    except (ReadError, ValueError) as error:
        raise ValueError(f"The set of {called} {path} cannot be used: {error}") from None
