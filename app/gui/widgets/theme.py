"""Two palettes, one font, and the style sheet made of them (design 10).

`theme.TEXT`, `theme.LINE` and the like are the colours of the theme in use. They change when the reader chooses another
theme: read them while painting, never keep them. What lies on a radiograph takes its colours from `ON_IMAGE`, since
the image stays on black in either theme.
"""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from app.gui.widgets.palette import DARK as DARK
from app.gui.widgets.palette import LIGHT as LIGHT
from app.gui.widgets.palette import ON_IMAGE as ON_IMAGE
from app.gui.widgets.palette import Palette
from app.gui.widgets.settings import settings


class Theme(StrEnum):
    """What the reader can choose."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system"


BACKGROUND, PANEL, RAISED, LINE, TEXT, MUTED, FAINT, ACCENT, GOOD, CAUTION, BAD, *_ = DARK
SELECTED, PRESSED, PRESSED_TEXT, HANDLE, HANDLE_HOVER = DARK[11:]

NORMAL_PX = 13
SMALL_PX = 12
STEP = 4
"""Spacing comes in steps of this many pixels."""


def _take(palette: Palette) -> None:
    global BACKGROUND, PANEL, RAISED, LINE, TEXT, MUTED, FAINT, ACCENT, GOOD, CAUTION, BAD
    global SELECTED, PRESSED, PRESSED_TEXT, HANDLE, HANDLE_HOVER
    BACKGROUND, PANEL, RAISED, LINE, TEXT, MUTED, FAINT, ACCENT, GOOD, CAUTION, BAD, *_ = palette
    SELECTED, PRESSED, PRESSED_TEXT, HANDLE, HANDLE_HOVER = palette[11:]


def _sheet() -> str:
    return _surfaces() + _inputs()


def _surfaces() -> str:
    return f"""
* {{ outline: none; }}
QMainWindow, QDialog, QMenu, QMessageBox {{ background: {PANEL}; color: {TEXT}; }}
QWidget {{ color: {TEXT}; selection-background-color: {ACCENT}; selection-color: {BACKGROUND}; }}
QMenuBar {{ background: {PANEL}; padding: 2px 8px; border-bottom: 1px solid {LINE}; }}
QMenuBar::item {{ background: transparent; padding: 4px 12px; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {RAISED}; }}
QMenu {{ border: 1px solid {LINE}; padding: 4px; }}
QMenu::item {{ padding: 4px 28px 4px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {SELECTED}; }}
QMenu::item:disabled {{ color: {FAINT}; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 8px; }}
QMenu::indicator {{ width: 12px; height: 12px; margin-left: 8px; }}
QMenu::indicator:checked {{ background: {ACCENT}; border-radius: 3px; }}
QMenu::indicator:unchecked {{ border: 1px solid {LINE}; border-radius: 3px; width: 10px; height: 10px; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; padding: 4px 8px; }}
QSplitter::handle {{ background: {LINE}; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QSplitter::handle:vertical {{ height: 1px; }}
QAbstractScrollArea {{ background: {PANEL}; border: none; }}
QAbstractItemView {{ border: 1px solid transparent; }}
QAbstractItemView:focus {{ border-color: {ACCENT}; }}
QPlainTextEdit {{ background: {BACKGROUND}; border: 1px solid {LINE}; border-radius: 4px; padding: 2px 4px; }}
QPlainTextEdit:focus {{ border-color: {ACCENT}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {HANDLE}; border-radius: 3px; margin: 2px; min-height: 24px; min-width: 24px; }}
QScrollBar::handle:hover {{ background: {HANDLE_HOVER}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QCheckBox {{ spacing: 8px; }}
QCheckBox::indicator {{ width: 12px; height: 12px; border: 1px solid {HANDLE_HOVER}; border-radius: 3px; }}
QCheckBox::indicator:checked {{ background: {ACCENT}; border-color: {ACCENT}; }}
QHeaderView::section {{ background: {PANEL}; color: {MUTED}; border: none; padding: 4px; }}
QLabel[small="true"], QPushButton[small="true"] {{ font-size: {SMALL_PX}px; }}
QLabel[muted="true"] {{ color: {MUTED}; }}
QLabel[caution="true"] {{ color: {CAUTION}; }}
QLabel[heading="true"] {{ font-weight: 600; }}
QFrame[separator="true"] {{ background: {LINE}; }}
#welcome {{ background: {BACKGROUND}; }}
#toolbar {{ background: {PANEL}; border-bottom: 1px solid {LINE}; }}
#readerBar, #copyBar, #exportedBar, #readingBar, #walkBar, #severalClicks {{ background: {RAISED};
    border-bottom: 1px solid {LINE}; }}
#severalClicks QPushButton[chip="true"] {{ background: {PANEL}; }}
#paneCorner QPushButton {{ background: rgba(12, 14, 17, 190); color: {ON_IMAGE.muted}; border-radius: 4px;
    border: 1px solid rgba(255, 255, 255, 40); padding: 0 6px; font-size: {SMALL_PX}px; }}
