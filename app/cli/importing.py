"""Taking in what others drew: the command `import`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from app.cli.common import progress_bar, say, wrong_usage
from app.io.errors import ReadError
from app.store.errors import ProjectError

if TYPE_CHECKING:
    from app.formats.readers import Found
    from app.project.importing import ImportPlan, ImportReport
    from app.project.matching import Matching

AS_READER = "reader:"


def opinion_named(text: str) -> str:
    """What `Session.import_annotations` calls it; ends with exit code 2 where it is neither of the two."""
    from app.project.importing import CORRECTIONS, checked_opinion

    if text == CORRECTIONS:
        return text
    if not text.startswith(AS_READER):
        wrong_usage(f"--as is “{CORRECTIONS}” or “{AS_READER}NAME”, not “{text}”.")
    try:
        return checked_opinion(text.removeprefix(AS_READER))
    except ValueError as error:
        wrong_usage(str(error))


def import_into(project: Path, paths: Sequence[Path], format: str, as_: str, over: bool, dry_run: bool) -> NoReturn:
    """Read files, match them with a project, take them in unless it is a trial, say what came of it, and end."""
    from app.formats.from_session import known_of
    from app.formats.readers import read_paths, reader_named
    from app.project.session import Session

    if not project.is_file():
        wrong_usage(f"There is no project file {project}.")
    for path in paths:
        if not path.exists():
            wrong_usage(f"There is no file or folder {path}.")
    opinion = opinion_named(as_)
    try:
        if format:
            reader_named(format)
    except ValueError as error:
        wrong_usage(str(error))
    try:
        with Session.open(project, read_only=dry_run) as session, progress_bar("Reading", 0) as advance:
            found = read_paths(paths, known_of(session), format, advance)
            matching = session.match_annotations(found.annotations)
            plan = session.preview_import(matching, opinion, over)
            for sentence in sentences(found, matching, plan):
                say(sentence)
            done = None if dry_run else session.import_annotations(matching, opinion, over, source(found, paths))
            say(outcome(plan, done))
    except (OSError, ValueError, ProjectError, ReadError) as error:
        say(f"Nothing could be imported into {project}: {error}")
        raise typer.Exit(1) from None
    raise typer.Exit(0 if whole(found, matching) and not plan.outside and not (done and done.empty) else 1)


def source(found: Found, paths: Sequence[Path]) -> str:
    """What the history calls the source: a file by its name, several by their number."""
    count = sum(found.formats.values())
    return paths[0].name if len(paths) == 1 else f"{count} files"


def whole(found: Found, matching: Matching) -> bool:
    """Whether everything that files held has its counterpart in the project."""
    from app.project.matching import Trouble

    told = {Trouble.LEFT_OUT, Trouble.TWICE}
    return bool(matching.images) and not found.failed and all(one.trouble in told for one in matching.unmatched)


def sentences(found: Found, matching: Matching, plan: ImportPlan) -> Iterator[str]:
    """What was read, what has no counterpart, and what stays as it is."""
    from app.project.matching import listed

    for file, sentence in found.failed:
        yield f"{file}: {sentence}"
    if found.formats:
        yield f"Read {found.words}."
    else:
        yield "No annotations were found."
    for one in (*matching.unmatched, *plan.outside):
        yield one.sentence
    for image, names in plan.kept.items():
        count = f"{len(names)} correction{'' if len(names) == 1 else 's'}"
        yield f"{image}: kept, {count} there ({listed(names)}); --over replaces."
    for image in plan.locked:
        yield f"{image}: kept, it is accepted and locked."


def outcome(plan: ImportPlan, done: ImportReport | None) -> str:
    """What was taken in, or would be."""
    same = done.same if done is not None else plan.same
    there = f" {same} are here already." if same else ""
    images = f"{len(plan.images)} image{'' if len(plan.images) == 1 else 's'}"
    whose = f"the opinion of {plan.opinion}" if plan.opinion else "corrections"
    if done is None:
        return f"Would import {plan.placements} placements and {plan.masks} masks in {images} as {whose}.{there}"
    empty = "".join(f" Nothing lies in the {structure} of {image}." for image, structure in done.empty)
    return f"Imported {done.placements} placements and {done.masks} masks in {images} as {whose}.{there}{empty}"
