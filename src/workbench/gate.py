"""Tries before a run what each of its notebooks will need, by the functions that they call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from workbench.data import CheckReport, Tables, check_study, open_tables
from workbench.errors import DataError, WorkbenchError, suggest
from workbench.notebook import Run
from workbench.runs import plan_study
from workbench.runs.pipeline import load_pipeline

if TYPE_CHECKING:
    from workbench.runs.pipeline import Entry
    from workbench.runs.plan import Step
    from workbench.study import Study

#: Rows from which on nothing is tried that reads them all: the counts of the report must do.
MANY_ROWS: Final = 2_000_000
MOST_PAGES = 40
"""Values of a column of which each may have a page."""
#: Columns that tell who somebody is.
_WHO = frozenset({
    "customer_id", "parent_id", "name", "phone", "email", "address", "birth_year", "owner_role",
    "agent", "contract_id", "order_id", "ticket_id", "comment",
})  # fmt: skip
#: Tables that a page takes what it can from; all others it shows.
_ALL_TABLES: Final = ("data_quality",)

Trial = Callable[[Run, Mapping[str, Any]], Iterator[str]]


@dataclass(frozen=True)
class Outlook:
    """What will become of one notebook.

    Attributes
    ----------
    key : str
        The notebook's key in a run.
    fate : str
        ``will run``, ``cannot run`` or ``is skipped``.
    why : str
        Why not; or what its page will have to say in place of an answer.
    """

    key: str
    fate: str
    why: str = ""


@dataclass(frozen=True)
class Gate:
    """What stands between a study and its run.

    Attributes
    ----------
    report : CheckReport
        With the problems and warnings of all that was tried.
    outlooks : tuple of Outlook
        One a notebook; none where the run cannot be laid out.
    """

    report: CheckReport
    outlooks: tuple[Outlook, ...] = ()


def try_study(study: Study, root: Path, *, watch: Callable[[str], None] | None = None) -> Gate:
    """Check a study, and try what each notebook of its run will need.

    Parameters
    ----------
    study : Study
        The card.
    root : Path
        The folder that holds ``notebooks/``.
    watch : callable, optional
        Told what is being done, for who waits.

    Returns
    -------
    Gate
        All problems at once; nothing is raised for what can be mended in the card or the files.
    """
    say = watch or (lambda what: None)
    try:
        tables: Tables | None = open_tables(study)
    except WorkbenchError:
        tables = None  # which the check tells
    report = check_study(study, tables=tables, watch=watch)
    try:
        plan = plan_study(study, root, groups=groups_of)
        pipeline = load_pipeline(root / "notebooks")
    except WorkbenchError as error:
        return Gate(report.joined([str(error)], []))
    outlooks: list[Outlook] = []
    problems: dict[str, list[str]] = {}  # what is wrong -> the notebooks that it stops
    warnings: list[str] = []
    with TemporaryDirectory(prefix="workbench-") as scratch:
        for step in plan.steps:
            if lacking := _unreadable(pipeline[step.notebook], study, report):
                outlooks.append(
                    Outlook(step.key, "cannot run", f"{', '.join(lacking)} cannot be read")
                )
                continue
            say(f"trying {step.key}")
            run = Run(study, folder=Path(scratch), root=root, notebook=step.key, case=step.case)
            run._tables = tables
            try:
                doubts = list(_try(run, step, report))
            except WorkbenchError as error:
                problems.setdefault(str(error), []).append(step.key)
                outlooks.append(Outlook(step.key, "cannot run", error.what))
                continue
            warnings += [f"{step.key}: {text}" for text in doubts]
            outlooks.append(Outlook(step.key, "will run", "; ".join(doubts)))
    failing = {o.key for o in outlooks if o.fate == "cannot run"}
    outlooks = [
        replace(o, fate="cannot run", why=f"it needs {', '.join(sorted(held))}")
        if (held := failing & set(step.needs)) and o.fate == "will run"
        else o
        for o, step in zip(outlooks, plan.steps, strict=True)
    ]
    skipped = [Outlook(skip.key, "is skipped", skip.reason) for skip in plan.skips]
    skipped += [Outlook(each.key, "cannot run", each.reason) for each in plan.broken]
    pages = [pipeline[step.notebook] for step in plan.steps]
    warnings += _unread_tables(study, report, tables, pages)
    wrong = [f"{', '.join(stopped)}: {what}" for what, stopped in problems.items()]
    return Gate(report.joined(wrong, warnings), (*outlooks, *skipped))


def groups_of(study: Study, column: str) -> list[str]:
    """Give the values of a column that may have a page of their own.

    Each has so many customers as the card's rule asks for, none of whom has nearly all that they
    bought, and none of the others follows from those that are shown.

    Parameters
    ----------
    study : Study
        The card.
    column : str
        ``customers.region``: a table with a row a customer, and a column of it.

    Raises
    ------
    DataError
        If it tells who somebody is, or which account, or is no column of groups.
    """
    import pandas as pd

    from workbench.segments import groups_shown

    table, _, name = column.partition(".")
    where = f"for_each: {column}"
    if table == "accounts" or name in _WHO or name.endswith(("_id", "_name")):
        raise DataError(
            "a page would be one person's or one account's", where=where,
            remedy="name a column of groups, such as customers.region",
        )  # fmt: skip
    tables = open_tables(study)
    frame = tables.frame(table)
    if name not in frame or "customer_id" not in frame:
        raise DataError(
            f"table {table!r} has no column {name!r} of its customers", where=where,
            remedy=suggest(name, [c for c in frame.columns if c not in _WHO]),
        )  # fmt: skip
    people = frame[["customer_id", name]].dropna().drop_duplicates("customer_id")
    if people[name].nunique() > MOST_PAGES:
        raise DataError(
            f"it has {people[name].nunique()} values: pages are for groups, at most {MOST_PAGES}",
            where=where, remedy="name a column of fewer values",
        )  # fmt: skip
    bought = pd.Series(1.0, index=people.index)
    if "transactions" in study.tables:
        log = tables.frame("transactions")
        if "amount" in log:
            sums = log.groupby("customer_id", observed=True)["amount"].sum()
            bought = people["customer_id"].map(sums).fillna(0.0).astype(float)
    return groups_shown(people[name].astype("str"), bought, min_cell=study.privacy)


def _unreadable(entry: Entry, study: Study, report: CheckReport) -> list[str]:
    """Name the tables that a notebook cannot do without and that could not be read."""
    broken = [name for name in study.tables if name not in report.tables]
    if entry.notebook in _ALL_TABLES or not report.tables:
        return broken
    needed = [name for name in entry.tables if name in broken]
    some = [name for name in entry.any_tables if name in study.tables]
    return needed or (some if some and all(name in broken for name in some) else [])


def _unread_tables(
    study: Study, report: CheckReport, tables: Tables | None, pages: Iterable[Entry]
) -> list[str]:
    """Name the tables that no page reads, but that which shows how all were read."""
    from workbench.data import find_indicator

    named = [goal.indicator for goal in study.goals]
    named += [watch.indicator for watch in study.alerts.watch] if study.alerts else []
    named += study.scorecard.indicators if study.scorecard else []
    for case in study.cases:
        named += [s.indicator for s in case.outcomes]
        named += [s.indicator for s in (*case.comparison, *case.covariates)]
        named += [case.selected_on] if case.selected_on else []
    read = {"transactions", "contracts", "customers", "survey", "labelled_comments"}
    read |= {"treatments"} if study.cases else set()
    read |= {"interactions"} if {"transactions", "contracts"} & set(study.tables) else set()
    read |= {"interactions", "interactions_calls", "steps"} if _says_service(tables) else set()
    read |= {name for entry in pages for name in entry.any_tables}
    read |= {"stages"} if "opportunities" in study.tables else set()
    for name in named:
        try:
            read |= {"ratings"} if name == "expert_score" else {find_indicator(name).table}
        except WorkbenchError:
            continue  # which the check tells
    read |= {str(v.get("table")) for v in study.parameters.values() if v.get("table")}
    read |= {entry.table for entry in study.published}
    return [
        f"{name}: no page reads this table but that on the data; name an indicator of it under"
        " `goals`, or leave it out"
        for name in report.tables
        if name not in read and study.tables[name].part_of is None
    ]


def _says_service(tables: Tables | None) -> bool:
    """Whether the page on service has something to tell of the contacts."""
    from workbench.data.summaries.contact_log import OUTCOMES

    if tables is None or "interactions" not in tables:
        return False
    try:
        columns = set(tables.expr("interactions").columns)
    except WorkbenchError:
        return False  # which the check tells
    return bool(columns & OUTCOMES)


# --- what single notebooks need -------------------------------------------------------------------


def _try(run: Run, step: Step, report: CheckReport) -> Iterator[str]:
    trial = TRIALS.get(step.notebook)
    if trial is None:
        return
    rows = max((table.kept for table in report.tables.values()), default=0)
    if rows <= MANY_ROWS or step.notebook in _OF_REPORT:
        try:
            yield from trial(run, _Parameters(step.parameters))
        except _UntriedError as lacking:
            yield f"could not be tried: the notebook has no parameter {lacking}"


class _UntriedError(Exception):
    """A notebook of the user's own lacks a parameter that the trial asks for."""


