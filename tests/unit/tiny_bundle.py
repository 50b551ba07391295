"""A bundle whose network knows its answer: the same shapes at the same network pixels, none where the image is flat."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.core.chart import ChartMesh
from app.core.template import STRUCTURE_COLOURS, Structure, Template
from app.io.bundle import Bundle, read_bundle

SIZE = 64
CENTRES = {"lung": (22.0, 30.0), "heart": (42.0, 36.0)}


def circle(x: float, y: float, radius: float, points: int = 24) -> np.ndarray:
    """A closed polygon [points, 2]."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.c_[x + radius * np.cos(angle), y + radius * np.sin(angle)]


def template() -> Template:
    """Two discs, 5 mm per network pixel."""
    outlines = [circle(5 * x, 5 * y, 5 * 14) for x, y in CENTRES.values()]
    names = zip(CENTRES, STRUCTURE_COLOURS, outlines, strict=False)
    return Template("test", tuple(Structure(name, name.title(), colour, line) for name, colour, line in names))


def outlines() -> dict[str, np.ndarray]:
    """Where the network sees each structure's outline, in its pixels."""
    return {name: circle(x, y, 14) for name, (x, y) in CENTRES.items()}


def write_network(folder: Path) -> None:
    """An OpenVINO network of constants; a flat image (all zero after normalisation) gives masks of zero."""
    sys.modules.setdefault("openvino_telemetry", None)
    import openvino
    from openvino import opset13 as ops

    found = template()
    masks = np.stack([polygon2mask((SIZE, SIZE), line[:, ::-1]) for line in outlines().values()]).astype(np.float32)
    half = {name: (line + 0.5) / 2 - 0.5 for name, line in outlines().items()}
    uv = np.stack([ChartMesh.of(s).uv_map(half[s.name], SIZE // 2, SIZE // 2) for s in found.structures])
    image = ops.parameter([1, 1, SIZE, SIZE], np.float32, name="image")
    contrast = ops.reduce_max(ops.absolute(image), ops.constant([1, 2, 3], np.int64), keep_dims=True)
    seen = ops.minimum(contrast, ops.constant(1.0, np.float32))
    nothing = ops.multiply(seen, ops.constant(0.0, np.float32))
    constant = [ops.constant(a[None].astype(np.float32)) for a in (masks, np.nan_to_num(uv))]
    five = ops.reshape(nothing, ops.constant([1, 1, 1, 1, 1], np.int64), special_zero=False)
    results = [ops.multiply(constant[0], seen), ops.add(constant[1], five)]
    model = openvino.Model(results, [image], "tiny")
    for output, name in zip(model.outputs, ("masks", "uv"), strict=True):
        output.get_tensor().set_names({name})
    openvino.save_model(model, str(folder / "network.xml"), compress_to_fp16=False)


def write_bundle(folder: Path) -> Path:
    """Write the bundle and return its folder."""
    folder.mkdir(parents=True)
    write_network(folder)
    found = template()
    marks = [
        {"name": f"{s.name}_{i:02d}", "structure": s.name, "u": float(u), "v": float(v)}
        for s in found.structures
        for i, (u, v) in enumerate(s.outline_uv)
    ]
    (folder / "template.json").write_text(json.dumps(found.to_json()))
    (folder / "landmarks.json").write_text(json.dumps({"anatomy": "test", "landmarks": marks}))
    write_head(folder)
    return folder


def write_head(folder: Path, **changes: object) -> None:
    """Write bundle.json for the files that lie there."""
    files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.name != "bundle.json"}
    head = {
        "format": 1,
        "name": "tiny",
        "title": "Two discs",
        "anatomy": "test",
        "network": {"structures": 2, "height": SIZE, "width": SIZE, "channels": [4]},
        "errors": {"per_typical": 1.0, "per_residual": 1.0, "per_steadying": 0.5},
        "files": files,
    }
    (folder / "bundle.json").write_text(json.dumps(head | changes))


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny bundle; not to be changed."""
    return write_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Bundle:
    """The tiny bundle."""
    return read_bundle(tiny_folder)
