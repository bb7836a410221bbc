"""Bring a rendered page's content to one form, whichever renderer made it.

Both renderers write Quarto's markup, each with its own turns. What is kept is the content:
headings in order, paragraphs, figures, tables, callouts, tabs, notes, code. What goes is
Bootstrap's furniture, scripts, and whatever would be fetched from elsewhere (maths becomes MathML).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import latex2mathml.converter
from lxml.html import HtmlElement

from workbench.site.markup import (
    HEADINGS,
    around,
    classes,
    element,
    first,
    fragment,
    headings,
    is_heading,
    of_class,
    pour,
    replace,
    said,
    taken,
    wrap,
    written,
)
from workbench.site.staging.edition import ANALYSTS
from workbench.site.words import word

MOST_LETTERS = 9
"""Longest headline number, in characters, of which four fit beside one another."""

FEWEST_TO_STACK, MOST_TO_STACK = 3, 24
"""On a phone a table of so many columns, and no more rows, becomes a card a row."""

LONG = 90
"""Characters from which on a cell holds sentences and gets room for them."""

_LANGUAGE_OF_CODE = re.compile(r"^(python|sql|r|bash|yaml|json|html|css|text)$")
_CALLOUTS = {
    "note": {"note", "注记", "说明"},
    "tip": {"tip", "提示"},
    "important": {"important", "重要"},
    "warning": {"warning", "警告"},
    "caution": {"caution", "注意", "小心"},
}
_LAST = ("wb-contents", "wb-skipped", "wb-provenance")
_STRIP_TAGS = ("script", "style", "link", "iframe", "object", "embed", "form")
_STRIP_IDS = {"title-block-header", "TOC", "toc-title", "quarto-back-to-top"}
_STRIP_CLASSES = {
    "page-navigation",
    "code-copy-button",
    "anchorjs-link",
    "tabset-margin-container",
    "quarto-title-meta",
    "screen-reader-only",
    "footnotes-sep",
}


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
        Kind of a study's page (`workbench.site.staging.blocks.masthead`); empty on written pages.
    body : HtmlElement
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
    body: HtmlElement
    headings: list[tuple[str, str]] = field(default_factory=list)
    kind: str = ""


def read_content(page: HtmlElement, language: str) -> Content | None:
    """Take the content out of a rendered page; nothing for a page that is no page (a redirect).

    Parameters
    ----------
    page : HtmlElement
        The rendered page; it is used up.
    language : str
        The edition's language, for the words that the renderer left in English.
    """
    main = next((x for x in page.iter("main") if x.get("id") == "quarto-document-content"), None)
    if main is None:
        return None
    block = next(iter(main.xpath(".//*[@id='title-block-header']")), None)
    title, subtitle, description = (
        said(first(block, x)) if block is not None else ""
        for x in ("title", "subtitle", "description")
    )
    for meta in page.iter("meta"):
        if meta.get("name") == "description":
            description = str(meta.get("content") or "") or description
            break
    found = first(main, "wb-masthead")
    kind = str(found.get("data-kind") or "") if found is not None else ""
    if found is not None:
        subtitle = str(found.get("data-subtitle") or "")
        description = str(found.get("data-description") or "") or description
    parts = _masthead(main)
    _strip(main)
    _tables(main, language)
    # Tables are most of a page's nodes: once in order they stand aside, and keep what they are.
    aside = [(box, element("template")) for box in of_class(main, "wb-table-wrap")]
    for box, place in aside:
        replace(box, place)
    _footnotes(main, language)
    _sections(main)
    _maths(main, language)
    _code(main, language)
    _callouts(main, language)
    _tabs(main)
    _images(main)
    _plain_markup(main)
    _cards(main)
    for box, place in aside:
        replace(place, box)
    for name in _LAST:
        for node in of_class(main, name):
            main.append(taken(node))
    _analysts(main)
    _heading_order(main)
    listed = [
        (str(node.get("id")), said(node))
        for node in main.iter("h2")
        if node.get("id") and around(node, "wb-tabs") is None
    ]
    _anchors(main, language)
    return Content(title, subtitle, description, *parts, main, listed, kind)


def _strip(main: HtmlElement) -> None:
    """Take the renderer's furniture away."""
    gone = [
        node
        for node in main.iterdescendants()
        if node.tag in _STRIP_TAGS
        or node.get("id") in _STRIP_IDS
        or not _STRIP_CLASSES.isdisjoint(classes(node))
    ]
    for node in gone:
        if node.getparent() is not None:
            node.drop_tree()


