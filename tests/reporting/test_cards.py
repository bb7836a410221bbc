"""Headline numbers say what they are, how sure, and how they moved since the last run."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
from bs4 import BeautifulSoup

from workbench.errors import ReportingError
from workbench.languages import speak
from workbench.languages.numbers import as_value
from workbench.reporting import configure
from workbench.reporting.cards import card, change, headlines, records, shown_value
from workbench.reporting.sentences import phrase
from workbench.results import Estimate


def metric(name: str, value: Any, low: Any = None, high: Any = None, **more: Any) -> dict[str, Any]:
    row = {
        "notebook": "clv", "case": None, "name": name, "value": value, "low": low, "high": high,
        "unit": "", "kind": "number", "label": name, "better": None,
    }  # fmt: skip
    return row | more


CLV = metric(
    "clv.mean", 47.2, 45.1, 49.9, kind="money", unit="USD", label="Mean value", better="up"
)
ALIVE = metric("clv.alive", 0.332, 0.318, 0.351, kind="percent", label="Active", better="up")


def by_page(rows: list[dict[str, Any]]) -> dict[str, dict[str, Estimate]]:
    pages: dict[str, dict[str, Estimate]] = {}
    for row in rows:
        about = {name: row[name] for name in ("label", "better", "fact") if name in row}
        if row["kind"] == "date":
            estimate = Estimate.of_day(date.fromisoformat(row["value"]), **about)
        else:
            ends = (math.nan if row[end] is None else row[end] for end in ("value", "low", "high"))
            estimate = Estimate(*ends, kind=row["kind"], unit=row["unit"], **about)
        pages.setdefault(row["notebook"], {})[row["name"]] = estimate
    return pages


class Run:
    notebook = "clv"

    def __init__(self, now: list[dict[str, Any]], before: list[dict[str, Any]] | None = None):
        self._now, self._before = by_page(now), by_page(before or [])

    def headlines(self) -> dict[str, dict[str, Estimate]]:
        return self._now

    def previous(self, numbers: object = None) -> dict[str, dict[str, Estimate]]:
        return self._before


def cards(outputs: Any, language: str) -> list[list[str]]:
    soup = BeautifulSoup(outputs.text(language, "headlines"), "html.parser")
    assert soup.ul["class"] == ["wb-headlines"]
    return [[line.text for line in card.find_all("p")] for card in soup.select("li.wb-card")]


def test_a_card_has_label_value_interval_and_change(outputs) -> None:
    configure(words=[{"en": "Mean value", "zh": "平均价值"}, {"en": "Active", "zh": "活跃"}])
    run = Run([CLV, ALIVE, metric("n", 2357)], [CLV | {"value": 52.0}, ALIVE | {"value": 0.33}])
    headlines(run, ["clv.mean", "clv.alive", "n"])
    assert cards(outputs, "en") == [
        ["Mean value", "$47", "95% interval: $45 to $50", "▼ $5 since the last run: worse"],
        [
            "Active",
            "33.2%",
            "95% interval: 31.8% to 35.1%",
            "▲ 0.2 percentage points since the last run, within the margin of error",
        ],
        ["n", "2,357"],
    ]
    assert cards(outputs, "zh")[:2] == [
        ["平均价值", "47美元", "95%置信区间：45美元至50美元", "较上次运行 ▼ 5美元，变差"],
        [
            "活跃",
            "33.2%",
            "95%置信区间：31.8%至35.1%",
            "较上次运行 ▲ 0.2个百分点，在误差范围内",
        ],
    ]


def test_better_and_worse_are_words_and_a_class_never_a_colour(outputs) -> None:
    down = metric("churn", 0.05, 0.04, 0.06, kind="percent", better="down")
    headlines(Run([down], [down | {"value": 0.08}]), ["churn"])
    html = outputs.text("en", "headlines")
    assert (
        '<p class="wb-card-change wb-better">▼ 3.0 percentage points since the last run: better<'
        in html
    )
    assert "style" not in html.split("</style>")[-1]


def test_what_is_not_known_says_so(outputs) -> None:
    headlines(Run([metric("x", float("nan"), float("nan"), None, kind="percent")]), ["x"])
    assert cards(outputs, "en") == [["x", "–", "not known"]]
    assert cards(outputs, "zh") == [["x", "–", "暂无数据"]]


def test_a_date_is_a_headline_too(outputs) -> None:
    headlines(Run([metric("day", "2025-12-31", kind="date")]), ["day"])
    assert cards(outputs, "zh") == [["day", "2025-12-31"]]
    assert cards(outputs, "en") == [["day", "31 Dec 2025"]]


def test_labels_from_data_are_escaped(outputs) -> None:
    headlines(Run([metric("x", 1.5, label="<b>x</b>", unit="<i>")]), ["x"])
    assert "<b>" not in outputs.text("en", "headlines")
    assert cards(outputs, "en") == [["<b>x</b>", "1.50 <i>"]]


def test_among_several_of_a_name_the_notebooks_own_is_taken(outputs) -> None:
    run = Run([metric("effect", 1, notebook="other"), metric("effect", 2)])
    headlines(run, ["effect"])
    assert cards(outputs, "en") == [["effect", "2"]]


def test_an_unknown_number_is_an_error_that_lists_the_known() -> None:
    words = r"no headline number clv\.total.*this run has clv\.mean"
    with pytest.raises(ReportingError, match=words):
        headlines(Run([CLV]), ["clv.total"])
    with pytest.raises(ReportingError, match="this run has none"):
        headlines(Run([]), ["clv.total"])


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (CLV, [], None),
        (CLV, [CLV | {"unit": "CNY"}], None),
        (CLV, [CLV | {"notebook": "other"}], None),
        (CLV, [CLV | {"value": None}], None),
        (CLV, [CLV], (0, None)),
        (CLV, [CLV | {"value": 47.4}], (0, None)),
        (CLV, [CLV | {"value": 40.0}], (1, True)),
        (ALIVE, [ALIVE | {"value": 0.40}], (-1, True)),
        (ALIVE, [ALIVE | {"value": 0.345}], (-1, False)),
        (metric("n", 5), [metric("n", 4)], (1, True)),
    ],
)
def test_a_change_is_what_one_can_see_and_clear_when_outside_the_interval(
    now: dict[str, Any], before: list[dict[str, Any]], expected: tuple[int, bool | None] | None
) -> None:
    found = change(now, before)
    if expected is None:
        assert found is None
    else:
        assert found is not None and found.direction == expected[0]
        assert expected[1] is None or found.clear is expected[1]


def test_a_card_names_the_fact_that_it_states(outputs) -> None:
    headlines(Run([CLV | {"fact": "value.mean"}]), ["clv.mean"])
    value = BeautifulSoup(outputs.text("en", "headlines"), "html.parser").select_one(
        ".wb-card-value [data-fact]"
    )
    assert value.attrs == {"data-fact": "value.mean", "data-number": f"{CLV['value']:.6g}"}
    assert value.text == "$47"


def test_a_card_writes_an_estimate_as_a_sentence_does() -> None:
    effect = Estimate(
        0.2, 0.1, 0.3, kind="percent", label="Effect", fact="effect", signed=True, digits=1
    )
    (row,) = records({"case_evaluation-desk": {"effect": effect}})
    shown = '<span data-fact="effect" data-number="0.2">+20.0%</span>'
    assert shown in card(row, [], speak("en"))
    assert phrase("{x}", "en", {"x": effect}, form="html").startswith(shown)
    assert shown_value(row) == as_value(effect)
