"""What a study's first page shows: the message, the goals as tiles, what to do next, the answers.

The first screen is the message. It is put together from the findings that the pages stored, and
from the goals as their page judged them; nothing is judged here. Each part leads to its page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, Final

from workbench.languages import Language
from workbench.languages.numbers import Value, as_value, day, digits_as_set, with_unit
from workbench.reporting.cards import Row, label_of, shown_value
from workbench.reporting.display import emit, readers
from workbench.reporting.overview import (
    COUNTED,
    MEASURED,
    SAID,
    NextStep,
    Overview,
    Question,
    gather,
    notebook_of,
)
from workbench.reporting.sentences import heading, marked, phrase, text_of
from workbench.reporting.small_pictures import (
    TONES,
    Range,
    mark,
    proportions,
    ranges,
    span,
    sparkline,
    tone,
)
from workbench.results import Estimate, Finding
from workbench.results.columns import columns_of

if TYPE_CHECKING:
    import pandas as pd

#: Goals that need somebody come first.
ORDER: Final = ("missed", "at risk", "cannot tell", "on course", "met")
MOST_STEPS = 3
"""Next steps on the first screen; the others are folded."""
MOST_RANGES = 3
"""Rows of a small picture."""
#: How pressing a step is, up to which urgency of its advice, and the tone of it.
_PRESSING: Final = (
    (2, "At once", "wb-bad"),
    (4, "Soon", "wb-warn"),
    (6, "Later", "wb-fair"),
    (9, "Keep", "wb-good"),
)
#: How the three counts of goals are marked.
_STANDING: Final = {
    "good": "met or on course",
    "bad": "at risk or missed",
    "unclear": "cannot tell",
}
#: Kinds of numbers that are drawn, and how much smaller than the largest an amount may be.
_DRAWN, _SMALLEST = ("percent", "money", "points"), 50
#: Results whose first rows are the picture of a question.
PICTURED: Final = {"short": "gaps", "matters": "dimensions_and_satisfaction"}


@dataclass(frozen=True)
class Landing:
    """The first page of a study.

    Attributes
    ----------
    overview : Overview
        What the pages of the run stored.
    goals : DataFrame, optional
        The goals as their page judged them: goal, title, status, estimate, low, high, baseline,
        target, deadline, form, unit.
    courses : DataFrame, optional
        The record of each goal: goal, value, estimate, low, high, in order of time.
    tables : mapping of str to DataFrame
        Key of a question -> the result whose first rows are its picture.
    """

    overview: Overview
    goals: pd.DataFrame | None = None
    courses: pd.DataFrame | None = None
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def message(self) -> None:
        """Say in a sentence or two how the study stands, and whether that is new."""
        for language in readers():
            said = sentences(self.overview.message(), language, "html")
            plain = sentences(self.overview.message(), language, "plain")
            new = escape(news(self.overview, language))
            new = f'<a href="#changes">{new}</a>' if self.overview.moved() else new
            html = f'<p class="wb-message">{said}</p>\n' if said else ""
            html += f'<p class="wb-news">{new}</p>'
            plain = plain or news(self.overview, language)
            emit("message", language, {"text/html": html, "text/plain": plain})

    def standing(self) -> None:
        """Show the goals as tiles; of a study without goals, its headline numbers."""
        if self.goals is None or self.goals.empty:
            self.overview.headlines()
            return
        rank = {status: place for place, status in enumerate(ORDER)}
        rows: list[Any] = self.goals.to_dict("records")
        rows.sort(key=lambda row: rank.get(str(row["status"]), len(rank)))
        for language in readers():
            tiles = [self._tile(row, language) for row in rows]
            html = f'<ul class="wb-goals" lang="{language.tag}">' + "\n".join(tiles) + "</ul>"
            plain = "\n".join(
                f"{language.name(str(row['title']))}: {language(str(row['status']))}"
                for row in rows
            )
            emit("cards", language, {"text/html": html, "text/plain": plain})

    def _tile(self, row: Mapping[str, Any], language: Language) -> str:
        status = str(row["status"])
        title = language.name(str(row["title"]))
        now, target = _level_and_target(row)
        more = row["target"] > row["baseline"]
        about = {
            "on": day(row["level_on"]).short(language),
            "target": _with_unit(target, row, language),
            "day": day(row["deadline"]).short(language),
        }
        reached = language(
            "level on {on}; target: {target} or more by {day}"
            if more
            else "level on {on}; target: {target} or less by {day}"
        ).format(**about)
        short = f"{'≥' if more else '≤'} " + language("{target} by {day}").format(**about)
        value = _with_unit(now, row, language)
        said = language(status)
        label = f"{title}: {said}; {value}; {reached}"
        return (
            f'<li class="wb-goal {tone(status)}"><a href="goals.html">'
            f'<span class="wb-goal-now"><span class="wb-status">{mark(status)} {escape(said)}'
            f'</span> <span class="wb-goal-on">{escape(about["on"])}</span></span>'
            f'<span class="wb-goal-name">{escape(title)}</span>'
            f'<span class="wb-goal-value">{escape(value)}</span>'
            f"{self._sparkline(row, label)}"
            f'<span class="wb-goal-target" title="{escape(reached, quote=True)}">{escape(short)}'
            "</span></a></li>"
        )

    def _sparkline(self, row: Mapping[str, Any], label: str) -> str:
        if self.courses is None:
            return ""
        own = self.courses[self.courses["goal"] == row["goal"]]
        value, level, low, high = (own[x].tolist() for x in ("value", "estimate", "low", "high"))
        return sparkline(value, level, low, high, float(row["target"]), label=label)

    def next_steps(self) -> None:
        """Show what to do next: the most pressing steps, and the others folded below them."""
        steps = self.overview.steps()
        for language in readers():
            if not steps:
                nothing = language("Nothing that was found in this run calls for action.")
                emit("prose", language, {"text/markdown": nothing, "text/plain": nothing})
                continue
            items = [self._step(step, language) for step in steps]
            html = f'<ol class="wb-next" lang="{language.tag}">{"".join(items[:MOST_STEPS])}</ol>'
            if more := items[MOST_STEPS:]:
                said = language("What else follows from the findings ({n})", n=len(more))
                html += (
                    f'<details class="wb-more"><summary>{escape(said)}</summary>'
                    f'<ol class="wb-next" start="{MOST_STEPS + 1}">{"".join(more)}</ol></details>'
                )
            plain = "\n".join(
                f"- {sentences([step.said], language, 'plain')} "
                + language("See {page}.").format(page=self._name(step.page, language))
                for step in steps
            )
            emit("cards", language, {"text/html": html, "text/plain": plain})

    def _step(self, step: NextStep, language: Language) -> str:
        word, css = next(each for most, *each in _PRESSING if step.urgency <= most)
        stake = f'<span class="wb-status {css}">{escape(language(word))}</span>'
        money = as_value(step.said.money) if step.said.money is not None else None
        if money is not None and money.known:
            about = language("{money} at stake").format(money=money.size().estimate(language))
            stake += f' <span class="wb-stake">{escape(about)}</span>'
        said = sentences([step.said], language, "html")
        link = self._link(step.page, language)
        return f'<li class="{css}"><p>{stake}</p><p>{said}</p><p>{link}</p></li>'

    def measures(self) -> None:
        """Show the verdict on each measure with its effect, on one scale, and its money."""
        verdicts = self.overview.verdicts()
        if not verdicts:
            return
        rows = sorted(verdicts.items(), key=lambda each: list(TONES).index(each[1].verdict))
        effects = [_effect_of(finding) for _, finding in rows]
        shares = [e for e in effects if e is not None and e.kind == "percent"]
        ends = [x for e in shares for x in (e.value, e.low, e.high) if isfinite(x)]
        scale = (max(min(0.0, *ends), -1.0), min(max(0.0, *ends), 1.0)) if ends else (0.0, 0.0)
        for language in readers():
            names = ("Measure taken", "Verdict", "Effect", "Net benefit")
            heads = "".join(
                f'<th scope="col"{css}>{escape(language(words))}</th>'
                for words, css in zip(names, ("", "", "", ' class="wb-num"'), strict=True)
            )
            body = "\n".join(
                self._measure(page, finding, effect, scale, language)
                for (page, finding), effect in zip(rows, effects, strict=True)
            )
            name = escape(language("Did the measures work?"), quote=True)
            html = (
                f'<div class="wb-table-wrap" role="region" tabindex="0" aria-label="{name}"'
                f' lang="{language.tag}"><table class="wb-table wb-measures">'
                f"<thead><tr>{heads}</tr></thead>\n<tbody>{body}</tbody></table></div>"
            )
            plain = "\n".join(phrase(each, language, {}, form="plain") for _, each in rows)
            emit("cards", language, {"text/html": html, "text/plain": plain})

    def _measure(
        self,
        page: str,
        finding: Finding,
        effect: Estimate | None,
        scale: tuple[float, float],
        language: Language,
    ) -> str:
        verdict = finding.verdict
        drawn, said = "", escape(language("no number"))
        if effect is not None and (number := as_value(effect)) is not None:
            outcome = language.name(str(finding.values.get("outcome", "")))
            text = number.text(language)
            if effect.kind == "percent" and scale[0] < scale[1]:
                drawn = span(Range(outcome, effect.value, effect.low, effect.high, text), *scale)
            shown = marked(number, number.estimate(language))
            rest = text.removeprefix(number.estimate(language))
            said = f"{escape(outcome)} {shown}{escape(rest)}"
            if verdict == "not shown" and not effect.low <= 0 <= effect.high:
                doubt = language("may be chance, as several outcomes were looked at")
                said += f"; {escape(doubt)}"
        money = as_value(finding.money) if finding.money is not None else None
        net = escape("–")
        if money is not None:
            shown = money.estimate(language)
            ends = escape(money.text(language).removeprefix(shown).strip())
            net = f'{marked(money, shown)} <span class="wb-effect">{ends}</span>'
        # the key, the page and the verdict, so that whoever compares the pages finds them
        about = f'data-finding="{finding.key}" data-page="{page}" data-verdict="{verdict}"'
        return (
            f'<tr><th scope="row">{self._link(page, language)}</th>'
            f'<td><span class="wb-status {tone(verdict)}" {about}>{mark(verdict)}'
            f" {escape(language(SAID[verdict]))}</span></td>"
            f'<td>{drawn}<span class="wb-effect">{said}</span></td>'
            f'<td class="wb-num">{net}</td></tr>'
        )

    def answers(self) -> None:
        """Show of each question a sentence, a picture, and where to read on."""
        asked = [
            (question, rows)
            for question, rows in self.overview.answered()
            if question.key not in ("goals", MEASURED) or self._has_no_part(question.key)
        ]
        for language in readers() if asked else ():
            cards = [self._answer(question, rows, language) for question, rows in asked]
            html = f'<div class="wb-answers" lang="{language.tag}">{"".join(cards)}</div>'
            plain = "\n".join(language(question.heading) for question, _ in asked)
            emit("cards", language, {"text/html": html, "text/plain": plain})
        self.overview.silent()

    def _has_no_part(self, key: str) -> bool:
        return not self.overview.verdicts() if key == MEASURED else self.goals is None

    def _answer(self, question: Question, rows: Sequence[Row], language: Language) -> str:
        pages = dict.fromkeys(str(row["notebook"]) for row in rows)
        found = next((f for page in pages for f in self.overview.findings.get(page, ())), None)
        said = "" if found is None else f"<p>{sentences([found], language, 'html')}</p>"
        links = " · ".join(self._link(page, language) for page in pages)
        return (
            f'<section class="wb-answer"><h3 id="{question.key}">'
            f"{escape(language(question.heading))}</h3>{said}"
            f"{self._picture(question, rows, language)}"
            f'<p class="wb-read">{links}</p></section>'
        )

    def _picture(self, question: Question, rows: Sequence[Row], language: Language) -> str:
        table = self.tables.get(question.key)
        if table is not None and len(table):
            return ranges(_first_rows(table, language))
        kind = next((k for row in rows if (k := row.get("kind")) in _DRAWN), "")
        own = {notebook_of(row["notebook"]) for row in rows}
        chosen = [
            row
            for row in self.overview.rows
            if row.get("kind") == kind and notebook_of(row["notebook"]) in own
        ]
        # beside a sum of all customers the mean of one is no bar
        least = max((abs(float(row["value"])) for row in chosen), default=0.0) / _SMALLEST
        if kind == "money":
            chosen = [row for row in chosen if abs(float(row["value"])) >= least]
        drawn = [_range(row, language) for row in chosen[:MOST_RANGES]]
        return ranges(drawn, share=kind == "percent")

    def changes(self) -> None:
        """List the numbers that moved since the last complete run; nothing where none did."""
        moved = self.overview.moved()
        if not moved:
            return
        heading("What has changed since the last run")
        for language in readers():
            said = language(
                "{n} of {total} headline figures have changed.",
                n=len(moved),
                total=len(self.overview.rows),
            )
            lines = changed(self.overview, language)
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            html = (
                f'<details class="wb-more" lang="{language.tag}"><summary>{escape(said)}</summary>'
                f"<ul>{items}</ul></details>"
            )
            plain = "\n".join([said, *(f"- {line}" for line in lines)])
            emit("cards", language, {"text/html": html, "text/plain": plain})

    def _link(self, page: str, language: Language) -> str:
        href = escape(f"{page}.html", quote=True)
        return f'<a href="{href}">{escape(self._name(page, language))}</a>'

    def _name(self, page: str, language: Language) -> str:
        name = self.overview.name_of(page)
        return text_of(name, language) if isinstance(name, Mapping) else language(name)


def open_landing(run: Any) -> Landing:
    """Gather what the pages of a run stored.

    Parameters
    ----------
    run : Run
        Has ``headlines()``, ``findings()``, ``previous()``, ``has_result()``, ``load()`` and
        ``study.cases``.
    """

    def result(name: str) -> pd.DataFrame | None:
        return run.load(name) if run.has_result(name) else None

    tables = {key: found for key, name in PICTURED.items() if (found := result(name)) is not None}
    return Landing(gather(run), result("goals"), result("goal_courses"), tables)


def changed(overview: Overview, language: Language) -> list[str]:
    """Say of each headline number that has changed since the last complete run by how much."""
    return [f"{label_of(row, language)}: {by.text(language)}" for row, by in overview.moved()]


def news(overview: Overview, language: Language) -> str:
    """Say whether headline numbers have changed since the last complete run."""
    moved = overview.moved()
    if not overview.before:
        return language("This is the study's first complete run.")
    if not moved:
        return language("No headline number has changed since the last complete run.")
    return language("Headline figures that have changed since the last run: {n}.", n=len(moved))


def standing(overview: Overview, language: Language) -> str:
    """Say by marks how many goals, and how many measures, stand how; as HTML, empty without."""
    numbers = {(str(row["notebook"]), str(row["name"])): row["value"] for row in overview.rows}
    goals = [(s, int(numbers.get(("goals", f"goals.{name}"), 0))) for name, s in _STANDING.items()]
    verdicts = [each.verdict for each in overview.verdicts().values()]
    measures = [(verdict, verdicts.count(verdict)) for verdict in COUNTED]
    parts = []
    for of, counts in (("Goals", goals), ("Measures", measures)):
        shown = [(status, n) for status, n in counts if n]
        if not shown:
            continue
        marks = " ".join(
            f'<span class="wb-status {tone(status)}">{mark(status)} {n} '
            f"{escape(language(SAID.get(status, status)))}</span>"
            for status, n in shown
        )
        said = "; ".join(f"{n} {language(SAID.get(status, status))}" for status, n in shown)
        label = f"{language(of)}: {said}"
        parts.append(
            f'<div class="wb-counts"><span class="wb-counts-of">{escape(language(of))}</span> '
            f"{marks}{proportions(shown, label=label)}</div>"
        )
    return "".join(parts)


def sentences(found: Iterable[Finding], language: Language, form: Any) -> str:
    """Say findings one after the other; those that are headings get the stop that they lack."""
    stop, gap = ("。", "") if language.code == "zh" else (".", " ")
    said = []
    for each in found:
        words = phrase(each, language, {}, form=form).strip()
        bare = phrase(each, language, {}, form="plain").strip()
        said.append(words if bare[-1:] in ".!?。！？" else words + stop)
    return gap.join(said)


def _level_and_target(row: Mapping[str, Any]) -> tuple[Value, Value]:
    """Give the level that was judged, and the target as it was set; in digits that part them."""
    form, aim = row.get("form", "number"), float(row["target"])
    level = Estimate(float(row["estimate"]), float(row["low"]), float(row["high"]), kind=form)
    exact = digits_as_set(aim, form)
    target = as_value(Estimate(aim, kind=form, digits=exact))
    now = as_value(level.point)
    assert target is not None and now is not None
    for more in range(3):
        if level.value == aim or now.estimate("en") != target.estimate("en"):
            break
        now = replace(now, digits=max(now.decimals(), exact) + more + 1)
    return now, target


def _with_unit(value: Value, row: Mapping[str, Any], language: Language) -> str:
    return with_unit(value.estimate(language), str(row.get("unit") or ""), language)


def _effect_of(finding: Finding) -> Estimate | None:
    change = finding.values.get("change")
    return change if isinstance(change, Estimate) else None


def _range(row: Row, language: Language) -> Range:
    value = shown_value(row)
    low, high = (nan if end is None else end for end in (value.low, value.high))
    number = nan if value.x is None else value.x
    return Range(label_of(row, language), number, low, high, value.text(language))


def _first_rows(table: pd.DataFrame, language: Language) -> list[Range]:
    """Give the first rows of a result as a picture: its name, its estimate, how it is written."""
    about = columns_of(table)
    name = next(iter(about))
    kind: Any = (about["estimate"].format if "estimate" in about else "").partition(":")[0]
    found = []
    for row in table.head(MOST_RANGES).to_dict("records"):
        number, low, high = (float(row.get(x, nan)) for x in ("estimate", "low", "high"))
        value = as_value(Estimate(number, low, high, kind=kind or "number"))
        text = "" if value is None else value.text(language)
        found.append(Range(language.name(str(row[name])), number, low, high, text))
    return found
