"""Dark and light: switched while the program runs, remembered, and the image stays on black."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QStyle, QWidget

from app.gui.widgets import theme


@pytest.fixture(autouse=True)
def dark_again(qtbot) -> Iterator[None]:
    yield
    theme.choose(theme.Theme.DARK)


def colour_at(widget: QWidget, at: QPoint) -> str:
    return widget.grab().toImage().pixelColor(at).name()


def test_every_view_follows_the_theme_while_the_program_runs(app, qtbot) -> None:
    window = app.window
    template, structures = window.template_view, window.structures
    corner = QPoint(2, 2)
    assert colour_at(template, corner) == theme.DARK.background
    window.actions_["themeLight"].trigger()
    QApplication.processEvents()
    assert colour_at(template, corner) == theme.LIGHT.background
    assert colour_at(window.worklist, corner) == theme.LIGHT.panel
    assert QColor(colour_at(structures, QPoint(6, 13))).lightness() > 200
    assert colour_at(window.image_view, QPoint(2, window.image_view.height() - 2)) == "#000000"
    window.actions_["themeDark"].trigger()
    QApplication.processEvents()
    assert colour_at(template, corner) == theme.DARK.background


def test_the_theme_is_remembered(start, predicted, qtbot) -> None:
    first = start()
    assert first.window.actions_["themeDark"].isChecked()
    first.window.actions_["themeLight"].trigger()
    first.window.close()
    again = start()
    assert again.window.actions_["themeLight"].isChecked()
    assert theme.LIGHT.panel == theme.PANEL


def test_words_have_contrast_in_both_themes() -> None:
    for palette in (theme.DARK, theme.LIGHT):
        for words in (palette.text, palette.muted, palette.accent, palette.good, palette.caution, palette.bad):
            for ground in (palette.background, palette.panel):
                assert contrast(words, ground) >= 4.5, (words, ground)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2."""
    first, second = sorted((luminance(one), luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def luminance(colour: str) -> float:
    parts = [channel / 255 for channel in QColor(colour).getRgb()[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("choice", [theme.Theme.DARK, theme.Theme.LIGHT])
def test_arrows_of_file_dialogs_can_be_seen(start, choice) -> None:
    window = start().window
    theme.choose(choice)
    for which in ("SP_ArrowBack", "SP_ArrowForward", "SP_FileDialogToParent"):
        icon = window.style().standardIcon(getattr(QStyle.StandardPixmap, which))
        image = icon.pixmap(16, 16).toImage()
        solid = [image.pixelColor(x, y) for x in range(16) for y in range(16) if image.pixelColor(x, y).alpha() > 200]
        assert len(solid) > 10
        assert min(abs(colour.lightness() - QColor(theme.PANEL).lightness()) for colour in solid) > 100
