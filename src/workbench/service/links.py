"""What service goes together with later on: satisfaction, purchases and leaving.

Who was served badly and who was served well are not alike otherwise, so that nothing here says
what a better service would bring; a random change of service, judged as a case, would.

References
----------
Newcombe (1998), Statistics in Medicine 17, 873-890; Holm (1979), Scandinavian Journal of Statistics
6, 65-70.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import rule_of
from workbench.stats.intervals import equal_shares, proportion_difference
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fewest customers on either side of a comparison.
FEWEST: Final = 20
#: What may have befallen a customer.
BEFELL: Final[Mapping[str, str]] = {
    "late": "Waited longer than promised",
    "unresolved": "A contact was not resolved",
    "again": "Had to come back",
    "error": "Met with a mistake of ours",
}
#: What is looked at afterwards.
LATER: Final[Mapping[str, str]] = {
    "stopped": "Bought nothing afterwards",
    "left": "Ended the contract",
    "satisfied": "Satisfied afterwards",
}
_WORSE: Final = {"stopped": 1, "left": 1, "satisfied": -1}

GOES: Final[Mapping[str, str]] = {
    "stopped": (
        "{befell}: {with_} of these customers bought nothing in the {days} days after, against"
        " {without} of the others who had a contact"
    ),
    "left": (
        "{befell}: {with_} of these customers ended their contract in the {days} days after,"
        " against {without} of the others who had a contact"
    ),
    "satisfied": (
        "{befell}: {with_} of these customers were satisfied when they were asked afterwards,"
        " against {without} of the others who had a contact"
    ),
}
NO_LINK: Final = (
    "Between how customers were served and what they did in the {days} days after no link was shown"
)
NO_PROOF: Final = (
    "This is a link, not an effect: those served badly may differ in other ways. A change of"
    " service for a random half would tell, judged as a case"
)
DRAW: Final = "Choose at random where service is changed first, and judge it as a case"


@dataclass(frozen=True)
class ServiceLinks(Result):
    """How customers were served, beside what they did later.

    Attributes
    ----------
    table : DataFrame
        One row a comparison: befell, later, n (customers whom it befell), others (who had a contact
        and were spared), with_ and without (shares), gap with `_low`, `_high`, p (Holm).
    days : int
        Length of the time of service, and of that afterwards.
    """

    table: pd.DataFrame
    days: int

    def estimates(self) -> dict[str, Estimate]:
        """Differences, by what befell customers and what they did."""
        return {
            f"{row['befell_key']}.{row['later_key']}": Estimate.of_row(
                row, "gap", kind="points", unit="%"
            ).named(str(row["befell"]))
            for _, row in self.table.iterrows()
        }

    def findings(self) -> list[Finding]:
        """Name the links that are worse than chance allows, and say that they are no effects."""
        t = self.table
        worse = t["gap"] * t["later_key"].map(_WORSE) > 0
        clear = t[(t["p"] < 0.05) & worse]
        if clear.empty:
            return [Finding("service.links", NO_LINK, {"days": self.days})]
        said = []
        for _, row in clear.iterrows():
            values = {
                "befell": str(row["befell"]), "days": self.days,
                "with_": Estimate(float(row["with_"]), kind="percent"),
                "without": Estimate(float(row["without"]), kind="percent"),
            }  # fmt: skip
            gap = Estimate.of_row(row, "gap", kind="points", unit="%")
            key = f"service.links.{row['befell_key']}.{row['later_key']}"
            said.append(
                Finding(key, GOES[str(row["later_key"])], values, estimates={"gap": gap},
                        verdict="goes together")
            )  # fmt: skip
        return [*said, Finding("service.links", NO_PROOF, verdict="association",
                               advice=Advice(DRAW, 6))]  # fmt: skip

    def picture(self) -> Picture | None:
        """Draw the differences."""
        if self.table.empty:
            return None
        return Picture(
            self.plot, "Service and behaviour afterwards",
            "Difference to the other customers who had a contact, in points; 95% confidence"
            " intervals; a link is no effect",
            self.table.drop(columns=["befell_key", "later_key"]),
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot a comparison, with a line at none."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        names = [
            f"{say(str(a))}: {say(str(b))}" for a, b in zip(t["befell"], t["later"], strict=True)
        ]
        interval_dots(ax, names, t["gap"], t["gap_low"], t["gap_high"], say("Difference"))
        ax.axvline(0, color="0.4", linewidth=1, linestyle=":")
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return ax


def service_links(
    rows: pd.DataFrame,
    *,
    as_of: dt.date,
    promise: float | None = None,
    purchases: pd.DataFrame | None = None,
    contracts: pd.DataFrame | None = None,
    answers: pd.DataFrame | None = None,
    days: int = 180,
    min_cell: CellRule | int = 5,
) -> ServiceLinks:
    """Compare what customers did after a time in which they were served well or badly.

    Parameters
    ----------
    rows : DataFrame
        Contacts: customer_id, at, and of response with answered, resolved, again, error what the
        log knows.
    as_of : date
    promise : float, optional
        Hours within which an answer is promised.
    purchases : DataFrame, optional
        customer_id, date: those who had bought in the year before may stop.
    contracts : DataFrame, optional
        customer_id, start, end: those whose contract ran at the time may end it.
    answers : DataFrame, optional
        customer_id, answered_on, satisfied (0 or 1): the first answer afterwards counts.
    days : int
        Contacts of so many days are held against the same number of days after them.
    min_cell : CellRule or int

    Raises
    ------
    DataError
        The contacts do not say whose they are, or no comparison has enough customers.
    """
    require_columns(
        rows, ("customer_id", "at"), "the contacts have", "map customer_id in study.yml"
    )
    today = pd.Timestamp(as_of)
    split = today - pd.Timedelta(days=days)
    seen = rows[(rows["at"] > split - pd.Timedelta(days=days)) & (rows["at"] <= split)]
    seen = seen[seen["customer_id"].notna()]
    marks = _befell(seen, promise)
    later = {
        "stopped": _stopped(purchases, split, today),
        "left": _left(contracts, split, today),
        "satisfied": _satisfied(answers, split, today),
    }
    least = max(FEWEST, rule_of(min_cell).min_cell)
    told = []
    for key, name in BEFELL.items():
        for what, called in LATER.items():
            if key not in marks or later[what] is None:
                continue
            both = pd.concat(
                [marks[key].rename("mark"), later[what]], axis=1, join="inner"
            ).dropna()
            hit = both["mark"].astype(bool)
            n, others = int(hit.sum()), int((~hit).sum())
            if min(n, others) < least:
                continue
            k, spared = (float(both.loc[part, "came"].sum()) for part in (hit, ~hit))
            gap = replace(
                proportion_difference(k, n, spared, others),
                p=equal_shares(k, n, spared, others),
            )
            told.append(
                {"befell": name, "later": called, "n": n, "others": others, "with_": k / n,
                 "without": spared / others, "gap": gap.value, "gap_low": gap.low,
                 "gap_high": gap.high, "p": gap.p, "befell_key": key, "later_key": what}
            )  # fmt: skip
    if not told:
        raise DataError(
            "too few customers had a contact before and are known of afterwards", remedy="wait"
        )
    table = pd.DataFrame(told)
    table["p"] = holm(table["p"])
    return ServiceLinks(
        labelled(
            table, befell=(
                "What happened to them"
            ), later="Afterwards", n="Customers", others="Others",
            with_=("Of them", "percent"), without=("Of the others", "percent"),
            gap=("Difference", "percent:1"), p=("Corrected p", "p"),
        ),
        days,
    )  # fmt: skip


def _befell(seen: pd.DataFrame, promise: float | None) -> dict[str, pd.Series]:
    """Tell of each customer who had a contact whether it befell them at least once."""
    found = {}
    if promise is not None and {"response", "answered"} <= set(seen):
        known = seen[seen["answered"].notna()]
        late = ~known["answered"].astype(bool) | (known["response"] > promise)
        found["late"] = late.groupby(known["customer_id"]).max()
    if "resolved" in seen:
        known = seen[seen["resolved"].notna()]
        found["unresolved"] = (~known["resolved"].astype(bool)).groupby(known["customer_id"]).max()
    for column in ("again", "error"):
        if column in seen:
            known = seen[seen[column].notna()]
            found[column] = known[column].astype(bool).groupby(known["customer_id"]).max()
    return {name: each for name, each in found.items() if len(each)}


def _stopped(
    purchases: pd.DataFrame | None, split: pd.Timestamp, today: pd.Timestamp
) -> pd.Series | None:
    if purchases is None:
        return None
    year = purchases["date"] > split - pd.Timedelta(days=365)
    before = purchases.loc[year & (purchases["date"] <= split), "customer_id"].unique()
    after = purchases.loc[(purchases["date"] > split) & (purchases["date"] <= today), "customer_id"]
    return pd.Series(~np.isin(before, after.unique()), index=before, name="came").astype(float)


def _left(
    contracts: pd.DataFrame | None, split: pd.Timestamp, today: pd.Timestamp
) -> pd.Series | None:
    if contracts is None:
        return None
    end = contracts["end"] if "end" in contracts else pd.Series(pd.NaT, contracts.index)
    there = (contracts["start"] <= split) & ~(end <= split)
    still = (contracts["start"] <= today) & ~(end <= today)
    running = contracts.loc[there, "customer_id"].unique()
    return pd.Series(
        ~np.isin(running, contracts.loc[still, "customer_id"].unique()), index=running, name="came"
    ).astype(float)


def _satisfied(
    answers: pd.DataFrame | None, split: pd.Timestamp, today: pd.Timestamp
) -> pd.Series | None:
    if answers is None:
        return None
    own = answers[(answers["answered_on"] > split) & (answers["answered_on"] <= today)]
    own = own[own["customer_id"].notna() & own["satisfied"].notna()].sort_values("answered_on")
    first = own.drop_duplicates("customer_id").set_index("customer_id")["satisfied"]
    return first.astype(float).rename("came")
