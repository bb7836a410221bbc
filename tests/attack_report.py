"""Let two attackers at everything that is published of a study, and say what linking costs.

    pytest -s -m slow tests/test_attackers_on_sites.py     the table, of all studies

They know of each customer, month and contract who is in which group (what the results of the run
and the customers' table tell), and read every table, file and tooltip of every page that is still
reachable. What agrees with a sum over a group is one of the sums that they subtract and solve.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests import attackers, published
from workbench.stats.disclosure import rule_of, sensitive

#: A column of more words than this is no grouping.
_MOST_GROUPS = 60
_MONTHS = ("%Y-%m-%d", "%Y-%m", "%b %Y", "%B %Y")


@dataclass
class Universe:
    """Whom sums are over: one row each."""

    name: str
    groups: dict[str, pd.Series]
    measures: dict[str, pd.Series]
    whose: np.ndarray


@dataclass
class Attacked:
    """What came of an attack on what is published of a study."""

    study: str
    tables: int = 0
    sums: int = 0
    before: int = 0
    editions: int = 0
    found: list[str] = field(default_factory=list)
    withheld: dict[str, int] = field(default_factory=dict)
    cells: int = 0

    @property
    def linking(self) -> float:
        """Part of all cells that is withheld because of other tables."""
        return self.withheld.get("linked", 0) / max(self.cells, 1)

    def line(self) -> str:
        w = {k: self.withheld.get(k, 0) for k in ("primary", "secondary", "linked")}
        cells = (self.study, self.editions + 1, self.tables, self.sums, self.cells, *w.values(),
                 f"{self.linking:.1%}", self.before, len(self.found))  # fmt: skip
        return f"| {' | '.join(map(str, cells))} |"


HEAD = (
    "| study | editions | tables read | sums recognised | cells | primary | complementary |"
    " linked |"
    " beyond each table's own | found without the rules | found |\n" + "|---" * 11 + "|"
)


def universes(run: Any, results: Path) -> Iterator[Universe]:
    """Say whom and what the attackers know of: customers, their months, their contracts."""
    about = _about_customers(run, results)
    if about is not None:
        groups, measures = _split(about)
        yield Universe("customers", groups, measures, about.index.to_numpy())
    if run.has("transactions") and "amount" in run.table("transactions"):
        sold = run.table("transactions")[["customer_id", "date", "amount"]]
        day = pd.to_datetime(sold["date"]).dt.tz_localize(None)
        month = day.dt.to_period("M")
        own = sold.assign(month=month).groupby(["customer_id", "month"])["amount"].sum()
        rows = own.reset_index()
        groups = _months(rows["month"])
        people = _people(run)
        for column in () if people is None else people:
            groups[column] = rows["customer_id"].map(people[column]).astype(object)
        yield Universe(
            "customers and months", groups, {"amount": rows["amount"]},
            rows["customer_id"].to_numpy(),
        )  # fmt: skip
    if run.has("contracts") and "monthly_fee" in run.table("contracts"):
        held = run.table("contracts")
        groups = {c: held[c].astype(object) for c in held if _names(held[c])}
        begun = pd.to_datetime(held["start"]).dt.tz_localize(None).dt.to_period("M")
        groups |= {f"start {k}": v for k, v in _months(begun).items()}
        runs_on = held["end"].isna().to_numpy()
        fee = held["monthly_fee"].astype(float)
        yield Universe(
            "contracts", groups, {"fee": fee, "fee of those that run": fee.where(runs_on, 0.0)},
            held["customer_id"].to_numpy(),
        )  # fmt: skip


def _months(period: pd.Series) -> dict[str, pd.Series]:
    start = period.dt.start_time
    found = {f"month {form}": start.dt.strftime(form).astype(object) for form in _MONTHS}
    quarter, year = start.dt.to_period("Q"), start.dt.year
    return found | {
        "quarter": quarter.dt.start_time.dt.strftime("%Y-%m-%d").astype(object),
        "quarter named": quarter.astype(str).astype(object),
        "year": year.astype(str).astype(object),
        "year begins": (year.astype(str) + "-01-01").astype(object),
    }


def _people(run: Any) -> pd.DataFrame | None:
    if not run.has("customers"):
        return None
    people = run.table("customers").drop_duplicates("customer_id").set_index("customer_id")
    return people[[c for c in people if _names(people[c])]]


def _names(column: pd.Series) -> bool:
    plain = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    return not plain and 1 < column.nunique() <= _MOST_GROUPS


def _about_customers(run: Any, results: Path) -> pd.DataFrame | None:
    parts = []
    for path in sorted(results.glob("*/*.parquet")):
        frame = pd.read_parquet(path)
        if "customer_id" in frame and frame["customer_id"].is_unique and len(frame) > 20:
            own = frame.set_index("customer_id")
            own.columns = [f"{path.stem}.{c}" for c in own]
            parts.append(own)
    if not parts:
        return None
    people = _people(run)
    at = max(parts, key=len).index
    return pd.concat(
        [p.reindex(at) for p in [*parts, *([] if people is None else [people])]], axis=1
    )


def _split(about: pd.DataFrame) -> tuple[dict[str, pd.Series], dict[str, pd.Series]]:
    groups = {c: about[c].astype(object).where(about[c].notna()) for c in about if _names(about[c])}
    amounts = ("spend", "spend_year", "clv", "expected_spend", "worth", "value", "benefit")
    measures = {
        c: about[c].astype(float).fillna(0.0)
        for c in about if c.rpartition(".")[2] in amounts
    }  # fmt: skip
    return groups, measures


def between(
    old: Path, new: Path, tables: list[published.Offered], edition: str, run: Any
) -> Iterator[tuple[str, list[tuple[np.ndarray, float]], np.ndarray]]:
    """Put two editions into one system: what each customer had, and what came to it since.

    A sum of before is over what its customers had; one of today over that and over what came.
    Yields of each amount the sums of both, and what they are over.
    """
    about = [_about_customers(run, folder) for folder in (old, new)]
    if about[0] is None or about[1] is None:
        return
    (groups_0, had), (groups_1, has) = (_split(frame) for frame in about)
    everybody = about[0].index.union(about[1].index)
    here = [t for t in tables if not t.page.startswith("archive/")]
    there = [t for t in tables if t.page.startswith(f"archive/{edition}/")]
    for name in had.keys() & has.keys():
        was = had[name].reindex(everybody).fillna(0.0).to_numpy()
        came = has[name].reindex(everybody).fillna(0.0).to_numpy() - was
        units = np.concatenate([was, came])
        there_is = np.abs(units) > 1e-9 * np.abs(units).max(initial=0.0)
        figures = []
        for part, groups, measure, frame, later in (
            (there, groups_0, had[name], about[0], False),
            (here, groups_1, has[name], about[1], True),
        ):
            at = everybody.get_indexer(frame.index)
            for one in published.sums(part, groups, {name: measure}):
                inside = np.zeros(len(everybody), dtype=bool)
                inside[at[one.members]] = True
                over = np.concatenate([inside, inside & later])
                figures.append((over[there_is], units[over].sum()))
        yield name, figures, units[there_is]


def attack(study: str, run: Any, results: Path, tables: list[published.Offered]) -> Attacked:
    """Let both at what is published of a study."""
    told = Attacked(study, tables=len(tables))
    editions = {t.page.split("/")[1] for t in tables if t.page.startswith("archive/")}
    for edition in sorted(editions - {results.parent.name}):
        old = results.parent.parent / edition / "results"
        if not old.is_dir():
            continue
        told.editions += 1
        for name, figures, units in between(old, results, tables, edition, run):
            caught = sorted(set(attackers.found(figures, units)))
            told.found += [f"since {edition}, {name}: {one}" for one in caught]
    rule = rule_of(5)
    for universe in universes(run, results):
        for name, values in universe.measures.items():
            sums = published.sums(tables, universe.groups, {name: values})
            told.sums += len(sums)
            if not sums:
                continue
            v = values.to_numpy(dtype=float)
            figures = [(one.members, one.total) for one in sums]
            everybody = np.ones(v.size, dtype=bool)
            if not sensitive(v, rule):
                figures.append((everybody, v.sum()))
            caught = attackers.found(figures, v)
            told.found += [f"{universe.name}, {name}: {one}" for one in sorted(set(caught))]
            # what the same tables would tell with every one of their groups
            kinds = {k for one in sums for k in _kinds(one.where)}
            whole = [(everybody, v.sum())]
            for kind in kinds & universe.groups.keys():
                group = universe.groups[kind]
                for g in group.dropna().unique():
                    inside = (group == g).to_numpy()
                    whole.append((inside, v[inside].sum()))
            told.before += len(attackers.found(whole, v))
    told.withheld = _withheld(results)
    told.cells = told.sums + sum(told.withheld.values())
    return told


def _kinds(where: str) -> list[str]:
    return where.rpartition(" (")[0].rpartition(" by ")[2].split(" and ")


def _withheld(results: Path) -> dict[str, int]:
    """Add up what the run says of groups that it does not show, and why."""
    found = {"primary": 0, "secondary": 0, "linked": 0}
    for path in results.glob("*/findings.json"):
        for row in json.loads(path.read_text(encoding="utf-8")):
            values = row.get("values", {})
            if {"primary", "secondary", "all"} <= values.keys():
                for key in found:
                    found[key] += int(values.get(key, 0))
    return found
