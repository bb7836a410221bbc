"""Looks at a measure while it runs: intervals that hold however often it has been looked at."""

from workbench.impact.looks.looks import Looks
from workbench.impact.looks.of_panel import looks_at
from workbench.impact.looks.of_series import looks_at_series

__all__ = ["Looks", "looks_at", "looks_at_series"]
