"""Contracts told of in two editions: both stay reachable, and nobody is the difference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests import attackers, published
from tests.test_attackers_on_sites import project, workbench

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # one study, published three times
FEE = 499.0


def club(n: int = 160, *, more: int = 0) -> pd.DataFrame:
    """Contracts in three plans; some have joined the dearest since."""
    rng = np.random.default_rng(5)
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 700, n), unit="D")
    end = pd.Series(start + pd.to_timedelta(30.4 * rng.geometric(0.05, n), unit="D"))
    plan = rng.choice(["Basic", "Plus", "Gold"], n, p=[0.5, 0.3, 0.2])
    fee = pd.Series(plan).map({"Basic": 20.0, "Plus": 35.0, "Gold": 60.0}) * rng.uniform(
        0.8, 1.2, n
    )
    held = pd.DataFrame(
        {"customer_id": [f"M{i:03d}" for i in range(n)], "start": start.date,
         "end": end.where(end <= "2025-12-31").dt.date, "plan": plan, "monthly_fee": fee.round(2)}
    )  # fmt: skip
    new = pd.DataFrame(
        {"customer_id": [f"N{i}" for i in range(more)], "start": "2025-11-15", "plan": "Gold",
         "monthly_fee": [FEE + i for i in range(more)]}
    )  # fmt: skip
    both = pd.concat([held, new], ignore_index=True) if more else held
    return both.assign(contract_id="K" + both["customer_id"])


def write(folder: Path, frame: pd.DataFrame) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "contracts.csv", index=False)
    card = {
        "title": {"en": "A club", "zh": "一家俱乐部"}, "simulated": True, "languages": ["en", "zh"],
        "as_of": pd.Timestamp("2025-12-31").date(), "currency": "EUR",
        "tables": {"contracts": {"path": "contracts.csv"}},
    }  # fmt: skip
    text = yaml.safe_dump(card, allow_unicode=True, sort_keys=False)
    (folder / "study.yml").write_text(text, encoding="utf-8")


def by_plan(page: Path) -> pd.Series:
    """Give what the fees of each plan come to, from the page's own table: mean times contracts."""
    tables = published.offered(str(page), [page.read_text(encoding="utf-8")])
    (one,) = [t.table for t in tables if {"Plan", "Contracts"} <= set(t.table)]
    mean = next(c for c in one if str(c).startswith("Value per contract"))
    return one.set_index("Plan")[mean] * one.set_index("Plan")["Contracts"]


def test_a_cell_keeps_its_old_value_and_its_edition_stays(tmp_path: Path) -> None:
    project(tmp_path, ())
    site, page = tmp_path / "_site", "studies/club/clv.html"
    notes, values = [], []
    for more in (0, 2, 6):
        write(tmp_path / "data/club", club(more=more))
        workbench(tmp_path, "report", "club")
        notes.append("keep to what an earlier edition told" in (site / page).read_text("utf-8"))
        values.append(by_plan(site / page))
    assert notes == [False, True, False]
    # two who came are not in the second edition: to the digit what the first told
    pd.testing.assert_series_equal(values[0], values[1])
    assert values[2]["Gold"] > values[1]["Gold"] + 6 * FEE
    editions = sorted((site / "archive").glob("*/"))
    assert len(editions) == 3, "none had to go"
    # who subtracts the newest from an edition of before learns a sum over six
    came = club(more=6)["monthly_fee"].tail(6).to_numpy()
    assert attackers.found([(np.ones(6, dtype=bool), came.sum())], came) == []
