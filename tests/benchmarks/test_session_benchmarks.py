"""How quick a session is with 10,000 images. The predictions are made up; everything else is the real thing."""

from __future__ import annotations

import itertools
from pathlib import Path

import apsw
import pytest

from app.project.session import Session
from app.store.blobs import checksum, pack
from app.store.charts import compact, maps
from app.store.row_types import FactsRow
from app.store.rows import file_stamp
from tests.unit.store.fakes import fake_predicted

IMAGES = 10_000
KINDS = 40


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large project, once for all."""
    return large_project(tmp_path_factory.mktemp("large"))


def large_project(folder: Path) -> Path:
    """A project of 10,000 images with predictions, written the quick way: 40 different ones, over and over."""
    (folder / "images").mkdir()
    for i in range(IMAGES):
        (folder / "images" / f"{i:05d}.png").write_bytes(b"")
    path = folder / "large.dsr"
    with Session.create(path) as session:
        session.add_images([folder / "images"])
        made = [fake_predicted(session, session.images[0], seed, (2048, 2048)) for seed in range(KINDS)]
        packed = [(pack(compact(session.template, p.prediction), quick=True), pack(maps(p.prediction))) for p in made]
        facts, rows = [], []
        for i, name in enumerate(session.images):
            charts, rest = packed[i % KINDS]
            key = f"{i:064x}"
            size = file_stamp(session.image(name).path)
            path_of = str(session.image(name).path)
            facts.append(FactsRow(path_of, "", "", 2048, 2048, sha256=key, size=size[0], changed_ns=size[1]))
            rows.append((session.bundle.sha256, key, checksum(charts), charts, checksum(rest), rest))
        with session._project._db as db:
            db.executemany(f"INSERT INTO facts VALUES ({','.join('?' * len(facts[0]))})", facts)
        with session._predictions._db as db:
            db.executemany("INSERT INTO predictions VALUES (?,?,'')", [row[:2] for row in rows])
            db.executemany("INSERT INTO charts VALUES (?,?,?,?)", [row[:4] for row in rows])
            db.executemany("INSERT INTO maps VALUES (?,?,?,?)", [(*row[:2], *row[4:]) for row in rows[:100]])
    return path


@pytest.fixture(scope="module")
def session(project: Path):
    with Session.open(project) as session:
        session.placements(session.landmarks[0].name)
        yield session


def test_open(benchmark, project: Path):
    """Opening: rows and files, without the charts."""
    benchmark.pedantic(lambda: Session.open(project).close(), rounds=3)


def test_open_and_show(benchmark, project: Path):
    """Opening until the first landmark is placed in all images: the charts are read as well (design 7: 2 s)."""

    def run() -> None:
        with Session.open(project) as opened:
            opened.placements("heart_00")
            for name in opened.images:
                opened.image(name)

    benchmark.pedantic(run, rounds=3)


def test_define_landmark(benchmark, session: Session):
    """A new landmark in all images, durable (design 7: 4 ms)."""
    numbers = itertools.count()

    def run() -> None:
        name = f"mark {next(numbers)}"
        session.define_landmark(name, "right_lung", (0.1, 0.2))
        assert len(session.placements(name).states) == IMAGES

    benchmark.pedantic(run, rounds=30, warmup_rounds=2)


def test_preview_places(benchmark, session: Session):
    """Live link: a template point in all images, nothing stored."""
    benchmark(session.preview_places, "heart", (0.3, -0.2))


def test_measure(benchmark, session: Session):
    """All measurements of all images anew: the model's five and two of landmarks (design 7: 50 ms)."""
    with_two_more(session)

    def run() -> None:
        found = session.measure()
        assert len(found) == 7
        assert len(found[0].values) == IMAGES

    benchmark.pedantic(run, rounds=20, warmup_rounds=2)


def test_preview_measurements(benchmark, session: Session):
    """The measurements that follow while one marker is dragged (design 7: 2 ms)."""
    with_two_more(session)
    benchmark(session.preview_measurements, session.images[5000], "heart_03", (700.5, 800.25))


