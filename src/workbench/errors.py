"""The errors that a user of the workbench meets: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class WorkbenchError(Exception):
    """An error that a user can mend.

    Parameters
    ----------
    what : str
        What is wrong, in one clause.
    where : str, optional
        File, table, column, row, notebook or cell.
    remedy : str, optional
        What to do about it.

    Notes
    -----
    Errors cross process borders (notebooks run in spawned processes), so they pickle.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.remedy}" if self.remedy else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.what, self.where, self.remedy)


def _rebuild(kind: type[WorkbenchError], what: str, where: str, remedy: str) -> WorkbenchError:
    return kind(what, where=where, remedy=remedy)


class DataError(WorkbenchError, ValueError):
    """Input data that an analysis cannot use."""


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """Say ``; did you mean 'x'?`` when something close is known, and nothing otherwise.

    Parameters
    ----------
    word : object
        What was given.
    known : iterable
        What could have been given.
    """
    choices = {str(item).casefold(): str(item) for item in known}
    close = get_close_matches(str(word).casefold(), list(choices), n=1, cutoff=0.6)
    return f"; did you mean {choices[close[0]]!r}?" if close else ""
