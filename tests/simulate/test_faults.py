"""The export has the faults its README names, no more and no less."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tools.simulate.faults import N_DOUBLE_CONTACTS, N_DOUBLE_ORDERS, N_TWICE

HARBOUR = Path(__file__).parents[2] / "data" / "harbour"


def read(name: str, **options: object) -> pd.DataFrame:
    return pd.read_csv(HARBOUR / name, dtype=str, keep_default_na=False, **options)


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    return read("customers.csv", encoding="gb18030")


def test_some_customers_are_registered_twice_with_one_phone(customers: pd.DataFrame) -> None:
    again = customers[customers["客户编号"].str.len() == 8]
    assert len(again) == N_TWICE
    digits = customers["手机号"].str.replace(r"\D", "", regex=True).str[-11:]
    assert (digits[again.index].map(digits.value_counts()) >= 2).all()


def test_some_rows_are_doubled(customers: pd.DataFrame) -> None:
    orders, contacts = read("transactions.csv"), read("interactions.csv")
    assert customers.duplicated().sum() == 6
    assert orders.duplicated().sum() == N_DOUBLE_ORDERS
    assert contacts.duplicated().sum() >= N_DOUBLE_CONTACTS


def test_dates_and_amounts_are_broken_in_a_few_rows() -> None:
    orders = read("transactions.csv")
    dates = pd.to_datetime(orders["sold_on"], format="%Y%m%d", errors="coerce")
    assert 15 <= (dates.isna() | (dates > "2025-12-31") | (dates < "2023-01-01")).sum() <= 25
    amounts = pd.to_numeric(orders["net"], errors="coerce")
    assert 20 <= amounts.isna().sum() <= 26
    refunds = amounts < 0
    assert 0.01 < refunds.mean() < 0.015
    # A refund carries the number of the order it pays back.
    assert orders.loc[refunds, "order_id"].isin(orders.loc[~refunds, "order_id"]).all()


def test_contracts_and_answers_hold_impossible_values() -> None:
    contracts = read("contracts.tsv", sep="\t")
    ended = contracts[contracts["End"] != ""]
    assert (ended["End"] < ended["Begin"]).sum() == 5
    answers = read("survey.csv").filter(regex="^(exp|per)_")
    assert answers.isin(["0", "8", "99"]).to_numpy().sum() in range(18, 25)
    assert 0.02 < (answers == "").to_numpy().mean() < 0.06


def test_comments_read_like_comments_in_two_languages() -> None:
    answers = read("survey.csv")
    written = answers[answers["comment"] != ""]
    assert 0.4 < len(written) / len(answers) < 0.65
    chinese = written["language"] == "zh"
    assert written.loc[chinese, "comment"].str.contains(r"[\u4e00-\u9fff]").all()
    assert not written.loc[~chinese, "comment"].str.contains(r"[\u4e00-\u9fff]").any()
    assert written["comment"].nunique() > 0.5 * len(written)
