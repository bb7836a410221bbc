"""Showing a thing gives its title, its picture and its data, once a language, in order."""

from __future__ import annotations

from functools import partial

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from workbench.errors import ReportingError
from workbench.reporting import configure, show
from workbench.reporting.figures import theme
from workbench.results import Estimate, Finding, Picture, Result, labelled

KEPT = Estimate(0.703, 0.69, 0.716, kind="percent", fact="contracts.kept_1y.observed")

WORDS = [
    {"en": "{n} of {total} hold most", "zh": "{total}中的{n}占多数"},
    {"en": "Share", "zh": "占比"},
    {"en": "Segment", "zh": "客户群"},
]

TABLE = pd.DataFrame({"segment": ["Zzyxes"], "share": [0.634]})


def draw(ax, scale: float = 1.0) -> None:
    ax.bar(["Zzyxes"], [scale])
    ax.set_ylabel("Share")


@pytest.fixture(autouse=True)
def _words() -> None:
    configure(words=WORDS)


def test_a_figure_comes_with_title_and_data_in_each_language(outputs) -> None:
    show(draw, title="{n} of {total} hold most", subtitle="Share", table=TABLE, n=1, total=20)
    assert [(about["language"], about["role"]) for about, _ in outputs.all] == [
        ("en", "figure-title"), ("en", "figure"), ("en", "figure-data"),
        ("zh", "figure-title"), ("zh", "figure"), ("zh", "figure-data"),
    ]  # fmt: skip
    assert outputs.text("zh", "figure-title") == (
        '<p class="wb-figure-title" lang="zh-CN"><span class="wb-title">20中的1占多数</span> '
        '<span class="wb-subtitle">占比</span></p>'
    )
    about, data = outputs.of("zh", "figure")[0]
    assert 'aria-label="20中的1占多数"' in data["image/svg+xml"].partition(">")[0]
    assert about["dark"][theme.CYCLE[0]] == theme.DARK[theme.CYCLE[0]]
    soup = BeautifulSoup(outputs.text("zh", "figure-data"), "html.parser")
    assert soup.details.summary.text == "本图数据"
    assert soup.select_one("a.wb-download")["download"] == "data.csv"
    assert len(soup.select("table.wb-table tbody tr")) == 1


def test_names_from_the_data_are_told_from_missing_words(outputs) -> None:
    def speaking(ax, *, language) -> None:
        ax.bar([language.name("Zzyxes")], [1.0])
        ax.set_ylabel(language("Share of Zzyxes"))

    show(speaking)
    about, _ = outputs.of("zh", "figure")[0]
    assert about["names"] == ["Zzyxes"]
    assert about["missing"] == ["Share of Zzyxes"]


def test_a_table_comes_with_caption_and_download(outputs) -> None:
    show(TABLE, title="Share", formats={"share": "percent"})
    assert [(about["language"], about["role"]) for about, _ in outputs.all] == [
        ("en", "table"), ("zh", "table"),
    ]  # fmt: skip
    soup = BeautifulSoup(outputs.text("zh", "table"), "html.parser")
    assert soup.caption.text == "占比"
    assert soup.select_one("td").text == "63%"
    assert soup.select_one("a.wb-download").text == "下载数据（CSV）"


