"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from workbench import satisfaction as room
from workbench.satisfaction.instrument.content_validity import content_validity, delphi
from workbench.satisfaction.instrument.fieldwork import fieldwork
from workbench.satisfaction.instrument.sampling import plan_sample
from workbench.satisfaction.instrument.screening import compare_versions, screen_items
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.study.instrument import Sampling
from workbench.study.survey import ChoiceQuestion, Survey

CODES = [f"{i:02d}" for i in range(1, 7)]
DIMENSIONS = {"tangibles": CODES[:3], "empathy": CODES[3:]}
BOOK = {
    "price": {
        "title": {"en": "Price", "zh": "价格"},
        "words": {"en": ["price*", "cheap"], "zh": ["价格"]},
        "except": {},
    },
    "app": {
        "title": {"en": "App", "zh": "应用"},
        "words": {"en": ["app", "screen*"], "zh": ["界面"]},
        "except": {},
    },
}


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@cache
def frame(n: int = 300) -> pd.DataFrame:
    """A survey with all of its parts; satisfaction follows what is experienced."""
    draw = rng()
    person = draw.normal(size=n)
    columns: dict[str, Any] = {
        "respondent_id": [f"R{k}" for k in range(n)],
        "customer_id": [f"c{k}" for k in range(n)],
        "wave": np.where(np.arange(n) % 2, "2024-H1", "2024-H2"),
        "region": draw.choice(["North", "South"], n),
        "answered_on": pd.Timestamp("2025-06-01"),
        "seconds": draw.uniform(300, 600, n),
    }
    total = np.zeros(n)
    for k, code in enumerate(CODES):
        felt = 5 - 0.3 * k + 0.6 * person + draw.normal(0, 1, n)
        columns[f"exp_{code}"] = np.clip(np.round(5.5 + draw.normal(0, 0.8, n)), 1, 7)
        columns[f"per_{code}"] = np.clip(np.round(felt), 1, 7)
        columns[f"imp_{code}"] = np.clip(np.round(4 + 0.3 * k + draw.normal(0, 1, n)), 1, 7)
        total = total + felt * (k + 1) / 21
    columns["csat5"] = np.clip(np.round(total - 1 + draw.normal(0, 0.5, n)), 1, 5)
    columns["recommend"] = np.clip(np.round(2 * total - 2 + draw.normal(0, 1, n)), 0, 10)
    return pd.DataFrame(columns)


@cache
def answers() -> Answers:
    return room.read_answers(frame(), Survey(dimensions=DIMENSIONS, scale=(1, 7)))


@cache
def comments() -> tuple[pd.DataFrame, room.Comments, room.Polarity]:
    """Comments on price or app, what two people coded of them, and the tone that was learned."""
    draw, n = rng(), 240
    tone = draw.integers(0, 2, n)
    ends = (
        ("is a disgrace", "fails every day", "is a nuisance", "made me angry", "is bad"),
        ("is great", "works very well", "is a pleasure", "made me happy", "is good value"),
    )
    price = draw.random(n) < 0.4
    texts = pd.Series(
        [
            f"The {'price' if price[i] else 'app'} {draw.choice(ends[tone[i]])}, "
            f"it {draw.choice(ends[tone[i]])}, visit {i}."
            for i in range(n)
        ]
    )
    coded = pd.DataFrame({"comment": texts})
    for coder in ("a", "b"):
        wrong = draw.random(n) < 0.08
        coded[f"code_{coder}"] = np.where(price ^ wrong, "price", "app")
        coded[f"tone_{coder}"] = np.where(tone.astype(bool) ^ wrong, "positive", "negative")
    read = room.read_comments(texts, BOOK)
    return coded, read, room.learn_polarity(texts, tone.astype(float), rng=rng())


def comment_tones() -> room.CommentTones:
    return room.comment_tones(*comments(), coded="random")


def kano() -> room.Kano:
    pairs = [(2, 5)] * 40 + [(1, 5)] * 15 + [(3, 3)] * 10
    asked = pd.DataFrame(pairs, columns=["kano_f_01", "kano_d_01"])
    other = asked.sample(frac=1, random_state=2).to_numpy()
    asked[["kano_f_02", "kano_d_02"]] = np.where(rng().random((65, 1)) < 0.7, [1, 3], other)
    return room.kano(asked, rng=rng(), draws=100)


def path_model() -> room.PathModel:
    blocks = {"Quality": ["per_01", "per_02"], "Satisfaction": ["csat5"], "Loyalty": ["recommend"]}
    paths = {"Satisfaction": ["Quality"], "Loyalty": ["Quality", "Satisfaction"]}
    return room.path_model(frame(), blocks=blocks, paths=paths, rng=rng(), draws=50)


def after() -> room.BehaviourAfter:
    draw = rng()
    count = draw.poisson(np.exp(0.3 * (frame()["csat5"] - 3)))
    who = np.repeat(frame()["customer_id"], count)
    day = pd.Timestamp("2025-06-02") + pd.to_timedelta(draw.integers(0, 170, len(who)), "D")
    before = pd.DataFrame(
        {"customer_id": frame()["customer_id"], "date": pd.Timestamp("2025-03-01"), "amount": 10.0}
    )
    bought = pd.DataFrame({"customer_id": who, "date": day, "amount": 10.0})
    return room.purchases_after(
        frame(), pd.concat([before, bought], ignore_index=True), as_of=date(2025, 12, 31)
    )


EXPERIENCE = {f"{name}": [f"per_{c}" for c in codes] for name, codes in DIMENSIONS.items()}


