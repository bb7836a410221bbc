"""Numbers, intervals, money and dates are written as each language writes them."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.errors import ReportingError
from workbench.languages import Language
from workbench.languages.numbers import (
    Value,
    as_value,
    day,
    money,
    num,
    number_text,
    pct,
    points,
)
from workbench.results import Estimate


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (pct(0.63, 0.60, 0.66), "63% (60 to 66)", "63%（60%至66%）"),
        (pct(0.632, 0.626, 0.638), "63.2% (62.6 to 63.8)", "63.2%（62.6%至63.8%）"),
        (pct(0.2), "20%", "20%"),
        (pct(0.052), "5.2%", "5.2%"),
        (pct(0.0031), "0.31%", "0.31%"),
        (pct(0.9994), "99.9%", "99.9%"),
        (pct(1.0), "100%", "100%"),
        (pct(0), "0%", "0%"),
        (pct(-0.04, -0.09, 0.01), "−4% (−9 to 1)", "−4%（−9%至1%）"),
        (pct(0.104, signed=True), "+10%", "+10%"),
        (pct(0.0952), "9.5%", "9.5%"),
        (pct(0.1002), "10%", "10%"),
        (num(2357), "2,357", "2,357"),
        (num(np.int64(69659)), "69,659", "69,659"),
        (num(4.4143), "4.41", "4.41"),
        (num(0.02431), "0.0243", "0.0243"),
        (num(1234.56), "1,235", "1,235"),
        (num(45678, 44100, 47300), "45,700 (44,100 to 47,300)", "45,700（44,100至47,300）"),
        (num(45678, 39000, 52000), "46,000 (39,000 to 52,000)", "46,000（39,000至52,000）"),
        (num(1469307), "1.47 million", "147万"),
        (num(123456789), "123 million", "1.23亿"),
        (num(3.14159, digits=3), "3.142", "3.142"),
        (points(-0.62, -0.70, -0.54), "−0.62 points (−0.70 to −0.54)", "−0.62分（−0.70至−0.54）"),
        (points(1), "1 point", "1分"),
        (points(13.3, -15.8, 40.1), "13 points (−16 to 40)", "13分（−16至40）"),
        (points(23.2, 19, 27), "23 points (19 to 27)", "23分（19至27）"),
        (points(0.032, percentage=True), "3.2 percentage points", "3.2个百分点"),
        (
            points(0.032, 0.011, 0.053, percentage=True, signed=True),
            "+3 percentage points (+1 to +5)",
            "+3个百分点（+1至+5）",
        ),
        (money(63.2, 60.1, 66.3, "USD"), "$63 ($60 to $66)", "63美元（60美元至66美元）"),
        (money(35.28, currency="USD"), "$35.28", "35.28美元"),
        (money(-1234, currency="CNY"), "−CN¥1,234", "−1,234元"),
        (money(12345678, currency="CNY"), "CN¥12.3 million", "1,235万元"),
        (money(5, currency="CHF"), "CHF 5.00", "5.00瑞士法郎"),
        (day("2025-12-31"), "31 December 2025", "2025年12月31日"),
        (day(dt.date(1997, 9, 30)), "30 September 1997", "1997年9月30日"),
    ],
)
def test_values_read_well_in_both_languages(value: Value, en: str, zh: str) -> None:
    assert value.text("en") == en
    assert value.text("zh") == zh


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, -math.inf, pd.NA, np.float64("nan")])
@pytest.mark.parametrize("kind", [num, pct, points, money])
def test_what_is_not_known_is_a_dash(kind, nothing) -> None:  # type: ignore[no-untyped-def]
    for language in ("en", "zh"):
        assert kind(nothing).text(language) == "–"
        assert kind(nothing, 1, 2).text(language) == "–"


def test_a_missing_date_is_a_dash() -> None:
    assert day(None).text("en") == day(pd.NaT).text("zh") == "–"


def test_an_interval_with_an_open_end_is_left_out() -> None:
    assert num(4.0, math.nan, 5.0).text("en") == "4.00"
    assert num(4.0, 3.0, math.inf).text("en") == "4.00"


def test_an_interval_needs_both_ends() -> None:
    with pytest.raises(ReportingError, match="both ends"):
        num(4.0, low=3.0)


def test_a_word_is_not_a_number() -> None:
    with pytest.raises(ReportingError, match="'many' is not a number"):
        num("many")


def test_a_rounded_zero_has_no_minus_sign() -> None:
    assert num(-0.0001, digits=2).text("en") == "0.00"
    assert money(-0.001, currency="CNY").text("zh") == "0.00元"


def test_money_without_a_currency_takes_the_studys() -> None:
    assert money(5).text("en") == "5.00"
    assert money(5).text(Language("en", currency="EUR")) == "€5.00"
    assert money(5, currency="USD").text(Language("zh", currency="EUR")) == "5.00美元"


def test_nothing_is_said_without_cents() -> None:
    assert money(0.0, currency="USD").text("en") == "$0"
    assert money(0.0, 0.0, 0.0, currency="CNY").text("zh") == "0元（0元至0元）"
    assert money(0.4, currency="USD").text("en") == "$0.40"


def test_an_interval_without_width_still_prints() -> None:
    assert pct(0.5, 0.5, 0.5).text("en") == "50% (50 to 50)"


def test_plain_things_become_values() -> None:
    assert as_value(3) == num(3)
    assert as_value(np.float32(0.5)) == num(0.5)
    assert as_value(pd.Timestamp("2025-01-01")) == day("2025-01-01")
    assert as_value(np.datetime64("2025-01-01")) == day("2025-01-01")
    assert as_value("3") is None
    assert as_value(True) is None
    assert as_value(np.bool_(True)) is None
    assert as_value(np.array([1, 2])) is None
    assert as_value(None).text("en") == "–"


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.6, 0.5, 0.7, kind="percent"), "60% (50 to 70)"),
        (Estimate(0.6, 0.5, 0.7, kind="percent", digits=1), "60.0% (50.0 to 70.0)"),
        (
            Estimate(0.032, 0.01, 0.05, kind="points", unit="%"),
            "3 percentage points (1 to 5)",
        ),
        (Estimate(0.6, kind="points", signed=True), "+0.60 points"),
        (Estimate(5000, 4000, 6000, kind="money", unit="EUR"), "€5,000 (€4,000 to €6,000)"),
        (Estimate(5, kind="money"), "CN¥5.00"),
        (Estimate(12.0), "12"),
        (Estimate(12.5), "12.5"),
        (Estimate(12.0, 11.0, float("nan")), "12"),
        (Estimate(float("nan"), kind="percent"), "–"),
        (Estimate(float("nan")), "–"),
    ],
)
def test_an_estimate_is_written_as_what_it_is(estimate: Estimate, text: str) -> None:
    assert as_value(estimate).text(Language("en", currency="CNY")) == text


def test_an_estimate_may_be_written_otherwise_and_stays_the_same_fact() -> None:
    estimate = Estimate(0.6, 0.5, 0.7, kind="percent", fact="share")
    assert as_value(estimate).fact == "share"
    assert pct(estimate, digits=2).text("en") == "60.00% (50.00 to 70.00)"
    assert pct(estimate, digits=2).fact == "share"
    assert num(replace(estimate, digits=3)).text("en") == "0.600 (0.500 to 0.700)"
    assert pct(estimate, signed=True).text("en").startswith("+60%")


@pytest.mark.parametrize(
    ("x", "language", "said"),
    [
        (2.5e9, "en", "2.50 billion"),
        (1e9, "en", "1.00 billion"),
        (9.99e8, "en", "999 million"),
        (1e8, "zh", "1.00亿"),
        (9.99e7, "zh", "9,990万"),
    ],
)
def test_large_numbers_are_said_in_the_words_of_the_language(
    x: float, language: str, said: str
) -> None:
    assert number_text(x, 0, language, unit_of=x) == said


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        # an end that is not zero, and one of another sign, is not written as zero
        (
            money(15_618, -4_839, 38_345, "CNY"),
            "CN¥20,000 (−CN¥5,000 to CN¥40,000)",
            "2万元（−0.5万元至4万元）",
        ),
        (
            money(-193_477, -381_885, 480, "CNY"),
            "−CN¥190,000 (−CN¥380,000 to CN¥500)",
            "−19万元（−38万元至0.05万元）",
        ),
        (pct(0.03, 0.004, 0.06), "3% (0.4 to 6)", "3%（0.4%至6%）"),
        (pct(0.9989, 0.9951, 0.99996), "99.9% (99.5 to 99.996)", None),
        (num(0.5, -0.04, 1.1), "0.5 (−0.04 to 1.1)", None),
        # one that is zero stays so
        (pct(0.03, 0.0, 0.06), "3% (0 to 6)", "3%（0%至6%）"),
        # a range is written in one unit, that of its value
        (
            money(1.2e6, 0.9e6, 1.6e6, "CNY"),
            "CN¥1.2 million (CN¥0.9 million to CN¥1.6 million)",
            "120万元（90万元至160万元）",
        ),
        (
            money(0.98e6, 0.9e6, 1.1e6, "CNY"),
            "CN¥980,000 (CN¥900,000 to CN¥1,100,000)",
            "98万元（90万元至110万元）",
        ),
        (num(1.2e6, -4e3, 3e6), "1.2 million (−0.004 million to 3.0 million)", None),
        (pct(0.9996), "99.96%", None),
    ],
)
def test_rounding_does_not_change_what_a_range_says(value: Value, en: str, zh: str | None) -> None:
    assert value.text("en") == en
    assert zh is None or value.text("zh") == zh


def test_no_change_has_no_sign() -> None:
    assert [number_text(x, 0, "en", signed=True) for x in (2, 0, -2)] == ["+2", "0", "−2"]


def test_the_size_of_money_has_three_digits_or_those_that_its_interval_bears() -> None:
    assert money(-328_548.0, currency="CNY").size().estimate("en") == "CN¥329,000"
    assert money(328_548.0, currency="CNY").size().estimate("zh") == "32.9万元"
    assert money(41.0, currency="CNY").size().estimate("en") == "CN¥41"
    held = money(-190_000.0, -380_000.0, 500.0, currency="CNY")
    assert held.size().estimate("en") == "CN¥190,000"
