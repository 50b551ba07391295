"""Exports of a real project, read by programs that nobody here wrote: `make test-formats`."""
