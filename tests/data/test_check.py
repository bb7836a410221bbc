"""A study is held against its tables before anything runs, and everything is told at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.data.conftest import written
from workbench.data import check_study
from workbench.study import Study, load_study

MakeStudy = Callable[..., Study]
ROOT = Path(__file__).parents[2]

#: Enough customers, none of whom has much, that nothing is doubtful.
MORE = [f"M{i:02d}" for i in range(38)]
CUSTOMERS = "customer_id,region\nA,North\nB,South\n" + "".join(f"{m},South\n" for m in MORE)
TRANSACTIONS = (
    "customer_id,date,amount\nA,2025-12-01,1.5\nB,2025-12-02,0\nB,2025-12-02,0\n"
    + "".join(f"{m},2025-12-0{1 + i % 2},1.5\n" for i, m in enumerate(MORE))
)
TREATMENTS = "case,customer_id,start\noffers,A,2025-06-01\n"


def goal(**changes: Any) -> dict[str, Any]:
    baseline = {"value": 1, "date": "2024-12-31"}
    full = {"name": "g", "title": "G", "indicator": "sales", "baseline": baseline, "target": 2}
    return {**full, "deadline": "2025-12-31", **changes}


def case(**changes: Any) -> dict[str, Any]:
    full = {"name": "offers", "title": "C", "start": "2025-06-01", "chosen": "rule"}
    return {**full, "outcomes": [{"indicator": "sales"}], **changes}


def test_a_study_in_order_has_no_problems(make_study: MakeStudy) -> None:
    card = {"goals": [goal(where={"region": "North"})], "cases": [case()]}
    report = check_study(
        make_study(card, customers=CUSTOMERS, transactions=TRANSACTIONS, treatments=TREATMENTS)
    )
    assert report.ok, report.problems
    text = str(report)
    assert "41 rows read, 41 kept, 2025-12-01 to 2025-12-02" in text
    assert "40 customers, sum 58.50 USD" in text
    assert "note: transactions: 2 amounts of zero were kept as purchases" in text
    assert text.endswith("the study is in order")


@pytest.fixture(scope="module")
def same_tables(tmp_path_factory: pytest.TempPathFactory) -> MakeStudy:
    """Give a function that writes a card over the same tables, which are cleaned once."""
    tables = {"customers": CUSTOMERS, "transactions": TRANSACTIONS, "treatments": TREATMENTS}
    return partial(written, tmp_path_factory.mktemp("same"), **tables)


@pytest.mark.parametrize(("regions", "listed"), [(12, True), (13, False)])
def test_values_are_listed_where_they_are_a_dozen_at_most(
    make_study: MakeStudy, regions: int, listed: bool
) -> None:
    rows = "".join(f"C{i},R{i:02d},2025-01-01\n" for i in range(regions))
    people = "customer_id,region,joined_on\n" + rows
    card = {"goals": [goal(where={"region": "elsewhere"})]}
    (problem,) = check_study(make_study(card, customers=people, transactions=TRANSACTIONS)).problems
    assert ("there are R00, R01" in problem) == listed


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (
            {"goals": [goal(indicator="sale")]},
            "goals[0] (g): there is no indicator 'sale'; did you",
        ),
        ({"goals": [goal(indicator="nps")]}, "needs the table 'survey', which the study lacks"),
        ({"goals": [goal(where={"regoin": "x"})]}, "no column 'regoin'"),
        ({"goals": [goal(where={"region": "Nort"})]}, "no region 'Nort'; did you mean 'North'?"),
        ({"goals": [goal(every="wave")]}, "has no waves"),
        (
            {"scorecard": {"by": "region", "tree": {"a": ["sale"]}}},
            "scorecard (sale): there is no indicator 'sale'; did you mean",
        ),
        ({"scorecard": {"by": "regoin", "tree": {"a": ["sales"]}}}, "no column 'regoin'"),
        ({"scorecard": {"by": "region", "tree": {"a": ["sales"]}}}, None),
        ({"cases": [case(outcomes=[{"indicator": "chrun"}])]}, "did you mean 'churn'"),
        ({"cases": [case(selected_on="spend")]}, "cases (offers).selected_on: there is no indic"),
        ({"cases": [case(name="offer")]}, "has no case 'offer'; did you mean 'offers'?"),
        ({"cases": [case(unit="city")]}, "customers have no column 'city'"),
        (
            {"cases": [case(treated={"region": ["East"]})]},
            "no region 'East'; there are North, South",
        ),
        ({"survey": {"items": {"01": "A"}}}, None),
    ],
)
def test_goals_and_cases_are_held_against_the_tables(
    same_tables: MakeStudy, card: dict[str, Any], message: str | None
) -> None:
    report = check_study(same_tables(card))
    if message is None:
        assert report.ok
        return
    assert len(report.problems) == 1
    assert message in report.problems[0]


def test_a_case_must_say_who_was_treated(make_study: MakeStudy) -> None:
    report = check_study(make_study({"cases": [case()]}, transactions=TRANSACTIONS))
    assert "nothing says who was treated" in report.problems[0]
    everybody = check_study(
        make_study({"cases": [case(chosen="everybody")]}, transactions=TRANSACTIONS)
    )
    assert everybody.ok


def test_items_that_the_survey_lacks_are_named(make_study: MakeStudy) -> None:
    card = {"survey": {"items": {"01": "A", "02": "B"}}}
    text = "respondent_id,wave,exp_01,per_01\nR1,2025-H1,5,4\n"
    report = check_study(make_study(card, survey=text))
    assert "the card lists items that the table lacks: exp_02, per_02" in report.problems[0]


def test_every_broken_table_is_told_and_the_others_are_still_checked(make_study: MakeStudy) -> None:
    report = check_study(
        make_study(
            {"goals": [goal(), goal(name="h", indicator="churn")]},
            transactions="customer_id,amount\nA,1\n",
            contracts=b"PK\x03\x04zip",
            survey="respondent_id,wave\nR1,2025-H1\n",
        )
    )
    assert len(report.problems) == 2, "goals on broken tables add nothing to mend"
    assert any("column 'date' is missing" in text for text in report.problems)
    assert any("an Excel workbook" in text for text in report.problems)
    assert set(report.tables) == {"survey"}
    assert "cannot be read" in str(report)
    assert str(report).endswith("2 to mend, 1 to look at")


def test_a_broken_customer_table_is_told_once(make_study: MakeStudy) -> None:
    report = check_study(make_study(customers=b"", transactions=TRANSACTIONS))
    assert len(report.problems) == 1
    assert "the file is empty" in report.problems[0]


def test_large_losses_and_old_data_are_noted(make_study: MakeStudy) -> None:
    text = "customer_id,date,amount\nA,2025-01-01,1\nA,2025-01-02,1\nA,,1\nX,2025-01-01,2\n"
    report = check_study(make_study(customers=CUSTOMERS, transactions=text))
    notes = " | ".join(report.notes)
    assert any(
        "transactions: 25% of the rows are set aside (1 of 4), with 1.00 USD in them (20% of all);"
        " mostly: a required value" in warning
        for warning in report.warnings
    )
    assert not str(report).endswith("in order")
    assert "1 rows are of customers whom the customer table does not have" in notes
    assert "transactions: the data end on 2025-01-02, as_of is 2025-12-31" in notes


def test_an_engine_that_is_not_there_is_a_problem_like_others(make_study: MakeStudy) -> None:
    report = check_study(make_study({"connection": "nosuch://x"}, transactions=TRANSACTIONS))
    assert "cannot connect" in report.problems[0]


@pytest.mark.parametrize("name", ["cdnow", "harbour"])
def test_the_studies_that_come_with_the_workbench_are_in_order(name: str) -> None:
    report = check_study(load_study(ROOT / "data" / name))
    assert report.ok, str(report)


def test_a_codebook_with_errors_is_told_before_anything_runs(
    make_study: MakeStudy, tmp_path: Path
) -> None:
    survey = "respondent_id,wave,exp_01,per_01\nr1,a,5,4\n"
    card = {"survey": {"items": {"01": "One"}, "codebook": "words.yml"}}
    study = make_study(card, survey=survey)
    assert any("there is no such file" in problem for problem in check_study(study).problems)
    (tmp_path / "words.yml").write_text("aspects:\n  price: {word: {en: [price]}}\n")
    (problem,) = [p for p in check_study(study).problems if "words.yml" in p]
    assert "line 2, aspects.price.word: unknown key; did you mean 'words'?" in problem
    (tmp_path / "words.yml").write_text("aspects:\n  price: {words: {en: [price]}}\n")
    assert not any("words.yml" in problem for problem in check_study(study).problems)


# --- a table that can be read and is not what it is taken for


def log(*amounts: object, customers: int = 40, first: str = "2025-06-01") -> str:
    day = dt.date.fromisoformat(first)
    rows = (
        f"C{i % customers},{day + dt.timedelta(days=i % 200)},{amount}\n"
        for i, amount in enumerate(amounts)
    )
    return "customer_id,date,amount\n" + "".join(rows)


@pytest.mark.parametrize(
    ("amounts", "what"),
    [
        (range(7001, 7121), "running numbers"),
        ([1_730_000_000 + 86_417 * i for i in range(120)], "moments"),
        ([4_000_000_000 + 7_654_321 * i + i % 7 + 1 for i in range(120)], "numbers of something"),
    ],
)
def test_an_amount_that_is_no_money_is_a_problem(
    make_study: MakeStudy, amounts: Any, what: str
) -> None:
    (problem,) = check_study(make_study(transactions=log(*amounts))).problems
    assert f"the amounts ('amount') seem to be {what}, not money" in problem


@pytest.mark.parametrize(
    "amounts",
    [
        [100 * (i % 17) + 500 for i in range(120)],  # round sums that repeat
        [round(3.17 * i + 0.25, 2) for i in range(120)],
        [1_000_000 + 50_000 * i for i in range(120)],  # deals, round
        [1] * 120,
    ],
)
def test_money_is_money(make_study: MakeStudy, amounts: Any) -> None:
    report = check_study(make_study(transactions=log(*amounts)))
    assert report.ok, report.problems
    assert not any("not money" in warning for warning in report.warnings)


def test_tickets_that_look_like_money_are_a_question(make_study: MakeStudy) -> None:
    numbers = [20_011 + 613 * i + (i * i) % 97 for i in range(120)]
    report = check_study(make_study(transactions=log(*(n + (n % 10 == 0) for n in numbers))))
    assert report.ok
    assert any("not money" in warning for warning in report.warnings)


def test_an_as_of_date_that_the_data_contradict_is_a_problem(make_study: MakeStudy) -> None:
    late = check_study(make_study(transactions=log(*[1.5] * 120, first="2019-01-01")))
    assert any("years before as_of 2025-12-31" in problem for problem in late.problems)
    early = check_study(make_study({"as_of": "2020-01-01"}, transactions=log(*[1.5] * 120)))
    assert "not one of 120 rows can be used; mostly: dated after" in early.problems[0]


def test_a_customer_with_an_outsized_share_is_named_by_its_row(make_study: MakeStudy) -> None:
    rows = log(*[1.5] * 400, customers=400) + "SHOP7,2025-07-01,9.25\n" * 60
    (warning,) = check_study(make_study(transactions=rows)).warnings
    assert "the one of row 402 of the source, has 13.0% of the rows (60)" in warning
    assert "48.1% of the money (555.00 USD)" in warning
    cheap = log(*[1.5] * 400, customers=400) + "SHOP7,2025-07-01,0.05\n" * 60
    (warning,) = check_study(make_study(transactions=cheap)).warnings
    assert "13.0% of the rows (60) and 0.5% of the money (3.00 USD)" in warning
    even = check_study(make_study(transactions=log(*[1.5] * 400, customers=400)))
    assert not even.warnings


def test_every_customer_with_an_outsized_share_is_named(make_study: MakeStudy) -> None:
    rows = log(*[1.5] * 400, customers=400) + "SHOP7,2025-07-01,9.25\n" * 60
    rows += "KIOSK3,2025-07-02,1.00\n" * 50 + "B1,2025-07-03,900.00\n"
    warnings = check_study(make_study(transactions=rows)).warnings
    said = [re.search(r"row (\d+) of the source", w) for w in warnings]
    assert [match and int(match[1]) for match in said] == [512, 402, 462]
    assert "0.2% of the rows (1) and 42.8% of the money (900.00 USD)" in warnings[0]


def test_a_few_customers_are_a_warning(make_study: MakeStudy) -> None:
    few = check_study(make_study(transactions=log(*[1.5, 2.5] * 29, customers=29)))
    assert any("29 customers only" in warning for warning in few.warnings)
    enough = check_study(make_study(transactions=log(*[1.5, 2.5] * 30, customers=30)))
    assert not enough.warnings


def test_a_mapped_column_that_no_page_reads_is_told(make_study: MakeStudy) -> None:
    text = log(*[1.5] * 120).replace("amount", "amount,Colour").replace(",1.5", ",1.5,red")
    entry = ({"columns": {"colour": "Colour"}}, text)
    (warning,) = check_study(make_study(transactions=entry)).warnings
    assert "maps 'colour', which no page reads" in warning
    card = {"goals": [goal(where={"colour": "red"})]}
    assert not check_study(make_study(card, transactions=entry)).warnings


def test_rows_that_the_card_leaves_out_are_not_lost(make_study: MakeStudy) -> None:
    text = "customer_id,date,amount,status\n" + "".join(
        f"C{i % 40},2025-06-{1 + i % 28:02d},{1 + i / 8},{'won' if i % 3 == 0 else 'lost'}\n"
        for i in range(120)
    )
    report = check_study(make_study(transactions=({"where": {"status": ["won"]}}, text)))
    assert not report.problems
    assert not any("set aside" in warning for warning in report.warnings)


def test_an_open_question_is_something_to_look_at(make_study: MakeStudy) -> None:
    study = make_study(transactions=TRANSACTIONS)
    before = check_study(study)
    card = study.path.read_text(encoding="utf-8")
    card += "currency: USD  # CHECK: USD, EUR, CNY, ...?\n"
    card += "# CHECK where: are 'Quotation' purchases?\n"
    study.path.write_text(card, encoding="utf-8")
    said = set(check_study(load_study(study.folder)).warnings) - set(before.warnings)
    assert len(said) == 2
    assert any("an open question: USD, EUR, CNY, ...?; put it right" in text for text in said)
    assert any("where: are 'Quotation' purchases?" in text for text in said)


def test_payments_out_are_no_refunds(make_study: MakeStudy) -> None:
    rows = "".join(
        f"C{i},2025-01-{1 + i % 28:02d},{amount}\n"
        for i, amount in enumerate([*[20] * 40, *[-300] * 8])
    )
    report = check_study(make_study(transactions="customer_id,date,amount\n" + rows))
    assert any("8 of 8 amounts below zero" in text for text in report.warnings)
    few = check_study(make_study(transactions="customer_id,date,amount\n" + rows[: 40 * 18]))
    assert not any("below zero" in text for text in few.warnings)
