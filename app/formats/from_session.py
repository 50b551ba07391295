"""What an export sees of an open session: a `ProjectView` that reads images one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from app.core.formula import names as named_in
from app.core.formula import parse
from app.core.landmark import Landmark, PlacementState, ReviewState
from app.formats.csv_table import About, MaskSource, Row
from app.formats.measurement_table import MeasurementRow
from app.formats.project_view import LATER, ImageView, ProjectView
from app.formats.reading import Known
from app.formats.region_table import rows_of
from app.io.names import unique_stems
from app.project.entries import Placement
from app.project.measured import MeasurementEntry
from app.project.off_outline import off_outline
from app.project.session import Session
from app.store.errors import ProjectError

NAMED = ("image", "selected", "filtered")
"""Scopes whose images are named: a single one, those that a reader selected, those that a filter lets through."""
SCOPES = ("all", "accepted", *NAMED)


def names_in(session: Session, scope: str, images: str | Sequence[str] = ()) -> tuple[str, ...]:
    """The images of a scope, in the project's order; raises ValueError for an unknown scope or image.

    Parameters
    ----------
    session : Session
    scope : str
        One of `SCOPES`.
    images : str or sequence of str
        For the scopes `NAMED`.
    """
    if scope == "accepted":
        return session.accepted
    if scope in NAMED:
        wanted = dict.fromkeys([images] if isinstance(images, str) else images)
        for name in wanted:
            session.review(name)
        return tuple(name for name in session.images if name in wanted)
    if scope == "all":
        return session.images
    raise ValueError(f"The images to export are “{'”, “'.join(SCOPES)}”, not “{scope}”.")


def known_of(session: Session) -> Known:
    """What a project knows by name, for files that do not name things themselves."""
    structures = tuple(structure.name for structure in session.template.structures)
    return Known(structures, tuple(mark.name for mark in _own(session)))


def check_later(later: str) -> None:
    """Raise ValueError with a sentence for anything but one of `LATER`."""
    if later not in LATER:
        raise ValueError(f"Landmarks defined after acceptance are “{'” or “'.join(LATER)}”, not “{later}”.")


def view_of(
    session: Session,
    scope: str = "all",
    images: str | Sequence[str] = (),
    later: str = "mark",
    captures: bool = False,
    deidentify: str = "",
) -> ProjectView:
    """What is exported of a project; images are read one by one when they are asked for.

    Parameters
    ----------
    session : Session
    scope, images
        Which images: see `names_in`.
    later : str
        One of `LATER`: whether landmarks defined after an image was accepted are marked there or left out.
    captures : bool
        Whether images that are no DICOM files become Secondary Captures for the DICOM formats to point at.
    deidentify : str
        One of `deidentify.Dates`: what becomes of dates where persons are to be taken out (`given_away`); empty: all
        stays as it is.

    Raises
    ------
    ValueError
        For an unknown scope, image, `later` or `deidentify`; or as of `given_away`, which may raise ProjectError and
        OSError as well.
    """
    check_later(later)
    bundle, stems, names = session.bundle, unique_stems(session.images), names_in(session, scope, images)
    deleted = _deleted(session, names)
    given = {(mark.name, mark.structure, mark.uv) for mark in bundle.landmarks}
    view = ProjectView(
        session.path.name,
        bundle.name,
        bundle.sha256,
        bundle.template,
        session.landmarks,
        _own(session),
        names,
        stems,
        lambda name: _image(session, name, stems[name], given, later, deleted),
        tuple(deleted.values()),
        later,
        scope,
        session.history,
        captures,
    )
    if not deidentify:
        return view
    from app.formats.deidentify import Dates  # pydicom takes 60 ms to import, and the window asks only for names here
    from app.formats.given_away import given_away

    return given_away(view, session.path, Dates(deidentify))


def _own(session: Session) -> tuple[Landmark, ...]:
    """All landmarks but the hidden ones that came with the model; where no other is there, those."""
    given = {(mark.name, mark.structure, mark.uv) for mark in session.bundle.landmarks}
    own = [mark for mark in session.landmarks if not (mark.hidden and (mark.name, mark.structure, mark.uv) in given)]
    return tuple(own) or session.landmarks


def _deleted(session: Session, images: Sequence[str]) -> dict[int, Landmark]:
    """Landmarks that are no more, but that some of the images were accepted with, by number; each name stands once."""
    found: dict[int, Landmark] = {}
    for name in images:
        if session.review(name) is ReviewState.ACCEPTED:
            gone = [placement for placement in session.placements_in(name) if placement.deleted]
            found |= {placement.number: placement.landmark for placement in gone}
    counts: Counter[str] = Counter()
    for number, mark in sorted(found.items()):
        counts[mark.name] += 1
        which = "deleted" if counts[mark.name] == 1 else f"deleted {counts[mark.name]}"
        found[number] = replace(mark, name=f"{mark.name} ({which})")
    return dict(sorted(found.items()))


def _image(
    session: Session,
    name: str,
    stem: str,
    given: Collection[tuple[str, str, tuple[float, float]]],
    later: str,
    deleted: Mapping[int, Landmark],
) -> ImageView:
    masks = session.masks(name)  # first: where they are damaged, the entry says so
    entry = session.image(name)
    if entry.status == "failed" and entry.review is ReviewState.ACCEPTED:
        raise ProjectError(entry.message)  # something of what was accepted is damaged
    about = About(entry.review.value, entry.suspect, entry.reviewed_by, entry.reviewed_at)
    image = ImageView(name, stem, entry.review.value, masks, (), entry.note, entry.structures, about)
    trouble = entry.message if entry.status in ("failed", "missing") else ""
    image = replace(image, changed=entry.changed_since_accepted, trouble=trouble)
    gone = {said.structure for said in image.rejected}
    regions = rows_of(name, session.regions_in(name), entry.frame, later == "leave-out", gone)
    image = replace(image, measured=tuple(_measured(session, image)), regions=tuple(regions))
    same = entry.status == "predicted" and not entry.changed_since_accepted
    image = replace(image, path=entry.path if same else None)
    rows, placements = [], session.placements_in(name)
    off, own = off_outline(masks, placements, given), {(name, structure) for name, structure, _ in given}
    for placement in placements:
        if placement.state is None or (later == "leave-out" and placement.new_since_accepted):
            continue
        mark = placement.landmark
        row = _row(image, placement, (mark.name, mark.structure) in own, placement.number in off)
        rows.append(replace(row, keypoint=deleted.get(placement.number, mark).name) if placement.deleted else row)
    return replace(image, rows=tuple(rows))


def _measured(session: Session, image: ImageView) -> Iterator[MeasurementRow]:
    """What is measured in an image; nothing where nothing is known of it."""
    session.measure_grey((image.name,))  # an export may wait for files: the window asks a child process for it
    gone = {said.structure for said in image.rejected}
    for one in session.measurements_in(image.name):
        if one.state is not None:
            spacing = one.spacing.value if one.spacing is not None else ""
            depends = bool(gone) and not gone.isdisjoint(_structures_of(session, one.entry))
            named = image.name, one.entry.name
            yield MeasurementRow(*named, one.value, one.unit.value, spacing, one.state.value, depends)


def _structures_of(session: Session, entry: MeasurementEntry) -> set[str]:
    """The structures of all that a formula names: of its landmarks, regions and groups too."""
    if entry.missing:
        return set()
    marks = {mark.name: mark.structure for mark in session.landmarks}
    regions, groups = {one.name: one.structure for one in session.regions}, session.bundle.measurements.groups
    found: set[str] = set()
    for name in named_in(parse(entry.formula)):
        found |= {marks.get(name) or regions.get(name) or name, *groups.get(name, ())}
    return found


def _row(image: ImageView, placement: Placement, on_contour: bool, off: bool) -> Row:
    """One placement; `on_contour` for a point of the model's contour, `off` where that lies off its outline."""
    xy, error, mark = placement.xy, placement.expected_error, placement.landmark
    state = placement.state or PlacementState.PREDICTED
    known = state is not PlacementState.ABSENT and bool(np.isfinite(xy).all())
    mask = image.mask_source(mark.structure)
    said = next((said for said in image.structures if said.structure == mark.structure), None)
    return Row(
        image.name,
        mark.structure,
        mark.name,
        state.value,
        (float(xy[0]), float(xy[1])) if known else None,
        float(error) if known and np.isfinite(error) else None,
        image.frame,
        image.about,
        placement.reader,
        placement.at,
        mask.value,
        said.state.value if said is not None else "",
        off_outline=off and mask in (MaskSource.PREDICTED, MaskSource.CORRECTED),
        new=placement.new_since_accepted,
        deleted=placement.deleted,
        shown=placement.shown,
        models_own=on_contour,
        moved=placement.moved,
    )
