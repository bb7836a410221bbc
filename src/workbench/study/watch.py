"""Which parts of a card a notebook reads, so that it runs again for these and not for others."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from workbench import trace
from workbench.study.card import Study
from workbench.study.fields import Card

#: What a card says of where it lies is no part of what it says.
_PLACE = frozenset({"folder"})
#: Rooms that tell by table what they read of it, and read all of it to find out whether tables
#: that they keep are still those of the card.
_BY_TABLE = tuple(
    str(trace.HOME / "data" / room) for room in ("clean", "engine.py", "people", "sources", "store")
)
#: Ends the path of an entry or key of which only its being there was asked for.
PRESENT = "?"
#: Stands in a path for each entry of a part: what those say that say something there.
EACH = "*"


class _Entries(dict[str, Any]):
    """The named entries of a card's part; asking for one is no question about the others."""

    path = ""

    def __contains__(self, name: object) -> bool:
        _note(f"{self.path}.{name}{PRESENT}")
        return super().__contains__(name)

    def __getitem__(self, name: str) -> Any:
        _note(f"{self.path}.{name}{PRESENT}")
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        _note(f"{self.path}.{name}{PRESENT}")
        return super().get(name, default)

    def __iter__(self) -> Iterator[str]:
        _note(self.path + PRESENT)
        return super().__iter__()

    def __len__(self) -> int:
        _note(self.path + PRESENT)
        return super().__len__()

    def keys(self) -> Any:
        _note(self.path + PRESENT)
        return super().keys()

    def values(self) -> Any:
        _note(self.path + PRESENT)
        return super().values()

    def items(self) -> Any:
        _note(self.path + PRESENT)
        return super().items()


def _note(path: str) -> None:
    """Note what the caller of the caller asks of a part, unless it tells by itself."""
    if not sys._getframe(2).f_code.co_filename.startswith(_BY_TABLE):
        trace.note("card", path)


class _Watch:
    """The card that is watched, and where in it each of its parts stands."""

    study: ClassVar[Study | None] = None
    paths: ClassVar[dict[int, str]] = {}


def watch(study: Study) -> None:
    """Note from now on which parts of a card are read; does nothing where nothing is noted."""
    if not trace.is_on() or _Watch.study is not None:
        return
    with trace.quiet():
        _Watch.paths = {id(part): path for path, part in _parts(study, "")}
        _Watch.study = study
    Card.__getattribute__ = _noted  # type: ignore[method-assign, assignment]


def is_watched(study: Study) -> bool:
    """Whether this is the card of the notebook that runs."""
    return study is _Watch.study


def value_of(card: Mapping[str, Any], path: str) -> Any:
    """Give what a card says at a noted path: a value, or the names of the entries.

    Parameters
    ----------
    card : mapping
        A card as `model_dump(mode="json")` gives it.
    path : str
        As `watch` notes it.
    """
    asked = path.removesuffix(PRESENT)
    found: Any = card
    names = asked.split(".") if asked else []
    for i, name in enumerate(names):
        if name == EACH:
            said = {key: value_of(each, ".".join(names[i + 1 :])) for key, each in found.items()}
            return {key: value for key, value in said.items() if value}
        if isinstance(found, list):
            found = next((each for each in found if _name(each) == name), _at(found, name))
        else:
            found = found.get(name) if isinstance(found, Mapping) else None
    if asked == path:
        return found
    if isinstance(found, list):
        return [_name(each) or i for i, each in enumerate(found)]
    # of a folder of entries their names, of one entry that it is there
    nested = isinstance(found, Mapping) and all(isinstance(v, Mapping) for v in found.values())
    return sorted(found) if nested else found is not None


def _name(entry: Any) -> Any:
    return entry.get("name") if isinstance(entry, Mapping) else getattr(entry, "name", None)


def _at(entries: list[Any], place: str) -> Any:
    return entries[int(place)] if place.isdigit() and int(place) < len(entries) else None


def _parts(part: Card, path: str) -> Iterator[tuple[str, Card]]:
    """Give each part of a card with its path, and let its named entries note who asks for them."""
    yield path, part
    for name in type(part).model_fields:
        value = part.__dict__.get(name)
        at = f"{path}.{name}" if path else name
        if isinstance(value, Card):
            yield from _parts(value, at)
        elif isinstance(value, dict) and value and all(isinstance(v, Card) for v in value.values()):
            entries = _Entries(value)
            entries.path = at
            part.__dict__[name] = entries
            for key, each in value.items():
                yield from _parts(each, f"{at}.{key}")
        elif isinstance(value, tuple | list):
            for i, each in enumerate(value):
                if isinstance(each, Card):
                    yield from _parts(each, f"{at}.{_name(each) or i}")


def _noted(part: Card, name: str) -> Any:
    value = object.__getattribute__(part, name)
    path = _Watch.paths.get(id(part))
    if path is None or sys._getframe(1).f_code.co_filename.startswith(_BY_TABLE):
        return value
    if name == "__dict__" or name == "__pydantic_fields_set__":
        # it is copied, compared or written out as a whole
        trace.note("card", path)
    elif not name.startswith("_") and name in type(part).model_fields and name not in _PLACE:
        at = f"{path}.{name}" if path else name
        if isinstance(value, _Entries):
            return value
        inside = isinstance(value, Card) or (
            isinstance(value, tuple) and any(isinstance(each, Card) for each in value)
        )
        trace.note("card", at + PRESENT if inside else at)
    return value


def texts_of(card: Any, languages: tuple[str, ...]) -> Iterator[Mapping[str, str]]:
    """Find the texts that a card gives in several languages."""
    if isinstance(card, Mapping):
        if len(card) > 1 and all(key in languages for key in card):
            yield card
        else:
            for value in card.values():
                yield from texts_of(value, languages)
    elif isinstance(card, list | tuple):
        for value in card:
            yield from texts_of(value, languages)
