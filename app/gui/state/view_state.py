"""What is being looked at, as one frozen object: nothing here knows Qt, and nothing of it is stored in the project."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from app.core.cohort import Cells
    from app.core.masks import Mask
    from app.project.session import MovePreview


class Mode(StrEnum):
    """What the left mouse button does in the image."""

    NAVIGATE = "navigate"
    LANDMARK = "landmark"
    MASK = "mask"


class MaskTool(StrEnum):
    """What the left mouse button does to the chosen structure's mask in Mask mode."""

    PUSH = "push"
    BRUSH = "brush"
    ERASER = "eraser"
    LASSO = "lasso"
    POLYGON = "polygon"
    SNAP = "snap"
    SMOOTH = "smooth"


class MaskStyle(StrEnum):
    """How masks are drawn."""

    OUTLINE = "outline"
    FILL = "fill"
    OFF = "off"


class Layer(StrEnum):
    """What the template shows of all images together."""

    NONE = "none"
    MEDIAN = "median"
    SPREAD = "spread"
    Z = "z"
    """How far the shown image is from the others."""
    CORRECTIONS = "corrections"


@dataclass(frozen=True)
class Look:
    """What is drawn over the image.

    Attributes
    ----------
    masks : MaskStyle
    uv : bool
        Whether the chosen structure shows its uv colours and iso-lines.
    opacity : float
        Of fills and uv colours, 0 to 1.
    hidden : frozenset of str
        Structures that are switched off, one by one.
    structures : bool
        The switch for all: False shows the plain image and keeps `hidden` for later.
    labels : bool
        Whether landmarks carry their names.
    texts : bool
        Whether texts stand in the corners of the image; warnings do in any case.
    corrections : bool
        Whether the predicted outline lies beside a corrected one, and what was added or taken away is tinted.
    patterns : bool
        Whether each structure's outline has a line of its own, for eyes that can't tell the colours apart.
    private : bool
        Whether nothing personal is shown: others look on. It ends with the program.
    z : bool
        Whether what the template shows as `Layer.Z` lies over the image too.
    """

    masks: MaskStyle = MaskStyle.OUTLINE
    uv: bool = True
    opacity: float = 0.45
    hidden: frozenset[str] = frozenset()
    structures: bool = True
    labels: bool = True
    texts: bool = True
    corrections: bool = False
    patterns: bool = False
    private: bool = False
    z: bool = True

    def shows(self, structure: str) -> bool:
        """Whether a structure is drawn over images."""
        return self.structures and structure not in self.hidden


@dataclass(frozen=True)
class Pane:
    """Which of the images that stand side by side one is, and how it is shown there.

    Attributes
    ----------
    number : int
        Tells panes from one another that show the same image.
    mirrored : bool
        Left and right are exchanged: its places are compared with those of the other side in panes that are not.
    predicted : bool
        Only what was predicted is drawn, whatever readers said since; nothing is edited in it.
    """

    number: int = 0
    mirrored: bool = False
    predicted: bool = False


@dataclass(frozen=True)
class Spot:
    """A template point under the mouse, or one that is just being named.

    Attributes
    ----------
    structure : str
    uv : tuple of float
    source : str
        The view that need not draw it: ``template`` or ``image``.
    pinned : bool
        True while its name is being typed.
    image : str
        The image that is pointed at, where the source is one.
    pane : Pane
        And in which pane.
    """

    structure: str
    uv: tuple[float, float]
    source: str
    pinned: bool = False
    image: str = ""
    pane: Pane = Pane()


@dataclass(frozen=True)
class Click:
    """One of several clicks that mean the same place.

    Attributes
    ----------
    image : str
    xy : tuple of float
        Native pixels.
    structure : str
    uv : tuple of float
        What the image shows there.
    """

    image: str
    xy: tuple[float, float]
    structure: str
    uv: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Moving:
    """A landmark that is being dragged over the template; nothing is stored before it is dropped.

    Attributes
    ----------
    landmark : str
    uv : tuple of float
        Where it is now.
    preview : MovePreview
        Where that puts it in all images.
    """

    landmark: str
    uv: tuple[float, float]
    preview: MovePreview


@dataclass(frozen=True)
class Held:
    """A placement that is being dragged in one image; nothing is stored before it is dropped.

    Attributes
    ----------
    image, landmark : str
    xy : tuple of float
        Where it is now, native pixels.
    """

    image: str
    landmark: str
    xy: tuple[float, float]


