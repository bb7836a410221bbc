"""The finished pages: one shell, no network, readable by anybody, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from workbench.site.editions.archive import pages_of
from workbench.site.finishing.content import read_content
from workbench.site.markup import parsed, written
from workbench.site.staging.furniture import LOST
from workbench.site.words import in_language, language_of


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")


@pytest.fixture(scope="module")
def pages(published) -> dict[str, BeautifulSoup]:
    lost = published / LOST  # a page without the site's shell, since it is shown at any depth
    found = [path for path in pages_of(published) if path != lost]
    return {p.relative_to(published).as_posix(): soup(p) for p in found}


def content(html: str, language: str = "en"):
    page = f'<html><body><main id="quarto-document-content">{html}</main></body></html>'
    made = read_content(parsed(page), language)
    return replace(made, body=BeautifulSoup(written(made.body), "lxml").main)


def test_the_site_has_a_page_for_every_written_and_staged_one(pages):
    for page in ("index.html", "methods.html", "glossary.html", "studies/demo/clv.html"):
        assert page in pages
        assert f"zh/{page}" in pages
    assert "studies/plain/index.html" in pages
    assert len(pages) == 22


def test_pages_name_their_language_and_their_twin(pages):
    for name, page in pages.items():
        lang = "zh-Hans" if name.startswith("zh/") else "en"
        assert page.html["lang"] == lang
        twins = {x["hreflang"]: x["href"] for x in page.select("link[hreflang]")}
        assert set(twins) in ({"en", "zh-Hans"}, set())
        if "plain" in name:
            assert not twins
    twins = {
        x["hreflang"]: x["href"]
        for x in pages["studies/demo/case_evaluation/desk.html"].select("link[hreflang]")
    }
    assert twins["zh-Hans"] == "../../../zh/studies/demo/case_evaluation/desk.html"
    assert twins["en"] == "desk.html"


def test_a_page_without_a_twin_still_leads_to_the_other_language(pages):
    link = pages["studies/plain/index.html"].select_one("a.wb-language")
    assert link["href"] == "../../zh/index.html"
    assert link.get_text() == "中文"


def test_numbers_in_headings_and_cards_keep_the_names_of_their_facts(pages):
    for name, share in (
        ("studies/demo/segmentation.html", "63 %"),
        ("zh/studies/demo/segmentation.html", "63%"),
    ):
        (span,) = pages[name].select("main h2 [data-fact]")
        assert span.attrs == {"data-fact": "top.share", "data-number": "0.63"}
        assert span.text == share
        facts = [x["data-fact"] for x in pages[name].select("main .wb-card-value [data-fact]")]
        assert facts == ["clv.mean", "nps", "repeat", "on_time"]


def test_where_a_page_s_twin_lies():
    assert in_language("studies/a/b.html", "zh") == "zh/studies/a/b.html"
    assert in_language("zh/studies/a/b.html", "en") == "studies/a/b.html"
    assert language_of("zh/index.html") == "zh"
    assert language_of("studies/zh/index.html") == "en"


def test_nothing_of_the_renderer_s_furniture_is_left(published, pages):
    assert not (published / "site_libs").exists()
    assert not list(published.rglob("*.ipynb"))
    for page in pages.values():
        scripts = [x.get("src") for x in page.find_all("script") if x.get("src")]
        assert [Path(x).name for x in scripts] == ["page.js"]
        styles = [Path(x["href"]).name for x in page.select('link[rel="stylesheet"]')]
        assert [x for x in styles if x != "han.css"] == ["tokens.css", "content.css", "page.css"]
        assert not page.select("[data-bs-toggle], .sourceCode, .quarto-title, .cell")


def test_headings_begin_with_one_h1_and_skip_no_level(pages):
    for name, page in pages.items():
        levels = [int(x.name[1]) for x in page.main.find_all(re.compile("^h[1-6]$"))]
        assert levels[0] == 1 and levels.count(1) == 1, name
        assert all(b <= a + 1 for a, b in pairwise(levels)), name


def test_findings_are_in_the_page_s_contents(pages):
    page = pages["studies/demo/segmentation.html"]
    contents = {x.get_text(): x["href"] for x in page.select(".wb-toc a")}
    heading = "A fifth of customers hold 63 % of the value"
    assert heading in contents
    assert page.find(id=contents[heading][1:]).get_text() == heading


def test_landmarks_skip_link_and_names_of_regions(pages):
    for page in pages.values():
        assert page.select_one("a.wb-skip")["href"] == "#content"
        assert page.main["id"] == "content"
        assert all(
            nav.get("aria-label") or nav.get("aria-labelledby") for nav in page.select("nav")
        )
        names = [x["aria-label"] for x in page.select("[role=region]")]
        assert len(names) == len(set(names))


def test_the_navigation_marks_the_page_and_opens_its_branch(pages):
    page = pages["zh/studies/demo/case_evaluation/desk.html"]
    here = page.select('.wb-nav [aria-current="page"]')
    assert [x.get_text() for x in here] == ["更快的服务台"]
    assert "促销活动" in page.select_one(".wb-nav").get_text()
    assert "促销活动" not in pages["zh/index.html"].select_one(".wb-nav").get_text()


def test_figures_have_alt_text_caption_title_data_and_download(pages):
    block = pages["zh/studies/demo/segmentation.html"].select_one(".wb-figure-block")
    figures = block.select("figure svg")
    assert [x["class"] for x in figures] == [["wb-svg", "wb-wide"], ["wb-svg", "wb-narrow"]]
    for drawn in figures:
        assert drawn["aria-label"] == "四个区域价值占比的条形图。"
        assert drawn["width"] and drawn["height"] and "light-dark(" in drawn["style"]
        assert "North" in drawn.get_text() and drawn.select(".wb-points title")
    assert block.select_one(".wb-figure-title .wb-title").get_text() == "北区贡献了大部分价值"
    assert "5,000 名客户" in block.figcaption.get_text()
    assert block.select_one("details.wb-figure-data table")
    assert block.select_one("a[download]")["href"].startswith("data:text/csv")


def test_tables_have_scopes_captions_and_a_box_to_scroll_in(pages):
    for page in pages.values():
        for table in page.select("table"):
            assert table.find_parent(class_="wb-table-wrap")["tabindex"] == "0"
            assert all(x.get("scope") in ("col", "row") for x in table.select("th"))
    table = pages["studies/demo/segmentation.html"].select_one(".wb-table-block table")
    assert table.caption.get_text() == "Three groups hold all the value"
    assert "wb-num" in table.select("tbody td")[0]["class"]


def test_code_is_folded(pages):
    folds = pages["studies/demo/segmentation.html"].select("details.wb-code")
    assert len(folds) == 1
    assert not folds[0].has_attr("open")
    assert folds[0].summary.get_text() == "Code"
    assert folds[0].find_parent("details", class_="wb-analysts") is not None
    assert (
        pages["zh/studies/demo/segmentation.html"].select_one(".wb-code summary").get_text()
        == "分析代码"
    )
    assert folds[0].select_one("pre.wb-printed").get_text().strip() == "0.6"


def test_interface_words_follow_the_language(pages):
    page = pages["zh/studies/demo/clv.html"]
    for said in (
        "跳到正文",
        "本页内容",
        "数据截至 2025年12月30日",
        "模拟数据",
        "关于本页",
        "注意",
    ):
        assert said in " ".join(page.get_text(" ").split())
    for english in ("On this page", "Data through", "Warning", "Run at", "Simulated"):
        assert english not in page.get_text()


def test_dates_are_written_in_words_and_in_the_study_s_zone(pages):
    said = " ".join(
        pages["studies/demo/segmentation.html"].select_one(".wb-dates").get_text(" ").split()
    )
    assert said == "Data through 30 December 2025 Run at 1 February 2026, 14:01 UTC+8"


def test_formulas_are_mathml_in_either_language(pages):
    for name in ("methods.html", "zh/methods.html", "studies/demo/clv.html"):
        page = pages[name]
        assert page.select("math mfrac"), name
        assert not page.select("span.math, annotation")
        assert "\\frac" not in page.get_text()


def test_provenance_ends_every_page_of_a_notebook(pages):
    article = pages["studies/demo/segmentation.html"].article
    sections = [x for x in article.find_all(recursive=False) if x.name == "section"]
    assert sections[-1]["class"] == ["wb-provenance"]
    assert len(sections[-1].select("dl > div > dt")) >= 8


# --- what the content is brought to -------------------------------------------------------------


def test_callouts_have_a_title_in_the_page_s_language():
    html = (
        '<div class="callout callout-warning"><div class="callout-header">'
        '<div class="callout-title-container">{}</div></div>'
        '<div class="callout-body"><p>Text</p></div></div>'
    )
    made = content(html.format("Warning"), "zh").body.select_one(".wb-callout")
    assert made["role"] == "note"
    assert made.select_one(".wb-callout-title").get_text() == "注意"
    own = content(html.format("Few answers"), "zh").body.select_one(".wb-callout-title")
    assert own.get_text() == "Few answers"


def test_tabs_are_titled_panes_without_a_script():
    html = (
        '<div class="panel-tabset"><ul class="nav nav-tabs"><li><a class="nav-link">One</a></li>'
        '<li><a class="nav-link">Two</a></li></ul><div class="tab-content">'
        '<div class="tab-pane" id="a"><p>1</p></div><div class="tab-pane" id="b"><p>2</p></div>'
        "</div></div>"
    )
    panes = content(html).body.select(".wb-tabs > .wb-pane")
    assert [x.get_text(" ", strip=True) for x in panes] == ["One 1", "Two 2"]


def test_notes_look_alike_from_either_renderer():
    quarto = (
        '<p>A<a href="#fn1" class="footnote-ref" id="fnref1"><sup>1</sup></a></p>'
        '<div id="quarto-appendix"><section id="footnotes" class="footnotes"><h2>Footnotes</h2>'
        '<ol><li id="fn1"><p>N<a href="#fnref1" class="footnote-back">b</a></p></li></ol>'
        "</section></div>"
    )
    embedded = (
        '<p>A<sup class="footnote-ref"><a href="#fn1" id="fnref1">[1]</a></sup></p><hr class='
        '"footnotes-sep"><section class="footnotes"><ol><li id="fn1"><p>N'
        '<a href="#fnref1" class="footnote-backref">b</a></p></li></ol></section>'
    )
    one, two = (content(html).body for html in (quarto, embedded))
    assert one.p.decode() == two.p.decode() != ""
    assert one.select_one(".wb-footnotes").decode() == two.select_one(".wb-footnotes").decode()


def test_numbers_stand_right_in_tables_that_were_written_by_hand():
    html = (
        "<table class='table'><thead><tr><th>a</th>"
        "<th style='text-align: right;'>b</th></tr></thead>"
        "<tbody><tr><td>x</td><td style='text-align: right;'>1</td></tr></tbody></table>"
    )
    table = content(html).body.table
    assert [x.get_text() for x in table.select(".wb-num")] == ["b", "1"]
    assert not table.select("[style]")


def test_headings_that_skip_a_level_are_put_in_order_and_get_ids_of_their_own():
    body = content("<h1>Same</h1><h4>Deep</h4><h2>Same</h2>").body
    heads = body.find_all(re.compile("^h[1-6]$"))
    assert [x.name for x in heads] == ["h2", "h3", "h2"]
    assert [x["id"] for x in heads] == ["same", "deep", "same-2"]


def test_long_headline_numbers_get_more_room():
    cards = '<ul class="wb-headlines"><li class="wb-card"><p class="wb-card-value">{}</p></li></ul>'
    assert "wb-roomy" in content(cards.format("CN¥1.59 million")).body.ul["class"]
    assert "wb-roomy" not in content(cards.format("−0.84")).body.ul["class"]


def test_a_page_that_only_leads_elsewhere_is_no_page():
    assert read_content(parsed("<html><body>Redirect</body></html>"), "en") is None


# --- colours ------------------------------------------------------------------------------------


def tokens() -> dict[str, tuple[str, str]]:
    css = (Path(__file__).resolve().parents[2] / "reports/theme/tokens.css").read_text(
        encoding="utf-8"
    )
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    return {name: (light, dark) for name, light, dark in found}


@pytest.mark.parametrize(
    ("ink", "surface"),
    [
        *[(x, y) for x in ("ink", "muted", "accent") for y in ("paper", "raised", "sunken")],
        ("better", "paper"),
        ("worse", "paper"),
        ("better", "sunken"),
        ("worse", "sunken"),
        ("caution-ink", "caution"),
        ("ink", "alarm"),
        ("muted", "alarm"),
        ("on-accent", "accent"),
    ],
)
def test_text_keeps_its_contrast_in_light_and_dark(ink, surface):
    from workbench.site.staging.figures import contrast

    for mode in (0, 1):
        assert contrast(tokens()[ink][mode], tokens()[surface][mode]) >= 4.5


def test_the_dark_surface_is_the_one_that_figures_are_made_for():
    from workbench.site.staging.figures import SURFACE

    assert tokens()["paper"][1] == SURFACE


def test_a_page_has_one_name_in_menu_heading_link_and_trail(pages):
    page, home = pages["studies/demo/clv.html"], pages["studies/demo/index.html"]
    name = page.h1.get_text()
    assert name == "Customer lifetime value"
    assert page.select_one('nav.wb-nav [aria-current="page"]').get_text() == name
    assert home.select_one('.wb-page-link a[href="clv.html"]').get_text() == name
    trail = [x.get_text() for x in page.select(".wb-kicker a")]
    assert trail == ["All studies", "Demo Mobile"]
    case = pages["studies/demo/case_evaluation/desk.html"]
    assert [x["href"] for x in case.select(".wb-kicker a")] == [
        "../../../index.html", "../index.html", "index.html",
    ]  # fmt: skip
    measures = pages["studies/demo/case_evaluation/index.html"]
    assert case.select(".wb-kicker a")[-1].get_text() == measures.h1.get_text() == "Measures"


def test_both_languages_have_the_same_sections_each_with_a_link_to_itself(pages):
    for name in ("studies/demo/clv.html", "index.html", "methods.html", "glossary.html"):
        own, other = pages[name], pages[f"zh/{name}"]
        ids = [[x["id"] for x in each.select("main h2")] for each in (own, other)]
        assert ids[0] == ids[1]
        for head in own.select("main article > h2"):
            assert head.select_one("a.wb-anchor")["href"] == f"#{head['id']}"
            assert head.a["aria-label"] == "Link to this section"


def test_a_table_of_some_columns_can_become_cards(pages):
    tables = pages["studies/demo/segmentation.html"].select("table.wb-stacks")
    for table in tables:
        heads = [x.get_text(" ", strip=True) for x in table.select("thead th")]
        for row in table.select("tbody tr"):
            assert [x.get("data-label") for x in row.find_all(["th", "td"])] == [None, *heads[1:]]
    assert tables


def test_the_front_page_shows_all_studies_without_a_script(pages):
    studies = pages["index.html"].select("article.wb-study")
    assert [x["data-name"] for x in studies] == ["Demo Mobile", "Plain Shop"]
    assert not any(x.has_attr("hidden") for x in studies)
    assert "1 of" in studies[0].select_one(".wb-bad").get_text()
    assert "UTC" in studies[0].select_one(".wb-fresh").get_text()
