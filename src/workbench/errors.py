"""The errors that a user of the workbench meets: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    **values
        What placeholders in `what` and `remedy` stand for: of errors that a page tells its readers
        in their language, from `messages` and `values`. Without values braces mean nothing.

    Notes
    -----
    Errors cross process borders (notebooks run in spawned processes), so they pickle.

    Examples
    --------
    >>> from workbench.errors import DataError
    >>> str(DataError("{n} periods have no value", remedy="fill them", n=3))
    '3 periods have no value; fill them'
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "", **values: Any) -> None:
        self.messages = (what, remedy)
        self.values = values
        self.what, self.remedy = (
            text.format(**values) if values else text for text in self.messages
        )
        self.where = where
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.remedy}" if self.remedy else text

    def __reduce__(self) -> tuple[Any, ...]:
        what, remedy = self.messages
        return _rebuild, (type(self), what, self.where, remedy, self.values)


def _rebuild(
    kind: type[WorkbenchError], what: str, where: str, remedy: str, values: Mapping[str, Any]
) -> WorkbenchError:
    return kind(what, where=where, remedy=remedy, **values)


class DataError(WorkbenchError, ValueError):
    """Input data that an analysis cannot use."""


class ReportingError(WorkbenchError, ValueError):
    """Something that cannot be shown, or a message that cannot be filled in."""


def closest(word: object, known: Iterable[object]) -> str | None:
    """Return what was probably meant, or None when nothing is near.

    Parameters
    ----------
    word : object
        What was written.
    known : iterable
        What could have been written; case does not count.
    """
    choices = {str(item).casefold(): str(item) for item in known}
    near = get_close_matches(str(word).casefold(), list(choices), n=1, cutoff=0.6)
    return choices[near[0]] if near else None


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """Say ``; did you mean 'x'?`` when something close is known, and nothing otherwise.

    Parameters
    ----------
    word : object
        What was given.
    known : iterable
        What could have been given.
    """
    meant = closest(word, known)
    return f"; did you mean {meant!r}?" if meant is not None else ""


def suggest(word: object, known: Iterable[object]) -> str:
    """Say as a remedy what was meant, or what there is.

    Parameters
    ----------
    word : object
        What was given.
    known : iterable
        What could have been given.
    """
    names = [str(item) for item in known]
    if meant := closest(word, names):
        return f"did you mean {meant!r}?"
    return f"there are {', '.join(names)}" if names else "there are none"


def rows_of(labels: Iterable[object]) -> str:
    """Name the rows that cannot be used: the first five, and how many more.

    Parameters
    ----------
    labels : iterable
        Labels of the rows.
    """
    names = [str(label) for label in labels]
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return f"row{'s' if len(names) > 1 else ''} {', '.join(names[:5])}{more}"


def require_columns(
    there: Iterable[object], wanted: Sequence[str], what: str, remedy: str = ""
) -> None:
    """Refuse a table without the columns that an analysis needs.

    Parameters
    ----------
    there : iterable
        Columns of the table, or the table.
    wanted : sequence of str
        Columns that it must have.
    what : str
        Which table, with its verb: ``the contracts have``.
    remedy : str
        What to do; "give" and the columns by default.

    Raises
    ------
    DataError
        Naming the columns that are not there.
    """
    known = set(there)
    lacking = [name for name in wanted if name not in known]
    if lacking:
        raise DataError(
            f"{what} no column {', '.join(lacking)}", remedy=remedy or f"give {', '.join(wanted)}"
        )


class SiteError(WorkbenchError):
    """A site that cannot be published; what stood in its place still stands."""
