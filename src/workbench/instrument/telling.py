"""What analyses found, as parts of a document: sentences and tables in one language."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pandas as pd

from workbench.data import answers_as_given, sampling_frame
from workbench.data.people.pseudonyms import study_key
from workbench.errors import DataError
from workbench.languages import Language
from workbench.reporting.sentences import phrase
from workbench.reporting.tables import cell_text, plan_columns
from workbench.results import Finding
from workbench.runs.records.handover import read_findings
from workbench.runs.records.record import last_good, list_runs
from workbench.satisfaction.instrument.fieldwork import Fieldwork, fieldwork
from workbench.satisfaction.instrument.guides import KnownSoFar, about_of
from workbench.satisfaction.instrument.printed import Part, Printed, bullets, heading
from workbench.satisfaction.instrument.sampling import SamplingPlan, draw_invitations, plan_sample
from workbench.study import Study
from workbench.study.survey import SCORES

#: Notebooks whose findings a guide asks about, and the one that keeps the gaps.
_ASKED = ("satisfaction_gap", "satisfaction_drivers", "comments")
_GAPS = ("satisfaction_gap", "gaps.parquet")


def sentences(findings: Sequence[Finding], code: str) -> tuple[str, ...]:
    """Say findings in a language."""
    return tuple(phrase(each, code, {}, form="plain") for each in findings)


def table_part(table: pd.DataFrame, code: str) -> Part:
    """Write a labelled table."""
    language = Language(code)
    columns = plan_columns(table, None, None)
    rows = [tuple(column.heading(language) for column in columns)]
    for _, row in table.iterrows():
        rows.append(tuple(cell_text(row, column, language) for column in columns))
    return Part("grid", rows=tuple(rows), widths=(0.3, *([0.2] * (len(columns) - 1))))


def known_so_far(study: Study, root: Path, code: str) -> KnownSoFar:
    """Read what the last good pages on satisfaction found; nothing where there is no run."""
    runs = list_runs(root / "runs" / study.name)
    told: list[str] = []
    gaps, named = None, ""
    for notebook in _ASKED:
        record = last_good(runs, notebook)
        if record is None:
            continue
        named = named or record.run
        results = record.folder / "results"
        found = read_findings([results / notebook], []).get(notebook, [])
        # the first of each kind is the message, what follows explains it
        told += sentences([each for each in found if "." not in each.key], code)
        path = results.joinpath(*_GAPS)
        if notebook == _GAPS[0] and path.is_file():
            gaps = pd.read_parquet(path)
    return KnownSoFar(gaps, tuple(told), named)


def sampling(study: Study, wave: str) -> tuple[SamplingPlan, pd.DataFrame | None, str]:
    """Plan the sample, and draw who is invited; say why nobody is where that is so."""
    wanted = study.instrument.sample
    margins = study.survey.margins if study.survey is not None else {}
    by = [wanted.by] if wanted.by is not None else []
    try:
        people = sampling_frame(study, *by)
    except DataError as error:
        if by:
            raise
        return plan_sample(wanted, margins=margins), None, str(error)
    sizes = {"": len(people)}
    if by:
        sizes = {str(group): int(n) for group, n in people[by[0]].value_counts().items()}
    plan = plan_sample(wanted, sizes, margins=margins)
    drawn = draw_invitations(
        people, plan, key=study_key(study), seed=wanted.seed, wave=wave, by=wanted.by
    )
    unknown = int(people[by[0]].isna().sum()) if by else 0
    told = f"{unknown} customers have no {by[0]}, and are not drawn" if unknown else ""
    return plan, drawn, told


def returned(study: Study, invitations: Path) -> Fieldwork | None:
    """Hold the answers against an invitation list; None while nobody on it has answered."""
    invited = pd.read_csv(invitations, dtype="string", encoding="utf-8-sig")
    answers = answers_as_given(study, "answered_on", *SCORES)
    if answers is None or not {"invitation", "customer_id", "group"} <= set(invited):
        return None
    margins = study.survey.margins if study.survey is not None else {}
    known = [*margins, *study.instrument.ask, *study.segments.protected]
    register = None
    with suppress(DataError):
        register = sampling_frame(study, also=known) if known else None
    found = fieldwork(invited, answers, register)
    return found if found.table["answered"].iloc[-1] else None


def printed_fieldwork(study: Study, found: Fieldwork, wave: str, code: str) -> Printed:
    """Lay out who answered."""
    t = Language(code)
    parts = [
        *(Part("text", sentence) for sentence in sentences(found.findings(), code)),
        heading(t("Response by group")),
        table_part(found.table, code),
    ]
    title = t("Who answered: {about}").format(about=about_of(study, code))
    return Printed(title, code, tuple(parts), t("Wave {wave}").format(wave=wave))


def printed_plan(study: Study, plan: SamplingPlan, wave: str, code: str) -> Printed:
    """Lay the sampling plan out for paper."""
    t = Language(code)
    wanted = study.instrument.sample
    taken = [
        t("Share expected: {share}").format(share=t.percent(wanted.share)),
        t("Response expected: {share}").format(share=t.percent(wanted.response)),
        t("Design effect of weights or clusters: {effect}").format(
            effect=t.number(wanted.design_effect, 2)
        ),
        t("Confidence: {level}").format(level=t.percent(wanted.level)),
    ]
    if wanted.change is not None:
        taken.append(
            t("Change of a share to be shown in four of five surveys: {change}").format(
                change=t.percent(wanted.change)
            )
        )
    parts = [
        *(Part("text", sentence) for sentence in sentences(plan.findings(), code)),
        heading(t("What each reason asks for")),
        table_part(plan.reasons, code),
        heading(t("Invitations by group")),
        table_part(plan.table, code),
    ]
    if len(plan.quotas):
        parts += [
            heading(t("Quotas")),
            Part(
                "note",
                t("Only where nobody can be drawn at random: a quota is no random sample."),
            ),
            table_part(plan.quotas, code),
        ]
    parts += [heading(t("What was assumed")), bullets(*taken)]
    title = t("Sampling plan: {about}").format(about=about_of(study, code))
    return Printed(title, code, tuple(parts), t("Wave {wave}").format(wave=wave))
