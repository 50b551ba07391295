"""DenseSeg Review. A sub-command runs in the terminal, anything else opens the window: ``python main.py --help``."""

from __future__ import annotations

import sys

COMMANDS = ("predict", "propagate", "export", "train", "evaluate", "--help", "-h", "--version")
"""First arguments that are for the terminal; a file or folder of that name is given as ``./predict``."""


def main(arguments: list[str]) -> int:
    """Run the program with these arguments (without its name) and return the exit code."""
    if arguments and arguments[0] in COMMANDS:
        from app.cli import run

        return run(arguments)
    from app.gui.application import launch

    return int(launch(arguments).qt_app.exec())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
