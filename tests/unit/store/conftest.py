from __future__ import annotations

import pytest

from app.io.bundle import Bundle, read_bundle


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return read_bundle("chest")
