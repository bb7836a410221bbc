"""Shows how far the tables reach: rows by month, what is missing in them, how fresh they are."""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.indicators.periods import Periods, period_start
from workbench.data.schemas import schema_of
from workbench.data.tables import Tables
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import shaded_cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ITEM = re.compile(r"(exp|per|imp)_\w+")
#: Asked of some only: of one wave, of a sample of the comments.
_OF_SOME = re.compile(r"kano_.+|(code|tone)_.+")
#: More half-years than this are put together to years.
_MOST_PERIODS = 10
#: More years than this are put together to decades.
_MOST_YEARS = 20
_ITEMS = {"exp": "expectation items", "per": "perception items", "imp": "importance items"}


#: What a row may sum up -> the name of such periods in pandas.
SPANS = {"month": "M", "quarter": "Q-DEC", "year": "Y-DEC"}


@dataclass(frozen=True)
class Coverage(Result):
    """Rows of each table by month.

    Attributes
    ----------
    table : DataFrame
        table, month, rows, complete (whether the data cover the whole month); months without a
        row between a table's first and last are there with 0.
    """

    table: pd.DataFrame

    @property
    def gaps(self) -> pd.DataFrame:
        """Months without one row, between a table's first and last."""
        return self.table.loc[self.table["rows"] == 0, ["table", "month"]].reset_index(drop=True)

    @property
    def wide(self) -> pd.DataFrame:
        """One row a month, one column a table."""
        wide = self.table.pivot_table(
            index="month", columns="table", values="rows", sort=False, observed=True
        )
        wide = wide.sort_index(ascending=False).reset_index()
        wide.columns.name = None
        # an empty heading: the table's name as any table writes it
        return labelled(wide, month=("Month", "date"), **dict.fromkeys(wide.columns[1:], ""))

    def estimates(self) -> dict[str, Estimate]:
        """Months covered, and months in which some table lacks a row."""
        return {
            "months": Estimate(float(self.table["month"].nunique()), label="Months covered"),
            "empty_months": Estimate(
                float(self.gaps["month"].nunique()), label="Months that lack the rows of a table"
            ),
        }

    def findings(self) -> list[Finding]:
        """Say whether some table lacks a month."""
        found = self.estimates()
        gaps = int(found["empty_months"].value)
        message = (
            "{gaps} of {months} months lack the rows of some table"
            if gaps
            else "No table has a month without rows between its first and its last"
        )
        values = {"gaps": gaps, "months": int(found["months"].value)}
        return [Finding("months", message, values, severity="warning" if gaps else "ok")]

    def picture(self) -> Picture:
        """Draw the rows by month, table by table."""
        return Picture(
            self.plot,
            "A sudden step or a hole is a question for the source",
            "Rows kept, by month",
            self.wide,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one band a table: the height of a bar is the month's rows, a cross means none."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        names = list(dict.fromkeys(self.table["table"]))
        colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
        for i, name in enumerate(names):
            rows = self.table[self.table["table"] == name]
            base = len(names) - 1 - i
            most = max(int(rows["rows"].max()), 1)
            height = 0.8 * rows["rows"].to_numpy(dtype=float) / most
            ax.bar(
                rows["month"], height, width=25.0, bottom=base, align="edge",
                color=colours[0],
            )  # fmt: skip
            empty = rows[rows["rows"] == 0]
            if len(empty):
                middle = empty["month"] + pd.Timedelta(days=12)
                ax.plot(
                    middle, np.full(len(empty), base + 0.2), linestyle="none", marker="x",
                    color=colours[1 % len(colours)], label=say("month without a row"),
                )  # fmt: skip
            ax.annotate(
                say("up to {n} a month", n=most), (1.01, base + 0.4),
                xycoords=("axes fraction", "data"), va="center",
            )  # fmt: skip
        places = [len(names) - 1 - i + 0.4 for i in range(len(names))]
        ax.set_yticks(places, [say.name(name) for name in names])
        ax.set_ylim(-0.1, len(names))
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
        handles, labels = ax.get_legend_handles_labels()
        if handles:
            ax.legend(handles[:1], labels[:1], loc="upper left", bbox_to_anchor=(0, -0.08))
        return ax


@dataclass(frozen=True)
class MissingValues(Result):
    """Missing values of a study's tables.

    Attributes
    ----------
    table : DataFrame
        As from `missing_values`.
    by_period : DataFrame
        As from `missing_by_period`.
    """

    table: pd.DataFrame
    by_period: pd.DataFrame

    @property
    def periods(self) -> pd.DataFrame:
        """`by_period` with the names of tables and columns as columns, its shares labelled."""
        shares = {str(name): (str(name), "percent:1") for name in self.by_period}
        return labelled(self.by_period.reset_index(), table="Table", column="Column", **shares)

    def estimates(self) -> dict[str, Estimate]:
        """Share of missing values of the emptiest column."""
        share = float(self.table["share"].max()) if len(self.table) else float("nan")
        label = "Most missing values in one column"
        return {"emptiest": Estimate(share, kind="percent", label=label, better="down")}

    def findings(self) -> list[Finding]:
        """Say how empty the emptiest column is."""
        lacks = bool(self.table["missing"].any())
        message = (
            "Up to {share} of values are missing in any one column"
            if lacks
            else "No column lacks a value"
        )
        return [Finding("emptiest", message, {"share": self.estimates()["emptiest"]})]

    def picture(self) -> Picture | None:
        """Draw the missing shares by half-year, where there are dates."""
        if self.by_period.empty:
            return None
        return Picture(
            self.plot,
            "A share that jumps from one half-year to the next points to a changed form or export",
            "Missing values, by column and half-year",
            self.periods,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the share of missing values by column and half-year, as shaded cells."""
        say = speak(language)
        rows = [
            say("{table}: {column}", table=table, column=column)
            for table, column in self.by_period.index
        ]
        named = self.by_period.set_axis(rows)
        return shaded_cells(named, ax, language=say, kind="percent", digits=1)


def missing(tables: Tables) -> MissingValues:
    """Count the missing values of every column, in all and by half-year."""
    return MissingValues(missing_values(tables), missing_by_period(tables))


def coverage(tables: Tables) -> Coverage:
    """Count the rows of each dated table by month.

    Parameters
    ----------
    tables : Tables
        The study's tables; those without a date column are left out.
    """
    parts = []
    for name in tables.names:
        schema = schema_of(name)
        expr = tables.expr(name)
        if schema is None or schema.time is None or schema.time not in expr.columns:
            continue
        if schema.name == "treatments":
            # Measures begin when they begin; a month without a beginning is no gap.
            continue
        dated = expr.filter(expr[schema.time].notnull())
        dated = dated.mutate(month=period_start(dated[schema.time], "month"))
        counts = tables.engine.run(
            dated.group_by("month").aggregate(rows=dated.count()).order_by("month"), name
        )
        if counts.empty:
            continue
        counts["month"] = pd.to_datetime(counts["month"]).astype("datetime64[ns]")
        every = span_of(tables, name)
        end = (last_day(tables, name) if every else None) or counts["month"].max()
        months = pd.date_range(counts["month"].min(), end, freq="MS")
        # a row of a yearly series stands for each month of its year
        begun = months.to_period(SPANS[every]).start_time if every else months
        rows = counts.set_index("month")["rows"].reindex(begun, fill_value=0).astype("int64")
        report = tables.report_of(name)
        span = Periods("month", report.first or tables.study.as_of, tables.study.as_of)
        part = pd.DataFrame({"table": name, "month": months, "rows": rows.to_numpy()})
        parts.append(part.assign(complete=span.covers(part["month"])))
    columns = ["table", "month", "rows", "complete"]
    counted = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return Coverage(labelled(counted, table="Table", month=("Month", "date"), rows="Rows"))


def missing_values(tables: Tables) -> pd.DataFrame:
    """Count the missing values of every column.

    The survey's items are put together: one line for the expectations, one for the perceptions.

    Returns
    -------
    DataFrame
        table, column (as words), values (there or not), missing, share; the most incomplete first.
    """
    found: list[dict[str, Any]] = []
    for name in tables.names:
        expr = tables.expr(name)
        row = tables.engine.run(
            expr.aggregate(
                rows_=expr.count(),
                **{f"missing_{i}": expr[c].isnull().sum() for i, c in enumerate(expr.columns)},
            ),
            name,
        ).iloc[0]
        items: dict[str, list[int]] = {}
        for i, column in enumerate(expr.columns):
            missing = int(row[f"missing_{i}"] or 0)
            if match := _ITEM.fullmatch(column):
                items.setdefault(_ITEMS[match[1]], []).append(missing)
            elif not _may_be_empty(name, column):
                items[column] = [missing]
        found += [
            {
                "table": name,
                "column": column.replace("_", " "),
                "values": int(row["rows_"]) * len(counts),
                "missing": sum(counts),
                "share": sum(counts) / (int(row["rows_"]) * len(counts)),
            }
            for column, counts in items.items()
        ]
    frame = pd.DataFrame(found, columns=["table", "column", "values", "missing", "share"])
    return labelled(
        frame.sort_values("share", ascending=False, ignore_index=True, kind="stable"),
        table="Table", column="Column", values="Values", missing="Missing",
        share=("Share", "bar percent:1"),
    )  # fmt: skip


def missing_by_period(tables: Tables, most: int = 12) -> pd.DataFrame:
    """Give the share of missing values of the most incomplete columns, half-year by half-year.

    A share that jumps says that a form or an export changed; one that stays is part of the data.

    Parameters
    ----------
    tables : Tables
        The study's tables; those without a date, and those that are part of another, are left out.
    most : int
        Columns to give.

    Returns
    -------
    DataFrame
        One row a column, named by its table and itself, the most incomplete first (complete ones
        only where no column lacks a value); one column a half-year
        (``2025 H1``), or a year where there are more than ten, or ten years where there are more
        than twenty of those; shares, or missing where the table has no row.
    """
    parts = []
    for name in tables.names:
        schema = schema_of(name)
        expr = tables.expr(name)
        if tables.study.tables[name].part_of is not None or schema is None or not schema.time:
            continue
        asked = [c for c in expr.columns if _tells_when_missing(name, c)]
        if schema.time not in expr.columns or not asked:
            continue
        when = expr[schema.time]
        half = when.year().cast("string") + ibis.ifelse(when.month() <= 6, " H1", " H2")
        counts = tables.engine.run(
            expr.filter(when.notnull())
            .group_by(period=half)
            .aggregate(rows=lambda t: t.count(), **{c: expr[c].isnull().sum() for c in asked}),
            name,
        )
        long = counts.melt(["period", "rows"], var_name="column", value_name="missing")
        long["column"] = long["column"].map(_words)
        parts.append(long.assign(table=name))
    if not parts:
        return pd.DataFrame()
    found = pd.concat(parts, ignore_index=True)
    if found["period"].nunique() > _MOST_PERIODS:
        found["period"] = found["period"].str[:4]
    if found["period"].nunique() > _MOST_YEARS:
        decade = found["period"].str[:3]
        found["period"] = decade + "0-" + decade + "9"
    rows = ["table", "column"]
    sums = found.groupby([*rows, "period"], sort=False)[["missing", "rows"]].sum()
    whole = sums.groupby(rows, sort=False).sum()
    if whole["missing"].any():
        whole = whole[whole["missing"] > 0]
    order = (whole["missing"] / whole["rows"]).sort_values(ascending=False, kind="stable").index
    sums["share"] = (sums["missing"] / sums["rows"]).astype("float64")
    shares = sums.reset_index().pivot_table(index=rows, columns="period", values="share")
    shares.columns.name = None
    chosen: pd.DataFrame = shares.loc[order[:most]]
    return chosen


def _words(column: str) -> str:
    """Name a column in words; the survey's items go together."""
    match = _ITEM.fullmatch(column)
    return _ITEMS[match[1]] if match else column.replace("_", " ")


def _tells_when_missing(table: str, column: str) -> bool:
    """Tell columns that can lack a value (rows without a required one have been set aside)."""
    schema = schema_of(table)
    known = schema.columns.get(column) if schema else None
    if schema is None or column == schema.time or _may_be_empty(table, column):
        return False
    return known is None or not known.required


def _may_be_empty(table: str, column: str) -> bool:
    """Tell columns in which an empty cell says something: a contract without end still runs."""
    schema = schema_of(table)
    if schema is None:
        return False
    if schema.name == "survey" and _OF_SOME.fullmatch(column):
        return True
    return (schema.name, column) in _SAY_SO


#: Columns in which an empty cell says something.
_SAY_SO = {
    ("contracts", "end"), ("survey", "comment"), ("accounts", "parent_id"), ("accounts", "health"),
    ("accounts", "health_reason"), ("accounts", "health_on"), ("opportunities", "closed"),
    ("opportunities", "reason"), ("leads", "converted_on"), ("leads", "customer_id"),
    *(("interactions", c) for c in ("answered_at", "resolved_at", "due_at", "handling_seconds")),
    *(("follow_ups", c) for c in ("closed", "action", "settled")),
    *(("voices", f"{what}_{coder}") for what in ("code", "tone") for coder in "ab"),
}  # fmt: skip


def freshness(tables: Tables) -> pd.DataFrame:
    """Tell from when to when each table reaches, and how far that is behind the as-of date.

    Returns
    -------
    DataFrame
        table, first, last, days_behind.
    """
    rows = []
    for name in tables.names:
        report = tables.report_of(name)
        schema = schema_of(name)
        planned = schema is not None and schema.name == "treatments"
        last = last_day(tables, name)
        if planned or report.first is None or last is None:
            continue
        rows.append(
            {
                "table": name,
                "first": pd.Timestamp(report.first),
                "last": pd.Timestamp(last),
                "days_behind": (tables.study.as_of - last).days,
            }
        )
    return labelled(
        pd.DataFrame(rows, columns=["table", "first", "last", "days_behind"]),
        table="Table", first="First", last="Last", days_behind="Days behind",
    )  # fmt: skip


# --- how far a table reaches ------------------------------------------------------------------


def data_to(tables: Tables, name: str) -> str:
    """Give the day, month, quarter or year to which a table's data reach.

    A ready-made series dates its rows by the first day of what they sum up: a row of 1 December
    1984 is the whole month when all rows are of first days of a month.

    Returns
    -------
    str
        ``2025-12-31``, ``1984-12``, ``1984-Q4`` or ``1992``; empty for a table without dates.
    """
    last = tables.report_of(name).last
    if last is None:
        return ""
    span = span_of(tables, name)
    if span == "quarter":
        return f"{last.year}-Q{(last.month + 2) // 3}"
    return {"year": f"{last:%Y}", "month": f"{last:%Y-%m}"}.get(span, last.isoformat())


def last_day(tables: Tables, name: str) -> dt.date | None:
    """Give the last day that a table's data cover."""
    last, span = tables.report_of(name).last, span_of(tables, name)
    if last is None or not span:
        return last
    day: dt.date = pd.Period(last, freq=SPANS[span]).end_time.date()
    return min(day, max(tables.study.as_of, last))


def last_of_all(tables: Tables) -> dt.date | None:
    """Give the last day that any table's data cover."""
    return max((day for name in tables.names if (day := last_day(tables, name))), default=None)


def span_of(tables: Tables, name: str) -> str:
    """Give what a row of a ready-made series sums up; empty for other tables, and for days."""
    if not name.startswith("series"):
        return ""
    dates = tables.engine.run(tables.expr(name).select("date").distinct(), name)["date"]
    days = pd.DatetimeIndex(pd.to_datetime(dates).dropna())
    if len(days) < 2 or (days.day != 1).any():
        return ""
    months = set(days.month)
    if months == {1}:
        return "year"
    return "quarter" if months <= {1, 4, 7, 10} else "month"
