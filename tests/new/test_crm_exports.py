"""Deals of further CRM systems become purchases and a pipeline with the totals of the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.data import open_tables, pipeline
from workbench.new.study import start_study

RNG = np.random.default_rng(11)
N = 160
AT = pd.Timestamp("2024-02-01") + pd.to_timedelta(RNG.integers(0, 600, N), "D")
END = AT + pd.to_timedelta(RNG.integers(3, 90, N), "D")
STATE = RNG.choice(["Won", "Lost", "Open"], N, p=[0.4, 0.3, 0.3])
STATE[END.argmax()] = "Won"  # a study looks at its tables as of the last purchase
WORTH = RNG.lognormal(8, 1, N).round(2)
FIRM = np.array([f"Org {i}" for i in RNG.integers(1, 50, N)])
CLOSED = np.where(STATE == "Open", "", END.strftime("%Y-%m-%d"))


def pipedrive() -> dict[str, object]:
    return {
        "Deal - ID": np.arange(1, N + 1), "Deal - Title": [f"{f} deal" for f in FIRM],
        "Deal - Organization": FIRM, "Deal - Contact person": "Ann Lee",
        "Deal - Owner": "Bo Kim", "Deal - Value": WORTH, "Deal - Currency": "EUR",
        "Deal - Stage": RNG.choice(["Qualified", "Proposal Made"], N), "Deal - Status": STATE,
        "Deal - Deal created": AT.strftime("%Y-%m-%d %H:%M:%S"),
        "Deal - Deal closed on": CLOSED, "Deal - Won time": np.where(STATE == "Won", CLOSED, ""),
        "Deal - Lost reason": np.where(STATE == "Lost", "Price", ""),
        "Deal - Source channel": RNG.choice(["Web", "Referral"], N),
    }  # fmt: skip


def freshsales() -> dict[str, object]:
    return {
        "Id": np.arange(1, N + 1), "Name": [f"{f} deal" for f in FIRM], "Amount": WORTH,
        "Deal stage": np.where(STATE == "Open", "Proposal", STATE), "Account name": FIRM,
        "Sales owner": "Bo Kim", "Expected close date": END.strftime("%Y-%m-%d"),
        "Closed date": CLOSED, "Created at": AT.strftime("%Y-%m-%d %H:%M:%S"), "Source": "Web",
        "Lost reason": np.where(STATE == "Lost", "Price", ""),
    }  # fmt: skip


def xiaoshouyi() -> dict[str, object]:
    stage = np.select([STATE == "Won", STATE == "Lost"], ["赢单", "输单"], "方案报价")
    return {
        "销售机会编号": np.arange(1, N + 1), "销售机会名称": [f"{f}项目" for f in FIRM],
        "客户名称": FIRM, "销售阶段": stage, "销售金额": WORTH,
        "结单日期": END.strftime("%Y-%m-%d"), "创建日期": AT.strftime("%Y-%m-%d"),
        "机会来源": "展会", "输单原因": np.where(STATE == "Lost", "价格", ""),
        "销售机会所有人": "张伟",
    }  # fmt: skip


@pytest.mark.parametrize("export", [pipedrive, freshsales, xiaoshouyi])
def test_deals_become_purchases_and_a_pipeline(
    export: Callable[[], dict[str, object]], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    pd.DataFrame(export()).to_csv(tmp_path / "deals.csv", index=False)
    started = start_study(tmp_path, "acme", [tmp_path / "deals.csv"], today=date(2026, 1, 1))
    tables = open_tables(started.study, cache=False)
    bought, found = tables.frame("transactions"), pipeline(tables).frame
    won = STATE == "Won"
    assert len(bought) == won.sum() and bought["amount"].sum() == pytest.approx(WORTH[won].sum())
    assert bought["customer_id"].nunique() == len(set(FIRM[won]))
    assert pd.to_datetime(bought["date"]).max() == END[won].max()
    for outcome, state in (("won", "Won"), ("lost", "Lost"), ("open", "Open")):
        own = found[found["outcome"] == outcome]
        assert len(own) == (state == STATE).sum()
        assert own["amount"].sum() == pytest.approx(WORTH[state == STATE].sum())
    lost = found[found["outcome"] == "lost"]
    assert lost["reason"].notna().all() and found["source"].notna().all()
    took = (found["closed"] - found["opened"]).dt.days.dropna()
    assert took.sum() == pytest.approx(
        (END - AT).days.to_numpy()[STATE != "Open"].sum(), abs=len(took)
    )
    assert not {"Bo Kim", "Ann Lee", "张伟"} & set(found.astype(str).to_numpy().ravel())
