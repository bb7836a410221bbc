"""An edition in traditional Chinese costs a line in the card: same pages, numbers and places."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from workbench.site import publish
from workbench.study import StudyError, load_study


@pytest.fixture(scope="module")
def edition(publication, tmp_path_factory):
    """The demo study in Taiwan's letters too; the other study does not ask for them."""
    import shutil

    project, _ = publication
    root = tmp_path_factory.mktemp("traditional") / "project"
    shutil.copytree(project, root, symlinks=True)
    card = root / "data/demo/study.yml"
    text = card.read_text(encoding="utf-8")
    card.write_text(re.sub(r"languages: \[en, zh\]", "languages: [en, zh, zh-TW]", text), "utf-8")
    assert "zh-TW" in card.read_text(encoding="utf-8")
    return root, publish(root, renderer="embedded")


def test_it_has_the_pages_of_the_chinese_one_and_says_what_it_is(edition):
    root, published = edition
    chinese = {x.removeprefix("zh/") for x in published.pages if x.startswith("zh/")}
    made = {x.removeprefix("zh-TW/") for x in published.pages if x.startswith("zh-TW/")}
    assert made == {x for x in chinese if not x.startswith("studies/plain")}
    html = (root / "_site/zh-TW/studies/demo/index.html").read_text(encoding="utf-8")
    page = BeautifulSoup(html, "lxml")
    assert page.html["lang"] == "zh-Hant-TW"
    assert "客户" not in page.main.get_text()
    assert "客戶" in page.main.get_text()
    others = {x["hreflang"]: x["href"] for x in page.select(".wb-language")}
    assert others == {
        "en": "../../../studies/demo/index.html",
        "zh-Hans": "../../../zh/studies/demo/index.html",
    }


def test_its_numbers_and_places_are_those_of_the_chinese_pages(edition):
    root, published = edition
    for page in published.pages:
        if not page.startswith("zh-TW/studies"):
            continue
        made, own = (
            BeautifulSoup((root / "_site" / x).read_text(encoding="utf-8"), "lxml")
            for x in (page, page.replace("zh-TW", "zh"))
        )
        ids = [[x["id"] for x in soup.main.find_all(id=True)] for soup in (made, own)]
        assert ids[0] == ids[1]
        digits = [re.findall(r"\d+", soup.main.get_text()) for soup in (made, own)]
        assert digits[0] == digits[1]


def test_what_it_lacks_is_led_to_in_chinese_and_it_can_be_searched(edition):
    root, _ = edition
    front = BeautifulSoup((root / "_site/zh-TW/index.html").read_text(encoding="utf-8"), "lxml")
    links = {x["href"] for x in front.select(".wb-study h3 a")}
    assert "studies/demo/index.html" in links
    assert "../zh/studies/plain/index.html" in links or "../studies/plain/index.html" in links
    assert "客戶" in (root / "_site/search/zh-TW.js").read_text(encoding="utf-8")
    assert "zh-Hant-TW" in (root / "_site/zh-TW/feed.xml").read_text(encoding="utf-8")


def test_a_card_that_names_it_without_chinese_says_what_is_missing(edition):
    root, _ = edition
    card = root / "data/demo/study.yml"
    before = card.read_text(encoding="utf-8")
    try:
        card.write_text(before.replace("[en, zh, zh-TW]", "[en, zh-TW]"), encoding="utf-8")
        with pytest.raises(StudyError, match=r"languages: zh-TW is made of the Chinese pages"):
            load_study(root / "data/demo")
    finally:
        card.write_text(before, encoding="utf-8")
