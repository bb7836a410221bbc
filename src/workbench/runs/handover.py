"""What the notebooks of a run hand to one another: tables, and headline numbers with intervals."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.errors import WorkbenchError
from workbench.runs.history import last_complete
from workbench.runs.record import write_json

if TYPE_CHECKING:
    import pandas as pd

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
Kind = Literal["number", "percent", "money", "points", "date"]


class RunError(WorkbenchError):
    """Something that the run cannot give to, or take from, a notebook."""


class Shelf:
    """Where one notebook of a run puts its results and finds those of others.

    Parameters
    ----------
    folder : Path
        The run's folder, or the lab's.
    root : Path
        The folder that holds ``runs/`` and ``notebooks/``.
    study : str
        Name of the study.
    notebook : str
        Key of this notebook in the run (``clv``, or ``case_evaluation-service_desk``).
    case : str, optional
        The case, for a notebook that runs once for each.
    reads : sequence of str, optional
        Keys of the notebooks whose results it may read; all when left out, as in the lab.
    """

    def __init__(
        self,
        folder: Path,
        *,
        root: Path,
        study: str,
        notebook: str,
        case: str | None = None,
        reads: Sequence[str] | None = None,
    ) -> None:
        self.folder = folder
        self.notebook = notebook
        self._root = root
        self._history = root / "runs" / study
        self._case = case
        self._reads = None if reads is None else frozenset(reads)
        self._metrics: dict[str, dict[str, Any]] = {}

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
        write_json(self._own_folder() / "metrics.json", list(self._metrics.values()))

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
            remedy = suggest(name, sorted(saved))
        return RunError(f"there is no result {name!r} in this run", where=where, remedy=remedy)


def _base(key: str) -> str:
    return key.partition("-")[0]


def suggest(name: str, known: Sequence[str]) -> str:
    """Say what was meant, or what there is."""
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
