"""Tables are accessible, escaped HTML, and carry their numbers as a CSV."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from workbench.errors import ReportingError
from workbench.languages import Language
from workbench.reporting import configure, pct
from workbench.reporting.display import reader
from workbench.reporting.showing import csv_link
from workbench.reporting.tables import MOST_ROWS, table_html
from workbench.results import Advice, Column, Finding, labelled


@pytest.fixture
def segments() -> pd.DataFrame:
    configure(
        words=[
            {"en": "Segment", "zh": "客户群"},
            {"en": "Share of value", "zh": "价值占比"},
            {"en": "Champions", "zh": "重要价值客户"},
            {"en": "Mean spend", "zh": "平均消费"},
        ]
    )
    return pd.DataFrame(
        {
            "segment": ["Champions", "Passers-by"],
            "share_of_value": [0.634, 0.366],
            "low": [0.60, 0.33],
            "high": [0.66, 0.40],
            "mean_spend": [1234.5, np.nan],
            "n": [120, 2237],
        }
    )


FORMATS = {"share_of_value": "percent", "mean_spend": "money:CNY"}


def test_a_table_in_english(segments: pd.DataFrame) -> None:
    assert table_html(segments, "en", title="Value", subtitle="2025", formats=FORMATS) == (
        '<div class="wb-table-wrap" role="region" tabindex="0" aria-label="Value" lang="en">'
        '<table class="wb-table"><caption><span class="wb-title">Value</span> '
        '<span class="wb-subtitle">2025</span></caption><thead><tr>'
        '<th scope="col">Segment</th>'
        '<th scope="col" class="wb-num">Share of value</th>'
        '<th scope="col" class="wb-num">95% interval</th>'
        '<th scope="col" class="wb-num">Mean spend</th>'
        '<th scope="col" class="wb-num">Count</th></tr></thead>\n'
        '<tbody><tr><th scope="row">Champions</th><td class="wb-num">63%</td>'
        '<td class="wb-num">60 to 66</td><td class="wb-num">CN¥1,234</td>'
        '<td class="wb-num">120</td></tr>\n'
        '<tr><th scope="row">Passers-by</th><td class="wb-num">37%</td>'
        '<td class="wb-num">33 to 40</td><td class="wb-num" title="not known">–</td>'
        '<td class="wb-num">2,237</td></tr></tbody></table></div>'
    )


def test_the_same_table_in_chinese(segments: pd.DataFrame) -> None:
    soup = BeautifulSoup(table_html(segments, "zh", formats=FORMATS), "html.parser")
    assert soup.div["lang"] == "zh-CN"
    heads = [cell.text for cell in soup.select("thead th")]
    assert heads == ["客户群", "价值占比", "95%置信区间", "平均消费", "数量"]
    assert [cell.text for cell in soup.select("tbody tr")[0]] == [
        "重要价值客户", "63%", "60%至66%", "1,234元", "120",
    ]  # fmt: skip
    assert reader("zh").names == ["Passers-by"] and not reader("zh").missing


def test_nothing_that_comes_from_data_is_markup() -> None:
    nasty = '"><script>alert(1)</script>'
    frame = pd.DataFrame({nasty: [nasty, nasty], "b": [1, 2]})
    html = table_html(frame, "en", title=nasty, subtitle=nasty) + csv_link(frame, "en", nasty)
    assert "<script" not in html
    soup = BeautifulSoup(html, "html.parser")
    assert soup.select_one("tbody th").text == nasty
    assert soup.select_one("th").text == nasty
    assert soup.div["aria-label"] == nasty
    assert soup.a["download"] == f"{nasty}.csv"


def test_words_of_customers_are_theirs_in_every_language() -> None:
    configure(words=[{"en": "price", "zh": "价格"}, {"en": "Word", "zh": "词"}])
    found = labelled(
        pd.DataFrame({"word": ["price"], "kind": ["price"]}),
        word=Column("Word", "text:own"),
        kind="Word",
    )
    cells = [
        td.text
        for td in BeautifulSoup(table_html(found, "zh"), "html.parser").select("tbody > tr > *")
    ]
    assert cells == ["price", "价格"]
    csv = re.search(r"base64,([^\"]+)", csv_link(found, "zh", "words"))
    assert csv is not None
    assert base64.b64decode(csv[1]).decode("utf-8-sig").splitlines()[1] == "price,价格"


def test_there_are_no_colours_so_that_the_page_can_turn_dark(segments: pd.DataFrame) -> None:
    html = table_html(segments, "en", formats={**FORMATS, "n": "bar number"})
    assert not re.search(r"color|background|#[0-9a-f]{3}", html)
    widths = re.findall(r'class="wb-bar" style="width:([\d.]+)em" aria-hidden="true"', html)
    assert widths == ["0.21", "4.00"]


def test_short_chinese_words_are_told_not_to_wrap(segments: pd.DataFrame) -> None:
    frame = pd.DataFrame({"segment": ["Champions", "很长的一段文字不应当只占一行"], "n": [1, 2]})
    soup = BeautifulSoup(table_html(frame, "zh"), "html.parser")
    assert [th.text for th in soup.select("thead .wb-short")] == ["客户群", "数量"]
    assert [th.text for th in soup.select("tbody .wb-short")] == ["重要价值客户"]
    assert "wb-short" not in table_html(frame[:1], "en")


def test_each_estimate_takes_its_own_ends() -> None:
    frame = pd.DataFrame(
        {"gap": [-0.62], "gap_low": [-0.70], "gap_high": [-0.54], "nps": [23.0], "x": [1.0]}
    )
    soup = BeautifulSoup(table_html(frame, "en"), "html.parser")
    assert [th.text for th in soup.select("th")] == ["Gap", "95% interval", "Nps", "X"]
    assert [td.text for td in soup.select("td")] == ["−0.62", "−0.70 to −0.54", "23", "1"]


def test_low_and_high_belong_to_estimate_wherever_it_stands() -> None:
    frame = pd.DataFrame({"estimate": [5.0], "n": [9], "low": [4.0], "high": [6.0]})
    soup = BeautifulSoup(table_html(frame, "en"), "html.parser")
    assert [th.text for th in soup.select("th")] == ["Estimate", "95% interval", "Count"]


def test_columns_chooses_orders_and_names(segments: pd.DataFrame) -> None:
    soup = BeautifulSoup(
        table_html(segments, "en", columns={"n": "Customers", "segment": "Who"}), "html.parser"
    )
    assert [th.text for th in soup.select("thead th")] == ["Customers", "Who"]
    assert not soup.select("th[scope=row]")


def test_a_wrong_column_is_an_error_that_lists_the_right_ones(segments: pd.DataFrame) -> None:
    with pytest.raises(ReportingError, match=r"no column 'spend'.*mean_spend"):
        table_html(segments, "en", columns=["spend"])
    with pytest.raises(ReportingError, match=r"show\(formats=...\).*no column 'spend'"):
        table_html(segments, "en", formats={"spend": "money"})
    with pytest.raises(ReportingError, match="'pct' is not a format"):
        table_html(segments, "en", formats={"share_of_value": "pct"})


def test_rows_about_persons_are_refused() -> None:
    with pytest.raises(ReportingError, match=r"customer_id.*rows about persons"):
        table_html(pd.DataFrame({"customer_id": ["a"], "clv": [1.0]}), "en")
    with pytest.raises(ReportingError, match="phone"):
        csv_link(pd.DataFrame({"phone": ["1"]}), "en", "data")
    with pytest.raises(ReportingError, match="customer_id"):
        table_html(pd.DataFrame({"x": [1]}, index=pd.Index(["a"], name="customer_id")), "en")


def test_all_kinds_of_cells_have_words() -> None:
    frame = pd.DataFrame(
        {
            "yes": [True, False],
            "when": pd.to_datetime(["2025-01-31", None]),
            "month": pd.PeriodIndex(["2025-01", "2025-02"], freq="M"),
            "group": pd.Categorical(["a", None]),
            "text": [{"en": "Desk", "zh": "服务台"}, None],
            "value": [pct(0.5, 0.4, 0.6), pct(None)],
            "whole": [1.0, 2.0],
            "count": pd.array([1, None], dtype="Int64"),
        }
    )
    soup = BeautifulSoup(table_html(frame, "zh"), "html.parser")
    rows = [[cell.text for cell in row] for row in soup.select("tbody tr")]
    assert rows == [
        ["是", "2025-01-31", "2025-01", "a", "服务台", "50%（40%至60%）", "1", "1"],
        ["否", "–", "2025-02", "–", "–", "–", "2", "–"],
    ]
    assert "nan" not in str(soup).lower() and "<NA>" not in str(soup) and "NaT" not in str(soup)


def test_an_empty_table_has_its_headings() -> None:
    html = table_html(pd.DataFrame({"a": [], "b": []}), "en")
    assert [th.text for th in BeautifulSoup(html, "html.parser").select("th")] == ["A", "B"]


def test_a_long_table_says_that_it_is_cut_and_its_csv_is_whole() -> None:
    frame = pd.DataFrame({"x": range(MOST_ROWS + 5)})
    html = table_html(frame, "zh")
    assert len(BeautifulSoup(html, "html.parser").select("tbody tr")) == MOST_ROWS
    assert f"共{MOST_ROWS + 5}行，此处仅列前{MOST_ROWS}行。" in html
    assert len(read_csv(csv_link(frame, "zh", "x"))) == MOST_ROWS + 5


def read_csv(link: str) -> pd.DataFrame:
    href = BeautifulSoup(link, "html.parser").a["href"]
    kind, _, code = href.partition(",")
    assert kind == "data:text/csv;charset=utf-8;base64"
    raw = base64.b64decode(code)
    assert raw.startswith(b"\xef\xbb\xbf"), "Excel needs the byte order mark"
    return pd.read_csv(io.BytesIO(raw), encoding="utf-8-sig")


def test_the_csv_has_plain_numbers_under_the_pages_own_words(segments: pd.DataFrame) -> None:
    frame = read_csv(csv_link(segments, "zh", "value", formats=FORMATS))
    assert list(frame) == ["客户群", "价值占比", "价值占比下限", "价值占比上限", "平均消费", "数量"]
    assert frame["价值占比"].tolist() == [0.634, 0.366]
    assert frame["客户群"].tolist() == ["重要价值客户", "Passers-by"]


def test_a_spreadsheet_runs_no_formula_from_the_data() -> None:
    frame = read_csv(csv_link(pd.DataFrame({"a": ["=1+1", "+x", "-y", "@z", "ok"]}), "en", "a"))
    assert frame["A"].tolist() == ["'=1+1", "'+x", "'-y", "'@z", "ok"]


def test_a_table_is_left_as_it_was(segments: pd.DataFrame) -> None:
    before = segments.copy()
    table_html(segments, "zh", formats=FORMATS)
    csv_link(segments, "zh", "x")
    pd.testing.assert_frame_equal(segments, before)


def test_a_p_value_is_never_zero() -> None:
    frame = pd.DataFrame({"p": [0.0, 0.0004, 0.0213, 0.5, np.nan]})
    for language, tiny in (("en", "< 0.001"), ("zh", "<0.001")):
        soup = BeautifulSoup(table_html(frame, language, formats={"p": "p"}), "html.parser")
        cells = [row.find(["td", "th"]).text for row in soup.select("tbody tr")]
        assert cells == [tiny, tiny, "0.021", "0.500", "–"]


def test_cells_lead_to_the_pages_of_a_column_that_is_not_printed() -> None:
    rows = pd.DataFrame({"goal": ["Sell <more>", "Keep"], "page": ["goals.html?a&b", ""]})
    html = BeautifulSoup(table_html(rows, "en", links={"goal": "page"}), "html.parser")
    assert [cell.get_text() for cell in html.find_all("th", scope="col")] == ["Goal"]
    (link,) = html.find_all("a")
    assert (link["href"], link.get_text()) == ("goals.html?a&b", "Sell <more>")
    assert html.find_all("th", scope="row")[1].find("a") is None
    with pytest.raises(ReportingError, match="no column 'nowhere'"):
        table_html(rows, "en", links={"goal": "nowhere"})


def test_a_sentence_in_a_cell_asks_for_a_readable_column() -> None:
    rows = pd.DataFrame({"goal": ["Keep"], "step": ["decide on a measure now, or say why not"]})
    html = BeautifulSoup(table_html(rows, "en"), "html.parser")
    assert html.find("td")["class"] == ["wb-long"] and "class" not in html.tbody.find("th").attrs


def test_a_finding_in_a_cell_is_said_in_the_language_of_the_page() -> None:
    advice = Advice("Finish the actions that are overdue, or name new dates: {actions}.")
    found = Finding("v", "...", {"actions": [{"en": "it", "zh": "它"}]}, advice=advice)
    rows = pd.DataFrame({"action": ["a", "b"], "next": [found.next_step, "<stop>"]})
    cells = BeautifulSoup(table_html(rows, "zh"), "html.parser").find_all("td")
    assert cells[0].get_text() == "完成逾期的行动，或另定日期：它。"
    link = csv_link(rows, "zh", "steps")
    text = base64.b64decode(re.search(r"base64,([^\"]+)", link)[1]).decode("utf-8-sig")
    assert "a,完成逾期的行动，或另定日期：它。" in text
    assert Finding("quiet", "...").next_step is None


def test_a_column_without_a_label_has_the_name_of_the_data() -> None:
    language = Language("zh")
    html = table_html(pd.DataFrame({"series_crime": [1.0], "n": [3]}), language)
    assert ">Series crime</th>" in html and ">数量</th>" in html
    assert language.names == ["Series crime"] and not language.missing
    table_html(pd.DataFrame({"x": [1.0]}), language, columns={"x": "Frobnicated"})
    assert language.missing == ["Frobnicated"]