def _masthead(main: HtmlElement) -> tuple[str, str, str]:
    found = first(main, "wb-masthead")
    if found is None:
        return "", "", ""
    made = []
    for name in ("kicker", "dates", "banner"):
        part = first(found, f"wb-{name}")
        made.append(written(part) if part is not None else "")
    found.drop_tree()
    return made[0], made[1], made[2]


def _footnotes(main: HtmlElement, language: str) -> None:
    notes = first(main, "footnotes", tag="section")
    if notes is not None:
        listed = next(notes.iter("ol"), None)
        taken(notes)
        made = element("section", {"class": "wb-footnotes", "role": "doc-endnotes"})
        made.append(element("h2", {"id": "notes"}, word("footnotes", language)))
        if listed is not None:
            made.append(taken(listed))
        main.append(made)
    for empty in main.xpath(".//*[@id='quarto-appendix']"):
        empty.drop_tag() if said(empty) else empty.drop_tree()
    for ref in main.xpath(".//a[starts-with(@id, 'fnref')]"):
        outer = next(ref.iterancestors("sup"), None)
        if outer is not None:
            outer.drop_tag()
        number = re.sub(r"\D", "", said(ref))
        del ref[:]
        ref.text = None
        ref.append(element("sup", text=number))
        ref.set("role", "doc-noteref")
    for back in of_class(main, "footnote-backref", "footnote-back"):
        back.set("role", "doc-backlink")
        back.set("aria-label", "↩")


def _sections(main: HtmlElement) -> None:
    """Put the ids on the headings and take the wrappers away."""
    for section in list(main.iterdescendants("section")):
        if not any(re.match(r"level\d", x) for x in classes(section)):
            continue
        head = next(section.iterchildren(*HEADINGS), None)
        if head is not None and section.get("id"):
            head.set("id", section.get("id"))
        section.drop_tag()


def _maths(main: HtmlElement, language: str) -> None:
    for span in of_class(main, "math", tag="span"):
        tex = span.text_content().strip()
        display = "display" in classes(span)
        tex = re.sub(r"^\\[(\[]|\\[)\]]$", "", tex).strip()
        markup = latex2mathml.converter.convert(tex, display="block" if display else "inline")
        maths = next(fragment(markup).iter("math"), None)
        if maths is not None:
            replace(span, maths)
    for maths in list(main.iterdescendants("math")):
        for source in list(maths.iter("annotation")):
            source.drop_tree()
        for wrapper in list(maths.iter("semantics")):
            wrapper.drop_tag()
        if maths.get("display") == "block":
            name = word("formula_scrolls", language)
            about = {"class": "wb-maths", "tabindex": "0", "role": "region", "aria-label": name}
            outer = maths.getparent()
            alone = outer.tag == "p" and said(outer) == said(maths)
            wrap(maths, box := element("div", about))
            if alone:
                replace(outer, taken(box))


def _code(main: HtmlElement, language: str) -> None:
    for pre in list(main.iterdescendants("pre")):
        code = next(pre.iter("code"), None)
        if code is None:
            continue
        spoken = next((x for x in classes(code) if _LANGUAGE_OF_CODE.match(x)), "")
        for anchor in code.xpath(".//a[@aria-hidden]"):
            anchor.drop_tree()
        for line in code.xpath(".//span[@id]"):
            line.drop_tag()
        outer = around(pre, "code-copy-outer-scaffold")
        outer = outer if outer is not None else around(pre, "sourceCode")
        clean = element("pre", {"tabindex": "0"})
        code.attrib.clear()
        if spoken:
            code.set("class", spoken)
        clean.append(taken(code))
        if outer is not None:
            box = element("div", {"class": "wb-source"})
            box.append(clean)
            replace(outer, box)
        else:
            replace(pre, clean)
    for cell in of_class(main, "cell", tag="div"):
        source = first(cell, "wb-source")
        printed = [x for out in of_class(cell, "cell-output") for x in out.iterdescendants("pre")]
        if source is None and not printed:
            cell.drop_tag()
            continue
        fold = element("details", {"class": "wb-code"})
        fold.append(element("summary", text=word("code", language)))
        if source is not None:
            fold.append(taken(source))
        for part in dict.fromkeys(printed):
            part.set("class", "wb-printed")
            fold.append(taken(part))
        replace(cell, fold)


