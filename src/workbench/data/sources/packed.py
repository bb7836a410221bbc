"""Opens archives and web pages: the table inside is laid beside, and read as if it was there."""

from __future__ import annotations

import bz2
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any

from workbench.data.sources import web_table
from workbench.data.sources.detect import exists, refuse_bomb
from workbench.errors import DataError

_STREAMS: dict[str, Callable[[Path], IO[bytes]]] = {".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile}
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError)


def unpacked(path: Path) -> tuple[Path, Any]:
    """Give the file that holds the table, and what holds it there, if it was packed.

    gzip is left alone: the engine reads it as it is. A web page, and the XML of older versions of
    Excel, that a system calls a workbook, become a text table.

    Raises
    ------
    DataError
        If an archive is damaged, holds no table or several, or is locked with a password; if a
        page or a workbook of XML holds no table.
    """
    suffix = path.suffix.lower()
    if suffix in web_table.KINDS and web_table.is_markup(path):
        return web_table.as_text(path)
    if suffix != ".zip" and suffix not in _STREAMS:
        return path, None
    exists(path)
    scratch = tempfile.TemporaryDirectory(prefix="workbench-")
    try:
        if suffix == ".zip":
            return _from_zip(path, Path(scratch.name)), scratch
        target = Path(scratch.name) / path.stem
        with _STREAMS[suffix](path) as packed, target.open("wb") as plain:
            _copy(packed, plain, path)
    except _BROKEN as error:
        raise DataError(
            f"the archive is damaged or was cut off: {error}",
            where=str(path),
            remedy="export or download it again",
        ) from None
    return target, scratch


def _from_zip(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        held = [entry for entry in archive.infolist() if _is_table(entry)]
        if len(held) != 1:
            names = ", ".join(sorted(entry.filename for entry in held))
            raise DataError(
                f"the archive holds {len(held)} files: {names}" if held else "the archive is empty",
                where=str(path),
                remedy="unpack it, and name in `path` the one that holds this table",
            )
        entry = held[0]
        if entry.flag_bits & 1:
            raise DataError(
                "the archive is locked with a password",
                where=str(path),
                remedy="unpack it with the password, and name the unpacked file in `path`",
            )
        target = folder / PurePosixPath(entry.filename.replace("\\", "/")).name
        with archive.open(entry) as packed, target.open("wb") as plain:
            _copy(packed, plain, path)
    return target


def _copy(packed: IO[bytes], plain: IO[bytes], path: Path) -> None:
    done = 0
    while chunk := packed.read(1 << 20):
        done += plain.write(chunk)
        refuse_bomb(path, done)


def _is_table(entry: zipfile.ZipInfo) -> bool:
    """Leave out folders and what systems put beside files."""
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    beside = name.name.startswith(".") or name.name in ("Thumbs.db", "desktop.ini")
    return not (entry.is_dir() or beside or "__MACOSX" in name.parts)