def expert_grades() -> pd.DataFrame:
    return pd.DataFrame({"01": [4, 4, 3, 4, 2], "02": [1, 2, 4, 3, 1], "03": [4, 4, 4, 4, 3]})


def hotel_comments() -> tuple[pd.DataFrame, room.Comments]:
    """Statements on breakfast or noise, of which the codebook names neither."""
    draw = rng()
    words = ("breakfast coffee buffet eggs bread fruit", "noise street window sleep night traffic")
    texts = [
        f"The {' and '.join(draw.permutation(words[i % 2].split())[:4])} today" for i in range(200)
    ]
    asked = pd.DataFrame({"wish": texts, "weight": 1.0, "person": range(200)})
    return asked, room.read_comments(asked["wish"], BOOK)


def heard() -> pd.DataFrame:
    """Reviews and tickets on price or app; tickets speak of the app twice as often."""
    rng = np.random.default_rng(4)
    n = 400
    channel = rng.choice(["review", "ticket"], n)
    app = rng.random(n) < np.where(channel == "ticket", 0.7, 0.35)
    good = rng.random(n) < 0.4
    texts = np.where(app, "The app", "The price") + pd.Series(
        np.where(good, " is great and I like it", " is bad and I hate it")
    )
    tone = np.where(np.arange(n) % 3 == 0, np.where(good, "positive", "negative"), None)
    return pd.DataFrame({"comment": texts, "channel": channel, "tone_a": tone})


def voices_heard() -> room.Voices:
    """Voices beside a survey in which a third speaks of the app."""
    rng = np.random.default_rng(5)
    book = {
        "price": {"title": {"en": "Price"}, "words": {"en": ["price", "fee"]}},
        "app": {"title": {"en": "App"}, "words": {"en": ["app", "page"]}},
    }
    asked = pd.DataFrame({"comment": np.where(rng.random(300) < 0.65, "The price", "My app page")})
    found = room.voices_beside(heard(), asked, book, rng=rng, coded="random")
    assert found is not None
    return found


EXAMPLES = {
    "Alpha": lambda: room.cronbach_alpha(frame()[[f"per_{c}" for c in CODES]]),
    "AspectTable": lambda: room.aspect_table(comments()[1], comment_tones(), min_cell=5),
    "Blanks": lambda: room.blanks(answers()),
    "Invariance": lambda: room.invariance(
        answers().with_background(half=np.arange(len(answers())) % 2), "half", least=20
    ),
    "Dimensionality": lambda: room.dimensionality(answers(), rng=rng(), draws=20),
    "CommentTones": lambda: comment_tones(),
    "BehaviourAfter": after,
    "Choices": lambda: room.choices_by(answers(), {"region": ChoiceQuestion()}, "wave"),
    "CodingAgreement": lambda: room.coding_agreement(*comments(), rng=rng(), draws=50),
    "Comments": lambda: comments()[1],
    "Voices": voices_heard,
    "ContentValidity": lambda: content_validity(expert_grades()),
    "Crosstab": lambda: room.crosstab(answers(), "region", "wave"),
    "DelphiRounds": lambda: delphi([expert_grades(), expert_grades().clip(2)]),
    "Drivers": lambda: room.service_drivers(answers(), rng=rng(), draws=50),
    "FactorModel": lambda: room.confirm(frame(), EXPERIENCE),
    "Fieldwork": lambda: fieldwork(
        pd.DataFrame(
            {"invitation": list("ABCD"), "customer_id": list("wxyz"), "group": list("nnss")}
        ),
        pd.DataFrame({"respondent_id": list("ABX")}),
    ),
    "GroupMeans": lambda: room.means_by(answers(), ["region"], {"csat5": "Overall satisfaction"}),
    "GroupChanges": lambda: room.changes_by_group(
        room.prepare_survey(frame(), Survey(dimensions=DIMENSIONS, groups=("region",)))
    ),
    "GroupDrivers": lambda: room.drivers_by(answers(), "region", rng=rng(), draws=50),
    "OpenQuestions": lambda: room.open_questions(
        hotel_comments()[0], Survey(open={"wish": {"en": "Wish", "zh": "愿望"}}), BOOK, rng=rng()
    ),
    "Topics": lambda: room.find_topics(hotel_comments()[1], rng=rng()),
    "Gaps": lambda: room.gaps(answers()),
    "GroupGaps": lambda: room.gaps_by(answers(), "region"),
    "Importance": lambda: room.importance(answers(), rng=rng(), draws=50),
    "ItemScreen": lambda: screen_items(answers()),
    "Kano": kano,
    "NetPromoter": lambda: room.nps(frame()["recommend"]),
    "OverallScores": lambda: room.overall_scores(answers()),
    "PathModel": path_model,
    "Pilot": lambda: room.pilot(answers()),
    "Polarity": lambda: comments()[2],
    "PriorityMap": lambda: room.priority_map(answers(), rng=rng(), draws=50),
    "Reliability": lambda: room.reliability(answers()),
    "SamplingPlan": lambda: plan_sample(
        Sampling(change=0.05, response=0.2), {"North": 3000, "South": 250}
    ),
    "Satisfaction": lambda: room.csat(frame()["csat5"]),
    "ScoreComparison": lambda: room.compare_scores(answers(), rng=rng(), draws=50),
    "Trend": lambda: room.loyalty_by(frame(), "wave", column="recommend"),
    "Validity": lambda: room.validity(frame(), EXPERIENCE, rng=rng(), draws=50),
    "VersionComparison": lambda: compare_versions(answers(), answers()),
    "Weighting": lambda: room.weigh(answers(), margins={"region": {"North": 0.6, "South": 0.4}})[1],
}
