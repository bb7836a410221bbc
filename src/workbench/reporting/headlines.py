"""Headline numbers as cards: label, value, interval, and the change since the last run."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from workbench.reporting.display import emit
from workbench.reporting.languages import ReportingError, languages_shown, translate
from workbench.reporting.numbers import Value, day, money, num, pct, points
from workbench.reporting.tables import html_lang


def headlines(run: Any, names: Sequence[str]) -> None:
    """Show metrics of a run as cards.

    Parameters
    ----------
    run : Run
        Has ``metrics()`` and ``previous()``, DataFrames of metrics.
    names : sequence of str
        Names of metrics, such as ``clv.mean``.
    """
    metrics = rows(run.metrics())
    absent = [name for name in names if name not in metrics]
    if absent:
        raise ReportingError(
            f"there is no metric {', '.join(absent)}",
            where="headlines(...)",
            remedy=f"this run has {', '.join(metrics) or 'none'}; call run.metric first",
        )
    for language in languages_shown():
        cards, plain = [], []
        for name in names:
            row = metrics[name]
            value = metric_value(row)
            label = translate(str(row.get("label") or name), language)
            interval = value.interval(language)
            cards.append(
                f'<li class="wb-card"><p class="wb-card-label">{escape(label)}</p>'
                f'<p class="wb-card-value">{escape(value.estimate(language))}</p>'
                + (f'<p class="wb-card-interval">{escape(interval)}</p>' if interval else "")
                + "</li>"
            )
            plain.append(f"{label}: {value.text(language)}")
        html = f'<ul class="wb-headlines" lang="{html_lang(language)}">{"".join(cards)}</ul>'
        emit("headlines", language, {"text/html": html, "text/plain": "\n".join(plain)})


def rows(metrics: Any) -> dict[str, dict[str, Any]]:
    """Metrics by name."""
    if metrics is None or not len(metrics):
        return {}
    frame = metrics if "name" in metrics.columns else metrics.rename_axis("name").reset_index()
    return {str(row["name"]): row for row in frame.to_dict("records")}


def metric_value(row: dict[str, Any]) -> Value:
    """The value of a metric's row."""
    kind = str(row.get("kind") or "number")
    if kind == "date":
        return day(row["value"])
    x, low, high = row["value"], row.get("low"), row.get("high")
    if kind == "money":
        return money(x, low, high, str(row.get("unit") or "") or None)
    return {"percent": pct, "points": points}.get(kind, num)(x, low, high)
