"""Do the tests notice careless mistakes? Makes them by cosmic-ray, one at a time in a copy, and prints a score.

`make mutants` runs a sample; `make mutants MUTANTS="--count 0"` every mistake (hours). A run that was interrupted goes
on where it was as long as sources, seed and count are the same; results lie in ``out/mutants``.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 120
"""A mistake that makes the tests hang is noticed after this time."""
CARELESS = re.compile(
    r"Binary\w+_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Add|Pow_Mul|BitOr_BitAnd|BitAnd_BitOr)$"
    r"|Comparison\w+_(Eq_NotEq|NotEq_Eq|Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt|Lt_GtE|GtE_Lt|Gt_LtE|LtE_Gt|Is_IsNot|IsNot_Is)$"
    r"|/(ReplaceUnary|AddNot|ReplaceTrue|ReplaceFalse|ReplaceAnd|ReplaceOr|ReplaceBreak|ReplaceContinue)"
    r"|/(ExceptionReplacer|NumberReplacer|RemoveDecorator|ZeroIteration)"
)
"""Kinds of mistakes that people make; cosmic-ray knows more (a shift in place of a sum) that any test notices."""


class Package(NamedTuple):
    """Sources to spoil and the tests that should notice, the likeliest first."""

    sources: str
    tests: tuple[str, ...]


PACKAGES = {
    "core": Package("app/core", ("tests/unit/core",)),
    "io": Package("app/io", ("tests/unit/io",)),
    "store": Package("app/store", ("tests/unit/store", "tests/unit/project")),
    "project": Package("app/project", ("tests/unit/project", "tests/unit/store")),
    "losses": Package("models/losses.py", ("tests/unit/models",)),
}


def modules(tree: Path, package: Package) -> list[Path]:
    """Python files of a package below `tree`, relative to it."""
    where = tree / package.sources
    return [path.relative_to(tree) for path in ([where] if where.is_file() else sorted(where.rglob("*.py")))]


def copy_of_checkout(tree: Path) -> None:
    """Copy what git knows, or would add, of the checkout; mistakes are made in the copy alone."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    shutil.rmtree(tree, ignore_errors=True)
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def without_effect(path: Path) -> set[tuple[int, int]]:
    """Positions (line, column) whose mistakes change nothing: annotations, which are never evaluated, and caches."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[tuple[int, int]] = set()

    def take(node: ast.AST | None) -> None:
        if node is not None:
            lines = range(node.lineno, node.end_lineno + 1)
            for line in lines:
                first = node.col_offset if line == node.lineno else 0
                last = node.end_col_offset if line == node.end_lineno else 200
                found.update((line, column) for column in range(first - 1, last + 1))

    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            take(node.annotation)
        if isinstance(node, ast.FunctionDef):
            take(node.returns)
            for decorator in node.decorator_list:
                if "cache" in ast.unparse(decorator) and "property" not in ast.unparse(decorator):
                    take(decorator)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            take(node)
    return found


def sample(items: tuple[WorkItem, ...], count: int, seed: int) -> set[str]:
    """Ids of `count` mistakes (0: all), at most one per place in the source, spread over it by chance."""
    harmless: dict[Path, set[tuple[int, int]]] = {}
    places: dict[tuple[str, tuple[int, int]], list[tuple[str, int, str]]] = {}
    for item in items:
        mutation = item.mutations[0]
        path = mutation.module_path
        skipped = harmless.setdefault(path, without_effect(path))
        if CARELESS.search(mutation.operator_name) and mutation.start_pos not in skipped:
            kinds = places.setdefault((str(path), mutation.start_pos), [])
            kinds.append((mutation.operator_name, mutation.occurrence, item.job_id))
    if not count:
        return {job for kinds in places.values() for *_, job in kinds}
    chance = random.Random(seed)
    chosen = chance.sample(sorted(places), min(count, len(places)))
    return {chance.choice(sorted(places[place]))[2] for place in chosen}


def command(mutation: MutationSpec, package: Package) -> str:
    """The tests for a mistake: those of the module itself first; the first failure ends them."""
    named = Path(package.tests[0]) / f"test_{mutation.module_path.stem}.py"
    tests = [str(named)] * named.is_file() + list(package.tests)
    options = "-x -q --no-header --tb=no -p no:cacheprovider -p no:benchmark --hypothesis-seed=0"
    return f"{sys.executable} -m pytest {options} {' '.join(tests)}"


def opened(name: str, package: Package, asked: argparse.Namespace) -> WorkDB:
    """The results so far of these sources with this sample; begun if there are none."""
    digest = hashlib.sha256(f"{asked.seed} {asked.count}".encode())
    paths = modules(Path(), package)
    for path in paths:
        digest.update(path.read_bytes())
    database = asked.out.resolve() / f"{name}-{digest.hexdigest()[:12]}.sqlite"
    known = database.exists()
    work = WorkDB(str(database), WorkDB.Mode.create)
    if not known:
        init(paths, work, {})
        chosen = sample(work.work_items, asked.count, asked.seed)
        left_out = [item.job_id for item in work.work_items if item.job_id not in chosen]
        work.set_multiple_results(left_out, WorkResult(WorkerOutcome.SKIPPED))
    return work


def to_do(work: WorkDB, again: bool) -> Iterator[WorkItem]:
    """What has no result yet, and with `again` what was not noticed before."""
    yield from tuple(work.pending_work_items)
    if again:
        missed = {job for job, result in work.results if result.test_outcome == TestOutcome.SURVIVED}
        yield from (item for item in work.work_items if item.job_id in missed)


def report(name: str, work: WorkDB, details: bool) -> str:
    """One line of score; with `details` each mistake that was not noticed is printed before it."""
    asked = {job: result for job, result in work.results if result.worker_outcome != WorkerOutcome.SKIPPED}
    noticed = sum(result.is_killed for result in asked.values())
    for item in sorted(work.work_items, key=lambda i: (str(i.mutations[0].module_path), i.mutations[0].start_pos)):
        result = asked.get(item.job_id)
        if details and result is not None and not result.is_killed:
            lines = [line for line in (result.diff or "").split("\n") if re.match(r"[-+](?![-+]{2} )", line)]
            place = f"{item.mutations[0].module_path}:{item.mutations[0].start_pos[0]}"
            sys.stdout.write("\n    ".join([place, *lines]) + "\n")
    waiting = work.num_work_items - work.num_results
    share = f"{noticed / len(asked):.0%}" if asked else "nothing asked"
    return f"{name}: {noticed} of {len(asked)} mistakes noticed ({share}), {waiting} not asked yet"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", metavar="package", help="all of them by default")
    parser.add_argument("--count", type=int, default=60, help="mistakes per package; 0: every one")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after this time; the next run goes on")
    parser.add_argument("--again", action="store_true", help="ask those again that were not noticed (tests changed)")
    parser.add_argument("--details", action="store_true", help="print each mistake that was not noticed")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "mutants")
    asked = parser.parse_args()
    if unknown := set(asked.packages) - set(PACKAGES):
        parser.error(f"There is no package {', '.join(sorted(unknown))}; there are {', '.join(PACKAGES)}.")
    end = time.monotonic() + 60 * asked.minutes
    tree = asked.out.resolve() / "tree"
    copy_of_checkout(tree)
    os.chdir(tree)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    scores = []
    for name in asked.packages or PACKAGES:
        work = opened(name, PACKAGES[name], asked)
        for item in to_do(work, asked.again):
            if time.monotonic() > end:
                break
            tests = command(item.mutations[0], PACKAGES[name])
            work.set_result(item.job_id, mutate_and_test(item.mutations, tests, PATIENCE_SECONDS))
        scores.append(report(name, work, asked.details))
        work.close()
    sys.stdout.write("\n".join(scores) + "\n")


if __name__ == "__main__":
    main()
