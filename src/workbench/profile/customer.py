"""One customer from all sides, for those who look after that customer: never staged or published.

What a run has found of the customer is read from it; the rest is computed by the same functions.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.data import customer_summary, rfm_scores
from workbench.data.schemas import schema_of
from workbench.errors import WorkbenchError
from workbench.languages import speak
from workbench.profile.account import Account
from workbench.reporting.sentences import phrase
from workbench.results import Estimate, Finding, labelled

if TYPE_CHECKING:
    from workbench.notebook import Run

#: Days ahead in which the end of a contract is worth a word.
SOON = 90
#: Columns that say when or of whom, and are told elsewhere.
_NOT_SHOWN = frozenset(
    {
        "customer_id",
        "order_id",
        "contract_id",
        "respondent_id",
        "wave",
        "comment",
        "seconds",
        "opportunity_id",
        "lead_id",
        "closed",
        "won",
        "number",
    }
)
#: What a row of a table is called on the time line.
_EVENTS = {
    "transactions": "purchase", "interactions": "contact", "visits": "visit", "leads": "lead",
    "opportunities": "opportunity", "plans": "planned step", "voices": "voice",
    "follow_ups": "called back",
}  # fmt: skip
_SCORES = ("csat5", "csat", "csat10", "recommend")


@dataclass(frozen=True)
class CustomerProfile:
    """One customer: facts, standing, and all that happened on one time line.

    Attributes
    ----------
    customer : str
        The pseudonym.
    as_of : date
        The study's day.
    facts : DataFrame
        fact, value: what the customer table says.
    standing : list of Finding
        What was bought, segment, stage, value, needs, calls, open matters, measures.
    timeline : DataFrame
        date, event, what, amount; the youngest first.
    comments : DataFrame
        date, comment, with people masked.
    """

    customer: str
    as_of: dt.date
    facts: pd.DataFrame
    standing: list[Finding]
    timeline: pd.DataFrame
    comments: pd.DataFrame

    def findings(self) -> list[Finding]:
        """Give the sentences, the most pressing first."""
        return self.standing

    @property
    def text(self) -> str:
        """The profile as plain English text."""
        parts = [f"Customer {self.customer}, as of {self.as_of}"]
        if len(self.facts):
            pairs = zip(self.facts["fact"], self.facts["value"], strict=True)
            parts.append("\n".join(f"  {fact}: {value}" for fact, value in pairs))
        english = speak("en")
        sentences = [phrase(each, english, {}, form="plain") for each in self.standing]
        parts.append("\n".join(f"- {sentence}" for sentence in sentences))
        if len(self.timeline):
            lines = []
            for row in self.timeline.to_dict("records"):
                amount = "" if pd.isna(row["amount"]) else f"{row['amount']:>12,.2f}"
                day, event = f"{row['date']:%Y-%m-%d}", row["event"]
                lines.append(f"  {day}  {event:<14} {amount:<12}  {row['what']}")
            parts.append("Time line\n" + "\n".join(line.rstrip() for line in lines))
        if len(self.comments):
            said = zip(self.comments["date"], self.comments["comment"], strict=True)
            parts.append(
                "Comments\n" + "\n".join(f"  {day:%Y-%m-%d}  {text}" for day, text in said)
            )
        return "\n\n".join(part for part in parts if part)


def customer_profile(run: Run, customer: str) -> CustomerProfile:
    """Look at one customer.

    Parameters
    ----------
    run : Run
        From `workbench.open_run`: the study, and what its last run has saved.
    customer : str
        A pseudonym, or an id of the study's own files (with the key).

    Raises
    ------
    DataError
        If no table knows the customer.
    WorkbenchError
        In a run, whose pages are published.

    Examples
    --------
    >>> import workbench as wb
    >>> from workbench.profile import customer_profile
    >>> profile = customer_profile(wb.open_run("cdnow"), "00001")
    >>> len(profile.timeline)
    1
    """
    if os.environ.get("WORKBENCH_RUN"):
        raise WorkbenchError(
            "a page about one customer is never published", where="customer_profile",
            remedy="call it in JupyterLab, or `workbench profile STUDY CUSTOMER`",
        )  # fmt: skip
    who = run.tables.find_customer(customer)
    wholes = [name for name, card in run.study.tables.items() if card.part_of is None]
    rows = {name: run.tables.of_customer(name, who) for name in wholes}
    rows = {name: frame for name, frame in rows.items() if len(frame)}
    survey = rows.get("survey", pd.DataFrame())
    said = pd.DataFrame(columns=["date", "comment"])
    if {"answered_on", "comment"} <= set(survey.columns):
        said = survey[["answered_on", "comment"]].dropna()
        said = said.set_axis(["date", "comment"], axis=1).sort_values("date", ascending=False)
    return CustomerProfile(
        who,
        run.as_of,
        labelled(_facts(rows.get("customers", rows.get("accounts"))), fact="Fact", value="Value"),
        list(_standing(run, who, rows)),
        labelled(
            _timeline(run, rows), date="Date", event="Event", what="What",
            amount=("Amount", "number:2"),
        ),
        labelled(said.reset_index(drop=True), date="Date", comment="Comment"),
    )  # fmt: skip


def _is_account(rows: Mapping[str, pd.DataFrame]) -> bool:
    return any(name in rows for name in ("accounts", "contacts", "opportunities", "visits"))


def _facts(customers: pd.DataFrame | None) -> pd.DataFrame:
    if customers is None:
        return pd.DataFrame(columns=["fact", "value"])
    known = customers.iloc[0].drop(["customer_id", "parent_id"], errors="ignore").dropna()
    return pd.DataFrame({"fact": known.index, "value": [_written(v) for v in known]})


def _written(value: Any) -> str:
    if isinstance(value, pd.Timestamp | dt.date):
        return f"{value:%Y-%m-%d}"
    return f"{value:g}" if isinstance(value, float) else str(value)


# --- the time line --------------------------------------------------------------------------------


def _timeline(run: Run, rows: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    events: list[tuple[pd.Timestamp, str, str, float]] = []
    titles = {case.name: run.study.text(case.title, "en") for case in run.study.cases}
    for name, frame in rows.items():
        schema = schema_of(name)
        if schema is None or schema.time is None or schema.time not in frame:
            continue
        for row in frame.to_dict("records"):
            events += _events(name.split("_")[0], schema.time, row, titles)
    if "transactions" in rows:
        events += _refunds(run, str(rows["transactions"]["customer_id"].iloc[0]))
    if _is_account(rows):
        who = next(iter(rows.values()))["customer_id"].iloc[0]
        events += Account(run, str(who), rows).events()
    known = [event for event in events if not pd.isna(event[0])]
    known.sort(key=lambda event: event[0], reverse=True)
    return pd.DataFrame(known, columns=["date", "event", "what", "amount"])


def _events(
    kind: str, time: str, row: Mapping[Any, Any], titles: Mapping[str, str]
) -> Iterator[tuple[pd.Timestamp, str, str, float]]:
    when, amount = pd.Timestamp(row[time]), float("nan")
    if kind == "contracts":
        what, fee = _details(row, {"start", "end", "monthly_fee"}), row.get("monthly_fee")
        yield when, "contract begins", what, amount if fee is None else float(fee)
        if not pd.isna(row.get("end")):
            yield pd.Timestamp(row["end"]), "contract ends", what, float("nan")
        return
    if kind == "treatments":
        case = str(row.get("case"))
        yield when, "measure", titles.get(case, case), amount
        return
    if kind == "survey":
        shown = {k: v for k, v in row.items() if k in _SCORES}
        yield when, "answer", _details(shown, set()), amount
        return
    if "amount" in row and not pd.isna(row["amount"]):
        amount = float(row["amount"])
    but = {time, "amount", "reason"} if kind == "opportunities" else {time, "amount"}
    yield when, _EVENTS.get(kind, kind), _details(row, but), amount


def _details(row: Mapping[Any, Any], but: set[str]) -> str:
    """Write what else a row says."""
    told = []
    for column, value in row.items():
        if column in _NOT_SHOWN or column in but or pd.isna(value):
            continue
        if isinstance(value, str):
            told.append(value)
        elif isinstance(value, bool):
            told.append(str(column).replace("_", " ") if value else f"not {column}")
        else:
            told.append(f"{str(column).replace('_', ' ')} {_written(value)}")
    return ", ".join(told)


def _refunds(run: Run, who: str) -> Iterator[tuple[pd.Timestamp, str, str, float]]:
    back = run.tables.refunds("transactions")
    for row in back[back["customer_id"] == who].to_dict("records"):
        bought = f"of the purchase of {pd.Timestamp(row['date']):%Y-%m-%d}"
        yield pd.Timestamp(row["refunded_on"]), "refund", bought, -float(row["amount"])


# --- how the customer stands ----------------------------------------------------------------------


def _standing(run: Run, who: str, rows: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    currency = run.study.currency
    if (bought := rows.get("transactions")) is not None:
        days = pd.to_datetime(bought["date"])
        if "amount" in bought:
            yield Finding(
                "bought",
                "Purchases: {n}, for {spend} in all, the last on {day}.",
                {
                    "n": len(bought),
                    "spend": Estimate(float(bought["amount"].sum()), kind="money", unit=currency),
                    "day": days.max().date(),
                },
            )
        else:
            yield Finding(
                "came", "Purchases: {n}, the last on {day}.",
                {"n": len(bought), "day": days.max().date()},
            )  # fmt: skip
    yield from _segment(run, who)
    stage = _stage(run, who)
    if stage:
        yield Finding("stage", "Stage of life: {stage}.", {"stage": stage})
    value = _value(run, who)
    if value is not None:
        yield Finding("value", "Expected value: {clv}.", {"clv": value}, estimates={"clv": value})
    if _is_account(rows):
        yield from Account(run, who, rows).findings()
    yield from _calls(run, who)
    yield from _contracts(run, rows.get("contracts"))
    yield from _open(rows.get("interactions"))
    titles = {case.name: case.title for case in run.study.cases}
    for row in rows.get("treatments", pd.DataFrame()).to_dict("records"):
        title, day = titles.get(row["case"], row["case"]), pd.Timestamp(row["start"]).date()
        yield Finding(
            "measure",
            "Took part in the measure {measure} from {day}.",
            {"measure": dict(title) if isinstance(title, Mapping) else str(title), "day": day},
        )


def _stored(run: Run, name: str, who: str) -> pd.Series | None:
    """Give a customer's row of a result that a run has saved."""
    if not run.has_result(name):
        return None
    frame = run.load(name).reset_index()
    if "customer_id" not in frame:
        return None
    found = frame[frame["customer_id"] == who]
    return found.iloc[0] if len(found) else None


