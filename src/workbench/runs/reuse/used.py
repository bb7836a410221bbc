"""What a finished notebook used, filed with digests, and held against what there is now."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import trace
from workbench.runs.records.handover import ESTIMATES, EVERYTHING, read_headlines
from workbench.runs.records.record import history_of, last_complete, last_with, write_json
from workbench.runs.reuse.code import EVERY_WORD, beyond_in, code_digest, speaks_of_itself
from workbench.study.card import PSEUDONYM_KEY
from workbench.study.watch import texts_of, value_of

if TYPE_CHECKING:
    from workbench.results import Estimate
    from workbench.study import Study

FOLDER = "used"
#: Variables that no kernel gets: set in a shell, these would take every figure away, or make each
#: kernel compile its imports anew.
UNSET = ("MPLBACKEND", "PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP")
_RAW = ".raw"
_NOTHING = ""
#: Variables that compiled code reads by itself; its sums differ with them in the last digits.
_NATIVE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "MKL_NUM_THREADS", "TZ")
_ROUNDS = 1000
_ROOT, _HOME = "root:", "workbench:"
_SAID = {
    "python": "Python has",
    "code": "the code of {} has",
    "package": "the package {} has",
    "file": "{} has",
    "folder": "the list of files in {} has",
    "tree": "the files below {} have",
    "presence": "the being there of {} has",
    "variable": "the environment variable {} has",
    "card": "{} in study.yml has",
    "text": "the words for {!r} in study.yml have",
    "table": "the table {} has",
    "result": "{} of earlier notebooks has",
    "previous": "the number {} of the last complete run has",
    "pseudonyms": "the key of the pseudonyms has",
}


@dataclass(frozen=True)
class Used:
    """What one execution of a notebook used.

    Attributes
    ----------
    things : dict of str to dict of str to str
        By kind (see `workbench.trace`) and name, the digest of each.
    beyond : tuple of str
        Why nobody can tell whether it would come out the same; it is then never reused.
    """

    things: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    beyond: tuple[str, ...] = ()

    def write(self, folder: Path, key: str) -> None:
        """File it with the run."""
        (folder / FOLDER).mkdir(exist_ok=True)
        write_json(folder / FOLDER / f"{key}.json", {"used": self.things, "beyond": self.beyond})


def read_used(folder: Path, key: str) -> Used | None:
    """Read what a notebook of a run used; None where that is not known."""
    try:
        content = json.loads((folder / FOLDER / f"{key}.json").read_text(encoding="utf-8"))
        things = {
            str(k): {str(n): str(d) for n, d in v.items()} for k, v in content["used"].items()
        }
        return Used(things, tuple(map(str, content["beyond"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


class Present:
    """What notebooks can use, as it is now.

    Parameters
    ----------
    study : Study
        The card.
    root : Path
        The folder that holds ``runs/``.
    tables : mapping of str to str
        Digest of the files of each table; tables of a database have none.
    known : Present, optional
        An earlier look, whose digests of files hold where these have not changed.
    """

    def __init__(
        self,
        study: Study,
        root: Path,
        tables: Mapping[str, str | None],
        known: Present | None = None,
    ) -> None:
        self.study = study
        self.root = root
        self.tables = tables
        self.card = study.model_dump(mode="json", exclude={"folder"})
        self._files: dict[tuple[str, str], tuple[object, str]] = known._files if known else {}
        self._read: dict[Path, tuple[object, Mapping[str, Estimate]]] = {}

    def digest(self, kind: str, name: str, about: Surroundings, like: str = "") -> str:
        """Hash one thing; `like` is the digest filed earlier, which may hold a salt."""
        if kind == "variable":
            return _hidden(about.environment.get(name), like.partition(":")[0])
        if kind == "card":
            return content_digest(value_of(self.card, name))
        if kind == "text":
            return content_digest(self._texts(name))
        if kind == "table":
            return self.tables.get(name) or _NOTHING
        if kind == "result":
            stored = {key: self._file(folder / name) for key, folder in about.results.items()}
            return content_digest({key: digest for key, digest in stored.items() if digest})
        if kind == "previous":
            return self._before(about, *name.split("/", 1))
        if kind == "pseudonyms":
            return self._pseudonyms(about, like)
        if kind == "package":
            return _version(name)
        if kind == "python":
            return platform.python_version()
        if kind == "code" and like and like.partition(":")[0] == self._file(self._path(name)):
            return like  # written as it was, so it need not be understood
        return self._of_path(kind, self._path(name))

    def _of_path(self, kind: str, path: Path) -> str:
        if kind == "code":
            return self._kept("code", path, code_digest)
        if kind == "file":
            return self._file(path)
        if kind == "presence":
            return "folder" if path.is_dir() else "file" if path.exists() else _NOTHING
        if kind == "folder":
            return (
                content_digest(sorted(each.name for each in path.iterdir()))
                if path.is_dir()
                else _NOTHING
            )
        if kind == "tree":
            files = sorted(each for each in path.rglob("*") if each.is_file())
            return content_digest([[str(f.relative_to(path)), self._file(f)] for f in files])
        raise ValueError(f"nothing of the kind {kind!r} can be looked at")

    def _file(self, path: Path) -> str:
        return self._kept("file", path, file_digest)

    def _kept(self, kind: str, path: Path, make: Callable[[Path], str]) -> str:
        """Hash a file, and not again before it has changed."""
        now = trace.signature(path)
        if now is None:
            return _NOTHING
        if self._files.get((kind, str(path)), (None, ""))[0] != now:
            try:
                self._files[kind, str(path)] = now, make(path)
            except OSError:
                return _NOTHING
        return self._files[kind, str(path)][1]

    @cached_property
    def _complete(self) -> Path | None:
        return last_complete(self._history, seen=self.study.seen)

    @cached_property
    def _history(self) -> Path:
        return history_of(self.root, self.study.name, self.study.seen)

    def _headlines(self, folder: Path) -> Mapping[str, Estimate]:
        """Read a page's numbers, and not again before they have changed."""
        now = trace.signature(folder / ESTIMATES)
        if self._read.get(folder, (None, {}))[0] != now:
            self._read[folder] = now, read_headlines([folder], []).get(folder.name, {})
        return self._read.get(folder, (None, {}))[1]

    def _before(self, about: Surroundings, page: str, number: str = "") -> str:
        """Hash a number of the last complete run, or a table of the last run that has it.

        Pages show how a number has moved: where it has not, it is as if there were no earlier run.
        """
        now = about.own if page == about.own.name else about.results.get(page, about.own)
        if number.endswith(".parquet"):
            path = last_with(self._history, f"results/{page}/{number}", seen=self.study.seen)
            before = "" if path is None else self._file(path)
            return _NOTHING if not before or before == self._file(now / number) else before
        last = self._complete
        if last is None:
            return _NOTHING
        if page == EVERYTHING:
            pages = sorted(last.glob(f"results/*/{ESTIMATES}"))
            return content_digest([[path.parent.name, self._file(path)] for path in pages])
        there, here = (
            self._headlines(folder).get(number) for folder in (last / "results" / page, now)
        )
        if there is None or here is None:
            return _NOTHING if there is None else content_digest(there.to_json())
        before, now_ = content_digest(there.to_json()), content_digest(here.to_json())
        return _NOTHING if before == now_ else before

    def _texts(self, words: str) -> list[Mapping[str, str]]:
        """Find the texts of the card that these words are, or are made of."""
        found = []
        for text in texts_of(self.card, self.study.languages):
            said = text.get("en")
            if said and said in words:
                found.append(text)
        return found

    def _pseudonyms(self, about: Surroundings, like: str) -> str:
        privacy = self.study.privacy
        given = about.environment.get(privacy.key_env)
        if not given and (self.study.simulated or privacy.public):
            return "public"
        path = self.root / PSEUDONYM_KEY
        if not given and path.is_file():
            given = path.read_text(encoding="utf-8", errors="replace")
        return _hidden(given, like.partition(":")[0])

    # --- names that hold on another machine ---------------------------------------------------

    def name_of(self, path: str) -> str:
        """Name a file so that a moved workbench knows it again."""
        for start, place in ((_HOME, trace.HOME), (_ROOT, self.root)):
            try:
                return start + Path(path).relative_to(place).as_posix()
            except ValueError:
                continue
        return path

    def _path(self, name: str) -> Path:
        if name.startswith(_HOME):
            return trace.HOME / name.removeprefix(_HOME)
        if name.startswith(_ROOT):
            return self.root / name.removeprefix(_ROOT)
        return Path(name)


