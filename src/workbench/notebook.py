"""What a notebook holds on to: the study's tables, the run's results and its headline numbers.

The same call works in JupyterLab, under nbval and in a run::

    run = wb.open_run(study)

A run tells the notebook where it is through the environment (``WORKBENCH_RUN``,
``WORKBENCH_NOTEBOOK``, ``WORKBENCH_ROOT``, ``WORKBENCH_READS``, ``WORKBENCH_LANGUAGES``).
Without it, results go to ``runs/<study>/_lab/``.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from workbench.study import Case, Study

DEFAULT_SEED = 20251231
METRIC_COLUMNS = (
    "notebook",
    "case",
    "name",
    "value",
    "low",
    "high",
    "unit",
    "kind",
    "label",
    "better",
)
# The column of a standard table that tells how far its events reach.
_EVENT_COLUMNS = {
    "transactions": "date",
    "interactions": "at",
    "survey": "answered_on",
    "contracts": "start",
}

Kind = Literal["number", "percent", "money", "points", "date"]


class RunError(WorkbenchError):
    """Something that the run cannot give to, or take from, a notebook."""


def open_run(study: str | Path, *, seed: int | None = None) -> Run:
    """Open the study for a notebook.

    Parameters
    ----------
    study : str or Path
        Name of a folder under ``data/``, or a folder or ``study.yml`` anywhere.
    seed : int, optional
        Seed of every random generator the run hands out. When left out, the variable ``seed`` of
        the calling notebook is taken (its parameters cell has one), else 20251231.

    Returns
    -------
    Run
        The study's tables, the results of earlier notebooks and the place for new ones.
    """
    from workbench import reporting
    from workbench.study import load_study

    if seed is None:
        found = sys._getframe(1).f_globals.get("seed", DEFAULT_SEED)
        seed = found if isinstance(found, int) else DEFAULT_SEED
    card = load_study(study)
    root = _root(card)
    given = os.environ.get("WORKBENCH_RUN")
    reporting.configure(card.languages, currency=card.currency or "")
    reporting.learn(_texts(card.model_dump(mode="json"), card.languages))
    reads = os.environ.get("WORKBENCH_READS")
    return Run(
        card,
        folder=Path(given) if given else root / "runs" / card.name / "_lab",
        root=root,
        notebook=os.environ.get("WORKBENCH_NOTEBOOK") or _lab_notebook(),
        case=os.environ.get("WORKBENCH_CASE") or None,
        reads=json.loads(reads) if given and reads else None,
        seed=seed,
    )


class Run:
    """One notebook's view of a run; made by `open_run`.

    Attributes
    ----------
    study : Study
        The study's card.
    folder : Path
        The run's folder.
    notebook : str
        Key of this notebook in the run (``clv``, or ``case_evaluation-service_desk``).
    """

    def __init__(
        self,
        study: Study,
        *,
        folder: Path,
        root: Path,
        notebook: str,
        case: str | None = None,
        reads: Sequence[str] | None = None,
        seed: int = DEFAULT_SEED,
    ) -> None:
        self.study = study
        self.folder = folder
        self.notebook = notebook
        self.seed = seed
        self._root = root
        self._history = root / "runs" / study.name
        self._case = case
        self._reads = None if reads is None else frozenset(reads)
        self._metrics: dict[str, dict[str, Any]] = {}
        self._data_to: dict[str, str] = {}
        self._tables: Any = None

    def __repr__(self) -> str:
        return f"<Run of {self.study.name}, {self.notebook}, as of {self.as_of}>"

    # --- the study's tables -------------------------------------------------------------------

    @property
    def as_of(self) -> date:
        """The day on which the study looks at its customers."""
        return self.study.as_of

    @property
    def tables(self) -> Any:
        """The opened tables: cleaned, linked, pseudonymised (`workbench.data.Tables`)."""
        if self._tables is None:
            from workbench.data import open_tables

            self._tables = open_tables(self.study)
        return self._tables

    @property
    def quality(self) -> Any:
        """The cleaning report: per table the rows read, kept and quarantined, and why."""
        return self.tables.report

    def has(self, name: str) -> bool:
        """Whether the study has this table."""
        return name in self.tables.names

    def table(self, name: str) -> pd.DataFrame:
        """Return a table as a DataFrame, cleaned and pseudonymised."""
        self._require(name)
        frame: pd.DataFrame = self.tables.frame(name)
        column = _event_column(name)
        if name not in self._data_to and column in frame.columns and len(frame):
            self._note_reach(name, frame[column].max())
        return frame

    def expr(self, name: str) -> Any:
        """Return a table as an Ibis expression, to be computed where the data are."""
        self._require(name)
        expression = self.tables.expr(name)
        column = _event_column(name)
        if name not in self._data_to and column in expression.columns:
            self._note_reach(name, expression[column].max().execute())
        return expression

    def summary(self, table: str = "transactions", **options: Any) -> Any:
        """Summarise purchases per customer (`workbench.data.customer_summary`).

        Parameters
        ----------
        table : str
            A table of transactions.
        **options
            ``as_of``, ``calibration_end``, ``time_unit``; the first and the last default to the
            study's own.
        """
        from workbench.data import customer_summary

        self._require(table)
        self.expr(table)  # notes how far the data reach
        chosen = {"as_of": self.as_of, "time_unit": self.study.time_unit} | options
        return customer_summary(self.tables, table=table, **chosen)

    def indicator(self, name: str, **options: Any) -> pd.DataFrame:
        """Measure an indicator (`workbench.data.indicator`): a tidy table, one row a period."""
        from workbench.data import indicator

        frame: pd.DataFrame = indicator(self.tables, name, **options)
        return frame

    def case(self, name: str) -> Case:
        """Return a case (a measure to be judged) of the study's card.

        Raises
        ------
        StudyError
            If the study has no such case.
        """
        return self.study.case(name)

    def rng(self, name: str) -> np.random.Generator:
        """Return a random generator that depends on the seed and on this name only.

        Two uses with different names do not disturb each other: adding a draw to one analysis
        leaves the numbers of the others as they were.
        """
        import numpy as np

        digest = hashlib.sha256(name.encode()).digest()
        words = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4)]
        return np.random.default_rng([abs(self.seed), *words])

    # --- results ------------------------------------------------------------------------------

    def save(self, name: str, frame: pd.DataFrame) -> None:
        """Keep a table for other notebooks and for the site (Parquet).

        Parameters
        ----------
        name : str
            Name of the result, letters, digits and underscores.
        frame : DataFrame
            The table. A named index becomes columns; an unnamed one is left out.
        """
        import pandas as pd

        if not name.isidentifier():
            raise RunError(
                f"{name!r} cannot name a result",
                where=f"notebook {self.notebook}",
                remedy="use letters, digits and underscores",
            )
        if not isinstance(frame, pd.DataFrame):
            raise RunError(
                f"result {name!r} is a {type(frame).__name__}, not a DataFrame",
                where=f"notebook {self.notebook}",
                remedy="save a DataFrame, or keep a number with run.metric",
            )
        if any(level is not None for level in frame.index.names):
            frame = frame.reset_index()
        path = self._own_folder() / f"{name}.parquet"
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        frame.to_parquet(aside, index=False)
        aside.replace(path)

    def load(self, name: str) -> pd.DataFrame:
        """Read a result that a notebook of this run has saved.

        A result that several cases saved comes as one table, with a column ``case``.

        Raises
        ------
        RunError
            If nobody saved it; the error says which notebook gives it.
        """
        import pandas as pd

        files = self._result_files(name)
        if not files:
            raise self._missing(name)
        frames = []
        for path in files:
            frame = pd.read_parquet(path)
            _, _, case = path.parent.name.partition("-")
            if len(files) > 1 and case and "case" not in frame.columns:
                frame.insert(0, "case", case)
            frames.append(frame)
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    def has_result(self, name: str) -> bool:
        """Whether `load` would find this result."""
        return bool(self._result_files(name))

    # --- headline numbers ---------------------------------------------------------------------

    def metric(
        self,
        name: str,
        value: Any,
        low: Any = None,
        high: Any = None,
        *,
        unit: str = "",
        kind: Kind = "number",
        label: str = "",
        better: Literal["up", "down"] | None = None,
    ) -> None:
        """Keep a headline number, with its interval, for this page, the overview and history.

        Parameters
        ----------
        name : str
            Dotted name, such as ``clv.mean``; a second call with the name replaces the first.
        value, low, high : number or date
            Estimate and 95 % interval. A value that is not finite is kept as missing.
        unit : str
            Unit, or the currency of an amount.
        kind : {"number", "percent", "money", "points", "date"}
            How to print it; a percentage is given as a share between 0 and 1.
        label : str
            English words for the number (looked up in the catalogs when shown).
        better : {"up", "down"}, optional
            Which direction is good.
        """
        self._metrics[name] = {
            "notebook": self.notebook,
            "case": self._case,
            "name": name,
            "value": _plain(value, name),
            "low": _plain(low, name),
            "high": _plain(high, name),
            "unit": unit,
            "kind": kind,
            "label": label or name,
            "better": better,
        }
        _write_json(self._own_folder() / "metrics.json", list(self._metrics.values()))

    def metrics(self) -> pd.DataFrame:
        """Return the headline numbers so far, of this notebook and of those it may read.

        Returns
        -------
        DataFrame
            Columns notebook, case, name, value, low, high, unit, kind, label, better.
        """
        records: list[dict[str, Any]] = []
        for folder in self._readable_folders():
            path = folder / "metrics.json"
            if folder.name != self.notebook and path.is_file():
                records += json.loads(path.read_text(encoding="utf-8"))
        records += self._metrics.values()
        return _metrics_frame(records)

    def previous(self) -> pd.DataFrame:
        """Return the headline numbers of the last complete run of this study.

        Returns
        -------
        DataFrame
            Columns as in `metrics`; empty when there was no complete run before.
        """
        from workbench.runs.history import last_complete

        last = last_complete(self._history)
        records: list[dict[str, Any]] = []
        if last is not None:
            for path in sorted(last.glob("results/*/metrics.json")):
                records += json.loads(path.read_text(encoding="utf-8"))
        return _metrics_frame(records)

    # --- the folders behind it ----------------------------------------------------------------

    def _own_folder(self) -> Path:
        folder = self.folder / "results" / self.notebook
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _readable_folders(self) -> list[Path]:
        """Folders of results this notebook may read, itself first.

        In a run these are the notebooks it waits for, so that what it reads depends neither on
        luck in the order nor escapes the cache. In the lab, everything: first what the lab has
        made, then what the last complete run left.
        """
        places = [self.folder / "results"]
        if self._reads is None:
            from workbench.runs.history import last_complete

            last = last_complete(self._history)
            if last is not None:
                places.append(last / "results")
        found: dict[str, Path] = {self.notebook: places[0] / self.notebook}
        for place in places:
            for folder in sorted(place.glob("*/")):
                if self._reads is None or folder.name in self._reads:
                    found.setdefault(folder.name, folder)
        return list(found.values())

    def _result_files(self, name: str) -> list[Path]:
        files = [folder / f"{name}.parquet" for folder in self._readable_folders()]
        files = [path for path in files if path.is_file()]
        if files and files[0].parent.name == self.notebook:
            return files[:1]  # its own result comes before others of the same name
        givers = {path.parent.name.partition("-")[0] for path in files}
        if len(givers) > 1:
            raise RunError(
                f"result {name!r} was saved by several notebooks: {', '.join(sorted(givers))}",
                where=f"notebook {self.notebook}",
                remedy="give each its own name",
            )
        return files

    def _missing(self, name: str) -> RunError:
        where = f"notebook {self.notebook}"
        giver = _giver(self._root / "notebooks" / "pipeline.yml", name)
        saved = {p.stem for p in self.folder.glob("results/*/*.parquet")}
        if giver and self._reads is not None and giver not in {_base(key) for key in self._reads}:
            remedy = f"notebook {giver!r} gives it: list {giver} under `needs` in pipeline.yml"
        elif giver:
            remedy = f"notebook {giver!r} gives it: run that first"
        else:
            remedy = _suggest(name, sorted(saved))
        return RunError(f"there is no result {name!r} in this run", where=where, remedy=remedy)

    def _require(self, name: str) -> None:
        if not self.has(name):
            raise RunError(
                f"the study has no table {name!r}",
                where=f"study {self.study.name}",
                remedy=_suggest(name, list(self.tables.names)),
            )

    def _note_reach(self, name: str, last: Any) -> None:
        """Record how far a table reaches, for "data to" on the page and in run.json."""
        moment = getattr(last, "isoformat", None)
        if moment is None or last != last:  # a NaT is not equal to itself
            return
        self._data_to[name] = str(moment())[:10]
        _write_json(self._own_folder() / "data_to.json", self._data_to)


def _root(study: Study) -> Path:
    """Find the folder that keeps the runs; a study outside any workbench keeps its own."""
    from workbench.study import StudyError, find_root

    try:
        return find_root()
    except StudyError:
        return study.folder


def _texts(card: Any, languages: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Find the texts that a card gives in several languages, so that figures can use them."""
    if isinstance(card, Mapping):
        if len(card) > 1 and all(key in languages for key in card):
            yield card
        else:
            for value in card.values():
                yield from _texts(value, languages)
    elif isinstance(card, list | tuple):
        for value in card:
            yield from _texts(value, languages)


