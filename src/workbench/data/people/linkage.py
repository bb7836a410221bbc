"""Finds the records that belong to one person, with the probability of each pair.

Splink compares the records in DuckDB; what it cannot know beforehand is learnt from the table: how
many records are doubles, and how many people share a phone with somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.data.engine import Engine
from workbench.data.people import comparisons
from workbench.data.people.comparisons import (
    AGAINST,
    AGAINST_YEAR,
    ELSEWHERE,
    ONE_CONTACT,
    WHERE,
    Contacts,
    contact_level,
    name_level,
    year_level,
)
from workbench.data.people.names import Name
from workbench.data.people.quality import Quality, unseen_share
from workbench.data.people.records import frequencies, same_year, written_one_way
from workbench.study.fields import Linkage

#: Blocks: two records are compared only where they share one of these.
BLOCKS: tuple[tuple[str, ...], ...] = (
    ("phone",),
    ("mail",),
    ("address",),
    ("sounds", "year"),
    ("sounds", "numbers"),
    ("sounds", "box"),
    ("sounds", "head"),
    ("sounds", "tail"),
    ("sounds", "line"),
    ("sounds", "desk"),
    ("house", "year", "numbers"),
    ("short", "year"),
)
#: Doubles for one record, and how many records that guess is worth.
DOUBLES, GUESS = 0.03, 100
#: The place of "shared line" among the levels of contacts.
LINE = 3


_PAIR = ("left", "right", "probability", "outcome", "decided", "by")


@dataclass(frozen=True)
class Links:
    """Who is who.

    Attributes
    ----------
    canonical : dict
        Customer id -> the id of the person's first record. Only ids that change are listed.
    by : dict
        How many records were linked by what: ``phone and e-mail``, ``phone``, ``e-mail``, ...
    phones, emails : dict
        Normalised contact -> customer id, where it belongs to one person only.
    shared : int
        Contacts that too many customers share to say who they are.
    refused : int
        Pairs that share a phone or an e-mail but have different names.
    pairs : DataFrame
        One row a pair that was compared and may be one person: left, right (ids), probability,
        outcome (linked, doubtful, apart), decided (whether a person said so), by.
    quality : Quality
        What the links are worth, by these probabilities.
    """

    canonical: Mapping[str, str] = field(default_factory=dict)
    by: Mapping[str, int] = field(default_factory=dict)
    phones: Mapping[str, str] = field(default_factory=dict)
    emails: Mapping[str, str] = field(default_factory=dict)
    shared: int = 0
    refused: int = 0
    pairs: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_PAIR)))
    quality: Quality = field(default_factory=Quality)

    @property
    def linked(self) -> int:
        """Number of records that turned out to be of a person already there."""
        return len(self.canonical)


def link(
    customers: pd.DataFrame,
    region: str,
    *,
    card: Linkage | None = None,
    decisions: Mapping[tuple[str, str], bool] | None = None,
) -> Links:
    """Find the customers that are one person.

    Parameters
    ----------
    customers : DataFrame
        ``customer_id`` and any of ``name``, ``phone``, ``email``, ``address``, ``birth_year``; one
        row a record, first records first.
    region : str
        Two-letter country for phone numbers without a country code.
    card : Linkage, optional
        The thresholds that the study's card states.
    decisions : mapping, optional
        What a person decided of two ids: True, they are one; False, they are two.

    Returns
    -------
    Links

    Notes
    -----
    The same table gives the same answer: nothing is drawn at random.
    """
    asked = card or Linkage()
    ids = [str(i) for i in customers["customer_id"]]
    records, names, contacts, shared = written_one_way(customers, region)
    pairs = _compared(records, names, contacts)
    odds = _odds(pairs, len(ids), records)
    pairs["probability"] = _exclusive(pairs, odds)
    pairs = _decided(pairs, ids, decisions or {})
    parent, pairs["outcome"] = _people(pairs, len(ids), asked)
    refused = int(((pairs["contact"].isin(ONE_CONTACT)) & pairs["against"]).sum())
    roots = [_root(parent, i) for i in range(len(ids))]
    first = {root: i for i, root in reversed(list(enumerate(roots)))}
    people = [ids[first[root]] for root in roots]
    canonical = {ids[i]: people[i] for i in range(len(ids)) if first[roots[i]] != i}
    pairs["by"] = [
        _by(contacts[i], contacts[j]) for i, j in zip(pairs["i"], pairs["j"], strict=True)
    ]
    told = pairs.assign(left=[ids[i] for i in pairs["i"]], right=[ids[j] for j in pairs["j"]])
    told = told[(told["probability"] > 1e-4) | told["decided"]]
    share = unseen_share(records, pairs)
    unseen = float(pairs["probability"].sum()) * share / max(1 - share, 0.01)
    return Links(
        canonical,
        _how(pairs, len(ids)),
        _unambiguous((c.phone for c in contacts), people),
        _unambiguous((c.mail for c in contacts), people),
        shared,
        refused,
        told[list(_PAIR)].sort_values("probability", ascending=False, ignore_index=True,
                                      kind="stable"),
        Quality.of(told, unseen),
    )  # fmt: skip


# --- what is compared -----------------------------------------------------------------------------


def _compared(records: pd.DataFrame, names: list[Name], contacts: list[Contacts]) -> pd.DataFrame:
    """Compare the records that may be one person's, in DuckDB.

    Returns
    -------
    DataFrame
        i, j (rows of `records`), contact (level), against (whether name or year speaks against
        it), weight (log odds of name and year).
    """
    empty = {"i": int, "j": int, "contact": int, "against": bool, "weight": float}
    blocks = [records[list(block)].dropna() for block in BLOCKS]
    if not any(block.duplicated().any() for block in blocks):
        return pd.DataFrame({c: pd.Series(dtype=kind) for c, kind in empty.items()})
    from splink import DuckDBAPI, Linker, block_on

    settings = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record",
        "comparisons": comparisons.settings(same_year(records["year"])),
        "blocking_rules_to_generate_predictions": [block_on(*block) for block in BLOCKS],
        "retain_intermediate_calculation_columns": True,
        "retain_matching_columns": True,
        "probability_two_random_records_match": 0.5,
    }
    engine = Engine()
    try:
        con = engine.connection.con
        _teach(con, names, contacts, records["year"])
        api = DuckDBAPI(con)
        linker: Any = Linker(
            api.register(_arrow(records), table_name="records"),
            settings,
            log_level=None,
            validate_settings=False,  # it takes longer than the linking of a small table
        )
        for column, lookup in frequencies(records, names).items():
            linker.table_management.register_term_frequency_lookup(api.register(lookup), column)
        found = linker.inference.predict().as_pandas_dataframe()
    finally:
        engine.close()
    bits = found["mw_name"] + found["mw_tf_adj_name"] + found["mw_year"]
    against = found["gamma_name"].isin(AGAINST) | (found["gamma_year"] == AGAINST_YEAR)
    pairs = pd.DataFrame(
        {
            "i": found["record_l"].to_numpy(int),
            "j": found["record_r"].to_numpy(int),
            "contact": found["gamma_contact"].to_numpy(int),
            "against": against.to_numpy(bool),
            "weight": bits.to_numpy(float) * np.log(2),
        }
    )
    return pairs.sort_values(["i", "j"], ignore_index=True)


def _arrow(records: pd.DataFrame) -> pa.Table:
    whole = ("record", "at", "year")
    schema = pa.schema([(c, pa.int64() if c in whole else pa.string()) for c in records])
    return pa.Table.from_pandas(records, schema=schema, preserve_index=False)


def _teach(con: Any, names: list[Name], contacts: list[Contacts], years: pd.Series) -> None:
    """Teach the engine to compare two records, each given by its row."""
    born = [None if pd.isna(year) else int(year) for year in years]
    asked: dict[str, Callable[[int, int], int]] = {
        "name_level": lambda i, j: name_level(names[i], names[j], (born[i], born[j])),
        "year_level": lambda i, j: year_level(born[i], born[j]),
        "contact_level": lambda i, j: contact_level(contacts[i], contacts[j]),
    }
    for what, level in asked.items():
        con.create_function(
            what, _by_rows(cache(level)), ["BIGINT", "BIGINT"], "BIGINT", type="arrow"
        )


def _by_rows(level: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    def levels(left: Any, right: Any) -> Any:
        pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
        return pa.array([level(i, j) for i, j in pairs], pa.int64())

    return levels


# --- what it comes to -----------------------------------------------------------------------------


def _odds(pairs: pd.DataFrame, n: int, records: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Learn how many doubles there are and how many people share contacts; give each pair's odds.

    Expectation and maximisation (Dempster, Laird and Rubin 1977) over the levels of contacts, with
    a guess that is worth `GUESS` records, so that small tables stay in order.
    """
    if not len(pairs):
        return np.array([])
    who = np.exp(np.clip(pairs["weight"].to_numpy(), -60, 60))
    level = pairs["contact"].to_numpy()
    m = np.array([where.m for where in WHERE])
    rate = np.array([np.nan if where.rate is None else where.rate for where in WHERE])
    prior, rates = m.copy(), rate.copy()
    learnt = ~np.isnan(rate)
    fixed = np.array([where.weight for where in WHERE])
    # Lines are not compared pair by pair: who shares one is counted.
    lines = pd.concat([records["line"], records["desk"]]).value_counts().to_numpy(float)
    learnt[LINE] = False
    rate[LINE] += (lines * (lines - 1)).sum() / n
    doubles = DOUBLES
    odds = np.zeros(len(pairs))
    for _ in range(100):
        factor = np.where(np.isnan(rate), fixed, m * (n - 1) / np.where(np.isnan(rate), 1, rate))
        one = min(doubles / (n - 1), 0.4)
        odds = one / (1 - one) * who * np.concatenate([[1.0, 1.0], factor])[level + 1]
        p = odds / (1 + odds)
        at = np.bincount(level + 1, p, len(WHERE) + 2)[2:]
        apart = np.bincount(level + 1, 1 - p, len(WHERE) + 2)[2:]
        m = (at + GUESS / 2 * prior) / (p.sum() + GUESS / 2)
        rate = np.where(learnt, (2 * apart + GUESS * rates) / (n + GUESS), rate)
        before, doubles = doubles, (2 * p.sum() + GUESS * DOUBLES) / (n + GUESS)
        if abs(doubles - before) < 1e-9:
            break
    return odds


