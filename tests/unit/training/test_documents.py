"""What the model card tells a reader."""

from app.io.bundle import read_bundle
from app.training.documents import DEFORMED, bundle_documents

VIEWS = {
    "AP": {"images": 7, "usable": 0.43, "agreement": {"median": 0.81, "tenth_percentile": 0.62}},
    "PA": {"images": 5, "usable": 0.6, "agreement": {"median": 0.92, "tenth_percentile": 0.88}},
}


def test_the_card_tells_how_hospital_films_are_found_and_nothing_where_that_was_not_measured():
    card = bundle_documents(3, DEFORMED, hospital=VIEWS)["MODEL_CARD.md"]
    assert "43% of 7 AP films (agreement with human masks: median 0.810, tenth percentile 0.620)" in card
    assert "60% of 5 PA films (agreement with human masks: median 0.920, tenth percentile 0.880)" in card
    assert "films of ill patients" not in bundle_documents(3, DEFORMED)["MODEL_CARD.md"]


def test_figures_of_patients_left_out_count_before_those_that_were_learnt_from():
    unseen = {"images": 2, "usable": 0.5, "agreement": {"median": 0.77, "tenth_percentile": 0.61}}
    card = bundle_documents(3, DEFORMED, hospital=VIEWS | {"AP_left_out": unseen}, hospital_films=31)["MODEL_CARD.md"]
    assert "films of ill patients that it never saw" in card
    assert "50% of 2 AP films (agreement with human masks: median 0.770, tenth percentile 0.610)" in card
    assert "43%" not in card


def test_the_card_tells_whether_hospital_films_were_learnt_from():
    learnt = bundle_documents(3, DEFORMED, hospital_films=31)["MODEL_CARD.md"]
    assert "learnt from 31 radiographs of ill patients" in learnt
    assert "were not in the training data. Children" not in learnt
    without = bundle_documents(3, DEFORMED)["MODEL_CARD.md"]
    assert "learnt from" not in without
    assert "AP views, large effusions and devices were not in the training data." in without


def test_the_shipped_bundle_is_for_frontal_chests_and_its_card_names_the_check_s_card():
    bundle = read_bundle("chest")
    card = (bundle.folder / "MODEL_CARD.md").read_text("utf-8")
    assert bundle.title == "Chest, frontal"
    assert card.startswith("# Model card: chest, frontal")
    assert "CHECK_CARD.md" in card
    assert (bundle.folder / "CHECK_CARD.md").is_file()
    assert "AP films (agreement" in card