def _callouts(main: HtmlElement, language: str) -> None:
    for callout in of_class(main, "callout", tag="div"):
        kind = next(
            (x.removeprefix("callout-") for x in classes(callout) if x[8:] in _CALLOUTS), "note"
        )
        title = said(first(callout, "callout-title-container"))
        if not title or title.lower() in _CALLOUTS[kind]:
            title = word(kind, language)
        body = first(callout, "callout-body")
        made = element("div", {"class": f"wb-callout wb-callout-{kind}", "role": "note"})
        made.append(element("p", {"class": "wb-callout-title"}, title))
        if body is not None:
            pour(body, made)
        replace(callout, made)


def _tabs(main: HtmlElement) -> None:
    """Write tabs as titled panes one below the other; the page's script makes tabs of them."""
    for number, tabset in enumerate(of_class(main, "panel-tabset", tag="div"), start=1):
        tabs = of_class(tabset, "nav-tabs", tag="ul")
        names = [said(x) for tab in tabs for x in of_class(tab, "nav-link")]
        content = of_class(tabset, "tab-content")
        panes = [x for each in content for x in each if "tab-pane" in classes(x)]
        made = element("div", {"class": "wb-tabs"})
        for at, (name, pane) in enumerate(zip(names, panes, strict=False), start=1):
            ident = f"tabs-{number}-{at}"
            about = {"class": "wb-pane", "id": ident, "aria-labelledby": f"{ident}-title"}
            section = element("section", about)
            title = {"class": "wb-pane-title", "id": f"{ident}-title"}
            section.append(element("p", title, name))
            pour(pane, section)
            made.append(section)
        replace(tabset, made)


def _tables(main: HtmlElement, language: str) -> None:
    for table in list(main.iterdescendants("table")):
        numeric: set[int] = set()
        heads = [said(x) for x in table.xpath(".//thead//tr[not(following-sibling::*)]/*")]
        body = table.xpath(".//tbody//tr")
        plain = not any(x.get("colspan") for x in table.iterdescendants())
        stacks = len(heads) >= FEWEST_TO_STACK and len(body) <= MOST_TO_STACK and plain
        for row in table.iterdescendants("tr"):
            row.attrib.pop("class", None)
            head = next(row.iterancestors("thead"), None) is not None
            for at, cell in enumerate(row.iterchildren("th", "td")):
                _cell(cell, at, numeric, head)
                if stacks and not head and at and at < len(heads):
                    cell.set("data-label", heads[at])
        kept = [x for x in classes(table) if x.startswith("wb-")] or ["wb-table"]
        table.set("class", " ".join([*kept, *(["wb-stacks"] if stacks else [])]))
        for name in ("style", "data-quarto-table-cell-role", "border"):
            table.attrib.pop(name, None)
        outer = table.getparent()
        if "sd-table" in classes(outer):
            outer.drop_tag()
        if around(table, "wb-table-wrap") is None:
            label = said(next(table.iter("caption"), None)) or word("table_scrolls", language)
            about = {"class": "wb-table-wrap", "role": "region", "tabindex": "0"}
            wrap(table, element("div", {**about, "aria-label": label}))
    # Several regions of one name tell a listener nothing.
    seen: dict[str, int] = {}
    for box in of_class(main, "wb-table-wrap"):
        if label := box.get("aria-label"):
            seen[label] = seen.get(label, 0) + 1
            if seen[label] > 1:
                box.set("aria-label", f"{label} ({seen[label]})")


