"""What a notebook holds on to: the study's tables, the run's results and its headline numbers.

The same call works in JupyterLab, under nbval and in a run::

    run = wb.open_run(study)

A run tells the notebook where it is through the environment (``WORKBENCH_RUN``,
``WORKBENCH_NOTEBOOK``, ``WORKBENCH_CASE``, ``WORKBENCH_ROOT``, ``WORKBENCH_READS``,
``WORKBENCH_LANGUAGES``). In the lab, results go to ``runs/<study>/_lab/``, and those of the last
complete run can be read. Under nbval each notebook is alone: what it shows must not depend on
what happens to lie in ``runs/``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from workbench import trace
from workbench.errors import suggest
from workbench.runs.records.handover import AbsentError, Handover
from workbench.runs.records.record import write_json

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from workbench.data import (
        AccountTree,
        CleaningReport,
        ContactLog,
        ContractCheck,
        CustomerMonths,
        CustomerSummary,
        LineItems,
        Pipeline,
        RFMScores,
        StepLog,
        Tables,
    )
    from workbench.impact import CaseData
    from workbench.results import Finding
    from workbench.stats.steady import Steady
    from workbench.study import Case, Outcome, PlanRegister, Study, Watch
    from workbench.study.cases import Comparison

DEFAULT_SEED = 20251231
# Tables whose rows are events: they tell how far the data reach. (Treatments may lie ahead.)
_EVENTS = (
    "transactions", "interactions", "survey", "contracts", "series", "opportunities", "leads",
    "visits",
)  # fmt: skip


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

    Examples
    --------
    >>> import workbench as wb
    >>> run = wb.open_run("cdnow")
    >>> run.study.name, run.has("transactions"), run.has("survey")
    ('cdnow', True, False)
    """
    from workbench.reporting.study_words import open_study
    from workbench.study import load_study
    from workbench.study.seen import seen_from_environment
    from workbench.study.watch import watch

    if seed is None:
        variable = sys._getframe(1).f_globals.get("seed")
        seed = variable if isinstance(variable, int) else DEFAULT_SEED
    folder_of_run = os.environ.get("WORKBENCH_RUN")
    with trace.quiet():  # which parts of the card count, `watch` notes
        card = load_study(study)
        here = Path(folder_of_run or "").parent
        if of_this_run := card.name in (here.name, here.parent.name):
            card = seen_from_environment(card)
    if of_this_run:
        watch(card)
    else:
        trace.beyond(f"it opens another study ({card.name})")
    root = _root(card)
    open_study(card)
    if folder_of_run:
        return Run(
            card,
            folder=Path(folder_of_run),
            root=root,
            notebook=os.environ.get("WORKBENCH_NOTEBOOK", "notebook"),
            case=os.environ.get("WORKBENCH_CASE") or None,
            reads=json.loads(os.environ.get("WORKBENCH_READS", "[]")),
            seed=seed,
        )
    notebook, alone = _interactive_notebook()
    if alone:
        folder = Path(_nbval_folder().name)
        return Run(card, folder=folder, root=folder, notebook=notebook, reads=(), seed=seed)
    folder = root / "runs" / card.name / "_lab"
    return Run(card, folder=folder, root=root, notebook=notebook, seed=seed)