def test_preview_ends_measured(benchmark, session: Session):
    """The measurements that follow while an end of a caliper is dragged (design 7: 2 ms)."""
    with_two_more(session)
    benchmark(session.preview_ends, session.images[5000], "heart", 0, ((700.5, 800.25), (1300.5, 900.5)))


def with_two_more(session: Session) -> None:
    if len(session.measurements) == 5:
        session.define_measurement("across", "distance(heart_03, heart_16) / width(thorax)")
        session.define_measurement("below", "perpendicular(heart_10, heart_03, heart_16)")


def test_placements_in(benchmark, session: Session):
    """All landmarks in one image."""
    benchmark(session.placements_in, session.images[5000])


def test_move_placement(benchmark, session: Session):
    """One correction, durable."""
    places = itertools.count()
    name = session.images[77]
    benchmark.pedantic(lambda: session.move_placement(name, "heart_00", (next(places), 5)), rounds=50, warmup_rounds=2)


def test_accept_and_unlock(benchmark, session: Session):
    """Freezing one image and thawing it again, durable."""
    name = session.images[50]

    def run() -> None:
        session.set_review(name, "accepted")
        session.set_review(name, "in_progress")

    benchmark.pedantic(run, rounds=20, warmup_rounds=2)


def test_remove_and_undo(benchmark, session: Session):
    """One image out of the middle and back."""

    def run() -> None:
        session.remove_images(session.images[3000])
        session.undo()

    benchmark.pedantic(run, rounds=3)


def test_least_certain(benchmark, session: Session):
    """The worklist's column, all images, from nothing."""

    def run() -> None:
        session._state._worst = None
        for name in session.images:
            session.least_certain(name)

    benchmark.pedantic(run, rounds=3)


# --- 200,000 changes


@pytest.fixture(scope="module")
def long_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of 10,000 images, 100,000 corrected placements and 200,000 changes, each as an action writes it."""
    path = tmp_path_factory.mktemp("history") / "long.dsr"
    Session.create(path, reader="Ann").close()
    db = apsw.Connection(str(path))
    many = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {} - 1)"
    db.execute(
        f"{many.format(IMAGES)} INSERT INTO images SELECT i + 1, printf('im%05d.png', i), i, 'file',"
        " printf('/nowhere/im%05d.png', i), '' FROM n"
    )
    db.execute(
        f"{many.format(10 * IMAGES)} INSERT INTO placements SELECT i / 10 + 1, '', i % 10 + 1, 'corrected', i * 1.5,"
        " 2.25, 'Ann', '2026-01-01T00:00:00.000+00:00' FROM n"
    )
    db.close()
    with Session.open(path) as session:
        for i in range(20):
            session.move_placement("im00000.png", "heart_00", (i + 0.25, 4.5))
    db = apsw.Connection(str(path))
    columns = "at, reader, kind, label, images, landmarks, rows"
    db.execute(
        f"{many.format(IMAGES - 1)} INSERT INTO changes ({columns}) SELECT {columns} FROM n, (SELECT * FROM changes)"
    )
    db.close()
    return path


def test_open_a_long_history(benchmark, long_history: Path):
    """Opening 10,000 images with 200,000 changes (design 7: 2 s)."""
    benchmark.pedantic(lambda: Session.open(long_history).close(), rounds=3)


def test_move_placement_after_a_long_history(benchmark, long_history: Path):
    """One correction, durable (design 7: 10 ms p99)."""
    places = itertools.count()
    with Session.open(long_history) as session:
        session.placements("heart_00")
        benchmark.pedantic(
            lambda: session.move_placement("im00077.png", "heart_00", (next(places), 5)), rounds=300, warmup_rounds=2
        )


def test_undo_after_a_long_history(benchmark, long_history: Path):
    """One correction taken back, durable."""
    with Session.open(long_history) as session:
        session.placements("heart_00")
        for place in range(300):
            session.move_placement("im00077.png", "heart_00", (place, 6))
        benchmark.pedantic(session.undo, rounds=300)
