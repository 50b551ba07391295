"""What can go wrong with a project file, in sentences for the reader."""

from __future__ import annotations


class ProjectError(Exception):
    """The project file is missing, damaged, of a newer version or no project; the message says so in plain words."""


class ProjectLocked(ProjectError):
    """Somebody else has the project open for writing; the message says who and where."""
