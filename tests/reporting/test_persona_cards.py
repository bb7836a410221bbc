"""Persona cards as a page shows them, in both languages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from workbench import reporting

CARD = SimpleNamespace(
    name="Champions",
    n=1234,
    customers=(0.16, 0.15, 0.17),
    value=(0.47, 0.45, 0.49),
    typical=pd.DataFrame(
        [("Orders", "", 12.0, 8.0, 18.0, 3.0), ("Spend", "money", 900.0, None, None, 120.0)],
        columns=["measure", "format", "median", "low", "high", "everyone"],
    ),
    traits=pd.DataFrame(
        [("Gender", "<b>female</b>", 0.6, 0.5), ("Visits", None, 4.25, 2.0)],
        columns=["attribute", "level", "inside", "outside"],
    ),
    need="To be left in peace.",
    action="",
)


def shown(monkeypatch: pytest.MonkeyPatch, **options: Any) -> dict[str, BeautifulSoup]:
    outputs: dict[str, BeautifulSoup] = {}

    def keep(data: dict[str, str], *, raw: bool, metadata: dict[str, Any]) -> None:
        about = metadata["workbench"]
        assert about["role"] == "cards" and raw
        outputs[about["language"]] = BeautifulSoup(data["text/html"], "html.parser")

    monkeypatch.setattr("IPython.display.display", keep)
    monkeypatch.setenv("WORKBENCH_LANGUAGES", "en,zh")
    reporting.configure(["en", "zh"], currency="CNY")
    reporting.personas([CARD], **options)
    return outputs


def test_a_card_holds_size_worth_habits_traits_and_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    card = shown(monkeypatch)["en"].select_one("ul.wb-personas > li.wb-persona")
    assert card is not None
    text = card.get_text(" ", strip=True)
    assert text.startswith("Champions 1,234 customers Share of customers 16.0% (15.0 to 17.0)")
    assert "Share of spend 47% (45 to 49)" in text
    assert "12 (middle half 8 to 18; all customers 3)" in text
    # too few for quartiles: the median alone
    assert "CN¥900 (all customers CN¥120)" in text
    assert "Visits: 4.2 on average (others 2.0)" in text
    assert "Likely need To be left in peace." in text and "Suggested action" not in text
    widths = [bar["style"] for bar in card.select(".wb-bar")]
    assert widths == ["width:16.0%", "width:47.0%"]
    # what comes from data cannot become markup
    assert card.find("b") is None and "<b>female</b>" in card.get_text()


def test_the_chinese_card_is_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = shown(monkeypatch)
    text = outputs["zh"].get_text(" ", strip=True)
    assert "1,234位客户" in text and "可能的需求" in text and "不被打扰。" in text
    assert "中位数12（中间一半在8至18之间；全体3）" in text
    assert "all customers" not in text and "others" not in text
    assert outputs["zh"].ul is not None and outputs["zh"].ul["lang"].startswith("zh")


def test_nothing_to_show_and_strange_formats_are_refused() -> None:
    with pytest.raises(reporting.ReportingError, match="there is no card"):
        reporting.personas([])
    with pytest.raises(reporting.ReportingError, match="format 'percent' does not fit"):
        strange = CARD.typical.assign(format="percent")
        reporting.personas([SimpleNamespace(**vars(CARD) | {"typical": strange})])
