"""What is wrong with a real export: doubles, gaps, impossible dates, refunds, shared phones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tools.simulate.identity import Identities, as_typed
from tools.simulate.streams import stream

N_TWICE = 44  # customers registered a second time
N_SHARED_PHONE = 8  # pairs of different people with one phone
N_DOUBLE_ORDERS = 30
N_DOUBLE_CONTACTS = 14
LAST_JOINING = pd.Timestamp("2025-12-20")
BAD_DATES = ("20230230", "00000000", "", "20241305", "2025-06-3x", "20521117", "19000101")


def spoil_customers(
    seed: int, frame: pd.DataFrame, who: Identities
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Blank some cells, register some people twice, let some pairs share a phone.

    Returns
    -------
    DataFrame
        The spoilt table.
    dict
        First number to second number of those registered twice.
    """
    rng = stream(seed, "spoil customers")
    out = frame.copy()
    n = len(out)
    for column, share in (
        ("phone", 0.02),
        ("email", 0.09),
        ("address", 0.05),
        ("birth_year", 0.04),
        ("gender", 0.03),
        ("income_band", 0.07),
        ("occupation", 0.03),
    ):
        out.loc[rng.random(n) < share, column] = ""
    gaps = rng.random(n) < 0.12  # the lifestyle page was not filled in
    out.loc[gaps, [c for c in out.columns if c.startswith("lifestyle_")]] = ""
    out.loc[rng.choice(n, 12, replace=False), "birth_year"] = "1900"
    out.loc[rng.choice(n, 5, replace=False), "birth_year"] = "2205"

    picked = rng.choice(n, N_TWICE + 2 * N_SHARED_PHONE, replace=False)
    twice, pairs = picked[:N_TWICE], picked[N_TWICE:].reshape(-1, 2)
    for a, b in pairs:
        out.loc[a, "phone"] = who.phone[a]
        out.loc[b, "phone"] = as_typed(who.phone[a], 1)
    again = out.iloc[twice].copy()
    again["customer_id"] = [f"HM9{k:05d}" for k in rng.choice(99_999, N_TWICE, replace=False)]
    styles = rng.integers(0, 6, N_TWICE)
    # The phone is known both times; the second clerk typed the rest in another way, or not at all.
    out.loc[twice, "phone"] = [who.phone[i] for i in twice]
    again["phone"] = [as_typed(who.phone[i], int(s)) for i, s in zip(twice, styles, strict=True)]
    again["email"] = [
        "" if k % 3 == 0 else who.email[i].upper() if k % 3 == 1 else f" {who.email[i]}"
        for k, i in enumerate(twice)
    ]
    again["name"] = [
        who.name[i].upper() if " " in who.name[i] else who.name[i] + (" " if k % 4 == 0 else "")
        for k, i in enumerate(twice)
    ]
    joined = pd.to_datetime(again["joined_on"], format="%Y/%m/%d")
    later = joined + pd.to_timedelta(rng.integers(60, 300, N_TWICE), unit="D")
    again["joined_on"] = later.where(later <= LAST_JOINING, LAST_JOINING).dt.strftime("%Y/%m/%d")
    second = dict(zip(out["customer_id"].iloc[twice], again["customer_id"], strict=True))
    doubled = out.iloc[rng.choice(n, 6, replace=False)]
    return pd.concat([out, again, doubled], ignore_index=True), second


def _rename_some(
    rng: np.random.Generator, frame: pd.DataFrame, second: dict[str, str], share: float
) -> None:
    """Book a share of the rows of people registered twice under their second number."""
    new = frame["customer_id"].map(second)
    swap = new.notna() & (rng.random(len(frame)) < share)
    frame.loc[swap, "customer_id"] = new[swap]


