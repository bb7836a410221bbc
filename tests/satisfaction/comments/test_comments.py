"""Comments in two languages: clauses, aspects, tone, words, and what people coded."""

from __future__ import annotations

import time

import matplotlib

matplotlib.use("agg")

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import (
    aspect_table,
    coded_tones,
    coding_agreement,
    comment_tones,
    examples,
    keyness,
    keywords,
    language_of,
    learn_polarity,
    learn_tone,
    read_comments,
    split_clauses,
    tone_by_rating,
    uncovered_words,
)
from workbench.satisfaction.comments.coding_agreement import positive_codes
from workbench.satisfaction.comments.tone import _balanced

BOOK = {
    "price": {
        "title": {"en": "Price", "zh": "价格"},
        "words": {"en": ["price*", "too expensive", "cheap"], "zh": ["价格", "太贵"]},
        "except": {"en": ["price list"]},
    },
    "app": {
        "title": {"en": "App", "zh": "应用"},
        "words": {"en": ["app", "screen*"], "zh": ["APP", "界面"]},
        "except": {},
    },
}
GOOD = ("is great", "works very well", "is a pleasure", "made me happy", "is good value")
BAD = ("is a disgrace", "fails every day", "is a nuisance", "made me angry", "is bad")
GOOD_ZH = ("很好用", "真不错", "让人放心", "非常满意", "又快又稳")
BAD_ZH = ("太糟糕", "很失望", "让人生气", "老出问题", "又慢又差")


def written(n: int = 240, seed: int = 1) -> tuple[pd.Series, np.ndarray, np.ndarray]:
    """Comments on price or app, their tones, and ratings that mostly follow them."""
    rng = np.random.default_rng(seed)
    tone = rng.integers(0, 2, n)
    texts = []
    for i in range(n):
        zh, price = rng.random() < 0.5, rng.random() < 0.4
        ends = ((BAD_ZH, GOOD_ZH) if zh else (BAD, GOOD))[tone[i]]
        first, second = rng.choice(ends, 2, replace=False)
        if zh:
            texts.append(f"{'价格' if price else 'APP'}{first}，{second}。第{i}次")
        else:
            texts.append(f"The {'price' if price else 'app'} {first} and {second}, visit {i}.")
    rating = np.where(tone == 1, rng.integers(4, 6, n), rng.integers(1, 3, n)).astype(float)
    return pd.Series(texts), tone.astype(float), rating


def test_statements_end_where_the_writer_turns() -> None:
    assert split_clauses("Good network, but the bills are wrong. Call me!") == [
        "Good network",
        "the bills are wrong",
        "Call me",
    ]
    assert split_clauses("信号很好，不过太贵了。希望改进！") == ["信号很好", "太贵了", "希望改进"]
    assert split_clauses("It costs 3.5 times more. However it works") == [
        "It costs 3.5 times more",
        "it works",
    ]
    assert split_clauses("... 123 !!") == []


def test_the_language_is_told_by_the_characters() -> None:
    assert language_of("APP更新以后老是闪退") == "zh"
    assert language_of("The 营业厅 was closed again") == "en"


def test_words_are_whole_and_phrases_can_be_excepted() -> None:
    texts = pd.Series(
        [
            "Prices went up",  # an ending
            "The price list is tidy",  # excepted
            "I was disappointed",  # holds "app" inside
            "我对APP很失望",  # a Latin word among Chinese
            "It is too  EXPENSIVE",  # case and spaces
            "屏幕界面太贵",  # two aspects
        ]
    )
    found = read_comments(texts, BOOK).mentions()
    assert found["price"].tolist() == [True, False, False, False, True, True]
    assert found["app"].tolist() == [False, False, False, True, False, True]


def test_the_first_aspect_and_none() -> None:
    comments = read_comments(pd.Series(["Great app. Fair price", "Fine", None, " "]), BOOK)
    assert comments.first_aspect().tolist() == ["app", "none"]
    assert comments.covered.value == 0.5 and comments.answered.value == 0.5


def test_empty_comments_are_counted_and_a_study_without_any_is_an_error() -> None:
    comments = read_comments(pd.Series(["Good app", "", None, "  ", "!!! 5", "[phone]"]), BOOK)
    assert len(comments) == 1 and comments.respondents == 6
    assert comments.exclusions.set_index("reason")["n"].to_dict() == {
        "nothing written": 3,
        "no letter in the comment": 2,
    }
    with pytest.raises(DataError, match="none of 3 comments can be read"):
        read_comments(pd.Series(["", None, "..."]), BOOK)
    with pytest.raises(DataError, match="the codebook has no aspects"):
        read_comments(pd.Series(["Good app"]), {})
    with pytest.raises(DataError, match="an aspect is called 'row'"):
        read_comments(pd.Series(["Good app"]), {"row": BOOK["app"]})


