import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.cli.landmarks import parse_landmark, parse_spot
from app.cli.main import run
from app.core.frame import Frame
from tests.unit.pictures import ramp, write_dicom, write_png
from tests.unit.tiny_bundle import CENTRES, SIZE, outlines, template, tiny_folder
from tests.unit.wrists import drawn_wrist

__all__ = ["tiny_folder"]
ROOT = Path(__file__).resolve().parents[2]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and pipes")


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    write_png(folder / "a.png", ramp(200, 160))
    write_dicom(folder / "sub" / "b.dcm", ramp(120, 200, 4095, np.uint16), ImagerPixelSpacing=[0.2, 0.3])
    return folder


@pytest.fixture
def call(tiny_folder, tmp_path, capsys):
    """Run the command line on the tiny bundle; gives exit code, table, report and standard error."""

    def run_it(command, *arguments, model=tiny_folder):
        code = run([command, *map(str, arguments), "--out", str(tmp_path / "out"), "--model", str(model)])
        return code, rows(tmp_path / "out"), report(tmp_path / "out"), capsys.readouterr().err

    return run_it


def rows(out):
    if not (out / "landmarks.csv").exists():
        return None
    with (out / "landmarks.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def report(out):
    return json.loads((out / "report.json").read_text("utf-8")) if (out / "report.json").exists() else None


def mask(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_predict_writes_table_masks_and_report(call, images, tmp_path, tiny_folder):
    code, table, said, _ = call("predict", images)
    assert code == 0
    assert [row["image"] for row in table] == ["a.png"] * 48 + ["sub/b.dcm"] * 48
    assert [row["landmark"] for row in table[:2]] == ["lung_00", "lung_01"]
    for name, frame in (
        ("a.png", Frame(200, 160, SIZE, SIZE)),
        ("sub/b.dcm", Frame(120, 200, SIZE, SIZE, aspect=0.2 / 0.3)),
    ):
        found = np.array([[float(r["x_px"]), float(r["y_px"])] for r in table if r["image"] == name])
        truth = frame.from_network(np.concatenate(list(outlines().values())))
        assert np.abs(found - truth).max() < 0.4 / frame.scale
    last = table[-1]
    assert float(last["x_mm"]) == pytest.approx(0.3 * float(last["x_px"]), abs=1e-3)
    assert float(last["y_mm"]) == pytest.approx(0.2 * float(last["y_px"]), abs=1e-3)
    assert table[0]["x_mm"] == ""
    assert said["model"] == "tiny"
    assert len(said["bundle_sha256"]) == 64
    assert [(e["name"], e["state"]) for e in said["images"]] == [("a.png", "done"), ("sub/b.dcm", "done")]
    assert all(e["seconds"] > 0 and e["message"] == "" for e in said["images"])
    for stem, shape in (("a", (200, 160)), ("sub/b", (120, 200))):
        for structure in CENTRES:
            found = mask(tmp_path / "out" / "masks" / stem / f"{structure}.png")
            assert found.shape == shape
            assert set(np.unique(found)) == {0, 255}


def test_failures_are_named_and_the_others_done(call, images, tmp_path):
    (images / "empty.png").write_bytes(b"")
    (images / "text.png").write_text("hello")
    (images / "notes.txt").write_text("hello")
    write_png(images / "dot.png", np.zeros((1, 1), np.uint8))
    write_png(images / "colour.png", np.stack([ramp(), ramp()[::-1], ramp()], axis=-1))
    write_png(images / "flat.png", np.full((64, 64), 9, np.uint8))
    code, table, said, errors = call("predict", images, tmp_path / "nowhere")
    assert code == 1
    states = {entry["name"]: entry["state"] for entry in said["images"]}
    failed = {"empty.png", "text.png", "dot.png", str(tmp_path / "nowhere")}
    assert {name for name, state in states.items() if state == "failed"} == failed
    assert all(name in errors for name in failed)
    assert states["flat.png"] == "suspect"
    assert said["ignored"] == 1
    assert "Colour" in next(e["message"] for e in said["images"] if e["name"] == "colour.png")
    assert {row["image"] for row in table} == {"a.png", "sub/b.dcm", "colour.png", "flat.png"}
    assert {row["state"] for row in table if row["image"] == "flat.png"} == {"absent"}
    assert not (tmp_path / "out" / "masks" / "empty").exists()
    assert not mask(tmp_path / "out" / "masks" / "flat" / "lung.png").any()


def test_no_image_at_all(call, tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "notes.txt").write_text("hello")
    code, table, said, errors = call("predict", tmp_path / "none")
    assert (code, table, said["images"]) == (1, [], [])
    assert "No image" in errors


def test_masks_of_an_earlier_run_are_no_images_and_do_not_outlive_a_failure(call, images, tmp_path):
    assert call("predict", images)[0] == 0
    (images / "a.png").write_bytes(b"")
    code, _, said, _ = call("predict", images, tmp_path / "out")
    assert code == 1
    assert len(said["images"]) == 2
    assert not (tmp_path / "out" / "masks" / "a" / "lung.png").exists()
    assert (tmp_path / "out" / "masks" / "sub" / "b" / "lung.png").exists()


def test_images_of_ones_own_among_the_masks_of_an_earlier_run_are_predicted(call, images, tmp_path):
    assert call("predict", images)[0] == 0
    shutil.copy(images / "a.png", tmp_path / "out" / "masks" / "mine.png")
    code, _, said, _ = call("predict", tmp_path / "out")
    assert (code, [entry["name"] for entry in said["images"]]) == (0, ["masks/mine.png"])


def test_propagate_writes_the_landmarks_that_are_named(call, images, tmp_path):
    (tmp_path / "set.json").write_text(
        json.dumps({"anatomy": "test", "landmarks": [{"name": "from file", "structure": "heart", "u": 0, "v": 0}]})
    )
    frame = Frame(200, 160, SIZE, SIZE)
    x, y = frame.from_network((25.0, 33.0))
    spots = [f"spot=lung:a.png:{x},{y}", "far=lung:a.png:0,0", "lost=lung:none.png:1,1"]
    options = [part for spot in spots for part in ("--landmark-at", spot)]
    code, table, said, errors = call(
        "propagate", images, "--landmark", "mid=lung:0,-0.5", "--landmarks", tmp_path / "set.json", *options
    )
    assert code == 1
    assert [row["landmark"] for row in table] == ["from file", "mid", "spot"] * 2
    found = {(row["image"], row["landmark"]): (float(row["x_px"]), float(row["y_px"])) for row in table}
    np.testing.assert_allclose(found["a.png", "spot"], (x, y), atol=0.05)
    other = Frame(120, 200, SIZE, SIZE, aspect=0.2 / 0.3).from_network((25.0, 33.0))
    np.testing.assert_allclose(found["sub/b.dcm", "spot"], other, atol=1.0)
    assert {entry["name"] for entry in said["landmarks"]} == {"far", "lost"}
    assert all(entry["message"].endswith(".") for entry in said["landmarks"])
    assert "far" in errors
    assert not (tmp_path / "out" / "masks").exists()


def test_a_spot_just_outside_the_mask_is_extrapolated(call, images):
    frame = Frame(200, 160, SIZE, SIZE)
    edge = frame.from_network((22.0 - 14.0, 30.0))
    near, far = edge - (0.015 * frame.diagonal, 0), edge - (0.03 * frame.diagonal, 0)
    given = [f"near=lung:a.png:{near[0]},{near[1]}", f"far=lung:a.png:{far[0]},{far[1]}"]
    code, table, said, _ = call("propagate", images, "--landmark-at", given[0], "--landmark-at", given[1])
    assert code == 1
    assert [entry["name"] for entry in said["landmarks"]] == ["far"]
    np.testing.assert_allclose([float(table[0]["x_px"]), float(table[0]["y_px"])], near, atol=0.5)


def test_a_spot_outside_all_structures_is_read_off_the_field(call, images):
    frame = Frame(200, 160, SIZE, SIZE)
    x, y = frame.from_network((4.0, 60.0))
    code, table, *_ = call("propagate", images, "--landmark-at", f"s=field:a.png:{x},{y}")
    assert code == 0
    (here,) = (row for row in table if row["image"] == "a.png")
    assert (here["structure"], here["mask"], here["state"]) == ("field", "", "predicted")
    np.testing.assert_allclose([float(here["x_px"]), float(here["y_px"])], (x, y), atol=0.05)
    assert here["expected_error_px"] == "0.000"  # this network lays its shapes affinely
    other = Frame(120, 200, SIZE, SIZE, aspect=0.2 / 0.3).from_network((4.0, 60.0))
    (there,) = (row for row in table if row["image"] == "sub/b.dcm")
    np.testing.assert_allclose([float(there["x_px"]), float(there["y_px"])], other, atol=2.0)


def test_a_spot_on_an_image_that_fails(call, images):
    (images / "bad.png").write_bytes(b"")
    code, table, said, _ = call("propagate", images, "--landmark-at", "s=lung:bad.png:1,1", "--landmark", "m=lung:0,0")
    assert code == 1
    assert {row["landmark"] for row in table} == {"m"}
    assert len(table) == 2
    assert said["landmarks"][0]["name"] == "s"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--landmark", "nonsense"],
        ["--landmark", "a=lung:1"],
        ["--landmark", "a=lung:1,nan"],
        ["--landmark", "a=lung:2,0"],
        ["--landmark", "a=liver:0,0"],
        ["--landmark", "=lung:0,0"],
        ["--landmark", "a=lung:0,0", "--landmark", "a=heart:0,0"],
        ["--landmark-at", "a=lung:x.png:1"],
        ["--landmark-at", "a=lung:1,1"],
        ["--landmarks", "/no/such/file.json"],
        ["--landmarks", __file__],
        ["--landmark", "a=lung:0,0", "--backend", "magic"],
        ["--no-such-option"],
    ],
)
def test_wrong_usage_of_propagate(call, images, arguments):
    code, table, _, errors = call("propagate", images, *arguments)
    assert code == 2
    assert table is None
    assert errors