def test_the_download_is_named_after_the_cells_label(
    outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Shell:
        def get_parent(self) -> dict:
            return {"content": {"code": "#| label: tbl-value-by-tier\nwb.show(x)"}}

    monkeypatch.setattr("IPython.get_ipython", Shell)
    show(TABLE)
    assert 'download="value-by-tier.csv"' in outputs.text("en", "table")


def test_options_of_a_plot_are_given_by_partial(outputs) -> None:
    show(partial(draw, scale=3.0))
    assert len(outputs.of("en", "figure")) == 1


def test_in_the_lab_html_brings_its_own_style_and_one_language(
    outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKBENCH_LANGUAGES")
    show(TABLE)
    assert [about["language"] for about, _ in outputs.all] == ["en"]
    assert outputs.all[0][1]["text/html"].startswith("<style>")


def test_what_cannot_be_shown_is_an_error_with_a_remedy() -> None:
    with pytest.raises(ReportingError, match="a list cannot be shown; give a result"):
        show([1, 2])  # type: ignore[arg-type]


class Shares(Result):
    """A result that labels its table and draws in the language that it is given."""

    def __init__(self) -> None:
        self.spoke: list[tuple[str, str, str]] = []

    @property
    def table(self) -> pd.DataFrame:
        return labelled(TABLE.assign(rank=1), share=("Share", "percent:1"), segment="Segment")

    def estimates(self) -> dict[str, Estimate]:
        return {"kept": KEPT}

    def plot(self, ax=None, *, language="en"):
        self.spoke.append((language.code, language("Share"), language.money(3)))
        ax.bar(["Segment"], [1.0])
        ax.set_ylabel("Share of what no catalog has")
        return ax


def test_a_result_is_drawn_in_its_language_over_its_own_columns(outputs) -> None:
    configure(currency="CNY", words=WORDS)
    result = Shares()
    show(result, title="Share")
    assert result.spoke == [("en", "Share", "CN¥3.00"), ("zh", "占比", "3.00元")]
    about, _ = outputs.of("zh", "figure")[0]
    assert "missing" not in about  # its words are left as it wrote them
    soup = BeautifulSoup(outputs.text("zh", "figure-data"), "html.parser")
    assert [th.text for th in soup.select("thead th")] == ["占比", "客户群"]
    assert [td.text for td in soup.select("tbody td")] == ["63.4%", "Zzyxes"]


def test_a_table_that_labels_itself_needs_no_columns_but_may_be_given_some(outputs) -> None:
    table = Shares().table
    show(table)
    show(table, columns={"share": "Percentage"})
    show(table, formats={"share": "percent"})
    heads = [
        [cell.text for cell in BeautifulSoup(data["text/html"], "html.parser").select("th, td")]
        for _, data in outputs.of("en", "table")
    ]
    assert heads == [
        ["Share", "Segment", "63.4%", "Zzyxes"],
        ["Percentage", "63.4%"],
        ["Share", "Segment", "63%", "Zzyxes"],
    ]


def test_a_finding_is_a_title_and_its_numbers_name_their_facts(outputs) -> None:
    finding = Finding("kept", "{kept} stay & pay", {"kept": KEPT})
    show(TABLE, title=finding, subtitle="Share")
    show(draw, title=finding)
    spoken = (
        '<span class="wb-title"><span data-fact="contracts.kept_1y.observed" '
        'data-number="0.703">70.3%</span> (69.0 to 71.6) stay &amp; pay</span>'
    )
    assert f'<caption>{spoken} <span class="wb-subtitle">' in outputs.text("en", "table")
    assert 'aria-label="70.3% (69.0 to 71.6) stay &amp; pay"' in outputs.text("en", "table")
    assert spoken in outputs.text("en", "figure-title")
    assert outputs.text("en", "figure-title", "text/plain") == "70.3% (69.0 to 71.6) stay & pay"
    figure = outputs.text("en", "figure", "image/svg+xml")
    assert 'aria-label="70.3% (69.0 to 71.6) stay &amp; pay"' in figure


def test_a_cell_that_is_an_estimate_is_written_with_its_interval_and_fact(outputs) -> None:
    show(pd.DataFrame({"what": ["Kept"], "value": [KEPT]}))
    cell = BeautifulSoup(outputs.text("en", "table"), "html.parser").td
    assert cell.text == "70.3% (69.0 to 71.6)"
    assert cell.span.attrs == {"data-fact": "contracts.kept_1y.observed", "data-number": "0.703"}


def test_a_picture_brings_its_titles_and_its_table_and_may_be_retitled(outputs) -> None:
    picture = Picture(
        draw, "{n} of {total} hold most", "Share", TABLE, {"n": 1, "total": 20}, height=2.0
    )
    show(picture)
    assert "1 of 20 hold most" in outputs.text("en", "figure-title")
    assert "Zzyxes" in outputs.text("en", "figure-data")
    outputs.all.clear()
    show(picture, "Share", n=2)
    assert ">Share</span>" in outputs.text("en", "figure-title")
    assert "hold most" not in outputs.text("en", "figure-title")
