"""The attackers at what the page on segments tells of the studies that are shipped."""

from __future__ import annotations

import numpy as np
import pytest

import workbench as wb
from tests import attackers
from workbench import segments
from workbench.segments.concentration import top_count


@pytest.mark.parametrize("study", [pytest.param("cdnow", marks=pytest.mark.slow), "harbour"])
def test_nobody_is_found_and_hardly_anything_is_withheld(study: str) -> None:
    """All that is told of spend at once: segments, tiers, the curve, the top, those gone quiet."""
    run = wb.open_run(study)
    card, rule = run.study.segments, run.study.privacy
    log = run.rfm("transactions", levels=5, cuts=dict(card.cuts.items()))
    scored = segments.name_customers(
        log.frame(), levels=log.levels, rules=card.rule_table(), weights=card.weights, min_cell=rule
    )
    spend = scored.customers["spend"].to_numpy()
    found = segments.tiers(spend, pyramid=card.pyramid(), min_cell=rule)
    n, total, order = spend.size, spend.sum(), np.argsort(-spend, kind="stable")
    cells, withheld = 0, 0
    figures = [(np.ones(n, dtype=bool), total), (scored.at_risk, spend[scored.at_risk].sum())]
    for group, name, table, share in (
        (scored.shown, "segment", scored.table, "value"),
        (found.tier, "tier", found.table, "share"),
    ):
        for row in table[table["n"] > 0].to_dict("records"):
            cells, withheld = cells + 1, withheld + (row[share] != row[share])
            if row[share] == row[share]:
                inside = (group == row[name]).to_numpy()
                figures += [(inside, row[share] * total), (inside, row["n"] * row["mean"])]
    counts = {round(point * n) for point in 1 - found.lorenz["customers"]}
    for count in sorted(counts | {top_count(spend, 0.2, rule.min_cell)}):
        above = np.zeros(n, dtype=bool)
        above[order[:count]] = True
        figures.append((above, spend[above].sum()))
    assert attackers.found(figures, spend) == []
    assert withheld <= 0.05 * cells and len(found.lorenz) > 90
    assert {"top20", "at_risk"} <= set(scored.estimates())
