"""What a reader can do, as values: each function checks that it is possible and returns an `Action`, not done yet.

All raise ValueError with a sentence for the reader where the action is not possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from os.path import relpath
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Provenance, Spacing
from app.core.landmark import Landmark, PlacementState, ReviewState
from app.core.template import Template
from app.core.text import kept_path
from app.project.accepting import locked_sentence
from app.project.changes import (
    ImagesChanged,
    LandmarksChanged,
    PlacementNudged,
    PlacementsChanged,
    ReviewsChanged,
    SpacingChanged,
)
from app.project.image_files import ImageFiles
from app.project.state import ProjectState
from app.store.changes import Action, Writer, now
from app.store.row_types import landmark_row
from app.store.tables import OWN

IN_ONE_PIECE = 40
"""So many images are reviewed before a window gets its turn: 10 ms."""
OF_IMAGES = (
    *("placements", "reviews", "structure_reviews", "spacings", "readings"),
    *("left_as_is", "corrected_files", "masks", "calipers"),
)
"""Tables that hold what readers said of single images."""


def check_unlocked(state: ImageFiles, images: Sequence[str]) -> None:
    """Raise ValueError if an image is unknown, or accepted and thereby locked."""
    for name in images:
        state.slot(name)
        if state.rows.accepted(name):
            raise ValueError(locked_sentence(name))


def remember_file(state: ImageFiles, writer: Writer, name: str) -> None:
    """Within an action: what is said of an image belongs to its present file, unless it belongs to an earlier one."""
    key, known = state.file_key(name), state.rows.corrected_files.get(name)
    if key and key != known and (known is None or not state.said_of(name)):
        writer.put("corrected_files", name, key)


# --- images


def relative_to(path: Path, folder: Path) -> str:
    """Path of an image as seen from the project's folder, empty on another drive."""
    try:
        return kept_path(Path(relpath(path, folder)).as_posix())
    except ValueError:
        return ""


def remove_images(state: ProjectState, images: Sequence[str], label: str) -> Action:
    """Take images out of the project with all that was said of them."""
    check_unlocked(state, images)

    def edit(writer: Writer) -> None:
        for name in images:
            for table in OF_IMAGES:
                writer.drop(table, image=name)
            writer.drop("images", name=name)

    return Action(ImagesChanged.code, label, edit, tuple(images))


def rename_image(state: ProjectState, image: str, name: str, label: str) -> Action:
    """Give an image another name; its file and what is said of it stay."""
    check_unlocked(state, [image])
    if not name:
        raise ValueError("An image needs a name.")
    if name != image and (PureWindowsPath(name).drive or not {"", ".", ".."}.isdisjoint(re.split(r"[/\\]", name))):
        raise ValueError(f"“{name}” can’t name an image: a name has no drive and no empty part, “.” or “..”.")
    if name != image and name in state.rows.images_set:
        raise ValueError(f"There is an image “{name}” already. Choose another name.")
    row = state.rows.image_row(image)

    def edit(writer: Writer) -> None:
        writer.put("images", *row._replace(name=name))

    return Action(ImagesChanged.code, label, edit, (image,))


def set_spacing(
    state: ProjectState, images: Sequence[str], size: tuple[float, float], reader: str, label: str
) -> Action:
    """Give the `size` of a pixel: row and column spacing in mm."""
    check_unlocked(state, images)
    spacing = Spacing(float(size[0]), float(size[1]), Provenance.GIVEN)

    def edit(writer: Writer) -> None:
        for name in images:
            writer.put("spacings", name, spacing.row_mm, spacing.column_mm, reader)

    return Action(SpacingChanged.code, label, edit, tuple(images))


def reset_spacing(state: ProjectState, images: Sequence[str], label: str) -> Action:
    """Forget what a reader said of the size of a pixel: the file's own counts again."""
    check_unlocked(state, images)

    def edit(writer: Writer) -> None:
        for name in images:
            writer.drop("spacings", image=name)

    return Action(SpacingChanged.code, label, edit, tuple(images))


