"""A card may hold anything: it is read, or refused in words; nothing else comes of it."""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from workbench.study import StudyError, read_card

ROOT = Path(__file__).parents[2]
CARDS = [
    yaml.safe_load((ROOT / "data" / name / "study.yml").read_text(encoding="utf-8"))
    for name in ("cdnow", "seatbelts", "harbour")
]
#: What people, programs and attackers write where something else belongs.
NASTY: list[Any] = [
    None, "", " ", 0, -1, 1e308, float("inf"), float("nan"), True, [], {}, [[]], {"": ""},
    "{{< include /etc/passwd >}}", "**NEVER**", "\\(^o^)/", "$(rm -rf /)", "../../../etc/passwd",
    "/etc/passwd", "~root", "file:///etc/passwd", "\x00", "\u202e", "a" * 10_000, "💥", "{n}", "%s",
    "'; drop table t; --", "<script>alert(1)</script>", "2025-02-30", dt.date(9999, 12, 31),
    dt.datetime(2025, 1, 1, 12), "9" * 400, 10**400, "no", "null", "~", "=cmd|'/c calc'!A1",
]  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List where something stands in a card."""
    found = [at] if at else []
    if isinstance(value, dict):
        return found + [p for key, inner in value.items() for p in places(inner, (*at, key))]
    if isinstance(value, list):
        return found + [p for i, inner in enumerate(value) for p in places(inner, (*at, i))]
    return found


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
#: What YAML itself lets people write, as lines after those of a card.
YAML: dict[str, str] = {
    "aliases that explode": BOMB,
    "the same within a key": "parameters:\n" + "".join(f"  {x}\n" for x in BOMB.splitlines()),
    "merges that explode": "m0: &m0 {x: 1}\n" + "".join(
        f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 9)),
    "a list that holds itself": "description: &a [*a]\n",
    "goals that hold themselves": "goals: &g\n  - *g\n",
    "lists within lists": "goals: " + "[" * 3000 + "]" * 3000 + "\n",
    "pairs within pairs": "segments: " + "{a: " * 3000 + "1" + "}" * 3000 + "\n",
    "a call": "origin: !!python/object/apply:os.system ['touch evil']\n",
    "a name of Python": "origin: !!python/name:os.system\n",
    "two documents": "---\ntitle: B\n", "a directive": "%YAML 9.9\n",
    "an alias of nothing": "x: *no\n",
    "bytes": "description: !!binary aGVsbG8=\n", "no bytes": "description: !!binary '!!!'\n",
    "a set": "description: !!set {a, b}\n", "pairs": "goals: !!pairs [a: 1]\n",
    "no number": "horizon: !!int x\n", "no truth": "simulated: !!bool x\n",
    "no moment": "origin: !!timestamp x\n", "a key that is a list": "? [a, b]\n: 1\n",
    "keys of no text": "~: 1\n.nan: 1\n2025-01-01: 1\n",
    "6,000 digits": f"origin: {'9' * 6000}\n",
    "5,000 hexadecimal digits": f"origin: 0x{'f' * 5000}\n",
    "a day that is none": "origin: 0000-01-01\n",
    "a zone that is none": "origin: 2025-01-01T00:00:00+99:99\n",
    "half a character": 'description: "\\ud800"\n', "no character": 'description: "\\U00110000"\n',
    "a NUL": "description: 'a\0b'\n", "2,000 keys": "".join(f"k{n}: 1\n" for n in range(2000)),
    "a tab": "\ttables: x\n", "only a star": "description: **NEVER**\n",
    "a key twice": "title: B\n",
}  # fmt: skip
PLACES = [places(card) for card in CARDS]
scraps = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=40),
    st.integers(),
    st.floats(),
    st.dates(),
    st.lists(st.sampled_from(NASTY), max_size=3),
    st.dictionaries(st.text(max_size=8), st.sampled_from(NASTY), max_size=3),
)


@st.composite
def cards(draw: st.DrawFn, many: int) -> Any:
    """Give a card that was right, with one to three things that are not what belongs there."""
    which = draw(st.integers(0, many - 1))
    card = copy.deepcopy(CARDS[which])
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(PLACES[which]))
        held = card
        try:
            for key in place[:-1]:
                held = held[key]
            if draw(st.integers(0, 4)):
                held[place[-1]] = draw(scraps)
            else:
                held.pop(place[-1])
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier change took the place away
    return card


#: Shrinking a card takes minutes, and what is wrong is plain without.
SETTINGS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
    "phases": (Phase.explicit, Phase.generate),
}


def hold(card: Any, folder: Path) -> None:
    path = folder / "study.yml"
    try:
        path.write_text(yaml.safe_dump(card, allow_unicode=True), encoding="utf-8")
    except (UnicodeEncodeError, yaml.YAMLError, ValueError):
        return  # no text that a file can hold
    try:
        study = read_card(path)
    except StudyError as error:
        assert str(path) in str(error)
        assert len(str(error)) < 100_000
        return
    for name, table in study.tables.items():
        if table.path is not None:
            assert study.file_of(name).resolve().is_relative_to(folder.resolve())


@settings(max_examples=150, **SETTINGS)
@given(card=cards(2))
def test_a_card_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, card: Any
) -> None:
    hold(card, tmp_path_factory.getbasetemp())


@pytest.mark.slow
@settings(max_examples=9_000, **SETTINGS)
@given(card=cards(3))
def test_ten_thousand_cards_are_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, card: Any
) -> None:
    hold(card, tmp_path_factory.getbasetemp())


@settings(max_examples=100, **SETTINGS)
@given(
    content=st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore"))
    )
)
def test_a_file_that_is_no_card_is_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "study.yml"
    path.write_bytes(content)
    with pytest.raises(StudyError):
        read_card(path)


@pytest.mark.parametrize("what", YAML)
def test_what_yaml_allows_and_nobody_means_is_refused_in_words(tmp_path: Path, what: str) -> None:
    """Aliases that explode took all memory; what holds itself ended in a traceback."""
    card = "title: A\nas_of: 2025-12-31\ntables: {transactions: {path: t.csv}}\n"
    path = tmp_path / "study.yml"
    path.write_text(card, encoding="utf-8")
    assert read_card(path).title["en"] == "A"
    path.write_text(card + YAML[what], encoding="utf-8")
    with pytest.raises(StudyError) as told:
        read_card(path)
    assert str(path) in str(told.value) and len(str(told.value)) < 20_000
