"""What is said unasked by channel, beside the survey, by one codebook and with honest shares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.satisfaction.examples import heard, voices_heard
from workbench.satisfaction import satisfied, voices_beside


def test_what_is_louder_in_a_channel_is_named_and_shares_are_those_of_coders() -> None:
    found = voices_heard()
    told = found.table.set_index(["source", "label"])
    assert found.table["source"].iloc[0] == "Survey"
    row, texts = told.loc[("ticket", "App")], heard()
    mine = texts[texts["channel"] == "ticket"]
    about = mine["comment"].str.contains("app")
    assert row["share"] == about.mean() and row["n"] == about.sum()
    # of what was said so many are positive, estimated from the third that was coded
    true = mine.loc[about, "comment"].str.contains("great").mean()
    assert row["low"] < true < row["high"] and found.basis == "people"
    loud = [f for f in found.findings() if f.key == "voices.louder"]
    assert (loud[0].values["aspect"], loud[0].values["channel"]) == ("App", "ticket")
    assert row["gap_low"] < 0.35 < row["gap_high"]  # 0.7 against 0.35


def test_small_channels_are_put_together_and_none_of_one_customer_is_told() -> None:
    texts = pd.DataFrame(
        {"comment": ["the price is high"] * 40, "channel": ["review"] * 36 + ["post"] * 4,
         "customer_id": [f"K{i}" for i in range(36)] + ["K1"] * 4}
    )  # fmt: skip
    book = {"price": {"title": {"en": "Price"}, "words": {"en": ["price"]}}}
    found = voices_beside(texts, None, book, rng=np.random.default_rng(1))
    assert found is not None and "post" not in set(found.table["source"])
    # nobody coded them, and nobody rated: no share of positive texts is shown
    assert found.basis == "none" and found.table["estimate"].isna().all()
    assert voices_beside(None, None, book, rng=np.random.default_rng(1)) is None


def test_who_was_satisfied_on_which_day() -> None:
    asked = pd.DataFrame(
        {"customer_id": list("ABCDE"), "answered_on": pd.to_datetime(["2025-01-01"] * 5),
         "csat5": [1, 3, 4, 5, None]}
    )  # fmt: skip
    told = satisfied(asked)
    assert told is not None
    assert told["satisfied"].tolist()[:4] == [0.0, 0.0, 1.0, 1.0]
    assert told["satisfied"].isna().tolist() == [False] * 4 + [True]
    assert satisfied(asked.drop(columns="answered_on")) is None
