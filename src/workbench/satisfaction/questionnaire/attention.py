"""Attention checks: who failed one, and whether the card leaves them out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.arrays import Mask
from workbench.results import Finding
from workbench.stats import proportion_interval
from workbench.study.instrument import ASKED
from workbench.study.survey import AttentionCheck, Survey

#: The column, in an analysis' answers, that says who failed a check: 1, 0, missing where not asked.
FAILED = "attention_failed"
_CONSENT, _OWN = ASKED[1], ASKED[3]


@dataclass(frozen=True)
class Attention:
    """Who answered an attention check, row by row, and what became of those who failed.

    Attributes
    ----------
    asked, failed, left_out : ndarray of bool
        Answered a check; failed one; and is left out for it, because the card says so.
    """

    asked: Mask
    failed: Mask
    left_out: Mask

    def findings(self) -> list[Finding]:
        """How many failed, and what became of them; nothing where no check was asked."""
        n, of, out = (int(mask.sum()) for mask in (self.failed, self.asked, self.left_out))
        if not of:
            return []
        values = {
            "n": n,
            "of": of,
            "out": out,
            "share": proportion_interval(n, of).named("Failed an attention check", kind="percent"),
        }
        message = (
            "{n} of {of} respondents failed an attention check ({share}). They are kept: the card"
            " does not say that they are to be left out."
        )
        if out:
            message = (
                "{n} of {of} respondents failed an attention check ({share}). By the rule on the"
                " card {out} of them are left out of every result."
            )
        return [Finding("care.attention", message, values, verdict="left out" if out else "kept")]


def checks_of(columns: pd.Index, card: Survey) -> dict[str, AttentionCheck]:
    """Give the attention checks of a table: the card's, else that of the card's questionnaire."""
    named = {name: check for name, check in card.attention.items() if name in columns}
    if not card.attention and {_OWN, _CONSENT} <= set(columns) and card.dimensions:
        return {_OWN: AttentionCheck(right=(card.own_check[1],))}
    return named


def attention(frame: pd.DataFrame, card: Survey) -> Attention:
    """Hold the answers to attention checks against those that attentive readers give.

    Parameters
    ----------
    frame : DataFrame
        A study's table `survey`.
    card : Survey
        Its `attention` names the checks. A questionnaire that the workbench made from the card has
        one of its own (`attention`, beside `consent`).
    """
    nobody = np.zeros(len(frame), dtype=bool)
    asked, failed, left_out = nobody.copy(), nobody.copy(), nobody.copy()
    for name, check in checks_of(frame.columns, card).items():
        given = frame[name].astype("string").str.strip()
        answered = (given.fillna("") != "").to_numpy(dtype=bool)
        right = {_plain(text) for text in check.right}
        wrong = answered & ~given.fillna("").map(_plain).isin(right).to_numpy(dtype=bool)
        asked |= answered
        failed |= wrong
        if check.exclude:
            left_out |= wrong
    return Attention(asked, failed, left_out)


def _plain(text: str) -> str:
    """Write an answer so that 2, 2.0 and " Two " compare as they are meant."""
    folded = str(text).strip().casefold()
    try:
        return f"{float(folded):g}"
    except ValueError:
        return folded
