"""What may be quoted: identifiers planted in sentences are not shown, ordinary sentences are."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.privacy.planted import Count, count
from workbench.privacy.identifiers import find, replaced
from workbench.privacy.quotation import quotable

ROOT = Path(__file__).resolve().parents[2]


def _share_found(table: dict[tuple[str, str], Count]) -> tuple[float, dict[str, float]]:
    kinds: dict[str, list[Count]] = {}
    for (kind, _), row in table.items():
        kinds.setdefault(kind, []).append(row)
    missed = {k: sum(r.missed for r in rows) for k, rows in kinds.items()}
    planted = {k: sum(r.planted for r in rows) for k, rows in kinds.items()}
    pooled = 1 - sum(missed.values()) / sum(planted.values())
    return pooled, {k: 1 - missed[k] / planted[k] for k in kinds}


def test_a_tenth_of_the_planted_identifiers_is_found() -> None:
    table, _ = count(5, 1, quotable)
    pooled, kinds = _share_found(table)
    assert pooled >= 0.96 and len(kinds) >= 30
    assert min(kinds.values()) >= 0.7


@pytest.mark.slow
@pytest.mark.parametrize("part", ["held out", "second", "third", "fourth", "fifth", "sixth"])
def test_planted_identifiers_are_found(part: str) -> None:
    table, _ = count(50, 20251231, quotable, part=part)
    pooled, kinds = _share_found(table)
    assert pooled >= 0.98
    assert min(kinds.values()) >= 0.90, {k: v for k, v in kinds.items() if v < 0.9}
    each = {k: 1 - row.missed / row.planted for k, row in table.items()}  # in each language, too
    assert min(each.values()) >= 0.90, {k: v for k, v in each.items() if v < 0.9}


def _not_quoted(texts: pd.Series, ends: str) -> float:
    clauses = [c for text in texts for c in re.split(ends, text) if len(c) > 3]
    return sum(quotable(c) is None for c in clauses) / len(clauses)


ENDS = (r"[。！？!?;\n]+|\.(?=\s|$)", r"[。！？!?；;\n]+|[~～]+")


def test_most_of_what_names_nobody_can_be_quoted() -> None:
    survey = pd.read_csv(ROOT / "data/harbour/survey.csv", usecols=["comment"])
    said = survey["comment"].dropna().drop_duplicates().sample(120, random_state=1)
    assert _not_quoted(said, ENDS[0]) <= 0.10
    reviews = pd.read_csv(ROOT / "tests/data_files/asap_reviews/reviews.csv")["reviewbody"]
    # of five hundred clauses: the bound of .25 and two of its errors
    assert _not_quoted(reviews.head(60), ENDS[1]) <= 0.25 + 2 * (0.25 * 0.75 / 500) ** 0.5


@pytest.mark.slow
def test_of_real_reviews_three_in_four_clauses_can_be_quoted() -> None:
    reviews = pd.read_csv(ROOT / "tests/data_files/asap_reviews/reviews.csv")["reviewbody"]
    assert _not_quoted(reviews, ENDS[1]) <= 0.25


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "The bill is clear and the shop is friendly",
            "The bill is clear and the shop is friendly",
        ),
        ("My zorblat never works at home", "My […] never works at home"),
        ("zorblat frumpix gnarlo quibbet", None),
        ("5G is fast and 20GB is enough", "5G is fast and 20GB is enough"),
        ("I paid 12 euros, 30% more than in 2023", "I paid 12 euros, 30% more than in 2023"),
        ("欧阳震华态度很好", None),
        ("李铁柱上门很快", None),
        ("套餐很划算，信号也好", "套餐很划算，信号也好"),
        ("客服等了二十分钟才接", "客服等了二十分钟才接"),
        ("I spoke to anna and she was kind", None),
        ("Thanks to Grace in the shop", None),
        ("Pay me back. Regards, Tom", None),
        ("差评，再也不来了。史可法", None),
        ("地址：23:E6:9B:C6:A4:D9，谁能给我回个电话", None),
        ("前台鲍春来讲得很仔细", None),
        ("版主无缘无故把今天也要早睡禁了", None),
        ("Angus writing again about the same fault", None),
        ("感谢佳佳，一直陪着我", None),
        ("昨天小薇没来，等了很久", None),
        ("希望毕升能拿奖金", None),
        ("冷冰霜女士还在你们那儿上班吗", None),
        ("上次那条差评是奶茶续命中写的", None),
        ("silver.fox.1970 is what I am called in the game", None),
        ("Ruby told me to wait", None),
        ("服务员解释了很久，态度也好", "服务员解释了很久，态度也好"),
        ("推销套餐的时候说得天花乱坠", "推销套餐的时候说得天花乱坠"),
        (
            "The player works and the brand name is good",
            "The player works and the brand name is good",
        ),
        ("注册很麻烦，登录也慢", "注册很麻烦，登录也慢"),
        ("这个餐厅还放有虾片，感觉比别家的好吃", "这个餐厅还放有虾片，感觉比别家的好吃"),
        ("单是罗勒酱就很赞了", "单是罗勒酱就很赞了"),
    ],
)
def test_a_quotation_is_made_of_known_words(said: str, shown: str | None) -> None:
    assert quotable(said) == shown


def test_the_words_of_the_study_are_known() -> None:
    assert quotable("My zorblat never works", ["Zorblat"]) == "My zorblat never works"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我的身份证11010519491231002X丢了", "我的身份证[number]丢了"),
        ("IBAN GB82 WEST 1234 5698 7654 32 was charged", "IBAN [number] was charged"),
        ("加我wxid_ab12cd", "加我[account]"),
        ("@happy_cat told me", "[account] told me"),
        ("车牌京A·12345", "车牌[number]"),
        ("ann at example dot com", "[e-mail]"),
        ("邮箱ann＠example.com", "邮箱[e-mail]"),
        ("电话一三九一二三四五六七八", "电话[phone]"),
        ("order 20391 never came", "order [number] never came"),
        ("see https://x.example/a?token=abc now", "see [link] now"),
        ("postcode SW1A 1AA", "postcode [address]"),
        ("I live at 12 high street", "I live at [address]"),
        ("The order is 3 days late, 4G works 24/7", "The order is 3 days late, 4G works 24/7"),
        ("My account was charged 200 pounds", "My account was charged 200 pounds"),
    ],
)  # fmt: skip
def test_identifiers_are_known_by_their_shape(text: str, masked: str) -> None:
    assert replaced(text, find(text)) == masked


def test_on_pages_only_what_a_checksum_tells_counts() -> None:
    numbers = "2024-01-31 4,512 12.50 1110000000 0.0312 11010519491231002X 110105194912310021"
    assert [numbers[f.start : f.end] for f in find(numbers, sure=True)] == ["11010519491231002X"]
