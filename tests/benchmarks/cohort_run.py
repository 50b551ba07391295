"""A project of 1,000 images (copies of some radiographs under other names) laid over each other on the template.

``python -m tests.benchmarks.cohort_run FOLDER [--images N] [--out DIR]`` prints how many seconds that took as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from app.io.discover import discover
from app.jobs import Result
from app.project.session import Session
from app.store.rows import file_stamp


def made(folder: Path, source: Path, count: int) -> Session:
    """A project of `count` images, each a copy of one of the source's; each of those is predicted once."""
    found = sorted(path for _, path in discover([source]).images)
    films = folder / "films"
    films.mkdir(parents=True)
    for number in range(count):
        original = found[number % len(found)]
        shutil.copy(original, films / f"{number:05d}{original.suffix}")
    session = Session.create(folder / "many.dsr")
    session.add_images([films])
    firsts, answers = session.images[: len(found)], {}
    for event in session.start_predict(firsts):
        if isinstance(event, Result):
            answers[event.key] = event
        session.take_in(event)
    for number, name in enumerate(session.images[len(found) :]):
        event = answers.get(firsts[number % len(found)])
        if event is not None:
            path = session.image(name).path
            facts = replace(event.value.facts, stamp=file_stamp(path))
            session._asked[name] = path
            session.take_in(Result(name, replace(event.value, facts=facts)))
    return session


def processor() -> float:
    """Seconds that this process and its children, those that have ended, have had of the processor."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(session: Session) -> dict[str, float]:
    started, before, done = time.perf_counter(), processor(), 0
    for event in session.start_cohort():
        if isinstance(event, Result):
            done = len(event.value.cohort.names)
            looked = time.perf_counter()
            event.value.cohort.z(event.value.cohort.names[-1])
            one = time.perf_counter() - looked
    seconds = time.perf_counter() - started
    load = os.getloadavg()[0]
    return {"images": done, "seconds": seconds, "processor_s": processor() - before, "z_ms": 1e3 * one, "load": load}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = options.out or Path(temporary)
        if (out / "many.dsr").exists():
            session = Session.open(out / "many.dsr")
        else:
            session = made(out, options.source, options.images)
        with session:
            print(json.dumps(timed(session)))  # noqa: T201


if __name__ == "__main__":
    main()
