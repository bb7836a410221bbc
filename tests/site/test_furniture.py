"""What a site has besides its pages: feed, archive, sitemap, the page for what is not there."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from lxml import etree

from workbench.errors import SiteError
from workbench.site.checking.check import check
from workbench.site.config import site_address
from workbench.site.editions.archive import ARCHIVE, archive, pages_of, published_as
from workbench.site.editions.records import read_record
from workbench.site.preview import make_server
from workbench.site.staging import blocks
from workbench.site.staging.feed import ATOM, News, write_feed
from workbench.site.staging.furniture import write_card, write_lost, write_sitemap

NEWEST = "20260201T060000Z-bbbbbb"


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")


def entries(path: Path) -> list[dict[str, str]]:
    root = etree.fromstring(path.read_bytes())
    return [
        {
            "title": each.findtext(f"{{{ATOM}}}title"),
            "href": each.find(f"{{{ATOM}}}link").get("href"),
            "at": each.findtext(f"{{{ATOM}}}updated"),
            "summary": each.findtext(f"{{{ATOM}}}summary"),
            "lang": each.get("{http://www.w3.org/XML/1998/namespace}lang"),
        }
        for each in root.findall(f"{{{ATOM}}}entry")
    ]


def test_each_edition_has_a_feed_of_its_runs_that_every_page_names(published):
    english, chinese = entries(published / "feed.xml"), entries(published / "zh/feed.xml")
    assert [x["title"].partition(":")[0] for x in english] == ["Demo Mobile", "Plain Shop"]
    assert english[0]["href"] == f"{ARCHIVE}/{NEWEST}/studies/demo/index.html"
    assert english[0]["at"] == "2026-02-01T06:01:30+00:00"
    assert english[0]["summary"].startswith("No headline number has changed")
    assert chinese[0]["title"].startswith("演示移动：")
    # a study without a Chinese edition is told of in its own language
    assert [x["lang"] for x in chinese] == [None, "en"]
    for feed in (english, chinese):
        for entry in feed:
            assert (published / "zh" / entry["href"]).resolve().is_file() or (
                published / entry["href"]
            ).is_file()
    for page, feed in (("index.html", "feed.xml"), ("zh/studies/demo/clv.html", "../../feed.xml")):
        link = soup(published / page).select_one('link[type="application/atom+xml"]')
        assert link["href"] == feed


def test_a_feed_remembers_what_was_published_and_survives_a_damaged_one(tmp_path):
    def told(run: str, at: str) -> News:
        return News("s", run, "en", "Shop & Co", "All <well>.", ("A: 1 more",), at)

    def write(old: Path, new: Path, news: News) -> None:
        places = {(news.run, "en"): f"archive/{news.run}/index.html"}
        write_feed(new, old, "en", [news], title="T", address="https://e.org/x/", places=places)

    first, second, third = (tmp_path / x for x in "abc")
    write(tmp_path / "none", first, told("r1", "2026-01-01T00:00:00+00:00"))
    write(first, second, told("r2", "2026-02-01T00:00:00+00:00"))
    write(second, third, told("r2", "2026-02-01T00:00:00+00:00"))  # published again
    for site in (second, third):
        found = entries(site / "feed.xml")
        assert [x["href"] for x in found] == [
            f"https://e.org/x/archive/{run}/index.html" for run in ("r2", "r1")
        ]
    assert found[0]["title"] == "Shop & Co: All <well>."
    (third / "feed.xml").write_text("<feed", encoding="utf-8")
    write(third, first, told("r3", "2026-03-01T00:00:00+00:00"))
    assert len(entries(first / "feed.xml")) == 1


def test_a_run_keeps_its_pages_at_an_address_that_leads_to_today_s(published):
    base = published / ARCHIVE / NEWEST
    for page in ("studies/demo/clv.html", "zh/studies/demo/case_evaluation/desk.html"):
        kept, own = soup(base / page), soup(published / page)
        assert kept.h1.get_text() == own.h1.get_text()
        now = kept.select_one(".wb-archived a")["href"]
        assert ((base / page).parent / now).resolve() == (published / page).resolve()
        for name, attribute in (("a", "href"), ("img", "src"), ("link", "href"), ("script", "src")):
            for node in kept.find_all(name, **{attribute: True}):
                link = node[attribute].partition("#")[0]
                if link and ":" not in link:
                    assert ((base / page).parent / link).resolve().is_file(), (page, link)
        style = kept.select_one('link[rel="stylesheet"]')["href"]
        assert ((base / page).parent / style).resolve().is_relative_to(base)
    assert not any(ARCHIVE in path.parts for path in pages_of(published))
    stands_for = published_as(base / "studies/demo/clv.html", published)
    assert stands_for == published / "studies/demo/clv.html"


def test_earlier_runs_stay_and_the_same_run_is_put_anew(published, publication, tmp_path):
    record = read_record(publication[0], "plain")
    old, new = tmp_path / "old", tmp_path / "new"
    for run in ("20250101T060000Z-eeeeee", record.run.run):
        (old / ARCHIVE / run).mkdir(parents=True)
        (old / ARCHIVE / run / "page.html").write_text(run, encoding="utf-8")
    (new / "studies/plain").mkdir(parents=True)
    (new / "theme").mkdir()
    html = "<html>\n<head>\n</head><article><header><h1>A</h1></header></article></html>"
    (new / "studies/plain/index.html").write_text(html, encoding="utf-8")
    archive(new, old, [record])
    assert (new / ARCHIVE / "20250101T060000Z-eeeeee/page.html").is_file()
    assert not (new / ARCHIVE / record.run.run / "page.html").exists()
    assert (new / ARCHIVE / record.run.run / "studies/plain/index.html").is_file()


def test_a_page_says_how_to_cite_it_and_where_it_stays(published, publication):
    page = soup(published / "studies/demo/segmentation.html")
    rows = {x.dt.get_text(): x.dd for x in page.select(".wb-provenance dl > div") if x.dt}
    assert rows["Cite as"].get_text() == (
        f"Demo Mobile: Customer segments. Run {NEWEST} of 1 February 2026, data through"
        " 30 December 2025. Customer reports."
    )
    kept = rows["Lasting address"].a["href"]
    assert kept == f"../../{ARCHIVE}/{NEWEST}/studies/demo/segmentation.html"
    assert (published / "studies/demo" / kept).resolve().is_file()
    record = read_record(publication[0], "demo")
    study = record.study.model_copy(
        update={"next_update": date(2026, 3, 1), "contact": {"en": "reports@example.com"}}
    )
    head = BeautifulSoup(
        blocks.masthead(
            type(record)(study, record.run, record.entries), "en", trail=[], kind="page"
        ),
        "lxml",
    )
    dates = [" ".join(x.get_text(" ").split()) for x in head.select(".wb-date")]
    assert dates[2:] == ["Contact reports@example.com", "Next update 1 March 2026"]
    assert head.select_one("[data-due]")["data-due"] == "2026-03-01"


def test_links_that_are_passed_on_say_what_they_lead_to(published):
    for name, locale in (("studies/demo/segmentation.html", "en_GB"), ("zh/index.html", "zh_CN")):
        page = soup(published / name)
        about = {x["property"]: x["content"] for x in page.select("meta[property]")}
        assert about["og:title"] == page.title.get_text()
        assert about["og:locale"] == locale
        assert "og:url" not in about  # nobody has said where the site is read


def test_what_needs_a_whole_address_is_made_where_it_is_known(published, tmp_path):
    pages = {"index.html": {"en": "index.html", "zh": "zh/index.html"}, "a b.html": {}}
    write_sitemap(tmp_path, "", pages)
    assert not list(tmp_path.iterdir())
    write_sitemap(tmp_path, "https://e.org/x/", pages)
    said = (tmp_path / "sitemap.xml").read_text(encoding="utf-8")
    assert "<loc>https://e.org/x/</loc>" in said
    assert 'hreflang="zh-Hans" href="https://e.org/x/zh/"' in said
    assert "https://e.org/x/sitemap.xml" in (tmp_path / "robots.txt").read_text(encoding="utf-8")
    write_lost(tmp_path, {"en": "index.html"}, {"en": "Reports"}, "https://e.org/x/")
    assert soup(tmp_path / "404.html").a["href"] == "https://e.org/x/"


@pytest.mark.parametrize("said", ["reports.example.com", "ftp://e.org", "https://e.org/?a=1"])
def test_an_address_that_is_none_is_refused(tmp_path, said):
    (tmp_path / "_quarto.yml").write_text(f"website: {{site-url: '{said}'}}", encoding="utf-8")
    (tmp_path / "_quarto-en.yml").write_text("website: {title: T}", encoding="utf-8")
    with pytest.raises(SiteError, match="no address"):
        site_address(tmp_path)


def test_what_is_not_there_is_said_in_every_language(published):
    page = soup(published / "404.html")
    assert [x["lang"] for x in page.select("section")] == ["en", "zh-Hans"]
    with make_server(published) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/studies/none.html"
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(address)
        server.shutdown()
    assert told.value.code == 404
    assert "找不到该页面" in told.value.read().decode("utf-8")


def test_a_feed_is_searched_for_persons_like_a_page(tmp_path):
    html = '<html lang="en"><title>A</title><main><h1>A</h1><p>Text.</p></main></html>'
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    feed = (
        f'<feed xmlns="{ATOM}"><title>{{}}</title><link href="https://e.org/13812345678"/></feed>'
    )
    (tmp_path / "feed.xml").write_text(feed.format("fine"), encoding="utf-8")
    assert check(tmp_path) == []
    (tmp_path / "feed.xml").write_text(feed.format("li.wei@example.com"), encoding="utf-8")
    assert [x.kind for x in check(tmp_path)] == ["personal data (e-mail)"]


@pytest.mark.parametrize(
    "title", ["Harbour", "海港移动" * 20, "w " * 400], ids=["one", "zh", "long"]
)
def test_the_picture_of_a_link_holds_any_title(tmp_path, title):
    from PIL import Image

    assert write_card(tmp_path / "a/b.png", title, title, "Reports")
    with Image.open(tmp_path / "a/b.png") as picture:
        assert picture.size == (1200, 630)
        edge = picture.convert("L").crop((1140, 20, 1200, 630))
        assert edge.getextrema() == (255, 255)  # nothing runs over the edge
