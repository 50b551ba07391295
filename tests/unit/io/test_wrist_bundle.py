"""The wrist bundle that comes with the program."""

import numpy as np

from app.io.bundle import BUNDLES, read_bundle

BONES = (
    "radius ulna radius_epiphysis ulna_epiphysis scaphoid lunate triquetrum pisiform trapezium trapezoid capitate "
    "hamate metacarpal_1 metacarpal_2 metacarpal_3 metacarpal_4 metacarpal_5"
)


def test_the_wrist_has_17_bones_of_a_child_s_size_and_says_what_it_has_not_seen():
    wrist = read_bundle("wrist")
    assert [structure.name for structure in wrist.template.structures] == BONES.split()
    assert wrist.network_size == (320, 256)  # the proportion of the pictures that it learnt from
    sizes = {structure.name: np.ptp(structure.outline, axis=0) for structure in wrist.template.structures}
    assert 10 < sizes["lunate"].max() < 20  # mm: children of 3 to 17 years
    middles = {s.name: s.outline.mean(axis=0) for s in wrist.template.structures}
    assert middles["metacarpal_1"][0] > middles["metacarpal_5"][0]  # a left hand: the thumb on the right of the picture
    assert middles["radius"][1] > middles["lunate"][1] > middles["metacarpal_3"][1]
    card = (wrist.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "Rendered images alone." in card
    assert sum(file.stat().st_size for file in (BUNDLES / "wrist").iterdir()) < 12 << 20