def _lab_notebook() -> str:
    """Name the notebook that this kernel was opened for, as Jupyter tells it."""
    session = os.environ.get("JPY_SESSION_NAME", "")
    return Path(session).stem if session.endswith(".ipynb") else "notebook"


def _base(key: str) -> str:
    return key.partition("-")[0]


def _event_column(table: str) -> str:
    for stem, column in _EVENT_COLUMNS.items():
        if table == stem or table.startswith(f"{stem}_"):
            return column
    return ""


def _suggest(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(known)}" if known else "there are none"


def _giver(pipeline: Path, result: str) -> str | None:
    if not pipeline.is_file():
        return None
    import yaml

    entries = yaml.safe_load(pipeline.read_text(encoding="utf-8")) or {}
    for notebook, entry in entries.items():
        if isinstance(entry, Mapping) and result in (entry.get("gives") or {}):
            return str(notebook)
    return None


def _plain(value: Any, name: str) -> float | str | None:
    if value is None:
        return None
    if isinstance(value, date | datetime):
        return None if value != value else value.isoformat()[:10]
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise RunError(
            f"metric {name!r} has a value that is no number: {value!r}",
            remedy="give a number or a date",
        ) from None
    return number if math.isfinite(number) else None


def _metrics_frame(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame.from_records(list(records), columns=list(METRIC_COLUMNS))
    for column in ("low", "high", "value"):
        if not (frame["kind"] == "date").any():
            frame[column] = pd.to_numeric(frame[column])
    return frame


def _write_json(path: Path, content: Any) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    aside.replace(path)
