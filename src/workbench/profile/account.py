"""One business customer: those below it, value, breadth, service, people, pipeline, plan.

All figures are counts and sums of what this account did, so they have no interval; what is to come
has the one that the run gave it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.data import pipeline
from workbench.results import Estimate, Finding, attempt

if TYPE_CHECKING:
    from workbench.notebook import Run
    from workbench.study import Action

YEAR = pd.Timedelta(days=365)
#: Kinds of goods that are named at most.
_NAMED = 5
Event = tuple[pd.Timestamp, str, str, float]


@dataclass(frozen=True)
class Account:
    """What a study holds of an account and those below it.

    Attributes
    ----------
    run : Run
    who : str
        The pseudonym.
    rows : mapping of str to DataFrame
        Of each table, the rows of this account alone.
    """

    run: Run
    who: str
    rows: Mapping[str, pd.DataFrame]

    @cached_property
    def tree(self) -> pd.DataFrame:
        """All accounts, with the one above each and the one on top."""
        accounts = self.run.account_tree().accounts
        return accounts.drop_duplicates("customer_id").set_index("customer_id")

    @cached_property
    def family(self) -> list[str]:
        """Give the account and all below it."""
        if "parent_id" not in self.tree:
            return [self.who]
        below, found = [self.who], [self.who]
        while below:
            under = self.tree["parent_id"].isin(below)
            below = [one for one in self.tree.index[under] if one not in found]
            found += below
        return found

    def of_family(self, table: str) -> pd.DataFrame:
        """Rows of a table that are of this account or of those below it."""
        frame = attempt(self.run.table, table)
        if frame is None or "customer_id" not in frame:
            return pd.DataFrame()
        return frame[frame["customer_id"].isin(self.family)]

    @cached_property
    def log(self) -> str | None:
        """The table with what accounts buy, as the page on accounts has it."""
        said = self.run.study.parameters.get("accounts", {}).get("table", "transactions")
        return said if self.run.has(said) else None

    @property
    def today(self) -> pd.Timestamp:
        """The study's day."""
        return pd.Timestamp(self.run.as_of)

    def money(self, value: float, *, signed: bool = False) -> Estimate:
        """Name an amount."""
        return Estimate(value, kind="money", unit=self.run.study.currency, signed=signed)

    # --- sentences ------------------------------------------------------------------------------

    def findings(self) -> Iterator[Finding]:
        """Say how the account stands, from whom it belongs to, to what is planned."""
        yield from self._place()
        yield from self._bought()
        yield from self._breadth()
        yield from self._pipeline()
        yield from self._service()
        yield from self._answers()
        yield from self._relation()
        yield from self._health()
        yield from self._plan()

    def _place(self) -> Iterator[Finding]:
        if (n := len(self.family) - 1) > 0:
            yield Finding("account.above", "Accounts below it, counted with it: {n}.", {"n": n})
        parent = self.tree["parent_id"].get(self.who) if "parent_id" in self.tree else None
        if isinstance(parent, str):
            values = {"parent": parent, "top": str(self.tree.loc[self.who, "top"])}
            message = "Belongs to the account {parent}; on top stands {top}."
            yield Finding("account.under", message, values)

    def _bought(self) -> Iterator[Finding]:
        every = attempt(self.run.table, self.log) if self.log else None
        if every is None or "amount" not in every:
            return
        own = every[every["customer_id"].isin(self.family)]
        now, before = (self._within(own, self.today - k * YEAR) for k in (0, 1))
        long = every["date"].min() <= self.today - 2 * YEAR + pd.Timedelta(days=31)
        values: dict[str, object] = {"now": self.money(now), "before": self.money(before)}
        if long and before > 0:
            all_ = [self._within(every, self.today - k * YEAR) for k in (0, 1)]
            values |= {"change": Estimate(now / before - 1, kind="percent", signed=True),
                       "all": Estimate(all_[0] / all_[1] - 1, kind="percent", signed=True),
                       }  # fmt: skip
            yield Finding(
                "account.trend",
                "Bought for {now} in the last twelve months and {before} in those before:"
                " {change}; all accounts together {all}.",
                values, severity="warning" if now < 0.75 * before else "note",
            )  # fmt: skip
        else:
            yield Finding("account.bought", "Bought for {now} in the last twelve months.", values)
        accounts = self.tree.loc[self.tree.index.isin(self.family)]
        potential = float(accounts["potential"].sum()) if "potential" in accounts else 0.0
        if potential > 0:
            share = Estimate(now / potential, kind="percent")
            values = {"share": share, "potential": self.money(potential)}
            yield Finding("wallet", "Bought {share} of a potential of {potential} a year.", values)

    def _within(self, log: pd.DataFrame, until: pd.Timestamp) -> float:
        inside = (log["date"] > until - YEAR) & (log["date"] <= until)
        return float(log.loc[inside, "amount"].sum())

    def _breadth(self) -> Iterator[Finding]:
        every = attempt(self.run.table, self.log) if self.log else None
        what = None if every is None else next(
            (c for c in ("category", "product") if c in every), None
        )  # fmt: skip
        if every is None or what is None:
            return
        own = every[every["customer_id"].isin(self.family) & (every["date"] <= self.today)]
        lately = set(own.loc[own["date"] > self.today - YEAR, what].dropna().astype(str))
        sold = every[what].dropna().astype(str).value_counts().index
        lacking = [name for name in sold if name not in lately]
        values: dict[str, object] = {"n": len(lately), "all": len(sold)}
        if lacking:
            values["lacking"] = [{"en": name} for name in lacking[:_NAMED]]
            message = "Buys {n} of {all} kinds of goods; not in the last twelve months: {lacking}."
            yield Finding("account.breadth", message, values)
        else:
            yield Finding("account.breadth", "Buys all {all} kinds of goods.", values)

    def _pipeline(self) -> Iterator[Finding]:
        deals = attempt(pipeline, self.run.tables) if self.run.has("opportunities") else None
        mine = None if deals is None else deals.frame[deals.frame["customer_id"].isin(self.family)]
        if mine is None or mine.empty:
            return
        now = mine[mine["outcome"] == "open"]
        values = {
            "open": len(now), "worth": self.money(float(now["amount"].sum())),
            "won": int((mine["outcome"] == "won").sum()), "n": len(mine),
        }  # fmt: skip
        message = "Open opportunities: {open}, for {worth}; won {won} of {n}."
        yield Finding("pipeline", message, values)
        chances = attempt(self.run.load, "pipeline_chances")
        if chances is None or now.empty:
            return
        chance = now["stage"].astype(str).map(chances.set_index("state")["chance"])
        if chance.notna().all():
            expected = self.money(float((chance * now["amount"]).sum()))
            message = "At the chances of their stages {expected} of that is to be expected."
            yield Finding("account.expected", message, {"expected": expected})

    def _service(self) -> Iterator[Finding]:
        asked = self.of_family("interactions")
        if "at" in asked:
            asked = asked[(asked["at"] > self.today - YEAR)]
        if len(asked):
            done = asked["resolved"].dropna() if "resolved" in asked else pd.Series(dtype=bool)
            if len(done):
                share = Estimate(float(done.astype(float).mean()), kind="percent")
                message = "Service contacts in the last twelve months: {n}, {share} of them solved."
                yield Finding("account.service", message, {"n": len(asked), "share": share})
            else:
                message = "Service contacts in the last twelve months: {n}."
                yield Finding("account.service", message, {"n": len(asked)})
            waited = asked["response_hours"].dropna() if "response_hours" in asked else None
            if waited is not None and len(waited):
                hours = Estimate(float(waited.median()), digits=1)
                yield Finding("account.wait", "Half of them were answered within {hours} hours.",
                              {"hours": hours})  # fmt: skip

    def _answers(self) -> Iterator[Finding]:
        told = self.of_family("survey")
        scores = [c for c in ("csat5", "csat10", "csat", "recommend") if c in told]
        told = told.dropna(subset=["answered_on"]) if "answered_on" in told else pd.DataFrame()
        told = told.dropna(subset=scores, how="all") if len(told) else told
        if told.empty or not scores:
            return
        last = told.sort_values("answered_on").iloc[-1]
        name = next(c for c in scores if pd.notna(last[c]))
        values = {"score": Estimate(float(last[name]), digits=0), "n": len(told),
                  "day": pd.Timestamp(last["answered_on"]).date()}  # fmt: skip
        message = (
            "Would recommend us by {score} of 10, as answered on {day}; answers: {n}."
            if name == "recommend"
            else "Satisfaction {score}, as answered on {day}; answers: {n}."
        )
        yield Finding("account.satisfaction", message, values)

    def _relation(self) -> Iterator[Finding]:
        people = self.of_family("contacts")
        if len(people):
            last = people["last_on"].max() if "last_on" in people else pd.NaT
            if pd.isna(last):
                yield Finding("people", "Contacts known: {n}.", {"n": len(people)})
            else:
                values = {"n": len(people), "day": pd.Timestamp(last).date()}
                message = "Contacts known: {n}, the last heard of on {day}."
                yield Finding("people", message, values)
        came = self.of_family("visits")
        came = came[came["date"] <= self.today] if len(came) else came
        if len(came):
            lately = int((came["date"] > self.today - YEAR).sum())
            values = {"n": lately, "day": pd.Timestamp(came["date"].max()).date()}
            message = "Visits in the last twelve months: {n}, the last one on {day}."
            yield Finding("account.visits", message, values)

    def _health(self) -> Iterator[Finding]:
        scores = attempt(self.run.load, "account_health")
        mine = None if scores is None else scores[scores["customer_id"] == self.who]
        if mine is None or mine.empty:
            return
        row = mine.iloc[0]
        weak = str(row["health"]) == "Weak"
        values: dict[str, object] = {"score": Estimate(float(row["score"]), digits=0)}
        if isinstance(row.get("reason"), str):
            values["reason"] = {"en": row["reason"]}
            message = "Health: {score} of 100, given by somebody: {reason}."
        else:
            message = "Health: {score} of 100."
        yield Finding("health", message, values, severity="warning" if weak else "note")

    # --- the plan -------------------------------------------------------------------------------

    @cached_property
    def actions(self) -> list[Action]:
        """Actions of the register that are about accounts such as this one."""
        if self.who not in self.tree.index:
            return []
        mine = self.tree.loc[self.who]
        private = (
            set(self.run.tables.expr("customers").columns) if self.run.has("customers") else ()
        )
        found = []
        for action in self.run.study.actions:
            about = action.where or {}
            ours = about and not set(about) <= set(private)
            fits = all(c in mine and str(mine[c]) in map(str, _all(v)) for c, v in about.items())
            if ours and fits:
                found.append(action)
        return found

    def _plan(self) -> Iterator[Finding]:
        plans = self.of_family("plans")
        late = plans[plans["done"].isna() & (plans["due"] < self.today)] if len(plans) else plans
        open_ = int(plans["done"].isna().sum()) if len(plans) else 0
        if len(late):
            values: dict[str, object] = {"n": open_, "late": len(late)}
            message = "Planned steps that are open: {n}, of which {late} are late."
            yield Finding("account.plan", message, values, severity="warning")
        elif len(plans):
            yield Finding("account.plan", "Planned steps that are open: {n}.", {"n": open_})
        for action in self.actions:
            values = {"action": dict(action.title) if isinstance(action.title, Mapping)
                      else {"en": str(action.title)}, "due": action.due}  # fmt: skip
            message = (
                "In the register for accounts such as this: {action}, done."
                if action.done is not None and action.done <= self.run.as_of
                else "In the register for accounts such as this: {action}, due on {due}."
            )
            yield Finding("account.action", message, values)

    def events(self) -> Iterator[Event]:
        """Give what the time line shows beside the tables: actions, and health as given."""
        for action in self.actions:
            title = self.run.study.text(action.title, "en")
            yield pd.Timestamp(action.start), "action begins", title, float("nan")
            if action.done is not None:
                yield pd.Timestamp(action.done), "action done", title, float("nan")
        about = self.rows.get("accounts")
        if about is not None and {"health", "health_on"} <= set(about):
            row = about.iloc[0]
            if pd.notna(row["health"]) and pd.notna(row["health_on"]):
                why = row.get("health_reason")
                said = f"{row['health']:g} of 100" + (f": {why}" if isinstance(why, str) else "")
                yield pd.Timestamp(row["health_on"]), "health given", said, float("nan")


def _all(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set) else [value]
