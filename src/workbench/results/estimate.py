"""A number with what is known of it: its interval, its p-value, what it is an estimate of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, asdict, dataclass, replace
from datetime import date
from math import isfinite
from typing import Any, Literal, TypeAlias

import pandas as pd

Kind: TypeAlias = Literal["number", "percent", "points", "money", "date"]
Of: TypeAlias = Literal["expectation", "forecast"]


@dataclass(frozen=True)
class Estimate:
    """An estimate and the limits between which its target lies with the given confidence.

    Attributes
    ----------
    value, low, high : float
        `low` and `high` are NaN where the data allow no interval (one value, say).
    n : float
        Values, answers or pairs behind it.
    level : float
        Confidence, .95 unless asked otherwise.
    p : float
        Probability of a value as far from "no effect" by chance alone; NaN where none was tested.
        Corrected for the number of tests where the result that gives it says so.
    kind : {"number", "percent", "points", "money", "date"}
        How it is written. A percentage is kept as a share, .63 for 63 %; a date as its ordinal
        (`of_day` makes it, `day` gives it back).
    unit : str
        Unit, or the ISO 4217 code of an amount. Points with the unit ``%`` are percentage points:
        a difference of shares, kept as such (.032 for 3.2 percentage points).
    digits : int, optional
        Decimals to write; from the interval's width when left out.
    signed : bool
        Whether a plus sign is written, as changes need.
    of : {"expectation", "forecast"}
        Whether the interval is for an expected value or for what will be seen.
    label : str
        English words for it, looked up in the catalogs when shown.
    better : {"up", "down"} or None
        Which direction is good.
    fact : str
        Names the fact: estimand, estimator, population and period, with dots between them
        (``contracts.kept_1y.observed``). Two numbers of one name are one fact, and must agree
        wherever they are shown.

    Examples
    --------
    >>> from workbench.results import Estimate
    >>> share = Estimate(0.63, 0.60, 0.66, n=1200, kind="percent", label="Buyers still active")
    >>> 0.65 in share, share.known
    (True, True)
    >>> share.scaled(100).row()
    {'n': 1200, 'estimate': 63.0, 'low': 60.0, 'high': 66.0}
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")
    n: float = float("nan")
    level: float = 0.95
    _: KW_ONLY
    p: float = float("nan")
    kind: Kind = "number"
    unit: str = ""
    of: Of = "expectation"
    label: str = ""
    better: Literal["up", "down"] | None = None
    fact: str = ""
    digits: int | None = None
    signed: bool = False

    def __post_init__(self) -> None:
        for name in ("value", "low", "high", "n", "level", "p"):
            number = getattr(self, name)
            if hasattr(number, "item"):  # NumPy's numbers cannot be stored as JSON
                object.__setattr__(self, name, number.item())

    def __iter__(self) -> Iterator[float]:
        return iter((self.value, self.low, self.high))

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @classmethod
    def of_day(cls, day: date | None, label: str = "", **about: Any) -> Estimate:
        """Keep a day among the headline numbers; None where it is not known."""
        ordinal = float("nan") if day is None else float(day.toordinal())
        return cls(ordinal, kind="date", label=label, **about)

    @classmethod
    def of_row(cls, row: Any, name: str, **about: Any) -> Estimate:
        """Return what a row of a table says: the column `name`, its `_low` and `_high`, and `n`."""
        value, low, high = (float(row[name + end]) for end in ("", "_low", "_high"))
        return cls(value, low, high, float(row["n"]), **about)

    @property
    def day(self) -> date | None:
        """The day that a date stands for; None for numbers, and where it is not known."""
        if self.kind != "date" or not isfinite(self.value):
            return None
        return date.fromordinal(int(self.value))

    @property
    def known(self) -> bool:
        """Whether it has an interval."""
        return isfinite(self.low) and isfinite(self.high)

    @property
    def point(self) -> Estimate:
        """The number without its interval, for a heading: written with the same digits."""
        from workbench.languages.numbers import as_value

        if not self.known:
            return self
        shown = as_value(self)
        digits = self.digits if shown is None or shown.x is None else shown.decimals()
        return replace(self, low=float("nan"), high=float("nan"), digits=digits)

    def row(self) -> dict[str, float]:
        """Return the columns that every table of the workbench uses."""
        return {"n": self.n, "estimate": self.value, "low": self.low, "high": self.high}

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate in another unit (percent, a whole base instead of a mean)."""
        low, high = sorted((self.low * factor, self.high * factor))
        return replace(self, value=self.value * factor, low=low, high=high)

    def named(self, label: str = "", **about: Any) -> Estimate:
        """Return the same number with words for it and what else is known: kind, unit, fact."""
        return replace(self, label=label or self.label, **about)

    def to_json(self) -> dict[str, Any]:
        """Give what is needed to restore it; numbers that are not finite become None."""
        return {
            name: None if isinstance(value, float) and not isfinite(value) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Estimate:
        """Restore what `to_json` gave."""
        numbers = ("value", "low", "high", "n", "level", "p")
        nan = float("nan")
        known: dict[str, Any] = dict(stored)
        known.update({name: nan for name in numbers if known.get(name) is None})
        return cls(**known)


def named_estimates(
    table: pd.DataFrame,
    name: str,
    *,
    estimate: str = "estimate",
    low: str = "",
    high: str = "",
    n: str = "n",
    prefix: str = "",
    **about: Any,
) -> dict[str, Estimate]:
    """Return the rows of a table as named estimates, for a result's ``estimates()``.

    Parameters
    ----------
    table : DataFrame
        One row an estimate.
    name : str
        Column of its name, which is its label too.
    estimate, low, high, n : str
        Columns of the value, the ends of its interval (`x_low` and `x_high` for a value `x` where
        the table has them, else `low` and `high`) and the number of answers behind it, as far as
        it is there.
    prefix : str
        Comes before each name.
    **about
        What else is known of all of them: kind, better, signed, level, ...
    """
    stem = f"{estimate}_" if f"{estimate}_low" in table else ""
    ends = [low or f"{stem}low", high or f"{stem}high"]
    numbers = table[[estimate, *ends]].to_numpy(dtype=float).tolist()
    behind = table[n].to_numpy(dtype=float).tolist() if n in table else [float("nan")] * len(table)
    return {
        f"{prefix}{key}": Estimate(value, least, most, people, **{"label": str(key), **about})
        for key, (value, least, most), people in zip(table[name], numbers, behind, strict=True)
    }


def directed(change: Estimate) -> tuple[str, Estimate]:
    """Tell which way a change went, and how far: a sentence says "rose by 7", not "changed by +7".

    Returns
    -------
    str
        ``rose`` or ``fell``; ``open`` where the interval holds no change.
    Estimate
        Its size, without a sign where the direction is told.
    """
    if change.low > 0 or (not change.known and change.value > 0):
        return "rose", change.named(signed=False)
    if change.high < 0 or (not change.known and change.value < 0):
        return "fell", change.scaled(-1.0).named(signed=False, fact="")
    return "open", change
