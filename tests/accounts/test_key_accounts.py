"""Groups of accounts: what may be told, and what no page says of one account."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from tests import attackers
from tests.accounts import examples, firm
from workbench.accounts import key_accounts, size_class
from workbench.accounts.key_accounts import SIZE_NAMES
from workbench.errors import DataError

AS_OF = examples.AS_OF


def test_groups_add_up_and_hold_half() -> None:
    sales, about = examples.sales()
    found = examples.groups()
    year = sales[sales["date"] > pd.Timestamp(AS_OF) - pd.Timedelta(days=365)]
    t = found.table.set_index(["by", "group"])
    assert t.loc[("all", "All accounts"), "sales"] == pytest.approx(year["amount"].sum())
    key = t.loc[("class", "Key accounts")]
    assert key["n"] == found.key < 0.3 * found.n
    assert key["sales"] >= 0.5 * year["amount"].sum()
    known = about[about["potential"].notna()]
    share = year[year["customer_id"].isin(known["customer_id"])]["amount"].sum()
    row = t.loc[("all", "All accounts")]
    assert row["wallet"] == pytest.approx(share / row["potential"])
    assert row["up"] + row["same"] + row["down"] == pytest.approx(1)
    assert set(t.loc["size"].index) <= {*SIZE_NAMES, "Other groups"}


def test_no_group_is_one_account_s_and_no_page_names_one() -> None:
    sales, about = examples.sales()
    giant = sales["customer_id"] == sales["customer_id"].iloc[0]
    home = about.set_index("customer_id")["industry"][sales["customer_id"].iloc[0]]
    year = sales["date"] > pd.Timestamp(AS_OF) - pd.Timedelta(days=365)
    mine, all_others = (sales.loc[year & who, "amount"].sum() for who in (giant, ~giant))
    # the p% rule is broken in its industry, and not among all
    huge = sales.assign(amount=sales["amount"].mask(giant, sales["amount"] * 8 * all_others / mine))
    found = key_accounts(huge, about, as_of=AS_OF)
    assert ("industry", home) not in set(zip(found.table["by"], found.table["group"], strict=True))
    # what is hidden does not follow from the total: at least two are
    assert found.hidden["industry"].cells.sum() >= 2
    assert not found.shown_key
    assert "customer_id" not in found.table
    with pytest.raises(DataError, match="one of them nearly all"):
        key_accounts(sales.assign(amount=sales["amount"].mask(giant, 1e12)), about, as_of=AS_OF)


def test_a_potential_that_would_follow_from_the_total_is_hidden() -> None:
    sales, about = examples.sales()
    few = about["potential"].where((about["industry"] != "Clinic") | (about.index % 20 == 0))
    found = key_accounts(sales, about.assign(potential=few), as_of=AS_OF)
    t = found.table[found.table["by"] == "industry"].set_index("group")
    assert t["potential"].isna().sum() == 2 and np.isnan(t.loc["Clinic", "potential"])
    assert t["sales"].notna().all()


def test_who_stopped_is_counted_with_what_they_bought() -> None:
    stopped = next(f for f in examples.groups().findings() if f.key == "accounts.stopped")
    sales, _ = examples.sales()
    last = sales.groupby("customer_id")["date"].max()
    day = pd.Timestamp(AS_OF)
    gone = last[(last <= day - pd.Timedelta(days=365)) & (last > day - pd.Timedelta(days=730))]
    assert stopped.values["n"] == len(gone) and stopped.money is not None
    assert stopped.money.value > 0 and stopped.next_step is not None


def test_a_short_log_tells_no_change() -> None:
    sales, about = examples.sales()
    late = sales[sales["date"] > "2024-09-01"]
    found = key_accounts(late, about, as_of=AS_OF)
    assert found.table["change"].isna().all() and found.picture() is None
    assert not any(f.key.startswith("accounts.moved") for f in found.findings())


def _covered(repetitions: int) -> tuple[float, int]:
    held = []
    for seed in range(repetitions):
        sales, _ = firm.sales(np.random.default_rng([4, seed]), growth=0.2, n=50)
        row = key_accounts(sales, as_of=AS_OF).table.iloc[0]
        # one in twelve has stopped, of all sizes alike
        truth = 11 / 12 * np.exp(0.2) - 1
        if not np.isnan(row["change_low"]):  # where it would tell the largest account there is none
            held.append(row["change_low"] <= truth <= row["change_high"])
    return float(np.mean(held)), len(held)


def test_changes_are_covered() -> None:
    share, n = _covered(15)
    assert share >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / n)


@pytest.mark.slow
def test_changes_are_covered_on_the_whole_grid() -> None:
    share, n = _covered(600)
    assert 0.925 - 2 * np.sqrt(0.05 * 0.95 / n) <= share <= 0.98


def test_sizes_are_classes() -> None:
    assert size_class(pd.Series(["Large", "Small"])).tolist() == ["Large", "Small"]
    assert size_class(pd.Series([9, 10, 1000.0, np.nan])).tolist() == [
        "1-9 employees",
        "10-49 employees",
        "1000 or more employees",
        None,
    ]


def test_the_day_decides() -> None:
    sales, about = examples.sales()
    later = key_accounts(sales, about, as_of=dt.date(2025, 6, 30))
    assert later.table["sales"].iloc[0] != examples.groups().table["sales"].iloc[0]


def told_of(found: object, about: pd.DataFrame, column: str) -> list[tuple[np.ndarray, float]]:
    """Read the sums of a year's sales off the table: by class, industry, region, and of all."""
    each = found.moves.set_index("customer_id")
    facts = about.set_index("customer_id").reindex(each.index)
    told = []
    for row in found.table.to_dict("records"):
        groups = each if row["by"] == "class" else facts
        inside = (groups[row["by"]] == row["group"]) if row["by"] != "all" else each[column] > -1
        if row["group"] == "Other groups":  # those put together because they are small
            of = groups[row["by"]]
            inside = of.notna() & ~of.isin(found.names[row["by"]])
        told.append((inside.to_numpy(), row[column]))
    return told


