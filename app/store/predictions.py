"""``FILE.predictions``: what a model said of images nobody has accepted yet. It can be made again, so it may go.

A prediction belongs to the bytes of an image file, to how it is read and to a bundle: two hashes are its key, and where
an image is not read as stored its orientation stands behind the file's (`Orientation.key`). The inverse charts, needed
for all images at once when a project opens, lie apart from masks and uv-maps, needed for one image at a time.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from app.core.prediction import Prediction
from app.core.template import Template
from app.store.blobs import Arrays, DamagedBlob, checksum, pack, unpack
from app.store.charts import compact, maps, restore
from app.store.copying import Copier, Told, copy_database
from app.store.database import (
    connect,
    connect_to_read,
    foreign_parts,
    in_memory,
    run,
    schema_made_by,
    schema_of,
    transaction,
    value,
)
from app.store.errors import ProjectError, Trouble, of_database, of_system, proves_damage
from app.store.paths import beside, check_beside, check_unlinked

_LOG = logging.getLogger(__name__)
_VERSION = 1
_SCHEMA = """
CREATE TABLE predictions (bundle TEXT NOT NULL, file TEXT NOT NULL, suspect TEXT NOT NULL,
    PRIMARY KEY (bundle, file)) STRICT, WITHOUT ROWID;
