import hashlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.core.frame import Frame, Provenance, Spacing
from app.core.native_mask import native_mask
from app.core.orientation import Orientation
from app.core.plausibility import Finding, Reason
from app.core.prediction import sample_chart
from app.engine import scheduler as scheduler
from app.engine.client import Engine
from app.io.errors import ImageError
from app.jobs import Failed, Finished, Progress, Result
from tests.unit.pictures import ramp, write_dicom, write_png
from tests.unit.tiny_bundle import SIZE, outlines, template

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and pipes")


@pytest.fixture(scope="module")
def shared(tiny):
    with Engine(tiny, threads=1) as engine:
        yield engine


@pytest.fixture
def engine(tiny):
    with Engine(tiny, threads=1) as engine:
        yield engine


def outcome(job):
    """Results and failures by key, and the last event."""
    results, failures, last = {}, {}, None
    for event in job:
        last = event
        if isinstance(event, Result):
            results[event.key] = event.value
        elif isinstance(event, Failed):
            failures[event.key] = event.message
    return results, failures, last


def pids(engine):
    return {slot.role: slot.child.pid for slot in engine._scheduler._slots if slot.child is not None}


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


@pytest.mark.parametrize("shape", [(64, 64), (480, 480), (300, 500), (700, 333), (17, 40)])
def test_places_are_in_native_pixels(shared, tmp_path, shape):
    path = write_png(tmp_path / "x.png", ramp(*shape))
    results, failures, last = outcome(shared.predict([("x", path)]))
    assert (failures, last) == ({}, Finished(False))
    found = results["x"]
    frame = Frame(*shape, SIZE, SIZE)
    assert found.facts.frame == frame
    for c, structure in enumerate(template().structures):
        places = sample_chart(found.prediction.charts[c], structure.outline_uv)
        truth = frame.from_network(outlines()[structure.name])
        assert np.abs(places - truth).max() < 0.4 / frame.scale
        mask = native_mask(found.prediction.masks[c], frame)
        assert mask.shape == shape
        drawn = polygon2mask(shape, truth[:, ::-1])
        assert 2 * (mask & drawn).sum() / (mask.sum() + drawn.sum()) > 0.95


@pytest.mark.parametrize("orientation", [Orientation(1), Orientation(2, inverted=True), Orientation(3, mirrored=True)])
def test_a_reading_turns_what_the_network_sees_and_nothing_else(shared, tmp_path, orientation):
    path = write_png(tmp_path / "x.png", ramp(300, 500))
    results, _, _ = outcome(shared.predict([("x", path)], orientations={"x": orientation}))
    found, frame = results["x"], Frame(300, 500, SIZE, SIZE, orientation=orientation)
    assert found.facts.frame == frame
    for c, structure in enumerate(template().structures):
        places = sample_chart(found.prediction.charts[c], structure.outline_uv)
        truth = frame.from_network(outlines()[structure.name])
        assert np.abs(places - truth).max() < 0.4 / frame.scale
        drawn = polygon2mask((300, 500), truth[:, ::-1])
        mask = native_mask(found.prediction.masks[c], frame)
        assert 2 * (mask & drawn).sum() / (mask.sum() + drawn.sum()) > 0.95


def test_pixels_that_are_not_square_are_predicted_in_true_proportions_and_placed_in_the_file_s_pixels(shared, tmp_path):
    path = write_dicom(tmp_path / "x.dcm", ramp(150, 300, 4095, np.uint16), PixelSpacing=[0.5, 0.2])
    results, _, _ = outcome(shared.predict([("x", path)]))
    found, frame = results["x"], Frame(150, 300, SIZE, SIZE, Spacing(0.5, 0.2, Provenance.AT_DETECTOR), aspect=2.5)
    assert found.facts.frame == frame
    for c, structure in enumerate(template().structures):
        truth = frame.from_network(outlines()[structure.name])
        places = sample_chart(found.prediction.charts[c], structure.outline_uv)
        assert np.abs(places - truth).max() < 0.4 / frame.network_scale
        drawn, mask = polygon2mask((150, 300), truth[:, ::-1]), native_mask(found.prediction.masks[c], frame)
        assert 2 * (mask & drawn).sum() / (mask.sum() + drawn.sum()) > 0.95


def test_facts_preview_and_spacing(shared, tiny, tmp_path):
    path = write_dicom(
        tmp_path / "x.dcm", ramp(900, 1200, 4095, np.uint16), ImagerPixelSpacing=[0.2, 0.3], ViewPosition="AP"
    )
    results, _, _ = outcome(shared.predict([("x", path)]))
    facts = results["x"].facts
    assert (facts.height, facts.width) == (900, 1200)
    assert (facts.spacing.row_mm, facts.spacing.column_mm, facts.spacing.provenance) == (
        0.2,
        0.3,
        Provenance.AT_DETECTOR,
    )
    assert (facts.acquisition.modality, facts.acquisition.view) == ("DX", "AP")
    assert facts.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert results["x"].preview.shape == (384, 512)
    assert results["x"].preview.dtype == np.uint8
    assert (results["x"].preview.min(), results["x"].preview.max()) == (0, 255)
    assert results["x"].prediction.bundle_sha256 == tiny.sha256
    assert results["x"].seconds > 0


