"""Writes the card of a new study: what was understood, and `# CHECK` where it is not certain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pandas as pd

from workbench.data.people.pseudonyms import personal_columns, values_say_who
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import Option, Proposal
from workbench.new.columns.zone import time_zone
from workbench.new.purchase_log.money import Money, currency, kept_cells
from workbench.new.survey.questions import answers_of
from workbench.new.survey.survey_lines import survey_lines
from workbench.privacy import identifiers

#: A column is proposed to be shown where it has so many values at most, so many rows each.
_GROUPS, _SHARED = 60, 5


def card_text(
    name: str,
    proposals: Sequence[Proposal],
    *,
    as_of: date,
    known: bool = True,
    money: Money | None = None,
) -> str:
    """Write the card of a new study.

    Parameters
    ----------
    name : str
        The study's name.
    proposals : sequence of Proposal
        What the tables were taken for.
    as_of : date
        The day on which the customers are looked at.
    known : bool
        Whether that is the last day in the tables; otherwise it is to be set.
    money : Money, optional
        The currency of the amounts; what the tables say of it where None.
    """
    title = json.dumps(name.replace("_", " ").title())
    money = money or currency(proposals)
    tables = "\n".join("\n".join(_table(p)) + "\n" for p in proposals)
    tables += "".join(f"\n{line}" for line in _beside(proposals))
    zone, moments = time_zone(proposals)
    why = "; here the last one in the tables" if known else ": please set it"
    return f"""\
# The card of the study `{name}`. Look it over, the open questions first; then:
#   workbench check {name}
# A text may be plain, or one a language: {{en: ..., zh: ...}}.

title: {{en: {title}, zh: {title}}}
# description: {{en: "What is studied, of whom, since when.", zh: "研究对象、范围与起始时间。"}}
# origin: {{en: "Where the tables come from.", zh: "数据来源。"}}
simulated: false           # true puts a notice on every page that the data are made up
languages: [en, zh]        # the reports' languages
as_of: {as_of.isoformat()}          # the day on which the customers are looked at{why}
currency: {money.code}              # {money.comment()}
time_unit: week            # hour | day | week | month | quarter | year, for purchase models
time_zone: {zone:<15} # {moments}
privacy:
  key_env: WORKBENCH_KEY   # environment variable with the key of the pseudonyms
  min_cell: 5              # smaller groups are withheld
  p_percent: 10            # and sums that tell their largest customer to within 10 percent

# Each table: its file, and for each standard column the name it has in the file.
# Columns not listed keep their names. Raw files are never changed. README lists the other keys.
tables:
{tables}
{_survey_text(proposals)}# Goals and measures add pages of their own; uncomment and fill in.
# goals:
#   - name: more_repeat_customers
#     title: {{en: More customers come back, zh: 提高复购率}}
#     indicator: repeat_purchase
#     baseline: {{value: 0.30, date: {date(as_of.year - 1, 12, 31).isoformat()}}}
#     target: 0.33
#     deadline: {date(as_of.year + 1, 12, 31).isoformat()}
#     direction: up
# cases:
#   - name: loyalty_programme
#     title: {{en: Loyalty programme, zh: 忠诚度计划}}
#     start: {date(as_of.year, 1, 1).isoformat()}
#     chosen: volunteers     # everybody | rule | worst | volunteers | random
#     outcomes: [{{indicator: repeat_purchase, direction: up, claimed: 0.10}}]

# Parameters of single notebooks, by notebook:
{_parameters(proposals)}
"""


def _parameters(proposals: Sequence[Proposal]) -> str:
    """Have the page on products read the lines of orders, where these are a table of their own."""
    lines = next((p for p in proposals if "part_of" in p.keys), None)
    if lines is None:
        return "# parameters: {clv: {...}}"
    by = "category" if "category" in lines.columns else "product"
    return f"parameters: {{products: {{table: {lines.table}, by: {by}}}}}"


def last_day(proposals: Sequence[Proposal], today: date) -> date | None:
    """Guess the last day of the logs, where the study's reader cannot tell it."""
    last = [day for p in proposals if p.standard and (day := _last(p, today)) is not None]
    return max(last, default=None)


def _last(proposal: Proposal, today: date) -> date | None:
    time = next((s for s in ("date", "at", "start", "answered_on") if s in proposal.columns), None)
    profile = proposal.column(time) if time else None
    if profile is None:
        return None
    days = profile.days.dropna()
    kept = kept_cells(proposal, profile)
    days = days[days.index.isin(kept.index)] if len(kept) else days
    past = days[days <= pd.Timestamp(today) + pd.Timedelta(days=1)]
    chosen = past if len(past) else days
    day = chosen.max().date() if len(chosen) else None
    return day if day is not None and 1900 <= day.year <= 2200 else None


def _survey_text(proposals: Sequence[Proposal]) -> str:
    if all(p.standard != "survey" for p in proposals):
        return ""
    if lines := [line for p in proposals if p.standard == "survey" for line in survey_lines(p)]:
        return "\n".join(["# The survey's questions and their scales.", *lines, ""])
    return """\
# The survey's questions; without this they are taken for SERVQUAL's 22, answered from 1 to 7.
# survey:
#   scale: [1, 7]
#   items: {"01": {en: "Bills are right the first time", zh: "账单一次出对"}}   # exp_01 and per_01
#   dimensions: {reliability: ["01"]}
#   groups: [region]
"""


# --- one table --------------------------------------------------------------------------------


