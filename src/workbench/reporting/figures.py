"""Figures: drawn once a language in the house's theme, as SVG that can turn dark."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(thing: Callable[..., Any], language: str) -> Figure:
    """Draw with a callable that takes ``ax``."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "workbench", "svg.fonttype": "path"}):
        figure = Figure(figsize=(7.2, 4.0), layout="constrained")
        thing(ax=figure.subplots())
    return figure


def svg(figure: Figure) -> str:
    """A figure as SVG text, the same to the byte for the same picture."""
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "workbench", "svg.fonttype": "path"}):
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return out.getvalue()