# --- landmarks


def _check(mark: Landmark, template: Template, taken: set[str]) -> None:
    mark.check(template)
    if mark.name in taken:
        raise ValueError(f"There is a landmark “{mark.name}” already. Choose another name.")


def add_landmarks(state: ProjectState, template: Template, marks: Sequence[Landmark]) -> Action:
    """Define landmarks."""
    taken = set(state.rows.numbers)
    for mark in marks:
        _check(mark, template, taken)
        taken.add(mark.name)

    def edit(writer: Writer) -> None:
        for mark in marks:
            writer.put("landmarks", *landmark_row(None, mark))

    label = f"Define “{marks[0].name}”" if len(marks) == 1 else f"Add {len(marks)} landmarks"
    return Action(LandmarksChanged.code, label, edit, landmarks=tuple(mark.name for mark in marks))


def change_landmark(state: ProjectState, template: Template, name: str, fields: Mapping[str, Any]) -> Action:
    """Change fields of a landmark."""
    number, before = state.rows.number(name), state.rows.landmark(name)
    try:
        mark = replace(before, **fields)
    except TypeError:
        unknown = ", ".join(sorted(set(fields) - set(vars(before))))
        raise ValueError(f"A landmark has no field {unknown}.") from None
    _check(mark, template, set(state.rows.numbers) - {name})
    moved = (mark.structure, mark.uv) != (before.structure, before.uv)
    if moved and mark.locked and before.locked:
        raise ValueError(f"“{name}” is locked on the template. Unlock it to move it.")
    if mark.structure != before.structure and (held := state.accepted_with(number)):
        images = f"{held} accepted image{'' if held == 1 else 's'}"
        raise ValueError(
            f"“{name}” belongs to {images}, which never change. Define a new landmark on the other structure."
        )
    label = f"Move “{name}” on the template" if moved else change_label(before, mark)
    names = tuple(dict.fromkeys((name, mark.name)))

    def edit(writer: Writer) -> None:
        writer.put("landmarks", *landmark_row(number, mark))

    return Action(LandmarksChanged.code, label, edit, landmarks=names)


def change_label(before: Landmark, after: Landmark) -> str:
    """What becomes of a landmark that stays where it is on the template, in plain words."""
    name = before.name
    fields = ("name", "rule", "group", "colour", "hidden", "locked")
    changed = [field for field in fields if getattr(before, field) != getattr(after, field)]
    if len(changed) > 1:
        words = [field for field in changed if field not in ("hidden", "locked")]
        words += ["eye"] if "hidden" in changed else []
        words += ["lock"] if "locked" in changed else []
        return f"Change {', '.join(words[:-1])} and {words[-1]} of “{name}”"
    return {
        "name": f"Rename “{name}” to “{after.name}”",
        "rule": f"Change the rule of “{name}”",
        "group": f"Put “{name}” into the group “{after.group}”" if after.group else f"Take “{name}” out of its group",
        "colour": f"Change the colour of “{name}”",
        "hidden": f"{'Hide' if after.hidden else 'Show'} “{name}”",
        "locked": f"{'Lock' if after.locked else 'Unlock'} “{name}” on the template",
    }.get(changed[0] if changed else "", f"Change “{name}”")


def order_landmark(state: ProjectState, name: str, before: str | None, group: str | None) -> Action:
    """Put a landmark before another one in the list, or last; and into a group, unless that is None."""
    number, rows, mark = state.rows.number(name), state.rows, state.rows.landmark(name)
    order = [other for other in rows.landmarks if other != number]
    order.insert(len(order) if before is None else order.index(state.rows.number(before)), number)
    positions = [rows.position(other) for other in rows.landmarks]  # the same ones, dealt out anew

    def edit(writer: Writer) -> None:
        for other, position in zip(order, positions, strict=True):
            if rows.position(other) != position:
                writer.put("landmark_order", other, position)
        if group is not None and group != mark.group:
            writer.put("landmarks", *landmark_row(number, replace(mark, group=group)))

    return Action(LandmarksChanged.code, f"Move “{name}” in the list", edit, landmarks=(name,))


