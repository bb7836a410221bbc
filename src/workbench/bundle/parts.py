"""What a bundle holds and where: the names of its parts, and how it is read."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from workbench.bundle.seal import MANIFEST, sha256
from workbench.errors import WorkbenchError
from workbench.study.reader import parse_yaml

#: The run itself, what it was made from, and what was published of it.
RUN, STUDY, TWIN, PROJECT, SITE = "run", "study", "twin", "project", "site"
#: The run of the twin, and headline numbers of the run before, which pages compare with.
TWIN_RUN, BEFORE = "twin_run", "before"
FACTS = "bundle.json"
CRATE = "ro-crate-metadata.json"
LOCK = f"{PROJECT}/requirements.lock"
#: What a bundle must say of itself.
_FACTS: Mapping[str, type] = {
    "study": str, "run": str, "made": str, "data": str, "inputs": dict, "left_out": dict,
    "seeds": dict, "code": dict, "environment": dict,
}  # fmt: skip
#: Bytes that an archive may unpack to: more is none of ours.
_MOST = 4_000_000_000


class BundleError(WorkbenchError):
    """A bundle that cannot be made, or a file that is none."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read into memory.

    Attributes
    ----------
    files : dict of str to bytes
        By name.
    path : Path
        Where it lies.
    """

    files: Mapping[str, bytes]
    path: Path

    @property
    def seal(self) -> str:
        """The hash that stands for the whole of it: that of the manifest."""
        return sha256(self.files.get(MANIFEST, b""))

    @property
    def manifest(self) -> dict[str, Any]:
        """What was sealed."""
        found = self.json(MANIFEST).get("files")
        if not isinstance(found, dict):
            raise BundleError("the list of what was sealed cannot be read", where=self.at(MANIFEST))
        return found

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the bundle says of itself: study, run, inputs, environment, seeds."""
        found = self.json(FACTS)
        for name, kind in _FACTS.items():
            if not isinstance(found.get(name), kind):
                raise BundleError(f"it does not say its {name}", where=self.at(FACTS))
        return found

    def record(self, part: str = RUN) -> dict[str, Any]:
        """Read the record of the run, or of the twin's."""
        return self.json(f"{part}/run.json")

    def at(self, name: str) -> str:
        """Name a part, for errors."""
        return f"{self.path}, {name}"

    def json(self, name: str) -> dict[str, Any]:
        """Read a part that is JSON."""
        try:
            content = json.loads(self.files[name])
        except KeyError:
            raise BundleError("a part of the bundle is missing", where=self.at(name)) from None
        except (ValueError, RecursionError) as error:
            raise BundleError(f"it is no JSON: {error}", where=self.at(name)) from None
        if not isinstance(content, dict):
            raise BundleError("it is no object of JSON", where=self.at(name))
        return content

    def below(self, folder: str) -> dict[str, bytes]:
        """Give the files below a folder, by their names from there."""
        start = f"{folder}/"
        return {n.removeprefix(start): d for n, d in self.files.items() if n.startswith(start)}

    def lay_out(self, folder: str, target: Path) -> None:
        """Write the files below a folder to a place on disk."""
        for name, data in self.below(folder).items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def card_of(bundle: Bundle) -> dict[str, Any]:
    """Read the card in a bundle, as it is written.

    Raises
    ------
    BundleError
        If it is no card: it may be anybody's.
    """
    name = f"{STUDY}/study.yml"
    text = bundle.files.get(name, b"").decode("utf-8", errors="replace")
    card, _ = parse_yaml(text, bundle.at(name), BundleError)
    if not isinstance(card, dict):
        raise BundleError("it is no card", where=bundle.at(name))
    return card


def read_bundle(path: Path) -> Bundle:
    """Read a bundle.

    Raises
    ------
    BundleError
        If it is no archive, is cut off, holds a name twice, or a name that leads out of it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir()]
            names = [each.filename for each in entries]
            twice = sorted(name for name, n in Counter(names).items() if n > 1)
            if twice:
                raise BundleError(f"it holds {twice[0]} twice", where=str(path))
            if sum(each.file_size for each in entries) > _MOST:
                raise BundleError("it unpacks to more than a bundle can", where=str(path))
            for name in names:
                parts = PurePosixPath(name).parts
                if name.startswith("/") or "\\" in name or ".." in parts or ":" in name:
                    raise BundleError(f"it holds {name!r}, which leads out of it", where=str(path))
            return Bundle({name: archive.read(name) for name in names}, path)
    except OSError as error:
        raise BundleError(
            f"it cannot be read: {error.strerror or error}",
            where=str(path),
            remedy="give a file that `workbench bundle` made",
        ) from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BundleError(
            f"it is no bundle, or was cut off: {error}",
            where=str(path),
            remedy="give a file that `workbench bundle` made, and fetch it again if it was sent",
        ) from None


def write_bundle(files: Mapping[str, bytes], path: Path) -> None:
    """Write a bundle; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files, key=lambda each: (each != CRATE, each)):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(buffer.getvalue())
    aside.replace(path)