@dataclass(frozen=True)
class Surroundings:
    """What differs from one notebook of a run to the next.

    Attributes
    ----------
    environment : mapping
        Variables that its kernel gets.
    results : mapping of str to Path
        Key -> folder of the results that it may read.
    own : Path
        Folder of its own results: those to be used again, or those it has just made.
    """

    environment: Mapping[str, str]
    results: Mapping[str, Path]
    own: Path


def changed(used: Used, present: Present, about: Surroundings) -> str:
    """Say what has changed since a notebook used it; empty where nothing has."""
    strict = EVERY_WORD in used.things
    for kind, names in used.things.items():
        if kind == EVERY_WORD:
            continue
        for name, before in names.items():
            now = present.digest(kind, name, about, before)
            if now != before and not (kind == "code" and not strict and _same_code(before, now)):
                return _said(kind, name)
    return ""


def _said(kind: str, name: str) -> str:
    if kind == "previous" and name == EVERYTHING:
        return "there is another complete run before it"
    if kind == "previous" and name.endswith(".parquet"):
        return f"{name} of the last run that has it has changed"
    return f"{_SAID[kind].format(_short(name).removesuffix('?'))} changed"


def _same_code(before: str, now: str) -> bool:
    """Whether two states of a module differ in comments and docstrings alone."""
    return bool(before and now) and before.partition(":")[2] == now.partition(":")[2]


