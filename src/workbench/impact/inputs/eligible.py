"""Groups of whose customers some could get the measure: these, less what befell the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import CaseError, Panel, read_panel
from workbench.study import Case

_EXCLUDED = ["reason", "what", "n"]


def among_eligible(case: Case, records: pd.DataFrame) -> Mask:
    """Say which records are of those who could get the measure; all where the card names nobody.

    Raises
    ------
    CaseError
        The records have no such column, or nobody (or everybody) is of the values named.
    """
    if case.eligible is None:
        return np.ones(len(records), dtype=bool)
    ((column, values),) = case.eligible.items()
    where = f"cases.{case.name}.eligible"
    if column not in records:
        raise CaseError(
            "there is no column {name}",
            where=where,
            remedy="its columns are {names}",
            name=repr(column),
            names=", ".join(map(str, records.columns)),
        )
    inside: Mask = records[column].isin(values).to_numpy()
    if not inside.any() or inside.all():
        raise CaseError(
            "of the column {name}, {who} is one of {values}",
            where=where,
            remedy="name values of those who could get the measure; the others are what they are"
            " compared with",
            name=repr(column),
            who="everybody" if inside.any() else "nobody",
            values=", ".join(map(repr, values)),
        )
    return inside


def less_the_others(
    case: Case, records: pd.DataFrame, treated: pd.Series, size: str | None
) -> Panel:
    """Arrange groups by periods: those who could get the measure, less the others' change.

    What befell all customers of a group falls out. The level stays that of those who could get it:
    the others enter by how far they lie from where those of the treated groups are after the start.

    Raises
    ------
    CaseError
        As `read_panel`; no group has customers of both kinds.

    References
    ----------
    Gruber (1994), American Economic Review 84(3), 622-641; Olden, Moen (2022), Econometrics Journal
    25(3), 531-553 (it needs one parallel course, that of the differences).
    """
    inside = among_eligible(case, records)
    ((column, _),) = (case.eligible or {}).items()
    known = records[column].notna().to_numpy()
    own, rest = (
        read_panel(records[rows], treated, start=case.start, unit=str(case.group), weight=size)
        for rows in (inside, ~inside & known)
    )
    units, periods = own.units.intersection(rest.units), own.periods.intersection(rest.periods)
    own, rest = (_at(panel, units, periods) for panel in (own, rest))
    left = len(set(records[case.group].dropna()) - set(units))
    usable = (own.weight > 0) & (rest.weight > 0)
    if not usable[own.treated].any() or not usable[~own.treated].any():
        raise CaseError(
            "no group was seen with both who could get the measure and who could not",
            where=f"cases.{case.name}.eligible",
            remedy="name another column, or compare the groups as a whole",
        )
    with np.errstate(divide="ignore"):
        weight = np.where(usable, 1 / (1 / own.weight + 1 / rest.weight), 0.0)
    there = np.ix_(own.treated, own.after)
    if not weight[there].sum() > 0:
        raise CaseError(
            "no treated unit was observed after the start",
            where="outcome table",
            remedy="bring data for both times",
        )
    base = float(np.average(np.nan_to_num(rest.outcome[there]), weights=weight[there]))
    outcome: Array = np.where(usable, own.outcome - (rest.outcome - base), np.nan)
    notes = [own.exclusions, rest.exclusions]
    if left:
        row = ("only some could get it, or nobody", "groups", left)
        notes.append(pd.DataFrame([row], columns=_EXCLUDED))
    told = pd.concat(notes, ignore_index=True).sort_values("n", ascending=False, kind="stable")
    exclusions = told.drop_duplicates(["reason", "what"])[_EXCLUDED].reset_index(drop=True)
    return replace(own, outcome=outcome, weight=weight, exclusions=exclusions)


def _at(panel: Panel, units: pd.Index, periods: pd.Index) -> Panel:
    panel = panel.select(np.asarray(panel.units.isin(units)))
    kept = np.asarray(panel.periods.isin(periods))
    return replace(
        panel,
        outcome=panel.outcome[:, kept],
        weight=panel.weight[:, kept],
        periods=panel.periods[kept],
        after=panel.after[kept],
    )
