"""Rejecting one structure with a reason: from the menu, into worklist and image, locked by acceptance."""

from __future__ import annotations

from PySide6.QtCore import Qt

from app.core.landmark import ReviewState
from app.gui.template.structure_review import StructureReviewDialog


def dialog_of(app) -> StructureReviewDialog:
    app.window.actions_["rejectStructure"].trigger()
    return app.window.findChild(StructureReviewDialog, "structureReviewDialog")


def test_a_structure_is_rejected_and_taken_back(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first = session.images[0]
    window.controller.choose_structure("heart")
    dialog = dialog_of(app)
    assert dialog.structure.currentText() == "Heart"
    assert not dialog.take_back.isVisible()
    qtbot.keyClicks(dialog.reason, "mask leaks")
    qtbot.keyClick(dialog.reason, Qt.Key.Key_Return)
    (said,) = session.image(first).structures
    assert (said.structure, said.state, said.note) == ("heart", ReviewState.REJECTED, "mask leaks")
    assert window.worklist.model.row(first).words.endswith("heart rejected")
    assert window.structures.remark("heart")[0] == "rejected"
    assert window.worklist.model.standing(first).flagged
    assert "Heart rejected: mask leaks" in [line[0] for line in window.image_view.texts._top_left()]
    qtbot.waitUntil(lambda: window.findChild(StructureReviewDialog, "structureReviewDialog") is None)
    dialog = dialog_of(app)
    assert dialog.reason.text() == "mask leaks"
    qtbot.mouseClick(dialog.take_back, Qt.MouseButton.LeftButton)
    assert session.image(first).structures == ()
    window.actions_["undo"].trigger()
    assert session.image(first).structures == (said,)


def test_an_accepted_image_refuses_in_a_sentence(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    session.set_review(session.images[0], "accepted")
    dialog = dialog_of(app)
    qtbot.mouseClick(dialog.reject_it, Qt.MouseButton.LeftButton)
    assert "accepted and locked" in window.messages.sentences()[-1]
    assert dialog.isVisible()
    dialog.reject()
