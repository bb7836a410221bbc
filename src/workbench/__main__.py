"""The way into the command: signals are taken before anything else is loaded."""

from __future__ import annotations

import sys

from workbench import stopping


def main() -> None:
    """Run the command, and leave with 130 or 143 when it was told to stop."""
    stopping.listen()
    try:
        from workbench.cli import app

        app()
    except BaseException as error:
        status = stopping.status()
        if status is None:
            raise
        if not isinstance(error, SystemExit):
            sys.stderr.write("error: interrupted\n")
        sys.exit(status)


if __name__ == "__main__":
    main()
