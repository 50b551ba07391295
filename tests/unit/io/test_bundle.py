import hashlib
import json
import os
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file

from app.io.bundle import BUNDLES, read_bundle
from app.io.errors import BundleError
from tests.unit.tiny_bundle import SIZE, template, write_head


@pytest.fixture
def copy(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "copy")


def test_a_bundle_is_read(tiny_folder):
    bundle = read_bundle(tiny_folder)
    assert (bundle.name, bundle.kind) == ("tiny", "denseseg")
    assert bundle.network_size == (SIZE, SIZE)
    assert [s.name for s in bundle.template.structures] == ["lung", "heart"]
    assert len(bundle.landmarks) == 48
    assert all(mark.hidden for mark in bundle.landmarks)
    assert bundle.prior is None
    assert len(bundle.sha256) == 64
    assert read_bundle(str(tiny_folder)).sha256 == bundle.sha256


def test_every_file_is_part_of_the_hash(copy, tiny):
    (copy / "LICENSE.md").write_text("Another licence.")
    write_head(copy)
    assert read_bundle(copy).sha256 != tiny.sha256


def test_the_shape_prior_is_read(copy):
    points = sum(len(s.outline) for s in template().structures)
    shape = {"mean": np.zeros((points, 2)), "modes": np.zeros((3, points, 2)), "shrinkage": np.eye(2 * points)}
    save_file({k: v.astype(np.float32) for k, v in shape.items()}, copy / "shape.safetensors")
    write_head(copy)
    assert read_bundle(copy).prior.modes.shape == (3, points, 2)
    save_file({k: v[:2].astype(np.float32) for k, v in shape.items()}, copy / "shape.safetensors")
    write_head(copy)
    with pytest.raises(BundleError, match="do not fit its template"):
        read_bundle(copy)


def damage_text(folder):
    (folder / "template.json").write_text("{}")


def damage_missing(folder):
    (folder / "network.bin").unlink()


def damage_head(folder):
    (folder / "bundle.json").write_text("no json")


def damage_no_head(folder):
    (folder / "bundle.json").unlink()


def damage_empty_head(folder):
    (folder / "bundle.json").write_text("[]")


def damage_rehashed(folder):
    damage_text(folder)
    write_head(folder)


def damage_format(folder):
    write_head(folder, format=99)


def damage_kind(folder):
    write_head(folder, kind="telepathy")


def damage_outside(folder):
    head = json.loads((folder / "bundle.json").read_text())
    head["files"]["../secret"] = "0"
    (folder / "bundle.json").write_text(json.dumps(head))


def damage_unlisted(folder):
    head = json.loads((folder / "bundle.json").read_text())
    for name in ("network.xml", "network.bin"):
        head["files"].pop(name)
    head["files"]["weights.safetensors"] = hashlib.sha256(b"w").hexdigest()
    (folder / "weights.safetensors").write_bytes(b"w")
    (folder / "bundle.json").write_text(json.dumps(head))


def damage_pipe(folder):
    (folder / "template.json").unlink()
    os.mkfifo(folder / "template.json")


def _renamed(folder, name):
    data = json.loads((folder / "template.json").read_text())
    data["structures"][1]["name"] = name
    (folder / "template.json").write_text(json.dumps(data))
    write_head(folder)


def damage_escaping_name(folder):
    _renamed(folder, "../../../escaped")


def damage_reserved_name(folder):
    _renamed(folder, "con")


def damage_same_name(folder):
    _renamed(folder, "LUNG")


def damage_network(folder):
    write_head(folder, network={"structures": 3, "height": 64, "width": 64})


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (damage_text, "damaged: template.json"),
        (damage_missing, "no file network.bin"),
        (damage_head, "damaged"),
        (damage_no_head, "no file bundle.json"),
        (damage_empty_head, "damaged"),
        (damage_rehashed, "damaged"),
        (damage_kind, "is of the kind “telepathy”; this program knows denseseg"),
        (damage_format, "format 99"),
        (damage_outside, "outside its folder"),
        (damage_network, "number of structures"),
        (damage_unlisted, "network.bin, which its list of files does not name"),
        (damage_pipe, "is a pipe"),
        (damage_escaping_name, "cannot be the name of a file"),
        (damage_reserved_name, "cannot be the name of a file"),
        (damage_same_name, "two structures of the same name"),
    ],
)
def test_a_damaged_bundle_is_refused_with_a_sentence(copy, damage, says):
    damage(copy)
    with pytest.raises(BundleError, match=says):
        read_bundle(copy)


@pytest.mark.parametrize("name", ["nonesuch", "/no/such/folder", ""])
def test_an_unknown_model_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError):
        read_bundle(name)


@pytest.mark.skipif(not (BUNDLES / "chest" / "bundle.json").exists(), reason="no chest bundle beside the program")
def test_the_shipped_bundle():
    bundle = read_bundle("chest")
    names = [mark.name for mark in bundle.landmarks]
    assert len(names) == 166
    assert names[0] == "right_lung_00"
    assert names[-1] == "left_clavicle_22"


def test_a_byte_order_mark_in_a_bundle_s_json_is_no_damage(copy):
    for name in ("template.json", "landmarks.json"):
        (copy / name).write_bytes(b"\xef\xbb\xbf" + (copy / name).read_bytes())
    write_head(copy)
    assert [s.name for s in read_bundle(copy).template.structures] == ["lung", "heart"]
