"""Who is likely to leave: a model that is judged on time it has not seen.

References
----------
Platt (1999), Probabilistic outputs for support vector machines (calibration by a logistic line).
Niculescu-Mizil, Caruana (2005), Predicting good probabilities with supervised learning, ICML.
Neslin et al. (2006), Defection Detection, Journal of Marketing Research 43(2), 204-211.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.segments.churn.performance import by_probability, by_tenth, drivers, judged
from workbench.segments.churn.snapshots import Snapshot, Who
from workbench.segments.churn.timelines import Timeline
from workbench.stats.intervals import proportion_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOGISTIC, BOOSTING = "Logistic regression", "Gradient boosting"
#: Fewer who left, or stayed, teach a model nothing that could be trusted.
LEAST_EVENTS = 30

WENT: dict[Who, str] = {
    "buyers": "{share} of active customers stopped buying",
    "subscribers": "{share} of the subscribers left within {days} days",
}
TOLD: dict[Who, str] = {
    "buyers": "Of {n} customers active on {day}, {share} bought nothing in the next {days} days."
    " Among the tenth rated riskiest it was {top}.",
    "subscribers": "Of all subscribers {share} left; among the tenth rated riskiest it was {top}.",
}
TELLS: dict[Who, tuple[str, str]] = {
    "buyers": (
        "The model can tell who stops buying",
        "No evidence that the model can tell who stops buying",
    ),
    "subscribers": ("The model tells who leaves", "The model was not found to tell who leaves"),
}
RATE: dict[Who, str] = {
    "buyers": "Active customers who stopped buying in the test period",
    "subscribers": "Subscribers who left in the test",
}
USED = (
    "The models on this page use protected attributes: {names}. Before anybody is treated "
    "differently because of them, ask whether that is lawful and fair."
)
SHARE: dict[Who, str] = {
    "buyers": "Share who bought nothing in the tested period",
    "subscribers": "Share whose contract ended in the tested period",
}
ON_THE_TEST: dict[Who, str] = {
    "buyers": "How the models of who stops buying did in the test",
    "subscribers": "How the models of leaving did on the test",
}
#: Customers on a day from whom models learn; of more, whole customers are taken by lot.
MOST_LEARNT = 60_000
BY_LOT = (
    "The models learnt from {some} of {every} records of customers on earlier days, drawn at"
    " random; they are judged by all customers of the tested day."
)
UNUSED = "No model on this page uses age, gender or another protected attribute."


class Protected(Protocol):
    """What names the protected attributes that it uses."""

    @property
    def protected(self) -> tuple[str, ...]:
        """Their names."""
        ...


@dataclass(frozen=True)
class ChurnModel(Result):
    """A model of who leaves, and how it did on the time after the one it learnt from.

    Attributes
    ----------
    models : DataFrame
        One row a model: model, chosen, n, events, auc, auc_low, auc_high, brier, brier_low,
        brier_high, skill (share of the Brier score of the plain rate that is saved), intercept,
        intercept_low, intercept_high, slope, slope_low, slope_high (of calibration; 0 and 1 are
        right), expected, observed (rate of leaving).
    lift : DataFrame
        One row a tenth of the customers, the likeliest to leave first: tenth, n, left, estimate,
        low, high (rate of leaving), lift, lift_low, lift_high (times the plain rate), caught
        (share of all who left, in this tenth and those before it).
    calibration : DataFrame
        Customers in groups of rising probability: expected, n, left, estimate, low, high.
    drivers : DataFrame
        One row a feature: feature, estimate (area under the curve lost when the feature is
        shuffled), low, high, direction (correlation of feature and probability; words have none).
    tested : DataFrame
        customer_id (index), probability, left, value: the test, customer by customer.
    chosen : str
        The model that did best within the time learnt from (log loss by cross-validation).
    protected : tuple of str
        Protected attributes that it uses.
    learnt_until, tested_on, tested_until : Timestamp
    who : {"buyers", "subscribers"}
    now : Snapshot, optional
        Those at risk today, where they were given.
    learnt_from : tuple of int
        Rows that it learnt from, a customer on a day each, and how many there are: of many a lot.
    """

    models: pd.DataFrame
    lift: pd.DataFrame
    calibration: pd.DataFrame
    drivers: pd.DataFrame
    tested: pd.DataFrame
    chosen: str
    protected: tuple[str, ...]
    learnt_until: pd.Timestamp
    tested_on: pd.Timestamp
    tested_until: pd.Timestamp
    who: Who
    fitted: Any = field(repr=False, compare=False)
    now: Snapshot | None = field(default=None, repr=False, compare=False)
    learnt_from: tuple[int, int] = (0, 0)

    @property
    def table(self) -> pd.DataFrame:
        """Who left by tenth, the likeliest to leave first."""
        return self.lift

    @property
    def auc(self) -> Estimate:
        """Area under the curve of the chosen model."""
        row = self.models[self.models["chosen"]].iloc[0]
        numbers = (float(row[c]) for c in ("auc", "auc_low", "auc_high", "n"))
        return Estimate(*numbers, digits=2, label="Area under the curve", better="up")

    @property
    def top_lift(self) -> Estimate:
        """How many times the plain rate the first tenth leaves at."""
        row = self.lift.iloc[0]
        numbers = (float(row[c]) for c in ("lift", "lift_low", "lift_high", "n"))
        return Estimate(*numbers, label="Lift")

    @property
    def rate(self) -> Estimate:
        """Share who left in the test."""
        share = proportion_interval(float(self.tested["left"].sum()), float(len(self.tested)))
        fact = f"{self.who}.left_in_test"
        return share.named(RATE[self.who], kind="percent", better="down", fact=fact)

    @property
    def useful(self) -> bool:
        """Whether it told who left better than chance in the test, also among the first tenth."""
        return bool(self.auc.low > 0.5 and self.top_lift.low > 1)

    def estimates(self) -> dict[str, Estimate]:
        """Share who left, area under the curve and the lift of the first tenth."""
        return {"left": self.rate, "auc": self.auc, "lift": self.top_lift}

    def findings(self) -> list[Finding]:
        """How many left in the test, and how well the model told who would."""
        first = (float(self.lift[c].iloc[0]) for c in ("estimate", "low", "high"))
        values = {
            "share": self.rate,
            "n": len(self.tested),
            "day": self.tested_on.date(),
            "days": (self.tested_until - self.tested_on).days,
            "top": Estimate(*first, kind="percent"),
            "auc": self.auc,
        }
        key = f"churn.{self.who}"
        estimates = self.estimates()
        return [
            Finding(
                f"{key}.left",
                WENT[self.who],
                values | {"share": self.rate.point},
                estimates=estimates,
            ),
            Finding(f"{key}.told", TOLD[self.who], values, "useful" if self.useful else "unclear"),
            *self._by_lot(),
        ]

    def _by_lot(self) -> list[Finding]:
        some, every = self.learnt_from
        values = {"some": some, "every": every}
        return [Finding("churn.by_lot", BY_LOT, values)] if some < every else []

    def of_models(self) -> Finding:
        """Name the table of the models."""
        return Finding(f"churn.{self.who}.models", ON_THE_TEST[self.who])

    def picture(self) -> Picture:
        """Who left, by tenth."""
        tells, hardly = TELLS[self.who]
        title = Finding(f"churn.{self.who}.tells", tells if self.useful else hardly)
        return Picture(self.plot, title, SHARE[self.who], self.table)

    def calibrated(self) -> Picture:
        """Draw what was expected, and what came."""
        return Picture(
            self.plot_calibration,
            "Predicted and actual churn",
            SHARE[self.who],
            self.calibration,
        )

    def gone_by(self) -> Picture:
        """Draw what the model goes by."""
        return Picture(
            self.plot_drivers,
            "What the model goes by",
            "Area under the curve lost without it",
            self.drivers,
        )

    def score(self, snapshot: Snapshot) -> pd.Series:
        """Give each customer of another snapshot a probability of leaving.

        Raises
        ------
        DataError
            If a feature is missing that the model learnt.
        """
        wanted = list(self.fitted.feature_names_in_)
        missing = [c for c in wanted if c not in snapshot.features]
        if missing:
            raise DataError(
                f"feature {missing[0]!r} is missing", remedy="make both snapshots in one way"
            )
        p = self.fitted.predict_proba(_plain(snapshot.features[wanted]))[:, 1]
        return pd.Series(p, snapshot.features.index, name="probability")

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Bars: rate of leaving by tenth, the likeliest first, against the plain rate."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.lift
        sides = [t["estimate"] - t["low"], t["high"] - t["estimate"]]
        ax.bar(t["tenth"], t["estimate"], alpha=0.85, width=0.7)
        ax.errorbar(
            t["tenth"], t["estimate"], yerr=sides, fmt="none", ecolor=plt.rcParams["text.color"],
            elinewidth=1,
        )  # fmt: skip
        plain = float(self.tested["left"].mean())
        ax.axhline(plain, linestyle="--", linewidth=1.2, color="0.5", label=say("All together"))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xticks(t["tenth"])
        ax.set_xlabel(say("Tenths of the customers, likeliest to leave first"))
        ax.set_ylabel(say("Left"))
        ax.grid(visible=False, axis="x")
        ax.legend(frameon=False)
        return ax

    def plot_calibration(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Dots with intervals: who left, by what was expected; on the dotted line both agree."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.calibration
        sides = [t["estimate"] - t["low"], t["high"] - t["estimate"]]
        ax.errorbar(t["expected"], t["estimate"], yerr=sides, fmt="o")
        top = float(max(t["expected"].max(), t["high"].max())) * 1.05
        ax.plot([0, top], [0, top], color="0.6", linewidth=1, linestyle=":")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlim(0, top)
        ax.set_ylim(0, top)
        ax.set_xlabel(say("Probability of leaving, as expected"))
        ax.set_ylabel(say("Left"))
        return ax

    def plot_drivers(
        self, ax: Axes | None = None, *, most: int = 8, language: str | Language = "en"
    ) -> Axes:
        """Dots with intervals: what the model loses without each feature, the most on top."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.drivers.iloc[:most].iloc[::-1]
        at = np.arange(len(t))
        ax.errorbar(
            t["estimate"], at, xerr=[t["estimate"] - t["low"], t["high"] - t["estimate"]], fmt="o"
        )
        ax.axvline(0, color="0.6", linewidth=1)
        ax.set_yticks(at, [say.name(feature) for feature in t["feature"]])
        ax.set_xlabel(say("Area under the curve lost without it"))
        return ax


