"""A project as it may be given away: images under other names, no reader, no note, headers without the person."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from app.formats.csv_table import About, Row
from app.formats.deidentify import Dates, Deidentifier
from app.formats.project_view import ImageView, ProjectView
from app.io.atomic import write_json
from app.store.errors import ProjectError
from app.store.paths import beside, check_unlinked

NAME = "de-identified"
"""What a project is called in what is given away, with a pseudonym: the name of its file may be a patient's."""
BURNED_IN = (
    "Names were taken out of headers, tables and file names. What is burned into the pictures themselves stays: look "
    "at each one before you give it away."
)
ENDING = ".pseudonyms.json"
_LETTERS, _KEY_BYTES = 8, 32


def key_beside(project: Path) -> bytes:
    """The project's secret for pseudonyms, made where there is none yet; it never belongs into what is given away.

    Raises
    ------
    ValueError
        With a sentence: the file beside the project is no such file.
    ProjectError
        If something other than a plain file lies there.
    OSError
        If it cannot be read or made.
    """
    path = beside(project, ENDING)
    check_unlinked(path)
    if not path.exists():
        _keep(path, secrets.token_bytes(_KEY_BYTES), {})
    try:
        held = json.loads(path.read_text("utf-8"))
        key = bytes.fromhex(held["key"])
        if len(key) != _KEY_BYTES or not isinstance(held.get("images", {}), dict):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            f"{path} is damaged. Put back an earlier copy, or move it away: pseudonyms change then."
        ) from None
    return key


def given_away(view: ProjectView, project: Path, dates: Dates) -> ProjectView:
    """What is exported of a project, with the persons taken out; which image is which stands beside the project alone.

    Parameters
    ----------
    view : ProjectView
    project : Path
        The project's file.
    dates : Dates

    Raises
    ------
    ValueError, ProjectError, OSError
        As of `key_beside`.
    """
    key = key_beside(project)
    person = Deidentifier(key, dates)
    names = {name: f"IMG-{person.pseudonym('image', name)[:_LETTERS]}" for name in view.images}
    if len(set(names.values())) < len(names):
        raise ValueError("Two images would get the same pseudonym. Export fewer of them at a time.")
    originals = {pseudonym: name for name, pseudonym in names.items()}
    _keep(beside(project, ENDING), key, _known(beside(project, ENDING)) | originals)

    def read(pseudonym: str) -> ImageView:
        try:
            image = view.read(originals[pseudonym])
        except (ProjectError, ValueError):  # its words may name the image
            raise ValueError("What the project holds of it is damaged; the project itself says more.") from None
        return _without_persons(image, pseudonym, person)

    stems = {pseudonym: pseudonym for pseudonym in originals}
    notes, name = (*view.notes, BURNED_IN), f"{NAME} {person.pseudonym('project', view.name)[:_LETTERS]}"
    # The history is full of names: of readers, of images, of what was written about them.
    names_gone = replace(view, name=name, images=tuple(originals), stems=stems, read=read, history=tuple, notes=notes)
    return replace(names_gone, deidentified=True)


def _known(path: Path) -> dict[str, str]:
    return {str(key): str(value) for key, value in json.loads(path.read_text("utf-8")).get("images", {}).items()}


def _keep(path: Path, key: bytes, images: Mapping[str, str]) -> None:
    note = "A secret: with it, pseudonyms in what was given away lead back to images. Keep it beside the project."
    path.touch(mode=0o600)
    write_json(path, {"note": note, "key": key.hex(), "images": dict(sorted(images.items()))})
    path.chmod(0o600)


def _without_persons(image: ImageView, name: str, person: Deidentifier) -> ImageView:
    about = replace(image.about, reader="", at="")
    return replace(
        image,
        name=name,
        stem=name,
        note="",
        about=about,
        trouble="" if not image.trouble else "Its file could not be read.",
        rows=tuple(_row(row, name, about) for row in image.rows),
        structures=tuple(said._replace(image=name, note="", reader="", at="") for said in image.structures),
        measured=tuple(replace(one, image=name) for one in image.measured),
        regions=tuple(replace(one, image=name) for one in image.regions),
        person=person,
    )


def _row(row: Row, name: str, about: About) -> Row:
    return replace(row, image=name, reader="", at="", about=about)