def spoil_transactions(seed: int, frame: pd.DataFrame, second: dict[str, str]) -> pd.DataFrame:
    """Add refunds and double rows; lose some dates and amounts."""
    rng = stream(seed, "spoil transactions")
    out = frame.copy()
    _rename_some(rng, out, second, 0.4)
    n = len(out)
    back = np.sort(rng.choice(n, round(0.013 * n), replace=False))
    refunds = out.iloc[back].copy()
    when = pd.to_datetime(refunds["date"], format="%Y%m%d")
    when = when + pd.to_timedelta(rng.integers(2, 25, len(back)), unit="D")
    refunds["date"] = when.dt.strftime("%Y%m%d")
    part = rng.random(len(back)) < 0.2  # some give back a part only
    value = -out["amount"].iloc[back].astype(float).to_numpy() * np.where(part, 0.5, 1.0)
    refunds["amount"] = [f"{v:.2f}" for v in value]
    refunds["quantity"] = "-1"
    refunds = refunds[when <= pd.Timestamp("2025-12-31")]

    broken = rng.choice(n, 3 * len(BAD_DATES) + 24, replace=False)
    dates, amounts = broken[: 3 * len(BAD_DATES)], broken[3 * len(BAD_DATES) :]
    out.loc[dates, "date"] = list(BAD_DATES) * 3
    out.loc[amounts, "amount"] = (["", "NULL", "n/a"] * 8)[: len(amounts)]
    doubled = out.iloc[rng.choice(n, N_DOUBLE_ORDERS, replace=False)]
    everything = pd.concat([out, refunds, doubled])
    return everything.sort_index(kind="stable").reset_index(drop=True)


def spoil_contracts(seed: int, frame: pd.DataFrame) -> pd.DataFrame:
    """Let a few contracts end before they start, and lose a few fees."""
    rng = stream(seed, "spoil contracts")
    out = frame.copy()
    over = np.flatnonzero(out["end"] != "")
    wrong = rng.choice(over, 5, replace=False)
    out.loc[wrong, "end"] = "2022-12-31"
    out.loc[rng.choice(len(out), 40, replace=False), "monthly_fee"] = ""
    return out


def spoil_interactions(seed: int, frame: pd.DataFrame, second: dict[str, str]) -> pd.DataFrame:
    """Lose some hours, enter some as negative or absurd, double some rows."""
    rng = stream(seed, "spoil interactions")
    out = frame.copy()
    _rename_some(rng, out, second, 0.3)
    n = len(out)
    out.loc[rng.random(n) < 0.03, "response_hours"] = ""
    out.loc[rng.choice(n, 6, replace=False), "response_hours"] = "-1.0"
    out.loc[rng.choice(n, 4, replace=False), "response_hours"] = "9999.0"
    out.loc[rng.random(n) < 0.015, "resolved"] = ""
    doubled = out.iloc[rng.choice(n, N_DOUBLE_CONTACTS, replace=False)]
    return pd.concat([out, doubled]).sort_index(kind="stable").reset_index(drop=True)


def spoil_survey(seed: int, frame: pd.DataFrame, who: Identities) -> pd.DataFrame:
    """Leave questions out, tick one column throughout, break the link, write private things."""
    rng = stream(seed, "spoil survey")
    out = frame.copy()
    n = len(out)
    expectation = [c for c in out.columns if c.startswith("exp_")]
    perception = [c for c in out.columns if c.startswith("per_")]
    items = out[expectation + perception].to_numpy(dtype=object, copy=True)
    same = rng.random(n) < 0.012
    items[same, len(expectation) :] = "4"
    items[rng.random(items.shape) < 0.022] = ""
    items[rng.random(n) < 0.035, : len(expectation)] = ""
    rows, cols = rng.integers(0, n, 24), rng.integers(0, items.shape[1], 24)
    items[rows, cols] = (["99", "8", "0"] * 8)[:24]
    out[expectation + perception] = items
    for column, share in (("csat5", 0.012), ("csat10", 0.02), ("recommend", 0.015)):
        out.loc[rng.random(n) < share, column] = ""
    out.loc[rng.random(n) < 0.06, "customer_id"] = ""
    with_text = np.flatnonzero(out["comment"] != "")
    for k, i in enumerate(rng.choice(with_text, 10, replace=False)):
        phone = as_typed(who.phone[int(i) % len(who.phone)], k % 3)
        email = who.email[int(i) % len(who.email)]
        english = out.loc[i, "language"] == "en"
        plea = f" Call me on {phone}." if english else f"请回电{phone}。"
        if k % 3 == 2:
            plea = f" Write to {email}." if english else f"可以发邮件到{email}。"
        out.loc[i, "comment"] = str(out.loc[i, "comment"]) + plea
    return out