def test_wrong_usage_of_predict(call, images, tmp_path, tiny_folder):
    assert call("predict", images, model="nonesuch")[0] == 2
    damaged = shutil.copytree(tiny_folder, tmp_path / "damaged")
    (damaged / "template.json").write_text("{}")
    code, _, _, errors = call("predict", images, model=damaged)
    assert code == 2
    assert "damaged" in errors
    (tmp_path / "out").write_text("a file")
    assert run(["predict", str(images), "--out", str(tmp_path / "out"), "--model", str(tiny_folder)]) == 2
    assert run(["predict", str(images)]) == 2
    assert run(["no-such-command"]) == 2
    assert run(["export", "--project", str(tmp_path / "none.dsr"), "--out", str(tmp_path / "x")]) == 2
    assert run(["predict", "--help"]) == 0


def test_names_may_hold_colons_and_equal_signs():
    spot = parse_spot("a=b=lung:C:/x=1:y.png:1.5,-2", template())
    assert (spot.name, spot.structure, spot.image, spot.xy) == ("a=b", "lung", "C:/x=1:y.png", (1.5, -2.0))
    mark = parse_landmark("l=1=heart:-0.5,.25", template())
    assert (mark.name, mark.uv) == ("l=1", (-0.5, 0.25))


def test_export_of_a_project(call, images, tiny_folder, tmp_path):
    session = pytest.importorskip("app.project.session")
    with session.Session.create(tmp_path / "p.dsr", model=tiny_folder, reader="R") as project:
        project.add_images([images])
        project.predict()
        project.move_placement("a.png", "lung_00", (12.5, 13.25))
        project.set_review("a.png", "accepted")
    out = tmp_path / "export"
    assert run(["export", "--project", str(tmp_path / "p.dsr"), "--out", str(out)]) == 0
    table = rows(out)
    assert len(table) == 96
    moved = next(row for row in table if (row["image"], row["landmark"]) == ("a.png", "lung_00"))
    assert (moved["x_px"], moved["y_px"], moved["state"]) == ("12.500", "13.250", "corrected")
    arguments = ["export", "--project", str(tmp_path / "p.dsr"), "--out", str(out)]
    assert run([*arguments, "--state", "accepted"]) == 0
    assert {row["image"] for row in rows(out)} == {"a.png"}
    assert run([*arguments, "--format", "masks"]) == 0
    assert mask(out / "masks" / "sub" / "b" / "heart.png").any()
    assert run([*arguments, "--format", "coco"]) == 0
    assert json.loads((out / "coco.json").read_text())["images"]
    assert run([*arguments, "--format", "landmarks"]) == 0
    assert json.loads((out / "landmarks.json").read_text())["anatomy"] == "test"
    assert run([*arguments, "--format", "csv", "--format", "coco"]) == 0
    assert report(out)["files"] == ["landmarks.csv", "coco.json"]
    assert run([*arguments, "--format", "nonsense"]) == 2
    assert run([*arguments, "--state", "nonsense"]) == 2


