"""What every grouping that comes with a verdict can say of it."""

from __future__ import annotations

from workbench.results.estimate import Estimate
from workbench.stats.sentences import filled


class WithVerdict:
    """A result with a verdict: a sentence with named placeholders, and the numbers in it."""

    message: str
    values: dict[str, float]

    @property
    def text(self) -> str:
        """The verdict in English, with its numbers."""
        return filled(self.message, self.values)

    def metrics(self) -> dict[str, Estimate]:
        """Evidence behind the verdict."""
        nan = float("nan")
        return {name: Estimate(value, nan, nan) for name, value in self.values.items()}
