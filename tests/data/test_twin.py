"""A twin of a study's tables has their columns and holds nobody of theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from workbench.data.privacy.twin import twin_tables
from workbench.data.tables import open_tables
from workbench.errors import DataError
from workbench.study import Study, read_card

N = 300


def raw() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(3)
    ids = [f"C{i:05d}" for i in range(N)]
    begin = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 700, N), unit="D")
    end = begin + pd.to_timedelta(rng.integers(1, 400, N), unit="D")
    customers = pd.DataFrame(
        {
            "customer_id": ids,
            "name": [f"Anna Muster{i:03d}" for i in range(N)],
            "email": [f"anna{i}@muster.example" for i in range(N)],
            "region": rng.choice(["North", "South"], N),
            "rank": ["the only one", *["member"] * (N - 1)],
            "income": [str(20_000 + 137 * i) for i in range(N - 1)] + ["9876543"],
        }
    )
    owner = np.repeat(ids, rng.integers(1, 6, N))
    sales = pd.DataFrame(
        {
            "Kunde": owner,
            "Tag": [f"{d:%d.%m.%Y}" for d in begin[rng.integers(0, N, len(owner))]],
            "Betrag": [f"{x:.2f}".replace(".", ",") for x in rng.gamma(2, 30, len(owner))],
        }
    )
    contracts = pd.DataFrame(
        {
            "contract_id": [f"K{i}" for i in range(N)],
            "customer_id": ids,
            "start": begin.strftime("%Y-%m-%d"),
            "end": end.strftime("%Y-%m-%d"),
            "monthly_fee": rng.choice(["19", "29"], N),
        }
    )
    return {"customers": customers, "transactions": sales, "contracts": contracts}


def write(
    folder: Path, tables: dict[str, pd.DataFrame], *, plain: bool = False, **more: object
) -> Study:
    folder.mkdir(parents=True, exist_ok=True)
    of_sales = {"columns": {"customer_id": "Kunde", "date": "Tag", "amount": "Betrag"}}
    of_sales |= {"decimal": ",", "date_format": "%d.%m.%Y"}
    of_sales = {} if plain else of_sales
    card = {
        "title": "Twin",
        "as_of": "2025-12-31",
        "simulated": True,
        "tables": {
            n: {"path": f"{n}.csv", **(of_sales if n == "transactions" else {})} for n in tables
        },
        **more,
    }
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "study.yml").write_text(yaml.safe_dump(card, allow_unicode=True))
    return read_card(folder / "study.yml")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return write(tmp_path_factory.mktemp("study"), raw())


@pytest.fixture(scope="module")
def twin(study: Study) -> dict[str, pd.DataFrame]:
    return twin_tables(study, seed=1)


def test_it_has_the_columns_and_is_read_as_the_study_is(
    twin: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    assert {n: list(f.columns) for n, f in twin.items()} == {
        n: list(f.columns) for n, f in raw().items()
    }
    read = open_tables(write(tmp_path, twin), cache=False)
    for name, frame in twin.items():
        report = read.report_of(name)
        assert report.kept >= 0.99 * len(frame), report
    sold, meant = read.frame("transactions")["amount"], 60
    assert abs(sold.mean() - meant) < 0.15 * meant


def test_no_value_that_few_people_have_is_in_it(twin: dict[str, pd.DataFrame]) -> None:
    for name, frame in raw().items():
        for column in frame.columns:
            counts = frame[column].value_counts()
            rare = set(counts.index[counts < 5])
            reused = rare & set(twin[name][column].dropna())
            assert not reused, f"{name}.{column} reuses {sorted(reused)[:3]}"


def test_nobody_is_found_by_an_extreme_value_or_a_rare_word(
    twin: dict[str, pd.DataFrame],
) -> None:
    income = pd.to_numeric(twin["customers"]["income"])
    assert income.max() < 70_000  # the 99th percentile, and not the one of 9,876,543
    assert "the only one" not in set(twin["customers"]["rank"])
    assert not twin["customers"]["email"].str.contains("muster").any()


def test_whose_rows_they_are_and_what_begins_before_it_ends_stays(
    twin: dict[str, pd.DataFrame],
) -> None:
    assert set(twin["transactions"]["Kunde"]) <= set(twin["customers"]["customer_id"])
    each = twin["transactions"]["Kunde"].value_counts()
    assert 2.2 < each.mean() < 3.8
    contracts = twin["contracts"].dropna()
    assert (contracts["start"] <= contracts["end"]).all()
    assert contracts["contract_id"].is_unique


def test_the_same_seed_draws_the_same_twin(study: Study, twin: dict[str, pd.DataFrame]) -> None:
    again, other = twin_tables(study, seed=1), twin_tables(study, seed=2)
    assert all(again[n].equals(twin[n]) for n in twin)
    assert not other["transactions"].equals(twin["transactions"])


@pytest.mark.parametrize("name", ["shops", "series"])
def test_a_table_of_nobody_keeps_its_frame_of_days_and_groups_alone(
    tmp_path: Path, name: str
) -> None:
    days = pd.date_range("2024-01-01", periods=60, freq="D").strftime("%Y-%m-%d")
    frame = pd.DataFrame(
        {
            "date": list(days) * 2,
            "unit": ["a"] * 60 + ["b"] * 60,
            "value": [str(1000 + 7 * i) for i in range(120)],
        }
    )
    twin = twin_tables(write(tmp_path, {"customers": raw()["customers"], name: frame}), 1)
    assert twin[name]["date"].tolist() == frame["date"].tolist()
    assert twin[name]["unit"].tolist() == frame["unit"].tolist()
    assert not set(twin[name]["value"]) & set(frame["value"])


def test_what_was_done_about_tickets_is_somebodys(tmp_path: Path) -> None:
    """Steps name no customer: their tickets and moments went along as they were."""
    at = pd.date_range("2025-01-06 09:01", periods=400, freq="97min").strftime("%Y-%m-%d %H:%M")
    tickets = [f"R{n // 2:04d}" for n in range(400)]
    steps = pd.DataFrame({"ticket_id": tickets, "activity": ["open", "close"] * 200, "at": at})
    calls = pd.DataFrame({"at": at, "abandoned": ["no", "yes"] * 200})
    tables = {"customers": raw()["customers"], "steps": steps, "interactions_calls": calls}
    twin = twin_tables(write(tmp_path, tables), 1)
    assert not set(twin["steps"]["ticket_id"]) & set(tickets)
    for name in ("steps", "interactions_calls"):
        assert not set(twin[name]["at"]) & set(at)
    assert set(twin["steps"]["activity"]) == {"open", "close"}
    assert twin["steps"]["ticket_id"].value_counts().median() == 2


def test_a_table_of_a_database_has_none(tmp_path: Path) -> None:
    study = write(tmp_path, raw())
    asked = study.tables["customers"].model_copy(update={"path": None, "sql": "select 1"})
    broken = study.model_copy(update={"tables": {**study.tables, "customers": asked}})
    with pytest.raises(DataError, match="database has no twin"):
        twin_tables(broken, seed=1)