def test_ratings_become_tones_and_the_middle_stays_open() -> None:
    assert tone_by_rating([1, 2, 3, 4, 5]).tolist()[:2] == [0, 0]
    assert np.isnan(tone_by_rating([1, 2, 3, 4, 5])[2])
    assert tone_by_rating([1, 3, 5], negative_to=3, positive_from=4).tolist() == [0, 0, 1]
    assert tone_by_rating([1, 3, 4, 5], middle="negative").tolist() == [0, 0, 1, 1]
    assert np.isnan(tone_by_rating([None, None], middle="negative")).all()


def test_the_tone_is_learned_in_both_languages() -> None:
    texts, tone, rating = written()
    found = learn_polarity(texts, tone_by_rating(rating), rng=np.random.default_rng(1))
    assert found.accuracy.low > 0.9 > found.majority
    assert found.checked == "ratings" and found.n == 240
    assert set(found.by_language["language"]) == {"en", "zh"}
    assert (found.of(texts) > 0.5).astype(float) == pytest.approx(tone)
    assert found.of([]).shape == (0,), "of no text no chance"


def test_the_accuracy_is_that_on_texts_held_out() -> None:
    # tones drawn by lot cannot be learned, however well they are remembered
    texts, _, _ = written(300)
    lot = np.random.default_rng(3).integers(0, 2, 300).astype(float)
    found = learn_polarity(texts, lot, rng=np.random.default_rng(1))
    assert found.accuracy.low < 0.5 < found.accuracy.high + 0.05
    assert found.accuracy.low <= found.majority
    assert ((found.of(texts) > 0.5) == (lot == 1)).mean() > 0.65


def test_the_same_text_never_stands_on_both_sides() -> None:
    # thirty different texts a tone, each ten times, tones drawn by lot: remembering must not help
    rng = np.random.default_rng(4)
    texts = pd.Series([f"sentence number {k} of {k * 7}" for k in range(60)] * 10)
    tones = np.tile(rng.permutation(np.repeat([0.0, 1.0], 30)), 10)
    found = learn_polarity(texts, tones, rng=rng)
    assert found.accuracy.value < 0.75


def test_a_rare_tone_is_found_too() -> None:
    texts, tone, _ = written(600)
    keep = (tone == 1) | (np.arange(600) % 10 == 0)
    found = learn_polarity(texts[keep], tone[keep], rng=np.random.default_rng(1))
    assert found.majority > 0.88
    assert found.table.set_index("tone").loc["negative", "estimate"] > 0.8


def test_what_people_coded_counts_more_and_is_what_is_checked() -> None:
    texts, tone, _ = written(300)
    wrong = np.where(np.random.default_rng(5).random(300) < 0.45, 1 - tone, tone)
    coded = np.where(np.arange(300) < 120, tone, np.nan)
    loose = learn_polarity(texts, wrong, rng=np.random.default_rng(1))
    found = learn_polarity(texts, wrong, coded=coded, rng=np.random.default_rng(1))
    assert found.checked == "people" and found.accuracy.n == 120
    assert found.accuracy.value > loose.accuracy.value + 0.2
    assert np.isnan(found.held_out).sum() == 0


def test_unlabelled_comments_are_an_error_or_counted() -> None:
    texts, tone, _ = written(100)
    with pytest.raises(DataError, match="none of 100 comments has a known tone"):
        learn_polarity(texts, np.full(100, np.nan), rng=np.random.default_rng(1))
    with pytest.raises(DataError, match="only 5 different negative comments"):
        some = np.where((tone == 0) & (np.cumsum(tone == 0) > 5), np.nan, tone)
        learn_polarity(texts, some, rng=np.random.default_rng(1))
    half = np.where(np.arange(100) % 4 == 0, np.nan, tone)
    assert learn_polarity(texts, half, rng=np.random.default_rng(1)).unlabelled == 25
    with pytest.raises(DataError, match="tone 3 is neither 0 nor 1"):
        learn_polarity(texts, np.full(100, 3.0), rng=np.random.default_rng(1))
    with pytest.raises(DataError, match="there are 5 tones for 100 texts"):
        learn_polarity(texts, tone[:5], rng=np.random.default_rng(1))


def test_survey_weights_move_the_shares() -> None:
    texts = pd.Series(["Nice app"] * 10 + ["Cheap"] * 10 + [""])
    heavy = read_comments(texts, BOOK, weights=[3.0] * 10 + [1.0] * 10 + [9.0])
    tones = comment_tones(pd.DataFrame({"csat5": [5] * 21}), heavy)
    table = aspect_table(heavy, tones).table.set_index("aspect")
    assert table.loc["app", "share"] == pytest.approx(0.75)


