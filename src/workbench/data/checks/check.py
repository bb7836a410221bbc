"""Checks a study's card against its tables before anything runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from workbench.data.checks.answer_doubts import answer_doubts
from workbench.data.checks.coverage import last_day
from workbench.data.checks.doubts import TOO_MANY_LOST, doubts, unread_columns
from workbench.data.checks.preview import Preview, preview
from workbench.data.checks.survey_doubts import coded_by_whom, turned_scores, unknown_questions
from workbench.data.clean.report import RULE_TEXTS, TableReport
from workbench.data.clean.rules import REASONS
from workbench.data.clean.selection import LEFT_OUT
from workbench.data.clean.survey_form import NOT_NAMED
from workbench.data.indicators.indicator import INDICATORS, find_indicator, indicator, missing_for
from workbench.data.people.keys import SHORTENED
from workbench.data.people.pseudonyms import personal_columns
from workbench.data.tables import Tables, open_tables
from workbench.errors import WorkbenchError, did_you_mean
from workbench.study import Case, Study
from workbench.study.cases import Comparison, Outcome
from workbench.study.codebook import read_codebook

#: Shares of a table from which on a reader should know.
_MANY_SET_ASIDE = 0.05
_MANY_UNKNOWN = 0.01
_MANY_EMPTIED = 0.05
_STALE_DAYS = 45


@dataclass(frozen=True)
class CheckReport:
    """What is wrong with a study, and what is worth knowing.

    Attributes
    ----------
    study : Study
        The card.
    tables : dict
        Table -> what the cleaning did; tables that cannot be read are missing here.
    problems : tuple of str
        What must be mended before the study can run as its card says.
    warnings : tuple of str
        What makes results doubtful until somebody has looked: such a study is not in order.
    notes : tuple of str
        What a reader of the results should know.
    previews : tuple of Preview
        The tables as they were understood.
    """

    study: Study
    tables: Mapping[str, TableReport]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    previews: tuple[Preview, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no problem (warnings may remain)."""
        return not self.problems

    def __str__(self) -> str:
        card = self.study
        lines = [f"{card.name}: {card.text(card.title, 'en')} ({card.path})"]
        width = max(map(len, card.tables))
        previews = {shown.name: shown for shown in self.previews}
        for name in card.tables:
            found = self.tables.get(name)
            if found is None:
                lines.append(f"  {name:<{width}}  cannot be read")
                continue
            text = f"{found.read:,} rows read, {found.kept:,} kept"
            if found.first and found.last:
                text += f", {found.first} to {found.last}"
            reasons = ", ".join(f"{n:,} {REASONS[r]}" for r, n in found.set_aside.items())
            text += "".join(f"; {n:,} {LEFT_OUT[why]}" for why, n in found.left_out.items())
            lines.append(f"  {name:<{width}}  {text}")
            if reasons:
                lines.append(f"  {'':<{width}}  set aside: {reasons}")
            if shown := previews.get(name):
                lines += [f"  {'':<{width}}  {shown.sums}"] if shown.sums else []
                lines += [f"  {line}" for line in shown.lines]
        lines += [f"problem: {text}" for text in self.problems]
        lines += [f"warning: {text}" for text in self.warnings]
        lines += [f"note: {text}" for text in self.notes]
        return "\n".join([*lines, self.verdict])

    @property
    def verdict(self) -> str:
        """Whether the study is in order, in a few words."""
        counts = ((len(self.problems), "to mend"), (len(self.warnings), "to look at"))
        if said := [f"{n} {what}" for n, what in counts if n]:
            return ", ".join(said)
        return "the study is in order"

    def joined(self, problems: Iterable[str], warnings: Iterable[str]) -> CheckReport:
        """Add what others found, each thing once."""
        return replace(
            self,
            problems=tuple(dict.fromkeys((*self.problems, *problems))),
            warnings=tuple(dict.fromkeys((*self.warnings, *warnings))),
        )


#: How `workbench new` marks what it could not know.
_CHECK = re.compile(r"#\s*CHECK\b:?\s*(.*)$")


