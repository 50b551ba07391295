"""``FILE.predictions``: what a model said of images nobody has accepted yet. It can be made again, so it may go.

A prediction belongs to the bytes of an image file, to how it is read and to a bundle: two hashes are its key, and where
an image is not read as stored its reading stands behind the file's (`Reading.key`). The inverse charts, needed
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
from app.store.errors import ProjectError
from app.store.project import connect, damaged

_LOG = logging.getLogger(__name__)
_VERSION = 1
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS predictions (bundle TEXT NOT NULL, file TEXT NOT NULL, suspect TEXT NOT NULL,
    PRIMARY KEY (bundle, file)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS charts (bundle TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (bundle, file)) STRICT;
CREATE TABLE IF NOT EXISTS maps (bundle TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (bundle, file)) STRICT;
CREATE TABLE IF NOT EXISTS previews (file TEXT PRIMARY KEY NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL) STRICT;
PRAGMA user_version={_VERSION};
"""


def _run(db: apsw.Connection, script: str) -> None:
    for _ in db.execute(script):
        pass


class PredictionStore:
    """The file of predictions beside a project file; a damaged one is replaced by an empty one.

    Parameters
    ----------
    project : Path
        The project file.
    bundle_sha256 : str
        Whose predictions are wanted.
    template : Template
        Of that bundle.
    read_only : bool
    """

    def __init__(self, project: Path, bundle_sha256: str, template: Template, read_only: bool) -> None:
        self.path = project.with_name(project.name + ".predictions")
        self.bundle_sha256 = bundle_sha256
        self._template = template
        self._read_only = read_only
        self._db: apsw.Connection | None = None
        try:
            self._db = self._open()
        except apsw.Error as error:
            _LOG.warning("The predictions in %s can't be read and will be made again: %s", self.path, error)
            if not read_only:
                self._start_afresh()

    def _open(self) -> apsw.Connection | None:
        if self._read_only:
            return self._open_read_only() if self.path.is_file() else None
        db = connect(self.path, "rwc")
        try:
            _run(db, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
            (version,) = next(iter(db.execute("PRAGMA user_version")))
            if version not in (0, _VERSION):
                raise apsw.SchemaChangeError(f"version {version}")
            with db:
                _run(db, _SCHEMA)
        except apsw.Error:
            db.close()
            raise
        return db

    def _open_read_only(self) -> apsw.Connection:
        for mode in ("ro", "immutable"):
            with contextlib.suppress(apsw.CantOpenError, apsw.ReadOnlyError):
                db = connect(self.path, mode)
                _run(db, "SELECT count(*) FROM predictions")
                return db
        raise apsw.CantOpenError(str(self.path))

    def _start_afresh(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self.path.with_name(self.path.name + ending).unlink()
        with contextlib.suppress(apsw.Error):
            self._db = self._open()

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if self._db is not None:
            with contextlib.suppress(apsw.Error):
                self._db.close()
            self._db = None

    def known(self) -> dict[str, str]:
        """SHA-256 of every image file with a prediction, and the sentence that makes it suspect (else empty)."""
        query = "SELECT file, suspect FROM predictions WHERE bundle = ?"
        return dict(self._select(query, self.bundle_sha256))

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
        """Keep a packed prediction. If the file turns out to be damaged it is begun afresh."""
        if self._read_only or self._db is None:
            return
        try:
            self._write(self._db, file, suspect, charts, rest, preview)
        except (apsw.CorruptError, apsw.NotADBError, apsw.IOError, apsw.SQLError):
            self._start_afresh()
            if self._db is not None:
                self._write(self._db, file, suspect, charts, rest, preview)
        except apsw.Error as error:
            raise ProjectError(damaged(self.path, error)) from error

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
        with db:
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
            _LOG.warning("The predictions in %s can't be read and will be made again: %s", self.path, error)
