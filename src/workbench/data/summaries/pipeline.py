"""Opportunities and leads as systems export them: which stage is won, which lost, which open."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from workbench.data.tables import Tables
from workbench.errors import DataError

# Names that systems and their users give to ends; what is not yet, is neither.
_WON = re.compile(
    r"closed[\s_\-]*won|\bwon\b|gewonnen|gagné|ganad[oa]|vint[oa]\b|\bganh[oa]\b|赢单|贏單|成交|签约|簽約"
    r"|已中标|受注|成約|수주|성공|выигран|заключ",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"closed[\s_\-]*lost|\blost\b|verloren|perdu|perdid[oa]|\bpers[oa]\b|输单|輸單|丢单|丟單|失单|战败|未中标"
    r"|失败|失敗|流失|未成交|作废|无效|失注|실주|проигра|отказ|disqualif|\bdead\b|cancel|abandon|storniert"
    r"|annul|no decision",
    re.IGNORECASE,
)
_NOT_YET = re.compile(r"预计|待|拟|即将|准备|\bnot\b|\bto be\b|probab|likely", re.IGNORECASE)
_CONVERTED = re.compile(r"convert|已转|转化|轉換|转客户|转商机", re.IGNORECASE)

_NOT = re.compile(r"未|不|\bnot\b|\bun(?=con)|nicht|to be|待|\bno\b", re.IGNORECASE)


@dataclass(frozen=True)
class Pipeline:
    """The opportunities of a study as of its day.

    Attributes
    ----------
    frame : DataFrame
        opportunity_id, customer_id, stage, amount, opened, closed (missing while it is open),
        outcome (won, lost, open), source, reason; what the table lacks is missing throughout.
    log : DataFrame or None
        When each opportunity entered each stage: opportunity_id, stage, entered. None where the
        study has no table of stages.
    won, lost, open : tuple of str
        Which stages were taken for what.
    stated : bool
        Whether the card says it, or the names did.
    undated : int
        Won or lost without a day of closing that lies after the opening: they count, and tell
        nothing of times.
    later : int
        Closed after the study's day: still open then, in a stage that nobody knows.
    """

    frame: pd.DataFrame
    log: pd.DataFrame | None
    won: tuple[str, ...]
    lost: tuple[str, ...]
    open: tuple[str, ...]
    stated: bool
    undated: int
    later: int

    def sales(self) -> pd.DataFrame:
        """Give what was won as purchases: customer_id, date, amount."""
        won = self.frame[(self.frame["outcome"] == "won") & self.frame["closed"].notna()]
        won = won[won["customer_id"].notna() & won["amount"].notna()]
        return won.rename(columns={"closed": "date"})[["customer_id", "date", "amount"]]


def pipeline(tables: Tables, name: str = "opportunities", *, stages: str = "stages") -> Pipeline:
    """Read a study's opportunities.

    Parameters
    ----------
    tables : Tables
    name, stages : str
        The table of opportunities and, where there is one, that of their stages.

    Raises
    ------
    DataError
        If no stage is known as won or lost.
    """
    card, frame = tables.study.tables[name], tables.frame(name)
    for column in ("customer_id", "amount", "closed", "source", "reason"):
        if column not in frame:
            kind = {"amount": "float64", "closed": "datetime64[ns]"}.get(column, "object")
            frame[column] = pd.Series(index=frame.index, dtype=kind)
    names = list(frame["stage"].value_counts().index)
    stated = bool(card.won or card.lost)
    won, lost = ends_of(names, card.won, card.lost)
    flag = frame["won"].fillna(False).astype(bool) if "won" in frame else frame["stage"].isin(won)
    known = frame["stage"].isin([*won, *lost])
    outcome = pd.Series("open", index=frame.index)
    outcome[frame["stage"].isin(won) | (flag & ~known)] = "won"
    outcome[frame["stage"].isin(lost)] = "lost"
    if not (outcome == "won").any() and not (outcome == "lost").any():
        raise DataError(
            f"no stage of {name} is known as won or lost; there are {', '.join(names[:12])}",
            where=str(tables.study.path),
            remedy=f"write under tables.{name}: won: [...] and lost: [...]",
        )
    late = (outcome != "open") & (frame["closed"] > pd.Timestamp(tables.study.as_of))
    frame["stage"] = frame["stage"].mask(late)
    outcome = outcome.mask(late, "open")
    frame["closed"] = frame["closed"].mask(outcome == "open")
    bad = (outcome != "open") & ~(frame["closed"] >= frame["opened"])
    frame["closed"] = frame["closed"].mask(bad)
    columns = ["opportunity_id", "customer_id", "stage", "amount", "opened", "closed"]
    return Pipeline(
        frame.assign(outcome=outcome)[[*columns, "outcome", "source", "reason"]],
        _log(tables, stages, {*won, *lost}),
        won,
        lost,
        tuple(s for s in names if s not in {*won, *lost}),
        stated,
        int(bad.sum()),
        int(late.sum()),
    )


def ends_of(
    stages: Iterable[str], won: Iterable[str] = (), lost: Iterable[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tell which stages are won and which lost: as stated, or where nothing is, by their names.

    Examples
    --------
    >>> ends_of(["Qualification", "Closed Won", "Closed Lost to Competition", "预计成交"])
    (('Closed Won',), ('Closed Lost to Competition',))
    """
    said_won, said_lost = ({s.strip().casefold() for s in side} for side in (won, lost))
    found: tuple[list[str], list[str]] = [], []
    for stage in stages:
        plain = stage.strip().casefold()
        if said_won or said_lost:
            good, bad = plain in said_won, plain in said_lost
        else:
            bad = bool(_LOST.search(stage))
            good = bool(_WON.search(stage)) and not bad and not _NOT_YET.search(stage)
        if good or bad:
            found[int(bad)].append(stage)
    return tuple(found[0]), tuple(found[1])


def _is_converted(status: str) -> bool:
    return bool(_CONVERTED.search(status)) and not _NOT.search(status)


def _log(tables: Tables, name: str, ends: set[str]) -> pd.DataFrame | None:
    if name not in tables:
        return None
    log = tables.frame(name)[["opportunity_id", "stage", "entered"]]
    return log[~log["stage"].isin(ends)].sort_values("entered", kind="stable", ignore_index=True)


def leads(tables: Tables, name: str = "leads") -> pd.DataFrame:
    """Read a study's leads.

    Returns
    -------
    DataFrame
        lead_id, customer_id, created, source, converted (bool, missing where nothing tells),
        converted_on.
    """
    frame = tables.frame(name)
    for column in ("customer_id", "source", "converted_on"):
        if column not in frame:
            kind = "datetime64[ns]" if column == "converted_on" else "object"
            frame[column] = pd.Series(index=frame.index, dtype=kind)
    if "converted" not in frame:
        said = frame["converted_on"].notna().astype("boolean")
        if "status" in frame:
            told = frame["status"].map(_is_converted, na_action="ignore").astype("boolean")
            said = told.where(~said, True)
        frame["converted"] = said
    late = frame["converted_on"] > pd.Timestamp(tables.study.as_of)
    frame["converted"] = frame["converted"].mask(late, False)
    wanted = ["lead_id", "customer_id", "created", "source", "converted", "converted_on"]
    return frame[wanted]
