"""Tables are held to what the card says of them; rows are counted by when they happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.conftest import written
from workbench.data import Tables, check_contracts, find_indicator, indicator, open_tables
from workbench.errors import DataError
from workbench.languages import speak
from workbench.study import Contract

LOG = (
    "customer_id,date,amount,channel\nA,2025-01-05,1,web\nA,2025-01-06,2,\nB,2025-01-06,3,app\n"
    "B,2025-03-02,4,shop\nB,nonsense,5,web\n"
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder: Path = tmp_path_factory.mktemp("contracts")
    card = {"as_of": "2025-04-30"}
    people = "customer_id,region\nA,North\nB,South\n"
    study = written(folder, card, transactions=LOG, customers=people)
    return open_tables(study, cache=False)


def test_each_broken_clause_is_a_finding_of_its_own(tables: Tables) -> None:
    contract = Contract.model_validate(
        {"columns": ["date", "source"], "values": {"channel": ["web", "app"]},
         "missing": {"channel": 0.1, "amount": 0.0}, "set_aside": 0.1}
    )  # fmt: skip
    found = check_contracts(tables, {"transactions": contract})
    said = [each.text for each in found.findings()]
    assert said == [
        "The table transactions has no column source, which its contract asks for",
        "0.25 of the rows of transactions have values of channel that its contract does not name",
        "0.25 of the rows of transactions lack channel; its contract allows 0.1",
        "0.2 of the rows of transactions were excluded; its contract allows 0.1",
    ]
    assert list(found.table["rows"]) == [4, 1, 1, 1]
    assert {each.severity for each in found.findings()} == {"warning"}
    zh = speak("zh")
    assert zh(found.findings()[2].message, **found.findings()[2].values) == (
        "数据表 交易 有25%的行缺少 渠道，约定允许10%"
    )


def test_a_kept_contract_says_so(tables: Tables) -> None:
    kept = Contract.model_validate({"columns": "date", "missing": {"channel": 0.3}})
    (only,) = check_contracts(tables, {"transactions": kept}).findings()
    assert (only.severity, only.text) == (
        "ok",
        "All tables for which something was agreed keep to it: 1",
    )
    assert not check_contracts(tables, {}).findings()


def test_rows_are_counted_by_period_and_an_empty_one_is_a_zero(tables: Tables) -> None:
    rows = indicator(tables, "rows.transactions", every="month")
    assert list(rows["estimate"]) == [3, 0, 1, 0]
    by = indicator(tables, "rows.transactions", every="month", by=["region"])
    assert list(by.loc[by["region"] == "North", "estimate"]) == [2, 0, 0, 0]
    lacking = indicator(tables, "missing.transactions.channel", every="quarter")
    assert lacking["estimate"].iloc[0] == pytest.approx(1 / 4)
    assert find_indicator("missing.transactions.channel").better == "down"


def test_rows_that_have_no_date_are_of_no_period(tables: Tables) -> None:
    with pytest.raises(DataError, match="'customers' has no column of dates"):
        indicator(tables, "rows.customers", every="month")
    with pytest.raises(DataError, match="needs column shop"):
        indicator(tables, "missing.transactions.shop", every="month")
