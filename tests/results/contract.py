"""What every result must hold, said as a list of what is wrong; ``test_contract.py`` asks."""

from __future__ import annotations

import importlib
import json
import math
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Text

import workbench
from workbench.languages import Language
from workbench.languages.catalogs import catalog, placeholders
from workbench.reporting.tables import plan_columns
from workbench.results import Estimate, Finding, Kind, Result, columns_of

WORD = re.compile(r"[A-Za-z]{3,}")
CHINESE = re.compile(r"[\u3400-\u9fff]")

# Written the same in Chinese: codes of currencies, what statisticians write in Latin letters.
LATIN = {
    "CNY", "EUR", "GBP", "USD", "NBD", "RFM", "NPS", "CLV", "AIC", "BIC", "AUC", "CFI", "TLI",
    "RMSEA", "SRMR",
}  # fmt: skip


def modules() -> list[str]:
    """List the modules of the package."""
    return [found.name for found in pkgutil.walk_packages(workbench.__path__, "workbench.")]


def result_classes() -> dict[str, type[Any]]:
    """Find every class of the package that says it is a result, by its dotted name."""
    for name in modules():
        if not name.endswith("__main__"):
            importlib.import_module(name)

    def below(kind: type[Any]) -> Iterator[type[Any]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    found = {f"{each.__module__}.{each.__qualname__}": each for each in below(Result)}
    return {name: each for name, each in sorted(found.items()) if name.startswith("workbench.")}


@dataclass(frozen=True)
class Listening(Language):
    """A language that remembers which names from the data it was asked to say."""

    spoken: set[str] = field(default_factory=set, compare=False)

    def name(self, text: object) -> str:
        self.spoken.add(str(text))
        return super().name(text)


def lacks_chinese(message: str, names: set[str] = frozenset()) -> bool:  # type: ignore[assignment]
    """Tell whether a message needs Chinese words and has none."""
    if CHINESE.search(message) or message in names or not WORD.search(message):
        return False
    if " → " in message:
        return any(lacks_chinese(each, names) for each in message.split(" → "))
    return message not in LATIN and not catalog("zh").get(message)


def faults_of_table(result: Any, names: set[str]) -> Iterator[str]:
    """Say what is wrong with a result's table."""
    table = result.table
    if not isinstance(table, pd.DataFrame):
        yield f"table is {type(table).__name__}, no DataFrame"
        return
    if not table.columns.is_unique:
        yield "table has columns of one name"
    columns = columns_of(table)
    if not columns:
        yield "table has no labelled columns"
    for name, about in columns.items():
        if not about.label.strip():
            yield f"column {name} has an empty label"
        elif lacks_chinese(about.label, names):
            yield f"column {name}: no Chinese for {about.label!r}"
    try:
        plan_columns(table, None, None)
    except Exception as error:
        yield f"the columns cannot be written: {error}"


def faults_of_estimates(result: Any, names: set[str], outside: frozenset[str]) -> Iterator[str]:
    """Say what is wrong with a result's estimates."""
    estimates = result.estimates()
    if not isinstance(estimates, dict):
        yield f"estimates() gives {type(estimates).__name__}"
        return
    for key, each in estimates.items():
        if not isinstance(key, str) or not isinstance(each, Estimate):
            yield f"estimate {key!r} is {type(each).__name__}"
            continue
        yield from faults_of_estimate(each, f"estimate {key}", outside, key)
        if lacks_chinese(each.label, names):
            yield f"estimate {key}: no Chinese for {each.label!r}"


def faults_of_estimate(
    each: Estimate, where: str, outside: frozenset[str] = frozenset(), key: str = ""
) -> Iterator[str]:
    """Say what is wrong with one estimate."""
    if each.kind not in get_args(Kind):
        yield f"{where} has the kind {each.kind!r}"
    if each.better not in (None, "up", "down"):
        yield f"{where} is better {each.better!r}"
    if math.isfinite(each.low) and math.isfinite(each.high) and each.low > each.high:
        yield f"{where} runs from {each.low} down to {each.high}"
    if each.known and math.isfinite(each.value) and key not in outside:
        little = 1e-9 * max(1.0, abs(each.value))
        if not each.low - little <= each.value <= each.high + little:
            yield f"{where} lies outside its interval: {each}"
    if not same(Estimate.from_json(json.loads(json.dumps(each.to_json()))), each):
        yield f"{where} does not survive JSON: {each}"


def faults_of_findings(result: Any) -> Iterator[str]:
    """Say what is wrong with a result's findings."""
    findings = result.findings()
    if not isinstance(findings, list):
        yield f"findings() gives {type(findings).__name__}"
        return
    twice = [key for key, n in Counter(f.key for f in findings if f.key).items() if n > 1]
    if twice:
        yield f"findings of one key: {twice}"
    for each in findings:
        if not isinstance(each, Finding):
            yield f"a finding is {type(each).__name__}"
            continue
        yield from faults_of_finding(each)


def faults_of_finding(each: Finding) -> Iterator[str]:
    """Say what is wrong with one finding."""
    if not each.key:
        yield f"a finding has no key: {each.message!r}"
    messages = [each.message] + ([each.advice.message] if each.advice else [])
    for message in messages:
        if lost := placeholders(message) - set(each.values):
            yield f"finding {each.key}: nothing for {sorted(lost)} in {message!r}"
        words = catalog("zh").get(message)
        if words is None and WORD.search(re.sub(r"\{[^}]*\}", "", message)):
            yield f"finding {each.key}: no Chinese for {message!r}"
        elif words is not None and placeholders(words) != placeholders(message):
            yield f"finding {each.key}: other placeholders in Chinese for {message!r}"
    estimates = {**each.estimates, **({"money": each.money} if each.money else {})}
    estimates |= {name: v for name, v in each.values.items() if isinstance(v, Estimate)}
    for name, estimate in estimates.items():
        yield from faults_of_estimate(estimate, f"finding {each.key}, {name}", frozenset({name}))
    try:
        again = Finding.from_json(json.loads(json.dumps(each.to_json())))
    except (TypeError, ValueError) as error:
        yield f"finding {each.key} cannot be stored: {error}"
        return
    if not same(again, each):
        yield f"finding {each.key} does not survive JSON: {each}"


def same(one: Any, other: Any) -> bool:
    """Compare what JSON gave back: an unknown number is NaN on both sides."""
    return one == other or repr(one) == repr(other)


def faults_of_plot(result: Any) -> Iterator[str]:
    """Say what is wrong with a result's picture in either language."""
    for code in ("en", "zh"):
        language = Listening(code)
        figure, ax = plt.subplots()
        try:
            drawn = result.plot(ax, language=language)
            figure.draw_without_rendering()
        except Exception as error:
            yield f"plot in {code}: {type(error).__name__}: {error}"
            continue
        finally:
            plt.close(figure)
        if not isinstance(drawn, Axes) or drawn.figure is not figure:
            yield f"plot in {code} gives {type(drawn).__name__}"
        elif not (ax.has_data() or ax.texts or ax.tables or len(figure.axes) > 1):
            yield f"plot in {code} leaves the Axes empty"
        if code == "zh":
            yield from (f"plot: no Chinese for {text!r}" for text in language.missing)
            left = english_left(figure, language, names_in(result))
            yield from (f"plot: English left in {text!r}" for text in left)


def faults_of_picture(result: Any) -> Iterator[str]:
    """Say what is wrong with the titles of the picture that a page shows."""
    picture = result.picture()
    if picture is None:
        return
    for part in (picture.title, picture.subtitle):
        if isinstance(part, Finding):
            yield from faults_of_finding(part)
        elif part:
            if lost := placeholders(part) - set(picture.values):
                yield f"picture: nothing for {sorted(lost)} in {part!r}"
            if lacks_chinese(part):
                yield f"picture: no Chinese for {part!r}"


def english_left(figure: Any, language: Listening, names: set[str]) -> list[str]:
    """Find texts of a figure with Latin words that are no names from the data."""
    said = {str(language.name(name)) for name in language.spoken}
    known = sorted(said | names | {"Cramér's V"}, key=len, reverse=True)
    found = []
    for text in (t.get_text() for t in figure.findobj(Text) if t.get_visible()):
        rest = text
        for name in filter(None, known):
            rest = rest.replace(name, "")
        if set(WORD.findall(rest)) - LATIN:
            found.append(text)
    return list(dict.fromkeys(found))


def faults(result: Any, outside: frozenset[str] = frozenset()) -> list[str]:
    """Say what is wrong with a result.

    Parameters
    ----------
    outside : frozenset of str
        Estimates whose interval need not hold them, by name.
    """
    names = names_in(result)
    return [
        *faults_of_table(result, names),
        *faults_of_estimates(result, names, outside),
        *faults_of_findings(result),
        *faults_of_plot(result),
        *faults_of_picture(result),
    ]


def names_in(result: Any) -> set[str]:
    """Collect the texts in a result's table: names from the data may be labels of its numbers."""
    table = result.table
    if not isinstance(table, pd.DataFrame):
        return set()
    texts = table.select_dtypes(exclude="number")
    found = {str(v) for column in texts for v in texts[column].unique()}
    return found | {str(v) for v in table.index} | {str(c) for c in table.columns}