def test_bad_files_fail_with_a_sentence_and_the_others_are_done(shared, tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello")
    write_png(tmp_path / "dot.png", np.zeros((1, 1), np.uint8))
    write_png(tmp_path / "good.png")
    names = ["empty.png", "text.png", "missing.png", "dot.png", "good.png"]
    job = shared.predict([(name, tmp_path / name) for name in names])
    events = list(job)
    failed = [event.key for event in events if isinstance(event, Failed)]
    assert failed == names[:4]
    assert [event.key for event in events if isinstance(event, Result)] == ["good.png"]
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.done for event in progress] == list(range(6))
    assert all(event.total == 5 for event in progress)


def test_a_flat_image_shows_nothing_and_is_suspect(shared, tmp_path):
    path = write_png(tmp_path / "flat.png", np.full((100, 80), 7, np.uint8))
    results, _, _ = outcome(shared.predict([("flat", path)]))
    assert not results["flat"].prediction.present.any()
    assert results["flat"].prediction.suspect == Finding(Reason.FLAT).code
    assert not results["flat"].prediction.masks.any()


def test_a_picture_is_what_the_file_holds(shared, tmp_path):
    pixels = ramp(300, 200, 60000, np.uint16)
    picture = shared.picture(write_png(tmp_path / "x.png", pixels)).result(20)
    np.testing.assert_array_equal(picture.pixels, pixels)
    assert picture.facts.frame.width == 200
    with pytest.raises(ImageError, match="cannot be opened"):
        shared.picture(tmp_path / "none.png").result(20)


def test_no_images_end_at_once(shared):
    assert outcome(shared.predict([])) == ({}, {}, Finished(False))


def test_the_first_and_the_prioritised_image_come_first(shared, tmp_path):
    path = write_png(tmp_path / "x.png")
    keys = [str(i) for i in range(120)]
    job = shared.predict([(key, path) for key in keys], first="90")
    until(lambda: job.backlog >= 64)  # nobody takes the events: the children pause, most images wait
    shared.prioritise("119")
    order = [event.key for event in job if isinstance(event, Result)]
    assert order[0] == "90"
    assert order.index("119") < 60  # two events per image: 32 were done, and a few were in work
    assert sorted(order) == sorted(keys)


@pytest.mark.parametrize("fault", ["orientation", "folder"])
def test_an_error_of_the_engines_own_ends_the_job_with_sentences_and_the_next_one_works(tiny, tmp_path, fault):
    paths = [write_png(tmp_path / f"{i}.png") for i in range(3)]
    items = [(path.name, path) for path in paths]
    bundle = replace(tiny, folder=Path("no\0folder")) if fault == "folder" else tiny  # no process can be started so
    orientations = {"1.png": "upside down"} if fault == "orientation" else {}  # no orientation that can be sent
    with Engine(bundle, threads=1) as engine:
        job = engine.predict(items, orientations=orientations)
        events = queue.SimpleQueue()
        job.listen(events.put)
        got = [events.get(timeout=60)]
        while not isinstance(got[-1], Finished):
            got.append(events.get(timeout=60))
        failed = {event.key: event.message for event in got if isinstance(event, Failed)}
        done = [event.key for event in got if isinstance(event, Result)]
        assert sorted([*failed, *done]) == [path.name for path in paths]
        assert "1.png" in failed
        assert all("error of its own. Try it again" in sentence for sentence in failed.values())
        assert got[-1] == Finished(False)
        if fault == "orientation":
            assert list(outcome(engine.predict(items[:1]))[0]) == ["0.png"]


def test_a_listener_that_fails_does_not_end_the_engine(shared, tmp_path):
    path, ended = write_png(tmp_path / "x.png"), threading.Event()

    def listener(event):
        if isinstance(event, Finished):
            ended.set()
        raise RuntimeError("a view's mistake")

    shared.predict([("x", path)]).listen(listener)
    assert ended.wait(20)
    assert outcome(shared.predict([("x", path)]))[2] == Finished(False)


def test_nobody_taking_results_stops_the_children_not_the_memory(shared, tmp_path):
    path = write_png(tmp_path / "x.png")
    job = shared.predict([(str(i), path) for i in range(120)])
    until(lambda: job.backlog >= 60)
    time.sleep(0.5)
    assert job.backlog < 80
    assert len(outcome(job)[0]) == 120


