"""Where the Chinese font lies that figures and pages use on machines without one."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

_PACKAGE, _FILE = "zhplot", "fonts/NotoSansSC-Regular.ttf"


@cache
def han_font() -> Path | None:
    """Find Noto Sans SC (SIL Open Font License 1.1); None where its package is missing.

    The package that carries the file is not imported, because that would change matplotlib's
    settings.
    """
    spec = find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _FILE
        if path.is_file():
            return path
    return None
