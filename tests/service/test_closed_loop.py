"""Who was asked again and what helped; what goes together with service, and is no effect."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from tests.service import examples
from workbench.errors import DataError
from workbench.service import follow_ups, service_links

AS_OF = dt.date(2025, 12, 31)


def cases(seed: int, n: int = 200, settled: tuple[float, float] = (0.7, 0.4)) -> pd.DataFrame:
    """Cases that a call settles more often than a letter, drawn by lot; some are still open."""
    rng = np.random.default_rng(seed)
    opened = pd.Timestamp("2025-12-31") - pd.to_timedelta(rng.integers(0, 300, n), "D")
    call = rng.random(n) < 0.5
    took = np.ceil(rng.exponential(np.where(call, 3.0, 7.0)))
    closed = pd.Series(opened + pd.to_timedelta(took, "D")).where(rng.random(n) > 0.05)
    closed = closed.where(closed <= pd.Timestamp("2025-12-31"))
    good = rng.random(n) < np.where(call, *settled)
    return pd.DataFrame(
        {"customer_id": [f"K{i}" for i in range(n)], "opened": opened, "closed": closed,
         "due": opened + pd.Timedelta(days=5),
         "action": pd.Series(np.where(call, "call", "letter")).where(closed.notna()),
         "settled": pd.Series(good, dtype=object).where(closed.notna())}
    )  # fmt: skip


def test_cases_are_counted_by_hand() -> None:
    day = pd.to_datetime
    few = pd.DataFrame(
        {"customer_id": list("ABCDEF"), "opened": day(["2025-12-01"] * 5 + ["2026-02-01"]),
         "closed": day(["2025-12-03", "2025-12-05", "2025-12-20", None, None, None]),
         "due": day(["2025-12-06"] * 4 + ["2026-01-05", None])}
    )  # fmt: skip
    found = follow_ups(few, as_of=AS_OF)
    # E is not due yet, F was opened later
    assert (found.n, found.open, found.late) == (5, 2, 1)
    assert found.in_time.value == 0.5 and found.in_time.n == 4
    assert found.median.value == 19  # A and B after 2 and 4 days, C after 19
    with pytest.raises(DataError, match="nobody was to be asked again"):
        follow_ups(few.head(0), as_of=AS_OF)
    with pytest.raises(DataError, match="fewer than the smallest cell"):
        follow_ups(few.assign(customer_id="A"), as_of=AS_OF)


def test_only_a_lot_says_what_helps() -> None:
    drawn = follow_ups(cases(1, 400), as_of=AS_OF, by_lot=True)
    chosen = follow_ups(cases(1, 400), as_of=AS_OF)
    said = [next(f for f in each.findings() if f.key.endswith("helps")) for each in (drawn, chosen)]
    assert [f.verdict for f in said] == ["helps", "goes together"]
    assert said[0].values["action"] == "call" and "no proof" in said[1].text
    told = drawn.table.set_index("action")
    assert told.loc["call", "settled_low"] < 0.7 < told.loc["call", "settled_high"]
    assert drawn.table["gap"].iloc[0] == pytest.approx(-drawn.table["gap"].iloc[1])


def test_equal_ways_are_seldom_told_apart_and_the_gap_is_covered() -> None:
    called, held = 0, 0
    for seed in range(30):
        found = follow_ups(cases(seed, settled=(0.5, 0.5)), as_of=AS_OF, by_lot=True)
        called += bool((found.table["p"] < 0.05).any())
        other = follow_ups(cases(seed), as_of=AS_OF).table.set_index("action")
        held += bool(other.loc["call", "gap_low"] <= 0.3 <= other.loc["call", "gap_high"])
    # of 30 at 5 and 95 %, two standard errors of 1.2 allowed for
    assert called <= 1.5 + 2 * 1.2 and held >= 28.5 - 2 * 1.2


def test_small_ways_are_not_shown() -> None:
    own = cases(1)
    own.loc[own.index[own["closed"].notna()][:2], "action"] = "visit"
    found = follow_ups(own, as_of=AS_OF)
    assert "visit" not in set(found.table["action"])
    assert any("visit" in str(f.values.get("names")) for f in found.findings())


def test_a_planted_link_is_found_and_said_to_be_no_effect() -> None:
    found = examples.links()
    keys = {f.key for f in found.findings()}
    assert "service.links.unresolved.left" in keys
    last = found.findings()[-1]
    assert last.verdict == "association" and "not an effect" in last.text
    row = found.table.set_index(["befell_key", "later_key"]).loc[("unresolved", "left")]
    # planted: 30 % of those leave and 10 % of the others
    assert row["gap_low"] < 0.2 < row["gap_high"]


def test_no_link_is_called_none() -> None:
    said = [
        service_links(*examples.served(seed, left=(0.1, 0.1))[:1], as_of=AS_OF,
                      contracts=examples.served(seed, left=(0.1, 0.1))[1]).findings()[0].key
        for seed in range(10)
    ]  # fmt: skip
    assert said.count("service.links") >= 8


def test_too_few_on_one_side_are_refused() -> None:
    rows, deals = examples.served(1)
    with pytest.raises(DataError, match="too few customers"):
        service_links(rows.head(30), as_of=AS_OF, contracts=deals)
