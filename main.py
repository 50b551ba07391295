"""DenseSeg Review. A sub-command runs in the terminal, anything else opens the window: ``python main.py --help``."""

from __future__ import annotations

import sys

COMMANDS = ("predict", "propagate", "measure", "export", "import", "train", "evaluate", "compare")
"""First arguments that are for the terminal; a file or folder of that name is given as ``./predict``."""
OPTIONS = ("--help", "-h", "--version")
"""First arguments that the terminal answers as well."""


def main(arguments: list[str]) -> int:
    """Run the program with these arguments (without its name) and return the exit code."""
    if arguments and arguments[0] in COMMANDS + OPTIONS:
        from app.cli.main import run

        return run(arguments)
    from app.gui.shell.arguments import missing_paths

    if missing := missing_paths(arguments, COMMANDS):
        for sentence in missing:
            print(f"Error: {sentence}", file=sys.stderr)  # noqa: T201 (there is no window to tell it)
        return 2
    from app.engine.child import start_early

    start_early()  # it imports beside the window, and the first image does not wait for it
    from app.gui.application import run as run_window

    return run_window(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