def churn_model(
    learn: Sequence[Snapshot] | Timeline,
    test: Snapshot | None = None,
    *,
    rng: np.random.Generator,
    repeats: int = 5,
    level: float = 0.95,
) -> ChurnModel:
    """Learn from earlier days who leaves, and judge it on a later one.

    A logistic regression and a gradient boosting are calibrated by cross-validation; the one that
    does better within the time learnt from is chosen, so that the test stays a test.

    Parameters
    ----------
    learn : sequence of Snapshot, or Timeline
        Their horizons end on the day of the test or before it. A timeline has the test, too, and
        those at risk today.
    test : Snapshot, optional
        With its outcome.
    rng : numpy.random.Generator
    repeats : int
        Times that each feature is shuffled.
    level : float
        Confidence.

    Raises
    ------
    DataError
        No outcome, a horizon that reaches into the test, other features, or too few who left (or
        stayed) to learn from or to judge by.
    """
    now = None
    if isinstance(learn, Timeline):
        test, now = learn.test, learn.now
    learn = learn.learn if isinstance(learn, Timeline) else learn
    if test is None:
        raise DataError("there is no test", remedy="give a later snapshot with its outcome")
    _check(learn, test)
    names = [c for c in test.features if not _constant([s.features[c] for s in learn])]
    if not names:
        raise DataError("no feature varies", remedy="add what sets customers apart")
    y = np.concatenate([s.left.to_numpy(dtype=bool) for s in learn if s.left is not None])
    # the same customer on two days must not help to guess itself
    people = pd.factorize(np.concatenate([s.features.index.to_numpy() for s in learn]))[0]
    seed, rows_of_all = int(rng.integers(2**31)), y.size
    taken = np.ones(y.size, dtype=bool)
    if y.size > MOST_LEARNT:  # whole customers, by lot
        taken = (rng.random(people.max() + 1) < MOST_LEARNT / y.size)[people]
    parts = np.split(taken, np.cumsum([len(s.features) for s in learn])[:-1])
    kept = zip(learn, parts, strict=True)
    X = _plain(pd.concat([s.features.loc[part, names] for s, part in kept]))
    y, people = y[taken], pd.factorize(people[taken])[0]
    later, outcome = _plain(test.features[names]), np.asarray(test.left, dtype=bool)
    rows, fits, losses = [], {}, {}
    folds = _folds(y, people, seed)
    for name, plain in _candidates(X, seed).items():
        fits[name], losses[name] = _calibrated(plain, X, y, folds)
        p = fits[name].predict_proba(later)[:, 1]
        rows.append({"model": name, **judged(outcome, p, float(y.mean()), level)})
    chosen = min(losses, key=lambda name: losses[name])
    models = pd.DataFrame(rows)
    models.insert(1, "chosen", models["model"] == chosen)
    models = labelled(
        models.sort_values("chosen", ascending=False, kind="stable", ignore_index=True),
        model="Model", auc=("Area under the curve", "number:2"),
        brier=("Brier score", "number:3"), skill=("Saved of the Brier score", "percent:1"),
        intercept=("Calibration intercept", "number:2"), slope=("Calibration slope", "number:2"),
        expected=("Expected", "percent:1"), observed=("Observed", "percent:1"),
    )  # fmt: skip
    p = fits[chosen].predict_proba(later)[:, 1]
    tested = pd.DataFrame(
        {"probability": p, "left": outcome, "value": test.value}, index=test.features.index
    )
    return ChurnModel(
        models=models,
        lift=by_tenth(outcome, p, level),
        calibration=by_probability(outcome, p, level),
        drivers=drivers(fits[chosen], later, outcome, rng, repeats, level),
        tested=tested,
        chosen=chosen,
        protected=tuple(c for c in test.protected if c in names),
        learnt_until=max(s.until for s in learn),
        tested_on=test.day,
        tested_until=test.until,
        who=test.who,
        fitted=fits[chosen],
        now=now,
        learnt_from=(int(y.size), rows_of_all),
    )


