"""Who the customers of a segment are: attributes by segment, with small cells withheld.

How strongly the two go together is measured by `workbench.segments.profiles.associations`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Estimate, Picture, Result, labelled
from workbench.segments.profiles.profile import coded, readable
from workbench.stats.association import cramers_v
from workbench.stats.disclosure import Sums, rule_of, withhold
from workbench.stats.intervals import wilson
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class AttributeProfile(Result):
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

    def estimates(self) -> dict[str, Estimate]:
        """Strength of the association."""
        return {"cramers_v": self.cramers_v.named("Cramér's V")}

    def wide(self) -> pd.DataFrame:
        """Shares with one row a level and one column a segment; withheld ones are missing."""
        # withheld shares are missing, and a mean of nothing stays missing
        wide = self.table.pivot_table(
            index="level", columns="segment", values="share", dropna=False, observed=False
        )
        return wide.loc[self.table["level"].unique(), self.table["segment"].unique()]

    def picture(self) -> Picture:
        """Draw the cross-tab."""
        return Picture(
            self.plot,
            "{attribute} by segment",
            "Share of the customers of each level; Cramér's V {v}",
            self.table,
            {"attribute": readable(self.attribute), "v": replace(self.cramers_v, digits=2)},
            height=4.2,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the cross-tab: one row a level, one column a segment, tinted by the share."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        wide = self.wide()
        shares = wide.to_numpy(dtype=float)
        # twice the largest share, so that the number can be read on the strongest tint
        top = 2 * float(np.nanmax(shares)) if not np.isnan(shares).all() else 1.0
        ax.imshow(shares, cmap="Blues", vmin=0, vmax=top, aspect="auto", alpha=0.7)
        for i, j in np.ndindex(*shares.shape):
            told = "–" if np.isnan(shares[i, j]) else say.percent(float(shares[i, j]), 0)
            ax.text(j, i, told, ha="center", va="center", fontsize=8)
        names = [say.name(segment) for segment in wide.columns]
        ax.set_xticks(range(wide.shape[1]), names, rotation=40, ha="right")
        ax.set_yticks(range(wide.shape[0]), [say.name(level) for level in wide.index])
        ax.grid(visible=False)
        return ax


def by_attribute(
    segment: pd.Series | ArrayLike,
    attribute: pd.Series,
    *,
    min_cell: CellRule | int = 5,
    order: list[str] | None = None,
    levels: int = 12,
) -> AttributeProfile:
    """Distribute each level of a customer attribute over the segments.

    Parameters
    ----------
    segment, attribute : shape (n,)
        One row a customer.
    min_cell : CellRule or int
        Fewest customers a cell may show.
    order : list of str, optional
        Order of the segments; those that it does not name, as an earlier edition may have told
        some, come after it.
    levels : int
        The most frequent levels shown; the others share the level "other".
    """
    if order is not None:
        order = [*order, *sorted(set(pd.Series(segment).dropna().astype(str)) - set(order))]
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
    rule, at = rule_of(min_cell), np.arange(counts.size).reshape(counts.shape)
    hidden = withhold(Sums.counted(counts), rule, [*at, *at.T]).cells.reshape(counts.shape)
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
        labelled(
            pd.DataFrame(rows),
            level="Level",
            segment="Segment",
            n="Customers",
            share=("Share of the level", "percent"),
        ),
        str(attribute.name),
        link.v,
        link.p_value,
        int((~known).sum()),
        rule.min_cell,
    )


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
    for what, frame in (("scored customers have", scored), ("the customers have", customers)):
        require_columns(frame, ["customer_id"], what)
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
    people: pd.DataFrame, *, leave_out: Sequence[str] = (), levels: int = 12, least: int = 0
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
    least : int
        Fewest customers of whose answers anything is to be made.

    Returns
    -------
    DataFrame
        Columns with two to `levels` levels that at least half of the customers have given.

    Raises
    ------
    DataError
        There are fewer customers.
    """
    if len(people) < least:
        raise DataError(
            f"there are {len(people)} customers, and {least} are asked for",
            remedy="wait for more, or ask for fewer",
        )
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