class Run(Handover):
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
        super().__init__(
            folder,
            root=root,
            study=study.name,
            notebook=notebook,
            case=case,
            reads=reads,
            seen=study.seen,
        )
        self.study = study
        self.seed = seed
        self._data_to: dict[str, str] = {}
        self._tables: Tables | None = None

    def __repr__(self) -> str:
        return f"<Run of {self.study.name}, {self.notebook}, as of {self.as_of}>"

    # --- the study's tables -------------------------------------------------------------------

    @property
    def as_of(self) -> date:
        """The day on which the study looks at its customers."""
        return self.study.as_of

    @property
    def tables(self) -> Tables:
        """The opened tables: cleaned, linked, pseudonymised (`workbench.data.Tables`)."""
        if self._tables is None:
            from workbench.data import open_tables

            self._tables = open_tables(self.study)
        return self._tables

    @property
    def quality(self) -> CleaningReport:
        """The cleaning report: per table the rows read, kept and quarantined, and why."""
        return self.tables.report

    def has(self, name: str) -> bool:
        """Whether the study has this table."""
        return name in self.study.tables

    def table(self, name: str, *, known: date | str | None = None) -> pd.DataFrame:
        """Return a table as a DataFrame, cleaned and pseudonymised.

        Parameters
        ----------
        name : str
            A table of the study.
        known : date or ISO text, optional
            Of a log of purchases: the day to which refunds are taken off purchases made by then.
        """
        self._uses(name)
        frame: pd.DataFrame = self.tables.frame(name, known=_day(known))
        return frame

    def purchases(
        self, table: str = "transactions", *, known: date | str | None = None
    ) -> pd.DataFrame:
        """Return who bought on which day for how much (`workbench.data.Tables.bought`).

        Of a log of purchases this is a tenth of what `table` gives.

        Parameters
        ----------
        table : str
            A table of transactions.
        known : date or ISO text, optional
            As of `table`.
        """
        self._uses(table)
        return self.tables.bought(table, known=_day(known))

    def steady(
        self, frame: pd.DataFrame, *, what: str, key: Sequence[str], groups: Sequence[str],
        amounts: Sequence[str], of: str = "",
    ) -> Steady:  # fmt: skip
        """Let rows of what does not change wait, where beside the last run they tell of a few.

        See `workbench.stats.steady.keep_told`; what is told is kept for the next run: under `what`,
        and under what `of` names besides, where several tables are of the same rows.
        """
        from workbench.runs.records.handover import TOLD
        from workbench.stats.steady import keep_told

        name = re.sub(r"\W+", "_", f"{what} {of}".strip()) + TOLD
        rule = self.study.privacy
        found = keep_told(
            frame, self.earlier(name), rule, key=key, groups=groups, amounts=amounts, what=what
        )
        self.save(name, found.frame)
        return found

    def refunds(self, name: str = "transactions") -> pd.DataFrame:
        """Return what refunds took off purchases, and when (`workbench.data.Tables.refunds`)."""
        self._uses(name)
        return self.tables.refunds(name)

    def expr(self, name: str) -> Any:
        """Return a table as an Ibis expression, to be computed where the data are."""
        self._uses(name)
        return self.tables.expr(name)

    def summary(
        self,
        table: str = "transactions",
        *,
        as_of: date | str | None = None,
        calibration_end: date | str | None = None,
        time_unit: str | None = None,
    ) -> CustomerSummary:
        """Summarise purchases per customer (`workbench.data.summaries.customer_summary`).

        Parameters
        ----------
        table : str
            A table of transactions.
        as_of, calibration_end : date or ISO text, optional
            Where the observation ends, and where a holdout begins after it.
        time_unit : str, optional
            ``week``, ``month``, ...; the study's own by default.
        """
        from workbench.data import customer_summary

        self._uses(table)
        return customer_summary(
            self.tables,
            table=table,
            as_of=_day(as_of),
            calibration_end=_day(calibration_end),
            time_unit=time_unit,
        )

    def rfm(
        self,
        table: str = "transactions",
        *,
        levels: int | Mapping[str, int] = 5,
        cuts: Mapping[str, Sequence[float]] | None = None,
    ) -> RFMScores:
        """Score customers by recency, frequency and spend, in the engine.

        See `workbench.data.rfm_scores`; as of the study's day.
        """
        from workbench.data import rfm_scores

        self._uses(table)
        return rfm_scores(self.tables, table, levels=levels, cuts=cuts)

    def account_tree(self, table: str = "accounts") -> AccountTree:
        """Return the accounts with the one on top of each (`data.summaries.account_tree`)."""
        from workbench.data import account_tree

        return account_tree(self.tables, table)

    def pipeline(self, table: str = "opportunities") -> Pipeline:
        """Return the opportunities and their stages (`workbench.data.summaries.pipeline`)."""
        from workbench.data import pipeline

        self._uses(table)
        return pipeline(self.tables, table)

    def leads(self, table: str = "leads") -> pd.DataFrame:
        """Return the leads, and which of them became customers (`workbench.data.leads`)."""
        from workbench.data import leads

        self._uses(table)
        return leads(self.tables, table)

    def lines(
        self,
        table: str = "transactions",
        *,
        by: Literal["category", "product"] = "category",
        most: int = 200,
    ) -> LineItems:
        """Group the lines of a log of purchases by what they are of (`data.summaries.line_items`).

        Of a table with one row an order, the lines are those of ``<table>_lines`` where the study
        has it.
        """
        from workbench.data import line_items

        table = f"{table}_lines" if self.has(f"{table}_lines") else table
        self._uses(table)
        return line_items(self.tables, table, by=by, most=most)

    def reachable(self) -> pd.Index | None:
        """Return who may be offered something (`workbench.data.offer_rules`); None: not said."""
        from workbench.data.offer_rules import reachable

        return reachable(self.tables)

    def potential(self) -> pd.Series | None:
        """Return what customers could spend in a year (`workbench.data.offer_rules`), or None."""
        from workbench.data.offer_rules import potential

        return potential(self.tables)

    def customer_months(self, table: str = "transactions") -> CustomerMonths:
        """Add up a log of purchases by customer and month (`data.summaries.customer_months`)."""
        from workbench.data import customer_months

        self._uses(table)
        return customer_months(self.tables, table)

    def contact_log(self, table: str = "interactions") -> ContactLog:
        """Tell of each contact how long it waited and what became of it.

        See `workbench.data.summaries.contact_log`.
        """
        from workbench.data import contact_log

        self._uses(table)
        return contact_log(self.tables, table)

    def step_log(self, table: str = "steps") -> StepLog:
        """Group the steps of tickets by what follows what (`workbench.data.summaries.step_log`)."""
        from workbench.data import step_log

        self._uses(table)
        return step_log(self.tables, table)

    def indicator(
        self,
        name: str,
        every: str | None = "month",
        by: Sequence[str] = (),
        units: bool = False,
        where: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Measure an indicator by period and group (`workbench.data.indicator`)."""
        from workbench.data import find_indicator, indicator

        if (table := find_indicator(name).table) in self.study.tables:
            self._uses(table)
        return indicator(self.tables, name, every=every, by=by, units=units, where=where)

    def outcome(self, aim: Outcome, case: Case, by: Sequence[str] = ()) -> pd.DataFrame:
        """Measure an outcome of a case, as `workbench.impact.evaluate` takes it.

        One row a customer and period. Where the indicator has no value for one customer, a series
        ready made: one row a whole period of a measure that reached everybody, one row a group and
        whole period where groups were treated.
        """
        from workbench.data import find_indicator

        chosen, every = find_indicator(aim.indicator), case.period
        if chosen.table == "customers":
            return self._column_of_customers(chosen.columns[0], aim, case)
        grouped = case.chosen == "everybody" or (by and chosen.table.startswith("series"))
        if chosen.units or not grouped:
            return self.indicator(aim.indicator, every, by=by, units=True, where=aim.where)
        return self.series(aim.indicator, every, where=aim.where, by=by)

    def _column_of_customers(self, column: str, aim: Outcome, case: Case) -> pd.DataFrame:
        """Take a column of the customers' table as an outcome that was seen once."""
        import pandas as pd

        people = self.table("customers")
        for name, value in (aim.where or {}).items():
            wanted = value if isinstance(value, list | tuple) else [value]
            people = people[people[name].isin(wanted)]
        return pd.DataFrame(
            {
                "customer_id": people["customer_id"],
                "period": pd.Timestamp(case.start),
                "estimate": pd.to_numeric(people[column], errors="coerce"),
            }
        ).dropna()

    def series(
        self,
        name: str,
        every: str | None = "month",
        where: Mapping[str, Any] | None = None,
        by: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Measure an indicator by whole period; `n` only where records are known behind it."""
        from workbench.data import find_indicator

        frame = self.indicator(name, every, by=by, where=where)
        if "complete" in frame:
            frame = frame[frame["complete"]]
        table = find_indicator(name).table
        ready = table.startswith("series") and "." in name
        counted = ready and {"n", "denominator"} & set(self.expr(table).columns)
        return frame.drop(columns="n") if ready and not counted else frame

    def watched(self, watch: Watch) -> pd.DataFrame:
        """Measure what the card's alerts watch, as `workbench.goals.alerts` takes it."""
        by = [] if watch.by is None else [watch.by]
        return self.indicator(watch.indicator, every=watch.every, by=by, where=watch.where)

    def contracts(self) -> ContractCheck:
        """Hold the tables against what the card's alerts say of them."""
        from workbench.data import check_contracts

        alerts = self.study.alerts
        contracts = {} if alerts is None else alerts.tables
        for name in contracts:
            self._uses(name)
        return check_contracts(self.tables, contracts)

    def case(self, name: str) -> Case:
        """Return a case (a measure to be judged) of the study's card.

        Raises
        ------
        StudyError
            If the study has no such case.
        """
        return self.study.case(name)

    def case_data(self, case: Case) -> CaseData:
        """Read the tables from which a case is judged, as `workbench.impact.judge_case` takes it.

        Parameters
        ----------
        case : Case
            Of this study's card.
        """
        from workbench.impact import LEAVING, CaseData, side_by_side, with_arms

        def named(series: Sequence[Comparison]) -> pd.DataFrame | None:
            every = case.period
            return side_by_side(
                {c.label or c.indicator: self.series(c.indicator, every, c.where) for c in series}
            )

        def if_any(table: str) -> pd.DataFrame | None:
            return self.table(table) if self.has(table) else None

        leaves = any(aim.indicator in LEAVING for aim in case.outcomes)
        chosen = case.chosen != "everybody"

        def selection(indicator: str) -> pd.DataFrame:
            return self.indicator(indicator, every=case.period, units=True, by=case.columns)

        units = if_any("customers") if chosen else None
        return CaseData(
            outcomes=[self.outcome(aim, case, case.columns) for aim in case.outcomes],
            treatments=with_arms(case, if_any("treatments"), units),
            selection=selection(case.selected_on) if case.selected_on else None,
            comparison=named(case.comparison),
            covariates=named(case.covariates),
            units=units,
            contracts=if_any("contracts") if leaves else None,
            customers=if_any("customers") if leaves else None,
            titles={other.name: self.study.text(other.title, "en") for other in self.study.cases},
            min_cell=self.study.privacy.min_cell,
            rule=self.study.privacy,
            kinds=_kinds_of(case),
            country=self.study.country or "",
        )

    def foreseen(self, case: str) -> tuple[Case, dict[str, Any]]:
        """Give a case with its design and power, as they are foreseen before it starts."""
        from workbench.impact import plan_case

        chosen = self.case(case)
        return chosen, plan_case(chosen, self.case_data(chosen), as_of=self.as_of)

    def plans(self, case: str) -> PlanRegister:
        """Read what was registered of a case (``workbench plan``)."""
        from workbench.study import PlanRegister

        return PlanRegister.of(self.study.folder, case)

    def findings(self) -> dict[str, list[Finding]]:
        """Return the findings so far, of the notebooks this one may read and its own, by page.

        Those of comments name the subjects of the codebook, which speak the study's languages.
        """
        from workbench.reporting.study_words import codebook_words, open_study

        found = super().findings()
        if any(page.startswith("comments") for page in found):
            open_study(self.study, codebook_words(self.study))
        return found

    def codebook(self) -> dict[str, dict[str, Any]]:
        """Return the aspects of the study's comments: its own codebook, or that for services.

        Raises
        ------
        CodebookError
            If the file that the card names cannot be read; the error names line and key.
        """
        from workbench.reporting.study_words import open_study
        from workbench.study.codebook import read_codebook

        survey = self.study.survey
        named = survey.codebook if survey else None
        book = read_codebook(self.study.inside(named) if named else None)
        open_study(self.study, [aspect["title"] for aspect in book.values()])
        return book

    def skip(self, reason: str) -> NoReturn:
        """End the notebook here, and well: a run records that it skipped itself, and why.

        What it has saved so far is dropped; the site keeps its last good page and says so.

        Parameters
        ----------
        reason : str
            Such as ``no new data``.
        """
        from workbench.runs.execution.failure import SkipNotebook

        raise SkipNotebook(reason)

    def rng(self, name: str) -> np.random.Generator:
        """Return a random generator that depends on the seed and on this name only.

        Two uses with different names do not disturb each other: adding a draw to one analysis
        leaves the numbers of the others as they were.
        """
        import numpy as np

        digest = hashlib.sha256(name.encode()).digest()
        words = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4)]
        return np.random.default_rng([abs(self.seed), *words])

    def _uses(self, name: str) -> None:
        """Note how far a table reaches, for "data to" on the page and in run.json."""
        self._require(name)
        if name in self._data_to or not name.startswith(_EVENTS):
            return
        from workbench.data import data_to

        if last := data_to(self.tables, name):
            self._data_to[name] = last
            write_json(self._own_folder() / "data_to.json", self._data_to)

    def _require(self, name: str) -> None:
        if not self.has(name):
            raise AbsentError(
                f"the study has no table {name!r}",
                where=f"study {self.study.name}",
                remedy=suggest(name, list(self.study.tables)),
            )