@pytest.mark.parametrize(
    "text", ["n/a", "N.A.", "NONE", "None.", "no comment", "-none-", "无", "暂无。", "没有意见",
             "無", "ｎ／ａ", "Keine Angabe", "nada", "なし"]
)  # fmt: skip
def test_who_says_that_there_is_nothing_to_say_has_not_commented(text: str) -> None:
    found = read_comments(
        pd.Series([text, "None of the staff helped", "无论如何都打不通", ""]), BOOK
    )
    assert found.texts.index.tolist() == [1, 2]
    assert found.everybody["wrote"].sum() == 2
    (told,) = found.silence()
    assert told.values["n"] == 1


def test_keyness_is_dunnings_log_likelihood() -> None:
    # 2 sum O ln(O / E); 20 of 100 against 5 of 300: E = 6.25 and 18.75
    expected = 2 * (20 * np.log(20 / 6.25) + 5 * np.log(5 / 18.75))
    assert keyness([20], [5], 100, 300)[0] == pytest.approx(expected)
    assert keyness([1], [60], 100, 300)[0] < 0
    assert keyness([25], [75], 100, 300)[0] == pytest.approx(0)


def test_keywords_mark_their_aspect_and_no_single_person() -> None:
    texts = pd.Series(
        ["The app crashes again"] * 20
        + ["The price hurts pensioners"] * 20
        + ["APP界面老是闪退"] * 20
        + ["价格对学生太贵"] * 20
        + ["The app of Jonathan Livingstone Jonathan"] * 3
    )
    found = keywords(read_comments(texts, BOOK))
    words = found.groupby(["aspect", "language"])["word"].apply(set)
    assert {"crashes"} <= words["app", "en"] and {"hurts", "pensioners"} <= words["price", "en"]
    assert "闪退" in words["app", "zh"] and "学生" in words["price", "zh"]
    assert not found["word"].str.contains("jonathan").any()
    assert (found["n"] >= 5).all() and (found["keyness"] >= 15.13).all()


def test_a_keyword_is_both_frequent_enough_and_marked_enough() -> None:
    texts = pd.Series(
        ["The app crashes every winter"] * 20
        + ["The app irritates Livingstone"] * 4
        + ["The price hurts every winter"] * 200
    )
    read = read_comments(texts, BOOK)
    # four of 24 and none of 200: 2 * 4 ln(224 / 24) = 17.9 marks the aspect, but may be one person
    assert keyness([4], [0], 24, 200)[0] == pytest.approx(8 * np.log(224 / 24))
    app = keywords(read).query("aspect == 'app'").set_index("word")
    assert "crashes" in app.index and app.loc["crashes", "n"] == 20
    assert not {"irritates", "livingstone", "winter"} & set(app.index)
    few = keywords(read, min_cell=4).query("aspect == 'app'")["word"]
    assert {"irritates", "livingstone"} <= set(few) and "winter" not in set(few)
    assert len(keywords(read, min_cell=4, top=1)) == 2, "one word for each aspect"


def test_what_the_codebook_misses_comes_out_with_counts() -> None:
    texts = pd.Series(
        ["Nice app"] * 20
        + ["The parking is terrible"] * 15
        + ["No lift in the building"] * 3
        + ["停车场总是满的"] * 9
        + ["APP很好"] * 9
    )
    comments = read_comments(texts, BOOK)
    found = uncovered_words(comments).set_index("word")
    assert found.loc["parking", "n"] == 15 and found.loc["停车场", "n"] == 9
    assert "lift" not in found.index and "app" not in found.index


def test_examples_quote_nothing_that_points_at_a_person() -> None:
    said = [
        "The app is slow for [name] and me",
        "The app sends mails to ann@example.org",
        "The app shows number 13912345678",
        "The app hangs, I live in room 12号 here",
        "The app is slow on my old phone",
    ]
    texts = pd.Series(said * 8)
    comments = read_comments(texts, BOOK)
    found = examples(comments, np.full(len(comments.clauses), 0.2), each=5)
    assert found["text"].tolist() == ["The app is slow on my old phone"]
    assert found["tone"].tolist() == ["negative"] and found["n"].tolist() == [40]


def test_examples_of_a_handful_are_withheld() -> None:
    texts = pd.Series(["The app is slow on my phone"] * 4 + ["The price is fair enough"] * 6)
    comments = read_comments(texts, BOOK)
    found = examples(comments, np.full(10, 0.8))
    assert found["aspect"].tolist() == ["price"]


def coded_table(n: int = 200, slip: float = 0.1) -> pd.DataFrame:
    texts, tone, rating = written(n, seed=6)
    rng = np.random.default_rng(7)
    truth = np.where(texts.str.contains("price|价格"), "price", "app")
    word = np.where(tone == 1, "positive", "negative")
    frame = pd.DataFrame({"comment": texts, "rating": rating})
    for coder in "ab":
        wrong = rng.random(n) < slip
        frame[f"code_{coder}"] = np.where(wrong, rng.permutation(truth), truth)
        frame[f"tone_{coder}"] = np.where(rng.random(n) < slip, rng.permutation(word), word)
    frame.loc[120:, ["code_a", "code_b", "tone_a", "tone_b"]] = ""
    return frame


