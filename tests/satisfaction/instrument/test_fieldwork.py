from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction.instrument.fieldwork import fieldwork


def field(*, drift: float = 0.0, lean: float = 0.0, n: int = 2000, seed: int = 1) -> tuple:
    """Invite n; `lean`: how much readier women answer; `drift`: by how much late answers differ."""
    rng = np.random.default_rng(seed)
    ids = [f"K{i}" for i in range(n)]
    register = pd.DataFrame({"customer_id": ids, "gender": rng.choice(["f", "m"], n)})
    invited = pd.DataFrame(
        {"invitation": [f"N{i:06d}" for i in range(n)], "customer_id": ids,
         "group": np.where(np.arange(n) < n // 4, "West", "East")}
    )  # fmt: skip
    chance = 0.3 + np.where(register["gender"] == "f", lean, -lean)
    came = np.flatnonzero(rng.random(n) < chance)
    day = rng.integers(0, 20, len(came))
    answers = pd.DataFrame(
        {
            "respondent_id": invited["invitation"].to_numpy()[came],
            "answered_on": pd.Timestamp("2026-06-01") + pd.to_timedelta(day, "D"),
            "csat5": np.clip(
                np.round(3.5 + drift * (day >= 10) + rng.normal(size=len(came))), 1, 5
            ),
        }
    )
    return invited, answers, register


def test_the_rate_counts_each_invitation_once_by_group_and_in_all() -> None:
    invited, answers, _ = field()
    again = pd.concat([answers, answers.head(5)])  # some answered twice
    low = again.assign(respondent_id=again["respondent_id"].str.lower() + " ")
    found = fieldwork(invited, low)
    row = found.table.iloc[-1]
    assert (row["invited"], row["answered"]) == (2000, len(answers))
    assert found.table["group"].tolist() == ["East", "West", "all customers"]
    assert found.table["invited"].tolist() == [1500, 500, 2000]
    assert found.rate.low < len(answers) / 2000 < found.rate.high
    assert found.strangers == 0


def test_answers_of_strangers_are_counted_and_said() -> None:
    invited, answers, _ = field()
    strange = answers.head(3).assign(respondent_id=["X1", "X2", None])
    found = fieldwork(invited, pd.concat([answers, strange]))
    assert found.strangers == 3
    assert found.findings()[-1].values == {"n": 3}


def test_late_answers_that_differ_are_said_and_equal_ones_are_not() -> None:
    invited, answers, _ = field(drift=-0.8)
    keys = [f.key for f in fieldwork(invited, answers).findings()]
    assert "response.late.csat5" in keys and "response.late" not in keys
    same, calm, _ = field()
    assert "response.late" in [f.key for f in fieldwork(same, calm).findings()]


def test_who_did_not_answer_is_compared_by_the_register() -> None:
    invited, answers, register = field(lean=0.12)
    found = fieldwork(invited, answers, register)
    women = found.absent.set_index("category").loc["f"]
    seen = register.set_index("customer_id")["gender"]
    came = invited["invitation"].isin(answers["respondent_id"])
    who = seen[invited["customer_id"]].to_numpy() == "f"
    assert women["estimate"] == pytest.approx(who[came].mean() - who[~came].mean())
    assert women["low"] > 0 and women["p_holm"] < 0.001
    assert "response.absent" in [f.key for f in found.findings()]


def test_equal_readiness_gives_few_false_alarms() -> None:
    alarms = 0
    for seed in range(20):
        found = fieldwork(*field(n=400, seed=seed))
        alarms += any(f.key == "response.absent" for f in found.findings())
    assert alarms <= 3  # 5 % of 20, and two standard errors


def test_nobody_invited_is_an_error() -> None:
    with pytest.raises(DataError, match="nobody was invited"):
        fieldwork(field()[0].head(0), field()[1])
