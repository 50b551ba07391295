"""What reading may raise. Every message is a sentence for the reader: what is wrong, with which file, what to do."""

from __future__ import annotations


class ReadError(Exception):
    """A file cannot be used; the message says why."""


class ImageError(ReadError):
    """An image file cannot be read."""


class BundleError(ReadError):
    """A bundle is missing or damaged."""