def test_coders_and_the_method_are_compared() -> None:
    frame = coded_table()
    comments = read_comments(frame["comment"], BOOK)
    tones = coded_tones(frame)
    assert np.isnan(tones[120:]).all() and 90 < (~np.isnan(tones)).sum() <= 120
    polarity = learn_polarity(
        frame["comment"], tone_by_rating(frame["rating"]), coded=tones, rng=np.random.default_rng(1)
    )
    found = coding_agreement(frame, comments, polarity, rng=np.random.default_rng(1), draws=200)
    people = found.of("aspect")
    assert people["n"] == 120 and 0.65 < people["low"] < people["estimate"] < people["high"]
    assert found.of("aspect", "a")["estimate"] > 0.75
    assert found.of("tone", "b")["measure"] == "kappa"
    assert (found.table["low"] < found.table["estimate"]).all()


def test_codes_of_another_codebook_and_few_codes_say_so() -> None:
    frame = coded_table()
    comments = read_comments(frame["comment"], BOOK)
    foreign = frame.assign(code_a=frame["code_a"].replace({"price": "cost", "app": "screen"}))
    table = coding_agreement(foreign, comments, rng=np.random.default_rng(1), draws=50).table
    reason = table.set_index("coder")["reason"]
    assert reason["a"] == "the codes are not aspects of the codebook"
    few = frame.copy()
    few.loc[10:, ["code_a", "code_b", "tone_a", "tone_b"]] = None
    table = coding_agreement(few, comments, rng=np.random.default_rng(1), draws=50).table
    assert (table["reason"] != "").all() and table["estimate"].isna().all()
    with pytest.raises(DataError, match="nobody has coded the comments"):
        coding_agreement(frame[["comment"]], comments, rng=np.random.default_rng(1))
    with pytest.raises(DataError, match="the table has 20 rows"):
        coding_agreement(frame.head(20), comments, rng=np.random.default_rng(1))


def test_labelled_comments_of_another_table_teach_the_tone() -> None:
    texts, tone, _ = written(150)
    frame = pd.DataFrame({"comment": texts.head(60)})
    labelled = pd.DataFrame({"comment": texts.tail(90), "positive": tone[60:].astype(int)})
    found = learn_tone(frame, labelled=labelled, rng=np.random.default_rng(1))
    assert found.checked == "people" and found.n == 90 and len(found.held_out) == 60
    assert ((found.of(frame["comment"]) > 0.5) == (tone[:60] == 1)).mean() > 0.9
    with pytest.raises(DataError, match="no columns 'positive'"):
        learn_tone(frame, labelled=labelled[["comment"]], rng=np.random.default_rng(1))
    with pytest.raises(DataError, match="none of 60 comments has a known tone"):
        learn_tone(frame, rng=np.random.default_rng(1))


def test_what_coders_write_for_a_tone() -> None:
    frame = pd.DataFrame({"tone_a": ["Positive", "负面", "1.0", "-", "so-so", None]})
    assert coded_tones(frame).tolist()[:4] == [1, 0, 1, 0]
    assert positive_codes(frame)[1] == 1, "so-so is no tone that is known"
    assert np.isnan(coded_tones(frame)[4:]).all()
    assert np.isnan(coded_tones(pd.DataFrame(index=range(3)))).all()


def test_twenty_thousand_comments_are_read_in_seconds() -> None:
    texts = pd.concat([written(500, seed=k)[0] for k in range(4)] * 10, ignore_index=True)
    start = time.process_time()
    comments = read_comments(texts, BOOK)
    keywords(comments)
    assert len(comments) == 20_000 and time.process_time() - start < 12


def test_both_tones_weigh_the_same_in_learning_and_texts_one_on_average() -> None:
    tone = np.array([0, 0, 0, 1, 0, 1])
    weight = _balanced(tone, np.array([1.0, 1.0, 10.0, 1.0, 1.0, 1.0]))
    assert weight[tone == 0].sum() == pytest.approx(weight[tone == 1].sum()) == pytest.approx(3)
    assert weight[2] == pytest.approx(10 * weight[0])


def test_the_example_is_the_surest_statement_of_the_usual_length() -> None:
    said = [
        "The app is dull on my phone",
        "The app is slow on my phone",
        "The app is poor on my phone",
        "The app is late on my phone and on the tablet that my daughter takes to school every day",
    ]
    comments = read_comments(pd.Series(said * 3), BOOK)
    found = examples(comments, np.tile([0.45, 0.1, 0.3, 0.05], 3))
    assert found["text"].tolist() == ["The app is slow on my phone"]
