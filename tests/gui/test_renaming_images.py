"""An image gets another name from the worklist's menu; accepted ones are locked, and a name stands for one image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QInputDialog, QMenu


def answer(window, names: Sequence[str | None]) -> list[str]:
    """Type one name after the other into the next dialogs (None: Escape); the list then holds what they showed."""
    shown: list[str] = []
    left = list(names)

    def press() -> None:
        dialog = window.findChild(QInputDialog)
        if dialog is None or not dialog.isVisible():
            QTimer.singleShot(5, window, press)
            return
        shown.append(dialog.textValue())
        name = left.pop(0)
        if left:
            QTimer.singleShot(0, window, press)
        if name is None:
            dialog.reject()
        else:
            dialog.setTextValue(name)
            dialog.accept()

    QTimer.singleShot(0, window, press)
    return shown


def rename(window, name: str) -> Callable[[], None]:
    """The entry of the menu of one row."""
    menu = window.selection_commands.menu(window, [name])
    assert isinstance(menu, QMenu)
    return next(action for action in menu.actions() if action.text() == "Rename…").trigger


def test_a_new_name_stands_in_the_list_and_undo_brings_the_old_one_back(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    window.controller.show_image(second)
    shown = answer(window, ["case 17.png"])
    rename(window, second)()
    assert shown == [second]
    assert session.images == (first, "case 17.png", third)
    assert window.controller.image == "case 17.png"
    assert window.worklist.model.shown == [first, "case 17.png", third]
    assert session.image("case 17.png").path.name == second  # the file keeps its name
    window.actions_["undo"].trigger()
    assert session.images == (first, second, third)
    assert window.controller.image == second


def test_a_taken_name_is_refused_and_asked_again(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    shown = answer(window, [third, "another.png"])
    rename(window, first)()
    assert shown == [first, third]
    assert window.messages.sentences()[-1] == f"There is an image “{third}” already. Choose another name."
    assert session.images == ("another.png", second, third)


def test_escape_leaves_the_name(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    before = session.images
    answer(window, [None])
    window.actions_["renameImage"].trigger()
    assert session.images == before


def test_an_accepted_image_keeps_its_name_and_says_why(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first = session.images[0]
    session.set_review(first, "accepted")
    window.actions_["renameImage"].trigger()
    assert "accepted and locked" in window.messages.sentences()[-1]
    assert window.findChild(QInputDialog) is None
    assert session.images[0] == first
