"""The tone of a text, learned from comments whose tone is known, and how well that works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled, named_estimates
from workbench.satisfaction.comments.comments import language_of, plain
from workbench.stats import proportion_interval

_LEAST = 20
_HUMAN = 10.0


LANGUAGES = {"en": "English", "zh": "Chinese"}


@dataclass(frozen=True)
class Polarity(Result):
    """A rule that tells positive from negative texts.

    Attributes
    ----------
    accuracy : Estimate
        Share of held-out texts judged rightly, with Wilson's interval.
    majority : float
        What always guessing the more frequent tone would reach.
    table : DataFrame
        `tone`, `n`, `estimate` (recall: the share of its texts judged rightly), `low`, `high`.
    by_language : DataFrame
        `language`, `n`, `estimate` (accuracy), `low`, `high`, `majority` (what guessing reaches).
    n, unlabelled : int
        Texts with a known tone, and those without.
    checked : str
        "people": the accuracy is that on texts whose tone people have set; "ratings": on texts
        whose tone comes from their rating, which says more than the text does.
    folds : int
    held_out : ndarray, shape (texts,)
        Tone given to each labelled text while it was held out; NaN elsewhere.
    chances : ndarray, shape (texts,)
        Chance that each text is positive, always by rules that had not learned from it: for texts
        without a tone the mean over the folds' rules (cross-fitting). NaN where nothing is said.
    model : object
        The fitted pipeline, on all labelled texts.
    """

    accuracy: Estimate
    majority: float
    table: pd.DataFrame
    by_language: pd.DataFrame
    n: int
    unlabelled: int
    checked: str
    folds: int
    held_out: Array
    chances: Array
    model: Any

    @property
    def parts(self) -> pd.DataFrame:
        """Accuracy by tone and by language: `part`, `n`, `estimate`, `low`, `high`."""
        tones = self.table.rename(columns={"tone": "part"})
        languages = self.by_language.rename(columns={"language": "part"})
        columns = ["part", "n", "estimate", "low", "high"]
        return labelled(
            pd.concat([tones, languages.replace({"part": LANGUAGES})])[columns],
            part="Comments",
            n="Checked",
            estimate=("Judged rightly", "percent"),
        )

    @property
    def unsure(self) -> list[str]:
        """Languages in which the accuracy is not above that of always guessing the same."""
        weak = self.by_language[self.by_language["low"] <= self.by_language["majority"]]
        return [LANGUAGES[name] for name in weak["language"]]

    def estimates(self) -> dict[str, Estimate]:
        """Accuracy, and the recall of each tone: `accuracy`, `recall.positive`."""
        recall = named_estimates(self.table, "tone", prefix="recall.", kind="percent")
        return {"accuracy": self.accuracy, **recall}

    def findings(self) -> list[Finding]:
        """How often the tone is judged rightly; a warning for each language that is guessed."""
        values = {
            "share": self.accuracy,
            "guess": Estimate(self.majority, kind="percent"),
        }
        against = (
            "Checked on comments that were held out, against the tone that people gave them. Always"
            " guessing the more frequent tone would reach {guess}."
        )
        if self.checked != "people":
            against = (
                "Checked on comments that were held out, against the customer's own rating, which"
                " says more than the words do. Always guessing the more frequent tone would reach"
                " {guess}."
            )
        weak = (
            "Comments in {language} are not judged clearly better than by guessing: read their"
            " tones with care."
        )
        return [
            Finding(
                "tone",
                "The sentiment is judged correctly in {share} of comments",
                values,
                estimates={"accuracy": self.accuracy},
            ),
            Finding("tone.checked", against, values),
            *(
                Finding(f"tone.weak.{name}", weak, {"language": name}, severity="warning")
                for name in self.unsure
            ),
        ]

    def of(self, texts: Sequence[str] | pd.Series) -> Array:
        """Chance that each text is positive."""
        clean = [plain(str(text)) for text in texts]
        if not clean:
            return np.empty(0)
        return np.asarray(self.model.predict_proba(clean)[:, 1], dtype=float)


def tone_by_rating(
    ratings: ArrayLike,
    *,
    negative_to: float | None = None,
    positive_from: float | None = None,
    middle: Literal["open", "negative"] = "open",
) -> Array:
    """Take ratings for tones: 1 positive, 0 negative, NaN between.

    Parameters
    ----------
    ratings : array_like
        Say overall satisfaction from 1 to 5.
    negative_to, positive_from : float, optional
        Highest rating that counts as negative and lowest that counts as positive. By default the
        lower and the upper two fifths of the range that occurs, so 1, 2 against 4, 5.
    middle : {"open", "negative"}
        What becomes of the ratings between: "negative" takes them for mild complaints.
    """
    values = pd.to_numeric(pd.Series(np.asarray(ratings)), errors="coerce").to_numpy(dtype=float)
    if np.isnan(values).all():
        return values
    low, high = np.nanmin(values), np.nanmax(values)
    step = (high - low) / 4
    below = low + step if negative_to is None else negative_to
    above = high - step if positive_from is None else positive_from
    between = np.nan if middle == "open" else 0.0
    tone = np.where(values >= above, 1.0, np.where(values <= below, 0.0, between))
    return np.where(np.isnan(values), np.nan, tone)


def learn_polarity(
    texts: Sequence[str] | pd.Series,
    tones: ArrayLike | None = None,
    *,
    coded: ArrayLike | None = None,
    rng: np.random.Generator,
    folds: int = 5,
    level: float = 0.95,
) -> Polarity:
    """Learn the tone of texts from pieces of one to three characters.

    Logistic regression on TF-IDF weights of character 1- to 3-grams needs no word segmentation
    and serves Chinese and English alike. Both tones weigh the same in learning, so that the rarer
    one is found too. The accuracy comes from texts that were held out; texts that are the same
    never stand on both sides.

    Parameters
    ----------
    texts : sequence of str
    tones : array_like, shape (n,), optional
        1 positive, 0 negative, NaN unknown (such texts are left out and counted), say from
        `tone_by_rating`.
    coded : array_like, shape (n,), optional
        Tones that people have set, in the same way. Each weighs as much as ten of the others;
        where there are forty, the accuracy is that on these texts.
    rng : numpy.random.Generator
        For the division into folds.

    Raises
    ------
    DataError
        No labelled text, or fewer than 20 different ones of either tone.

    References
    ----------
    Joachims (1998), Text categorization with support vector machines, ECML-98, 137-142 (TF-IDF);
    Pang, Lee, Vaithyanathan (2002), Thumbs up? Sentiment classification using machine learning
    techniques, EMNLP, 79-86.
    """
    given = pd.Series(texts).reset_index(drop=True).astype("string").fillna("").map(plain)
    label, human = (_checked(t, len(given)) for t in (tones, coded))
    by_people = ~np.isnan(human)
    label = np.where(by_people, human, label)
    said = (given.str.strip() != "").to_numpy(dtype=bool)
    known = said & ~np.isnan(label)
    if not known.any():
        raise DataError(
            f"none of {int(said.sum())} comments has a known tone",
            where="survey",
            remedy="ask for overall satisfaction too, or give a table `labelled_comments` with"
            " columns comment and positive (1 or 0)",
        )
    x, y = given[known].to_numpy(dtype=object), label[known].astype(int)
    different = [len(set(x[y == tone])) for tone in (0, 1)]
    if min(different) < _LEAST:
        name = ("negative", "positive")[int(np.argmin(different))]
        raise DataError(
            f"only {min(different)} different {name} comments to learn from",
            where="survey",
            remedy=f"at least {_LEAST} of each tone are needed; label more, or pool waves",
        )
    people = by_people[known]
    weight = _balanced(y, np.where(people, _HUMAN, 1.0))
    fold = _divide(x, y, folds, rng)
    open_ = said & ~known
    rest = given[open_].to_numpy(dtype=object)
    # a text that also stands among the labelled ones was learned from in every fold but its own
    twin = pd.Series(fold, index=x).groupby(level=0).first().reindex(rest).to_numpy(dtype=float)
    chances = np.full(len(given), np.nan)
    own, others = np.empty(len(x)), np.zeros((folds, len(rest)))
    for k in range(folds):
        held = fold == k
        rule = _fit(x[~held], y[~held], weight[~held])
        own[held] = rule.predict_proba(x[held])[:, 1]
        if len(rest):
            others[k] = rule.predict_proba(rest)[:, 1]
    chances[known] = own
    if len(rest):
        alone = others[np.nan_to_num(twin).astype(int), np.arange(len(rest))]
        chances[open_] = np.where(np.isnan(twin), others.mean(axis=0), alone)
    judged = (own > 0.5).astype(float)
    held_out = np.full(len(given), np.nan)
    held_out[known] = judged
    enough = people.sum() >= 2 * _LEAST and len(set(y[people])) == 2
    check = people if enough else np.ones(len(y), dtype=bool)
    right, shown = (judged == y)[check], y[check]
    tongue = np.array([language_of(str(text)) for text in x[check]])
    by_tone = [
        {"tone": name, **_share(right[shown == k], level)}
        for k, name in ((1, "positive"), (0, "negative"))
    ]
    tongues = []
    for name in sorted(set(tongue)):
        mine = tongue == name
        most = max(shown[mine].mean(), 1 - shown[mine].mean())
        tongues.append({"language": name, **_share(right[mine], level), "majority": most})
    return Polarity(
        accuracy=proportion_interval(right.sum(), len(right), level=level).named(
            "Sentiment judged correctly", kind="percent"
        ),
        majority=float(max(shown.mean(), 1 - shown.mean())),
        table=labelled(
            pd.DataFrame(by_tone),
            tone="Sentiment",
            n="Checked",
            estimate=("Judged rightly", "percent"),
        ),
        by_language=pd.DataFrame(tongues),
        n=len(x),
        unlabelled=int((said & np.isnan(label)).sum()),
        checked="people" if enough else "ratings",
        folds=folds,
        held_out=held_out,
        chances=chances,
        model=_fit(x, y, weight),
    )


def _share(hits: Mask, level: float) -> dict[str, float]:
    estimate, low, high = proportion_interval(int(hits.sum()), hits.size, level=level)
    return {"n": hits.size, "estimate": estimate, "low": low, "high": high}


def _checked(tones: ArrayLike | None, n: int) -> Array:
    if tones is None:
        return np.full(n, np.nan)
    label = np.asarray(tones, dtype=float)
    if label.shape != (n,):
        raise DataError(f"there are {label.size} tones for {n} texts", remedy="give one a text")
    wrong = ~np.isnan(label) & ~np.isin(label, (0.0, 1.0))
    if wrong.any():
        raise DataError(
            f"tone {label[wrong][0]:g} is neither 0 nor 1", remedy="see tone_by_rating for ratings"
        )
    return label


def _balanced(y: Index, weight: Array) -> Array:
    """Let both tones weigh the same, and texts one on average."""
    total = np.bincount(y, weight, 2)
    return np.asarray(weight * (len(y) / 2 / total)[y], dtype=float)


def _fit(x: NDArray[np.object_], y: Index, weight: Array) -> Any:
    # imported here: a second that only notebooks with comments should pay
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pieces = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    model = make_pipeline(pieces, LogisticRegression(C=1.0, max_iter=1000))
    return model.fit(x, y, logisticregression__sample_weight=weight)


def _divide(x: NDArray[np.object_], y: Index, folds: int, rng: np.random.Generator) -> Index:
    """Fold of each text: the same texts in one fold, both tones spread evenly."""
    codes, distinct = pd.factorize(x)
    tone = pd.Series(y).groupby(codes).mean().to_numpy() > 0.5
    fold = np.empty(len(distinct), dtype=np.intp)
    for mine in (np.flatnonzero(tone), np.flatnonzero(~tone)):
        fold[rng.permutation(mine)] = np.arange(mine.size) % folds
    return fold[codes]