HANGING = """
import sys, time
import app.engine.worker as worker
def read(request):
    if request.fields["name"] == "hangs.png":
        time.sleep(3600)
    return READ(request)
READ, worker._read = worker._read, read
sys.exit(worker.main())
"""
"""A decoder that a file makes hang."""


def test_a_child_that_waits_for_work_is_never_out_of_time(engine, tmp_path, monkeypatch):
    path = write_png(tmp_path / "x.png")
    outcome(engine.predict([("x", path)]))
    before = pids(engine)
    assert len(before) == 2
    much_later = SimpleNamespace(monotonic=lambda: time.monotonic() + 1000)
    monkeypatch.setattr(scheduler, "time", much_later)
    engine.prioritise("nobody")  # the engine's thread looks at its clock
    assert outcome(engine.predict([("x", path)]))[2] == Finished(False)
    assert pids(engine) == before


def test_a_hung_child_is_stopped_and_the_file_marked(tiny, tmp_path):
    write_png(tmp_path / "hangs.png")
    write_png(tmp_path / "good.png")
    with Engine(tiny, threads=1, timeout=1.0) as engine:
        engine._scheduler.worker = ("-c", HANGING)
        items = [(name, tmp_path / name) for name in ("hangs.png", "good.png")]
        results, failures, last = outcome(engine.predict(items))
    assert list(results) == ["good.png"]
    assert failures["hangs.png"] == "Decoding “hangs.png” timed out after 1 s."
    assert last == Finished(False)


@posix
@pytest.mark.parametrize("role", ["decode", "network"])
def test_a_killed_child_is_restarted_and_the_file_marked(engine, tmp_path, role):
    good = write_png(tmp_path / "good.png")
    outcome(engine.predict([("good", good)]))
    before = pids(engine)
    os.kill(before[role], signal.SIGSTOP)  # so that the work is certainly in its hands when it dies
    job = engine.predict([("bad", good), ("good", good)])
    slot = next(slot for slot in engine._scheduler._slots if slot.role == role)
    until(lambda: slot.work is not None)
    os.kill(before[role], signal.SIGKILL)
    results, failures, last = outcome(job)
    assert list(results) == ["good"]
    assert list(failures) == ["bad"]
    assert "good.png" in failures["bad"]
    assert last == Finished(False)
    assert pids(engine)[role] != before[role]


@posix
@pytest.mark.parametrize("role", ["decode", "network"])
def test_a_stopped_child_is_replaced_and_the_file_marked(tiny, tmp_path, role):
    good = write_png(tmp_path / "good.png")
    with Engine(tiny, threads=1, timeout=1.0) as engine:
        outcome(engine.predict([("good", good)]))
        before = pids(engine)
        os.kill(before[role], signal.SIGSTOP)
        results, failures, last = outcome(engine.predict([("bad", good), ("good", good)]))
        assert list(results) == ["good"]
        assert list(failures) == ["bad"]
        assert "timed out after 1 s" in failures["bad"]
        assert last == Finished(False)
        assert pids(engine)[role] != before[role]
        until(lambda: not running(before[role]), 5)


@posix
def test_an_image_to_look_at_comes_before_predictions(engine, tmp_path):
    good = write_png(tmp_path / "good.png")
    outcome(engine.predict([("good", good)]))
    decoder = pids(engine)["decode"]
    os.kill(decoder, signal.SIGSTOP)
    job = engine.predict([(str(i), good) for i in range(30)])
    until(lambda: engine._scheduler.decoder.work is not None)
    picture = engine.picture(good)
    at = []
    picture.add_done_callback(lambda _: at.append(job.backlog))
    os.kill(decoder, signal.SIGCONT)
    picture.result(20)
    assert at[0] <= 1 + 2 * 4  # one Progress to begin with; at most the files in work and decoded ahead came first
    assert len(outcome(job)[0]) == 30


@posix
def test_a_picture_does_not_wait_for_files_that_are_only_to_be_predicted(engine, tmp_path):
    """While the network stands still, what was not decoded when the picture came is gone: it fails afterwards."""
    good = write_png(tmp_path / "good.png")
    outcome(engine.predict([("good", good)]))
    files = [write_png(tmp_path / f"{i}.png") for i in range(20)]
    network = pids(engine)["network"]
    os.kill(network, signal.SIGSTOP)
    job = engine.predict([(path.name, path) for path in files])
    engine.picture(good).result(20)
    for path in files:
        path.unlink()
    os.kill(network, signal.SIGCONT)
    results, failures, _ = outcome(job)
    assert len(results) + len(failures) == 20
    assert len(results) <= 1 + 2 + 1  # in the network, decoded ahead, being decoded