def check_study(
    study: Study, *, tables: Tables | None = None, watch: Callable[[str], None] | None = None
) -> CheckReport:
    """Check a study's tables, and its goals and cases against them.

    Parameters
    ----------
    study : Study
        The card.
    tables : Tables, optional
        The study's tables, where they are open already.
    watch : callable, optional
        Told what is being done, for who waits.

    Returns
    -------
    CheckReport
        All problems at once; nothing is raised for a table that cannot be read.

    Examples
    --------
    >>> from workbench.data import check_study
    >>> from workbench.study import load_study
    >>> check_study(load_study("cdnow")).ok
    True
    """
    say = watch or (lambda what: None)
    try:
        tables = tables or open_tables(study)
    except WorkbenchError as error:
        return CheckReport(study, {}, (str(error),))
    reports: dict[str, TableReport] = {}
    problems: list[str] = []
    for name in study.tables:
        say(f"reading {name}")
        try:
            reports[name] = tables.report_of(name)
        except WorkbenchError as error:
            # Every table needs the customer table; say only once that it is broken.
            if str(error) not in problems:
                problems.append(str(error))
    say("holding the card against the tables")
    notes = [text for report in reports.values() for text in _about_table(tables, report)]
    warnings = _open_questions(study)
    for report in reports.values():
        wrong, doubtful = doubts(study, report, last_day(tables, report.name))
        answers = answer_doubts(study, report)
        problems += [*wrong, *answers.problems]
        warnings += [*doubtful, *answers.warnings]
        notes += answers.notes
    warnings += [text for name in reports for text in unread_columns(study, name)]
    if "customers" in reports:
        notes += _about_people(tables)
    # Goals and cases on a table that cannot be read have the table's problem, not one of theirs.
    readable = set(reports)
    problems += _about_goals(tables, readable)
    problems += _about_alerts(tables, readable)
    problems += _about_scorecard(tables, readable)
    for case in study.cases:
        problems += _about_case(tables, case, readable)
    if "survey" in readable:
        notes += _about_invitations(tables)
    if study.survey is not None:
        problems += _about_items(tables, readable)
        if "survey" in readable:
            problems += unknown_questions(tables)
            warnings += [*coded_by_whom(tables), *turned_scores(tables)]
        problems += _about_codebook(study)
    shown = tuple(preview(tables, name) for name in reports)
    return CheckReport(
        study, reports, tuple(problems), tuple(warnings), tuple(notes), previews=shown
    )


def _open_questions(study: Study) -> list[str]:
    """Tell of the lines of the card that still say CHECK: what was taken there is a guess."""
    try:
        lines = study.path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return []  # a card that was made in memory
    marked = [(i, found[1]) for i, text in enumerate(lines, 1) if (found := _CHECK.search(text))]
    return [
        f"study.yml, line {i}: an open question: {asked.strip() or lines[i - 1].strip()}; put it"
        " right or leave it, and take the mark CHECK away"
        for i, asked in marked
    ]


def _about_codebook(study: Study) -> list[str]:
    """Read the codebook of the comments that the card names."""
    named = study.survey.codebook if study.survey else None
    if named is None:
        return []
    try:
        read_codebook(study.inside(named))
    except WorkbenchError as error:
        return [str(error)]
    return []


def _about_table(tables: Tables, report: TableReport) -> list[str]:
    study = tables.study
    notes = [f"{report.name}: {note}" for note in report.notes if NOT_NAMED not in note]
    if _MANY_SET_ASIDE < report.lost <= TOO_MANY_LOST:
        lost = {r: n for r, n in report.set_aside.items() if r not in LEFT_OUT}
        reason = max(lost, key=lambda r: lost[r])
        notes.append(
            f"{report.name}: {report.lost:.0%} of the rows are set aside; mostly: {REASONS[reason]}"
        )
    if report.unknown_customers > _MANY_UNKNOWN * report.kept:
        notes.append(
            f"{report.name}: {report.unknown_customers:,} rows are of customers whom the customer"
            " table does not have"
        )
    notes += [
        f"{report.name}: {n:,} values of {column!r} cannot be used and were emptied"
        for column, n in report.emptied.items()
        if n > _MANY_EMPTIED * report.kept and column not in {q.name for q in report.questions}
    ]
    listed = f"write `missing: {{customer_id: [...]}}` under tables.{report.name}"
    nobody = {w: n for w, n in report.placeholders.items() if w != SHORTENED}
    if nobody:
        words = ", ".join(repr(word) for word in list(nobody)[:5])
        notes.append(
            f"{report.name}: {sum(nobody.values()):,} rows name no customer but {words}; they are"
            f" set aside as missing; {listed} if some of these are customers"
        )
    notes += [
        f"{report.name}: {n:,} {'refund' if n == 1 else 'refunds'} of {total:,.2f} in all"
        f" {RULE_TEXTS[rule]}"
        for rule, (n, total) in report.refunds.items()
    ]
    if report.repeated:
        why = "as pieces of one order" if report.orders else "for there is no order number to tell"
        notes.append(
            f"{report.name}: {report.repeated:,} rows equal another one and were kept, {why}; write"
            " `duplicates: set_aside` to set them aside"
        )
    if report.zero_amounts:
        notes.append(
            f"{report.name}: {report.zero_amounts:,} amounts of zero were kept as purchases; write"
            " `zero_amounts: set_aside` to set them aside"
        )
    last = last_day(tables, report.name)
    if last is not None and (study.as_of - last).days > _STALE_DAYS:
        notes.append(f"{report.name}: the data end on {last}, as_of is {study.as_of}")
    return notes