#paneCorner QPushButton:hover {{ color: {ON_IMAGE.text}; border-color: {ON_IMAGE.muted}; }}
#paneCorner QPushButton:checked {{ color: {ON_IMAGE.accent}; border-color: {ON_IMAGE.accent}; }}
#paneCorner QLabel[caution="true"] {{ color: {ON_IMAGE.caution}; font-weight: 600; }}
#paneCorner QLabel {{ background: rgba(12, 14, 17, 190); color: {ON_IMAGE.text}; border-radius: 4px;
    padding: 2px 6px; font-size: {SMALL_PX}px; }}
#notice {{ background: rgba(12, 14, 17, 225); color: {ON_IMAGE.text}; border: 1px solid rgba(255, 255, 255, 40);
    border-radius: 5px; padding: 8px 12px; }}
#commandPalette {{ background: {PANEL}; border: 1px solid {LINE}; border-radius: 6px; }}
#messages, #statusLine {{ background: {PANEL}; border-top: 1px solid {LINE}; }}
"""


def _inputs() -> str:
    return f"""
QLineEdit, QKeySequenceEdit QLineEdit {{ background: {BACKGROUND}; border: 1px solid {LINE}; border-radius: 4px;
    padding: 4px 8px; }}
QLineEdit:focus {{ border-color: {ACCENT}; }}
QCheckBox, QRadioButton {{ spacing: 8px; padding: 2px 0; }}
QCheckBox:disabled, QRadioButton:disabled {{ color: {FAINT}; }}
QCheckBox::indicator {{ width: 12px; height: 12px; border: 1px solid {MUTED}; border-radius: 3px; }}
QRadioButton::indicator {{ width: 12px; height: 12px; border: 1px solid {MUTED}; border-radius: 7px; }}
QCheckBox::indicator:checked, QRadioButton::indicator:checked {{ background: {ACCENT}; border-color: {ACCENT}; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{ border-color: {LINE}; }}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border-color: {ACCENT}; }}
QPushButton {{ background: {RAISED}; border: 1px solid {LINE}; border-radius: 4px; padding: 4px 12px; }}
QPushButton:hover {{ border-color: {MUTED}; }}
QPushButton:focus {{ border-color: {ACCENT}; }}
QPushButton:disabled {{ color: {FAINT}; }}
QPushButton[flat="true"] {{ background: transparent; border: none; color: {ACCENT}; padding: 0 4px; }}
QPushButton[flat="true"]:focus {{ text-decoration: underline; }}
QPushButton[chip="true"]:focus {{ border-color: {ACCENT}; }}
QPushButton[flat="true"]:hover {{ text-decoration: underline; }}
QPushButton[chip="true"] {{ background: {RAISED}; border: 1px solid transparent; border-radius: 10px;
    padding: 2px 8px; color: {MUTED}; font-size: {SMALL_PX}px; }}
