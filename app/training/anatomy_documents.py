"""Model card and licence note of a bundle of any anatomy."""

from __future__ import annotations

from typing import Any

from app.core.template import Template

LICENCE = """# Licence of this bundle

The weights in this folder were trained on images and outlines that whoever ran the training chose. Their terms decide
what may be done with this bundle: **write them here before you pass it on.** Until then: for research and education
only, by those who may use the data. It is not a medical device. No image of the data is part of it.
"""

CARD = """# Model card: {anatomy}

**Intended use.** Research on masks and landmarks of {anatomy} images like those it learnt from. Not a medical device;
not for diagnosis or treatment.

**What it does.** A two-head U-Net after DenseSeg (Keuth et al., IJCARS 2025) predicts a mask and a uv-map over the
template (the mean shape) for {count} structures: {names}. The network says uv in {encoding} coordinates. It does not
tell whether an image is of this anatomy at all.

**Data.** {train} training images, {val} for validation, {minutes:g} minutes of training.{spacing}{note}

**Correspondence** of the outlines, over all structures together: {modes} modes hold 95 % of the variance; a shape left
out is told by the others' modes to {generalisation:.2f} {unit}; random shapes lie {specificity:.2f} {unit} from the
nearest true one (`correspondence.json` beside the training's checkpoints has each structure).

{figures}

**Limits.** What was not in the training data is unknown to it. Expected errors are calibrated on plain and deformed
training images; they are too small where an image is unlike those.

**Licence.** See `LICENSE.md` beside this file.
"""


def anatomy_documents(
    template: Template, facts: dict[str, Any], figures: dict[str, Any] | None = None, note: str = "", licence: str = ""
) -> dict[str, str]:
    """Text of the bundle's documents by file name.

    Parameters
    ----------
    template : Template
    facts : dict
        ``train``, ``val``: numbers of images; ``minutes``; ``encoding``; ``spacing_known``; ``quality`` of the
        correspondence.
    figures : dict or None
        What `app.training.anatomy_figures.anatomy_figures` found on the validation images.
    note, licence : str
        What those who gave the data say of them, for the card; the terms, in place of a reminder to write them.
    """
    together = facts["quality"]["together"]
    known = bool(facts["spacing_known"])
    card = CARD.format(
        anatomy=template.anatomy,
        count=len(template.structures),
        names=", ".join(s.title.lower() for s in template.structures),
        encoding=facts["encoding"],
        train=facts["train"],
        val=facts["val"],
        minutes=facts["minutes"],
        spacing="" if known else " No image said how large its pixels are: mm of the template are not mm.",
        modes=together["modes_for_95_percent"],
        generalisation=together["generalisation"],
        specificity=together["specificity"],
        unit="mm" if known else "units of the template",
        figures="**Figures.** Not evaluated yet." if figures is None else _told(figures),
        note=f"\n\n{note.strip()}" if note else "",
    )
    return {"MODEL_CARD.md": card, "LICENSE.md": licence or LICENCE}


def _told(figures: dict[str, Any]) -> str:
    lines = [
        f"**Figures** on the {figures['images']} validation images, native size; mean Dice {figures['mean_dice']:.3f}.",
        "",
        "| structure | images | Dice | contour distance, mm | missed | false |",
        "|---|---|---|---|---|---|",
    ]
    for name, each in figures["structures"].items():
        dice, apart = (
            "-" if each[key] is None else f"{each[key]:.{digits}f}" for key, digits in (("dice", 3), ("contour_mm", 2))
        )
        lines.append(
            f"| {name.replace('_', ' ')} | {each['drawn']} | {dice} | {apart} | {each['missed']} | {each['false']} |"
        )
    return "\n".join(lines)
