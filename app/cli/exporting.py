"""Writing a project for other programs: what `export` and `measure --project` share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import typer

from app.cli.common import make_folder, progress_bar, say, wrong_usage
from app.formats.output_folder import folder_sentences
from app.io.errors import ReadError
from app.store.errors import ProjectError


def export_project(
    project: Path,
    out: Path,
    formats: Sequence[str],
    state: str,
    later: str,
    captures: bool = False,
    deidentify: str = "",
) -> NoReturn:
    """Write a project's images in some formats, say what came of it, and end the program."""
    from app.formats.from_session import view_of
    from app.formats.write import write

    if not project.is_file():
        wrong_usage(f"There is no project file {project}.")
    make_folder(out)
    from app.project.session import Session

    try:
        with Session.open(project, read_only=True) as session, progress_bar("Exporting", 0) as advance:
            session.compare()
            view = view_of(session, state, later=later, captures=captures, deidentify=deidentify)
            total = len(view.images)
            report = write(view, out, formats, lambda done, name, failure: advance(done, total))
    except (OSError, ValueError, ProjectError, ReadError) as error:
        say(f"The project {project} could not be exported: {error}")
        raise typer.Exit(1) from None
    for name, sentence in [*report.failed, *report.not_written]:
        say(f"{name}: {sentence}")
    came_of = folder_sentences(report.removed, report.kept_aside, report.others, report.replaced)
    for sentence in [*report.doubts, *came_of]:
        say(sentence)
    count = "1 image" if len(report.images) == 1 else f"{len(report.images)} images"
    say(f"Wrote {', '.join(report.files) or 'nothing'} of {count} to {out}.")
    raise typer.Exit(0 if report.complete and (report.images or set(formats) == {"landmarks"}) else 1)
