"""The working list of a closed loop: whom the card's rules find, for those who ask them again.

It names customers by the ids of the study's own files, so it stays in the study's folder, in
`private/`, which is never published. What its readers write into it is kept.
"""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.clean.cleaner import Cleaner
from workbench.data.clean.rules import REASON
from workbench.data.engine import Engine
from workbench.data.schemas import schema_of
from workbench.errors import DataError, did_you_mean
from workbench.study import Study
from workbench.study.service import Bounds, FollowUp

#: Where the list lies in the study's folder, and its columns; the last three are for its readers.
PLACE: Final = Path("private") / "follow_up.csv"
COLUMNS: Final = (
    "customer_id", "rule", "opened", "about", "owner_role", "due", "closed", "action", "settled",
)  # fmt: skip
_KEY: Final = ["customer_id", "rule", "opened"]


@dataclass(frozen=True)
class WorkingList:
    """Who is to be asked again.

    Attributes
    ----------
    path : Path
    cases : DataFrame
        The columns of `COLUMNS`, as texts.
    added, open, late : int
        New cases; those that are not closed; those of them beyond their day.
    """

    path: Path
    cases: pd.DataFrame
    added: int
    open: int
    late: int


def find_follow_ups(study: Study) -> pd.DataFrame:
    """Find whom the card's rules name, as of the study's day.

    Returns
    -------
    DataFrame
        The columns of `COLUMNS`; one row a customer, rule and day.

    Raises
    ------
    DataError
        The card has no rules, or one of them names a table or a column that is not there.
    """
    if not study.service.follow_up:
        raise DataError(
            "the card has no rule by which customers are asked again", where=str(study.path),
            remedy="write one under service: follow_up (name, table, where, owner, days)",
        )  # fmt: skip
    cleaner = Cleaner(study, Engine(study))
    found = [_found(study, cleaner, rule) for rule in study.service.follow_up]
    cases = pd.concat(found, ignore_index=True).drop_duplicates(_KEY)
    return cases.sort_values(["due", "customer_id"], kind="stable", ignore_index=True)


def update_follow_ups(study: Study) -> WorkingList:
    """Write the working list: new cases are added, and what was written about others stays."""
    path = study.folder / PLACE
    new = find_follow_ups(study)
    before = pd.DataFrame(columns=list(COLUMNS))
    if path.is_file():
        before = pd.read_csv(path, dtype=str, keep_default_na=False)
        if lacking := [c for c in _KEY if c not in before]:
            raise DataError(
                f"the working list lacks {', '.join(lacking)}", where=str(path),
                remedy="put the column back, or move the file away and begin anew",
            )  # fmt: skip
    # a customer whose case is open is not asked twice about the same
    open_ = before[before.get("closed", pd.Series("", before.index)) == ""]
    known = set(map(tuple, before[_KEY].to_numpy()))
    busy = set(map(tuple, open_[_KEY[:2]].to_numpy()))
    fresh = [key not in known and key[:2] not in busy for key in map(tuple, new[_KEY].to_numpy())]
    added = new[fresh].drop_duplicates(_KEY[:2])
    cases = pd.concat([before, added], ignore_index=True).fillna("")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    aside = path.with_suffix(".new")
    cases.to_csv(aside, index=False, encoding="utf-8-sig")
    aside.chmod(0o600)
    aside.replace(path)
    waiting = cases[cases["closed"] == ""]
    today = study.as_of.isoformat()
    late = int(((waiting["due"] != "") & (waiting["due"] < today)).sum())
    return WorkingList(path, cases, len(added), len(waiting), late)


def _found(study: Study, cleaner: Cleaner, rule: FollowUp) -> pd.DataFrame:
    where = f"{study.path}, service.follow_up.{rule.name}"
    if rule.table not in study.tables:
        raise DataError(
            f"there is no table {rule.table!r}{did_you_mean(rule.table, list(study.tables))}",
            where=where, remedy=f"tables: {', '.join(study.tables)}",
        )  # fmt: skip
    schema = schema_of(rule.table, study.survey)
    when = schema.time if schema is not None else None
    rows, firsts, source = cleaner.identities.rows_and_ids(rule.table)
    lacking = [c for c in ("customer_id", when, *rule.where) if c not in rows.columns]
    if when is None or lacking:
        raise DataError(
            f"{rule.table!r} has no {', '.join(map(str, lacking)) or 'day'}", where=where,
            remedy=f"columns: {', '.join(c for c in rows.columns if not c.startswith('_'))}",
        )  # fmt: skip
    kept = rows.filter(rows[REASON].isnull() & rows.customer_id.notnull())
    first = study.as_of - dt.timedelta(days=rule.since)
    day = kept[when].cast("date")
    kept = kept.filter((day > ibis.literal(first)) & (day <= ibis.literal(study.as_of)))
    for column, wanted in rule.where.items():
        kept = kept.filter(_holds(kept[column], wanted))
    shown = {"customer_id": kept.customer_id, "opened": kept[when].cast("date")}
    about = [c for c in ("kind", "channel", "wave") if c in kept.columns]
    frame = cleaner.engine.run(
        kept.select(**shown, **({"about": kept[about[0]]} if about else {})), source.where
    )
    opened = pd.to_datetime(frame["opened"])
    own = study.text(rule.owner, study.languages[0])
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"].map(lambda one: firsts.get(one, one)).astype(str),
            "rule": rule.name, "opened": opened.dt.strftime("%Y-%m-%d"),
            "about": frame["about"].fillna("").astype(str) if about else "", "owner_role": own,
            "due": (opened + pd.Timedelta(days=rule.days)).dt.strftime("%Y-%m-%d"),
            "closed": "", "action": "", "settled": "",
        },
        columns=list(COLUMNS),
    )  # fmt: skip


def _holds(column: Any, wanted: Any) -> Any:
    """Tell whether a cell is what a rule asks for: within bounds, or one of some values."""
    if isinstance(wanted, Bounds | Mapping):
        bounds = wanted if isinstance(wanted, Bounds) else Bounds(**wanted)
        held = ibis.literal(True)
        if bounds.at_least is not None:
            held &= column >= bounds.at_least
        if bounds.at_most is not None:
            held &= column <= bounds.at_most
        return ibis.coalesce(held, False)
    values = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
    if column.type().is_boolean():
        values = [bool(v) for v in values]
    elif column.type().is_string():
        values = [str(v) for v in values]
    return ibis.coalesce(column.isin(values), False)
