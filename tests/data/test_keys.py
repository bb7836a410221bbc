"""An id is written one way; words that stand for nobody are none; case tells ids apart."""

from __future__ import annotations

import re

import ibis
import numpy as np
import pandas as pd
import pytest

from tests.data.conftest import OpenStudy
from workbench.data import customer_summary
from workbench.data.checks.check import check_study
from workbench.data.engine import Engine
from workbench.data.people import keys


@pytest.mark.parametrize(
    "text",
    [
        "NULL", "nan", "None", "N/A", "#N/A", "-", "--", "—", "0", "0000", "0.0", "(blank)", "\\N",
        "unknown", "guest", "<Guest>", "Guest User", "anonymous", "Walk-in", "walk_in customer",
        "WalkIn Customer", "Cash Customer", "Laufkunde", "Consumidor final", "匿名", "匿名用户",
        "散客", "零散客户", "游客", "非会员", "ゲスト", "ｇｕｅｓｔ",
    ],
)  # fmt: skip
def test_a_word_for_nobody_is_none_whatever_the_system(text: str) -> None:
    assert keys.stands_for_nobody(text)


@pytest.mark.parametrize(
    "text", ["10", "0012", "Nancy", "Nanette", "guest1", "Cash Ltd", "匿名者1号", "张散客", "Nulla"]
)
def test_a_name_that_holds_such_a_word_is_a_name(text: str) -> None:
    assert not keys.stands_for_nobody(text)


READ = {
    "c1": "c1", "C1": "C1", " C1 ": "C1", "C\u00a01": "C 1", "C\u200b1": "C1", "Ｃ００１": "C001",
    "ﬁ1": "fi1", "①": "1", "12.0": "12", "0012": "0012", '="0012"': "0012",
    "Ada@X.org": "ada@x.org",
    "a  b1": "a b1", "1.23E+11": None, "1,23e+11": None, "1.2300000E+05": "123000", "guest": None,
    "": None,
}  # fmt: skip


def test_ids_are_written_one_way() -> None:
    engine = Engine()
    table = ibis.memtable(pd.DataFrame({"n": range(len(READ)), "given": list(READ)}))
    key, odd = keys.read_key(engine, "customer_id", table.given, engine.text(table.given))
    found = engine.run(table.select("n", key=key, odd=odd).order_by("n"), "ids")
    assert [None if pd.isna(k) else k for k in found["key"]] == list(READ.values())
    assert found["odd"].dropna().tolist() == ["1.23E+11", "1,23e+11", "guest"]
    for given, wanted in READ.items():
        if wanted and not given.startswith(("=", "1.2")):
            assert keys.normal_key(given) == wanted


def test_what_is_taken_as_it_stands_would_have_been_written_so() -> None:
    plain = re.compile(keys._PLAIN)
    signs, draw = "aB019-_.@+=`' #/", np.random.default_rng(7)
    texts = ["".join(draw.choice(list(signs), draw.integers(1, 7))) for _ in range(20_000)]
    taken = [text for text in texts if plain.search(text)]
    assert len(taken) > 2_000
    for text in [*taken, *(each for each in ("C0000", "cus_1", "ada.b@x.org", "0x"))]:
        assert plain.search(text) and keys.normal_key(text) == text and text[0] not in "='`"
        assert not keys.stands_for_nobody(text) and not keys.is_shortened(text)


WORDS = ("", "NULL", "nan", "None", "N/A", "-", "0", "unknown", "guest", "(blank)", "匿名", "散客")


def test_customers_whom_nobody_knows_are_missing_and_counted(open_study: OpenStudy) -> None:
    lines = [f"C{i % 20},2025-01-{i % 28 + 1:02d},10" for i in range(40)]
    lines += [f"{WORDS[i % 12]},2025-02-{i % 28 + 1:02d},10" for i in range(60)]
    tables = open_study(transactions="customer_id,date,amount\n" + "\n".join(lines) + "\n")
    summary = customer_summary(tables)
    assert (summary.customers, int(summary.frame()["frequency"].max())) == (20, 1)
    report = tables.report_of("transactions")
    assert report.set_aside == {"missing": 60}
    assert report.placeholders == dict.fromkeys(WORDS[1:], 5)
    assert sum(tables.report.notable["number"]) == 55
    said = str(check_study(tables.study))
    assert "55 rows name no customer but" in said


def test_the_card_has_the_last_word_on_what_is_missing(open_study: OpenStudy) -> None:
    text = "customer_id,date,amount\nguest,2025-01-01,1\n0,2025-01-02,2\nC1,2025-01-03,3\n"

    def kept(missing: object) -> int:
        tables = open_study(transactions=({"missing": missing}, text))
        return tables.report_of("transactions").kept

    assert kept([]) == 1
    assert kept({"customer_id": []}) == 3
    assert kept({"customer_id": ["0"]}) == 2
    assert kept({"amount": ["1"]}) == 1


