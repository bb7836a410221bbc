"""What speaks against a comparison, apart from its own statistics: cells, other measures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from workbench.impact.case import CaseCard
from workbench.impact.effect import Check
from workbench.impact.panel import CaseError, Panel

_MUCH_SHARED = 0.1


def thin_cells(panel: Panel, min_cell: int) -> Check | None:
    """Refuse where a group was hardly seen before or after."""
    for who, side in (("treated", panel.treated), ("comparison", ~panel.treated)):
        for time, periods in (("before", ~panel.after), ("after", panel.after)):
            n = int(panel.weight[np.ix_(side, periods)].sum())
            if n < min_cell:
                return Check(
                    "small cells",
                    "refusal",
                    "Only {n} records of the {who} group {time} the start; at least {least} are"
                    " needed.",
                    {"n": n, "who": who, "time": time, "least": min_cell},
                )
    return None


def no_design(n_treated: int, n_other: int) -> Check:
    """Refuse because there are too few units to tell a change from chance."""
    return Check(
        "no design",
        "refusal",
        "There are {treated} treated and {other} comparison units. Two of each are needed at least:"
        " the change of a single one cannot be told from chance.",
        {"treated": n_treated, "other": n_other},
    )


def refusal(error: CaseError) -> Check:
    """Turn an error of a design into a refusal in words."""
    return Check(
        "refused", "refusal", "{what}; {remedy}.", {"what": error.what, "remedy": error.remedy}
    )


def other_measures(
    records: pd.DataFrame,
    case: CaseCard,
    treatments: pd.DataFrame | None,
    titles: Mapping[str, str],
) -> list[Check]:
    """Look for other measures that came to one side more than to the other."""
    if treatments is None or treatments.empty:
        return []
    begin = pd.Timestamp(case.start)
    known = pd.Index(records["customer_id"].unique())
    own = pd.Index(treatments.loc[treatments["case"] == case.name, "customer_id"])
    checks = []
    for name, rows in treatments[treatments["case"] != case.name].groupby("case"):
        first = pd.to_datetime(rows["start"]).min()
        other = titles.get(str(name), str(name))
        touched = known.isin(rows["customer_id"])
        if case.chosen == "everybody":
            share = float(touched.mean())
            if first >= begin and share > _MUCH_SHARED:
                checks.append(
                    Check(
                        "other measures",
                        "warning",
                        "Another measure, {other}, reached {share} percent of the customers from"
                        " {first} on; its effect cannot be told apart.",
                        {"other": other, "share": round(100 * share), "first": first.date()},
                    )
                )
            continue
        treated = known.isin(own)
        if not treated.any() or treated.all():
            continue
        a, b = float(touched[treated].mean()), float(touched[~treated].mean())
        if abs(a - b) > _MUCH_SHARED:
            checks.append(
                Check(
                    "other measures",
                    "note",
                    "Another measure, {other}, reached {a} percent of the treated and {b} percent"
                    " of the rest (from {first} on).",
                    {
                        "other": other,
                        "a": round(100 * a),
                        "b": round(100 * b),
                        "first": first.date(),
                    },
                )
            )
    return checks
