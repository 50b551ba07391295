"""`train` for any anatomy, and what both ways of training say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.cli.common import reported_errors, say, wrong_usage
from app.io.bundle import KINDS


def is_chest(data: Path) -> bool:
    """Whether a folder has the layout of the chest data: train/ with train_landmarks.csv beside it."""
    return (data / "train_landmarks.csv").is_file()


def check_options(data: Path, chest: dict[str, Any]) -> None:
    """End with exit code 2 where options of the chest data are given for others."""
    for option, given in chest.items():
        if given not in (None, "", False, []):
            wrong_usage(f"--{option} is for the chest data; {data} holds none.")


def check_system(system: str) -> None:
    """End with exit code 2 where there is no such system."""
    if system not in KINDS:
        wrong_usage(f"There is no system “{system}” to train. There are: {', '.join(KINDS)}.")


def say_epoch(epoch: Any) -> None:
    """One line per epoch: minutes of the schedule, losses, figures of the validation images."""
    terms = ", ".join(f"{name} {value:.4g}" for name, value in epoch.terms.items())
    say(f"Epoch {epoch.epoch}, {epoch.minutes:.1f} min: {terms}")


def say_end(whole: bool, out: Path) -> None:
    """Where the bundle lies, or what to do to get one."""
    say(f"The bundle lies in {out / 'bundle'}." if whole else "The schedule is not complete; call again to go on.")


def train_anatomy(
    data: Path,
    out: Path,
    minutes: float,
    leg_minutes: float,
    threads: int,
    seed: int,
    size: int,
    name: str,
    mm_per_pixel: float | None,
    encoding: str,
    start: str,
) -> None:
    """Learn any anatomy from annotated images (`app.training.anatomy_run`)."""
    from app.training import anatomy_run
    from models.network import ENCODINGS

    if encoding not in ENCODINGS:
        wrong_usage(f"--encoding is {' or '.join(ENCODINGS)}, not “{encoding}”.")
    times = (minutes, leg_minutes, threads, seed, size)
    plan = anatomy_run.Plan(data, out, *times, name or out.resolve().name, mm_per_pixel, encoding, start)
    with reported_errors():
        say_end(anatomy_run.train(plan, say_epoch, say), out)
