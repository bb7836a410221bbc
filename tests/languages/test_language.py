"""Names from the data that are made of several known ones are said part by part."""

from __future__ import annotations

from workbench.languages import Language

WORDS = {"North": "北区", "South": "南区", "Loyal": "忠诚客户"}


def test_names_of_several_are_said_part_by_part() -> None:
    zh = Language("zh", words=WORDS)
    assert zh.name("North → South") == "北区 → 南区"
    assert zh.name("North · Loyal") == "北区 · 忠诚客户"
    assert zh.name("North, South") == "北区、南区"
    assert Language("en").name("North, South") == "North, South"
    assert zh.missing == [] and zh.names == []


def test_a_text_with_commas_is_no_list_of_names() -> None:
    zh = Language("zh", words=WORDS)
    assert zh.name("North, far away") == "North, far away"
    assert zh.names == ["North, far away"]
