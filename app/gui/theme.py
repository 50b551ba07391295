"""The one palette, the one font, and the style sheet made of them (design 10)."""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

BACKGROUND = "#15171a"
PANEL = "#1c1f23"
RAISED = "#24282d"
LINE = "#30353b"
TEXT = "#d9dde2"
MUTED = "#8b949e"
ACCENT = "#4ea1ff"
GOOD = "#3fb68b"
CAUTION = "#e0a33a"
BAD = "#e5604d"
SELECTED = "#22303f"
"""Accent over panel, for the chosen row and the pressed button."""

NORMAL_PX = 13
SMALL_PX = 12
STEP = 4
"""Spacing comes in steps of this many pixels."""

_SHEET = f"""
* {{ outline: none; }}
QMainWindow, QDialog, QMenu, QMessageBox {{ background: {PANEL}; color: {TEXT}; }}
QWidget {{ color: {TEXT}; selection-background-color: {ACCENT}; selection-color: {BACKGROUND}; }}
QMenuBar {{ background: {PANEL}; padding: 2px 8px; border-bottom: 1px solid {LINE}; }}
QMenuBar::item {{ background: transparent; padding: 4px 12px; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {RAISED}; }}
QMenu {{ border: 1px solid {LINE}; padding: 4px; }}
QMenu::item {{ padding: 4px 28px 4px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {SELECTED}; }}
QMenu::item:disabled {{ color: #5c646d; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 8px; }}
QMenu::indicator {{ width: 12px; height: 12px; margin-left: 8px; }}
QMenu::indicator:checked {{ background: {ACCENT}; border-radius: 3px; }}
QMenu::indicator:unchecked {{ border: 1px solid {LINE}; border-radius: 3px; width: 10px; height: 10px; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; padding: 4px 8px; }}
QSplitter::handle {{ background: {LINE}; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QSplitter::handle:vertical {{ height: 1px; }}
QLineEdit, QKeySequenceEdit QLineEdit {{ background: {BACKGROUND}; border: 1px solid {LINE}; border-radius: 4px;
    padding: 4px 8px; }}
QLineEdit:focus {{ border-color: {ACCENT}; }}
QAbstractScrollArea {{ background: {PANEL}; border: none; }}
QPushButton {{ background: {RAISED}; border: 1px solid {LINE}; border-radius: 4px; padding: 4px 12px; }}
QPushButton:hover {{ border-color: {MUTED}; }}
QPushButton:focus {{ border-color: {ACCENT}; }}
QPushButton:disabled {{ color: #5c646d; }}
QPushButton[flat="true"] {{ background: transparent; border: none; color: {ACCENT}; padding: 0 4px; }}
QPushButton[flat="true"]:hover {{ text-decoration: underline; }}
QPushButton[chip="true"] {{ background: {RAISED}; border: 1px solid transparent; border-radius: 10px;
    padding: 2px 8px; color: {MUTED}; font-size: {SMALL_PX}px; }}
QPushButton[chip="true"]:checked {{ background: {SELECTED}; color: {ACCENT}; }}
QPushButton[chip="true"]:hover {{ border-color: {LINE}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: #3a4048; border-radius: 3px; margin: 2px; min-height: 24px; min-width: 24px; }}
QScrollBar::handle:hover {{ background: #515963; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QSlider::groove:horizontal {{ background: {LINE}; height: 4px; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {ACCENT}; height: 4px; border-radius: 2px; }}
QSlider::handle:horizontal {{ background: {TEXT}; width: 10px; height: 10px; margin: -3px 0; border-radius: 5px; }}
QHeaderView::section {{ background: {PANEL}; color: {MUTED}; border: none; padding: 4px; }}
QLabel[small="true"], QPushButton[small="true"] {{ font-size: {SMALL_PX}px; }}
QLabel[muted="true"] {{ color: {MUTED}; }}
QLabel[heading="true"] {{ font-weight: 600; }}
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


def apply(app: QApplication) -> None:
    """Dress the whole application."""
    app.setStyle("Fusion")
    base = QFont(family())
    base.setPixelSize(NORMAL_PX)
    app.setFont(base)
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
    app.setStyleSheet(_SHEET)


def confidence_colour(confidence: float) -> str:
    """Bad below .4, caution below .6, else good."""
    return BAD if confidence < 0.4 else CAUTION if confidence < 0.6 else GOOD
