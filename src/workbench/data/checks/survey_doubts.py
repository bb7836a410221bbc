"""Doubts about a survey that `check` voices: columns that are not there, codes, answers turned."""

from __future__ import annotations

import pandas as pd

from workbench.data.tables import Tables
from workbench.errors import did_you_mean
from workbench.study.survey import PREFIXES

#: Answers to both questions, and their correlation, from which one seems to be the other way round.
_BOTH, _AGAINST = 30, -0.3


def unknown_questions(tables: Tables) -> list[str]:
    """Hold the open questions and attention checks that the card names against the table."""
    survey = tables.study.survey
    if survey is None:
        return []
    have = set(tables.expr("survey").columns)
    return [
        f"survey: `{key}` of the card names {name!r}, which the table lacks"
        f"{did_you_mean(name, sorted(have))}"
        for key, named in (("open", survey.open), ("attention", survey.attention))
        for name in named
        if name not in have
    ]


def coded_by_whom(tables: Tables) -> list[str]:
    """Ask how comments whose tone people coded were chosen, where the card does not say."""
    survey = tables.study.survey
    if survey is None or survey.coded is not None:
        return []
    table = tables.expr("survey")
    names = [c for c in table.columns if c.startswith("tone_")]
    if not names:
        return []
    counts = tables.engine.run(
        table.aggregate(**{c: table[c].count() for c in names}), "survey"
    ).iloc[0]
    coded = {c: int(counts[c]) for c in names if counts[c]}
    if not coded:
        return []
    shown = ", ".join(f"{c!r} ({n:,})" for c, n in coded.items())
    return [
        f"survey: people coded the tone of comments in {shown}, and nothing says how these were"
        " chosen; write `coded: random` under survey if they were drawn by lot, or name the column"
        " with each comment's chance; until then no share of positive comments rests on them"
    ]


def turned_scores(tables: Tables) -> list[str]:
    """Doubt answers that fall where recommending rises: 1 may have been the best one."""
    table = tables.expr("survey")
    overall = [c for c in table.columns if c in ("csat", "csat5", "csat10")]
    items = [c for c in table.columns if c.startswith(PREFIXES["perception"])]
    if "recommend" not in table.columns or not (overall or items):
        return []
    scores = tables.engine.run(table.select(*overall, *items, "recommend"), "survey").astype(float)
    found = [
        f"survey: the higher the answers to {name!r}, the less people recommend"
        f" (correlation {r:.2f}): 1 seems to be its best answer. Turn it round under"
        f" survey, on 1 to 5 with `answers: {{{name}: {{1: 5, 2: 4, 4: 2, 5: 1}}}}`"
        for name in overall
        if (r := _together(scores[name], scores["recommend"])) < _AGAINST
    ]
    if items and (r := _together(scores[items].mean(axis=1), scores["recommend"])) < _AGAINST:
        found.append(
            "survey: the higher the answers on experience, the less people recommend (correlation"
            f" {r:.2f}): 1 seems to be the best answer to these items; list them under `reversed`"
        )
    return found


def _together(one: pd.Series, other: pd.Series) -> float:
    """Correlation of two questions; 0 where few answered both."""
    both = pd.DataFrame({"one": one, "other": other}).dropna()
    return float(both["one"].corr(both["other"])) if len(both) >= _BOTH else 0.0
