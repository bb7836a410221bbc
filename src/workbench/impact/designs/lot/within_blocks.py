"""A lot that was drawn within blocks, compared within them at the same history."""

from __future__ import annotations

import numpy as np

from workbench.impact.designs.design import Design, Situation
from workbench.impact.effect import Effect, picture
from workbench.impact.experiment.blocks import compare_within, history_of
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.study import Case

NAME = "chosen at random within blocks"


def within_blocks(panel: Panel, *, level: float = 0.95) -> Effect:
    """Compare treated and others of the same block, adjusted for their history.

    Parameters
    ----------
    panel : Panel
        With the blocks of its units.
    level : float

    Raises
    ------
    CaseError
        Blocks are missing, or leave nothing to compare.
    """
    if panel.block is None:
        raise CaseError("no blocks are known", where="case.blocks", remedy="name their column")
    after, seen = panel.means(panel.after)
    counted = panel.weight[:, ~panel.after] > 0
    before = np.where(counted, np.nan_to_num(panel.outcome[:, ~panel.after]), np.nan)
    kept = (seen > 0) & counted.any(axis=1)
    before, after, treated = before[kept], after[kept], panel.treated[kept]
    mean = np.nanmean(before, axis=1, keepdims=True)
    before = np.where(np.isfinite(before), before, mean)
    length = min(panel.n_after, before.shape[1])
    block = np.unique(panel.block[kept], return_inverse=True)[1]
    found = compare_within(after, history_of(before, length), treated, block)
    observed = panel.group_means(panel.treated)
    others = panel.group_means(~panel.treated)
    shift = float(np.mean(observed[panel.after]) - found.effect - np.mean(others[panel.after]))
    without = np.where(panel.after, others + shift, observed)
    return Effect.of_t(
        NAME,
        found.effect,
        found.se,
        found.df,
        mean=float(after[treated].mean()),
        level=level,
        inference="t, within the blocks of the random choice, adjusted for history",
        series=picture(panel.periods, panel.after, observed, without, np.nan),
        **panel.sizes,
    )


def _lacks(s: Situation) -> str:
    if s.case.chosen != "random":
        return "not chosen at random"
    return s.lacking or ("" if s.case.blocks is not None else "not drawn within blocks")


def _answer(panel: Panel, case: Case, level: float) -> Effect:
    return within_blocks(panel, level=level)


WITHIN_BLOCKS = Design[Panel](
    name=NAME,
    family="differences",
    shape="units",
    assumption=(
        "The random choice was fair within each block, and the units do not affect one another."
    ),
    grade=3,
    lacks=_lacks,
    answer=_answer,
    rank=0,
    beside=("same baseline",),
    planned_as="chosen at random",
)
