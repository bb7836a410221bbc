"""Customer-management studies, from data to a published report.

``import workbench as wb`` is the only plumbing a notebook needs. The names below are looked up
when they are first used, so that the import itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.notebook import Run, open_run
    from workbench.reporting import (
        callout,
        code,
        day,
        heading,
        headlines,
        money,
        num,
        pct,
        personas,
        points,
        say,
        show,
        tell,
    )

__all__ = [
    "Run",
    "callout",
    "code",
    "day",
    "heading",
    "headlines",
    "money",
    "num",
    "open_run",
    "pct",
    "personas",
    "points",
    "say",
    "show",
    "tell",
]

_HOME = dict.fromkeys(__all__, "workbench.reporting") | {
    "Run": "workbench.notebook",
    "open_run": "workbench.notebook",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
