"""Records of one person are linked by phone, e-mail and customer id, and only those."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from workbench.data import Tables
from workbench.data.people.contacts import normal_email, normal_phone, region_of
from workbench.data.people.linkage import link, matched_ids

OpenStudy = Callable[..., Tables]


@pytest.mark.parametrize(
    "text",
    [
        "13800138000", "138-0013-8000", "138 0013 8000", "+86 138 0013 8000", "0086-13800138000",
        "(+86)13800138000", "８６１３８００１３８０００", "13800138000.0",
    ],
)  # fmt: skip
def test_a_chinese_mobile_number_is_the_same_however_it_is_written(text: str) -> None:
    assert normal_phone(text, "CN") == "+8613800138000"


def test_other_numbers_follow_the_country_of_the_study() -> None:
    assert normal_phone("(212) 555-0147", "US") == "+12125550147"
    assert normal_phone("010-6552 9988", "CN") == "+861065529988"
    assert normal_phone("+1 212 555 0147", "CN") == "+12125550147"
    assert region_of("Asia/Shanghai") == "CN"
    assert region_of("America/New_York") == "US"


@pytest.mark.parametrize("text", [None, "", "unknown", "123", "0"])
def test_what_is_no_number_is_no_number(text: str | None) -> None:
    assert normal_phone(text, "CN") is None


def test_an_address_is_the_same_in_capitals_and_with_a_tag() -> None:
    assert normal_email(" Wang.Wei+shop@Example.COM ") == "wang.wei@example.com"
    assert normal_email("none") is None
    assert normal_email(None) is None


def people(*rows: tuple[str, str | None, str | None, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "name", "phone", "email"])


def test_one_contact_and_the_same_name_make_one_person() -> None:
    found = link(
        people(
            ("C1", "Wang Wei", "13800138000", "a@example.com"),
            ("C2", "Wei Wang", "+86 138 0013 8000", "b@example.com"),
            ("C3", None, None, "B@example.com"),
            ("C4", "Li Na", "13900139000", "c@example.com"),
        ),
        "CN",
    )
    # Who gives no name and one address may be of the same household.
    assert found.canonical == {"C2": "C1"}
    assert found.by == {"phone": 1}
    assert found.phones["+8613900139000"] == "C4"


def test_one_contact_and_different_names_stay_two_people() -> None:
    found = link(
        people(("C1", "Wang Wei", "13800138000", None), ("C2", "Li Na", "13800138000", None)), "CN"
    )
    assert (found.canonical, found.refused) == ({}, 1)
    # The number no longer says who somebody is.
    assert found.phones == {}


def test_both_contacts_make_one_person_whatever_the_name() -> None:
    found = link(
        people(
            ("C1", "王伟", "13800138000", "a@example.com"),
            ("C2", "Wang Wei", "13800138000", "a@example.com"),
        ),
        "CN",
    )
    assert found.canonical == {"C2": "C1"}
    assert found.by == {"phone and e-mail": 1}


def test_a_contact_that_many_share_links_nobody() -> None:
    found = link(people(*[(f"C{i}", None, "13800138000", None) for i in range(6)]), "CN")
    assert (found.canonical, found.shared) == ({}, 1)


def test_ids_that_a_spreadsheet_stripped_of_zeros_are_matched() -> None:
    assert matched_ids(["7", "12", "X1"], ["007", "C12", "0012", "012"]) == {"7": "007"}


CUSTOMERS = (
    "customer_id,name,phone,email,region\n"
    "C1,王小明,13800138000,a@example.com,North\n"
    "C2,李丽,13900139000,b@example.com,\n"
    "C3,李丽,+86 139 0013 9000,,South\n"
)


def test_a_linked_persons_rows_get_one_id_in_every_table(open_study: OpenStudy) -> None:
    tables = open_study(
        customers=CUSTOMERS,
        transactions="customer_id,date,amount\nc2,2025-01-01,1\nC3,2025-01-02,2\nC9,2025-01-03,3\n",
    )
    customers = tables.frame("customers")
    assert len(customers) == 2
    assert tables.report["customers"].set_aside == {"same person": 1}
    assert tables.report.linked_by == {"phone": 1}
    bought = tables.frame("transactions")
    assert bought["customer_id"].tolist() == [
        tables.pseudonym("C2"), tables.pseudonym("C2"), tables.pseudonym("C9"),
    ]  # fmt: skip
    assert tables.pseudonym("C3") == tables.pseudonym("C2")
    # one row of a linked person, one whose id differs in case only
    assert tables.report["transactions"].linked == 2
    assert tables.report["transactions"].unknown_customers == 1


def test_a_persons_first_record_is_completed_by_later_ones(open_study: OpenStudy) -> None:
    tables = open_study(customers=CUSTOMERS)
    frame = tables.frame("customers").set_index("customer_id")
    assert frame.loc[tables.pseudonym("C2"), "region"] == "South"


def test_an_answer_without_an_id_is_told_by_its_phone(open_study: OpenStudy) -> None:
    tables = open_study(
        customers=CUSTOMERS,
        survey=(
            "respondent_id,wave,customer_id,phone,email,csat5\n"
            "R1,2025-H1,,139 0013 9000,,4\nR2,2025-H1,,,A@example.com,5\nR3,2025-H1,,12,,3\n"
        ),
    )
    answers = tables.frame("survey")
    assert answers["customer_id"].tolist()[:2] == [tables.pseudonym("C2"), tables.pseudonym("C1")]
    assert answers["customer_id"].isna().tolist() == [False, False, True]
    assert tables.report["survey"].recovered == 2
    assert "phone" not in answers and "email" not in answers
