"""What a case is judged from: its records in the shape that designs take, at the right level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.arrays import Mask
from workbench.impact.checks.comparability import thin_cells
from workbench.impact.checks.one_customer import of_amounts
from workbench.impact.designs.design import Situation, refusal
from workbench.impact.experiment.adjusted import numbers_of
from workbench.impact.inputs.adoption import Adoption, read_adoption
from workbench.impact.inputs.answers import OneAnswer, read_answers, seen_after_alone
from workbench.impact.inputs.assignment import first_days, panel_of, size_column
from workbench.impact.inputs.cutoff import AtCutoff, read_cutoff
from workbench.impact.inputs.level import (
    FEWEST_WAYS,
    AssignmentLevel,
    as_if_whole,
    higher_columns,
    level_of,
    ways_to_choose,
)
from workbench.impact.inputs.panel import CaseError, Panel, SeveralStartsError, split_periods
from workbench.impact.inputs.ratio import is_ratio
from workbench.impact.inputs.series import Series, read_series
from workbench.impact.selection import met_the_rule
from workbench.results import Finding
from workbench.study import Case, CellRule

_EXCLUDED = ["reason", "what", "n"]
# Sums of a year, such as spend; all other measures of selection are means.
_FLOWS = ("sales", "orders_per_customer")
_MOST_NAMED = 4


@dataclass(frozen=True)
class CaseTables:
    """The tables of one outcome of a case, as `evaluate` takes them."""

    records: pd.DataFrame
    case: Case
    outcome: str
    treatments: pd.DataFrame | None = None
    selection: pd.DataFrame | None = None
    comparison: pd.DataFrame | None = None
    covariates: pd.DataFrame | None = None
    units: pd.DataFrame | None = None
    min_cell: int = 5
    rule: CellRule | None = None
    country: str = ""


@dataclass(frozen=True)
class Material:
    """What a case is judged from.

    Attributes
    ----------
    tables : CaseTables
        Those that it was read from.
    data : Panel, Adoption, Series, OneAnswer, AtCutoff or None
    situation : Situation
    left : DataFrame
        What was left out.
    refused : Finding or None
        Why nothing can be judged, whatever the design.
    told : tuple of Finding
        At which level the measure was assigned, where that is not the units' own.
    by_unit : Material or None
        The same unit by unit, which describes and judges nothing.
    """

    tables: CaseTables
    data: Panel | Adoption | Series | OneAnswer | AtCutoff | None
    situation: Situation
    left: pd.DataFrame
    refused: Finding | None = None
    told: tuple[Finding, ...] = ()
    by_unit: Material | None = None


def read_material(tables: CaseTables) -> Material:
    """Read the records in the shape that the designs of this case take, at the level assigned."""
    return _at_its_level(_read(tables))


def _read(tables: CaseTables) -> Material:
    records, case = tables.records, tables.case
    if case.chosen == "everybody":
        return _one_series(tables)
    treated = first_days(case, records, tables.treatments)
    if seen_after_alone(case, records):
        return _one_answer(tables, treated)
    if len(set((case.starts or {}).values())) > 1:
        return _several_starts(tables, treated)
    ready = "customer_id" not in records
    try:
        panel = panel_of(case, records, treated)
    except SeveralStartsError:
        if case.eligible is not None:
            raise
        return _several_starts(tables, treated)
    panel = panel.select(panel.weight.sum(axis=1) > 0)
    if ready and (holes := int((panel.weight == 0).sum())):
        # a group's series should have a value in each period; that of a customer need not
        row = pd.DataFrame([("no value", "units and periods", holes)], columns=_EXCLUDED)
        panel = replace(panel, exclusions=pd.concat([panel.exclusions, row], ignore_index=True))
    if case.cutoff is not None:
        return _at_cutoff(panel, tables)
    panel = _with_traits(_with_blocks(panel, tables), tables)
    same_rule = None
    if tables.selection is not None and case.chosen in ("rule", "volunteers"):
        baseline = _baseline(tables.selection, case, case.group or "customer_id")
        met = met_the_rule(panel, baseline)
        panel = replace(panel, eligible=met)
        same_rule = int((met & ~panel.treated).sum())
    situation = Situation(
        case,
        tables.outcome,
        n_treated=panel.n_treated,
        n_other=len(panel.units) - panel.n_treated,
        n_same_rule=same_rule,
        before=int((~panel.after).sum()),
        after=int(panel.after.sum()),
        ratio=case.group is None and is_ratio(records),
    )
    # totals of groups without the records behind them have no cells to be thin
    uncounted = ready and size_column(records) is None
    thin = None if uncounted else thin_cells(panel, tables.min_cell)
    return Material(tables, panel, situation, panel.exclusions, thin)


def _with_blocks(panel: Panel, tables: CaseTables) -> Panel:
    """Tell the block of each unit within which the lot was drawn."""
    blocks, who = tables.case.blocks, tables.case.group or "customer_id"
    if blocks is None:
        return panel
    if isinstance(blocks, str):
        column = higher_columns(tables.records, tables.units, who, panel.units).get(blocks)
        own = None if column is None else column.reindex(panel.units)
    else:
        own = pd.Series(blocks).reindex(panel.units)
    if own is None or own.isna().any():
        raise CaseError(
            "no block is known of {who}",
            where=f"cases.{tables.case.name}.blocks",
            remedy="name a column in which each unit has one value, or list all units",
            who="any unit" if own is None else repr(own.index[own.isna()][0]),
        )
    return replace(panel, block=pd.factorize(own.astype(str))[0])


def _with_traits(panel: Panel, tables: CaseTables) -> Panel:
    """Set beside each unit what the card says was known of it before (`adjust`), as numbers."""
    case, who = tables.case, tables.case.group or "customer_id"
    if case.chosen != "volunteers" or not case.adjust:
        return panel
    table = tables.units
    if absent := [c for c in case.adjust if table is None or c not in table]:
        raise CaseError(
            "the customers' table has no column {name}",
            where=f"cases.{case.name}.adjust",
            remedy="its columns are {names}",
            name=repr(absent[0]),
            names="" if table is None else ", ".join(map(str, table.columns)),
        )
    assert table is not None
    own = table.drop_duplicates(who).set_index(who)[list(case.adjust)].reindex(panel.units)
    return replace(panel, traits=numbers_of(own))


def _at_cutoff(panel: Panel, tables: CaseTables) -> Material:
    """Set the units that the rule was applied to beside its line."""
    case, who = tables.case, tables.case.group or "customer_id"
    assert case.cutoff is not None
    if case.cutoff.by is not None:
        value = _column(tables, case.cutoff.by, who)
    elif tables.selection is None:
        raise CaseError(
            "nothing says where units lay beside the line",
            where=f"cases.{case.name}.cutoff",
            remedy="give the indicator by which they were chosen",
        )
    else:
        value = _baseline(tables.selection, case, who)
    rule = tables.rule or CellRule(min_cell=max(tables.min_cell, 1))
    if not of_amounts(tables.records):
        rule = rule.model_copy(update={"p_percent": 0.0, "dominance": None})
    data = read_cutoff(panel, case, value, tables.outcome, rule)
    # the rule may have held for some values of a column alone: of others nobody who met it got it
    columns = higher_columns(tables.records, tables.units, who, data.panel.units[data.met])
    begun = np.where(data.panel.treated, 0.0, np.nan)[data.met]
    own = case.model_copy(update={"assigned_by": None})
    level = level_of(columns, pd.Series(begun, index=data.panel.units[data.met]), own)
    told: tuple[Finding, ...] = ()
    if level is not None:
        of = higher_columns(tables.records, tables.units, who, data.panel.units)[level.column]
        inside = np.asarray(of.isin(level.treated))
        data = read_cutoff(data.panel.select(inside), case, value, tables.outcome, rule)
        said = _values(level, case, int(data.panel.treated.sum()))
        told = (Finding("assignment", SAID["where the rule held"], said),)
    panel = data.panel
    situation = Situation(
        case,
        tables.outcome,
        n_treated=panel.n_treated,
        n_other=len(panel.units) - panel.n_treated,
        before=panel.n_before,
        after=panel.n_after,
    )
    thin = thin_cells(panel, tables.min_cell)
    return Material(tables, data, situation, panel.exclusions, thin, told)


def _column(tables: CaseTables, name: str, who: str) -> pd.Series:
    """Value of a column of the customers' table by unit; the mean of a group's customers."""
    table = tables.units
    if table is None or name not in table or who not in table:
        raise CaseError(
            "the customers' table has no column {name}",
            where=f"cases.{tables.case.name}.cutoff.by",
            remedy="its columns are {names}",
            name=repr(name),
            names="" if table is None else ", ".join(map(str, table.columns)),
        )
    return pd.to_numeric(table[name], errors="coerce").groupby(table[who]).mean()


def _one_answer(tables: CaseTables, treated: pd.Series) -> Material:
    answers = read_answers(tables.case, tables.records, treated.index, tables.units)
    n_treated = int(answers.treated.sum())
    situation = Situation(
        tables.case,
        tables.outcome,
        n_treated=n_treated,
        n_other=len(answers.units) - n_treated,
        after=answers.n_after,
        once=True,
    )
    return Material(tables, answers, situation, pd.DataFrame(columns=_EXCLUDED))


def _one_series(tables: CaseTables) -> Material:
    series = read_series(
        tables.records, tables.case, tables.min_cell,
        controls=tables.comparison, covariates=tables.covariates, country=tables.country,
    )  # fmt: skip
    before, after = series.entered
    situation = Situation(
        tables.case,
        tables.outcome,
        n_treated=1,
        n_other=0,
        before=int(before.sum()),
        after=int(after.sum()),
        n_controls=0 if series.controls is None else series.controls.shape[1],
    )
    return Material(tables, series, situation, series.exclusions)


def _several_starts(tables: CaseTables, starts: pd.Series) -> Material:
    records, case = tables.records, tables.case
    column = case.group or "customer_id"
    unit = records[column]
    n_treated = int(unit[unit.isin(starts.index)].nunique())
    n_other = int(unit.nunique()) - n_treated
    situation = Situation(
        case,
        tables.outcome,
        n_treated=n_treated,
        # those not treated yet serve, too, where nobody was never treated
        n_other=n_other or int((starts > starts.min()).sum()),
        # one day for all that is not the card's own is another start, too
        n_starts=len({*starts, pd.Timestamp(case.start)}),
    )
    try:
        adoption = read_adoption(records, starts, unit=column, size=size_column(records))
    except CaseError as error:
        return Material(tables, None, situation, pd.DataFrame(), refusal(error))
    return Material(tables, adoption, situation, adoption.exclusions)


def _baseline(selection: pd.DataFrame, case: Case, unit: str) -> pd.Series:
    """Baseline measure of each unit over the last year before the start."""
    periods = pd.Index(selection["period"].unique()).sort_values()
    before, _ = split_periods(periods, case.start)
    year = periods[before][-case.periods_a_year :]
    rows = selection[selection["period"].isin(year)].groupby(unit)["estimate"]
    return rows.sum() if case.selected_on in _FLOWS else rows.mean()


def _at_its_level(material: Material) -> Material:
    """Look whether something above the units was treated as a whole, and take that as the unit."""
    data, tables = material.data, material.tables
    case = tables.case
    if data is None or isinstance(data, Series | OneAnswer | AtCutoff):
        return material
    comparable, start = _starts(data, case)
    who = case.group or "customer_id"
    units = data.units[comparable]
    columns = higher_columns(tables.records, tables.units, who, units)
    if case.arms is not None:
        # the lot was drawn among customers; its arms are no higher level
        columns = columns.drop(columns=case.arms.column, errors="ignore")
    level = level_of(columns, start[comparable], case)
    if level is None:
        doubt = _lot_of_a_whole(columns, start[comparable], case)
        return _of_groups(replace(material, told=doubt))
    said = _values(level, case, int((start[comparable]).notna().sum()))
    by_card = case.assigned_by is not None and case.assigned_by.unit != level.column
    if by_card and case.assigned_by is not None:
        if case.assigned_by.reason is None:
            return replace(
                material, refused=Finding("assignment", SAID["no reason"], said, severity="refusal")
            )
        said["reason"] = case.assigned_by.reason
        return replace(
            material, told=(Finding("assignment", SAID["reason"], said, severity="warning"),)
        )
    if not level.told:
        return replace(
            material,
            refused=Finding("assignment", _refused(level), said, severity="refusal"),
            told=(_what_would_tell(level, case, said),),
            by_unit=material,
        )
    if level.kind == "inside":
        inside = level.of.index[level.of == level.treated[0]]
        kept = tables.records[tables.records[who].isin(inside)]
        again = _read(replace(tables, records=kept))
        return replace(again, told=(Finding("assignment", SAID["inside"], said),))
    again = _read(_raised(tables, level, start))
    if material.situation.n_same_rule is not None:
        # only those that met the rule were kept
        situation = replace(again.situation, n_same_rule=len(level.others))
        again = replace(again, situation=situation)
    return replace(again, told=(Finding("assignment", SAID["whole"], said),))


def _starts(data: Panel | Adoption, case: Case) -> tuple[Mask, pd.Series]:
    """Units that are compared, and the first period of the measure of each that got it."""
    if isinstance(data, Panel):
        begun = np.where(data.treated, 0.0, np.nan)
        return data.eligible, pd.Series(begun, index=data.units)
    begun = np.where(data.first < data.never, data.first, np.nan)
    return np.ones(len(data.units), dtype=bool), pd.Series(begun, index=data.units)


def _raised(tables: CaseTables, level: AssignmentLevel, start: pd.Series) -> CaseTables:
    """CaseTables in which the values of a column are the units."""
    case, column = tables.case, level.column
    who = case.group or "customer_id"
    own = tables.records[who].map(level.of)
    records = tables.records.assign(**{column: own})[own.notna().to_numpy()]
    if "customer_id" not in records:
        size = records["n"] if "n" in records else pd.Series(1.0, index=records.index)
        summed = (
            records.assign(_sum=records["estimate"] * size, _size=size)
            .dropna(subset=["estimate"])
            .groupby([column, "period", *(case.eligible or {})], sort=True)[["_sum", "_size"]]
            .sum()
        )
        parts = {"estimate": summed["_sum"] / summed["_size"]}
        parts |= {"n": summed["_size"]} if "n" in records else {}
        records = pd.DataFrame(parts).reset_index()
    days: dict[str, Any] = {"treated": {column: level.treated}, "starts": None}
    if len(start.dropna().unique()) > 1:
        began = first_days(case, tables.records, tables.treatments)
        at = began.groupby(level.of.reindex(began.index)).min()
        days = {"treated": None, "starts": {v: pd.Timestamp(at[v]) for v in level.treated}}
    raised = case.model_copy(update={"unit": column, "leave_out": (), "blocks": None, **days})
    return replace(
        tables, records=records, case=raised, treatments=None, selection=None, units=None
    )


def _of_groups(material: Material) -> Material:
    """Refuse where groups were treated, and too few could have been chosen."""
    case, situation = material.tables.case, material.situation
    g, k = situation.n_treated + situation.n_other, situation.n_treated
    if case.group is None or material.refused is not None or isinstance(material.data, Adoption):
        return material
    ways = ways_to_choose(g, k)
    if min(k, g - k) < 2 or ways >= FEWEST_WAYS:
        return material
    values = {"n": k, "total": g, "ways": ways, "least": FEWEST_WAYS}
    refused = Finding("assignment", SAID["few groups"], values, severity="refusal")
    more = Finding("assignment: what would tell", SAID["more groups"], {"least": FEWEST_WAYS})
    return replace(material, refused=refused, told=(*material.told, more), by_unit=material)


def _lot_of_a_whole(columns: pd.DataFrame, start: pd.Series, case: Case) -> tuple[Finding, ...]:
    """Ask whether a lot among units was one among something higher, which it looks like."""
    if case.chosen != "random" or case.assigned_by is not None:
        return ()
    level = as_if_whole(columns, start)
    if level is None:
        return ()
    said = _values(level, case, int(start.notna().sum()))
    return (Finding("assignment", SAID["lot"], said, severity="warning"),)


# --- what is said ------------------------------------------------------------------------------

_GOES_BY = (
    "Who got the measure goes by {column}: of its {total} values {n} got it as a whole ({values})"
)
_TELLS = "What would tell: more values of {column}, some with the measure and some without"
#: At which level a measure was assigned, and what follows.
SAID: Final = {
    "whole": f"{_GOES_BY}. These are what is compared, not the {{units}} treated units in them.",
    "few": f"{_GOES_BY}. What else happened there cannot be told from the measure, however many"
    " units lie in them ({units} got it): so few values could have been chosen in only {ways} ways,"
    " and {least} are needed for a 95% interval.",
    "one": "Who got the measure goes by {column}: all {units} units that got it are of one value"
    " ({values}), and one value's change cannot be told from whatever else happened there, however"
    " many units lie in it.",
    "all but one": f"{_GOES_BY}, and only one did not. What else happened there cannot be told from"
    " the measure.",
    "inside": "All {units} units that got the measure are of one value of {column} ({values}). They"
    " are compared with the others of that value, so that what else happened there touches both.",
    "where the rule held": f"{_GOES_BY} where they met the rule. Those who just met it there are"
    " compared with those who just missed it there, so that what else happened touches both.",
    "no reason": f"{_GOES_BY}, but the card says that it was assigned unit by unit. Give the reason"
    " for that (`assigned_by.reason`), or take it out.",
    "reason": f"{_GOES_BY}. The card says that it was assigned unit by unit all the same:"
    " {reason}. If anything else happened there, it is taken for an effect.",
    "lot": f"{_GOES_BY}. A lot among units would hardly have brought that; if it was drawn among"
    " values of {column}, say so in the card (`assigned_by`), for then the interval is too narrow.",
    "tells": f"{_TELLS}.",
    "cut": f"{_TELLS}; or the line of the rule itself: where the measure came ({{values}}), those"
    " who just met the rule beside those who just missed it.",
    "few groups": "{n} of {total} groups got the measure. They could have been chosen in only"
    " {ways} ways, and {least} are needed for a 95% interval: a change cannot be told from chance.",
    "more groups": "What would tell: more groups, some with the measure and some without, so that"
    " there are {least} ways or more to choose them (three of six, or two of seven).",
}


def _refused(level: AssignmentLevel) -> str:
    if len(level.treated) == 1:
        return SAID["one"]
    alone = len(level.others) == 1 and level.ways >= FEWEST_WAYS
    return SAID["all but one" if alone else "few"]


def _what_would_tell(level: AssignmentLevel, case: Case, said: dict[str, Any]) -> Finding:
    by_rule = case.chosen == "rule" and case.selected_on is not None
    return Finding("assignment: what would tell", SAID["cut" if by_rule else "tells"], said)


def _values(level: AssignmentLevel, case: Case, treated: int) -> dict[str, Any]:
    named: Sequence[Any] = sorted(map(str, level.treated))
    if len(named) > _MOST_NAMED:
        named = [*named[:_MOST_NAMED], "..."]
    return {
        "column": level.column.replace("_", " "),
        "n": len(level.treated),
        "total": len(level.treated) + len(level.others),
        "values": list(named),
        "units": treated,
        "ways": level.ways,
        "least": FEWEST_WAYS,
    }
