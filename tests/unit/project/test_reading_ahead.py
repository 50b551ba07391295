"""Opening a large project: predictions are read little by little, and what is asked for meanwhile is right."""

import pytest

from app.project.changes import PredictionChanged
from app.project.session import Session
from app.store import charts
from tests.unit.store.fakes import chest, fake_predict, snapshot, write_images

IMAGES = 12


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    with Session.create(folder / "p.dsr", chest(), reader="Ann") as session:
        session.add_images([write_images(folder / "images", IMAGES)])
        fake_predict(session)
        session.define_landmark("mark", "heart", (0.1, 0.1))
        session.move_placement("im4.png", "mark", (5, 6))
        session.set_review("im3.png", "accepted")
    return folder / "p.dsr"


@pytest.fixture
def slowly(project, monkeypatch):
    monkeypatch.setattr(charts, "_SMALL_BATCH", 1)
    with Session.open(project) as session:
        assert not session.read_ahead(1e-9)
        assert session.reading_ahead
        yield session


def everything(session):
    return snapshot(session), [tuple(p.xy) for name in session.images for p in session.placements_in(name)]


def test_little_by_little_leads_to_the_same(project, slowly):
    seen, turns = [], 0
    slowly.changed.connect(seen.append)
    while not slowly.read_ahead(1e-9):
        turns += 1
    assert turns > IMAGES // 2
    assert seen == [PredictionChanged()]
    assert not slowly.reading_ahead
    found = everything(slowly)
    slowly.close()
    with Session.open(project) as session:
        assert repr(everything(session)) == repr(found)


def test_one_image_does_not_wait_for_the_others(project, slowly):
    names = ["im9.png", "im3.png", "im4.png"]
    early = [[(p.state, *p.xy, p.expected_error) for p in slowly.placements_in(name)] for name in names]
    point = slowly.template_point("im9.png", (160, 160), "heart")
    assert slowly.least_certain("im9.png") is None
    assert slowly.reading_ahead
    slowly.close()
    with Session.open(project) as session:
        late = [[(p.state, *p.xy, p.expected_error) for p in session.placements_in(name)] for name in names]
        assert repr(late) == repr(early)
        assert session.template_point("im9.png", (160, 160), "heart") == point


def test_what_needs_all_images_reads_the_rest(slowly):
    assert len(slowly.placements("mark").states) == IMAGES
    assert None not in slowly.placements("mark").states
    assert not slowly.reading_ahead
    assert slowly.least_certain("im9.png") is not None


def test_an_action_meanwhile_is_kept(slowly):
    with Session.open(slowly.path, read_only=True) as other:
        before = other.placements("mark").states[other.images.index("im10.png")]
    slowly.set_absent("im10.png", "mark")
    assert slowly.placements("mark").states[slowly.images.index("im10.png")] == "absent"
    slowly.undo()
    assert slowly.placements("mark").states[slowly.images.index("im10.png")] == before


class Least:
    """The least certain points of all images: the same however they were found, but for the last bits of a float."""

    def __init__(self, session, without=()):
        found = {name: session.least_certain(name) for name in session.images if name not in without}
        self.names = {name: one and one.landmark.name for name, one in found.items()}
        self.errors = [one.expected_error for one in found.values() if one is not None]

    def __eq__(self, other):
        return self.names == other.names and self.errors == pytest.approx(other.errors, rel=1e-6)

    __hash__ = None


def test_what_changes_while_the_least_certain_points_are_found_is_weighed_as_it_is_in_the_end(project, slowly):
    while slowly.reading_ahead:
        slowly.read_ahead(1e-9)
    assert slowly.least_certain("im9.png") is None  # one landmark was weighed of all
    slowly.set_absent("im10.png", "heart_00")
    slowly.move_placement("im9.png", "mark", (7, 8))
    while not slowly.read_ahead(1e-9):
        pass
    found = Least(slowly)
    assert None not in found.names.values()
    slowly.close()
    with Session.open(project) as session:
        assert Least(session) == found
        session.undo()
        session.undo()


@pytest.mark.parametrize("gone", [("im0.png",), ("im5.png", "im2.png"), ("im11.png",)])
def test_the_least_certain_points_follow_images_that_come_and_go(project, gone):
    with Session.open(project) as session:
        before, rest = Least(session), Least(session, without=gone)
        session.remove_images(gone)
        assert Least(session) == rest
        session.undo()
        assert Least(session) == before
        session.redo()
        assert Least(session) == rest
        session.undo()


def test_a_new_image_has_no_least_certain_point_and_takes_none_away(project, tmp_path):
    with Session.open(project) as session:
        before = Least(session)
        session.add_images(write_images(tmp_path / "more", 14))
        came = session.images[IMAGES:]
        assert len(came) == 14
        assert Least(session, without=came) == before
        assert {session.least_certain(name) for name in came} == {None}
        session.undo()
        assert Least(session) == before


def test_a_landmark_that_is_shown_or_hidden_is_weighed_as_in_a_project_opened_again(session, bundle):
    """Hidden ones of a structure that a reader drew have no doubt left; shown ones have."""
    fake_predict(session)
    image = session.images[0]
    first = session.least_certain(image)
    structure = first.landmark.structure
    drawn = session.mask(image, structure).copy()
    drawn[:2, :3] = True
    session.set_mask(image, structure, drawn)
    settled = session.least_certain(image)
    assert settled.landmark.structure != structure
    session.update_landmark(first.landmark.name, hidden=False)
    assert session.least_certain(image).landmark.name == first.landmark.name
    session.update_landmark(first.landmark.name, hidden=True)
    assert session.least_certain(image).landmark.name == settled.landmark.name
    session.undo()
    shown = session.least_certain(image)
    session.close()
    with Session.open(session.path, model=bundle) as again:
        assert again.least_certain(image).landmark.name == shown.landmark.name == first.landmark.name
