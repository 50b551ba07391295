"""The door to a project for other programs (design 6): the session lives in `app.project.session`."""

from app.project.session import Session

__all__ = ["Session"]
