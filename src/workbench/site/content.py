"""Bring a rendered page's content to one form, whichever renderer made it.

Both renderers write Quarto's markup, each with its own turns. What is kept is the content:
headings in order, paragraphs, figures, tables, callouts, tabs, notes, code. What goes is
Bootstrap's furniture, scripts, and whatever would be fetched from elsewhere (maths becomes MathML).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import latex2mathml.converter
from bs4 import BeautifulSoup, Tag

from workbench.site.edition import ANALYSTS
from workbench.site.words import word

MOST_LETTERS = 9
"""Longest headline number, in characters, of which four fit beside one another."""

FEWEST_TO_STACK, MOST_TO_STACK = 3, 24
"""On a phone a table of so many columns, and no more rows, becomes a card a row."""

LONG = 90
"""Characters from which on a cell holds sentences and gets room for them."""

_HEADINGS = re.compile(r"^h[1-6]$")
_LANGUAGE_OF_CODE = re.compile(r"^(python|sql|r|bash|yaml|json|html|css|text)$")
_CALLOUTS = {
    "note": {"note", "注记", "说明"},
    "tip": {"tip", "提示"},
    "important": {"important", "重要"},
    "warning": {"warning", "警告"},
    "caution": {"caution", "注意", "小心"},
}
_LAST = (".wb-contents", ".wb-skipped", ".wb-provenance")
_STRIP = (
    "script, style, link, iframe, object, embed, form, #title-block-header, nav#TOC, #toc-title,"
    " .page-navigation, .code-copy-button, .anchorjs-link, .tabset-margin-container,"
    " .quarto-title-meta, .screen-reader-only, hr.footnotes-sep, a#quarto-back-to-top"
)


@dataclass
class Content:
    """A page's content in the house's form.

    Attributes
    ----------
    title, subtitle, description : str
        Plain text.
    kicker, dates, banner : str
        HTML of the masthead's parts; empty on written pages.
    kind : str
        Kind of a study's page (`workbench.site.blocks.masthead`); empty on written pages.
    body : Tag
        The rest.
    headings : list of (str, str)
        Ids and texts of the second-level headings, for the page's table of contents.
    """

    title: str
    subtitle: str
    description: str
    kicker: str
    dates: str
    banner: str
    body: Tag
    headings: list[tuple[str, str]] = field(default_factory=list)
    kind: str = ""


def read_content(soup: BeautifulSoup, language: str) -> Content | None:
    """Take the content out of a rendered page; nothing for a page that is no page (a redirect).

    Parameters
    ----------
    soup : BeautifulSoup
        The rendered page; it is used up.
    language : str
        The edition's language, for the words that the renderer left in English.
    """
    main = soup.select_one("main#quarto-document-content")
    if main is None:
        return None
    title, subtitle, description = (
        _text(main.select_one(f"#title-block-header {x}"))
        for x in (".title", ".subtitle", ".description")
    )
    meta = soup.find("meta", attrs={"name": "description"})
    if isinstance(meta, Tag) and meta.get("content"):
        description = str(meta["content"])
    found = main.select_one(".wb-masthead")
    kind = str(found.get("data-kind") or "") if found is not None else ""
    parts = _masthead(main)
    for node in main.select(_STRIP):
        node.decompose()
    _tables(soup, main, language)
    # Tables are most of a page's nodes: once in order they stand aside, which makes the rest quick.
    aside = [(box, soup.new_tag("template")) for box in main.select(".wb-table-wrap")]
    for box, place in aside:
        box.replace_with(place)
    _footnotes(soup, main, language)
    _sections(main)
    _maths(soup, main, language)
    _code(soup, main, language)
    _callouts(soup, main, language)
    _tabs(soup, main)
    _images(main)
    _plain_markup(main)
    _cards(main)
    for box, place in aside:
        place.replace_with(box)
    for selector in _LAST:
        for node in main.select(selector):
            main.append(node.extract())
    _analysts(soup, main)
    _heading_order(main)
    headings = [
        (str(node["id"]), _text(node))
        for node in main.find_all("h2")
        if node.get("id") and not node.find_parent(class_="wb-tabs")
    ]
    _anchors(soup, main, language)
    return Content(title, subtitle, description, *parts, main, headings, kind)


def _text(node: Tag | None) -> str:
    return " ".join(node.get_text(" ", strip=True).split()) if node is not None else ""


def _masthead(main: Tag) -> tuple[str, str, str]:
    found = main.select_one(".wb-masthead")
    if found is None:
        return "", "", ""
    parts = []
    for name in ("kicker", "dates", "banner"):
        part = found.select_one(f".wb-{name}")
        parts.append(str(part) if part is not None else "")
    found.decompose()
    return parts[0], parts[1], parts[2]


def _footnotes(soup: BeautifulSoup, main: Tag, language: str) -> None:
    notes = main.select_one("section.footnotes")
    if notes is not None:
        listed = notes.find("ol")
        notes.extract()
        made = soup.new_tag("section", attrs={"class": "wb-footnotes", "role": "doc-endnotes"})
        head = soup.new_tag("h2", attrs={"id": "notes"})
        head.string = word("footnotes", language)
        made.append(head)
        if listed is not None:
            made.append(listed)
        main.append(made)
    for empty in main.select("#quarto-appendix"):
        empty.decompose() if not empty.get_text(strip=True) else empty.unwrap()
    for ref in main.select("a[id^=fnref]"):
        outer = ref.find_parent("sup")
        if outer is not None:
            outer.unwrap()
        number = re.sub(r"\D", "", _text(ref))
        ref.clear()
        mark = soup.new_tag("sup")
        mark.string = number
        ref.append(mark)
        ref["role"] = "doc-noteref"
    for back in main.select(".footnote-backref, .footnote-back"):
        back["role"] = "doc-backlink"
        back["aria-label"] = "↩"


def _sections(main: Tag) -> None:
    """Put the ids on the headings and take the wrappers away."""
    for section in main.select("section"):
        if not any(re.match(r"level\d", x) for x in _classes(section)):
            continue
        head = section.find(_HEADINGS, recursive=False)
        if isinstance(head, Tag) and section.get("id"):
            head["id"] = section["id"]
        section.unwrap()


def _maths(soup: BeautifulSoup, main: Tag, language: str) -> None:
    for span in main.select("span.math"):
        tex = span.get_text().strip()
        display = "display" in _classes(span)
        tex = re.sub(r"^\\[(\[]|\\[)\]]$", "", tex).strip()
        markup = latex2mathml.converter.convert(tex, display="block" if display else "inline")
        maths = BeautifulSoup(markup, "html.parser").find("math")
        if isinstance(maths, Tag):
            span.replace_with(maths)
    for maths in main.find_all("math"):
        for source in maths.find_all("annotation"):
            source.decompose()
        for wrapper in maths.find_all("semantics"):
            wrapper.unwrap()
        if maths.get("display") == "block":
            box = soup.new_tag(
                "div", attrs={"class": "wb-maths", "tabindex": "0", "role": "region"}
            )
            box["aria-label"] = word("formula_scrolls", language)
            outer = maths.parent
            if isinstance(outer, Tag) and outer.name == "p" and _text(outer) == _text(maths):
                outer.replace_with(box)
            else:
                maths.replace_with(box)
            box.append(maths)


def _code(soup: BeautifulSoup, main: Tag, language: str) -> None:
    for pre in main.select("pre"):
        code = pre.find("code")
        if not isinstance(code, Tag):
            continue
        spoken = next((x for x in _classes(code) if _LANGUAGE_OF_CODE.match(x)), "")
        for anchor in code.find_all("a", attrs={"aria-hidden": True}):
            anchor.decompose()
        for line in code.find_all("span", id=True):
            line.unwrap()
        outer = pre.find_parent(class_="code-copy-outer-scaffold") or pre.find_parent(
            class_="sourceCode"
        )
        clean = soup.new_tag("pre", attrs={"tabindex": "0"})
        code.attrs = {"class": spoken} if spoken else {}
        clean.append(code.extract())
        if isinstance(outer, Tag):
            box = soup.new_tag("div", attrs={"class": "wb-source"})
            box.append(clean)
            outer.replace_with(box)
        else:
            pre.replace_with(clean)
    for cell in main.select("div.cell"):
        source = cell.select_one(".wb-source")
        printed = cell.select(".cell-output pre")
        if source is None and not printed:
            cell.unwrap()
            continue
        fold = soup.new_tag("details", attrs={"class": "wb-code"})
        label = soup.new_tag("summary")
        label.string = word("code", language)
        fold.append(label)
        for part in ([source] if source is not None else []) + list(printed):
            part.extract()
            if part in printed:
                part["class"] = "wb-printed"
            fold.append(part)
        cell.replace_with(fold)


def _callouts(soup: BeautifulSoup, main: Tag, language: str) -> None:
    for callout in main.select("div.callout"):
        kind = next(
            (x.removeprefix("callout-") for x in _classes(callout) if x[8:] in _CALLOUTS), "note"
        )
        title = _text(callout.select_one(".callout-title-container"))
        if not title or title.lower() in _CALLOUTS[kind]:
            title = word(kind, language)
        body = callout.select_one(".callout-body")
        made = soup.new_tag("div", attrs={"class": f"wb-callout wb-callout-{kind}", "role": "note"})
        head = soup.new_tag("p", attrs={"class": "wb-callout-title"})
        head.string = title
        made.append(head)
        for child in list(body.children) if body is not None else ():
            made.append(child.extract())
        callout.replace_with(made)


def _tabs(soup: BeautifulSoup, main: Tag) -> None:
    """Write tabs as titled panes one below the other; the page's script makes tabs of them."""
    for number, tabset in enumerate(main.select("div.panel-tabset"), start=1):
        names = [_text(x) for x in tabset.select("ul.nav-tabs .nav-link")]
        panes = tabset.select(".tab-content > .tab-pane")
        made = soup.new_tag("div", attrs={"class": "wb-tabs"})
        for at, (name, pane) in enumerate(zip(names, panes, strict=False), start=1):
            ident = f"tabs-{number}-{at}"
            section = soup.new_tag("section", attrs={"class": "wb-pane", "id": ident})
            head = soup.new_tag("p", attrs={"class": "wb-pane-title", "id": f"{ident}-title"})
            head.string = name
            section["aria-labelledby"] = f"{ident}-title"
            section.append(head)
            for child in list(pane.children):
                section.append(child.extract())
            made.append(section)
        tabset.replace_with(made)