QPushButton[chip="true"]:checked {{ background: {SELECTED}; color: {ACCENT}; }}
QPushButton[chip="true"]::menu-indicator {{ image: none; width: 0; }}
QPushButton[chip="true"]:hover {{ border-color: {LINE}; }}
QSlider::groove:horizontal {{ background: {LINE}; height: 4px; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {ACCENT}; height: 4px; border-radius: 2px; }}
QSlider::handle:horizontal {{ background: {TEXT}; width: 10px; height: 10px; margin: -3px 0; border-radius: 5px; }}
"""


def family() -> str:
    """Inter where it is installed, else the platform's own sans."""
    for wanted in ("Inter", "SF Pro Text", "Segoe UI"):
        if wanted in QFontDatabase.families():
            return wanted
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()


def font(small: bool = False, bold: bool = False) -> QFont:
    """One font in two sizes and two weights."""
    made = QFont(QApplication.font())
    made.setPixelSize(SMALL_PX if small else NORMAL_PX)
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return made


def start(app: QApplication) -> None:
    """Dress the application as the reader likes it, and follow the system where that is wanted."""
    base = QFont(family())
    base.setPixelSize(NORMAL_PX)
    app.setFont(base)
    dress(app)
    app.styleHints().colorSchemeChanged.connect(lambda _: dress(app) if chosen() is Theme.SYSTEM else None)


def chosen() -> Theme:
    """The reader's choice: dark until another is made, since reading rooms are."""
    kept = str(settings().value("theme", Theme.DARK))
    return Theme(kept) if kept in set(Theme) else Theme.DARK


def choose(theme: Theme) -> None:
    """Change the theme while the program runs, and remember it."""
    settings().setValue("theme", theme.value)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    dress(app)


def dress(app: QApplication) -> None:
    """Give the whole application the colours of the chosen theme; every widget is told by a StyleChange event."""
    wanted = chosen()
    dark = wanted is Theme.DARK or (wanted is Theme.SYSTEM and app.styleHints().colorScheme() != Qt.ColorScheme.Light)
    _take(DARK if dark else LIGHT)
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, PANEL),
        (QPalette.ColorRole.Base, BACKGROUND),
        (QPalette.ColorRole.AlternateBase, PANEL),
        (QPalette.ColorRole.Button, RAISED),
        (QPalette.ColorRole.Text, TEXT),
        (QPalette.ColorRole.WindowText, TEXT),
        (QPalette.ColorRole.ButtonText, TEXT),
        (QPalette.ColorRole.PlaceholderText, MUTED),
        (QPalette.ColorRole.Highlight, ACCENT),
        (QPalette.ColorRole.HighlightedText, BACKGROUND),
        (QPalette.ColorRole.ToolTipBase, RAISED),
        (QPalette.ColorRole.ToolTipText, TEXT),
        (QPalette.ColorRole.Link, ACCENT),
    ):
        palette.setColor(role, QColor(colour))
    app.setPalette(palette)
    app.setStyleSheet(_sheet())


def on_background(colour: QColor) -> QColor:
    """A structure's colour as a line on the background: the pale ones darker where that is white."""
    pale = QColor(BACKGROUND).lightnessF() > 0.5 and colour.lightnessF() > 0.5 and colour.greenF() > 0.7
    return colour.darker(130) if pale else colour


def confidence_colour(confidence: float) -> str:
    """Bad below .4, caution below .6, else good."""
    return BAD if confidence < 0.4 else CAUTION if confidence < 0.6 else GOOD


def lowest_colour(confidence: float) -> str:
    """Of an image's least certain point, which is low in every image: bad below .15, caution below .25, else good.

    On a chest that is an expected error of 14 and 10 mm.
    """
    return BAD if confidence < 0.15 else CAUTION if confidence < 0.25 else GOOD