def _cell(cell: HtmlElement, at: int, numeric: set[int], head: bool) -> None:
    style = str(cell.attrib.pop("style", "")).replace(" ", "")
    for name in [x for x in cell.attrib if x.startswith("data-")]:
        del cell.attrib[name]
    if "text-align:right" in style:
        numeric.add(at)
    named = classes(cell)
    if len(said(cell)) > LONG:
        named.append("wb-told")
    if at in numeric and "wb-num" not in named:
        named.append("wb-num")
    if named:
        cell.set("class", " ".join(named))
    if cell.tag == "th" and not cell.get("scope"):
        cell.set("scope", "col" if head else "row")


def _cards(main: HtmlElement) -> None:
    """Mark headline numbers that need more room than four in a row have."""
    for cards in of_class(main, "wb-headlines"):
        if any(len(said(x)) > MOST_LETTERS for x in of_class(cards, "wb-card-value")):
            cards.set("class", " ".join([*classes(cards), "wb-roomy"]))


def _images(main: HtmlElement) -> None:
    for image in main.iterdescendants("img"):
        if image.get("alt") is None:
            image.set("alt", "")
        kept = [x for x in classes(image) if x.startswith("wb-")]
        image.set("class", " ".join(kept) or "wb-raster")
    for figure in of_class(main, "quarto-figure", tag="div"):
        figure.drop_tag()


def _plain_markup(main: HtmlElement) -> None:
    """Drop the classes and attributes that only Bootstrap or the renderer's scripts would read."""
    apart = {x for each in main.iter("math", "svg", "code") for x in each.iterdescendants()}
    for node in main.iterdescendants():
        if node.tag in ("math", "svg") or node in apart:
            continue
        for name in [x for x in node.attrib if x.startswith(("data-bs-", "data-anchor", "on"))]:
            del node.attrib[name]
        kept = [x for x in classes(node) if x.startswith("wb-") or node.tag == "code"]
        if kept:
            node.set("class", " ".join(kept))
        else:
            node.attrib.pop("class", None)
    for wrapper in main.xpath(".//div[not(@class) and not(@id)]"):
        if next(wrapper.iterancestors("dl"), None) is None:
            wrapper.drop_tag()


def _heading_order(main: HtmlElement) -> None:
    """Begin at the second level (the title is the first) and never skip one on the way down."""
    last, used = 1, set()
    for head in list(headings(main)):
        level = min(max(int(head.tag[1]), 2), last + 1)
        head.tag = f"h{level}"
        last = level
        ident = str(head.get("id") or _slug(said(head)))
        unique, number = ident, 2
        while unique in used:
            unique, number = f"{ident}-{number}", number + 1
        used.add(unique)
        head.set("id", unique)


def _analysts(main: HtmlElement) -> None:
    """Fold what analysts look for: the section of that name, up to the page's own parts."""
    head = next((x for x in main.iter("h2") if x.get("id") == ANALYSTS), None)
    if head is None:
        return
    fold = element("details", {"class": "wb-analysts"})
    summary = element("summary")
    inside = []
    for node in head.itersiblings():
        if not {*_LAST, "wb-footnotes"}.isdisjoint(classes(node)):
            break
        inside.append(node)
    replace(head, fold)
    summary.append(head)
    fold.append(summary)
    for node in inside:
        fold.append(node)
        for inner in [x for x in node.iter(*HEADINGS) if is_heading(x)]:
            inner.tag = f"h{min(int(inner.tag[1]) + 1, 6)}"


def _anchors(main: HtmlElement, language: str) -> None:
    """Give each section a link to itself, so that it can be passed on."""
    for head in list(main.iter("h2", "h3")):
        outside = around(head, "wb-provenance") is None and next(head.iter("a"), None) is None
        # within a summary it would open and close the fold
        if outside and next(head.iterancestors("summary"), None) is None:
            about = {"class": "wb-anchor", "href": f"#{head.get('id')}"}
            head.append(element("a", {**about, "aria-label": word("section_link", language)}))


def _slug(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "section"
