"""The main story without a display: opens the samples off-screen and leaves pictures of the window in a folder."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.gui.application import App
    from app.gui.shell.main_window import MainWindow
    from app.project.session import Session

PATIENCE_SECONDS = 120.0


def _wait(app: App, done: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        app.qt_app.processEvents()
        time.sleep(0.005)
    return done()


def tour(out: Path) -> int:
    """Open the samples, predict them, place landmarks, correct one, export; returns the exit code."""
    from app.gui.application import launch
    from app.gui.shell.projects import SAMPLES
    from app.gui.state.view_state import MaskStyle

    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        app = launch([str(SAMPLES), "--project", str(Path(folder) / "tour.dsr")])
        window = app.window
        window.reader_bar.hide()
        _wait(app, lambda: False, 0.2)
        window.grab().save(str(out / "1-opened.png"))
        _wait(app, lambda: not window.predicting.running)
        session = window.controller.session
        complete = session is not None and all(session.image(n).status == "predicted" for n in session.images)
        if session is not None and complete:
            _place(window, session)
            _wait(app, lambda: bool(window.image_view.grey.picture and not window.image_view.grey.picture.coarse), 20)
            _wait(app, lambda: False, 0.5)
            window.grab().save(str(out / "2-landmarks.png"))
            window.controller.set_look(masks=MaskStyle.FILL, uv=False)
            window.show_look()
            _wait(app, lambda: False, 0.2)
            window.grab().save(str(out / "3-masks.png"))
            window.exporting.start(["csv"], out, "all")
            _wait(app, lambda: not window.exporting.running)
        sentences = window.messages.sentences()
        window.close()
    sys.stdout.write("\n".join([*sentences, f"Pictures of the window are in {out}."]) + "\n")
    return 0 if complete else 1


def _place(window: MainWindow, session: Session) -> None:
    """Two landmarks, one corrected, one image accepted."""
    window.controller.do(session.define_landmark, "Right lateral chest wall", "right_lung", (-0.85, 0.1))
    window.controller.do(session.define_landmark, "Heart apex", "heart", (0.8, 0.6))
    window.controller.choose_landmark("Heart apex")
    first, second = session.images[:2]
    x, y = session.placements("Heart apex").xy[0]
    window.controller.do(session.move_placement, first, "Heart apex", (float(x) + 6, float(y) + 4))
    window.controller.do(session.set_review, second, "accepted")


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    kept = tempfile.mkdtemp(prefix="denseseg-tour-")
    os.environ.setdefault("DENSESEG_SETTINGS", str(Path(kept) / "settings.ini"))
    sys.exit(tour(Path(sys.argv[1] if len(sys.argv) > 1 else "out")))
