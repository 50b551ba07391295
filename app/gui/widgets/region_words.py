"""How the sizes of regions are written in the window."""

from __future__ import annotations

from app.core.region import Region, Sizes
from app.project.region_state import RegionIn


def size_text(sizes: Sizes, closed: bool) -> str:
    """The area of a region, the length of a curve: “7812 mm²”."""
    unit = "mm" if sizes.known else "px"
    return f"{sizes.area:.0f} {unit}²" if closed else f"{sizes.length:.1f} {unit}"


def told(region: Region, sizes: Sizes, where: str) -> str:
    """All that is known of a region's size, for a tool tip."""
    unit = "mm" if sizes.known else "px"
    area = f"area {sizes.area:.0f} {unit}², outline" if region.closed else "length"
    return f"{region.name}\n{area} {sizes.length:.1f} {unit} {where}"


def marks_text(one: RegionIn) -> str:
    """What is to be known of a region in one image; empty for most."""
    if one.deleted:
        return "deleted; accepted with it"
    if one.there and one.crosses_itself:
        return "folded here"
    return "new since accepted" if one.new_since_accepted else ""