def test_tables_by_industry_size_and_region_together_find_nobody() -> None:
    """Key accounts in small groups, regions that nearly are industries, some without a region."""
    rng = np.random.default_rng(4)
    by_links, shown, together = 0, 0, 0
    for _ in range(10):
        n = int(rng.integers(25, 90))
        ids = [f"A{i:02d}" for i in range(n)]
        industry = rng.choice(["Steel", "Paper", "Trade", "Glass"], n, p=[0.15, 0.2, 0.4, 0.25])
        town = {"Steel": "North", "Paper": "East", "Trade": "South", "Glass": "West"}
        region = np.array([town[one] for one in industry], dtype=object)
        region[rng.random(n) < 0.05] = None
        region[rng.random(n) < 0.04] = "South"
        about = pd.DataFrame({"customer_id": ids, "industry": industry, "region": region})
        paid = rng.lognormal(8, 0.6, 3 * n).round(2)
        paid[rng.integers(0, 3 * n, 3)] = [900_000, 700_000, 500_000]
        days = pd.to_datetime(rng.choice(["2025-10-10", "2025-11-11", "2025-12-12"], 3 * n))
        sales = pd.DataFrame({"customer_id": ids * 3, "date": days, "amount": paid})
        try:
            found = key_accounts(sales, about, as_of=AS_OF)
        except DataError:
            continue
        values = found.moves["sales"].to_numpy()
        assert attackers.found(told_of(found, about, "sales"), values) == []
        own = {by: gone.primary | gone.secondary for by, gone in found.hidden.items()}
        shown += len(found.table)
        together += (found.table["group"] == "Other groups").sum()
        by_links += any((gone.cells & ~own[by]).any() for by, gone in found.hidden.items())
    assert by_links >= 1 and shown > 30 and together > 3