def _tables(soup: BeautifulSoup, main: Tag, language: str) -> None:
    for table in main.find_all("table"):
        numeric: set[int] = set()
        heads = [_text(x) for x in table.select("thead tr:last-child > *")]
        body = table.select("tbody tr")
        plain = all(not x.get("colspan") for x in table.select("[colspan]"))
        stacks = len(heads) >= FEWEST_TO_STACK and len(body) <= MOST_TO_STACK and plain
        for row in table.find_all("tr"):
            row.attrs.pop("class", None)
            cells = row.find_all(["th", "td"], recursive=False)
            head = row.find_parent("thead") is not None
            for at, cell in enumerate(cells):
                style = str(cell.attrs.pop("style", "")).replace(" ", "")
                for name in [x for x in cell.attrs if x.startswith("data-")]:
                    del cell.attrs[name]
                if "text-align:right" in style:
                    numeric.add(at)
                if len(_text(cell)) > LONG:
                    cell["class"] = " ".join([*_classes(cell), "wb-told"])
                if at in numeric and "wb-num" not in _classes(cell):
                    cell["class"] = " ".join([*_classes(cell), "wb-num"])
                if cell.name == "th" and not cell.get("scope"):
                    cell["scope"] = "col" if head else "row"
                if stacks and not head and at and at < len(heads):
                    cell["data-label"] = heads[at]
        kept = [x for x in _classes(table) if x.startswith("wb-")] or ["wb-table"]
        table["class"] = " ".join([*kept, *(["wb-stacks"] if stacks else [])])
        for name in ("style", "data-quarto-table-cell-role", "border"):
            table.attrs.pop(name, None)
        outer = table.parent
        if isinstance(outer, Tag) and "sd-table" in _classes(outer):
            outer.unwrap()
        if table.find_parent(class_="wb-table-wrap") is None:
            caption = table.find("caption")
            label = _text(caption) if isinstance(caption, Tag) else ""
            box = soup.new_tag(
                "div", attrs={"class": "wb-table-wrap", "role": "region", "tabindex": "0"}
            )
            box["aria-label"] = label or word("table_scrolls", language)
            table.wrap(box)
    # Several regions of one name tell a listener nothing.
    seen: dict[str, int] = {}
    for box in main.select(".wb-table-wrap[aria-label]"):
        label = str(box["aria-label"])
        seen[label] = seen.get(label, 0) + 1
        if seen[label] > 1:
            box["aria-label"] = f"{label} ({seen[label]})"


