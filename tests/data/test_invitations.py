"""Answers that bear the number of an invitation are their customer's, where the card says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workbench.data import Tables, check_study, open_tables
from workbench.data.store.cache import key_of
from workbench.errors import DataError
from workbench.study import Study

MakeStudy = Callable[..., Study]
CUSTOMERS = "customer_id,region\nA-1,North\nB-2,South\nC-3,South\n"
ANSWERS = "respondent_id,wave,csat5\nK7QX,w1,4\n m2pt ,w1,2\nZZZZ,w1,5\nTWIN,w1,1\n"
LIST = "invitation,customer_id,group\nK7QX,A-1,North\nM2PT,B-2,South\nTWIN,A-1,\nTWIN,C-3,\n"
CARD: dict[str, Any] = {"survey": {"invited": "private/invitations-w1.csv"}}


def surveyed(make: MakeStudy, card: dict[str, Any] | None, listed: str = LIST) -> Tables:
    study = make(card, customers=CUSTOMERS, survey=ANSWERS)
    (study.folder / "private").mkdir(exist_ok=True)
    (study.folder / "private/invitations-w1.csv").write_text(listed, encoding="utf-8-sig")
    return open_tables(study, cache=False)


def test_answers_are_joined_to_the_customers_who_were_invited(make_study: MakeStudy) -> None:
    tables = surveyed(make_study, CARD)
    found = tables.frame("survey").set_index("csat5")["customer_id"]
    a, b = map(tables.pseudonym, ("A-1", "B-2"))
    assert found.dropna().to_dict() == {4: a, 2: b}, "a number of two customers is nobody's"
    assert tables.report_of("survey").kept == 4
    assert "2 answers bear the number of an invitation" in "".join(tables.report_of("survey").notes)
    assert "private/invitations" not in str(check_study(tables.study))


def test_without_the_card_nobody_is_joined_and_check_says_how(make_study: MakeStudy) -> None:
    tables = surveyed(make_study, None)
    assert "customer_id" not in tables.frame("survey")
    said = check_study(tables.study).notes
    assert any("survey: {invited: [private/invitations-w1.csv]}" in note for note in said)


def test_another_list_makes_other_tables_and_one_that_is_none_is_refused(
    make_study: MakeStudy,
) -> None:
    tables = surveyed(make_study, CARD)
    before = key_of(tables.study)
    surveyed(make_study, CARD, LIST.replace("K7QX,A-1", "K7QX,C-3"))
    assert key_of(tables.study) != before
    with pytest.raises(DataError, match="no column 'invitation'; did you mean 'invitations'"):
        surveyed(make_study, CARD, LIST.replace("invitation,", "invitations,")).frame("survey")
    gone = tables.study.folder / "private/invitations-w1.csv"
    gone.unlink()
    with pytest.raises(DataError, match="the file does not exist"):
        open_tables(tables.study, cache=False).frame("survey")


def test_who_left_is_not_brought_back_by_an_invitation(make_study: MakeStudy) -> None:
    asked = {"consent": {"agreed": ["yes"]}}
    people = "customer_id,agreed\nA-1,yes\nB-2,no\nC-3,yes\n"
    study = make_study(CARD, customers=(asked, people), survey=ANSWERS)
    (study.folder / "private").mkdir()
    (study.folder / "private/invitations-w1.csv").write_text(LIST)
    tables = open_tables(study, cache=False)
    assert sorted(tables.frame("survey")["csat5"]) == [1, 4, 5]