CREATE TABLE charts (bundle TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (bundle, file)) STRICT;
CREATE TABLE maps (bundle TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (bundle, file)) STRICT;
CREATE TABLE previews (file TEXT PRIMARY KEY NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL) STRICT;
"""


class _NotOurs(Exception):
    """A file that no version of this program has made."""


class PredictionStore:
    """The file of predictions beside a project file.

    One that is proved to be damaged is moved aside and begun afresh. One that can't be used for another reason (held by
    a program, no space, no permission, a planted link) stays as it is; predictions then live in memory until it closes.

    Parameters
    ----------
    project : Path
        The project file, without links in its path.
    bundle_sha256 : str
        Whose predictions are wanted.
    template : Template
        Of that bundle.
    read_only : bool

    Attributes
    ----------
    remark : str
        What a reader should know: that predictions are not kept, or were moved aside, and why; empty if all is well.

    Notes
    -----
    What is damaged counts as not there: it can be made again. Where something can't be read for another reason (the
    disk, another program), reading raises a ProjectError that says so; what is kept is not given up for that.
    """

    def __init__(self, project: Path, bundle_sha256: str, template: Template, read_only: bool) -> None:
        self.path = beside(project, ".predictions")
        self.bundle_sha256 = bundle_sha256
        self.remark = ""
        self._template = template
        self._read_only = read_only
        self._db: apsw.Connection | None = None
        try:
            self._db = self._open()
        except (apsw.Error, _NotOurs) as error:
            if not read_only and (isinstance(error, _NotOurs) or proves_damage(error)):
                self._start_afresh(error)
            else:
                self._do_without(str(error) if isinstance(error, _NotOurs) else str(of_database(self.path, error)))
        except ProjectError as error:
            self._do_without(str(error))

    def _open(self) -> apsw.Connection | None:
        check_unlinked(self.path)
        check_beside(self.path)
        if self._read_only:
            if not self.path.is_file():
                return None
            db = connect_to_read(self.path)
        else:
            db = connect(self.path, "rwc")
        try:
            if not self._read_only:
                run(db, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
                if not schema_of(db) and not value(db, "PRAGMA user_version"):
                    _lay_out(db)
            _check_ours(db)
        except BaseException:
            db.close()
            raise
        return db

    def _start_afresh(self, why: Exception) -> None:
        """Move the file aside, where somebody may look at it, and begin another one."""
        self.close()
        aside = next(p for i in range(1, 10_000) if not (p := beside(self.path, f".damaged-{i}")).exists())
        try:
            for ending in ("-wal", ""):
                if beside(self.path, ending).exists():
                    beside(self.path, ending).rename(beside(aside, ending))
            beside(self.path, "-shm").unlink(missing_ok=True)
            self._db = self._open()
        except OSError as error:
            self._do_without(str(of_system(self.path, error)))
            return
        except apsw.Error as error:
            self._do_without(str(of_database(self.path, error)))
            return
        except (ProjectError, _NotOurs) as error:
            self._do_without(str(error))
            return
        self.remark = (
            f"The stored predictions are damaged ({why}) and will be made again; they are kept in {aside.name}."
        )
        _LOG.warning("%s", self.remark)

    def _do_without(self, why: str) -> None:
        self.remark = f"Stored predictions can't be used, and new ones are not kept: {why}"
        _LOG.warning("%s", self.remark)
        if not self._read_only:
            self._db = in_memory()
            _lay_out(self._db)

    def copier(self, apart: bool) -> Copier | None:
        """What copies what is kept; None where nothing is. See `ProjectStore.copier`."""
        db, path = self._db, self.path
        if db is None or (apart and not path.is_file()):  # what lives in memory can be made again
            return None

        def copy(file: Path, told: Told) -> None:
            try:
                with contextlib.closing(connect_to_read(path)) if apart else contextlib.nullcontext(db) as source:
                    if apart:
                        source.execute("BEGIN")
                    copy_database(source, path, file, told).close()
            except apsw.Error as error:
                raise of_database(path, error) from None

        return copy

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if self._db is not None:
            with contextlib.suppress(apsw.Error):
                self._db.close()
            self._db = None

    def known(self) -> dict[str, str]:
        """SHA-256 of every image file with a prediction, and the sentence that makes it suspect (else empty).

        Where that can't be read, the file stays as it is and predictions live in memory, as after opening.
        """
        query = "SELECT file, suspect FROM predictions WHERE bundle = ?"
        try:
            return dict(self._select(query, self.bundle_sha256))
        except ProjectError as error:
            self.close()
            self._do_without(str(error))
            return {}

    def charts(self) -> Iterator[tuple[str, Arrays]]:
        """Compact charts of all predictions by the image file's SHA-256; damaged ones are left out."""
        query = "SELECT file, sha256, data FROM charts WHERE bundle = ? ORDER BY rowid"
        for file, sha256, data in self._select(query, self.bundle_sha256):
            with contextlib.suppress(DamagedBlob):
                yield file, unpack(data, sha256)

    def chart(self, file: str) -> Arrays | None:
        """Compact charts of one image file."""
        found = self._blob("charts", file)
        return unpack(*found) if found else None

    def get(self, file: str) -> Prediction | None:
        """The prediction for an image file, None where there is none or it is damaged."""
        suspect = list(
            self._select("SELECT suspect FROM predictions WHERE bundle=? AND file=?", self.bundle_sha256, file)
        )
        charts, rest = self._blob("charts", file), self._blob("maps", file)
        if not suspect or charts is None or rest is None:
            return None
        return restore(self.bundle_sha256, suspect[0][0], unpack(*charts), unpack(*rest))

    def packed(self, file: str) -> tuple[bytes, bytes] | None:
        """Packed charts and maps of one image file, to copy them into the project."""
        charts, rest = self._blob("charts", file), self._blob("maps", file)
        return (charts[0], rest[0]) if charts and rest else None

    def checksum(self, file: str) -> str:
        """SHA-256 of the charts of one image file as they are kept, empty where there are none."""
        query = "SELECT sha256 FROM charts WHERE bundle = ? AND file = ?"
        return next((str(found) for (found,) in self._select(query, self.bundle_sha256, file)), "")

    def preview(self, file: str) -> npt.NDArray[np.uint8] | None:
        """The small 8-bit picture of an image file."""
        for sha256, data in self._select("SELECT sha256, data FROM previews WHERE file = ?", file):
            with contextlib.suppress(DamagedBlob):
                return np.asarray(unpack(data, sha256)["preview"], np.uint8)
        return None

    def put(self, file: str, prediction: Prediction, preview: npt.NDArray[np.uint8] | None) -> Arrays:
        """Keep the prediction for an image file; returns its compact charts."""
        charts = compact(self._template, prediction)
        self.put_packed(file, prediction.suspect, pack(charts, quick=True), pack(maps(prediction)), preview)
        return charts

    def put_packed(
        self, file: str, suspect: str, charts: bytes, rest: bytes, preview: npt.NDArray[np.uint8] | None = None
    ) -> None:
        """Keep a packed prediction; a file that turns out to be damaged is moved aside and begun afresh.

        Raises
        ------
        ProjectError
            If it can't be kept for another reason; everything that was kept before stays.
        """
        if self._read_only or self._db is None:
            return
        for afresh in (False, True):
            try:
                self._write(self._db, file, suspect, charts, rest, preview)
                return
            except apsw.Error as error:
                if afresh or not proves_damage(error):
                    raise of_database(self.path, error, self._db.system_errno) from error
                self._start_afresh(error)

    def _write(
        self,
        db: apsw.Connection,
        file: str,
        suspect: str,
        charts: bytes,
        rest: bytes,
        preview: npt.NDArray[np.uint8] | None,
    ) -> None:
        key = (self.bundle_sha256, file)
        with transaction(db, "BEGIN IMMEDIATE"):
            db.execute("INSERT OR REPLACE INTO predictions VALUES (?, ?, ?)", (*key, suspect))
            db.execute("INSERT OR REPLACE INTO charts VALUES (?, ?, ?, ?)", (*key, checksum(charts), charts))
            db.execute("INSERT OR REPLACE INTO maps VALUES (?, ?, ?, ?)", (*key, checksum(rest), rest))
            if preview is not None:
                data = pack({"preview": preview})
                db.execute("INSERT OR REPLACE INTO previews VALUES (?, ?, ?)", (file, checksum(data), data))

    def _blob(self, table: str, file: str) -> tuple[bytes, str] | None:
        query = f"SELECT data, sha256 FROM {table} WHERE bundle = ? AND file = ?"
        for data, sha256 in self._select(query, self.bundle_sha256, file):
            if checksum(data) == sha256:
                return data, sha256
        return None

    def _select(self, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
        if self._db is None:
            return
        try:
            yield from self._db.execute(query, values)
        except apsw.Error as error:
            if not proves_damage(error):
                raise of_database(self.path, error, self._db.system_errno) from error
            _LOG.warning("The predictions in %s are damaged: %s", self.path, error)


def _lay_out(db: apsw.Connection) -> None:
    with transaction(db):
        run(db, f"{_SCHEMA} PRAGMA user_version={_VERSION}")


def _check_ours(db: apsw.Connection) -> None:
    version, found = value(db, "PRAGMA user_version"), schema_of(db)
    ours = schema_made_by(_SCHEMA)
    if version > _VERSION:
        raise ProjectError("They were written by a newer DenseSeg Review.", Trouble.NEWER)
    if version != _VERSION:
        raise _NotOurs(f"it is of version {version}")
    if wrong := foreign_parts(found, ours) or [" ".join(part) for part in ours.keys() - found.keys()]:
        raise _NotOurs(f"of its {wrong[0]} this program knows nothing")
