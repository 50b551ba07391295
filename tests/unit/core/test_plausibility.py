"""What is said of an image from the scores of its 16 copies, and what its header says instead."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.acquisition import Acquisition
from app.core.orientation import AS_STORED, ORIENTATIONS, Orientation
from app.core.plausibility import (
    Finding,
    Plausibility,
    Reason,
    brief,
    code_of,
    copies,
    remedy,
    stated_orientation,
    words,
    words_of,
)

CHECK = Plausibility("chest", side=8, kind=1.0, pose=2.0, mirrored=3.0)
UPRIGHT_PA = Acquisition(view="PA", towards_right="L", towards_bottom="F")
SCORES = st.lists(st.floats(-20, 20, width=32), min_size=16, max_size=16)
CHANGE = st.sampled_from(ORIENTATIONS)


def scores(**best: float) -> np.ndarray:
    """-10 everywhere but for the readings named by their keys ("0", "2m", "1i" ...)."""
    made = np.full(16, -10.0)
    for key, value in best.items():
        made[[f"r{r.quarter_turns}{'m' * r.mirrored}{'i' * r.inverted}" for r in ORIENTATIONS].index(key)] = value
    return made


def of_copy(values: np.ndarray, change: Orientation) -> np.ndarray:
    """The scores of a changed copy: reading it in a way is reading the image changed and then in that way."""
    return np.array([values[ORIENTATIONS.index(change.then(orientation))] for orientation in ORIENTATIONS])


def sides(values: np.ndarray) -> np.ndarray:
    picture = np.zeros((8, 8), np.float32)
    picture[:2, :5] = values[0]
    picture[3:, 6] = values[1]
    return picture


def test_the_sixteen_copies_are_the_picture_read_in_each_way():
    picture = sides(np.array([1.0, -2.0]))
    made = copies(picture)
    assert made.shape == (16, 1, 8, 8)
    assert len({copy.tobytes() for copy in made}) == 16
    for orientation, copy in zip(ORIENTATIONS, made[:, 0], strict=True):
        turned = picture
        for _ in range(orientation.quarter_turns):
            turned = turned.T[:, ::-1]  # a quarter turn to the right: the first row becomes the last column
        turned = np.fliplr(turned) if orientation.mirrored else turned
        np.testing.assert_array_equal(copy, -turned if orientation.inverted else turned)


@given(CHANGE)
def test_copies_of_a_changed_picture_are_the_pictures_copies_in_another_order(change: Orientation):
    picture = sides(np.array([3.0, -1.0]))
    changed = change.turned(picture) * (-1 if change.inverted else 1)
    order = [ORIENTATIONS.index(change.then(orientation)) for orientation in ORIENTATIONS]
    np.testing.assert_array_equal(copies(np.asarray(changed)), copies(picture)[order])


@given(SCORES)
def test_mirrored_is_never_said_of_an_image_and_of_its_mirror_image(values: list[float]):
    image = np.array(values)
    found = [CHECK.judge(image), CHECK.judge(of_copy(image, Orientation(mirrored=True)))]
    assert sum(f is not None and f.needed == Orientation(mirrored=True) for f in found) <= 1


@given(SCORES, CHANGE)
def test_an_image_and_its_changed_copy_are_the_same_kind_of_thing(values: list[float], change: Orientation):
    image = np.array(values)
    kinds = {
        f is not None and f.reason is Reason.OTHER for f in (CHECK.judge(image), CHECK.judge(of_copy(image, change)))
    }
    assert len(kinds) == 1


@given(CHANGE)
def test_whatever_was_done_to_a_sure_image_is_found_with_the_way_back(change: Orientation):
    sure = scores(r0=8.0, r0m=1.0)
    found = CHECK.judge(of_copy(sure, change))
    if change == AS_STORED:
        assert found is None
    else:
        assert found is not None
        assert found.reason is Reason.LOOKS
        assert change.then(found.needed) == AS_STORED


@pytest.mark.parametrize("change", ORIENTATIONS)
def test_of_an_image_that_looks_like_its_mirror_image_no_side_is_said(change: Orientation):
    found = CHECK.judge(of_copy(scores(r0=8.0, r0m=5.5), change))  # 2.5 apart, and 3 are needed
    needed = found.needed if found is not None else AS_STORED
    undone = change.then(needed)
    assert not needed.mirrored
    assert (undone.quarter_turns, undone.inverted) == (0, False)  # the head is up and bone is bright


def test_the_bounds_decide():
    assert CHECK.judge(scores(r0=5.0, r0m=8.1)) == Finding(Reason.LOOKS, Orientation(mirrored=True))
    assert CHECK.judge(scores(r0=5.0, r0m=7.9)) is None
    assert CHECK.judge(scores(r0=5.0, r2=7.1)) == Finding(Reason.LOOKS, Orientation(2))
    assert CHECK.judge(scores(r0=5.0, r2=6.9)) is None
    assert CHECK.judge(scores(r0=1.1)) is None
    assert CHECK.judge(scores(r0=0.9)) == Finding(Reason.OTHER)
    assert CHECK.judge(scores(r0=0.5, r0m=0.4)) is None  # two ways that are half as likely each make one likely kind


def test_an_image_without_most_structures_shows_something_else():
    upright, missing = scores(r0=8.0), np.array([True, False, False, False, True])
    assert CHECK.judge(upright, present=missing) == Finding(Reason.OTHER)
    assert CHECK.judge(upright, present=~missing) is None
    assert CHECK.judge(scores(r2=8.0), present=missing) == Finding(Reason.LOOKS, Orientation(2))  # that explains it


@pytest.mark.parametrize(
    ("right", "bottom", "orientation"),
    [
        ("L", "F", AS_STORED),
        ("R", "F", Orientation(mirrored=True)),
        ("R", "H", Orientation(2)),
        ("L", "H", Orientation(2, mirrored=True)),
        ("F", "R", Orientation(1)),  # the head lies on the left: a turn to the right brings it up
        ("H", "L", Orientation(3)),
        ("LF", "FR", AS_STORED),  # the nearest direction comes first
    ],
)
def test_patient_orientation_says_how_to_read_an_image(right: str, bottom: str, orientation: Orientation):
    found = stated_orientation(Acquisition(towards_right=right, towards_bottom=bottom))
    assert found is not None
    vectors = {"L": (1, 0), "R": (-1, 0), "F": (0, 1), "H": (0, -1)}  # where they should point, as read
    np.testing.assert_array_equal(found.linear @ (1, 0), vectors[right[0]])
    np.testing.assert_array_equal(found.linear @ (0, 1), vectors[bottom[0]])
    assert found == orientation


@pytest.mark.parametrize(("right", "bottom"), [("", ""), ("A", "F"), ("L", "L"), ("L", "R")])
def test_other_patient_orientations_say_nothing(right: str, bottom: str):
    assert stated_orientation(Acquisition(towards_right=right, towards_bottom=bottom)) is None


def test_the_header_is_believed_before_the_picture():
    looks_mirrored = scores(r0=0.0, r0m=9.0)
    assert CHECK.judge(looks_mirrored, UPRIGHT_PA) is None
    stated = Acquisition(view="AP", body_part="CHEST", towards_right="R", towards_bottom="F")
    mirrored = Finding(Reason.STATED, Orientation(mirrored=True), "AP")
    assert CHECK.judge(scores(r0=9.0), stated) == mirrored
    assert CHECK.judge(scores(r0=-30.0), stated) == mirrored
    assert CHECK.judge(scores(r0=0.0, r0m=9.0), stated, Orientation(mirrored=True)) is None  # it is read as stated now
    assert CHECK.judge(looks_mirrored, UPRIGHT_PA, Orientation(mirrored=True)) is None  # the reader's own choice
    upside_down = CHECK.judge(scores(r2=9.0), UPRIGHT_PA)
    assert upside_down == Finding(Reason.CONTRADICTS, Orientation(2), "PA")
    assert CHECK.sentence(upside_down).startswith("This PA chest radiograph looks upside down, but its header")
    assert upside_down is not None
    assert remedy(upside_down.code) is None
    assert CHECK.judge(scores(r0i=9.0), UPRIGHT_PA) == Finding(Reason.LOOKS, Orientation(inverted=True), "PA")


def test_a_leg_that_its_header_calls_mirrored_gets_no_chest_words():
    mirrored_leg = Acquisition(view="AP", body_part="EXTREMITY", towards_right="R", towards_bottom="F")
    assert CHECK.judge(scores(r0=0.2), mirrored_leg) == Finding(Reason.OTHER)
    assert CHECK.judge(scores(r0m=9.0), mirrored_leg) == Finding(Reason.STATED, Orientation(mirrored=True), "AP")


def test_the_view_of_the_header_is_believed_before_the_picture():
    assert CHECK.judge(scores(r0=9.0), Acquisition(view="LL")) == Finding(Reason.LATERAL)
    nothing = np.full(16, -9.0)
    assert CHECK.judge(nothing, Acquisition(view="AP", body_part="CHEST")) is None
    assert CHECK.judge(nothing, Acquisition(view="AP", body_part="HAND")) == Finding(Reason.OTHER)
    assert CHECK.judge(nothing, Acquisition(body_part="CHEST")) == Finding(Reason.OTHER)


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (
            Finding(Reason.OTHER),
            "This does not look like a frontal chest radiograph; masks and landmarks may be nonsense.",
        ),
        (
            Finding(Reason.LOOKS, Orientation(mirrored=True)),
            "This frontal chest radiograph looks mirrored; right and left may be swapped.",
        ),
        (
            Finding(Reason.LOOKS, Orientation(mirrored=True), "AP"),
            "This AP chest radiograph looks mirrored; right and left may be swapped.",
        ),
        (
            Finding(Reason.LOOKS, Orientation(1), "PA"),
            "This PA chest radiograph looks turned to the left by 90°; masks and landmarks may be nonsense.",
        ),
        (
            Finding(Reason.LOOKS, Orientation(2, mirrored=True)),
            "This frontal chest radiograph looks upside down and mirrored; masks and landmarks may be nonsense.",
        ),
        (
            Finding(Reason.LOOKS, Orientation(inverted=True)),
            "The grey values of this frontal chest radiograph look inverted; masks and landmarks may be nonsense.",
        ),
        (
            Finding(Reason.STATED, Orientation(mirrored=True), "AP"),
            "The header says that this AP chest radiograph is stored mirrored (Patient Orientation); right and left "
            "may be swapped.",
        ),
    ],
)
def test_sentences(finding: Finding, sentence: str):
    assert words(finding, "chest") == sentence
    expected = finding.needed if finding.needed != AS_STORED else None
    assert remedy(finding.code) == expected
    assert words_of(finding.code, "chest") == sentence
    assert code_of(sentence) == finding.code  # as earlier versions kept it


def test_pa_is_said_only_where_the_header_says_so():
    for reason in Reason:
        for needed in ORIENTATIONS:
            assert "PA" not in words(Finding(reason, needed), "chest")


def test_each_way_to_be_wrong_has_a_sentence_of_its_own_that_leads_to_its_remedy():
    sentences = {words(Finding(Reason.LOOKS, needed), "chest"): needed for needed in ORIENTATIONS[1:]}
    assert len(sentences) == 15
    assert {sentence: remedy(code_of(sentence)) for sentence in sentences} == sentences
    assert remedy("") is None
    assert remedy(code_of(words(Finding(Reason.LOOKS, ORIENTATIONS[1]), "hand"))) == ORIENTATIONS[1]


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("", ""),
        ("It is odd.", "It is odd."),  # of a version that nobody knows any more
        (
            "None of the structures of “Chest, PA” was found. Check whether this is such a radiograph.",
            "No structure was found. Check whether this is a chest radiograph.",
        ),
        (
            "The picture has the same grey value everywhere: there is nothing to predict.",
            "The picture has the same grey value everywhere: there is nothing to predict.",
        ),
    ],
)
def test_what_earlier_versions_kept_is_shown(kept: str, shown: str):
    assert words_of(kept, "chest") == shown
    assert code_of(code_of(kept)) == code_of(kept)
    assert remedy(kept) is None


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ("", ""),
        ("It is odd.", "does not look right"),
        (Finding(Reason.OTHER).code, "no frontal chest?"),
        (Finding(Reason.LOOKS, Orientation(mirrored=True)).code, "looks mirrored"),
        (Finding(Reason.LOOKS, Orientation(2, inverted=True), "PA").code, "looks upside down, inverted"),
        (Finding(Reason.STATED, Orientation(1), "AP").code, "stored turned"),
        (Finding(Reason.CONTRADICTS, Orientation(3), "AP").code, "looks turned"),
        (Finding(Reason.LATERAL).code, "lateral view"),
        (Finding(Reason.FLAT).code, "one grey value"),
        (Finding(Reason.NOTHING).code, "nothing found"),
    ],
)
def test_a_list_says_in_few_words_what_is_odd(kept: str, words: str):
    assert brief(kept, "chest") == words


def test_of_a_part_that_comes_in_two_neither_side_is_wrong():
    check = Plausibility("wrist", side=8, kind=1.0, pose=2.0, mirrored=3.0, either_side=True)
    right = scores(r0=1.0, r0m=4.5)
    assert check.judge(right) is None
    assert CHECK.judge(right) == Finding(Reason.LOOKS, Orientation(mirrored=True))
    assert check.is_other_side(right)
    assert not check.is_other_side(scores(r0=1.0, r0m=3.5)), "nobody knows"
    assert not check.is_other_side(scores(r0=4.5, r0m=1.0))
    assert not CHECK.is_other_side(right)
    assert check.judge(scores(r2m=9.0)).needed == Orientation(2), "how it is turned is told all the same"


def test_a_header_is_believed_of_its_own_anatomy_alone():
    wrist = Plausibility("wrist", side=8, kind=1.0, pose=2.0, mirrored=3.0, either_side=True)
    for part, believed in (("WRIST", wrist), ("CHEST", CHECK)):
        taken = Acquisition(view="PA", body_part=part)
        assert {check.judge(scores(r0=0.5), taken) for check in (wrist, CHECK) if check is believed} == {None}
        assert {check.judge(scores(r0=0.5), taken).reason for check in (wrist, CHECK) if check is not believed} == {
            Reason.OTHER
        }


def test_another_anatomy_is_kept_and_told():
    code = Finding(Reason.ANATOMY, shows="wrist").code
    assert code_of(code) == code
    assert words_of(code, "chest") == (
        "This looks like a wrist radiograph, not like a frontal chest radiograph; masks and landmarks may be nonsense."
    )
    assert brief(code, "chest") == "a wrist?"
    assert remedy(code) is None
    assert words_of(Finding(Reason.OTHER).code, "wrist").startswith("This does not look like an AP wrist radiograph;")
    assert words_of("anatomy:", "chest") == "anatomy:", "no code"