def use_of_protected(*models: Protected | None) -> Finding:
    """Say which protected attributes the models of a page use.

    Parameters
    ----------
    *models : ChurnModel, Spells or None
        Whatever names the attributes that it uses; None where there is no model.
    """
    names = sorted({name for each in models if each is not None for name in each.protected})
    if names:
        return Finding("churn.protected", USED, {"names": names}, "uses", "warning")
    return Finding("churn.protected", UNUSED, verdict="none")


def _check(learn: Sequence[Snapshot], test: Snapshot) -> None:
    if not learn:
        raise DataError("there is nothing to learn from", remedy="give at least one snapshot")
    for one in (*learn, test):
        where = f"snapshot of {one.day.date()}"
        if one.left is None:
            raise DataError(
                "the outcome is not known yet", where=where, remedy="choose an earlier day"
            )
        if list(one.features.columns) != list(test.features.columns):
            raise DataError(
                "the features differ from those of the test", where=where,
                remedy="make all snapshots in one way",
            )  # fmt: skip
    for one in learn:
        if one.until > test.day:
            raise DataError(
                f"what is learnt from reaches to {one.until.date()}, into the test",
                where=f"snapshot of {one.day.date()}",
                remedy="learn from days at least one horizon before the test",
            )
    for what, group in (("learn from", learn), ("judge by", [test])):
        left = sum(int(s.left.sum()) for s in group if s.left is not None)
        stayed = sum(len(s.features) for s in group) - left
        if min(left, stayed) < LEAST_EVENTS:
            raise DataError(
                f"{left:,} left and {stayed:,} stayed: too few to {what}",
                remedy=f"at least {LEAST_EVENTS} of each are needed; take a longer horizon",
            )


