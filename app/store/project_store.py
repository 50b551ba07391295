"""What a project needs of whatever keeps it: `app.project` knows this alone, and only opening names SQLite."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from app.store.blobs import Arrays
from app.store.changes import Action, Done, Entry, Pieces, Row, RowChange
from app.store.copying import Copier
from app.store.errors import ProjectError


class ProjectStore(Protocol):
    """The tables, blobs and changes of one open project; durable when a method returns.

    Attributes
    ----------
    path, file : Path
        As it was given, and the same without links.
    read_only : bool
    on_trouble : callable
        Called with a ProjectError when something can't be kept, and with None when something is kept again.
    on_write : callable
        Called before something is written while an action is done in pieces: the caller ends that first.
    """

    path: Path
    file: Path
    read_only: bool
    on_trouble: Callable[[ProjectError | None], None]
    on_write: Callable[[], None]

    def close(self) -> None:
        """Write everything back; closing twice does nothing."""

    def copier(self, apart: bool, **meta: str) -> Copier:
        """What copies everything until now, and says `meta` of the copy.

        Apart it runs on any thread, whatever is done meanwhile. Else only here and at once, but also where what is
        open is gone.
        """

    def check_there(self) -> None:
        """Raise ProjectError if what was kept is not where it was put."""

    def check_apart(self) -> Callable[[], Callable[[], None]] | None:
        """The same in two parts: the first on any thread, and what it returns on this one; None where all is well."""

    def check_writable(self) -> None:
        """Raise ValueError if the project is open for reading only."""

    # --- reading

    def one_moment(self) -> AbstractContextManager[None]:
        """Everything read within is of one moment, whatever another process writes meanwhile."""

    def rows(self, table: str) -> list[Row]:
        """All rows of a table (`app.store.tables`), in the order in which they came."""

    def meta(self) -> dict[str, str]:
        """What the project says of itself: model, bundle hash, reader, id."""

    @property
    def images_folder(self) -> Path:
        """The folder from which relative paths of images count."""

    def blob(self, sha256: str) -> Arrays:
        """Arrays of a blob; raises ProjectError if it is missing or damaged."""

    def blob_bytes(self, sha256: str) -> bytes:
        """Compressed bytes of a blob, unchecked; raises ProjectError if it is missing."""

    # --- writing

    def set_meta(self, **values: str) -> None:
        """Write what the project says of itself: no action, not undone."""

    def record_facts(self, row: tuple[Any, ...]) -> None:
        """Write what was found out about one image file: no action, not undone."""

    def act(self, reader: str, action: Action) -> Done:
        """Do one action, all or nothing; the entry and what changed, None where nothing changed."""

    def act_in_pieces(self, reader: str, action: Action) -> Pieces:
        """The same, piece by piece."""

    def write_ahead(self, blobs: Iterable[bytes]) -> set[str]:
        """Write blobs that an action is going to name; the checksums of those that were not there.

        It is no action, and they are nobody's as long as none names them; they are surely kept with that action.
        """

    def forget_blobs(self, checksums: Collection[str]) -> None:
        """Remove blobs that no action has named."""

    def undo_in_pieces(self, reader: str) -> Pieces:
        """Take the last action back; ends with that action and what changed, None where there is nothing to undo."""

    def redo_in_pieces(self, reader: str) -> Pieces:
        """Do the last undone action again; like `undo_in_pieces`."""

    # --- the changes

    @property
    def next_undo(self) -> Entry | None:
        """The action that `undo` would take back."""

    @property
    def next_redo(self) -> Entry | None:
        """The action that `redo` would do again."""

    def touches(self, entry: Entry) -> list[RowChange]:
        """What an action did, row by row."""

    def entries(self) -> list[tuple[Entry, bool]]:
        """All changes, oldest first, each with whether it is undone now."""