def program(*arguments, **options):
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True, **options)


def test_neither_qt_nor_torch_is_loaded():
    names = ["app.cli.main", "app.project.session", "main", "app.formats.registry", "app.formats.from_session"]
    code = (
        "import importlib, importlib.util, sys\n"
        f"[importlib.import_module(n) for n in {names} if n != 'app.project.session' or importlib.util.find_spec(n)]\n"
        "bad = {'torch', 'PySide6', 'pyqtgraph', 'openvino', 'shiboken6', 'models'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {bad}' if bad else 0)"
    )
    with program("-c", code) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


@POSIX
@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) == signal.SIG_IGN, reason="started in the background: no Ctrl+C here"
)
def test_ctrl_c_writes_what_is_done_and_leaves_no_process(images, tiny_folder, tmp_path):
    for number in range(300):
        shutil.copy(images / "a.png", images / f"more {number}.png")
    out = tmp_path / "out"
    arguments = ["main.py", "predict", str(images), "--out", str(out), "--model", str(tiny_folder)]
    with program(*arguments, start_new_session=True) as process:
        until(lambda: (out / "masks" / "more 2" / "heart.png").exists() or process.poll() is not None)
        os.kill(decoder_of(process.pid), signal.SIGSTOP)  # it hangs: nothing may wait for it
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in errors
    states = {entry["name"]: entry["state"] for entry in report(out)["images"]}
    assert states["a.png"] == "done"
    assert set(states.values()) <= {"done", "failed"}
    done = {name for name, state in states.items() if state == "done"}
    assert len(done) < 302
    assert {Path(name).stem for name in done} == {
        folder.name for folder in (out / "masks").rglob("*") if has_masks(folder)
    }
    assert {row["image"] for row in rows(out)} == done
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def until(condition, seconds=60):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)


