"""Which Python `make` takes, and what becomes of a .venv that is there already.

Pythons of all versions are this one, which is told to say that it is another; the rest is real.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="make and its scripts need a POSIX shell")
TOOLS = ("sh", "sed", "dirname", "cmp", "rm", "touch")
PROJECT = '[project]\ndependencies = [\n    "torch==2.13.0",\n]\noptional-dependencies.dev = []\n'


class Machine:
    """A checkout, and a PATH with the tools that a shell needs and the Pythons that a test puts there."""

    def __init__(self, folder):
        self.checkout = folder / "a checkout"
        self.tools = folder / "bin"
        self.tools.mkdir()
        for tool in TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool))
        shutil.copytree(ROOT / ".ci", self.checkout / ".ci")
        (self.checkout / ".ci" / "system-libraries").write_text("true\n")  # nothing is installed by a test
        self.needs(PROJECT)

    def needs(self, text):
        (self.checkout / "pyproject.toml").write_text(text)

    def install(self, name, version, before="", wheels=""):
        """Put a Python on the PATH that says it is this version; it runs a statement first and knows some wheels."""
        major, minor = version.split(".")
        first = f"import sys; sys.version_info = ({major}, {minor}, 0, 'final', 0); {before or 'pass'}"
        self.put(
            name,
            f'case "$1" in -c) exec "{sys.executable}" -c "{first}\n$2" ;; esac\n'
            f'PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS="{wheels}" exec "{sys.executable}" "$@"\n',
        )

    def install_this(self, name):
        """Put this very Python on the PATH; what it makes gets the pip of ours, since unpacking one takes seconds."""
        python, mine = os.path.realpath(sys.executable), f"python{sys.version_info.major}.{sys.version_info.minor}"
        alone = self.tools.parent / "pip"
        alone.mkdir()
        (alone / "pip").symlink_to(Path(importlib.util.find_spec("pip").origin).parent)
        self.put(
            name,
            f'[ "$2" = venv ] || exec "{python}" "$@"\n'
            f'"{python}" -m venv --without-pip "$3" && echo "{alone}" >"$3/lib/{mine}/site-packages/pip.pth"\n',
        )

    def put(self, name, script):
        file = self.tools / name
        file.write_text(f"#!/bin/sh\n{script}")
        file.chmod(0o755)

    def run(self, *arguments):
        return subprocess.run(
            ["sh", *arguments],
            cwd=self.checkout,
            env={"PATH": str(self.tools), "HOME": str(self.checkout)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def chosen(machine, *arguments):
    done = machine.run(".ci/python", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def refused(machine, *arguments):
    done = machine.run(*arguments)
    assert done.returncode == 1
    assert not done.stdout
    (sentence,) = done.stderr.splitlines()
    return sentence


def test_the_newest_supported_python_is_taken(machine):
    machine.install("python3.11", "3.11")
    assert chosen(machine) == "python3.11"
    machine.install("python3", "3.12")
    assert chosen(machine) == "python3"
    machine.install("python3.13", "3.13")
    machine.install("python3.14", "3.14")
    assert chosen(machine) == "python3.13"


def test_what_only_looks_like_a_python_is_passed_over(machine):
    machine.put("python3.13", "echo 'pyenv: python3.13: command not found' >&2\nexit 127\n")
    machine.install("python3.12", "3.12", before="sys.modules['ensurepip'] = None")
    machine.install("python3.11", "3.11")
    assert chosen(machine) == "python3.11"


def test_ci_takes_the_newest_python_whose_torch_is_on_disk(machine, tmp_path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for version in ("3.11", "3.12"):
        machine.install(f"python{version}", version, wheels=wheels)
    machine.install("python3.13", "3.13")
    assert chosen(machine, "--torch-on-disk") == "python3.13"  # no Python has it: the newest
    with zipfile.ZipFile(wheels / "torch-2.13.0+cpu-py3-none-any.whl", "w") as wheel:
        about = "torch-2.13.0+cpu.dist-info"
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: torch\nVersion: 2.13.0+cpu\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    assert chosen(machine, "--torch-on-disk") == "python3.12"
    assert chosen(machine) == "python3.13"


def test_without_a_usable_python_a_sentence_says_what_is_needed(machine):
    assert "Python 3.11, 3.12 or 3.13 is needed. Install one of them" in refused(machine, ".ci/python")
    machine.install("python3", "3.14")
    assert "Python 3.11, 3.12 or 3.13 is needed (python3 is 3.14)." in refused(machine, ".ci/setup")
    machine.install("python3.12", "3.12", before="sys.modules['ensurepip'] = None")
    assert "apt-get install python3.12-venv" in refused(machine, ".ci/setup")


def test_a_wrong_python_by_name_is_refused(machine):
    assert "PYTHON=python3.9 is no Python that runs." in refused(machine, ".ci/setup", "python3.9")
    machine.install("python3.9", "3.9")
    assert "PYTHON=python3.9 is Python 3.9." in refused(machine, ".ci/setup", "python3.9")
    machine.install("python3.13", "3.13", before="sys.modules['ensurepip'] = None")
    assert "apt-get install python3.13-venv" in refused(machine, ".ci/setup", "python3.13")
    assert not (machine.checkout / ".venv").exists()


def test_a_venv_that_works_is_kept_and_a_broken_one_or_one_of_another_version_is_made_anew(machine):
    machine.needs("[project]\ndependencies = []\noptional-dependencies.dev = []\n")
    venv = machine.checkout / ".venv"
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    machine.install_this(f"python{mine}")

    def setup(*arguments):
        done = machine.run(".ci/setup", *arguments)
        assert done.returncode == 0, done.stderr
        made_anew, changed = not (venv / "mark").exists(), "Making .venv" in done.stdout
        assert made_anew == changed
        (venv / "mark").touch()
        return made_anew

    assert setup()
    assert not setup()
    machine.install("python3.13", "3.13") if mine != "3.13" else machine.install("python3.12", "3.12")
    assert not setup(), "another Python that appears changes nothing"
    assert not setup(f"python{mine}")
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/no/longer/there")
    assert setup(f"python{mine}")
    other = "3.11" if mine != "3.11" else "3.12"
    machine.put("python-of-old", f'echo "{other}"\n')
    shutil.copy(machine.tools / "python-of-old", venv / "bin" / "python.new")
    (venv / "bin" / "python.new").replace(venv / "bin" / "python")
    assert setup(f"python{mine}")


def test_new_requirements_are_installed_into_the_venv_that_is_there(machine, tmp_path):
    machine.needs("[project]\ndependencies = []\noptional-dependencies.dev = []\n")
    machine.install_this("this-python")
    assert machine.run(".ci/setup", "this-python").returncode == 0
    (machine.checkout / ".venv" / "mark").touch()
    machine.needs(
        '[project]\ndependencies = ["no-such-package @ file:///no/such/file.whl"]\noptional-dependencies.dev = []\n'
    )
    assert machine.run(".ci/setup").returncode != 0
    assert machine.run(".ci/setup").returncode != 0, "what failed is tried again"
    machine.needs("[project]\ndependencies = []\noptional-dependencies.dev = []\n")
    assert machine.run(".ci/setup").returncode == 0
    assert (machine.checkout / ".venv" / "mark").exists()


def test_the_scripts_and_the_project_name_the_same_pythons():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert 'newest="3.13 3.12 3.11"' in (ROOT / ".ci" / "python").read_text(encoding="utf-8")
    assert "3.11 | 3.12 | 3.13)" in (ROOT / ".ci" / "setup").read_text(encoding="utf-8")
