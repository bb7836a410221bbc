"""What pages show can be searched: each section by its heading and text, in its own language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.site.editions.page_cache import PageCache
from workbench.site.finishing.search import MOST_LETTERS, SEARCH, write_search

PAGE = """<!doctype html><html lang="{lang}"><head><title>x</title></head><body><main><article>
<header><p class="wb-kicker"><a href="a">All studies</a> <a href="b">Shop</a></p><h1>{title}</h1>
<p class="wb-dates">Data through 2025</p></header>
<p>The first words.</p>
<div>
<h2 id="churn">Who leaves<a class="wb-anchor" href="#churn">#</a></h2><p>Nine <b>in</b> ten.</p>
<figure><svg><text>drawn</text></svg></figure>
<table><tr><th>Champions</th><td>634</td></tr></table></div>
<h3 id="more">More</h3><p>{more}</p>
<section class="wb-provenance"><p>20251231T0000Z-abc</p></section>
</article></main></body></html>"""


def index(site: Path, language: str) -> list[list[object]]:
    text = (site / SEARCH / f"{language}.js").read_text(encoding="utf-8")
    assert text.startswith("window.wbSearch=") and text.endswith(";\n")
    return json.loads(text.removeprefix("window.wbSearch=").removesuffix(";\n"))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, lang, title, more in (
        ("studies/shop/churn.html", "en", "Churn", "word " * 5000),
        ("zh/studies/shop/churn.html", "zh-Hans", "流失", "每十位中有九位。\u2028"),
        ("archive/run-1/studies/shop/churn.html", "en", "Old", "old"),
        ("404.html", "en", "Lost", "lost"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGE.format(lang=lang, title=title, more=more), encoding="utf-8")
    return tmp_path


def test_each_section_is_found_by_its_heading_and_text(site: Path) -> None:
    assert write_search(site) == {"en": 3, "zh": 3}
    ((page, title, sections),) = index(site, "en")
    assert (page, title) == ("studies/shop/churn.html", "Shop › Churn")
    head, churn, more = sections
    assert head == ["", "", "Churn The first words."]
    assert churn == ["churn", "Who leaves", "Nine in ten. Champions 634"]
    assert len(more[2]) <= MOST_LETTERS and "abc" not in more[2]


def test_editions_have_indexes_of_their_own_and_lines_stay_lines(site: Path) -> None:
    write_search(site)
    ((page, title, sections),) = index(site, "zh")
    assert (page, title) == ("zh/studies/shop/churn.html", "Shop › 流失")
    assert sections[2][2] == "每十位中有九位。"
    assert "\u2028" not in (site / SEARCH / "zh.js").read_text(encoding="utf-8")


def test_an_unchanged_page_is_not_read_again(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = PageCache(site / ".kept")
    first = write_search(site, kept)
    monkeypatch.setattr("workbench.site.finishing.search._read", None)
    assert write_search(site, kept) == first


def test_a_published_site_can_be_searched_and_its_archive_leads_to_the_site_of_today(
    published: Path,
) -> None:
    pages = {str(page[0]) for page in index(published, "en")}
    assert {"index.html", "glossary.html", "studies/demo/clv.html"} <= pages
    assert all((published / page).is_file() for page in pages)
    text = (published / "studies/demo/clv.html").read_text(encoding="utf-8")
    assert 'data-root="../../" data-index="search/en.js"' in text
    (kept,) = (published / "archive").glob("*/studies/demo/clv.html")
    assert 'data-root="../../../../"' in kept.read_text(encoding="utf-8")