def _segment(run: Run, who: str) -> Iterator[Finding]:
    from workbench import segments

    row, card = _stored(run, "segments", who), run.study.segments
    if row is None and "transactions" in run.study.tables:
        try:
            log = rfm_scores(
                run.tables, "transactions", levels=5, cuts=dict(card.cuts.items()) or None
            )
            named = segments.name_customers(
                log.frame(), levels=log.levels, rules=card.rule_table(), weights=card.weights,
                min_cell=run.study.privacy.min_cell,
            ).customers  # fmt: skip
        except WorkbenchError:
            return
        found = named[named["customer_id"] == who]
        row = found.iloc[0] if len(found) else None
    if row is None:
        return
    yield Finding("segment", "Segment: {segment}.", {"segment": str(row["segment"])})
    rules = card.rule_table()
    rules = segments.default_rules() if rules is None else rules
    advice = rules[rules["segment"] == row["segment"]]
    if len(advice):
        for key, message in (("need", "May need: {need}."), ("action", "What is done: {action}.")):
            if text := str(advice.iloc[0].get(key) or "").rstrip("."):
                yield Finding(key, message, {key: text})


def _stage(run: Run, who: str) -> str | None:
    from workbench import segments

    row = _stored(run, "stages", who)
    if row is not None:
        return str(row["stage"])
    if "transactions" not in run.study.tables:
        return None
    try:
        log = segments.purchase_days(
            run.tables.frame("transactions"), run.tables.refunds("transactions")
        )
        stages = segments.lifecycle(log, as_of=run.as_of).stage
    except WorkbenchError:
        return None
    return str(stages[who]) if who in stages.index else None


