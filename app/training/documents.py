"""Model card and licence note of the chest bundle."""

from __future__ import annotations

from typing import Any

LICENCE = """# Licence of this bundle

The weights in this folder were trained on radiographs of the JSRT database (Japanese Society of Radiological
Technology) and on landmarks of the HybridGNet data set, which derive from the SCR annotations (Segmentation in Chest
Radiographs, Image Sciences Institute, Utrecht). Their terms allow research and education and forbid redistribution of
the images. Where the model card names radiographs of ill patients, they come from public COVID-19 collections with the
lung annotations of V7 (CC BY 4.0); their own licences are mixed, among them ones for non-commercial use alone (CC
BY-NC-SA, CC BY-NC-ND). **This bundle is for research and education only; it is not a medical device.** No image of the
data is part of it. The Apache-2.0 licence of the program does not extend to this folder.
"""

MODEL_CARD = """# Model card: chest, frontal

**Intended use.** Research on masks and landmarks in frontal chest radiographs of adults: upright PA films and, with the
limits below, AP and bedside films. Not a medical device; not for diagnosis or treatment.

**What it does.** A two-head U-Net after DenseSeg (Keuth et al., IJCARS 2025) predicts, for right lung, left lung,
heart, right clavicle and left clavicle, a mask and a uv-map over the template (the mean shape). Template points are
found again in every image through inverse charts. {fine}Whether an image is a frontal chest, and how it lies, is told
by a network of its own: see `CHECK_CARD.md` beside this file.

**Data.** Trained on 174 JSRT radiographs with the 166 HybridGNet contour points, and on {rendered} radiographs rendered
from the shape statistics of those contours. Tuned on 21 further JSRT radiographs; the published split. {hospital_films}

{figures}

**Limits.** Adults. Contours drawn by readers come from one source, digitised upright film of mostly healthy lungs with
and without a nodule. {bedside}Children and post-operative chests were not in the training data; lateral views are not
for it. {hospital}The shape prior draws unusual shapes towards usual ones: its effect on the most unusual tenth is
among the figures. Expected errors are calibrated on {calibrated}; they are too small where an image is unlike the
training data.

**Licence.** See `LICENSE.md` beside this file.
"""


HOSPITAL_FILMS = """Half of
these weights come from a training that also learnt from {} radiographs of ill patients, AP and PA; radiologists had
outlined their lungs, an earlier network their hearts and clavicles."""
NO_HOSPITAL_FILMS = "No radiograph of ill patients\nwas among them."
FINE_MASKS = """The masks of
the clavicles are drawn again by a small U-Net on crops of twice the resolution, which the inverse charts place; it
learnt from the same contours and, for little, from the two-head network's own clavicles on radiographs of ill patients.
"""
UNSEEN = "{} training images, found by networks that had not seen them"
DEFORMED = "plain and deformed training images"


def bundle_documents(
    rendered: int,
    calibrated: str,
    figures: dict[str, Any] | None = None,
    hospital: dict[str, Any] | None = None,
    hospital_films: int = 0,
    fine: bool = False,
) -> dict[str, str]:
    """Text of the bundle's documents by file name.

    Parameters
    ----------
    rendered : int
        Number of rendered radiographs among the training images.
    calibrated : str
        `UNSEEN` with the number of images, or `DEFORMED`.
    figures : dict or None
        What `app.training.evaluate.evaluate` found on the validation images.
    hospital : dict or None
        What `app.training.lung_figures.lung_figures` found on radiographs of ill patients, of which some are AP.
        Figures of patients that were left out of training count where there are some.
    hospital_films : int
        Number of radiographs of ill patients among the training images.
    fine : bool
        Whether the bundle draws clavicles again (`app.training.fine`).
    """
    told = "**Figures.** Not evaluated yet." if figures is None else figures_told(figures)
    card = MODEL_CARD.format(
        rendered=rendered,
        calibrated=calibrated,
        fine=FINE_MASKS if fine else "",
        figures=told,
        hospital=_hospital_told(hospital),
        hospital_films=HOSPITAL_FILMS.format(hospital_films) if hospital_films else NO_HOSPITAL_FILMS,
        bedside="" if hospital_films else "AP views, large effusions and devices were not in the training data. ",
    )
    return {"MODEL_CARD.md": card, "LICENSE.md": LICENCE}


def figures_told(figures: dict[str, Any]) -> str:
    """The main figures as a Markdown table."""
    masks, marks, clicks = figures["masks"], figures["landmarks"], figures["new_landmarks"]
    lines = [
        f"**Figures** on the {figures['images']} validation radiographs (`main.py evaluate`; 0.35 mm per pixel).",
        "",
        "| structure | Dice | surface distance, mm | landmark error, mm |",
        "|---|---|---|---|",
    ]
    for name, dice in masks["dice"].items():
        surface, error = masks["surface_distance_mm"][name], marks["error_mm_per_structure"][name]
        lines.append(f"| {name.replace('_', ' ')} | {dice:.3f} | {surface:.2f} | {error:.2f} |")
    unusual = marks["most_unusual_tenth"]
    return "\n".join(
        [
            *lines,
            "",
            f"All {marks['points']} contour points pooled: {marks['error_mm']:.2f} mm "
            f"({marks['along_mm']:.2f} along the contour, {marks['across_mm']:.2f} across it); mean squared error over "
            f"lungs and heart {marks['mean_squared_error_px2']:.0f} px² per coordinate at 1024; the most unusual tenth "
            f"of shapes {unusual['with_prior_mm']:.2f} mm. Structures called absent: {marks['absent']} points.",
            "",
            _confidence_told(marks["expected_error"]),
            "",
            f"Landmarks nobody trained: one click in one image {clicks['one_click_mm']:.2f} mm in the others, clicks "
            f"in three images {clicks['three_clicks_mm']:.2f} mm, interior points {clicks['interior_mm']:.2f} mm.",
        ]
    )


def _confidence_told(found: dict[str, Any]) -> str:
    """How far expected errors can be trusted, in one sentence."""
    ratios = [decile["ratio"] for decile in found["deciles"] if decile["ratio"] is not None] or [float("nan")]
    share, (low, high) = found["over_10_mm_in_least_confident_tenth"], found["over_10_mm_in_least_confident_tenth_95"]
    return (
        f"Expected errors: {min(ratios):.2f} to {max(ratios):.2f} times the true ones per tenth of the placements. The "
        f"least confident tenth holds {share:.0%} of those off by more than 10 mm (bootstrap over images: {low:.0%} to "
        f"{high:.0%})."
    )


def _hospital_told(figures: dict[str, Any] | None) -> str:
    """How well the lungs of ill patients are found, with a space after it; nothing where it was not measured."""
    if figures is None:
        return ""
    views = [
        f"{found['usable']:.0%} of {found['images']} {view} films (agreement with human masks: median "
        f"{found['agreement']['median']:.3f}, tenth percentile {found['agreement']['tenth_percentile']:.3f})"
        for view in ("AP", "PA")
        if (found := figures.get(f"{view}_left_out", figures.get(view))) is not None
    ]
    whose = " that it never saw" if any(name.endswith("_left_out") for name in figures) else ""
    return (
        f"On films of ill patients{whose} both lungs are usable (agreement above 0.85, each edge within 8% of the "
        f"lung's height of a radiologist's box) in {' and '.join(views)}; look at each. "
    )
