"""A small study with a survey: two dimensions of three items, in two languages."""

from __future__ import annotations

from pathlib import Path

from workbench.study import Study, read_card

CARD = """\
title: {en: Tram, zh: 电车}
languages: [en, zh]
as_of: 2026-06-30
contact: {en: survey@tram.example, zh: survey@tram.example}
tables:
  survey: {path: survey.csv}
survey:
  scale: [1, 5]
  items:
    "01": {en: Trams are clean, zh: 车厢干净}
    "02": {en: Stops are lit, zh: 站台明亮}
    "03": {en: "Seats <soft> & {whole} are there", zh: 有座位}
    "11": {en: Trams come on time, zh: 准点}
    "12": {en: Delays are announced, zh: 晚点有通知}
    "13": {en: Drivers never help, zh: 司机从不帮忙}
  dimensions:
    comfort: ["01", "02", "03"]
    service: ["11", "12", "13"]
  reversed: ["13"]
  weights:
    margins: {line: {A: 0.6, B: 0.4}}
instrument:
  ask:
    line: {question: {en: "Your line?", zh: 您乘坐哪条线路？}, answers: {A: A, B: B}}
  kano: ["02", "11"]
"""


def card(folder: Path, *changes: tuple[str, str], more: str = "") -> Study:
    """Write the card with some texts exchanged, and read it."""
    text = CARD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yml").write_text(text + more, encoding="utf-8")
    return read_card(folder / "study.yml")
