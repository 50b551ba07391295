"""House rules a program can check."""

import ast
import tomllib
from pathlib import Path

import apsw
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("app", "models", "tests")
SOURCES = [*sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")), ROOT / "main.py"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 500
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno + 1 <= 60, f"{node.name} is too long"


def test_every_requirement_is_pinned_exactly():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"] + project["optional-dependencies"]["dev"]:
        assert "==" in requirement


def test_sqlite_has_the_wal_reset_fix():
    # Fixed in 3.51.3; Python's own sqlite3 may link an older one, which is why apsw is used (design 5.7).
    assert tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) >= (3, 51, 3)


def test_no_pickle_is_loaded_outside_training():
    for path in (ROOT / "app").rglob("*.py"):
        if "training" in path.parts:
            continue
        names = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not names & {"pickle", "cPickle", "dill", "joblib"}
