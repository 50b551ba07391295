"""Predictions made without a network: the template laid into an image by a map that is nearly affine."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np

from app.core.chart import GRID, grid_nodes
from app.core.frame import Frame
from app.core.native_mask import predicted_extents
from app.core.orientation import AS_STORED
from app.core.prediction import Prediction
from app.core.template import Template
from app.engine.client import ImageFacts, Predicted
from app.io.bundle import Bundle, read_bundle
from app.jobs import Result
from app.project.session import Session
from app.store.rows import file_stamp


@lru_cache(maxsize=64)
def fake_prediction(template: Template, sha256: str, frame: Frame, seed: int) -> Prediction:
    rng = np.random.default_rng(seed)
    count = len(template.structures)
    charts = np.zeros((count, GRID, GRID, 2), np.float32)
    masks = np.zeros((count, frame.network_height, frame.network_width), np.uint8)
    low = np.min([s.outline.min(axis=0) for s in template.structures], axis=0)
    high = np.max([s.outline.max(axis=0) for s in template.structures], axis=0)
    scale = 0.8 * min(frame.width, frame.height) / (high - low).max() * rng.uniform(0.9, 1.1)
    shift = np.array([frame.width, frame.height]) / 2 - scale * (low + high) / 2
    ys, xs = np.mgrid[: frame.network_height, : frame.network_width]
    pixels = (frame.from_network(np.stack([xs, ys], -1)) - shift) / scale
    for c, structure in enumerate(template.structures):
        plane = structure.from_chart(grid_nodes())
        charts[c] = scale * plane + shift + 2 * np.sin(plane / 30 + seed)
        masks[c] = 255 * structure.contains(structure.to_chart(pixels))
    uv = rng.normal(size=(count, 2, frame.network_height // 2, frame.network_width // 2)).astype(np.float16)
    error = rng.uniform(1, 4, (count, GRID, GRID)).astype(np.float32)
    present = np.ones(count, bool)
    present[seed % 7 % count] = seed % 7 >= count
    extents = predicted_extents(masks, present, frame)
    return Prediction(sha256, masks, uv, charts, error, present, extents=extents)


def fake_predicted(
    session: Session,
    name: str,
    seed: int,
    size: tuple[int, int] = (300, 320),
    suspect: str = "",
    aspect: float = 1.0,
) -> Predicted:
    frame = session.image(name).frame
    orientation = frame.orientation if frame is not None else AS_STORED
    stamp = file_stamp(session.image(name).path) or (-1, -1)
    facts = ImageFacts(*size, sha256=f"{seed:064x}", orientation=orientation, stamp=stamp, aspect=aspect)
    prediction = fake_prediction(session.template, session.bundle.sha256, facts.frame, seed)
    prediction = replace(prediction, suspect=suspect) if suspect else prediction
    return Predicted(facts, prediction, np.full((30, 32), seed % 256, np.uint8), 0.1)


def hand_in(
    session: Session,
    name: str,
    seed: int,
    size: tuple[int, int] = (300, 320),
    suspect: str = "",
    aspect: float = 1.0,
) -> None:
    """Hand in a made-up prediction for one image, `size` (height, width)."""
    session._asked[name] = Path(session.image(name).path)
    session.take_in(Result(name, fake_predicted(session, name, seed, size, suspect, aspect)))


def fake_predict(session: Session, suspect: str = "") -> None:
    """Hand in a made-up prediction for every image without one."""
    for seed, name in enumerate(session.images):
        if not session._state.predicted(name):
            hand_in(session, name, seed, suspect=suspect)


@cache
def chest() -> Bundle:
    return read_bundle("chest")


def write_images(folder: Path, count: int = 3) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        cv2.imwrite(str(folder / f"im{i}.png"), np.full((300, 320), i % 256, np.uint8))
    return folder


def make(path: Path, bundle: Bundle, predicted: bool = True, count: int = 3) -> Session:
    session = Session.create(path, bundle, reader="Ann")
    session.add_images([write_images(path.parent / "images", count)])
    if predicted:
        fake_predict(session)
    return session


def snapshot(session: Session) -> dict[str, object]:
    """Everything a reader can see, comparable."""
    found: dict[str, object] = {"images": session.images, "landmarks": session.landmarks}
    found["measurements"] = session.measurements
    marks = [mark for mark in session.landmarks if not mark.hidden] + list(session.landmarks[:2])
    for mark in marks:
        placements = session.placements(mark.name)
        found["placements", mark.name] = (
            np.nan_to_num(placements.xy, nan=-1).tolist(),
            placements.states,
            np.nan_to_num(placements.expected_error, nan=-1).tolist(),
        )
    found["regions"] = session.regions
    for opinion in session.opinions:
        for name in session.opinion_images(opinion):
            said = session.opinion_placements(opinion, name)
            found[opinion, name] = [(p.landmark, p.state, np.nan_to_num(p.xy, nan=-1).tolist(), p.at) for p in said]
            for structure, drawn in session.opinion_masks(opinion, name).by_reader.items():
                bits = b"" if drawn.native is None else np.packbits(drawn.native).tobytes()
                found[opinion, name, structure] = hashlib.sha256(bits).hexdigest()
    for name in session.images:
        regions = session.regions_in(name)
        found["regions", name] = [
            (one.region.name, one.deleted, np.nan_to_num(one.xy, nan=-1).tolist()) for one in regions
        ]
        entry = session.image(name)
        found["image", name] = (entry.status, entry.review, entry.note, entry.frame, session.corrections(name))
        found["structures", name] = entry.structures
        found["measured", name] = repr([one[1:] for one in session.measurements_in(name)])
        found["new", name] = [p.landmark.name for p in session.placements_in(name) if p.new_since_accepted]
        masks = session.masks(name)
        for structure in (one.name for one in session.template.structures):
            native = masks.native(structure)
            bits = b"" if native is None else np.packbits(native).tobytes()
            found["mask", name, structure] = masks.state(structure), hashlib.sha256(bits).hexdigest()
        lowest = session.least_certain(name)
        found["lowest", name] = (
            lowest if lowest is None else round(lowest.confidence, 6)
        )  # float32 in bulk, float64 singly
    return found
