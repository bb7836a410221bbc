"""The pages in a browser: from a file, without a network, on a phone, in light and dark."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

pytestmark = pytest.mark.browser
PAGES = ["index.html", "studies/demo/clv.html", "zh/studies/demo/index.html", "zh/glossary.html"]


@contextmanager
def opened(chromium, site, page, *, width=1440, scheme="light", before=""):
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    tab = context.new_page()
    tab.asked, tab.said = [], []
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.on("console", lambda message: tab.said.append(message.text))
    tab.on("pageerror", lambda error: tab.said.append(str(error)))
    tab.add_init_script(before)
    tab.goto((site / page).as_uri())
    try:
        yield tab
    finally:
        context.close()


@pytest.mark.parametrize("page", PAGES)
def test_no_request_leaves_the_page_and_nothing_is_missing(chromium, published, page):
    with opened(chromium, published, page) as tab:
        tab.evaluate("document.querySelectorAll('img').forEach(x => x.loading = 'eager')")
        tab.wait_for_load_state("networkidle")
        assert [x for x in tab.asked if not x.startswith(("file:", "data:"))] == []
        assert tab.said == []
        shown = "[...document.images].filter(x => getComputedStyle(x).display != 'none')"
        assert tab.evaluate(f"{shown}.every(x => x.complete && x.naturalWidth > 0)")


@pytest.mark.parametrize("page", [*PAGES, "methods.html"])
@pytest.mark.parametrize("width", [320, 390, 1440])
def test_a_page_never_scrolls_sideways(chromium, published, page, width):
    with opened(chromium, published, page, width=width) as tab:
        tab.evaluate("document.querySelectorAll('details').forEach(x => x.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_a_table_of_some_columns_becomes_a_card_a_row(chromium, published):
    box = "document.querySelector('.wb-table-block .wb-table-wrap')"
    row = f"getComputedStyle({box}.querySelector('tbody tr')).display"
    label = f"getComputedStyle({box}.querySelector('[data-label]'), '::before').content"
    with opened(chromium, published, "studies/demo/clv.html", width=390) as tab:
        assert tab.evaluate(f"{box}.scrollWidth <= {box}.clientWidth")
        assert tab.evaluate(row) == "block"
        head = tab.evaluate(f"{box}.querySelectorAll('thead th')[1].textContent")
        assert tab.evaluate(label) == f'"{head}"'
    with opened(chromium, published, "studies/demo/clv.html") as tab:
        assert tab.evaluate(row) == "table-row"


def test_what_analysts_look_for_is_folded_and_stays_as_they_left_it(chromium, published):
    with opened(chromium, published, "studies/demo/clv.html") as tab:
        assert not tab.evaluate("document.querySelector('.wb-analysts').open")
        tab.click(".wb-analysts > summary")
        tab.wait_for_timeout(50)
        tab.reload()
        assert tab.evaluate("document.querySelector('.wb-analysts').open")


def test_the_other_language_opens_at_the_same_place(chromium, published):
    with opened(chromium, published, "studies/demo/clv.html") as tab:
        tab.set_viewport_size({"width": 1000, "height": 300})
        tab.evaluate("document.getElementById('finding').scrollIntoView({behavior: 'instant'})")
        # a click of the browser's driver scrolls before it presses
        tab.evaluate("document.querySelector('.wb-language').click()")
        tab.wait_for_url("**/zh/studies/demo/clv.html#finding")


def test_a_study_is_found_by_its_words_and_sorted_by_what_needs_attention(chromium, published):
    shown = "[...document.querySelectorAll('.wb-study:not([hidden])')].map(x => x.dataset.name)"
    with opened(chromium, published, "index.html") as tab:
        assert tab.evaluate(shown) == ["Demo Mobile", "Plain Shop"]
        tab.fill(".wb-choose input", "plain")
        assert tab.evaluate(shown) == ["Plain Shop"]
        assert tab.inner_text(".wb-choose [role=status]") == "1 of 2 studies"
        tab.fill(".wb-choose input", "")
        tab.select_option(".wb-choose select", "run")
        assert tab.evaluate(shown)[0] == "Demo Mobile", "its run is the newest"


@pytest.mark.parametrize(
    ("scheme", "paper", "bar"),
    [
        ("light", "rgb(255, 255, 255)", "rgb(18, 67, 109)"),
        ("dark", "rgb(21, 25, 31)", "rgb(123, 169, 215)"),
    ],
)
def test_light_and_dark_follow_the_reader_s_system(chromium, published, scheme, paper, bar):
    with opened(chromium, published, "studies/demo/clv.html", scheme=scheme) as tab:
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == paper
        drawn = "[...document.querySelectorAll('.wb-svg path')].map(x => getComputedStyle(x).fill)"
        assert bar in tab.evaluate(drawn)


def test_the_reader_can_switch_and_the_choice_is_kept(chromium, published):
    with opened(chromium, published, "studies/demo/clv.html") as tab:
        tab.click(".wb-theme")
        assert tab.get_attribute("html", "data-theme") == "dark"
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 25, 31)"
        assert tab.get_attribute(".wb-theme", "aria-pressed") == "true"
        tab.reload()
        assert tab.get_attribute("html", "data-theme") == "dark"


def test_paper_is_always_light_and_without_furniture(chromium, published):
    with opened(chromium, published, "studies/demo/clv.html", scheme="dark") as tab:
        tab.emulate_media(media="print", color_scheme="dark")
        hidden = "getComputedStyle(document.querySelector('{}')).display"
        for part in (".wb-nav", ".wb-header", ".wb-code"):
            assert tab.evaluate(hidden.format(part)) == "none", part
        assert tab.evaluate(hidden.format(".wb-svg")) == "block"
        assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(29, 36, 48)"


# A Chinese character is as wide as its font is high; the box of a missing one is not.
CHINESE_LETTERS = """() => ['.wb-kicker a', 'h1', '.wb-toc p', 'summary'].every(name => {
    const node = document.querySelector(name), range = document.createRange();
    range.selectNodeContents(node);
    const size = parseFloat(getComputedStyle(node).fontSize);
    const width = range.getBoundingClientRect().width / size / node.textContent.length;
    return Math.abs(width - 1) < 0.05;
})"""
LATE = """document.fonts.load = (load => (...font) =>
    new Promise(go => setTimeout(go, 500)).then(() => load(...font))
)(document.fonts.load.bind(document.fonts))"""


@pytest.mark.parametrize("before", ["", LATE], ids=["at once", "text is laid out first"])
def test_chinese_letters_are_there(chromium, published, before):
    with opened(chromium, published, "zh/studies/demo/clv.html", before=before) as tab:
        tab.wait_for_function(CHINESE_LETTERS, timeout=10_000)


NO_LETTERS = "HTMLCanvasElement.prototype.toDataURL = () => 'the same box'"


def test_letters_are_asked_for_after_the_first_paint_and_only_where_there_are_none(
    chromium, published
):
    asked = "[...document.styleSheets].some(x => x.href && x.href.endsWith('han.css'))"
    with opened(chromium, published, "zh/studies/demo/clv.html", before=NO_LETTERS) as tab:
        tab.wait_for_function(asked, timeout=10_000)
        tab.wait_for_function(
            "[...document.fonts].some(x => x.family.includes('Workbench Han')"
            " && x.status === 'loaded')",
            timeout=10_000,
        )
    with opened(chromium, published, "studies/demo/clv.html", before=NO_LETTERS) as tab:
        assert not tab.evaluate(asked)


def test_the_menu_of_a_phone_opens_and_closes(chromium, published):
    with opened(chromium, published, "studies/demo/clv.html", width=390) as tab:
        assert not tab.is_visible(".wb-nav")
        tab.click(".wb-menu")
        assert tab.is_visible(".wb-nav")
        assert tab.get_attribute(".wb-menu", "aria-expanded") == "true"
        tab.keyboard.press("Escape")
        assert not tab.is_visible(".wb-nav")


def test_a_page_reads_without_scripts(chromium, published):
    context = chromium.new_context(java_script_enabled=False, color_scheme="dark")
    tab = context.new_page()
    tab.goto((published / "studies/demo/clv.html").as_uri())
    assert tab.is_visible("h1")
    assert tab.is_visible(".wb-nav")
    assert tab.is_visible(".wb-svg")
    assert not tab.is_visible(".wb-theme")
    context.close()


def test_the_keyboard_reaches_the_content_first(chromium, published):
    with opened(chromium, published, "studies/demo/clv.html") as tab:
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.className") == "wb-skip"
        tab.keyboard.press("Enter")
        assert tab.evaluate("document.activeElement.id") == "content"


def test_the_other_language_is_one_click_away(chromium, published):
    with opened(chromium, published, "studies/demo/case_evaluation/desk.html") as tab:
        tab.click("a.wb-language")
        assert tab.url.endswith("/zh/studies/demo/case_evaluation/desk.html")
        assert tab.inner_text("h1") == "更快的服务台"


def test_a_value_is_reached_by_keyboard_and_says_what_it_is(chromium, published):
    with opened(chromium, published, "studies/demo/clv.html") as tab:
        tab.evaluate("document.querySelector('.wb-points rect').focus()")
        first = tab.inner_text(".wb-tip")
        assert first == tab.evaluate("document.activeElement.getAttribute('aria-label')")
        tab.keyboard.press("ArrowRight")
        assert tab.inner_text(".wb-tip") != first
        reached = ".wb-wide .wb-points [tabindex='0']"
        assert tab.evaluate(f'document.querySelectorAll("{reached}").length') == 1
        tab.keyboard.press("Escape")
        assert tab.query_selector(".wb-tip") is None


def test_a_phone_gets_the_drawing_that_was_made_for_it(chromium, published):
    shown = "[...document.querySelectorAll('.wb-svg')].filter(x => x.checkVisibility())"
    box = f"{shown}.map(x => [x.classList[1], x.getBoundingClientRect().width])"
    for width, css in ((390, "wb-narrow"), (1366, "wb-wide")):
        with opened(chromium, published, "studies/demo/clv.html", width=width) as tab:
            ((name, wide),) = tab.evaluate(box)
            assert name == css
            assert wide <= width


ROWS = """
const body = document.querySelector('.wb-table-block tbody'), one = body.rows[0];
[["Z", "−CN¥2 million"], ["A", "–"], ["M", "CN¥1,500"], ["B", "CN¥1.2万"], ["C", "CN¥3 million"],
 ["D", "3"], ["E", "4"], ["F", "5"], ["G", "6"], ["H", "7"]].forEach(([name, value], at) => {
  const row = one.cloneNode(true);
  row.cells[0].textContent = name; row.cells[1].textContent = value; body.appendChild(row);
});
while (body.rows.length > 10) { body.deleteRow(0); }
"""
FIRST = "[...document.querySelectorAll('.wb-table-block tbody tr')].filter(x => !x.hidden)"


def test_a_table_sorts_by_what_its_cells_say_and_filters(chromium, published):
    # rows of every kind are there before the page's own script
    before = f"document.addEventListener('readystatechange', () => {{ {ROWS} }}, {{once: true}})"
    names = f"{FIRST}.map(x => x.cells[0].textContent).join('')"
    with opened(chromium, published, "studies/demo/clv.html", before=before) as tab:
        was = tab.evaluate(names)
        heads = tab.query_selector_all(".wb-table-block thead .wb-sort")
        heads[1].click()
        up = tab.evaluate(names)
        assert up == "ZDEFGHMBCA"  # what is no number stands last
        assert (
            tab.get_attribute(".wb-table-block thead th:nth-child(2)", "aria-sort") == "ascending"
        )
        heads[1].click()
        assert tab.evaluate(names) == "CBMHGFEDZA"
        heads[1].click()
        assert tab.evaluate(names) == was
        heads[0].click()
        assert tab.evaluate(names) == "ABCDEFGHMZ"
        tab.fill(".wb-table-block .wb-filter input", "million")
        assert tab.evaluate(names) == "CZ"
        assert tab.inner_text(".wb-table-block .wb-filter [role=status]") == "2 of 10"
        assert tab.said == []


@pytest.mark.parametrize(("page", "word"), [("index.html", "churn"), ("zh/index.html", "客户")])
def test_all_pages_can_be_searched_from_a_file(chromium, published, page, word):
    with opened(chromium, published, page) as tab:
        assert not any(
            "search/" in url for url in tab.asked
        )  # nothing is loaded before it is asked
        tab.fill(".wb-search input", word)
        tab.wait_for_selector(".wb-found a")
        links = tab.eval_on_selector_all(".wb-found a", "all => all.map(x => x.href)")
        assert links and all(link.startswith(published.as_uri()) for link in links)
        assert tab.inner_text(".wb-found [role=status]")
        tab.fill(".wb-search input", "zzzz")
        assert tab.locator(".wb-found a").count() == 0
        tab.keyboard.press("Escape")
        assert tab.locator(".wb-found").is_hidden()
        assert tab.said == []