def _cards(main: Tag) -> None:
    """Mark headline numbers that need more room than four in a row have."""
    for cards in main.select(".wb-headlines"):
        if any(len(_text(x)) > MOST_LETTERS for x in cards.select(".wb-card-value")):
            cards["class"] = " ".join([*_classes(cards), "wb-roomy"])


def _images(main: Tag) -> None:
    for image in main.find_all("img"):
        image.attrs.setdefault("alt", "")
        kept = [x for x in _classes(image) if x.startswith("wb-")]
        image["class"] = " ".join(kept) or "wb-raster"
    for figure in main.select("div.quarto-figure"):
        figure.unwrap()


def _plain_markup(main: Tag) -> None:
    """Drop the classes and attributes that only Bootstrap or the renderer's scripts would read."""
    for node in main.find_all(True):
        if node.name in ("math", "svg") or node.find_parent(["math", "svg", "code"]):
            continue
        for name in [x for x in node.attrs if x.startswith(("data-bs-", "data-anchor", "on"))]:
            del node.attrs[name]
        kept = [x for x in _classes(node) if x.startswith("wb-") or node.name == "code"]
        if kept:
            node["class"] = " ".join(kept)
        else:
            node.attrs.pop("class", None)
    for wrapper in main.select("div:not([class]):not([id])"):
        if wrapper.find_parent("dl") is None:
            wrapper.unwrap()


