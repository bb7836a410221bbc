"""The command `workbench`: it reads arguments, calls the rooms, and says what came of it.

Exit status: 0 success, 1 a notebook or the site's check failed or there was no room to write,
2 bad input, 75 another run of the study is under way, 130 interrupted (Ctrl-C), 143 told to stop
(SIGTERM).
"""

from __future__ import annotations

# in the order in which help lists the commands
from workbench.cli import studies, running, pages  # isort: skip
from workbench.cli.common import app, settings

__all__ = ["app", "pages", "running", "settings", "studies"]
