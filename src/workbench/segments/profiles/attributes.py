"""Who the customers of a segment are: attributes by segment, with small cells withheld.

How strongly the two go together is measured by `workbench.segments.profiles.associations`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.results.estimate import Estimate, named_estimates
from workbench.segments.profiles.associations import cramers_v
from workbench.segments.profiles.profile import coded
from workbench.stats.intervals import wilson
from workbench.stats.multiplicity import holm

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class AttributeProfile:
    """How an attribute is distributed over segments.

    Attributes
    ----------
    table : DataFrame
        One row a level of the attribute and a segment: level, segment, n (missing where
        withheld), share, low, high (of the level's customers, Wilson), withheld (bool).
    attribute : str
    cramers_v : Estimate
        Strength of the association, 0 to 1, corrected for bias.
    p_value : float
        Of independence (chi-squared).
    unknown : int
        Customers whose attribute is not known; left out.
    min_cell : int
        Cells with fewer customers are withheld, and others with them where the difference
        would give them away.
    """

    table: pd.DataFrame
    attribute: str
    cramers_v: Estimate
    p_value: float
    unknown: int
    min_cell: int

    def metrics(self) -> dict[str, Estimate]:
        """Strength of the association."""
        return {"cramers_v": self.cramers_v}

    def wide(self) -> pd.DataFrame:
        """Shares with one row a level and one column a segment; withheld ones are missing."""
        # withheld shares are missing, and a mean of nothing stays missing
        wide = self.table.pivot_table(
            index="level", columns="segment", values="share", dropna=False, observed=False
        )
        return wide.loc[self.table["level"].unique(), self.table["segment"].unique()]

    def plot_map(self, ax: Axes | None = None) -> Axes:
        """Draw the cross-tab: one row a level, one column a segment, tinted by the share."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        wide = self.wide()
        shares = wide.to_numpy(dtype=float)
        # twice the largest share, so that the number can be read on the strongest tint
        top = 2 * float(np.nanmax(shares)) if not np.isnan(shares).all() else 1.0
        ax.imshow(shares, cmap="Blues", vmin=0, vmax=top, aspect="auto", alpha=0.7)
        for i, j in np.ndindex(*shares.shape):
            told = "–" if np.isnan(shares[i, j]) else f"{shares[i, j]:.0%}"
            ax.text(j, i, told, ha="center", va="center", fontsize=8)
        ax.set_xticks(range(wide.shape[1]), [str(c) for c in wide.columns], rotation=40, ha="right")
        ax.set_yticks(range(wide.shape[0]), [str(level) for level in wide.index])
        ax.grid(visible=False)
        return ax

    def plot(self, ax: Axes | None = None, *, segment: str | None = None) -> Axes:
        """Dots with intervals: share of one segment (the largest by default) by level."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        ax = plt.gca() if ax is None else ax
        sizes = self.table.groupby("segment", sort=False, observed=True)["n"].sum()
        chosen = sizes.idxmax() if segment is None else segment
        t = self.table[(self.table["segment"] == chosen) & ~self.table["withheld"]].iloc[::-1]
        at = np.arange(len(t))
        ax.errorbar(t["share"], at, xerr=[t["share"] - t["low"], t["high"] - t["share"]], fmt="o")
        ax.set_yticks(at, t["level"].astype(str))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlim(left=0)
        return ax


def by_attribute(
    segment: pd.Series | ArrayLike,
    attribute: pd.Series,
    *,
    min_cell: int = 5,
    order: list[str] | None = None,
    levels: int = 12,
) -> AttributeProfile:
    """Distribute each level of a customer attribute over the segments.

    Parameters
    ----------
    segment, attribute : shape (n,)
        One row a customer.
    min_cell : int
        Fewest customers a cell may show.
    order : list of str, optional
        Order of the segments.
    levels : int
        The most frequent levels shown; the others share the level "other".
    """
    names, codes = coded(segment, order)
    if len(attribute) != codes.size:
        raise DataError(
            f"{codes.size} segments for {len(attribute)} attributes",
            remedy="give one row a customer",
        )
    column = attribute.reset_index(drop=True)
    known = column.notna().to_numpy()
    if not known.any():
        raise DataError(
            f"attribute {attribute.name!r} is empty", remedy="choose one that is filled"
        )
    text = column[known].astype(str)
    frequent = text.value_counts().index[:levels]
    text = text.where(text.isin(frequent), "other")
    level_names = level_order([str(level) for level in text.unique()])
    level_codes = np.asarray(pd.Categorical(text, categories=level_names).codes)
    counts = np.zeros((len(level_names), len(names)))
    np.add.at(counts, (level_codes, codes[known]), 1)
    link = cramers_v(counts)
    hidden = _withhold(counts, min_cell)
    whole = counts.sum(axis=1)
    rows = []
    for i, level in enumerate(level_names):
        low, high = wilson(counts[i], whole[i])
        for j, name in enumerate(names):
            away = bool(hidden[i, j])
            rows.append(
                {
                    "level": level,
                    "segment": name,
                    "n": np.nan if away else counts[i, j],
                    "share": np.nan if away else counts[i, j] / whole[i],
                    "low": np.nan if away else low[j],
                    "high": np.nan if away else high[j],
                    "withheld": away,
                }
            )
    return AttributeProfile(
        pd.DataFrame(rows),
        str(attribute.name),
        link.v,
        link.p_value,
        int((~known).sum()),
        min_cell,
    )


@dataclass(frozen=True)
class Associations:
    """Which attributes go with the segments, the strongest first.

    Attributes
    ----------
    table : DataFrame
        One row an attribute: attribute (in words), column, n (customers whose attribute is
        known), levels, cramers_v, low, high, p (chi-squared, Holm over the attributes).
    """

    table: pd.DataFrame

    def metrics(self) -> dict[str, Estimate]:
        """Strength of each association."""
        return named_estimates(self.table, "attribute", estimate="cramers_v")

    @property
    def strongest(self) -> str | None:
        """Column with the strongest association that chance does not explain, if any."""
        found = self.table[self.table["p"] < 0.05]
        return None if found.empty else str(found["column"].iloc[0])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Dots with intervals, one an attribute."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        at = np.arange(len(t))
        v = t["cramers_v"]
        ax.errorbar(v, at, xerr=[v - t["low"], t["high"] - v], fmt="o")
        ax.set_yticks(at, t["attribute"].astype(str))
        ax.set_xlim(left=0)
        ax.set_xlabel("Strength of association (Cramér's V, 0 to 1)")
        return ax


def associations(
    segment: pd.Series | ArrayLike,
    attributes: pd.DataFrame,
    *,
    skip: Sequence[str] = ("customer_id",),
    levels: int = 30,
) -> Associations:
    """Measure how strongly each attribute goes with the segments.

    Parameters
    ----------
    segment : shape (n,)
    attributes : DataFrame, shape (n, k)
        Columns with one value, dates, or more than `levels` values are left out.
    """
    names, codes = coded(segment, None)
    rows = []
    for column in attributes.columns:
        values = attributes[column].reset_index(drop=True)
        known = values.notna().to_numpy()
        found = values[known].nunique()
        if column in skip or not 2 <= found <= levels or values.dtype.kind == "M":
            continue
        level_codes, level_names = pd.factorize(values[known].astype(str))
        counts = np.zeros((len(level_names), len(names)))
        np.add.at(counts, (level_codes, codes[known]), 1)
        link = cramers_v(counts)
        strength = (link.v.value, link.v.low, link.v.high, link.p_value)
        rows.append((readable(str(column)), str(column), int(counts.sum()), int(found), *strength))
    columns = ["attribute", "column", "n", "levels", "cramers_v", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table["p"] = holm(table["p"].to_numpy()) if len(table) else table["p"]
    return Associations(
        table.sort_values("cramers_v", ascending=False, kind="stable", ignore_index=True)
    )


def readable(name: str) -> str:
    """Turn the name of a column into words: ``income_band`` into "Income band"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def level_order(levels: Sequence[str]) -> list[str]:
    """Sort levels as a reader expects: by the number they begin with, else by the alphabet.

    "below 5k", "5k-10k", "10k-20k", "above 20k".
    """

    def key(level: str) -> tuple[float, int, str]:
        found = re.search(r"(\d+(?:\.\d+)?)\s*(k|m)?", level, flags=re.IGNORECASE)
        if found is None:
            return (math.inf, 0, level)
        size = float(found[1]) * {"k": 1e3, "m": 1e6}.get((found[2] or "").lower(), 1.0)
        before = level[: found.start()].strip().lower()
        side = {"below": -1, "under": -1, "<": -1, "above": 1, "over": 1, ">": 1}.get(before, 0)
        return (size, side, level)

    return sorted(levels, key=key)


def join_attributes(
    scored: pd.DataFrame, customers: pd.DataFrame, *, as_of: object
) -> pd.DataFrame:
    """Put the attributes of customers beside their segment; years of birth become bands of age.

    Parameters
    ----------
    scored, customers : DataFrame
        Both with customer_id; the customers may lack some, whose attributes are then missing.
    as_of : date
    """
    for name, frame in (("scored customers", scored), ("customers", customers)):
        if "customer_id" not in frame:
            raise DataError("there is no column customer_id", where=name, remedy="keep it")
    if customers["customer_id"].duplicated().any():
        twice = customers.loc[customers["customer_id"].duplicated(), "customer_id"].iloc[0]
        raise DataError(
            f"customer {twice} is listed twice", where="customers", remedy="keep one row each"
        )
    people = customers.drop(columns=[c for c in scored if c in customers and c != "customer_id"])
    if "birth_year" in people:
        people = people.assign(age=age_band(people["birth_year"], as_of)).drop(columns="birth_year")
    return scored.merge(people, on="customer_id", how="left")


def answers_of(
    people: pd.DataFrame, *, leave_out: Sequence[str] = (), levels: int = 12
) -> pd.DataFrame:
    """Pick the columns that are answers about a person: few levels, known for most.

    Parameters
    ----------
    people : DataFrame
        One row a customer.
    leave_out : sequence of str
        Columns that are none, such as where people live or how they were scored.
    levels : int
        Most levels of an answer.

    Returns
    -------
    DataFrame
        Columns with two to `levels` levels that at least half of the customers have given.
    """
    kept = [
        name
        for name in people.columns
        if name not in {"customer_id", *leave_out}
        and people[name].dtype.kind != "M"
        and 2 <= people[name].nunique() <= levels
        and people[name].notna().mean() >= 0.5
    ]
    return people[kept]


def age_band(birth_year: pd.Series, as_of: object, *, width: int = 10) -> pd.Series:
    """Turn years of birth into bands of age: "30-39".

    Parameters
    ----------
    birth_year : Series
        Missing ones, and ages outside 10 to 110, stay missing.
    as_of : date
    """
    age = pd.Timestamp(as_of).year - pd.to_numeric(birth_year, errors="coerce")  # type: ignore[arg-type]
    age = age.where((age >= 10) & (age <= 110))
    lower = age // width * width
    text = lower.map(lambda a: f"{int(a)}-{int(a) + width - 1}", na_action="ignore")
    return text.rename("age")


def _withhold(counts: Array, min_cell: int) -> NDArray[np.bool_]:
    """Find small cells, and others until none follows from the total of a row or column."""
    hidden = (counts > 0) & (counts < min_cell)
    for _ in range(counts.size):
        lonely = [(0, i) for i in np.flatnonzero(hidden.sum(axis=1) == 1)]
        lonely += [(1, j) for j in np.flatnonzero(hidden.sum(axis=0) == 1)]
        changed = False
        for axis, at in lonely:
            line = counts[at] if axis == 0 else counts[:, at]
            mask = hidden[at] if axis == 0 else hidden[:, at]
            open_cells = np.flatnonzero(~mask)
            if mask.sum() == 1 and open_cells.size:
                # the smallest cell gives away least; an empty one would hide nothing
                filled = open_cells[line[open_cells] > 0]
                pick = filled if filled.size else open_cells
                mask[pick[np.argmin(line[pick])]] = True
                changed = True
        if not changed:
            break
    return hidden
