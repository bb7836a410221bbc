"""Whatever a card says, its pages stand, or are withheld alone: two hundred to a staged page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt

from tests.site.conftest import REPO, add_run, step
from workbench.site import publish
from workbench.site.staging.literal import literal
from workbench.study import StudyError, read_card

#: What harmed a page before, or might: marks of every language on the way.
SCRAPS = st.sampled_from([
    "**NEVER**", "{{<", "{{< include /etc/passwd >}}", "\\(^o^)/", "$x$",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "](javascript:alert(1))", "[a](http://x.y/z)", "::: {.callout}",
    "---", "# heading", "| a | b |", "`r 1`", "```{python}", "&lt;b&gt;", "<!--", "]]>", "{=html}",
    "li.wei@example.com", "138 1234 5678", "110101199003070038", "%s %d {n}", "\\newpage", "\u202e",
    "\u200b", "'\";--", "@fig-x", "[^1]", "^[note]", "~~x~~", "小店", "\ttab", "a\nb", "  ", "💡",
])  # fmt: skip
PLAIN = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
TEXTS = st.lists(
    st.one_of(SCRAPS, st.text(PLAIN, max_size=12)),
    min_size=1, max_size=4,
).map(" ".join)  # fmt: skip
STUDIES = 20
SETTINGS: dict[str, Any] = {
    "deadline": None, "suppress_health_check": list(HealthCheck), "database": None,
    "phases": (Phase.explicit, Phase.generate),
}  # fmt: skip


def project(root: Path, said: list[tuple[str, str, str]]) -> list[str]:
    """Write a project with a study for each text that a card may hold; give their names."""
    if root.exists():
        shutil.rmtree(root)
    root.mkdir()
    for path in REPO.glob("_quarto*.yml"):
        shutil.copy(path, root / path.name)
    skip = shutil.ignore_patterns("studies", ".studies*", "*_studies.html*")
    shutil.copytree(REPO / "reports", root / "reports", ignore=skip)
    names = []
    for i, (title, description, origin) in enumerate(said):
        folder = root / "data" / f"s{i:02d}"
        folder.mkdir(parents=True)
        card = {
            "title": title, "description": description, "origin": origin, "languages": ["en"],
            "tables": {"transactions": {"path": "transactions.csv"}},
        }  # fmt: skip
        text = yaml.safe_dump(card, allow_unicode=True) + "as_of: 2025-12-31\n"
        (folder / "study.yml").write_text(text, encoding="utf-8")
        try:
            read_card(folder / "study.yml")
        except StudyError:
            shutil.rmtree(folder)
            continue
        run = f"20260101T060000Z-{i:06x}"
        add_run(root, folder.name, run, [step("segmentation")], {"segmentation": "question"})
        names.append(folder.name)
    return names


def hold(root: Path, said: list[tuple[str, str, str]]) -> None:
    names = project(root, said)
    if not names:
        return
    made = publish(root, renderer="embedded")
    for name in names:
        for page in ("index.html", "segmentation.html"):
            path = root / "_site/studies" / name / page
            told = html.fromstring(path.read_text(encoding="utf-8"))
            scripts = [s.get("src") or "" for s in told.xpath("//script")]
            assert all("theme/" in src or "search/" in src for src in scripts if src)
            assert not told.xpath("//@onerror | //@onclick")
            assert not [h for h in told.xpath("//@href") if h.strip().lower().startswith("javascr")]
            text = " ".join(told.itertext())
            for secret in ("li.wei@example.com", "138 1234 5678", "110101199003070038"):
                assert secret not in text
            assert "root:x:" not in text
            withheld = bool(told.xpath("//*[contains(@class, 'wb-withheld')]"))
            if withheld:
                assert any(f"{name}: " in warning for warning in made.warnings)


@settings(max_examples=1, **SETTINGS)
@given(said=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=2, max_size=2))
def test_whatever_a_card_says_its_pages_stand(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, str, str]]
) -> None:
    hold(tmp_path_factory.getbasetemp() / "few", said)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=200 // STUDIES, **SETTINGS)
@given(said=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=STUDIES, max_size=STUDIES))
def test_two_hundred_cards_reach_a_staged_page(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, str, str]]
) -> None:
    hold(tmp_path_factory.getbasetemp() / "many", said)


def test_a_text_of_two_lines_does_not_stop_the_publication(tmp_path: Path) -> None:
    """The front page shows it as it is: it blocked every study's pages before."""
    hold(tmp_path / "one", [("Shop", "a\nb {{< include /etc/passwd >}}", "**NEVER**\n{{<")])
    front = html.fromstring((tmp_path / "one/_site/index.html").read_text(encoding="utf-8"))
    assert "b {{< include /etc/passwd >}}" in front.text_content()


#: The four texts that once blocked all pages, and others made of what renderers heed.
HARMFUL = (
    "**NEVER**", "{{<", "\\(^o^)/", "insights@example.org",
    "::: {.callout-note} x :::", "`<b>x</b>`{=html}", "[x](javascript:alert(1)){onclick=alert(1)}",
    "$\\input{/etc/passwd}$", "{{< env HOME >}} {{% x %}}",
)  # fmt: skip


def test_the_texts_that_blocked_all_pages_harm_none(tmp_path: Path) -> None:
    """As title, description and origin, of a study each, beside one with nothing wrong."""
    root = tmp_path / "all"
    names = project(root, [("Shop", "A shop.", "till"), *((text, text, text) for text in HARMFUL)])
    assert len(names) == 1 + len(HARMFUL)
    made = publish(root, renderer="embedded")
    front = html.fromstring((root / "_site/index.html").read_text(encoding="utf-8")).text_content()
    for name, text in zip(names, ("Shop", *HARMFUL), strict=True):
        page = root / "_site/studies" / name / "index.html"
        told = html.fromstring(page.read_text(encoding="utf-8"))
        person = "@" in text  # shown as somebody's address, unless the card says `contact`
        assert told.findtext(".//h1") == ("[…]" if person else text)
        assert (text in front) is not person
        (below,) = told.xpath("//p[@class='wb-question']")
        assert below.text == ("A shop." if text == "Shop" else "[…]" if person else text)
        assert not told.xpath("//@onclick | //main//b")
    (said,) = {
        warning.partition("study.yml, ")[2] for warning in made.warnings if "title" in warning
    }
    assert said.startswith("title.en: insights@example.org looks like a person's address")
    assert not [warning for warning in made.warnings if "withheld" in warning]


@pytest.mark.parametrize("text", HARMFUL)
def test_what_both_renderers_read_of_a_title_is_the_text(text: str) -> None:
    """Their sources escape it: read as Markdown it is one text without markup, code or formula."""
    (block,) = MarkdownIt("commonmark").parseInline(literal(text))
    assert {part.type for part in block.children or ()} <= {"text", "text_special"}
    assert "".join(part.content for part in block.children or ()) == text
    for mark in ("{{<", "{{%", "$", ":::", "[x](", "`"):  # what Quarto adds to Markdown
        assert not re.search(rf"(?<!\\){re.escape(mark)}", literal(text))