def _constant(columns: Sequence[pd.Series]) -> bool:
    return bool(pd.concat(list(columns)).nunique(dropna=True) < 2)


def _plain(features: pd.DataFrame) -> pd.DataFrame:
    """Give numbers as floats and words as plain objects, missing ones named."""
    out: dict[Any, pd.Series] = {}
    for name in features:
        column: pd.Series = features[name]
        if pd.api.types.is_numeric_dtype(column):
            out[name] = column.astype(float)
        else:
            out[name] = column.astype(object).where(column.notna(), "unknown").astype(str)
    return pd.DataFrame(out, index=features.index)


def _candidates(X: pd.DataFrame, seed: int) -> dict[str, Any]:
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    numbers = [c for c in X if pd.api.types.is_numeric_dtype(X[c])]
    words = [c for c in X if c not in numbers]
    filled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    dummies = OneHotEncoder(handle_unknown="ignore", min_frequency=20)
    ranks = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return {
        LOGISTIC: make_pipeline(
            ColumnTransformer([("numbers", filled, numbers), ("words", dummies, words)]),
            LogisticRegression(C=1.0, max_iter=2000),
        ),
        BOOSTING: make_pipeline(
            ColumnTransformer([("words", ranks, words)], remainder="passthrough"),
            HistGradientBoostingClassifier(
                max_iter=80, learning_rate=0.08, max_leaf_nodes=12, min_samples_leaf=40,
                l2_regularization=1.0, random_state=seed,
            ),
        ),
    }  # fmt: skip


