"""The waves of a survey in order of time: by their days, the card, or what their names say."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from workbench.satisfaction.questionnaire.answers import SurveyError
from workbench.study.waves import order_of_names


def waves_in_order(
    labels: pd.Series, answered: pd.Series | None = None, declared: Sequence[str] = ()
) -> list[str]:
    """Put the waves of a survey in order of time.

    Their days decide where there are days; else the order of the card; else what the names say, if
    they are plainly numbered or dated.

    Parameters
    ----------
    labels : Series
        Wave of each answer.
    answered : Series, optional
        Day of each answer.
    declared : sequence of str
        The waves as the card lists them.

    Raises
    ------
    SurveyError
        A wave that the card does not list, or an order that nothing but the alphabet would decide.

    Examples
    --------
    >>> import pandas as pd
    >>> waves_in_order(pd.Series(["Wave 11", "Wave 8", "Wave 9"]))
    ['Wave 8', 'Wave 9', 'Wave 11']
    """
    text = labels.astype("string")
    found = sorted(text.dropna().unique())
    strange = [w for w in found if declared and w not in declared]
    if strange:
        raise SurveyError(
            f"waves {', '.join(strange)} are not in the card",
            where="survey.waves",
            remedy="list every wave in order of time, or leave the list out",
        )
    by_days = _by_days(text, answered)
    if len(found) < 2 or by_days:
        return by_days or found
    if declared:
        return [w for w in declared if w in found]
    by_name = order_of_names(found)
    if by_name is None:
        shown = ", ".join(map(repr, found[:6]))
        raise SurveyError(
            f"nothing but the alphabet says in which order the waves {shown} came",
            where="survey.wave",
            remedy="list them in order of time under `waves:` of survey in study.yml, or map the"
            " day of each answer to `answered_on`",
        )
    return by_name


def contradicted(order: Sequence[str], declared: Sequence[str]) -> bool:
    """Tell whether the card lists the waves in another order than that of their days."""
    return bool(declared) and [w for w in declared if w in order] != list(order)


def _by_days(text: pd.Series, answered: pd.Series | None) -> list[str]:
    """Order the waves by the middle of their days; empty where one has none, or two the same."""
    if answered is None:
        return []
    days = pd.to_datetime(answered, errors="coerce").groupby(text)
    # a few stray days say nothing of a wave
    if not (days.count() * 2 >= days.size()).all():
        return []
    middle = days.median()
    if middle.isna().any() or middle.duplicated().any():
        return []
    return [str(w) for w in middle.sort_values().index]