def forget_raw(folder: Path, key: str) -> Path:
    """Give the place for the kernel's notes, and take away what stands there of a first try."""
    path = raw_notes(folder, key)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    return path


def raw_notes(folder: Path, key: str) -> Path:
    """Name the file of a kernel's own notes, which is there until they are filed."""
    return folder / FOLDER / f"{_RAW}-{key}.json"


def file_used(
    folder: Path,
    key: str,
    cells: Sequence[str],
    then: Present,
    now: Present,
    about: Surroundings,
) -> tuple[Used, str]:
    """Find out what the things that a notebook noted are.

    Parameters
    ----------
    folder : Path
        The run's.
    key : str
        The notebook's.
    cells : sequence of str
        Its code.
    then, now : Present
        Before the run, and after the notebook.
    about : Surroundings
        What it was given.

    Returns
    -------
    Used
    str
        What of the study changed while it ran; empty where nothing did.
    """
    path = raw_notes(folder, key)
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
        noted: dict[str, dict[str, Any]] = notes["used"]
    except (OSError, ValueError, KeyError):
        return Used(beyond=("its kernel left no notes of what it used",)), ""
    path.unlink(missing_ok=True)
    beyond = dict.fromkeys(notes["beyond"])
    things: dict[str, dict[str, str]] = {"python": {"": platform.python_version()}}
    packages, compiled = noted.pop("package", {}), noted.pop("compiled", {})
    for name in noted.pop("distribution", {}):
        things.setdefault("package", {})[name] = _version(name)
    for kind, names in noted.items():
        for name, before in names.items():
            called = now.name_of(name) if kind in _PATHS else name
            things.setdefault(kind, {})[called] = now.digest(kind, called, about)
            if before is not None and before != (trace.signature(Path(name)) or []):
                beyond[f"{_short(called)} changed while it ran"] = None
    for name in _NATIVE:
        things.setdefault("variable", {})[name] = now.digest("variable", name, about)
    for package, (place, before) in packages.items():
        for distribution in _distributions().get(package, ()):
            things.setdefault("package", {})[distribution] = _version(distribution)
        if before != (trace.signature(Path(place)) or []):
            beyond[f"the package {package} changed while it ran"] = None
    own = [Path(n) for n in noted.get("code", {}) if not Path(n).is_relative_to(trace.HOME)]
    beyond |= dict.fromkeys(
        f"{path.name} is compiled: what it reads cannot be seen"
        for path in own
        if path.suffix not in (".py", ".pyw")
    )
    sources = [*cells, *(_text(path) for path in own if path.suffix in (".py", ".pyw"))]
    beyond |= dict.fromkeys(sentence for source in sources for sentence in beyond_in(source))
    beyond |= dict.fromkeys(_strangers(packages, compiled, notes["modules"]))
    if any(speaks_of_itself(source) for source in sources):
        things[EVERY_WORD] = {"": ""}
    if things.get("table"):
        things["pseudonyms"] = {"": now.digest("pseudonyms", "", about)}
        beyond |= dict.fromkeys(
            f"the table {name} is read from a database or an address"
            for name in things["table"]
            if now.tables.get(name) is None
        )
    for kind in ("table", "card", "text"):
        for name in things.get(kind, {}):
            if then.digest(kind, name, about) != things[kind][name]:
                return Used(things, tuple(beyond)), _said(kind, name)
    return Used(things, tuple(beyond)), ""