@dataclass(frozen=True)
class HeldEnds:
    """An end of a caliper that is being dragged in one image; nothing is stored before it is dropped.

    Attributes
    ----------
    image, shape : str
        The shape as formulas name it.
    axis : int
        Of the file: 0 for x.
    ends : ((x, y), (x, y))
        Where the shape begins and ends now, native pixels.
    """

    image: str
    shape: str
    axis: int
    ends: tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Stroke:
    """A mask that is being edited in one image; nothing is stored before the button is up.

    Attributes
    ----------
    image, structure : str
    mask : array [H, W], bool
        As it is now, native pixels; the drag goes on changing it, and makes a new `Stroke` each time.
    path : tuple of (x, y)
        Native pixels: the line that is being drawn around what is to change; empty for tools that change at once.
    """

    image: str
    structure: str
    mask: Mask
    path: tuple[tuple[float, float], ...] = ()


Way = tuple[tuple[float, float], ...]
"""Places (x, y), native pixels."""


@dataclass(frozen=True)
class Outline:
    """Corners that are being clicked around what is to change of a mask; nothing is stored before they are closed.

    Attributes
    ----------
    image, structure : str
    on : bool
        Whether what they enclose is added; else it is taken away.
    ways : tuple of Way
        The first corner, then for each other one the way to it, which ends with it.
    tail : Way
        The way from the last corner to the mouse.
    """

    image: str
    structure: str
    on: bool
    ways: tuple[Way, ...]
    tail: Way = ()

    @property
    def corners(self) -> Way:
        """The places that were clicked."""
        return tuple(way[-1] for way in self.ways)

    @property
    def path(self) -> Way:
        """All places on the line up to the last corner."""
        return tuple(xy for way in self.ways for xy in way)


@dataclass(frozen=True)
class Corner:
    """One corner of a region that is being drawn.

    Attributes
    ----------
    plane : tuple of float
        Where it is on the template, mm.
    image : str
        The image in which it was clicked; empty for the template.
    xy : tuple of float
        Native pixels, where it was clicked in an image.
    """

    plane: tuple[float, float]
    image: str = ""
    xy: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Draft:
    """A region or curve that is being drawn; nothing is stored before it is ended.

    Attributes
    ----------
    corners : tuple of Corner
    closed : bool
        A region, else a curve.
    structure : str
        In whose chart the corners lie together; empty where none reaches them all.
    """

    corners: tuple[Corner, ...] = ()
    closed: bool = True
    structure: str = ""


@dataclass(frozen=True, eq=False)
class ZMap:
    """How far one image is from the others, over the template.

    Attributes
    ----------
    image : str
    cells : Cells
    values : array [K]
        Spreads of the others (`app.core.cohort.Cohort.z`).
    """

    image: str
    cells: Cells
    values: npt.NDArray[np.float32]


@dataclass(frozen=True)
class ViewState:
    """All that the window's views look at together. `Controller` alone replaces it.

    Attributes
    ----------
    image, landmark, structure, region : str
        What is chosen; empty for none.
    mode : Mode
    look : Look
    tool : str
        Name of the tool that has the left mouse button of every image; empty where the mode says what it does.
    passing : bool
        True while images are stepped over faster than anyone can look at them: of `image` the picture is shown and
        nothing else.
    spot : Spot or None
        The template point under the mouse.
    moving : Moving or None
        A landmark that is being dragged over the template.
    held : Held or None
        A placement that is being dragged in one image.
    held_ends : HeldEnds or None
        An end of a caliper that is being dragged.
    clicks : tuple of Click
        Those that a new landmark is made of.
    mask_tool : MaskTool
        What the left mouse button does in Mask mode.
    brush : float
        Radius of the tools that have one, in screen pixels.
    stroke : Stroke or None
        A mask that is being edited.
    draft : Draft or None
        A region that is being drawn.
    outline : Outline or None
        Corners that are being clicked around what is to change of a mask.
    layer : Layer
        What the template shows of all images together.
    z_map : ZMap or None
        Of the shown image, where `layer` asks for it and it is known.
    """

    image: str = ""
    landmark: str = ""
    structure: str = ""
    mode: Mode = Mode.NAVIGATE
    look: Look = Look()
    tool: str = ""
    passing: bool = False
    spot: Spot | None = None
    moving: Moving | None = None
    held: Held | None = None
    held_ends: HeldEnds | None = None
    clicks: tuple[Click, ...] = ()
    mask_tool: MaskTool = MaskTool.PUSH
    brush: float = 28.0
    stroke: Stroke | None = None
    region: str = ""
    draft: Draft | None = None
    outline: Outline | None = None
    layer: Layer = Layer.NONE
    z_map: ZMap | None = None

    @property
    def outline_goes_on(self) -> bool:
        """Whether the next corner would belong to the same outline."""
        outline = self.outline
        corners = self.mode is Mode.MASK and self.mask_tool in (MaskTool.POLYGON, MaskTool.SNAP) and not self.tool
        return outline is not None and corners and (outline.image, outline.structure) == (self.image, self.structure)