def test_numbers_that_a_spreadsheet_has_shortened_are_a_warning_and_no_customer(
    open_study: OpenStudy,
) -> None:
    text = (
        "customer_id,date,amount\n1.23E+11,2025-01-01,1\n1.23E+11,2025-01-02,2\nC1,2025-01-03,3\n"
    )
    tables = open_study(transactions=text)
    assert customer_summary(tables).customers == 1
    said = check_study(tables.study).warnings
    assert any("2 customer numbers (66.7% of the rows) are written as 1.23E+11" in w for w in said)


PEOPLE = "customer_id,name,email\n0,Ada King,ada@x.org\nguest,Guest,none@none.com\nC1,Bo,bo@x.org\n"


def test_a_word_with_few_rows_and_a_name_of_its_own_is_asked_about(open_study: OpenStudy) -> None:
    head = "customer_id,date,amount\n"
    few = head + "0,2025-01-01,1\n0,2025-01-02,2\nC1,2025-01-03,3\nguest,2025-01-04,4\n"
    tables = open_study(customers=PEOPLE, transactions=few)
    report = tables.report
    assert (report["customers"].persons, report["transactions"].persons) == ({"0": 1}, {"0": 2})
    assert report["transactions"].placeholders == {"guest": 1}
    assert customer_summary(tables).customers == 2
    said = check_study(tables.study).warnings
    assert any("transactions: '0' usually stands for nobody, and has 2 rows" in w for w in said)
    many = few + "".join(f"0,2025-02-{day:02d},1\n" for day in range(1, 25))
    tables = open_study(customers=PEOPLE, transactions=many)
    assert tables.report_of("transactions").persons == {}
    assert tables.report_of("transactions").placeholders == {"0": 26, "guest": 1}


def test_a_log_with_names_of_its_own_tells_persons_by_itself(open_study: OpenStudy) -> None:
    rows = "customer_id,email,date,amount\n0,ada@x.org,2025-01-01,1\n0,ada@x.org,2025-01-02,2\n"
    assert open_study(transactions=rows).report_of("transactions").persons == {"0": 2}
    shared = rows + "0,bo@x.org,2025-01-03,2\nC1,cy@x.org,2025-01-03,2\n"
    report = open_study(transactions=shared).report_of("transactions")
    assert (report.persons, report.placeholders) == ({}, {"0": 3})


def test_ids_that_differ_in_case_only_are_never_merged(open_study: OpenStudy) -> None:
    people = "customer_id,city\n001aB,X\n001AB,Y\n001CD,Z\n"
    log = "customer_id,date,amount\n001aB,2025-01-01,1\n001AB,2025-01-02,2\n001cd,2025-01-03,3\n"
    tables = open_study(customers=people, transactions=log)
    assert customer_summary(tables).customers == 3
    assert tables.report_of("transactions").unknown_customers == 1
    assert tables.pseudonym("001aB") != tables.pseudonym("001AB")


@pytest.mark.parametrize("cache", [True, False])
def test_tables_that_match_without_case_only_are_matched(
    open_study: OpenStudy, cache: bool
) -> None:
    people = "customer_id,city\nHm1,X\nHm2,Y\nHm3,Z\n"
    log = "customer_id,date,amount\nHM1,2025-01-01,1\nHM2,2025-01-02,2\nHM2,2025-01-03,3\n"
    tables = open_study(customers=people, transactions=log)
    if cache:
        assert tables.report_of("transactions").unknown_customers == 0
    ids = set(customer_summary(tables).frame()["customer_id"])
    assert ids == {tables.pseudonym("Hm1"), tables.pseudonym("Hm2")}


def test_without_customers_other_tables_are_matched_with_the_purchases(
    open_study: OpenStudy,
) -> None:
    log = "customer_id,date,amount\nHM1,2025-01-01,1\nHM2,2025-01-02,2\n"
    contacts = "customer_id,at\nhm1,2025-01-05\nhm2,2025-01-06\nhm9,2025-01-06\n"
    tables = open_study(transactions=log, interactions=contacts)
    bought = set(tables.frame("transactions")["customer_id"])
    assert len(bought & set(tables.frame("interactions")["customer_id"])) == 2


def test_one_case_says_nothing_and_two_ids_of_one_table_are_never_one() -> None:
    match = keys.match_without_case
    assert match({"hm1"}, {"HM1", "HM2"}, {"hm1", "HM2"}) == {"hm1": "HM1"}
    assert match({"ab1"}, {"aB1", "Cd2", "Ef3"}, {"ab1", "Cd2", "Ef3"}) == {}
    assert match({"ab1"}, {"AB1"}, {"ab1", "AB1"}) == {}
    assert match({"ab1"}, {"AB1", "Ab1"}, {"ab1"}) == {}