def _about_people(tables: Tables) -> list[str]:
    links = tables.linking
    notes = []
    if links.linked:
        notes.append(f"customers: {links.linked:,} records are of a person already there; linked")
    if links.quality.doubtful:
        notes.append(
            f"customers: {links.quality.doubtful:,} pairs of records may be one person each, and"
            f" stay apart until somebody decides: workbench review {tables.study.name}"
        )
    if links.refused:
        notes.append(
            f"customers: {links.refused:,} pairs share a phone or an e-mail and have different"
            " names; not linked"
        )
    if links.shared:
        notes.append(f"customers: {links.shared:,} contacts belong to too many people to link by")
    return notes


def _about_invitations(tables: Tables) -> list[str]:
    """Tell of lists of invitations that nothing reads, where answers do not say whose they are."""
    study = tables.study
    lists = sorted(study.folder.glob("private/invitations-*.csv"))
    named = study.survey is not None and study.survey.invited
    if named or not lists or "customer_id" in tables.expr("survey").columns:
        return []
    listed = ", ".join(path.relative_to(study.folder).as_posix() for path in lists)
    return [
        "survey: the answers do not say which customer's they are; the card's `survey: {invited:"
        f" [{listed}]}}` reads it from the number of the invitation"
    ]


def _about_indicator(
    tables: Tables,
    name: str,
    every: str | None,
    where: Mapping[str, Any],
    readable: set[str],
    by: Sequence[str] = (),
) -> str | None:
    try:
        chosen = find_indicator(name)
    except WorkbenchError as error:
        return f"{error.what}; {error.remedy}"
    needed = {chosen.table, *({"customers"} & set(tables.names))}
    if not needed & set(tables.names) <= readable:
        return None
    problem = missing_for(tables, chosen, every, [*where, *by])
    if problem is not None:
        return f"{problem.what}; {problem.remedy}"
    for column, value in where.items():
        wanted = value if isinstance(value, list | tuple) else [value]
        table = chosen.table if column in tables.expr(chosen.table).columns else "customers"
        if unknown := _unknown_values(tables, table, column, wanted):
            return unknown
    return None


def _unknown_values(tables: Tables, table: str, column: str, wanted: Iterable[Any]) -> str | None:
    values = tables.engine.run(tables.expr(table).select(column).distinct(), table)[column]
    have = set(values.dropna())
    missing = [v for v in wanted if v not in have]
    if not missing:
        return None
    known = sorted(map(str, have))
    meant = did_you_mean(missing[0], known)
    listed = "" if meant or len(known) > 12 else f"; there are {', '.join(known)}"
    return f"{table!r} has no {column} {missing[0]!r}{meant}{listed}"


def _about_goals(tables: Tables, readable: set[str]) -> list[str]:
    problems = []
    for i, goal in enumerate(tables.study.goals):
        text = _about_indicator(tables, goal.indicator, goal.every, goal.where or {}, readable)
        if goal.indicator not in INDICATORS and text is None:
            text = f"{goal.indicator!r} serves cases only; a goal needs one of the library"
        if text is not None:
            problems.append(f"goals[{i}] ({goal.name}): {text}")
    return problems


def _about_alerts(tables: Tables, readable: set[str]) -> list[str]:
    """Look whether what is watched can be measured."""
    card = tables.study.alerts
    if card is None:
        return []
    problems = []
    for i, watch in enumerate(card.watch):
        by = [watch.by] if watch.by else []
        text = _about_indicator(
            tables, watch.indicator, watch.every, watch.where or {}, readable, by=by
        )
        if text is not None:
            problems.append(f"alerts.watch[{i}] ({watch.indicator}): {text}")
    return problems


def _about_scorecard(tables: Tables, readable: set[str]) -> list[str]:
    """Look whether the indicators of the scorecard can be measured for each of its groups."""
    card = tables.study.scorecard
    if card is None:
        return []
    problems = []
    for name in card.indicators:
        text = _about_indicator(tables, name, card.every, {}, readable, by=[card.by])
        if text is not None:
            problems.append(f"scorecard ({name}): {text}")
    return problems