@posix
@pytest.mark.parametrize("role", ["decode", "network"])
def test_cancel_is_quick_while_a_child_is_stopped(engine, tmp_path, role):
    good = write_png(tmp_path / "good.png")
    outcome(engine.predict([("good", good)]))
    stopped = pids(engine)[role]
    os.kill(stopped, signal.SIGSTOP)
    job = engine.predict([(str(i), good) for i in range(20)])
    slot = next(slot for slot in engine._scheduler._slots if slot.role == role)
    until(lambda: slot.work is not None)
    started = time.monotonic()
    job.cancel()
    _, failures, last = outcome(job)
    assert time.monotonic() - started < 0.5
    assert (failures, last) == ({}, Finished(True))
    assert list(outcome(engine.predict([("good", good)]))[0]) == ["good"]
    until(lambda: not running(stopped), 5)


@posix
def test_an_idle_child_that_dies_is_replaced_silently(engine, tmp_path):
    good = write_png(tmp_path / "good.png")
    outcome(engine.predict([("good", good)]))
    for pid in pids(engine).values():
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    assert list(outcome(engine.predict([("good", good)]))[0]) == ["good"]


def test_a_cancelled_job_is_silent_and_the_next_one_does_not_wait_for_what_hangs(tiny, tmp_path):
    good, hangs = write_png(tmp_path / "good.png"), write_png(tmp_path / "hangs.png")
    with Engine(tiny, threads=1, timeout=3600.0) as engine:
        engine._scheduler.worker = ("-c", HANGING)
        outcome(engine.predict([("good", good)]))
        job = engine.predict([("hangs", hangs), *((str(i), good) for i in range(50))])
        until(lambda: engine._scheduler.decoder.work is not None)
        job.cancel()
        _, failures, last = outcome(job)
        assert (failures, last) == ({}, Finished(True))
        heard = queue.SimpleQueue()
        engine.predict([("good", good)]).listen(heard.put)  # the hung child is given up on the way
        while not isinstance(event := heard.get(timeout=60), Finished):
            assert not isinstance(event, Failed)
        assert event == Finished(False)


@posix
def test_nothing_is_left_after_close(tiny, tmp_path):
    engine = Engine(tiny, threads=1)
    good = write_png(tmp_path / "good.png")
    job = engine.predict([(str(i), good) for i in range(300)])
    until(lambda: len(pids(engine)) == 2 and job.backlog > 1)
    children = pids(engine).values()
    os.kill(pids(engine)["decode"], signal.SIGSTOP)
    future = engine.picture(good)
    threads = threading.active_count()
    started = time.monotonic()
    engine.close()
    engine.close()
    assert time.monotonic() - started < 1.0
    assert not any(alive(pid) for pid in children)
    assert threading.active_count() < threads
    assert outcome(job)[2] == Finished(True)
    assert future.cancelled() or isinstance(future.exception(), ImageError)
    assert engine.picture(good).cancelled()
    assert outcome(engine.predict([("good", good)])) == ({}, {}, Finished(True))


def test_a_bundle_without_a_network_that_runs_is_said(tiny, tiny_folder, tmp_path):
    broken = shutil.copytree(tiny_folder, tmp_path / "broken")
    (broken / "network.xml").write_text("damaged")
    with Engine(replace(tiny, folder=broken), threads=1) as engine:
        results, failures, last = outcome(engine.predict([("x", write_png(tmp_path / "x.png"))]))
    assert results == {}
    assert "does not start" in failures["x"]
    assert last == Finished(False)


CHATTY = """
import os, sys
import app.engine.worker as worker
def decoder():
    print("a library prints to sys.stdout")
    os.write(1, b"a C library prints to fd 1\\n")
    return ORIGINAL()
ORIGINAL, worker._decoder = worker._decoder, decoder
sys.exit(worker.main())
"""


def test_what_libraries_print_does_not_disturb(tiny, tmp_path):
    with Engine(tiny, threads=1) as engine:
        engine._scheduler.worker = ("-c", CHATTY)
        results, _, _ = outcome(engine.predict([("x", write_png(tmp_path / "x.png"))]))
        assert list(results) == ["x"]


@posix
def test_children_end_with_a_parent_that_is_killed(tiny_folder, tmp_path):
    good = write_png(tmp_path / "good.png")
    code = (
        "import sys, time; from pathlib import Path; from app.engine.client import Engine;"
        "from app.io.bundle import read_bundle; e = Engine(read_bundle(sys.argv[1]), 1);"
        "list(e.predict([('x', Path(sys.argv[2]))]));"
        "print(*[s.child.pid for s in e._scheduler._slots], flush=True); time.sleep(60)"
    )
    root = Path(__file__).resolve().parents[3]
    arguments = [sys.executable, "-c", code, str(tiny_folder), str(good)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.kill()
    until(lambda: not any(running(pid) for pid in children), 5)


def running(pid):
    """Whether a process runs (one that nobody has reaped yet does not)."""
    state = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return alive(pid)
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
