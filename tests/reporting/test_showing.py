"""Showing a thing gives its title, its picture and its data, once a language, in order."""

from __future__ import annotations

from functools import partial

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from workbench.languages import catalogs as languages
from workbench.languages.catalogs import ReportingError
from workbench.reporting import show
from workbench.reporting.figures import palette

TABLE = pd.DataFrame({"segment": ["Zzyxes"], "share": [0.634]})


def draw(ax, scale: float = 1.0) -> None:
    ax.bar(["Zzyxes"], [scale])
    ax.set_ylabel("Share")


@pytest.fixture(autouse=True)
def _words() -> None:
    languages.learn(
        [
            {"en": "{n} of {total} hold most", "zh": "{total}中的{n}占多数"},
            {"en": "Share", "zh": "占比"},
            {"en": "Segment", "zh": "客户群"},
        ]
    )


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
    assert data["image/svg+xml"].startswith('<svg role="img" aria-label="20中的1占多数"')
    assert about["dark"][palette.CYCLE[0]] == palette.DARK[palette.CYCLE[0]]
    soup = BeautifulSoup(outputs.text("zh", "figure-data"), "html.parser")
    assert soup.details.summary.text == "本图数据"
    assert soup.select_one("a.wb-download")["download"] == "data.csv"
    assert len(soup.select("table.wb-table tbody tr")) == 1


def test_names_from_the_data_are_told_from_missing_words(outputs) -> None:
    show(draw, table=TABLE)
    about, _ = outputs.of("zh", "figure")[0]
    assert about["names"] == ["Zzyxes"]
    assert "missing" not in about
    outputs.all.clear()
    show(draw)
    assert outputs.of("zh", "figure")[0][0]["missing"] == ["Zzyxes"]


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
    with pytest.raises(ReportingError, match=r"a list cannot be shown.*result\.plot"):
        show([1, 2])  # type: ignore[arg-type]