def _about_case(tables: Tables, case: Case, readable: set[str]) -> list[str]:
    problems: list[str] = []
    at = f"cases ({case.name})"
    series: tuple[Outcome | Comparison, ...] = (
        *case.outcomes, *case.comparison, *case.covariates
    )  # fmt: skip
    for outcome in series:
        text = _about_indicator(tables, outcome.indicator, None, outcome.where or {}, readable)
        if text is not None:
            problems.append(f"{at}: {text}")
        elif case.chosen != "everybody" and not find_indicator(outcome.indicator).units:
            problems += _about_groups(tables, case, outcome, at)
    if case.selected_on is not None:
        text = _about_indicator(tables, case.selected_on, None, {}, readable)
        if text is not None:
            problems.append(f"{at}.selected_on: {text}")
    if "customers" in readable:
        have = tables.expr("customers").columns
        named = [case.unit] if case.unit not in ("customer", "everybody") else []
        problems += [
            f"{at}: {_no_column(column, have)}"
            for column in [*named, *(case.treated or {}), *(case.eligible or {}), *_of_lot(case)]
            if column not in have
        ]
        groups = [*(case.starts or {}), *(unit for e in case.leave_out for unit in e.units)]
        by_group = {case.group: tuple(groups)} if case.group and groups else {}
        for column, values in (*(case.treated or {}).items(), *by_group.items()):
            if column in have and (unknown := _unknown_values(tables, "customers", column, values)):
                problems.append(f"{at}: {unknown}")
    tells = case.treated or case.starts or case.arms or case.plan
    if not tells and case.chosen != "everybody":
        if "treatments" not in tables:
            problems.append(
                f"{at}: nothing says who was treated; add a table `treatments` or `treated:`"
            )
        elif "treatments" in readable and (
            unknown := _unknown_values(tables, "treatments", "case", [case.name])
        ):
            problems.append(f"{at}: {unknown}")
    return problems


def _no_column(column: str, have: Iterable[str]) -> str:
    if personal_columns([column]):
        return f"{column!r} points at persons and is not read; name it under another heading"
    return f"customers have no column {column!r}{did_you_mean(column, have)}"


def _of_lot(case: Case) -> list[str]:
    """Columns of the customers' table that a lot among them names."""
    arms = [] if case.arms is None else [case.arms.column]
    by = [] if case.by is None else [case.by]
    return [*arms, *by, *case.adjust, *(() if case.whom is None else case.whom.by)]


def _about_groups(tables: Tables, case: Case, outcome: Outcome | Comparison, at: str) -> list[str]:
    """Look whether a series ready made has the groups of a case, and values where they are due."""
    name, column = outcome.indicator, case.group
    table = find_indicator(name).table
    if column is None or not table.startswith("series"):
        return [
            f"{at}: {name} has no value for one customer; it can be judged where everybody was"
            " reached, or groups of a column of the table"
        ]
    have = tables.expr(table).columns
    if column not in have:
        return [f"{at}: {table!r} has no column {column!r}{did_you_mean(column, have)}"]
    starts = case.starts or dict.fromkeys((case.treated or {}).get(column, ()), case.start)
    left = [unit for entry in case.leave_out for unit in entry.units]
    if unknown := _unknown_values(tables, table, column, [*starts, *left]):
        return [f"{at}: {unknown}"]
    try:
        rows = indicator(tables, name, case.period, [column], where=outcome.where)
    except WorkbenchError as error:
        return [f"{at}: {error.what}; {error.remedy}"]
    rows = rows[rows["estimate"].notna() & ~rows[column].isin(left)]
    if case.since is not None:
        rows = rows[rows["period"] >= pd.Timestamp(case.since)]
    if rows.empty:
        return [f"{at}: {name} has no value; bring data, or mend `since` and `where`"]
    first, last = rows["period"].min(), rows["period"].max()
    seen = rows.groupby(column)["period"].agg(["min", "max"])
    problems = []
    for unit, day in starts.items():
        start = pd.Timestamp(day)
        if unit not in seen.index:
            problems.append(f"{at}: {unit} is treated, but has no value of {name}")
        elif start <= first or start > last:
            problems.append(
                f"{at}: {unit} starts {day}, outside the data, which run from {first:%Y-%m-%d} to"
                f" {last:%Y-%m-%d}; correct the date, or bring more data"
            )
        elif seen.loc[unit, "min"] >= start:
            problems.append(f"{at}: {unit} was never observed before its start {day}")
    others = seen.index.difference(pd.Index(list(starts)))
    if not len(others) and len(set(starts.values())) < 2:
        problems.append(f"{at}: every {column} was treated at once; nobody is left to compare with")
    return problems


def _about_items(tables: Tables, readable: set[str]) -> list[str]:
    survey = tables.study.survey
    if survey is None or "survey" not in readable:
        return []
    have = set(tables.expr("survey").columns)
    asked = {item for items in survey.dimensions.values() for item in items} | set(survey.items)
    # a survey may ask for experience alone, or for none of the items
    sides = [s for s in ("exp_", "per_") if any(s + item in have for item in asked)]
    if not sides and survey.items:
        sides = ["exp_", "per_"]
    lacking = [s + item for item in sorted(asked) for s in sides if s + item not in have]
    if not lacking:
        return []
    shown = ", ".join(lacking[:4]) + (", ..." if len(lacking) > 4 else "")
    return [f"survey: the card lists items that the table lacks: {shown}; map or remove them"]