class _Parameters(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        raise _UntriedError(repr(name))


def _segmentation(run: Run, parameters: Mapping[str, Any]) -> Iterator[str]:
    from workbench import segments

    card = run.study.segments
    log = run.rfm(parameters["table"], levels=parameters["levels"], cuts=dict(card.cuts.items()))
    segments.name_customers(
        log.frame(), levels=log.levels, rules=card.rule_table(), weights=card.weights,
        min_cell=run.study.privacy.min_cell,
    )  # fmt: skip
    yield from ()


def _clv(run: Run, parameters: Mapping[str, Any]) -> Iterator[str]:
    from workbench import clv

    table = parameters["table"]
    if run.has(table):
        run.tables.require_purchases(table)
        report = run.tables.report_of(table)
        dates = _period(report)
        split = clv.calibration_split(dates, parameters["calibration_end"])
        if report.most_rows < 2:
            yield "nobody has bought twice: no purchase model can be fitted"
        elif (days := (dates.iloc[1] - dates.iloc[0]).days) < _SHORT:
            yield (
                f"{table} spans {days} days: too short to test a forecast on what came after"
                f" {split:%Y-%m-%d}"
            )


def _lifecycle(run: Run, parameters: Mapping[str, Any]) -> Iterator[str]:
    from workbench import segments

    segments.Offer(
        parameters["offer_cost"], parameters["offer_keeps"], gift=parameters["offer_gift"],
        taken_anyway=parameters["taken_anyway"],
    )  # fmt: skip
    if run.has(parameters["table"]):
        log = segments.purchase_days(run.table(parameters["table"]))
        rules = segments.StageRules.for_log(log, dormant_after=parameters["dormant_after"])
        segments.lifecycle(log, as_of=run.as_of, rules=rules)
    yield from ()


def _survey(run: Run, parameters: Mapping[str, Any]) -> Iterator[str]:
    from workbench import satisfaction
    from workbench.satisfaction.questionnaire.waves import contradicted

    if (card := run.study.survey) is not None:  # else the plan has said that it is missing
        # who they are is what the customers' table says; segments are not made yet
        people = [run.table("customers")] if run.has("customers") else []
        found = satisfaction.prepare_survey(
            run.table("survey"), card, people=people, min_cell=run.study.privacy.min_cell
        )
        if contradicted(found.waves, card.waves):
            yield (
                f"the days of the answers put the waves in the order {', '.join(found.waves)}, and"
                " not in that of `waves`; the days count: mend them, or the list"
            )


def _survey_quality(run: Run, parameters: Mapping[str, Any]) -> Iterator[str]:
    from workbench.satisfaction.questionnaire.attention import attention

    yield from _survey(run, parameters)
    if (card := run.study.survey) is not None:
        yield from (found.text for found in attention(run.table("survey"), card).findings())


def _goals(run: Run, parameters: Mapping[str, Any]) -> Iterator[str]:
    for goal in run.study.goals:
        every = goal.every or parameters["every"]
        record = run.indicator(goal.indicator, every=every, where=goal.where)
        if not record["estimate"].notna().any():
            yield f"goal {goal.name}: {goal.indicator} has no value in any {every}"


def _case(run: Run, parameters: Mapping[str, Any]) -> Iterator[str]:
    from workbench import impact

    case = run.case(parameters["case"])
    data = run.case_data(case)
    for aim, records in zip(case.outcomes, data.outcomes, strict=True):
        refused = impact.why_nothing(
            records, case, data.treatments, outcome=aim.indicator, selection=data.selection,
            comparison=data.comparison, covariates=data.covariates, units=data.units,
            min_cell=data.min_cell,
            rule=data.rule,
        )  # fmt: skip
        if refused is not None:
            yield f"{aim.indicator}: nothing can be concluded. {refused.text}"


def _period(report: Any) -> Any:
    import pandas as pd

    return pd.Series(pd.to_datetime([report.first, report.last]))


#: Days that a log must span for a forecast to be tested.
_SHORT: Final = 60
_OF_REPORT: Final = ("clv",)
#: Notebook -> what tries its needs. Others ask for what there is, and say what there is not.
TRIALS: Final[Mapping[str, Trial]] = {
    "segmentation": _segmentation,
    "clv": _clv,
    "lifecycle_churn": _lifecycle,
    "survey_quality": _survey_quality,
    "satisfaction_gap": _survey,
    "satisfaction_drivers": _survey,
    "goals": _goals,
    "case_evaluation": _case,
}
