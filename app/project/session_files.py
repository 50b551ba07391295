"""Where the files of a project's images are, and whether they are still the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from app.io.compare import Compared, start_compare
from app.io.names import stem
from app.io.relocate import Content, start_search
from app.jobs import Event, Job, Progress, Result, SteppedJob
from app.project import adding, relocate
from app.project.adding import FoundImages
from app.project.changes import Change, ImagesChanged
from app.project.engine_results import gather_moved
from app.project.entries import AddReport, MovedReport
from app.project.file_check import start_check
from app.project.open_project import OpenProject
from app.project.stepwise import Stepwise, stepped_job
from app.store.paths import held_files

Names = str | Sequence[str]


def several(names: Names) -> list[str]:
    """One image or several as a list, each once."""
    return [names] if isinstance(names, str) else list(dict.fromkeys(names))


def count(names: Sequence[str]) -> str:
    """Images as a label names them: one by its name, several by their number."""
    return stem(names[0]) if len(names) == 1 else f"{len(names)} images"


class SessionFiles(OpenProject):
    """The part of a `Session` that follows files which are moved, replaced or written again."""

    def add_images(self, paths: Sequence[str | Path] | str | Path) -> AddReport:
        """Add the images below some paths, files or folders (design 6); blocks. One undo step."""
        given = [paths] if isinstance(paths, str | Path) else list(paths)
        return self.take_added(adding.search(given, self._state.rows.folder, held_files()))

    def start_add(self, paths: Sequence[str | Path]) -> Job:
        """Look for images below some paths, as a job; hand its result to `take_added`."""
        self._project.check_writable()
        return adding.start_search(list(paths), self._state.rows.folder, held_files())

    def take_added(self, found: FoundImages) -> AddReport:
        """Add the images that a search found and that are not in the project yet; one undo step."""
        self._settle()
        new, known = adding.new_names(self._state, found.images)
        change = self._act(adding.add_images, new, f"Add {count(tuple(new))}") if new else None
        return AddReport(tuple(new), found.ignored, tuple(known), found.failed, change)

    def start_take_added(self, found: FoundImages) -> SteppedJob:
        """The same as `take_added` for very many images, as a job that this thread goes on with: yields the report."""
        self._settle()
        expected, _ = adding.new_names(self._state, found.images)

        def begin() -> tuple[Stepwise, Callable[[Change | None], AddReport]]:
            self._settle()
            new, known = adding.new_names(self._state, found.images)
            report = AddReport(tuple(new), found.ignored, tuple(known), found.failed)
            action = adding.add_images(self._state, new, f"Add {count(tuple(new))}")
            return self._in_pieces(action), lambda change: replace(report, change=change)

        return stepped_job(f"Adding {count(tuple(expected))}", len(expected), begin)

    def start_find_moved(self, folder: str | Path) -> Job:
        """Look below a folder for images that are missing, by their content; hand its result to `take_moved`."""
        known = {name: relocate.content(self._state, name) for name in relocate.missing(self._state)}
        wanted = {name: Content(*held) for name, held in known.items() if held is not None}
        return start_search(Path(folder).absolute(), wanted, relocate.places(self._state), held_files())

    def take_moved(self, found: Mapping[str, Path], failed: Sequence[tuple[str, str]] = ()) -> MovedReport:
        """Know images at the places where they were found, as far as they are missing still; one undo step.

        What of the search `failed` goes into the report.
        """
        self._settle()
        state, taken = self._state, relocate.places(self._state)
        here = {name: found[name] for name in relocate.missing(state) if name in found and found[name] not in taken}
        change: Change | None = None
        if here:
            label = f"Find {count(tuple(here))} in another place"
            change = self._act(relocate.move_images, here, state.rows.folder, label)
        missing = relocate.missing(state)
        never_read = tuple(name for name in missing if relocate.content(state, name) is None)
        return MovedReport(tuple(here), tuple(missing), never_read, tuple(failed), change)

    def find_moved(self, folder: str | Path) -> MovedReport:
        """Find missing images below a folder; blocks."""
        self._state.check_files(self._state.rows.images)
        return self.take_moved(*gather_moved(self.start_find_moved(folder)))

    def check_files(self, images: Sequence[str] | None = None) -> tuple[str, ...]:
        """Look again which files, of all or some images, are there and unchanged; returns those that changed."""
        changed = self._state.check_files(self._state.rows.images if images is None else images)
        if changed:
            self._emit(ImagesChanged(changed))
        return changed

    def start_check_files(self, images: Sequence[str] | None = None) -> Job:
        """The same as a job, for very many images or a slow disk; hand its events to `take_checked`."""
        rows = self._state.rows
        names = rows.images if images is None else tuple(images)
        return start_check(rows.folder, rows.kept_of(names), len(names))

    def take_checked(self, event: Event) -> tuple[str, ...]:
        """Take in which files are there; returns the images of those that are not as they were."""
        if not isinstance(event, Result) or not isinstance(event.value, list):
            return ()
        changed = self._state.take_files(event.value)
        if changed:
            self._emit(ImagesChanged(changed))
        return changed

    def written_again(self, images: Sequence[str] | None = None) -> tuple[str, ...]:
        """The accepted images, of all or of those named, whose file must be read to know whether it has changed."""
        rows = self._state.rows
        return tuple(self._state.written_again(rows.frozen if images is None else images))

    def start_compare(self, images: Sequence[str] | None = None) -> Job:
        """Read the files that were `written_again`, as a job; hand its events to `take_compared`."""
        return start_compare(self._state.written_again(self._state.rows.frozen if images is None else images))

    def take_compared(self, event: Event) -> None:
        """Take in what a file holds: only another content is told, and the same one is known by its new stamp.

        A project that is open for reading only remembers that as long as it is open.
        """
        if not isinstance(event, Result) or not isinstance(event.value, Compared):
            return
        self._settle()
        if event.key not in self._state.rows.images_set:
            return
        same = self._state.take_content(event.key, event.value.stamp, event.value.sha256)
        if same is not None and not self.read_only:
            self._project.record_facts(same)
        self._emit(ImagesChanged((event.key,)))

    def compare(self, told: Callable[[str], None] = lambda name: None) -> None:
        """Compare all files that were `written_again`; blocks, and names every file that is through to `told`."""
        for event in self.start_compare():
            self.take_compared(event)
            if isinstance(event, Progress):
                told(event.name)