@dataclass(frozen=True)
class _Calibrated:
    """A classifier whose log-odds are brought onto the line that cross-validation found."""

    plain: Any
    intercept: float
    slope: float

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        return np.asarray(self.plain.feature_names_in_)

    def predict_proba(self, X: pd.DataFrame) -> Array:
        p = expit(self.intercept + self.slope * _odds(self.plain.predict_proba(X)[:, 1]))
        return np.column_stack([1 - p, p])


def _odds(p: Array) -> Array:
    return np.asarray(logit(np.clip(p, 1e-6, 1 - 1e-6)))


def _folds(y: Mask, people: Index, seed: int) -> list[tuple[Mask, Mask]]:
    """Part the people, not the rows, in four that hold as many who ever left: (inside, outside).

    scikit-learn's StratifiedGroupKFold weighs one group after the other in Python, which takes
    longer than all fits together.
    """
    from sklearn.model_selection import StratifiedKFold

    left = np.bincount(people, weights=y) > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer than four who left: some parts have none
        parts = StratifiedKFold(4, shuffle=True, random_state=seed).split(left, left)
        outside = [np.isin(people, part) for _, part in parts]
    return [(~part, part) for part in outside]


def _calibrated(
    plain: Any, X: pd.DataFrame, y: Mask, folds: Sequence[tuple[Mask, Mask]]
) -> tuple[_Calibrated, float]:
    """Fit, calibrate on the parts left out in turn (Platt 1999), and give the log loss there."""
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    unseen = np.empty(len(y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for inside, outside in folds:
            fit = clone(plain).fit(X[inside], y[inside])
            unseen[outside] = fit.predict_proba(X[outside])[:, 1]
        odds = _odds(unseen)[:, None]
        line = LogisticRegression(C=np.inf).fit(odds, y)
        loss = float(log_loss(y, line.predict_proba(odds), labels=[False, True]))
        whole = clone(plain).fit(X, y)
    return _Calibrated(whole, float(line.intercept_[0]), float(line.coef_[0, 0])), loss