def _value(run: Run, who: str) -> Estimate | None:
    from workbench import clv

    row = _stored(run, "customer_value", who)
    if row is None:
        terms: dict[str, Any] = {
            "discount_rate": 0.10,
            "margin": 1.0,
            "currency": run.study.currency or "",
        }
        try:
            if "transactions" in run.study.tables:
                log = run.tables.frame("transactions")
                split = clv.calibration_split(log["date"], "")
                then = customer_summary(run.tables, calibration_end=split).frame()
                regular = clv.rhythm(
                    run.tables.frame("transactions", known=split.date()),
                    as_of=split,
                    unit=then.attrs["time_unit"],
                )
                choice = clv.choose(then, rhythm=regular)
                people = customer_summary(run.tables).frame().set_index("customer_id")
                unit = str(choice.fit.unit)
                terms["pace"] = clv.calendar(
                    log, as_of=str(run.as_of), unit=unit, model=choice.model
                )
                table = choice.value(people, rng=run.rng("value"), horizon=52.0, **terms).table
            elif "contracts" in run.study.tables:
                deals = run.tables.frame("contracts")
                table = clv.value_contracts(deals, as_of=str(run.as_of), **terms).of_customers()
            else:
                return None
        except WorkbenchError:
            return None
        table = table.reset_index() if "customer_id" not in table else table
        found = table[table["customer_id"] == who]
        row = found.iloc[0] if len(found) else None
    if row is None:
        return None
    return Estimate(
        float(row["clv"]), float(row["low"]), float(row["high"]), kind="money",
        unit=run.study.currency, label="Expected value",
    )  # fmt: skip