def decoder_of(group):
    """Process number of the child that decodes, among the processes of a group."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            if os.getpgid(int(entry.name)) == group and command[3:5] == [b"--role", b"decode"]:
                return int(entry.name)
        except OSError:
            continue  # it has ended meanwhile
    raise AssertionError("no process of the group decodes")


def has_masks(folder):
    return folder.is_dir() and any(folder.glob("*.png"))


def test_the_program_runs_from_any_folder(images, tiny_folder, tmp_path):
    arguments = [sys.executable, str(ROOT / "main.py"), "predict", "images", "--out", "out", "--model", tiny_folder]
    done = subprocess.run(list(map(str, arguments)), cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path / "out")) == 96


def test_with_auto_each_image_is_predicted_with_the_model_that_it_looks_right_for(call, tmp_path):
    folder = tmp_path / "mixed"
    write_png(folder / "wrist.png", drawn_wrist(8))
    write_png(folder / "noise.png", np.random.default_rng(2).integers(0, 256, (300, 240)).astype(np.uint8))
    shutil.copy(ROOT / "resources" / "samples" / "rendered_3.png", folder / "chest.png")
    code, table, said, errors = call("predict", folder, model="auto")
    assert code == 0
    assert said["model"] == "auto"
    assert {"chest", "wrist"} <= said["models"].keys()
    entries = {entry["name"]: entry for entry in said["images"]}
    assert {name: (e["state"], e["model"]) for name, e in entries.items()} == {
        "chest.png": ("done", "chest"),
        "wrist.png": ("done", "wrist"),
        "noise.png": ("suspect", "chest"),
    }
    assert "None of the models (chest, wrist" in entries["noise.png"]["message"]
    assert entries["noise.png"]["message"] in errors
    assert {row["structure"] for row in table if row["image"] == "chest.png"} >= {"heart", "left_lung"}
    assert {row["structure"] for row in table if row["image"] == "wrist.png"} >= {"radius", "scaphoid", "metacarpal_5"}
    assert mask(tmp_path / "out" / "masks" / "wrist" / "radius.png").any()
    assert not (tmp_path / "out" / "masks" / "wrist" / "heart.png").exists(), "the first try leaves nothing"
    assert mask(tmp_path / "out" / "masks" / "chest" / "heart.png").any()


def test_auto_is_for_predict_alone(call, images):
    code, table, _, errors = call("propagate", images, "--landmark", "x=heart:0,0", model="auto")
    assert (code, table) == (2, None)
    assert "is for predict alone" in errors
