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
    for requirement in sum(project["optional-dependencies"].values(), project["dependencies"]):
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


def calls_in(path):
    """Every call in a file with the name that is called."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), node


@pytest.mark.parametrize("path", sorted((ROOT / "app" / "gui").rglob("*.py")), ids=lambda path: path.name)
def test_what_readers_and_files_wrote_is_never_shown_as_markup(path):
    # `app.gui.widgets.plain_text` has one helper per kind of place; Qt's own labels take "<img ...>" for HTML.
    found = list(calls_in(path))
    names = {name for name, _ in found}
    if path.name != "plain_text.py":
        assert "QLabel" not in names, "use PlainLabel"
    assert not names & {"setHtml", "insertHtml", "fromHtml", "QErrorMessage", "QWhatsThis"}
    if names & {"QInputDialog", "QMessageBox", "QProgressDialog"}:
        assert "show_plainly" in names, "its labels take a text for HTML"
    for name, call in found:
        if name == "setToolTip":
            (text,) = call.args
            assert isinstance(text, ast.Constant) or getattr(text.func, "id", "") == "tip", ast.unparse(call)
    text = path.read_text(encoding="utf-8")
    assert "== Qt.ItemDataRole.ToolTipRole" not in text or "return tip(" in text


@pytest.mark.parametrize("path", sorted((ROOT / "app" / "gui").rglob("*.py")), ids=lambda path: path.name)
def test_what_is_deleted_when_it_closes_listens_by_its_own_methods(path):
    # Qt disconnects a method with its object; a lambda goes on and calls what is no longer there.
    text = path.read_text(encoding="utf-8")
    if "WA_DeleteOnClose" not in text:
        return
    for name, call in calls_in(path):
        if name == "connect" and any(isinstance(argument, ast.Lambda) for argument in call.args):
            signal = ast.unparse(call.func)
            assert "controller." not in signal, f"{signal}: connect a method"
            assert "session" not in signal, f"{signal}: connect a method"