def _calls(run: Run, who: str) -> Iterator[Finding]:
    for name, message in (
        ("buyers_to_call", "Stands on the list of buyers to call."),
        ("subscribers_to_call", "Stands on the list of subscribers to call."),
    ):
        if _stored(run, name, who) is not None:
            yield Finding("call", message, severity="warning")


def _contracts(run: Run, deals: pd.DataFrame | None) -> Iterator[Finding]:
    if deals is None:
        return
    today = pd.Timestamp(run.as_of)
    ends = pd.to_datetime(deals["end"]) if "end" in deals else pd.Series(pd.NaT, deals.index)
    running = deals[(pd.to_datetime(deals["start"]) <= today) & (ends.isna() | (ends > today))]
    yield Finding(
        "contracts", "Contracts running: {n} of {total}.",
        {"n": len(running), "total": len(deals)},
    )  # fmt: skip
    soon = ends[(ends > today) & (ends <= today + pd.Timedelta(days=SOON))]
    if len(soon):
        yield Finding(
            "ends", "A contract ends on {day}.", {"day": soon.min().date()}, severity="warning"
        )


def _open(contacts: pd.DataFrame | None) -> Iterator[Finding]:
    if contacts is None or "resolved" not in contacts:
        return
    waiting = contacts[contacts["resolved"].eq(False)]
    if len(waiting):
        yield Finding(
            "open",
            "Contacts left unresolved: {n}, the last on {day}.",
            {"n": len(waiting), "day": pd.Timestamp(waiting["at"].max()).date()},
            severity="warning",
        )
