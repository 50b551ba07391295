"""Colours of structures, however many there are."""

from app.core.template import STRUCTURE_COLOURS, structure_colour


def test_the_first_eight_are_the_palette_and_the_next_are_others_of_the_same_hue():
    colours = [structure_colour(number) for number in range(24)]
    assert tuple(colours[:8]) == STRUCTURE_COLOURS
    assert len(set(colours)) == 24
    assert colours[8] == "#A2D6F3"  # 45 % of the way from #56B4E9 to white
    assert colours[16] == "#346C8C"  # 40 % of the way to black
