"""Read what pages publish: every table that they offer, known by the truth it agrees with.

A column of a table is a published sum where it agrees, group by group, with the sum, the mean or
the share of something known of the customers: so nothing here knows how a page is made.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
from lxml import html


@dataclass(frozen=True)
class Offered:
    """A table that a page offers."""

    page: str
    name: str
    table: pd.DataFrame
    unsure: Mapping[str, np.ndarray] = field(default_factory=dict)  # half a unit of the last digit


@dataclass(frozen=True)
class Sum:
    """A published figure: of whom, of what, and where it stands."""

    members: np.ndarray
    total: float
    measure: str
    where: str


def offered(page: str, texts: Iterable[str]) -> list[Offered]:
    """Give the tables that the HTML of a page carries."""
    found = []
    for text in texts:
        if "data:text" not in text:
            continue
        for link in html.fromstring(f"<div>{text}</div>").xpath("//a[starts-with(@href,'data:')]"):
            head, _, data = str(link.get("href")).partition(",")
            raw = base64.b64decode(unquote(data)) if "base64" in head else unquote(data).encode()
            table = pd.read_csv(io.BytesIO(raw), encoding="utf-8-sig")
            found.append(Offered(page, str(link.get("download")), table))
    return found


def sums(
    tables: Iterable[Offered],
    groups: Mapping[str, pd.Series],
    measures: Mapping[str, pd.Series],
) -> list[Sum]:
    """Find the published sums over groups of customers.

    Parameters
    ----------
    tables : iterable of Offered
    groups : mapping of str to Series
        By name, the group of each customer (index: the customer).
    measures : mapping of str to Series
        By name, what each customer has; same index.
    """
    found = []
    known = {
        kind: {str(g): (group == g).to_numpy() for g in group.dropna().unique()}
        for kind, group in groups.items()
    }
    amounts = {name: values.to_numpy(dtype=float) for name, values in measures.items()}
    for each in tables:
        words = list(each.table.select_dtypes(exclude="number"))
        texts = {label: each.table[label].astype(str) for label in words}
        # which groupings a column of words may name
        of = {
            label: [kind for kind in known if not known[kind].keys().isdisjoint(set(named))]
            for label, named in texts.items()
        }
        for labels in [(one,) for one in words] + list(combinations(words[:4], 2)):
            for kinds in product(*(of[label] for label in labels)):
                if len(set(kinds)) == len(kinds):
                    named = [texts[label] for label in labels]
                    found += _told(each, named, kinds, known, amounts)
    return found


def _told(
    each: Offered,
    named: list[pd.Series],
    kinds: tuple[str, ...],
    known: Mapping[str, Mapping[str, np.ndarray]],
    amounts: Mapping[str, np.ndarray],
) -> Iterator[Sum]:
    """Give the sums of a table whose rows are named by these groups."""
    inside, rows, seen = [], [], set()
    for i, names in enumerate(zip(*named, strict=True)):
        if all(name in known[kind] for name, kind in zip(names, kinds, strict=True)):
            if names in seen:
                return
            seen.add(names)
            rows.append(i)
            both = [known[kind][name] for name, kind in zip(names, kinds, strict=True)]
            inside.append(np.logical_and.reduce(both))
    if not rows:
        return
    members = np.array(inside)
    for column in each.table.select_dtypes("number"):
        told = each.table[column].to_numpy(dtype=float)[rows]
        there = np.isfinite(told) & members.any(axis=1)
        if not there.any():
            continue
        half = each.unsure.get(str(column))
        half = np.zeros(len(told)) if half is None else half[rows]
        where = f"{each.page}/{each.name}: {column} by {' and '.join(kinds)}"
        yield from _agreeing(told[there], half[there], members[there], amounts, where)


def _agreeing(
    told: np.ndarray,
    half: np.ndarray,
    inside: np.ndarray,
    amounts: Mapping[str, np.ndarray],
    where: str,
) -> list[Sum]:
    n = inside.sum(axis=1)
    for measure, v in amounts.items():
        total = inside @ v
        for how, truth in (("sum", total), ("mean", total / n), ("share", total / v.sum())):
            near = np.abs(told - truth) <= 1e-6 * np.abs(truth) + 1e-9 + half * 1.001
            # what is rounded so coarsely agrees with anything
            fine = half <= 0.05 * np.abs(truth)
            if near.all() and fine.mean() > 0.5 and (truth != 0).any():
                if how == "share" and measure != "one" and np.allclose(truth, n / v.size):
                    continue
                return [Sum(m, t, measure, f"{where} ({how} of {measure})")
                        for m, t, ok in zip(inside, total, fine, strict=True) if ok]  # fmt: skip
    return []


# --- a whole site -------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")
_TIMES = {"%": 0.01, "million": 1e6, "billion": 1e9, "thousand": 1e3}


def number(text: str) -> tuple[float, float]:
    """Read a number as it is written: its value, and half a unit of its last digit."""
    plain = text.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")
    found = _NUMBER.search(plain)
    if found is None or len(plain) - len(found[0]) > 12:
        return np.nan, np.nan
    digits = found[0].replace(",", "")
    rest = plain[found.end() :]
    times = next((x for word, x in _TIMES.items() if word in rest), 1.0)
    places = len(digits.partition(".")[2])
    unit = 10.0**-places
    if not places and digits.strip("+-0"):  # zeros at the end may be rounded ones
        unit = 10.0 ** (len(digits) - len(digits.rstrip("0")))
    return float(digits) * times, unit / 2 * times


def on_page(name: str, text: str) -> list[Offered]:
    """Give all that a page tells group by group: its files, its tables, its drawings' tooltips."""
    found = offered(name, [text])
    page = html.fromstring(text)
    for i, table in enumerate(page.xpath("//table")):
        heads = [cell.text_content().strip() for cell in table.xpath("./thead/tr[last()]/*")]
        rows = [[cell.text_content().strip() for cell in row.xpath("./*")]
                for row in table.xpath("./tbody/tr")]  # fmt: skip
        rows = [row for row in rows if len(row) == len(heads)]
        if rows and heads:
            found.append(_read(name, f"table {i + 1}", heads, rows))
    drawn: dict[str, list[list[str]]] = {}
    for title in page.xpath("//*[local-name()='svg']//*[local-name()='title']"):
        parts = (title.text_content() or "").rsplit(": ", 1)
        if len(parts) == 2:
            series, _, label = parts[0].rpartition(": ")
            drawn.setdefault(series, []).append([label, parts[1].split(" (")[0]])
    for series, rows in drawn.items():
        once = list({tuple(row): row for row in rows}.values())
        found.append(_read(name, f"tooltips {series}", ["of", series or "value"], once))
    return found