def delete_landmark(state: ProjectState, name: str) -> Action:
    """Delete a landmark and what readers said of it; images that were accepted with it keep it as it is there."""
    number, mark = state.rows.number(name), state.rows.landmark(name)

    def edit(writer: Writer) -> None:
        writer.drop("landmarks", id=number)
        writer.put("deleted_landmarks", *landmark_row(number, mark))
        writer.drop("landmark_order", landmark=number)
        for image in state.rows.by_landmark.get(number, {}):
            if not state.rows.accepted(image):  # there the placement stays, with who made it and when
                writer.drop("placements", image=image, opinion=OWN, landmark=number)
        for opinion, image in state.rows.opinions.with_landmark(number):
            writer.drop("placements", image=image, opinion=opinion, landmark=number)

    return Action(LandmarksChanged.code, f"Delete “{name}”", edit, landmarks=(name,))


# --- placements


def place(
    state: ProjectState,
    image: str,
    landmark: str,
    said: PlacementState,
    xy: Sequence[float] | npt.NDArray[np.float64] | None,
    reader: str,
    label: str,
) -> Action:
    """Keep what a reader says of a landmark in an image; `xy` in native pixels, None where it is absent."""
    check_unlocked(state, [image])
    if xy is not None and not np.isfinite(np.asarray(xy, float)).all():
        raise ValueError(f"“{landmark}” can't be placed at {tuple(xy)}: these are no coordinates.")
    if said is PlacementState.CORRECTED and xy is not None:
        _check_inside(state, image, landmark, xy)
    return _say(state, {image: (said, xy)}, landmark, reader, label)


def _say(
    state: ProjectState,
    placed: Mapping[str, tuple[PlacementState, Sequence[float] | npt.NDArray[np.float64] | None]],
    landmark: str,
    reader: str,
    label: str,
) -> Action:
    """Keep what a reader says of a landmark in each of some images; `place` tells what."""
    number = state.rows.number(landmark)

    def edit(writer: Writer) -> None:
        for image, (said, xy) in placed.items():
            x, y = (None, None) if xy is None else (float(xy[0]), float(xy[1]))
            remember_file(state, writer, image)
            writer.put("placements", image, OWN, number, said.value, x, y, reader, now())

    return Action(PlacementsChanged.code, label, edit, tuple(placed), (landmark,))


def set_absent(state: ProjectState, images: Sequence[str], landmark: str, reader: str, label: str) -> Action:
    """Say that a landmark can't be seen in images."""
    check_unlocked(state, images)
    return _say(state, dict.fromkeys(images, (PlacementState.ABSENT, None)), landmark, reader, label)


def _check_inside(
    state: ProjectState, image: str, landmark: str, xy: Sequence[float] | npt.NDArray[np.float64]
) -> None:
    """Refuse a place outside the picture, where nobody would see it, unless the landmark is out there already."""
    frame = state.frame(image)
    if frame is None or frame.contains(xy):
        return
    here = state.placements(state.rows.number(landmark)).xy[state.places[image]]
    if frame.contains(here) or np.isnan(here).any():
        raise ValueError(f"“{landmark}” can't be placed outside the picture.")


def confirm(state: ProjectState, images: Sequence[str], landmark: str, reader: str, label: str) -> Action:
    """Say that a landmark is right where it is in images; an absent one stays absent."""
    absent, confirmed = (PlacementState.ABSENT, None), PlacementState.CONFIRMED
    shown = _shown(state, images, landmark)
    placed = {name: absent if who is absent[0] else (confirmed, xy) for name, (who, xy) in shown.items()}
    return _say(state, placed, landmark, reader, label)


def _shown(
    state: ProjectState, images: Sequence[str], landmark: str
) -> dict[str, tuple[PlacementState, npt.NDArray[np.float64]]]:
    """Who says where a landmark is in images that are not locked, and where; ValueError where nobody does."""
    check_unlocked(state, images)
    shown = state.placements(state.rows.number(landmark))
    found = {}
    for image in images:
        who = shown.states[state.places[image]]
        if who is None:
            raise ValueError(f"“{landmark}” has no place in {image} yet. Predict the image first, or place it by hand.")
        found[image] = who, shown.xy[state.places[image]]
    return found


