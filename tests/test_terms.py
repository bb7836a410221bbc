"""What pages say keeps to the terms of the house: words that mislead or that no manager says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
CATALOGS = sorted((ROOT / "src/workbench/languages/locale/zh/LC_MESSAGES").glob("*.po"))
PAGES = sorted((ROOT / "notebooks").glob("*.ipynb"))
WRITTEN = [*sorted((ROOT / "reports").glob("*.qmd")), *sorted((ROOT / "reports/zh").glob("*.qmd"))]
#: A statistical promise in a word of everyday speech, or the house's own dialect.
ENGLISH = re.compile(
    r"\b(surely|beyond (?:a )?doubt|shown to work|fell silent|falls? silent|gone quiet|goes most"
    r" with|suggest themselves|before they are gone|least kind|already there|emptiest|believes?"
    r"|came forward|leading goal|glance at before|would have said"
    r"|the right way|the wrong way|that the model put first|inner maximum"
    r"|pile up|are worth \{|Chance of the target|lower the target|raise the target)\b",
    re.IGNORECASE,
)
#: Translated word by word, clinical, unkind, or a second word for one thing.
CHINESE = re.compile(
    "受试|举措|沉寂|沉默|可以确定|已证实|超出偶然|偶然波动|贬损者|被动者|台账|签约客户|买家"
    "|客户终身价值|必须挽留|即将沉睡|一成客户|朝预期方向|朝相反方向|对策|最近度|在约合约|向均值回归"
)
#: Messages that experts read, not managers.
LEFT = {"the scores can be relied on"}


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
