"""What must not be found on a site is collected from the raw tables, before anything is cleaned."""

from __future__ import annotations

from collections.abc import Callable

from workbench.data import personal_texts
from workbench.study import Study

MakeStudy = Callable[..., Study]

CUSTOMERS = """no,full_name,mobile,mail,addr,city
1,王小明,13812345678,wang@example.com,人民路 12 号,上海
2,李雷,+86 139 1234 5678,li@example.net,,May
3,Grace Hopper,13712345678,,12 Harbour Road,Leeds
4,May,13712345678,,,Leeds
"""
COLUMNS = {
    "customer_id": "no",
    "name": "full_name",
    "phone": "mobile",
    "email": "mail",
    "address": "addr",
}


def test_names_phones_and_addresses_are_collected_as_they_were_written(
    make_study: MakeStudy,
) -> None:
    study = make_study(customers=({"columns": COLUMNS}, CUSTOMERS))
    assert personal_texts(study) == {
        "王小明",
        "Grace Hopper",
        "13812345678",
        "+86 139 1234 5678",
        "13712345678",
        "wang@example.com",
        "li@example.net",
        "人民路 12 号",
        "12 Harbour Road",
    }


def test_words_too_short_to_tell_a_person_do_not_hold_up_a_site(make_study: MakeStudy) -> None:
    found = personal_texts(make_study(customers=({"columns": COLUMNS}, CUSTOMERS)))
    assert not {"李雷", "May", "上海", "Leeds"} & found


def test_a_study_without_people_has_none(make_study: MakeStudy) -> None:
    rows = "customer_id,date,amount\na,2025-01-03,3.5\n"
    assert personal_texts(make_study(transactions=rows)) == frozenset()