def nudge(state: ProjectState, image: str, landmark: str, step: tuple[float, float], reader: str, label: str) -> Action:
    """Correct a placement by a small step in native pixels; several in a row are undone together: see `undo_groups`."""
    found, xy = _shown(state, [image], landmark)[image]
    if found is PlacementState.ABSENT:
        raise ValueError(f"“{landmark}” is absent in {image}. Click where it is to place it.")
    there = (float(xy[0]) + step[0], float(xy[1]) + step[1])
    return replace(
        place(state, image, landmark, PlacementState.CORRECTED, there, reader, label), kind=PlacementNudged.code
    )


def reset(state: ProjectState, images: Sequence[str], landmark: str, label: str) -> Action:
    """Forget what was said of a landmark in images."""
    check_unlocked(state, images)
    number = state.rows.number(landmark)

    def edit(writer: Writer) -> None:
        for image in images:
            writer.drop("placements", image=image, opinion=OWN, landmark=number)

    return Action(PlacementsChanged.code, label, edit, tuple(images), (landmark,))


# --- reviews


def set_review(
    state: ProjectState, images: Sequence[str], wanted: ReviewState, note: str | None, reader: str, label: str
) -> Action:
    """Set review states; accepting freezes an image, any other state thaws it. Without a note the old one stays."""
    before = {name: state.rows.review(name)[:2] for name in images if state.slot(name) >= 0}
    after = {name: (wanted, old if note is None else note) for name, (_, old) in before.items()}
    changed = tuple(name for name in before if before[name] != after[name])

    def edit(writer: Writer) -> Iterator[None]:
        if wanted is ReviewState.ACCEPTED:
            state.prepare_freeze([name for name in changed if before[name][0] is not wanted], writer)
        for place, name in enumerate(changed):
            if place % IN_ONE_PIECE == 0:
                yield
            remember_file(state, writer, name)
            writer.put("reviews", name, OWN, wanted.value, after[name][1], reader, now())
            was, becomes = before[name][0] is ReviewState.ACCEPTED, wanted is ReviewState.ACCEPTED
            if becomes and not was:
                state.freeze(name, writer)
            elif was and not becomes:
                state.keep_thawed(name)
                writer.drop("frozen", image=name)
                writer.drop("frozen_facts", image=name)
                for number in state.rows.deleted:  # what was kept of them went with the acceptance
                    writer.drop("placements", image=name, landmark=number)

    return Action(ReviewsChanged.code, label, edit, changed)


def structure_title(template: Template, structure: str) -> str:
    """A structure's title as it stands within a sentence; raises ValueError for what has no mask, as the field."""
    try:
        return template.structures[template.index(structure)].title.lower()
    except KeyError as error:
        raise ValueError(str(error.args[0])) from None


def review_structure(
    state: ProjectState,
    images: Sequence[str],
    structure: str,
    wanted: ReviewState,
    note: str | None,
    reader: str,
    label: str,
) -> Action:
    """Set what is said of one structure; `unread` takes it back. Without a note the old one stays."""
    check_unlocked(state, images)
    before = {name: state.rows.structure_reviews.get(name, {}).get(structure) for name in images}
    kept = {name: said.note if said is not None else "" for name, said in before.items()}

    def edit(writer: Writer) -> None:
        for name, said in before.items():
            words = kept[name] if note is None else note
            if wanted is ReviewState.UNREAD:
                writer.drop("structure_reviews", image=name, opinion=OWN, structure=structure)
            elif said is None or (said.state, said.note) != (wanted, words):
                remember_file(state, writer, name)
                writer.put("structure_reviews", name, OWN, structure, wanted.value, words, reader, now())

    return Action(ReviewsChanged.code, label, edit, tuple(images))
