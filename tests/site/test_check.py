"""The check finds what must not be published, each kind by a page that has it."""

from __future__ import annotations

import base64

import pytest

from workbench.errors import SiteError
from workbench.site.checking.check import check, refuse
from workbench.site.editions.page_cache import PageCache
from workbench.site.personal import find, redact

PAGE = """<!doctype html><html lang="en"><head><title>A page</title></head><body>
<a href="#content">Skip</a><a href="clv.html">Value</a>
<main id="content"><article><h1>A page</h1><p>Three groups hold all the value.</p>
<img src="figures/share.svg" alt="Bars of the share of value."></article></main></body></html>
"""
SPOILT = "studies/demo/segmentation.html"


@pytest.fixture
def site(tmp_path):
    """Two pages and a front page, a figure and a style sheet: enough to be checked in no time."""
    figures = tmp_path / "studies/demo/figures"
    figures.mkdir(parents=True)
    (figures / "share.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    for page in (SPOILT, "studies/demo/clv.html"):
        (tmp_path / page).write_text(PAGE, encoding="utf-8")
    front = PAGE.replace('"clv', '"studies/demo/clv').replace('"figures', '"studies/demo/figures')
    (tmp_path / "index.html").write_text(front, encoding="utf-8")
    (tmp_path / "theme").mkdir()
    (tmp_path / "theme/tokens.css").write_text("body {color: black}", encoding="utf-8")
    assert check(tmp_path) == []
    return tmp_path


def spoil(site, old, new, page=SPOILT):
    path = site / page
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return [(x.page, x.kind) for x in check(site)]


def test_the_published_site_has_nothing_to_find(published):
    assert check(published) == []


@pytest.mark.parametrize(
    ("markup", "kind"),
    [
        ('<img src="https://example.org/a.png" alt="a">', "outside request"),
        ('<img src="//example.org/a.png" alt="a">', "outside request"),
        ('<script src="http://example.org/a.js"></script>', "outside request"),
        ('<iframe src="https://example.org"></iframe>', "outside request"),
        ("<style>@import 'https://example.org/a.css'</style>", "outside request"),
        ('<p style="background: url(https://example.org/a.png)">a</p>', "outside request"),
        ('<img src="../../theme/tokens.css" alt="">', "alt text"),
        ('<a href="nowhere.html">a</a>', "broken link"),
        ('<a href="#nowhere">a</a>', "broken link"),
        ('<a href="clv.html#nowhere">a</a>', "broken link"),
        ('<a href="../../../../secret.html">a</a>', "broken link"),
        ('<a href="javascript:alert(1)">a</a>', "link"),
        ("<h4>Deep</h4>", "headings"),
        ("<h1>Another</h1>", "headings"),
        ("<p id='content'>a</p>", "id"),
        ("<table><tr><th>a</th></tr></table>", "table"),
        ("<p>Write to li.wei@example.com</p>", "personal data (e-mail)"),
        ("<p>Call 138 1234 5678</p>", "personal data (phone)"),
        ("<p>The largest is b561be722ee9f2f0.</p>", "personal data (pseudonym)"),
        ("<p>Call +44 20 7946 0958</p>", "personal data (phone)"),
        ("<p>{{&lt; meta title &gt;}}</p>", "unrendered markup"),
        ("<p>**水平。**实测值</p>", "unrendered markup"),
    ],
)
def test_what_is_wrong_with_a_page_is_found(site, markup, kind):
    assert (SPOILT, kind) in spoil(site, "</article>", f"{markup}</article>")


def test_a_page_without_language_title_or_content_is_found(site):
    kinds = {kind for _, kind in spoil(site, '<html lang="en"', "<html")}
    assert "language" in kinds
    (site / "empty.html").write_text(
        "<html lang='en'><head><title>a</title></head><main><h1>a</h1></main></html>",
        encoding="utf-8",
    )
    assert ("empty.html", "empty") in {(x.page, x.kind) for x in check(site)}


def test_personal_data_in_alt_text_and_in_a_download_are_found(site):
    csv = base64.b64encode(b"name,mail\nLi,li.wei@example.com\n").decode()
    link = f'<a download="a.csv" href="data:text/csv;base64,{csv}">CSV</a>'
    assert (SPOILT, "personal data (e-mail)") in spoil(site, "</article>", f"{link}</article>")
    found = spoil(site, 'alt="Bars', 'alt="13812345678', page="studies/demo/clv.html")
    assert ("studies/demo/clv.html", "personal data (phone)") in found


def test_forbidden_texts_are_found_in_pages_and_figures(site):
    assert {x.kind for x in check(site, forbidden=["Three groups hold"])} == {
        "personal data (forbidden)"
    }
    figure = next((site / "studies/demo/figures").glob("*.svg"))
    text = figure.read_text(encoding="utf-8").replace("</svg>", "<text>王小明</text></svg>")
    figure.write_text(text, encoding="utf-8")
    found = check(site, forbidden=["王小明", " ", ""])
    assert [x.page for x in found] == [figure.relative_to(site).as_posix()]


def test_counts_sums_and_run_ids_are_not_taken_for_phone_numbers():
    harmless = (
        "1,204 of 13812 customers; CNY 48,120.00; 20260201T060000Z-bbbbbb; -9582.4292; 2026-02-01;"
        " 9f86d081884c13812345678; 63 % (60 to 66); 0.242594 4.413601 0.792922; 275-284"
    )
    assert list(find(harmless)) == []
    assert redact(f"{harmless} 13812345678") == f"{harmless} […]"


def test_refusing_names_the_first_findings_and_counts_the_rest(site):
    for number in range(12):
        (site / f"bad{number}.html").write_text("<html></html>", encoding="utf-8")
    with pytest.raises(SiteError, match=r"bad0\.html: language.*and \d+ more"):
        refuse(check(site))
    refuse([])


def test_a_page_is_read_once_and_its_links_each_time(site, monkeypatch):
    kept = PageCache(site / ".kept")
    assert check(site, kept=kept) == []
    monkeypatch.setattr("workbench.site.checking.check._page_findings", None)  # not asked again
    assert check(site, kept=kept) == []
    (site / "studies/demo/clv.html").unlink()
    assert {fault.kind for fault in check(site, kept=kept)} == {"broken link"}


def test_other_forbidden_texts_are_another_question(site):
    kept = PageCache(site / ".kept")
    assert check(site, kept=kept) == []
    assert "personal data (forbidden)" in {
        fault.kind for fault in check(site, forbidden=["Three groups"], kept=kept)
    }


def test_a_page_that_lists_accounts_by_what_stands_for_them_is_found(site):
    listed = "customer_id,value\n0007f8336bd95163,18765.3\n278b571ebe6a8287,12442.3\n"
    found = spoil(site, "</article>", f'<a href="data:text/csv,{listed}">data</a></article>')
    assert found == [(SPOILT, "personal data (pseudonym)")] * 2
    plain = "share\n7.61678243810029e-06\n0.761678243810029e\n1234567890123456\n"
    assert not [*find(plain)]
    assert redact("of 0007f8336bd95163 nothing") == "of […] nothing"
