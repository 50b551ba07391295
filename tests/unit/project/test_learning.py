"""What a landmark learns from its corrections."""

from __future__ import annotations

import numpy as np
import pytest

from app.project.session import Session
from tests.unit.store.fakes import fake_predict, make, write_images


@pytest.fixture
def many(tmp_path, bundle) -> Session:
    """Nine predicted images; “tip” is where somebody clicked it, which is not where it is."""
    session = make(tmp_path / "p.dsr", bundle, predicted=False)
    session.add_images([write_images(tmp_path / "more", 9)])
    fake_predict(session)
    session.define_landmark("tip", "heart", (0.1, 0.2))
    yield session
    session.close()


TRUE = (0.28, 0.12)


def correct(session: Session, count: int, uv: tuple[float, float] = TRUE, shift: float = 0.0) -> list[str]:
    """Correct “tip” in images in which the heart was found; returns their names."""
    done = []
    for image in session.images:
        place = session.place_in(image, "heart", uv)
        if len(done) < count and np.isfinite(place).all() and session.corrections(image) == 0:
            session.move_placement(image, "tip", tuple(place + shift))
            done.append(image)
    return done


def apart_mm(session: Session, one: tuple[float, float], other: tuple[float, float]) -> float:
    heart = session.template.structure("heart")
    return float(np.linalg.norm(heart.from_chart(one) - heart.from_chart(other)))


def test_without_corrections_there_is_nothing_to_learn(many: Session):
    assert many.learnt_place("tip") is None
    many.set_absent(many.images[0], "tip")
    assert many.learnt_place("tip") is None


def test_corrections_that_agree_say_where_the_landmark_is(many: Session):
    names = correct(many, 4)
    found = many.learnt_place("tip")
    assert found.images == tuple(names)
    assert apart_mm(many, found.uv, TRUE) < 0.3
    assert found.moved_mm == pytest.approx(apart_mm(many, found.uv, (0.1, 0.2)))
    root = np.sqrt(apart_mm(many, (0.1, 0.2), found.uv) ** 2 / 5)  # four agree, and the first place is a fifth
    assert found.spread_mm == pytest.approx(root, abs=0.3)


def test_one_correction_among_others_that_is_far_off_hardly_matters(many: Session):
    correct(many, 5)
    before = many.learnt_place("tip").uv
    correct(many, 1, (-0.7, 0.7))
    assert apart_mm(many, many.learnt_place("tip").uv, before) < 3


def test_taking_it_over_is_one_step_moves_predicted_places_alone_and_is_undone(many: Session):
    names = correct(many, 3)
    found, before = many.learnt_place("tip"), many.placements("tip")
    lines = len(many.history())
    many.move_landmark("tip", found.uv)
    after = many.placements("tip")
    np.testing.assert_allclose(after.xy, found.preview.placements.xy)
    assert len(many.history()) == lines + 1
    for row, image in enumerate(many.images):
        moved = not np.array_equal(after.xy[row], before.xy[row], equal_nan=True)
        assert moved == (np.isfinite(before.xy[row]).all() and image not in names)
    assert found.preview.changing == sum(np.isfinite(before.xy[:, 0])) - len(names)
    many.undo()
    np.testing.assert_array_equal(many.placements("tip").xy, before.xy)


def test_a_place_that_the_structure_does_not_show_says_nothing(many: Session):
    image = correct(many, 1)[0]
    many.move_placement(image, "tip", (1, 298))
    assert many.learnt_place("tip") is None


def test_an_unknown_landmark_is_told(many: Session):
    with pytest.raises(ValueError, match="no landmark “nowhere”"):
        many.learnt_place("nowhere")
