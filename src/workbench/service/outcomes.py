"""What becomes of contacts: resolved at once, come back, given up, reopened, passed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots, shaded_cells
from workbench.service.groups import customers_of, grouped, require_people, share_of
from workbench.stats.disclosure import Sums, rule_of, withhold
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIRST: Final = "Resolved at first contact"
CAME_BACK: Final = "Came back within the days set"
GAVE_UP: Final = "Gave up waiting"
REOPENED: Final = "Reopened"
PASSED_ON: Final = "Passed on"
IN_TIME: Final = "Resolved when due"
BACK_ALL: Final = "Came back though resolved"
BETTER: Final = {FIRST: "up", IN_TIME: "up"}

RESOLVED: Final = "{share} of the contacts are resolved at the first contact"
BACK: Final = "{share} of the customers' contacts are followed by another within {days} days"
BACK_ABOUT: Final = (
    "{share} of the customers' contacts are followed by another about the same within {days} days"
)
STILL: Final = "Of contacts that count as resolved, {share} are followed by another all the same"
ABANDONED: Final = "{share} of the customers give up before they are answered"
ASK: Final = (
    "Look at what customers come back about, most frequent subject first: {n} contacts were a"
    " second try"
)
PHONE: Final = "Hold the hours in which most give up against the plan of agents; {n} gave up"


@dataclass(frozen=True)
class ContactOutcomes(Result):
    """Shares of contacts, of all or by group.

    Attributes
    ----------
    table : DataFrame
        One row a measure and group: group, measure, n (contacts of which it is known), share,
        share_low, share_high, withheld.
    by : str
        Empty for all contacts.
    days : int
        Within which another contact counts as coming back.
    told : bool
        Whether contacts say what they are about.
    """

    table: pd.DataFrame
    by: str
    days: int
    told: bool

    def estimates(self) -> dict[str, Estimate]:
        """Share of each measure."""
        t = self.table[~self.table["withheld"]]
        return {
            f"{row['group']}: {row['measure']}" if self.by else str(row["measure"]): _share(row)
            for _, row in t.iterrows()
        }

    def findings(self) -> list[Finding]:
        """Say how many are resolved at once, come back and give up; nothing of groups."""
        if self.by:
            return []
        said = []
        for measure, key, message, advice in (
            (FIRST, "first", RESOLVED, None),
            (CAME_BACK, "again", BACK_ABOUT if self.told else BACK, Advice(ASK, 4)),
            (BACK_ALL, "not_resolved", STILL, None),
            (GAVE_UP, "gave_up", ABANDONED, Advice(PHONE, 4)),
        ):
            told = self.table[(self.table["measure"] == measure) & ~self.table["withheld"]]
            for _, row in told.iterrows():
                share = _share(row)
                values = {"share": share, "days": self.days,
                          "n": round(row["share"] * row["n"])}  # fmt: skip
                much = share.low > 0.05
                said.append(
                    Finding(f"service.{key}", message, values, estimates={"share": share},
                            advice=advice if much else None)
                )  # fmt: skip
        return said

    def picture(self) -> Picture:
        """Draw the shares."""
        what = "Share of contacts; 95% confidence intervals"
        if self.by:
            what = "Share of the group's contacts; a blank where it is withheld"
        return Picture(self.plot, "What becomes of contacts", what, self.table)

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot a measure, or a grid of groups and measures."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        if self.by:
            wide = self.table.pivot_table(
                index="group", columns="measure", values="share", dropna=False, observed=False
            )
            wide = wide.loc[self.table["group"].unique(), self.table["measure"].unique()]
            ax = shaded_cells(wide, ax, language=language, kind="percent", digits=0)
            ax.tick_params(axis="x", labelrotation=20)
            return ax
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        names = [say.name(measure) for measure in t["measure"]]
        interval_dots(ax, names, t["share"], t["share_low"], t["share_high"], say("Share"))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlim(left=0)
        return ax


def contact_outcomes(
    rows: pd.DataFrame,
    *,
    repeat_days: int = 7,
    by: str = "",
    agents: pd.Series | None = None,
    min_cell: CellRule | int = 5,
) -> ContactOutcomes:
    """Count what became of contacts.

    Parameters
    ----------
    rows : DataFrame
        One row a contact, as `workbench.data.summaries.contact_log` gives it.
    repeat_days : int
        Within which another contact was looked for.
    by, agents, min_cell
        See `workbench.service.waiting_times`.

    Raises
    ------
    DataError
        The contacts say nothing of it.
    """
    require_columns(rows, ("day",), "the contacts have")
    measures = _measures(rows)
    if not measures:
        raise DataError(
            "the contacts do not say what became of them",
            remedy="map resolved, reopened, transferred or abandoned in study.yml",
        )
    require_people(rows, min_cell)
    group, names = grouped(rows, by, agents, min_cell)
    who, rule, told = customers_of(rows), rule_of(min_cell), []
    for measure, values in measures.items():
        known = values.notna()
        sizes = [int(who[known & (group == name)].nunique()) for name in names]
        hidden = (
            withhold(Sums.counted(sizes), rule).cells if by else np.zeros(len(names), dtype=bool)
        )
        for name, away in zip(names, hidden, strict=True):
            mine = known & (group == name)
            row: dict[str, Any] = {"group": name, "measure": measure, "n": int(mine.sum())}
            row |= dict.fromkeys(("share", "share_low", "share_high"), np.nan)
            away = bool(away) or not mine.any()
            if not away:
                share = _estimate(values[mine], rows[mine])
                row |= {"share": share.value, "share_low": share.low, "share_high": share.high}
            elif by:
                row["n"] = np.nan
            told.append(row | {"withheld": away})
    table = labelled(
        pd.DataFrame(told), group="Contacts of", measure="Outcome of contacts",
        n="Service contacts",
        share=("Share", "percent"),
    )  # fmt: skip
    return ContactOutcomes(table, by, repeat_days, "kind" in rows)


def _share(row: Any) -> Estimate:
    measure = str(row["measure"])
    return Estimate.of_row(row, "share", kind="percent", better=BETTER.get(measure, "down")).named(
        measure
    )


def _estimate(values: pd.Series, rows: pd.DataFrame) -> Estimate:
    """Estimate a share: contacts of one customer may go together, and those of one day."""
    ways = [rows["day"]]
    if "customer_id" in rows:
        ways.append(rows["customer_id"].fillna(""))
    return max((share_of(values.astype(float), way) for way in ways),
               key=lambda e: e.high - e.low if e.known else np.inf)  # fmt: skip


def _measures(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Give what is known of each contact: true, false, or missing where it is not."""
    found: dict[str, pd.Series] = {}
    flags = [c for c in ("reopened", "transferred") if c in rows]
    if "resolved" in rows and rows["resolved"].notna().any():
        clean = ~rows[flags].any(axis=1) if flags else pd.Series(True, rows.index)
        found[FIRST] = rows["resolved"].astype("boolean") & clean
    if "again" in rows and rows["again"].notna().any():
        found[CAME_BACK] = rows["again"]
        if FIRST in found:
            found[BACK_ALL] = rows["again"].where(found[FIRST].fillna(False).astype(bool))
    for column, measure in (
        ("abandoned", GAVE_UP), ("reopened", REOPENED), ("transferred", PASSED_ON),
        ("in_time", IN_TIME),
    ):  # fmt: skip
        if column in rows and rows[column].notna().any():
            found[measure] = rows[column].astype("boolean")
    return found