def _heading_order(main: Tag) -> None:
    """Begin at the second level (the title is the first) and never skip one on the way down."""
    last, used = 1, set()
    for head in main.find_all(_HEADINGS):
        level = min(max(int(head.name[1]), 2), last + 1)
        head.name = f"h{level}"
        last = level
        ident = str(head.get("id") or _slug(_text(head)))
        unique, number = ident, 2
        while unique in used:
            unique, number = f"{ident}-{number}", number + 1
        used.add(unique)
        head["id"] = unique


def _analysts(soup: BeautifulSoup, main: Tag) -> None:
    """Fold what analysts look for: the section of that name, up to the page's own parts."""
    head = main.find("h2", id=ANALYSTS)
    if not isinstance(head, Tag):
        return
    fold = soup.new_tag("details", attrs={"class": "wb-analysts"})
    summary = soup.new_tag("summary")
    inside = []
    for node in head.find_next_siblings():
        if any(f".{name}" in _LAST for name in _classes(node)) or "wb-footnotes" in _classes(node):
            break
        inside.append(node)
    head.replace_with(fold)
    summary.append(head)
    fold.append(summary)
    for node in inside:
        fold.append(node.extract())
        for inner in [node, *node.find_all(_HEADINGS)]:
            if _HEADINGS.match(inner.name or ""):
                inner.name = f"h{min(int(inner.name[1]) + 1, 6)}"


def _anchors(soup: BeautifulSoup, main: Tag, language: str) -> None:
    """Give each section a link to itself, so that it can be passed on."""
    for head in main.find_all(["h2", "h3"]):
        if head.find_parent(class_="wb-provenance") or head.find("a"):
            continue
        link = soup.new_tag("a", attrs={"class": "wb-anchor", "href": f"#{head['id']}"})
        link["aria-label"] = word("section_link", language)
        outer = head.find_parent("summary")
        if outer is None:  # within a summary it would open and close the fold
            head.append(link)


def _slug(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "section"


def _classes(node: Tag) -> list[str]:
    value: Any = node.get("class") or []
    return value.split() if isinstance(value, str) else [str(x) for x in value]
