"""What a network sees of an image where that is a part of it, or its mirror image: nothing else changes its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

from app.core.frame import View
from app.core.hand import wrist_view
from app.core.masks import ImageMasks
from app.core.prediction import sample_chart
from app.engine.client import Engine, Predicted
from app.io.bundle import Bundle, read_bundle
from app.io.errors import BundleError
from app.jobs import Result
from tests.unit.core.test_hand import draw_hand
from tests.unit.tiny_bundle import CENTRES, SIZE, write_head
from tests.unit.wrists import drawn_wrist


@pytest.fixture(scope="module")
def looking(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The tiny bundle, which looks for hands."""
    folder = tmp_path_factory.mktemp("bundles") / "looking"
    shutil.copytree(tiny_folder, folder)
    write_head(folder, locate="hand")
    return read_bundle(folder)


def predicted(bundle: Bundle, *files: Path) -> list[Predicted]:
    with Engine(bundle, threads=1) as engine:
        found = {event.key: event.value for event in engine.predict([(f.name, f) for f in files]) if _done(event)}
    return [found[file.name] for file in files]


def _done(event: object) -> bool:
    return isinstance(event, Result)


def test_in_a_hand_the_wrist_is_predicted_and_in_a_wrist_all(looking: Bundle, tmp_path: Path) -> None:
    hand, wrist = draw_hand(12), draw_hand(fingers=False)[380:]
    files = tmp_path / "hand.png", tmp_path / "wrist.png"
    for file, picture in zip(files, (hand, wrist), strict=True):
        imageio.imwrite(file, picture)
    of_hand, of_wrist = predicted(looking, *files)
    view = wrist_view(hand)
    assert of_hand.prediction.view == view
    assert of_wrist.prediction.view is None
    masks = ImageMasks(looking.template, of_hand.facts.frame, of_hand.prediction)
    scale = max(view.width, view.height) / SIZE  # the network always sees its discs at the same of its pixels
    middle = np.array([view.left + (view.width - 1) / 2, view.top + (view.height - 1) / 2])
    for name, centre in CENTRES.items():
        wanted = middle + (np.array(centre) - (SIZE - 1) / 2) * scale
        mask = masks.native(name)
        assert mask.shape == hand.shape
        np.testing.assert_allclose(np.argwhere(mask).mean(axis=0)[::-1], wanted, atol=0.03 * scale * SIZE)
        assert mask.sum() == pytest.approx(np.pi * (14 * scale) ** 2, rel=0.05)
        extents = of_hand.prediction.extents[looking.template.index(name)]
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        np.testing.assert_array_equal(extents, [columns[0], rows[0], columns[-1], rows[-1], mask.sum()])
    assert masks.covering(middle + (np.array(CENTRES["heart"]) - (SIZE - 1) / 2) * scale) == ("heart",)


def test_a_bundle_that_looks_for_something_unknown_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "newer"
    shutil.copytree(tiny_folder, folder)
    write_head(folder, locate="foot")
    with pytest.raises(BundleError, match="looks for “foot” in images"):
        read_bundle(folder)


def test_the_window_of_a_view_is_its_rows_and_columns() -> None:
    pixels = np.arange(35).reshape(5, 7)
    np.testing.assert_array_equal(pixels[View(2, 1, 3, 2).window], [[9, 10, 11], [16, 17, 18]])


def test_a_right_wrist_is_seen_as_a_left_one_and_stays_where_it_lies(tmp_path: Path) -> None:
    left, bundle = drawn_wrist(3), read_bundle("wrist")
    files = tmp_path / "left.png", tmp_path / "right.png"
    for file, picture in zip(files, (left, left[:, ::-1]), strict=True):
        imageio.imwrite(file, picture)
    of_left, of_right = predicted(bundle, *files)
    assert of_left.prediction.view is None
    assert of_right.prediction.view == View(0, 0, left.shape[1], left.shape[0], mirrored=True)
    assert (of_left.prediction.suspect, of_right.prediction.suspect) == ("", "")
    np.testing.assert_array_equal(of_left.prediction.present, of_right.prediction.present)
    assert of_left.prediction.present.sum() > 12
    masks = [ImageMasks(bundle.template, value.facts.frame, value.prediction) for value in (of_left, of_right)]
    for c in np.flatnonzero(of_left.prediction.present).tolist():
        structure = bundle.template.structures[c]
        there, mirrored = (
            sample_chart(value.prediction.charts[c], structure.outline_uv) for value in (of_left, of_right)
        )
        np.testing.assert_allclose(mirrored * (-1, 1) + (left.shape[1] - 1, 0), there, atol=0.3)
        own, other = (one.native(structure.name) for one in masks)
        assert (own & other[:, ::-1]).sum() > 0.98 * (own | other[:, ::-1]).sum()


@pytest.mark.parametrize(("model", "shown"), [("chest", "wrist"), ("wrist", "chest")])
def test_an_odd_image_is_told_to_be_of_the_other_anatomy(model: str, shown: str, tmp_path: Path) -> None:
    wrist = tmp_path / "wrist.png"
    imageio.imwrite(wrist, drawn_wrist(6))
    chest = Path(__file__).resolve().parents[3] / "resources" / "samples" / "rendered_3.png"
    files = {"wrist": wrist, "chest": chest}
    right, odd = predicted(read_bundle(model), files[model], files[shown])
    assert (right.prediction.suspect, odd.prediction.suspect) == ("", f"anatomy:{shown}")