_PATHS = ("code", "file", "folder", "tree", "presence")


def _short(name: str) -> str:
    return name.removeprefix(_ROOT).removeprefix(_HOME)


# --- installed packages ---------------------------------------------------------------------------


def _strangers(
    packages: Mapping[str, Any], compiled: Iterable[str], modules: Iterable[str]
) -> list[str]:
    """Name what a notebook brought along that is no package of the workbench, and is not seen."""
    found = []
    for package, (place, _) in packages.items():
        names = _distributions().get(package, ())
        if not names or {_plain(name) for name in names} & _house():
            continue
        if package in compiled:
            found.append(f"the package {package} is compiled: what it reads cannot be seen")
            continue
        top = Path(place)
        while top.name not in ("site-packages", "dist-packages") and top != top.parent:
            top = top.parent
        for module in modules:
            if module.partition(".")[0] == package:
                stem = top.joinpath(*module.split("."))
                for path in (stem / "__init__.py", stem.with_suffix(".py")):
                    read = beyond_in(_text(path)) if path.is_file() else ()
                    found += [f"{said} (in the package {package})" for said in read]
    return found


@cache
def _distributions() -> Mapping[str, Sequence[str]]:
    return metadata.packages_distributions()


@cache
def _house() -> frozenset[str]:
    """Name the distributions that the workbench brings or imports, and those that they bring."""
    seen: set[tuple[str, str]] = set()
    imported = {
        name
        for path in trace.HOME.rglob("*.py")
        for name in re.findall(r"^ *(?:from|import) (\w+)", _text(path), re.MULTILINE)
    }
    # An installation for work on the workbench itself may say less than its code does.
    ahead = ["customer-workbench", *(d for n in imported for d in _distributions().get(n, ()))]
    while ahead:
        asked = ahead.pop().partition(";")[0]
        name, wanted = _plain(asked), re.findall(r"\[(.*?)\]", asked)
        for extra in ("", *re.findall(r"[\w-]+", "".join(wanted))):
            if (name, extra) not in seen:
                seen.add((name, extra))
                ahead += _needed(name, extra)
    return frozenset(name for name, _ in seen)


def _needed(name: str, extra: str) -> list[str]:
    """List what a distribution requires, or one of its extras; of the workbench, all of them."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    if name == "customer-workbench":
        return lines
    if extra:
        return [line for line in lines if re.search(rf"extra == .{extra}\b", line)]
    return [line for line in lines if "extra ==" not in line]


def _plain(requirement: str) -> str:
    """Give the name that a requirement begins with, as all who write it otherwise mean it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement.strip())
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return _NOTHING


# --- digests --------------------------------------------------------------------------------------


def file_digest(path: Path) -> str:
    """Hash a file; of what is no file, that it is there."""
    if not path.is_file():
        return "no file"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hidden(value: str | None, salt: str = "") -> str:
    """Hash what may be a secret so that it is dear to guess."""
    if value is None:
        return _NOTHING
    salt = salt or secrets.token_hex(8)
    made = hashlib.pbkdf2_hmac("sha256", value.encode(), salt.encode(), _ROUNDS)
    return f"{salt}:{made.hex()}"


def content_digest(content: Any) -> str:
    """Hash what JSON can say, whatever the order of its keys."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
