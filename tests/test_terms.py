"""What pages say keeps to the terms of the house: words that mislead or that no manager says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
TERMS = yaml.safe_load((ROOT / "tests/terms.yml").read_text(encoding="utf-8"))
CATALOGS = sorted((ROOT / "src/workbench/languages/locale/zh/LC_MESSAGES").glob("*.po"))
PAGES = sorted((ROOT / "notebooks").glob("*.ipynb"))
WRITTEN = [*sorted((ROOT / "reports").glob("*.qmd")), *sorted((ROOT / "reports/zh").glob("*.qmd"))]
#: Of no one term: riddles, and words that no manager says.
RIDDLES = [
    r"\bsuggest themselves\b", r"\bbefore they are gone\b", r"\bleast kind\b", r"\bbefell\b(?!})",
    r"\b[Ww]hoever\b", r"\bhangs? (most )?on\b", r"\bcounts as alive\b", r"and what came\b",
]  # fmt: skip
CALQUES = ["一成客户", "朝预期方向", "朝相反方向"]
ENGLISH = re.compile("|".join([*RIDDLES, *(x for t in TERMS for x in t.get("never", ()))]))
CHINESE = re.compile("|".join([*CALQUES, *(x for t in TERMS for x in t.get("never_chinese", ()))]))
#: Messages that experts read, not managers.
LEFT = {"the scores can be relied on"}


def test_a_term_has_a_word_in_either_language_and_stands_once() -> None:
    assert len(TERMS) >= 170
    assert all(term["term"] and term["chinese"] for term in TERMS)
    names = [term["term"] for term in TERMS]
    assert len(names) == len(set(names))
    # nothing is forbidden that the list itself asks for
    words = [part for t in TERMS for part in re.split("[；／]", t["chinese"])]
    assert [x for x in words if CHINESE.search(x)] == []


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda path: path.stem)
def test_no_message_says_what_misleads(catalog: Path) -> None:
    with catalog.open("rb") as file:
        messages = [each for each in read_po(file) if each.id and each.id not in LEFT]
    assert messages
    assert [m.id for m in messages if ENGLISH.search(str(m.id))] == []
    assert [m.string for m in messages if CHINESE.search(str(m.string))] == []


@pytest.mark.parametrize(
    "page", [*PAGES, *WRITTEN], ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_no_page_says_what_misleads(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
    found = [text[max(0, m.start() - 30) : m.end() + 20] for m in CHINESE.finditer(text)]
    found += [text[max(0, m.start() - 30) : m.end() + 20] for m in ENGLISH.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (ENGLISH, "Every tier surely yields more than it costs"),
        (ENGLISH, "30% of the active buyers fell silent"),
        (CHINESE, "受试客户的在网天数"),
        (CHINESE, "活跃买家陷入沉默"),
    ],
)
def test_the_words_are_found(pattern: re.Pattern[str], said: str) -> None:
    assert pattern.search(said)