def _kinds_of(case: Case) -> dict[str, Any]:
    """Say what the outcomes of a case are, as far as the library says, for how they are written."""
    from workbench.data import INDICATORS

    kinds = {"share": "percent", "ratio": "percent", "money": "money", "points": "points"}
    known = [INDICATORS[o.indicator] for o in case.outcomes if o.indicator in INDICATORS]
    return {one.name: kinds.get(one.kind, "number") for one in known}


def _root(study: Study) -> Path:
    """Find the folder that keeps the runs; a study outside any workbench keeps its own."""
    from workbench.study import StudyError, find_root

    try:
        return find_root()
    except StudyError:
        return study.folder


@cache
def _nbval_folder() -> TemporaryDirectory[str]:
    """Make a folder that goes when the kernel does."""
    return TemporaryDirectory(prefix="wb-")


def _interactive_notebook() -> tuple[str, bool]:
    """Name the notebook that this kernel was started for, and say whether nbval started it."""
    tested, _, _ = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")
    for path, alone in ((tested, True), (os.environ.get("JPY_SESSION_NAME", ""), False)):
        if path.endswith(".ipynb"):
            return Path(path).stem, alone
    return "notebook", False


def _day(day: date | str | None) -> date | None:
    return date.fromisoformat(day) if isinstance(day, str) else day
