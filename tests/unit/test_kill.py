"""Killed at any moment of real editing, a project loses nothing that a reader was told is done."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.io.bundle import Bundle, read_bundle
from app.project.session import Session
from tests.unit.tiny_bundle import tiny, tiny_folder  # noqa: F401

LIVES = 50
ROOT = Path(__file__).parents[2]
STATES = ("unread", "in_progress", "accepted", "rejected", "second_opinion")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX signals")
def test_fifty_kills_lose_nothing(tmp_path: Path, tiny: Bundle):  # noqa: F811
    path, bundle = project(tmp_path, tiny), str(tiny.folder)
    rng = random.Random(1)
    command = [sys.executable, "-c", "from tests.unit.test_kill import nursery; nursery()", str(path), bundle]
    nurse = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    with Session.open(path, model=tiny) as session:
        labels, digest = [line.label for line in session.history()], digest_of(session)
    actions, compared = 0, 0
    try:
        for _ in range(LIVES):
            found, told = one_life(nurse, rng)
            assert found["labels"][: len(labels)] == labels, "an action that was reported is lost"
            assert len(found["labels"]) <= len(labels) + 1, "more was kept than one action nobody was told of"
            if digest and len(found["labels"]) == len(labels):
                assert found["digest"] == digest, "the project is not as it was when the last action returned"
                compared += 1
            labels, digest = found["labels"], found["digest"]
            for event in told:
                digest = event.get("digest", "")
                if "label" in event:
                    labels = [*labels, event["label"]]
                    actions += 1
    finally:
        nurse.stdin.close()
        assert nurse.wait() == 0
        nurse.stdout.close()
    with Session.open(path, model=tiny) as session:
        assert [line.label for line in session.history()][: len(labels)] == labels
        assert session.undo() is not None
    print(f"{actions} actions reported, {compared} states compared after {LIVES} kills")  # noqa: T201
    assert actions > LIVES
    assert compared > LIVES / 5


def project(folder: Path, bundle: Bundle) -> Path:
    """Three predicted images and two landmarks."""
    films = folder / "films"
    films.mkdir()
    rng = np.random.default_rng(0)
    for i in range(3):
        cv2.imwrite(str(films / f"im{i}.png"), rng.integers(0, 255, (60, 70), np.uint8))
    with Session.create(folder / "p.dsr", bundle, reader="Ann") as session:
        session.add_images([films])
        session.predict()
        session.define_landmark("apex", "heart", (0.1, 0.2))
        session.define_landmark("hilum", "lung", (0.0, 0.1))
        return session.path


def one_life(nurse: subprocess.Popen[bytes], rng: random.Random) -> tuple[dict, list[dict]]:
    """Let one editing process live for some actions: what it found on opening, and what it then said it did.

    How far it has come beyond what it said when the kill reaches it is left to chance; nothing is asked of a clock.
    """
    nurse.stdin.write(f"{rng.randrange(1 << 30)}\n".encode())
    nurse.stdin.flush()
    pid = int(nurse.stdout.readline())
    found = json.loads(nurse.stdout.readline())
    told = []
    lines = rng.choice((0, 1, 2, 3, 5, 8, 13, 21))  # some die before they have done anything
    while len(told) < lines and told[-1:] != [{"waiting": True}]:
        told.append(json.loads(nurse.stdout.readline()))
    for _ in range(rng.randrange(20_000)):  # amid whatever comes next
        pass
    os.kill(pid, signal.SIGKILL)
    while (line := nurse.stdout.readline()) != b"dead\n":
        told.append(json.loads(line))
    told = [event for event in told if "waiting" not in event]
    return found, told


def nursery() -> None:
    """In a process of its own: per line on stdin fork a child that edits the project and reports each action."""
    bundle = read_bundle(sys.argv[2])
    for seed in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if not pid:
            edit_for_ever(sys.argv[1], bundle, random.Random(int(seed)))
        os.waitpid(pid, 0)
        os.write(1, b"dead\n")


def say(**event: object) -> None:
    os.write(1, json.dumps(event).encode() + b"\n")


def digest_of(session: Session) -> str:
    """All that readers ever said, as it stands in memory; quick, so that kills fall into actions."""
    rows = session._state.rows
    placed = {image: sorted(said.items()) for image, said in rows.by_image.items() if said}
    judged = {image: sorted(said.items()) for image, said in rows.structure_reviews.items() if said}
    rest = (placed, judged, rows.reviews, rows.spacings, rows.frozen, rows.landmarks)
    return hashlib.sha256(repr((rows.images, *(sorted(part.items()) for part in rest))).encode()).hexdigest()


def edit_for_ever(path: str, bundle: Bundle, rng: random.Random) -> None:
    os.write(1, f"{os.getpid()}\n".encode())
    session = Session.open(path, model=bundle)
    say(labels=[line.label for line in session.history()], digest=digest_of(session))
    count = len(session.history())
    while True:
        with suppress(ValueError):  # a locked image, a name that is taken: refused, nothing changes
            rng.choice(deeds(session, rng))()
        history = session.history()
        if len(history) > count:
            count = len(history)
            say(label=history[-1].label)
            say(digest=digest_of(session))
            if rng.random() < 0.15:  # readers think, too
                say(waiting=True)
                signal.pause()


def deeds(session: Session, rng: random.Random) -> list[Callable[[], object]]:
    """What a reader may do next."""
    own = [mark.name for mark in session.landmarks if not mark.hidden]
    image, mark = rng.choice(session.images), rng.choice([*own, "heart_00", "lung_03"])
    number, uv = rng.randrange(1 << 20), (rng.uniform(-0.9, 0.9), rng.uniform(-0.9, 0.9))
    others = [name for name in session.images if name != image]
    return [
        lambda: session.define_landmark(f"mark {number}", "heart", uv) if len(own) < 6 else None,
        lambda: session.delete_landmark(mark) if len(own) > 2 and mark in own else None,
        lambda: session.move_landmark(mark, uv),
        lambda: session.update_landmark(mark, rule=f"rule {number}"),
        lambda: session.move_placement(image, mark, (rng.uniform(0, 60), rng.uniform(0, 60))),
        lambda: session.set_absent(image, mark),
        lambda: session.confirm_placement(image, mark),
        lambda: session.reset_placement(image, mark),
        lambda: session.set_review(image, rng.choice(STATES), f"note {number}"),
        lambda: session.set_review(image, "rejected", f"note {number}", structure="heart"),
        lambda: session.set_spacing(image, rng.uniform(0.1, 1), 0.2),
        lambda: session.remove_images(image) if others else None,
        session.undo,
        session.redo,
    ]
