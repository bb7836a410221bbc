"""How far people, and people and the method, agree on what a comment says and in which tone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Result, Severity, labelled, named_estimates
from workbench.results.drawing import draw_estimates
from workbench.satisfaction.comments.comments import Comments
from workbench.satisfaction.comments.tone import Polarity, learn_polarity, tone_by_rating
from workbench.satisfaction.questionnaire.answers import overall_question
from workbench.stats import Agreement, cohen_kappa, krippendorff
from workbench.stats.agreement import RELIABLE, TENTATIVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEUTRAL: Final = 0.5
_WRITTEN: Final = {
    1.0: "positive pos 1 + praise 正面 正 积极 好评 表扬",
    0.0: "negative neg 0 - complaint 负面 负 消极 差评 批评",
    NEUTRAL: "neutral neu mixed both neither 0.5 中性 中立 混合 褒贬参半",
}
#: What coders may write for a tone; 0 is negative beside 1, and neutral where -1 stands beside it.
TONES: Final[Mapping[str, float]] = {
    word: tone for tone, words in _WRITTEN.items() for word in words.split()
}
_LEAST = 20
_LABELS = {
    ("aspect", "people"): "Coders on the aspect",
    ("aspect", "method"): "Method and coder on the aspect",
    ("tone", "people"): "Coders on the sentiment",
    ("tone", "method"): "Method and coder on the sentiment",
}


@dataclass(frozen=True)
class CodingAgreement(Result):
    """Agreement beyond chance between people, and of each with the method.

    Attributes
    ----------
    table : DataFrame
        `what` ("aspect", "tone"), `between` ("people", or "method": it and one `coder`), `measure`
        ("alpha" Krippendorff, "kappa" Cohen), `n`, `estimate`, `low`, `high`, `verdict` by
        Krippendorff's limits, `reason` where nothing could be said.
    """

    table: pd.DataFrame

    def of(self, what: str, coder: str = "") -> pd.Series:
        """Return the row on people, or that on the method and one coder."""
        rows = self.table[(self.table["what"] == what) & (self.table["coder"] == coder)]
        if rows.empty:
            raise DataError(f"no agreement on {what} was measured of {coder or 'people'}")
        return rows.iloc[0]

    @property
    def sound(self) -> bool:
        """Whether all that was measured may be relied on at least tentatively."""
        measured = self.table.dropna(subset="estimate")
        return bool(len(measured)) and not (measured["verdict"] == "unreliable").any()

    def estimates(self) -> dict[str, Estimate]:
        """Return the coefficients: `tone.people`, `aspect.method.a`, ..."""
        t = self.table.dropna(subset="estimate")
        between = t["between"].str.cat(t["coder"], sep=".").str.removesuffix(".")
        named = named_estimates(t.assign(name=t["what"] + "." + between), "name", digits=2)
        labels = [_LABELS[pair] for pair in zip(t["what"], t["between"], strict=True)]
        return {
            name: replace(each, label=label)
            for (name, each), label in zip(named.items(), labels, strict=True)
        }

    def findings(self) -> list[Finding]:
        """Whether what was measured may be relied on."""
        measured = self.estimates()
        severity: Severity = "note"
        if not measured:
            message = "Too few comments were coded to say how well people agree"
        elif self.sound:
            message, severity = "People agree with one another, and with the method", "ok"
        else:
            message, severity = "People and method do not agree well everywhere", "warning"
        if self.sound and not any(name.endswith(".people") for name in measured):
            message = "People agree with the method"
        return [
            Finding("coding", message, severity=severity, estimates=measured),
            Finding(
                "coding.meaning",
                "Some comments were coded by hand. 1 is perfect agreement and 0 what chance would"
                " give; from 0.8 on codes can be relied on, between 0.67 and 0.8 only with care."
                " The method cannot agree with people better than they do among themselves.",
            ),
        ]

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the coefficients with their intervals and the limits of reliable coding."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = draw_estimates(self.estimates(), ax, language=say)
        coders = self.table.dropna(subset="estimate")["coder"].iloc[::-1]
        names = [text.get_text() for text in ax.get_yticklabels()]
        pairs = zip(names, coders, strict=True)
        labels = [f"{name}: {say.name(coder)}" if coder else name for name, coder in pairs]
        ax.set_yticks(np.arange(len(labels)), labels)
        for limit in (TENTATIVE, RELIABLE):
            ax.axvline(limit, color=plt.rcParams["axes.edgecolor"], linewidth=0.8, linestyle="--")
        ax.set_xlabel(say("Agreement beyond chance (line: 95% interval; dashed: limits)"))
        return ax


def coded_tones(frame: pd.DataFrame, *, prefix: str = "tone_") -> Array:
    """Read the tone on which all coders of a comment agree.

    Parameters
    ----------
    frame : DataFrame
        One column a coder, say `tone_a` and `tone_b`; see `TONES` for what may stand there.

    Returns
    -------
    ndarray, shape (n,)
        1 positive, 0 negative, NaN where nobody coded, the coders differ or find it neutral.
    """
    tones = _tones(frame, prefix)
    if not tones.shape[1]:
        return np.full(len(frame), np.nan)
    top = tones.max(axis=1).to_numpy(dtype=float)
    agreed = (tones.min(axis=1) == tones.max(axis=1)).to_numpy() & (top != NEUTRAL)
    return np.where(agreed, top, np.nan)


def positive_codes(frame: pd.DataFrame, *, prefix: str = "tone_") -> tuple[Array, int]:
    """Read which comments coders call positive: a neutral one is not.

    Returns
    -------
    ndarray, shape (n,)
        Share of the coders of each comment who call it positive; NaN where nobody coded it.
    int
        Codes that stand for no tone that is known.
    """
    tones = _tones(frame, prefix)
    unread = int((_codes(frame, prefix).notna() & tones.isna()).to_numpy().sum())
    share = (tones == 1.0).where(tones.notna()).astype(float).mean(axis=1)
    return share.to_numpy(dtype=float), unread


def learn_tone(
    frame: pd.DataFrame,
    *,
    text: str = "comment",
    rating: str = "csat5",
    tone: str = "tone_",
    labelled: pd.DataFrame | None = None,
    rng: np.random.Generator,
    folds: int = 5,
    level: float = 0.95,
) -> Polarity:
    """Learn the tone of a survey's comments from whatever tells it.

    That is what coders wrote, then other comments that are labelled, then the ratings; those who
    comment on a middling rating mostly complain.

    Parameters
    ----------
    frame : DataFrame
        The survey.
    text, rating : str
        Columns of the comments and of overall satisfaction, in place of which another question
        about it will do; it may be missing.
    tone : str
        Prefix of the coders' columns.
    labelled : DataFrame, optional
        Other comments: `comment`, and `positive` (1 or 0).
    rng : numpy.random.Generator

    Raises
    ------
    DataError
        As `learn_polarity`; or `labelled` lacks a column.
    """
    texts = frame[text].reset_index(drop=True)
    rated = np.full(len(frame), np.nan)
    rating = overall_question(frame, rating)
    if rating in frame:
        rated = tone_by_rating(frame[rating], middle="negative")
    coded = coded_tones(frame, prefix=tone)
    if labelled is not None:
        absent = [c for c in ("comment", "positive") if c not in labelled]
        if absent:
            raise DataError(
                f"there are no columns {', '.join(map(repr, absent))}",
                where="labelled comments",
                remedy="the table needs comment and positive (1 or 0)",
            )
        texts = pd.concat([texts, labelled["comment"]], ignore_index=True)
        given = pd.to_numeric(labelled["positive"], errors="coerce").to_numpy(dtype=float)
        rated = np.concatenate([rated, np.full(len(labelled), np.nan)])
        coded = np.concatenate([coded, given])
    learned = learn_polarity(texts, rated, coded=coded, rng=rng, folds=folds, level=level)
    n = len(frame)
    return replace(learned, held_out=learned.held_out[:n], chances=learned.chances[:n])


def coding_agreement(
    frame: pd.DataFrame,
    comments: Comments,
    polarity: Polarity | None = None,
    *,
    aspect: str = "code_",
    tone: str = "tone_",
    rng: np.random.Generator,
    draws: int = 500,
    level: float = 0.95,
) -> CodingAgreement:
    """Compare the coders with one another and with the method.

    The method's aspect of a comment is the one it speaks of first; its tone is that given to the
    comment while it was held out of learning. Survey weights have no part in it: agreement speaks
    of coders and method, not of customers.

    Parameters
    ----------
    frame : DataFrame
        The table that the comments came from, one column a coder for aspects and tones.
    comments : Comments
        Read from this table.
    polarity : Polarity, optional
        Learned from this table's comments.
    aspect, tone : str
        Prefixes of the coders' columns.
    rng : numpy.random.Generator

    Raises
    ------
    DataError
        There are no coders' columns, or the table is not that of the comments.
    """
    if len(frame) != comments.respondents:
        raise DataError(
            f"the table has {len(frame)} rows, that of the comments had {comments.respondents}",
            remedy="give the table that the comments were read from",
        )
    given = frame.reset_index(drop=True)
    rows: list[dict[str, Any]] = []
    method = comments.first_aspect().reindex(given.index)
    codes = _codes(given, aspect)
    known = {*comments.aspects, "none"}
    rows += _between_people(codes, "aspect", rng, draws, level)
    for column in map(str, codes):
        foreign = ~codes[column].dropna().isin(known)
        if foreign.mean() > 0.5:
            reason = "the codes are not aspects of the codebook"
            rows.append(
                {
                    "what": "aspect",
                    "between": "method",
                    "coder": column.removeprefix(aspect),
                    "reason": reason,
                }
            )
        else:
            rows.append(
                _with_method(codes[column], method, "aspect", column.removeprefix(aspect), level)
            )
    tones = _tones(given, tone)
    rows += _between_people(tones, "tone", rng, draws, level)
    tones = tones.where(tones != NEUTRAL)  # the method knows two tones
    if polarity is not None and polarity.held_out.shape == (len(given),):
        held = pd.Series(polarity.held_out)
        rows += [
            _with_method(tones[c], held, "tone", c.removeprefix(tone), level)
            for c in map(str, tones)
        ]
    if not rows:
        raise DataError(
            "nobody has coded the comments",
            where="survey",
            remedy=f"columns {aspect}<coder> hold aspects, {tone}<coder> hold tones",
        )
    columns = ["what", "between", "coder", "measure", "n"]
    columns += ["estimate", "low", "high", "verdict", "reason"]
    blank: dict[str, Any] = {"n": 0, "estimate": np.nan, "low": np.nan, "high": np.nan}
    blank |= dict.fromkeys(("coder", "measure", "verdict", "reason"), "")
    return CodingAgreement(
        labelled(
            pd.DataFrame([{**blank, **row} for row in rows])[columns],
            what="Coded",
            between="Between",
            coder="Coder",
            n="Comments",
            estimate=("Agreement", "number:2"),
            verdict="Verdict",
            reason="Note",
        )
    )


def _codes(frame: pd.DataFrame, prefix: str) -> pd.DataFrame:
    columns = [c for c in frame if str(c).startswith(prefix)]
    cells = {str(c): frame[c].astype("string").str.strip() for c in columns}
    found = {c: text.where(text != "").astype(object) for c, text in cells.items()}
    return pd.DataFrame(found, index=frame.index)


def _tones(frame: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Read the coders' tones, a column each."""
    codes = _codes(frame, prefix).apply(
        lambda c: c.astype("string").str.lower().str.replace(r"\.0$", "", regex=True)
    )
    signs = bool(codes.isin(["-1"]).to_numpy().any())
    known = {**TONES, "-1": 0.0, **({"0": NEUTRAL} if signs else {})}
    return pd.DataFrame({c: codes[c].map(known).astype(float) for c in codes}, index=codes.index)


def _between_people(
    codes: pd.DataFrame, what: str, rng: np.random.Generator, draws: int, level: float
) -> list[dict[str, Any]]:
    if codes.shape[1] < 2:
        return []
    both = codes[codes.notna().sum(axis=1) >= 2]
    if len(both) < _LEAST:
        reason = "too few comments coded twice"
        return [{"what": what, "between": "people", "n": len(both), "reason": reason}]
    alpha = krippendorff(both, rng=rng, draws=draws, level=level)
    return [{"what": what, "between": "people", **_row(alpha)}]


def _with_method(
    coder: pd.Series, method: pd.Series, what: str, name: str, level: float
) -> dict[str, Any]:
    both = coder.notna() & method.notna()
    row = {"what": what, "between": "method", "coder": name}
    if both.sum() < _LEAST:
        return {**row, "n": int(both.sum()), "reason": "too few comments"}
    return {
        **row,
        **_row(cohen_kappa(coder[both].to_numpy(), method[both].to_numpy(), level=level)),
    }


def _row(agreement: Agreement) -> dict[str, Any]:
    columns = ["measure", "n", "estimate", "low", "high", "verdict"]
    return dict(agreement.table[columns].iloc[0])
