"""Shares of comments from a coded sample: unbiased whatever the rule, refused where not random."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.survey import RULES, coverage, sampled
from workbench.errors import DataError
from workbench.satisfaction import (
    aspect_table,
    coded_share,
    comment_tones,
    learn_tone,
    read_comments,
)
from workbench.satisfaction.comments.coding_agreement import positive_codes
from workbench.stats import wilson

BOOK = {
    "app": {"title": {"en": "App"}, "words": {"en": ["app"]}},
    "price": {"title": {"en": "Price"}, "words": {"en": ["price"]}},
}


@pytest.mark.parametrize("n", [150, 600, 2500])
def test_intervals_hold_the_true_share_for_any_rule(n: int) -> None:
    cells = {
        (base, rule): coverage(n, base, rule, 40, seed=n)
        for base in (0.05, 0.15, 0.5)
        for rule in RULES
    }
    held = np.mean([cell[0] for cell in cells.values()])
    # 360 intervals: two standard errors are 2.3 %
    assert 0.925 - 0.028 <= held <= 0.98 + 0.015
    assert all(width <= 1.02 for _, width, _ in cells.values())
    assert max(abs(error) for *_, error in cells.values()) < 0.02
    # a good rule is worth many more coded comments
    assert cells[0.5, "good"][1] < 0.6 and cells[0.5, "knows nothing"][1] > 0.97


@pytest.mark.slow
@pytest.mark.parametrize("n", [150, 600, 2500])
@pytest.mark.parametrize("base", [0.05, 0.15, 0.5])
@pytest.mark.parametrize("rule", RULES)
def test_the_whole_grid_of_coverage(n: int, base: float, rule: str) -> None:
    held, width, error = coverage(n, base, rule, 2000, seed=20251231)
    print(n, base, rule, round(held, 4), round(width, 3), round(error, 5))
    assert 0.925 - 0.0118 <= held <= 0.98 + 0.0063
    assert width <= 1.02 and abs(error) < 0.002


def test_what_the_rule_believes_never_moves_the_share() -> None:
    # 3,000 comments of which 7 % are positive; a rule that calls 93 in a hundred positive
    rng = np.random.default_rng(3)
    tone, predicted, true = sampled(600, 0.07, (0.98, 0.07), rng)
    assert predicted.mean() > 0.9
    found = coded_share(tone, predicted)
    assert found.low <= true <= found.high < 0.12
    # and one that says the opposite of the truth is as good as one that says it
    tone, predicted, true = sampled(600, 0.3, (0.97, 0.9), rng)
    one, other = coded_share(tone, predicted), coded_share(tone, 1 - predicted)
    assert tuple(one)[:3] == pytest.approx(tuple(other)[:3])


def test_the_coded_alone_have_wilsons_interval_with_the_finite_population() -> None:
    tone = np.full(400, np.nan)
    tone[:100] = np.arange(100) % 5 == 0
    found = coded_share(tone, np.full(400, np.nan))
    size = 100 * 399 / 300
    low, high = wilson(0.2 * size, size)
    assert tuple(found)[:3] == pytest.approx((0.2, float(low), float(high)))
    whole = coded_share(np.arange(20) % 2.0, np.full(20, np.nan))
    assert tuple(whole)[:3] == (0.5, 0.5, 0.5), "all were coded: nothing is left open"
    # one positive comment is too few to learn a rule's worth from: it is half believed
    tone[:100] = np.arange(100) < 1
    predicted = np.nan_to_num(tone)
    predicted[100:103] = 1.0
    assert coded_share(tone, predicted).value == pytest.approx(0.01)


def test_unequal_chances_are_undone() -> None:
    # complaints were coded four times as often; their chances are known
    truth = np.arange(2000) % 4 == 0
    chance = np.where(truth, 0.1, 0.4)
    rng, values = np.random.default_rng(5), []
    for _ in range(60):
        tone = np.where(rng.random(2000) < chance, truth, np.nan)
        values.append(coded_share(tone, np.full(2000, np.nan), chances=chance).value)
    assert np.mean(values) == pytest.approx(0.25, abs=0.012)


def study(n: int = 600, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    app = rng.random(n) < 0.5
    good = rng.random(n) < np.where(app, 0.8, 0.3)
    kind = np.where(good, "works well and helps me", "is bad and wastes my time")
    texts = [
        f"The {'app' if a else 'price'} {k}, case {i}"
        for i, (a, k) in enumerate(zip(app, kind, strict=True))
    ]
    frame = pd.DataFrame({"comment": texts, "csat5": np.where(rng.random(n) < 0.7, 5, 1)})
    return frame, good


def coded_at(frame: pd.DataFrame, good: np.ndarray, chosen: np.ndarray) -> pd.DataFrame:
    tone = pd.Series(np.where(good, "positive", "negative"), dtype=object)
    return frame.assign(tone_a=tone.where(np.isin(np.arange(len(frame)), chosen)))


def test_subjects_have_the_shares_that_people_would_code() -> None:
    frame, good = study()
    frame = coded_at(frame, good, np.random.default_rng(2).permutation(600)[:200])
    comments = read_comments(frame["comment"], BOOK)
    learned = learn_tone(frame, rng=np.random.default_rng(1))
    tones = comment_tones(frame, comments, learned, coded="random")
    found = aspect_table(comments, tones)
    assert found.basis == "people" and tones.findings()[0].severity == "note"
    table = found.table.set_index("aspect")
    for name, word in (("app", "app"), ("price", "price")):
        true = good[frame["comment"].str.contains(word)].mean()
        assert table.loc[name, "low"] <= true <= table.loc[name, "high"]
    assert found.worst is not None and found.worst["aspect"] == "price"
    assert found.findings()[0].message == "Customers are most critical of “{aspect}”"
    assert found.overall.value == pytest.approx(good.mean(), abs=0.06)


def test_comments_coded_for_their_looks_are_refused() -> None:
    frame, good = study()
    comments = read_comments(frame["comment"], BOOK)
    # the complaints about the price looked interesting
    looked = np.flatnonzero(~good & frame["comment"].str.contains("price").to_numpy())[:120]
    some = np.concatenate([looked, np.flatnonzero(good)[:30]])
    frame = coded_at(frame, good, some)
    learned = learn_tone(frame, rng=np.random.default_rng(1))
    tones = comment_tones(frame, comments, learned, coded="random")
    assert tones.refused == "unlike" and tones.basis == "ratings"
    assert tones.findings()[0].severity == "warning"
    unsaid = comment_tones(frame, comments, learned)
    assert unsaid.refused == "unsaid" and "coded: random" in unsaid.findings()[0].message
    with pytest.raises(DataError, match="no column 'luck'"):
        comment_tones(frame, comments, learned, coded="luck")
    empty = comment_tones(frame.assign(luck=np.nan), comments, learned, coded="luck")
    assert empty.refused == "chances" and empty.basis == "ratings"


def test_a_random_sample_is_seldom_refused() -> None:
    frame, good = study()
    comments = read_comments(frame["comment"], BOOK)
    refused = [
        comment_tones(
            coded_at(frame, good, np.random.default_rng(seed).permutation(600)[:150]),
            comments,
            coded="random",
        ).refused
        for seed in range(20)
    ]
    assert sum(map(bool, refused)) <= 1


def test_without_codes_shares_are_those_of_the_writers_ratings() -> None:
    frame, _ = study()
    comments = read_comments(frame["comment"], BOOK)
    tones = comment_tones(frame, comments)
    found = aspect_table(comments, tones)
    about = frame["comment"].str.contains("app")
    table = found.table.set_index("aspect")
    assert table.loc["app", "estimate"] == pytest.approx((frame["csat5"][about] == 5).mean())
    assert found.table["estimate"].notna().all() and "satisfied" in found.findings()[0].message
    assert found.overall.kind == "percent"
    silent = comment_tones(frame[["comment"]], comments)
    bare = aspect_table(comments, silent)
    assert silent.basis == "none" and bare.table["estimate"].isna().all()
    assert bare.picture() is None and "most often" in bare.findings()[0].message


def test_nobody_is_ranked_on_fewer_than_ten_codes_of_either_tone() -> None:
    frame, good = study(300)
    frame = coded_at(frame, good, np.random.default_rng(4).permutation(300)[:24])
    comments = read_comments(frame["comment"], BOOK)
    found = aspect_table(comments, comment_tones(frame, comments, coded="random"))
    assert found.table["estimate"].notna().all() and not found.table["ranked"].any()
    assert found.worst is None and "No subject" in found.findings()[0].message


def test_neutral_counts_as_not_positive_and_quarrels_count_half() -> None:
    frame = pd.DataFrame(
        {
            "tone_a": ["positive", "neutral", "negative", "positive", None, "?"],
            "tone_b": ["正面", "positive", None, "消极", None, None],
        }
    )
    share, unread = positive_codes(frame)
    assert share[:4].tolist() == [1, 0.5, 0, 0.5] and np.isnan(share[4:]).all() and unread == 1
    signs = pd.DataFrame({"tone_a": [1, 0, -1, 0.0]})
    assert positive_codes(signs)[0].tolist() == [1, 0, 0, 0]
