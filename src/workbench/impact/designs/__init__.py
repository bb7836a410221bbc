"""The designs by which a measure can be judged: a folder a family, a file a design."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from workbench.impact.designs.design import Design


@cache
def known_designs() -> dict[str, Design[Any]]:
    """Every design by its name, in the order in which they are preferred.

    They are found in the files of this folder: one that is new needs no other line than its own.
    """
    designs: dict[str, Design[Any]] = {}
    for module in walk_packages(__path__, f"{__name__}."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, Design) and designs.setdefault(value.name, value) is not value:
                raise TypeError(f"two designs are called {value.name!r}; rename one")
    last = len(designs)
    ordered = sorted(designs.values(), key=lambda d: (last if d.rank is None else d.rank, d.name))
    return {design.name: design for design in ordered}


__all__ = ["Design", "known_designs"]