def _read(page: str, name: str, heads: list[str], rows: list[list[str]]) -> Offered:
    """Read cells as they are written: columns of numbers with what their last digit leaves open."""
    names = [f"{head or 'column'} {i}" for i, head in enumerate(heads)]
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    unsure = {}
    for i, column in enumerate(names):
        read = [number(text) for text in frame[column]]
        value = np.array([one for one, _ in read])
        if i and np.isfinite(value).mean() >= 0.5:
            frame[column] = value
            unsure[column] = np.array([half for _, half in read])
    return Offered(page, name, frame, unsure)


def of_site(site: Path, study: str) -> list[Offered]:
    """Give all that a site tells of a study, in each edition that it still has, in English.

    What the Chinese pages tell is the same numbers (see `same_numbers`).
    """
    found = []
    for path in sorted(site.rglob("*.html")):
        parts = path.relative_to(site).parts
        if study in parts and "zh" not in parts:
            found += on_page("/".join(parts), path.read_text(encoding="utf-8"))
    return found


def strange_in_search(site: Path, study: str) -> list[str]:
    """Name the numbers that the search index has and the page that it leads to has not."""
    strange = []
    for index in sorted((site / "search").glob("*.js")):
        text = index.read_text(encoding="utf-8")
        for address, _, sections in json.loads(text[text.index("=") + 1 :].strip().rstrip(";")):
            if f"/{study}/" not in f"/{address}":
                continue
            page = (site / address).read_text(encoding="utf-8")
            shown = set(_NUMBER.findall(" ".join(html.fromstring(page).itertext())))
            told = {one for part in sections for one in _NUMBER.findall(str(part[2]))}
            strange += [f"{address}: {one}" for one in sorted(told - shown)]
    return strange


def strange_in_workbook(path: Path, tables: Iterable[Offered]) -> list[str]:
    """Name the numbers of an exported workbook that no page has."""
    import openpyxl

    shown = np.concatenate(
        [t.table.select_dtypes("number").to_numpy(dtype=float).ravel() for t in tables]
        + [np.arange(4000.0)]
    )
    shown = np.sort(shown[np.isfinite(shown)])
    strange = []
    for sheet in openpyxl.load_workbook(path, data_only=True):
        for row in sheet.iter_rows(values_only=True):
            for cell in row:
                if isinstance(cell, int | float) and not isinstance(cell, bool):
                    at = np.searchsorted(shown, cell)
                    near = shown[max(at - 1, 0) : at + 1]
                    if not np.isclose(near, cell, rtol=1e-6).any():
                        strange.append(f"{sheet.title}: {cell}")
    return strange


def same_numbers(site: Path, study: str) -> list[str]:
    """Name the Chinese pages whose files hold other numbers than the English ones."""
    wrong = []
    for path in sorted((site / "zh/studies" / study).rglob("*.html")):
        other = site / path.relative_to(site / "zh")
        both = [offered(str(one), [one.read_text(encoding="utf-8")]) for one in (path, other)]
        numbers = [[each.table.select_dtypes("number").to_numpy() for each in one] for one in both]
        if len(numbers[0]) != len(numbers[1]) or not all(
            a.shape == b.shape and np.array_equal(a, b, equal_nan=True)
            for a, b in zip(*numbers, strict=True)
        ):
            wrong.append(path.relative_to(site).as_posix())
    return wrong
