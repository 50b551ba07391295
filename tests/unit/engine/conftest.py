"""Fixtures that several tests share."""

from tests.unit.tiny_bundle import tiny, tiny_folder

__all__ = ["tiny", "tiny_folder"]
