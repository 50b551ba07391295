"""The bundle and an open project of three predicted images (im0.png to im2.png), with its reader Ann."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.io.bundle import Bundle
from app.project.session import Session
from tests.unit.store.fakes import chest, make


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return chest()


@pytest.fixture
def session(tmp_path: Path, bundle: Bundle) -> Iterator[Session]:
    with make(tmp_path / "p.dsr", bundle) as session:
        yield session