def _exclusive(pairs: pd.DataFrame, odds: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give probabilities where one record cannot be two people: J. Smith is John or Jane."""
    apart = {
        (i, j)
        for i, j, no in zip(pairs["i"], pairs["j"], pairs["against"], strict=True)
        if no
    }  # fmt: skip
    near: dict[int, list[tuple[int, float]]] = {}
    for i, j, o in zip(pairs["i"], pairs["j"], odds, strict=True):
        if o > 1e-3:
            near.setdefault(i, []).append((j, o))
            near.setdefault(j, []).append((i, o))
    found = odds / (1 + odds)
    for at, (i, j, o) in enumerate(zip(pairs["i"], pairs["j"], odds, strict=True)):
        if o <= 1e-3:
            continue
        rivals = 0.0
        for one, other in ((i, j), (j, i)):
            rivals += sum(
                q for k, q in near[one] if k != other and (min(k, other), max(k, other)) in apart
            )
        found[at] = o / (1 + o + rivals)
    return np.asarray(found)


def _decided(
    pairs: pd.DataFrame, ids: list[str], decisions: Mapping[tuple[str, str], bool]
) -> pd.DataFrame:
    """Put what a person decided in the place of the probability."""
    pairs["decided"] = False
    row = {one: i for i, one in enumerate(ids)}
    known = {(i, j): at for at, (i, j) in enumerate(zip(pairs["i"], pairs["j"], strict=True))}
    extra = []
    for (a, b), same in decisions.items():
        if a not in row or b not in row or a == b:
            continue
        i, j = sorted((row[a], row[b]))
        at = known.get((i, j))
        if at is None:
            extra.append(
                {"i": i, "j": j, "contact": 0, "against": not same, "weight": 0.0,
                 "probability": float(same), "decided": True}
            )  # fmt: skip
        else:
            pairs.loc[at, ["against", "decided"]] = [not same, True]
            pairs.loc[at, "probability"] = float(same)
    return pd.concat([pairs, pd.DataFrame(extra)], ignore_index=True) if extra else pairs


def _people(pairs: pd.DataFrame, n: int, asked: Linkage) -> tuple[list[int], np.ndarray[Any, Any]]:
    """Join records from the surest pair on; never two that cannot be one person."""
    parent = list(range(n))
    members: dict[int, list[int]] = {}
    apart = {
        (i, j) for i, j, no in zip(pairs["i"], pairs["j"], pairs["against"], strict=True) if no
    }
    p = pairs["probability"].to_numpy(float)
    outcome = np.full(len(pairs), "apart", dtype=object)
    outcome[(p >= asked.review_above) & ~pairs["decided"].to_numpy(bool)] = "doubtful"
    left, right = pairs["i"].to_numpy(int), pairs["j"].to_numpy(int)
    decided = pairs["decided"].to_numpy(bool)
    # Who has no contact in common, and another where it is known, may be a namesake.
    sure = (p >= asked.link_above) & (decided | ~pairs["contact"].isin(ELSEWHERE).to_numpy())
    for at in np.lexsort((right, left, -p, ~decided)):
        if not sure[at]:
            continue
        a, b = (_root(parent, int(k)) for k in (left[at], right[at]))
        if a != b:
            ours, theirs = members.get(a, [a]), members.get(b, [b])
            if any((min(x, y), max(x, y)) in apart for x in ours for y in theirs):
                continue
            first, second = sorted((a, b))
            parent[second] = first
            members[first] = ours + theirs
        outcome[at] = "linked"
    same = np.array(
        [_root(parent, int(i)) == _root(parent, int(j)) for i, j in zip(left, right, strict=True)],
        bool,
    )
    outcome[same] = "linked"
    return parent, outcome


def _by(one: Contacts, other: Contacts) -> str:
    """Say what two records have in common beside the name."""
    same = {
        "phone": one.phone is not None and one.phone == other.phone,
        "e-mail": one.mail is not None and one.mail == other.mail,
    }
    told = " and ".join(what for what, is_so in same.items() if is_so)
    if told:
        return told
    return "name and address" if contact_level(one, other) in (5, 7) else "name and other details"


def _how(pairs: pd.DataFrame, n: int) -> dict[str, int]:
    """Count linked records by what told them."""
    linked = pairs[pairs["outcome"] == "linked"].sort_values(
        "probability", ascending=False, kind="stable"
    )
    joined = list(range(n))
    by: dict[str, int] = {}
    for i, j, how in zip(linked["i"], linked["j"], linked["by"], strict=True):
        a, b = _root(joined, int(i)), _root(joined, int(j))
        if a != b:
            joined[max(a, b)] = min(a, b)
            by[how] = by.get(how, 0) + 1
    return by


def _root(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def _unambiguous(contacts: Iterable[str | None], people: Iterable[str]) -> dict[str, str]:
    owners: dict[str, set[str]] = {}
    for contact, person in zip(contacts, people, strict=True):
        if contact is not None:
            owners.setdefault(contact, set()).add(person)
    return {contact: next(iter(ids)) for contact, ids in owners.items() if len(ids) == 1}


def matched_ids(unknown: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Match ids that differ from a known one only by leading zeros (a spreadsheet drops them).

    Parameters
    ----------
    unknown : iterable of str
        Ids of another table that the customer table does not have.
    known : iterable of str
        The customer table's ids.

    Returns
    -------
    dict
        Unknown id -> known id, where exactly one fits.
    """
    bare: dict[str, set[str]] = {}
    for one in known:
        bare.setdefault(one.lstrip("0"), set()).add(one)
    return {
        one: next(iter(fits))
        for one in unknown
        if one.isdigit() and len(fits := bare.get(one.lstrip("0"), set())) == 1
    }