def _table(proposal: Proposal) -> Iterator[str]:
    yield f"  {proposal.table}:"
    if proposal.system:
        yield f"    # recognised as an export of {proposal.system}"
    for note in (*proposal.upload.notes, *proposal.notes):
        yield f"    # {note}"
    yield f"    path: {_yaml(proposal.upload.path.name)}"
    for key, value in proposal.upload.keys.items():
        yield f"    {key}: {_yaml(value)}"
    lines = list(_columns(proposal))
    if lines:
        written = any(not line.lstrip().startswith("#") for line in lines)
        yield "    columns:" if written else "    # columns:"
    yield from lines
    yield from _publish(proposal)
    apart = ("columns.", "survey.")
    asked = [q.key for q in proposal.questions if not q.key.startswith(apart)]
    for key in dict.fromkeys([*proposal.keys, *asked]):
        yield from _asked(proposal, key, "    ")
        if key in proposal.keys:
            yield f"    {key}: {_yaml(proposal.keys[key])}"


#: How a file is read, whichever table its rows are taken for.
_READING = ("decimal", "thousands", "missing", "amount_unit")


def _beside(proposals: Sequence[Proposal]) -> Iterator[str]:
    """Write the tables that rows are beside the one they were taken for."""
    written = {p.table for p in proposals}
    for proposal in proposals:
        for table, columns in proposal.also.items():
            if table in written:
                continue
            written.add(table)
            yield f"  {table}:"
            yield f"    # the same rows as {proposal.table}, and those that are left out of it"
            yield f"    path: {_yaml(proposal.upload.path.name)}"
            for key, value in proposal.upload.keys.items():
                yield f"    {key}: {_yaml(value)}"
            if isinstance(form := proposal.keys.get("date_format"), str):
                yield f"    date_format: {_yaml(form)}"
            for key in _READING:
                # a card's `missing` may name columns that this table calls otherwise
                value = proposal.keys.get(key)
                money = key != "amount_unit" or "amount" in columns
                if value is not None and not isinstance(value, dict) and money:
                    yield f"    {key}: {_yaml(value)}"
            yield "    columns:"
            for standard, own in columns.items():
                yield f"      {standard}: {_yaml(own)}"
            yield "    publish: []"
            yield ""


#: Columns of a file that are proposed for pages; of a table of thousands nobody looks at all.
_MOST_SHOWN = 60


def _publish(proposal: Proposal) -> Iterator[str]:
    """Propose which of the file's own columns pages may show: groups, and no person's."""
    if not proposal.standard:
        return
    taken = set(proposal.columns.values()) | answers_of(proposal)
    own = [p for p in proposal.columns_of_file if p.name and p.name not in taken]
    hidden = set(personal_columns([p.name for p in own]))
    shown = [p.name for p in own if p.name not in hidden and _is_group(p)]
    if own:
        yield "    # The file's own columns that pages may show; no other one is read."
        if (more := len(shown) - _MOST_SHOWN) > 0:
            yield f"    # So could {more:,} further ones: name those that you want."
        yield f"    publish: {_yaml(shown[:_MOST_SHOWN])}"


def _is_group(profile: ColumnProfile) -> bool:
    """Tell whether a column's values are shared by many, and look like nobody's."""
    values = [str(value) for value in profile.counts.index]
    if not values or len(values) > _GROUPS or profile.repeats < _SHARED:
        return False
    return not values_say_who(values, first_names=True) and not any(
        identifiers.find(value) for value in values
    )


def _columns(proposal: Proposal) -> Iterator[str]:
    asked = {q.key.removeprefix("columns.") for q in proposal.questions if q.key[:8] == "columns."}
    for standard, own in proposal.columns.items():
        yield from _asked(proposal, f"columns.{standard}", "      ")
        if standard != own or standard in asked:
            yield f"      {standard}: {_yaml(own)}"
    for standard in sorted(asked - set(proposal.columns)):
        yield from _asked(proposal, f"columns.{standard}", "      ")
    for standard in proposal.missing:
        known = ", ".join(p.name for p in proposal.columns_of_file)
        yield f"      # {standard}: ...   # NEEDED: which of {known}?"


def _asked(proposal: Proposal, key: str, indent: str) -> Iterator[str]:
    """Write the open questions about a key above it."""
    for question in proposal.questions:
        if question.key != key:
            continue
        yield f"{indent}# CHECK {key.removeprefix('columns.')}: {_line(question.asks)}"
        for n, option in enumerate(question.options):
            taken = "   <- taken" if n == question.default else ""
            yield f"{indent}#   {_line(option.label)}: {_changes(proposal, option)}{taken}"


def _changes(proposal: Proposal, option: Option) -> str:
    """Write what an answer makes of the card."""
    said = []
    for name, value in option.sets.items():
        part, dot, entry = name.partition(".")
        key = entry if part == "columns" else part
        if value is None:
            under = f" under `{part}`" if dot else ""
            said.append(f"no {entry or part}{under}")
        else:
            said.append(f"{key}: {_yaml({entry: value} if dot and part != 'columns' else value)}")
    for row in option.rows:
        value, column = _yaml(row.value), _yaml(row.column)
        kept = isinstance(proposal.keys.get("where", {}).get(row.column), list)
        where = f"`where: {{{column}: {'[...]' if kept else '{not: [...]}'}}}`"
        inside = kept != (row.kind == "left_out")
        said.append(f"{value} {'stands' if inside else 'does not stand'} in {where}")
        if row.kind == "refund":
            said.append(f"and stands in `refund_rows: {{{column}: [...]}}`")
    return "; ".join(said) or "as it is"


def _line(text: str) -> str:
    return " ".join(text.split())


def _yaml(value: Any) -> str:
    """Write a value on one line; JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)
