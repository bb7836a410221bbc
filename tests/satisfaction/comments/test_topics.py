"""Subjects that nobody coded are found where they were planted, and not among shuffled words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.satisfaction import Comments, find_topics, read_comments
from workbench.study.codebook import read_codebook

BOOK = read_codebook()
SUBJECTS = {
    "en": {
        "breakfast": "breakfast coffee buffet eggs bread fruit juice kitchen",
        "noise": "noise loud street window sleep night traffic neighbours",
        "pool": "pool swim towels water sauna gym children lifeguard",
    },
    "zh": {
        "早餐": "早餐 咖啡 面包 鸡蛋 水果 果汁 厨房 牛奶",
        "噪音": "噪音 街道 窗户 睡觉 晚上 隔音 邻居 施工",
        "泳池": "泳池 游泳 毛巾 桑拿 健身房 儿童 救生员 水温",
    },
}
OTHER = {
    "en": "time day place visit week family city friends moment season company people",
    "zh": "时间 地方 城市 家人 朋友 季节 公司",
}


def written(n: int, language: str, seed: int, *, shuffled: bool = False) -> list[str]:
    """Statements that are each about one subject; or the same words, shuffled over statements."""
    rng = np.random.default_rng(seed)
    subjects = [words.split() for words in SUBJECTS[language].values()]
    other = OTHER[language].split()
    texts = []
    for _ in range(n):
        own = subjects[rng.integers(len(subjects))]
        texts.append(
            [
                own[min(int(rng.exponential(2.2)), 7)]
                if rng.random() < 0.7
                else other[rng.integers(len(other))]
                for _ in range(rng.integers(3, 8))
            ]
        )
    if shuffled:
        every = iter(rng.permutation([word for text in texts for word in text]))
        texts = [[next(every) for _ in text] for text in texts]
    return [" ".join(text) if language == "en" else "，".join(text) + "了" for text in texts]


def read(texts: list[str]) -> Comments:
    return read_comments(pd.Series(texts), BOOK)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_planted_subjects_are_found_named_quoted_and_stand_as_entries(
    language: str, tmp_path: Path
) -> None:
    comments = read(written(400, language, 1))
    found = find_topics(comments, rng=np.random.default_rng(1))
    assert len(found.table) == 3 and (found.table["stability"] > 0.5).all()
    first = {str(words[0]) for words in found.table["words"]}
    assert all(first & set(words.split()) for words in SUBJECTS[language].values())
    for _, row in found.table.iterrows():
        assert any(word in row["text"] for word in row["words"])
    # the fragment is a codebook, and counts the same people
    (tmp_path / "own.yml").write_text(found.entries(), encoding="utf-8")
    book = read_codebook(tmp_path / "own.yml")
    counted = read_comments(pd.Series(written(400, language, 1)), book).mentions().sum()
    assert sorted(counted) == sorted(found.table["n"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_shuffled_words_hold_no_subject(language: str) -> None:
    for seed in range(4):
        comments = read(written(300, language, 50 + seed, shuffled=True))
        found = find_topics(comments, rng=np.random.default_rng(seed))
        assert found.table.empty and found.findings()[0].verdict == "none"
        assert found.entries() == ""


def test_of_few_statements_nothing_is_said() -> None:
    found = find_topics(read(written(40, "en", 1)), rng=np.random.default_rng(1))
    assert found.few and found.findings()[0].verdict == "few"


def test_what_the_codebook_names_is_no_new_subject() -> None:
    covered = ["The bill was wrong and the refund late", "The staff were rude and knew nothing"]
    found = find_topics(read(covered * 150), rng=np.random.default_rng(1))
    assert found.statements == 0 and found.table.empty


def test_names_are_neither_words_nor_quoted() -> None:
    texts = [f"{text} with Margaret Thornbury" for text in written(400, "en", 3)]
    found = find_topics(read(texts), rng=np.random.default_rng(1))
    shown = " ".join([found.entries(), *found.table["text"], *found.table["listed"]]).casefold()
    assert "margaret" not in shown and "thornbury" not in shown


def test_titles_are_the_customers_own_words_in_both_languages() -> None:
    found = find_topics(read(written(400, "en", 1)), rng=np.random.default_rng(1))
    topic = found.findings()[0].values["topic"]
    assert isinstance(topic, dict) and set(topic) == {"en", "zh"}
    assert topic["en"] == topic["zh"] == found.table["topic"][0]


@pytest.mark.slow
def test_shuffled_words_give_a_subject_in_at_most_one_set_of_twenty() -> None:
    hits = sum(
        not find_topics(
            read(written(n, language, 1000 + seed, shuffled=True)),
            rng=np.random.default_rng(seed),
        ).table.empty
        for seed in range(50)
        for language in ("en", "zh")
        for n in (150, 600)
    )
    assert hits <= 16  # of 200: 5 % and two standard errors
