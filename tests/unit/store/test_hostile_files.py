"""A project file may come from anywhere: what is not ours in it is refused, and nothing in it runs."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from app.io.bundle import Bundle
from app.project.session import Session
from app.store.database import connect
from app.store.errors import ProjectError, Trouble

PARTS = {
    "trigger": "CREATE TRIGGER evil AFTER INSERT ON changes BEGIN DELETE FROM reviews; END",
    "view": "CREATE VIEW evil AS SELECT * FROM images",
    "table": "CREATE TABLE evil (x)",
    "index": "CREATE INDEX evil ON images (path)",
    "virtual table": "CREATE VIRTUAL TABLE evil USING fts5(x)",
    "temporary look": "CREATE TRIGGER evil INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
}
SHAPES = {
    "a table that is a view": "ALTER TABLE reviews RENAME TO kept; CREATE VIEW reviews AS SELECT * FROM kept",
    "a check": "CREATE TABLE reviews (image TEXT PRIMARY KEY NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL,"
    " reader TEXT NOT NULL, at TEXT NOT NULL CHECK (length(image) < 0)) STRICT",
    "a generated column": "CREATE TABLE reviews (image TEXT PRIMARY KEY NOT NULL, state TEXT NOT NULL,"
    " note TEXT NOT NULL, reader TEXT NOT NULL, at TEXT GENERATED ALWAYS AS (upper(note))) STRICT",
    "a column more": "ALTER TABLE reviews ADD COLUMN evil TEXT",
}


def run(path: Path, script: str) -> None:
    db = apsw.Connection(str(path))
    for _ in db.execute(script):
        pass
    db.close()


def refused(path: Path, bundle: Bundle, part: str) -> None:
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(ProjectError, match=f"is not a DenseSeg Review project .*did not make: {part}") as error:
            Session.open(path, model=bundle, read_only=read_only)
        assert error.value.trouble is Trouble.FOREIGN
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", PARTS)
def test_what_is_not_ours_is_refused(session: Session, bundle: Bundle, kind: str):
    session.close()
    if kind == "temporary look":
        run(session.path, "CREATE VIEW v AS SELECT 1")
    run(session.path, PARTS[kind])
    refused(session.path, bundle, {"temporary look": "trigger", "virtual table": "table"}.get(kind, kind) + " evil")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_table_of_another_shape_is_refused(session: Session, bundle: Bundle, shape: str):
    session.close()
    script = SHAPES[shape]
    run(session.path, f"DROP TABLE reviews; {script}" if script.startswith("CREATE") else script)
    refused(session.path, bundle, "table|did not make: view")


def test_a_missing_table_is_damage(session: Session, bundle: Bundle):
    session.close()
    run(session.path, "DROP TABLE reviews")
    with pytest.raises(ProjectError, match="table reviews is missing") as error:
        Session.open(session.path, model=bundle)
    assert error.value.trouble is Trouble.DAMAGED


def test_triggers_and_views_do_not_run(tmp_path: Path):
    path = tmp_path / "db"
    run(path, "CREATE TABLE t (x); CREATE TABLE log (x); CREATE VIEW v AS SELECT 1 AS x")
    run(path, "CREATE TRIGGER evil AFTER INSERT ON t BEGIN INSERT INTO log VALUES (1); END")
    db = connect(path, "rw")
    db.execute("INSERT INTO t VALUES (1)")
    assert list(db.execute("SELECT * FROM log")) == []
    with pytest.raises(apsw.SQLError, match="view"):
        db.execute("SELECT * FROM v")
    db.close()


def test_connections_are_guarded(tmp_path: Path):
    """Each as in https://sqlite.org/security.html."""
    db = connect(tmp_path / "db", "rwc")
    assert db.pragma("trusted_schema") == 0
    assert db.pragma("cell_size_check") == 1
    assert db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, -1) == 1
    for option in ("ENABLE_TRIGGER", "ENABLE_VIEW", "TRUSTED_SCHEMA", "DQS_DDL", "DQS_DML", "WRITABLE_SCHEMA"):
        assert db.config(getattr(apsw, f"SQLITE_DBCONFIG_{option}"), -1) == 0, option
    assert db.limit(apsw.SQLITE_LIMIT_LENGTH) == 536_870_912
    for limit, most in (("EXPR_DEPTH", 20), ("COMPOUND_SELECT", 10), ("ATTACHED", 0), ("COLUMN", 100)):
        assert db.limit(getattr(apsw, f"SQLITE_LIMIT_{limit}")) == most, limit
    with pytest.raises(apsw.SQLError, match="attached"):
        db.execute("ATTACH ':memory:' AS other")
    db.execute("CREATE TABLE t (x)")
    with pytest.raises(apsw.SQLError):
        db.execute("UPDATE sqlite_schema SET sql = 'evil'")
    db.close()


def test_a_connection_follows_no_link(tmp_path: Path):
    run(tmp_path / "db", "CREATE TABLE t (x)")
    (tmp_path / "link").symlink_to(tmp_path / "db")
    for mode in ("ro", "rw", "rwc"):
        with pytest.raises(apsw.CantOpenError):
            connect(tmp_path / "link", mode)


def test_names_that_mean_something_in_an_address_are_names(session: Session, bundle: Bundle, tmp_path: Path):
    odd = tmp_path / "a?mode=memory&b#c%20d é.dsr"
    session.save_copy(odd)
    session.set_absent("im0.png", "heart_00")
    session.close()
    assert odd.stat().st_size > 10_000
    with Session.open(odd, model=bundle) as again:
        assert again.undo_label == "Set “heart_00” absent in im0"


@pytest.mark.parametrize("script", [PARTS["table"], "CREATE TRIGGER evil AFTER INSERT ON charts BEGIN SELECT 1; END"])
def test_predictions_of_another_shape_move_aside(session: Session, bundle: Bundle, script: str):
    session.close()
    predictions = session.path.with_name("p.dsr.predictions")
    run(predictions, script)
    before = predictions.read_bytes()
    with Session.open(session.path, read_only=True, model=bundle) as again:
        assert "evil" in again.remark
        assert again.status("im0.png") == "waiting"
    with Session.open(session.path, model=bundle) as again:
        assert again.status("im0.png") == "waiting"
        assert "are kept in p.dsr.predictions.damaged-1" in again.remark
    assert predictions.with_name("p.dsr.predictions.damaged-1").read_bytes() == before
