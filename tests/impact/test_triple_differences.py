"""Who could get a measure beside who could not: a peer, planted shocks, a card."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.impact.cards import case_of
from workbench.impact import CaseData, difference_in_differences, evaluate, judge_case
from workbench.impact.inputs.assignment import panel_of

MONTHS = pd.date_range("2024-01-01", periods=12, freq="MS")
TREATED = ["g0", "g1", "g2", "g3", "g4", "g5"]


def branches(rng, *, groups=14, effect=0.0, shock=1.0, size=40):
    """Groups that go their own ways after the start; members could get it, guests could not."""
    rows = []
    treated = [f"g{k}" for k in range(groups)][: len(TREATED)]
    for k in range(groups):
        name, own = f"g{k}", rng.normal(size=12) * 0.3
        # what befalls a whole group at the start
        own[6:] += shock * rng.normal() + (0.5 * shock if name in treated else 0.0)
        for member in (True, False):
            course = 10 + 2 * member + own + rng.normal(scale=0.3, size=12)
            course[6:] += effect * (member and name in treated)
            rows += [(name, "member" if member else "guest", t, y, size)
                     for t, y in zip(MONTHS, course, strict=True)]  # fmt: skip
    return pd.DataFrame(rows, columns=["branch", "kind", "period", "estimate", "n"])


def card(**part):
    return case_of("club", MONTHS[6], "rule", selected_on="other", unit="branch",
                   treated={"branch": TREATED}, eligible={"kind": ["member"]}, **part)  # fmt: skip


def test_it_is_the_difference_of_two_differences_and_another_implementation_agrees() -> None:
    records = branches(np.random.default_rng(1), effect=1.5)
    found = evaluate(records, card(), outcome="sales").effect
    assert found.design == "triple differences"
    late, got = records["period"] >= MONTHS[6], records["branch"].isin(TREATED)
    means = records.groupby([records["kind"] == "member", got, late])["estimate"].mean()
    change = means.xs(True, level=2) - means.xs(False, level=2)
    by_kind = change.xs(True, level=1) - change.xs(False, level=1)
    assert found.effect == pytest.approx(by_kind[True] - by_kind[False])
    peer = pytest.importorskip("diff_diff")
    table = records.assign(got=got * 1, late=late * 1, could=(records["kind"] == "member") * 1)
    fitted = peer.TripleDifference(estimation_method="reg").fit(
        table, outcome="estimate", group="got", partition="could", time="late"
    )
    assert found.effect == pytest.approx(fitted.att)
    assert found.low < 1.5 < found.high


def test_what_befalls_a_whole_group_is_taken_out() -> None:
    rng = np.random.default_rng(2)
    clear = {"all": 0, "could": 0}
    for _ in range(40):
        records, treated = branches(rng), pd.Series(True, index=TREATED)
        panel = panel_of(card(), records, treated)
        clear["could"] += difference_in_differences(panel).clear
        alone = card().model_copy(update={"eligible": None})
        members = panel_of(alone, records[records["kind"] == "member"], treated)
        clear["all"] += difference_in_differences(members).clear
    assert clear["could"] <= 5 and clear["all"] >= 5, clear


def test_its_share_is_of_those_who_could_get_it_and_the_page_says_who_served() -> None:
    records = branches(np.random.default_rng(3), effect=2.0, shock=0.2)
    report = judge_case(card(), CaseData([records]))
    e = report.main
    own = records[(records["kind"] == "member") & records["branch"].isin(TREATED)]
    mean = own.loc[own["period"] >= MONTHS[6], "estimate"].mean()
    assert e.effect.relative == pytest.approx(e.effect.effect / (mean - e.effect.effect))
    assert any("kind other than member" in check.text for check in e.checks)
    # a glance sees those who could get it alone
    before = own.loc[own["period"] < MONTHS[6], "estimate"].mean()
    assert e.glance.effect == pytest.approx(mean - before)
    assert e.foresight.main.design == "triple differences"
    assert 0 < e.foresight.main.detectable < 2


def test_customers_of_groups_are_read_by_who_could_get_it() -> None:
    rng = np.random.default_rng(4)
    groups = branches(rng, effect=1.0, shock=0.5)
    people = pd.concat([
        groups.assign(customer_id=[f"{b}{k}{i}" for b, k in groups[["branch", "kind"]].to_numpy()],
                      estimate=groups["estimate"] + rng.normal(size=len(groups)))
        for i in range(8)
    ]).drop(columns="n")  # fmt: skip
    e = evaluate(people, card(), outcome="sales")
    assert e.effect.design == "triple differences" and e.effect.n_units == 14
    assert e.customers == pytest.approx(6 * 8)


def test_cards_and_data_that_do_not_bear_it_are_refused() -> None:
    with pytest.raises(ValidationError, match="began on one day"):
        case_of("club", MONTHS[6], "everybody", eligible={"kind": ["member"]})
    records = branches(np.random.default_rng(5))
    for wrong, said in (
        ({"kind": ["mmber"]}, "nobody is one of"),
        ({"kind": ["member", "guest"]}, "everybody is one of"),
        ({"sort": ["member"]}, "no column 'sort'"),
    ):
        asked = card().model_copy(update={"eligible": {k: tuple(v) for k, v in wrong.items()}})
        report = judge_case(asked, CaseData([records]))
        assert report.main.refused and said in report.checks[0].text
