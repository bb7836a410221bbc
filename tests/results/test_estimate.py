"""An estimate keeps its words, its day and its digits when it is made into another."""

from __future__ import annotations

from datetime import date

import pytest

from workbench.results import Estimate, directed


def test_another_label_takes_the_place_of_the_old_and_an_empty_one_does_not() -> None:
    share = Estimate(0.4, label="Active", fact="active")
    assert share.named("Still active").label == "Still active"
    assert share.named(kind="percent") == Estimate(
        0.4, label="Active", fact="active", kind="percent"
    )


def test_a_day_is_given_back_and_only_a_day() -> None:
    assert Estimate.of_day(date(2025, 3, 1)).day == date(2025, 3, 1)
    assert Estimate.of_day(None).day is None
    assert Estimate(738_000).day is None


@pytest.mark.parametrize(("low", "high", "digits"), [(412.0, 436.0, 0), (424.1, 424.3, 2)])
def test_the_number_alone_is_written_with_the_digits_that_its_interval_bears(
    low: float, high: float, digits: int
) -> None:
    alone = Estimate(424.2, low, high, kind="points", n=9).point
    assert not alone.known
    assert (alone.value, alone.n, alone.digits) == (424.2, 9, digits)


def test_another_unit_turns_the_interval_where_the_factor_is_negative() -> None:
    lost = Estimate(0.2, 0.1, 0.4, fact="kept").scaled(-100)
    assert tuple(lost) == (-20, -40, -10) and lost.fact == "kept"


@pytest.mark.parametrize(
    ("ends", "way", "size"),
    [
        ((7.0, 2.0, 9.0), "rose", 7.0),
        ((-7.0, -9.0, -2.0), "fell", 7.0),
        ((1.0, -1, 3), "open", 1.0),
    ],
)
def test_a_change_says_its_direction_in_a_word_where_it_has_one(
    ends: tuple[float, float, float], way: str, size: float
) -> None:
    said, told = directed(Estimate(*ends, signed=True, fact="change"))
    assert (said, told.value) == (way, size)
    assert told.signed == (way == "open") and told.low <= told.value <= told.high
    assert (told.fact == "change") == (way != "fell"), "another sign is another number"
