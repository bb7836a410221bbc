"""A case with all its outcomes: one table, one picture, the checks once each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.impact.benefit import Benefit, Worth, cost_benefit, costs_of
from workbench.impact.close_up import MixtureView, StartsView, mixture_of, starts_of
from workbench.impact.designs import known_designs
from workbench.impact.effect import Effect
from workbench.impact.evaluate import Evaluation, adjusted
from workbench.impact.findings import found, outcome_name
from workbench.impact.grading import weaker
from workbench.results import Finding
from workbench.units import PERIODS_A_YEAR

HEADINGS = {
    "worked": "{title}: it worked for {outcome} ({strength} evidence)",
    "harmed": "{title}: it seems to have harmed {outcome} ({strength} evidence)",
    "unshown": "{title}: no effect on {outcome} can be shown ({strength} evidence)",
    "refused": "{title}: no conclusion about {outcome} is possible",
}
_CLEAR = 0.05
_KINDS = {"number": "number", "share": "points", "points": "points"}


@dataclass(frozen=True)
class CaseReport:
    """All outcomes of one case.

    Attributes
    ----------
    evaluations : tuple of Evaluation
        The first is the main outcome.
    """

    evaluations: tuple[Evaluation, ...]

    @classmethod
    def of(cls, evaluations: Iterable[Evaluation]) -> CaseReport:
        """Gather the outcomes of a case, and look whether their number alone explains an effect."""
        found = tuple(evaluations)
        if len(found) < 2:
            return cls(found)
        corrected = adjusted(list(found))["p_holm"]
        return cls(
            tuple(
                _corrected(e, float(p), len(found)) for e, p in zip(found, corrected, strict=True)
            )
        )

    @property
    def effects(self) -> list[Effect]:
        """Effects of the outcomes that allow a conclusion."""
        return [e.effect for e in self.evaluations if e.effect is not None]

    @property
    def main(self) -> Evaluation:
        """The first outcome."""
        return self.evaluations[0]

    @property
    def main_name(self) -> str:
        """Name of the first outcome in running text."""
        return outcome_name(self.main)

    @property
    def heading(self) -> str:
        """The finding on the main outcome, with placeholders `title` and `outcome`."""
        return HEADINGS[found(self.main)]

    @property
    def strength(self) -> str:
        """Strength of evidence on the main outcome, for the heading."""
        return self.main.strength

    @property
    def gradings(self) -> pd.DataFrame:
        """How the strength of each outcome came about: `outcome`, `part`, `found`, `grades`."""
        parts = [e.grading.table.assign(outcome=outcome_name(e)) for e in self.evaluations]
        return pd.concat(parts, ignore_index=True)

    @property
    def foresight(self) -> pd.DataFrame:
        """What each design could have seen, outcome by outcome, from the time before alone."""
        parts = [
            e.foresight.table.assign(outcome=outcome_name(e))
            for e in self.evaluations
            if e.foresight is not None and e.foresight.plans
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def plot_foresight(self, ax: Axes | None = None) -> Axes:
        """Draw the chance of seeing an effect on the main outcome against its size."""
        planned = next(e.foresight for e in self.evaluations if e.foresight and e.foresight.plans)
        return planned.plot(ax)

    def valued(self, card: Any) -> Evaluation:
        """Give the outcome to which the card gives a value; the main one where there is none."""
        both = zip(card.outcomes, self.evaluations, strict=True)
        return next((e for aim, e in both if aim.value is not None), self.main)

    def benefit(self, card: Any, rng: np.random.Generator) -> Benefit | None:
        """Set the benefit against the cost, where the card gives both and there is an effect.

        Parameters
        ----------
        card : object
            The study's case: `outcomes` (with `value`), `costs`, `horizon`, `discount`, `period`.
        rng : Generator
        """
        if getattr(card, "costs", None) is None:
            return None
        for aim, e in zip(card.outcomes, self.evaluations, strict=True):
            if aim.value is None or e.effect is None:
                continue
            if not e.customers:
                return None
            year = PERIODS_A_YEAR[card.period]
            return cost_benefit(
                e.effect,
                value=Worth.of(aim.value),
                customers=e.customers,
                costs=costs_of(card.costs),
                periods=card.horizon or 2 * year,
                periods_a_year=year,
                discount=card.discount,
                direction=aim.direction,
                rng=rng,
            )
        return None

    @property
    def assumptions(self) -> list[tuple[str, str]]:
        """Designs that answer, and what must hold for each."""
        names = dict.fromkeys(e.design for e in self.effects)
        return [(name, known_designs()[name].assumption) for name in names]

    @property
    def series(self) -> pd.DataFrame:
        """The numbers behind `plot`, outcome by outcome."""
        return self._gathered("series")

    @property
    def gaps(self) -> pd.DataFrame:
        """The numbers behind `plot_gaps`, outcome by outcome."""
        return self._gathered("gaps")

    def _gathered(self, name: str) -> pd.DataFrame:
        parts = []
        for e in self.evaluations:
            frame = pd.DataFrame() if e.effect is None else getattr(e.effect, name)
            if len(frame):
                named = frame.assign(period=frame["period"].astype(str))
                parts.append(named.assign(outcome=outcome_name(e)))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    @property
    def table(self) -> pd.DataFrame:
        """One row an outcome: what was claimed, seen at a glance, and found.

        Columns `outcome`, `design`, `claimed`, `glance`, `effect`, `effect_low`, `effect_high` (all
        relative), `difference`, `difference_low`, `difference_high` (in units of the outcome),
        `p`, `p_holm` (corrected for the number of outcomes), `strength`.
        """
        side = adjusted(list(self.evaluations))
        return pd.DataFrame(
            {
                "outcome": [outcome_name(e) for e in self.evaluations],
                "design": side["design"],
                "claimed": [np.nan if e.claimed is None else e.claimed for e in self.evaluations],
                "glance": [
                    np.nan if e.glance is None else e.glance.relative for e in self.evaluations
                ],
                "effect": side["relative"],
                "effect_low": side["relative_low"],
                "effect_high": side["relative_high"],
                "difference": side["estimate"],
                "difference_low": side["low"],
                "difference_high": side["high"],
                "p": side["p"],
                "p_holm": side["p_holm"],
                "strength": side["strength"],
            }
        )

    @property
    def answers(self) -> pd.DataFrame:
        """Every answer worked out, outcome by outcome, the glance last."""
        parts = [
            e.answers.assign(outcome=outcome_name(e)) for e in self.evaluations if len(e.answers)
        ]
        if parts:
            return pd.concat(parts, ignore_index=True)
        return pd.DataFrame(columns=["outcome", *Effect("", 0, 0, 0, 1).table])

    @property
    def answers_kind(self) -> str:
        """How differences are written: three digits below one, two below ten, else one."""
        sizes = self.answers["estimate"].astype(float).abs()
        largest = float(sizes.max()) if len(sizes) else 0.0
        return f"number:{3 if largest < 1 else 2 if largest < 10 else 1}"

    @property
    def designs(self) -> pd.DataFrame:
        """What each design assumes, and why it is or is not admissible, for the main outcome."""
        return self.main.designs.sort_values("admissible", ascending=False, kind="stable")

    @property
    def checks(self) -> tuple[Finding, ...]:
        """Remarks on any outcome, each once, the gravest first."""
        order = {"refusal": 0, "warning": 1, "note": 2, "ok": 3}
        unique = {(c.message, str(dict(c.values))): c for e in self.evaluations for c in e.checks}
        return tuple(sorted(unique.values(), key=lambda c: order[c.severity]))

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """Checks that a reader must know of: all that were not simply passed."""
        return tuple(c for c in self.checks if c.severity != "ok")

    @property
    def findings(self) -> pd.DataFrame:
        """What was checked, outcome by outcome: `outcome`, `check`, `result`."""
        said = {"ok": "passed", "note": "note", "warning": "warning", "refusal": "no conclusion"}
        rows = [
            {"outcome": outcome_name(e), "check": c.key, "result": said[c.severity]}
            for e in self.evaluations
            for c in e.checks
        ]
        return pd.DataFrame(rows, columns=["outcome", "check", "result"]).drop_duplicates()

    @property
    def gaps_kind(self) -> str:
        """How `gaps` are written: percent where all are relative, else plain numbers."""
        drawn = [e for e in self.effects if len(e.gaps)]
        return "percent:1" if drawn and all(e.in_percent for e in drawn) else "number"

    @property
    def mixture(self) -> MixtureView | None:
        """Donors and placebos of the first outcome that a synthetic control answers."""
        return mixture_of(self.effects)

    def starts(self, every: str) -> StartsView | None:
        """Give groups, times and averages of the first outcome with different starts.

        Parameters
        ----------
        every : str
            Length of a period: week, month, quarter, year or wave.
        """
        return starts_of(self.effects, every)

    @property
    def has_gaps(self) -> bool:
        """Whether there is a comparison group to draw before and after."""
        return any(len(e.gaps) for e in self.effects)

    def metrics(self, gain: Benefit | None = None, currency: str = "") -> list[dict[str, Any]]:
        """Headline numbers, one an outcome, as `run.metric` takes them.

        The relative effect where there is one, else the difference; then the net benefit and the
        chance that the measure pays, where they are known.
        """
        found = []
        for e in self.evaluations:
            if e.effect is None:
                continue
            known = bool(np.isfinite(e.effect.relative))
            value = (
                (e.effect.relative, e.effect.relative_low, e.effect.relative_high)
                if known
                else (e.effect.effect, e.effect.low, e.effect.high)
            )
            found.append(
                {
                    "name": f"effect.{e.outcome}",
                    "value": value[0],
                    "low": value[1],
                    "high": value[2],
                    "kind": "percent" if known else _KINDS[e.kind],
                    "label": f"Effect on {outcome_name(e)}",
                    "better": e.direction,
                }
            )
        if gain is not None:
            net = gain["net benefit"]
            found += [
                {
                    "name": "benefit.net", "value": net[0], "low": net[1], "high": net[2],
                    "kind": "money", "unit": currency, "label": "Net benefit", "better": "up",
                },
                {
                    "name": "benefit.pays", "value": gain.pays, "kind": "percent",
                    "label": "Chance that it pays", "better": "up",
                },
            ]  # fmt: skip
        return found

    def plot(self, figure: Any) -> list[Axes]:
        """Draw each outcome with and without the measure, one panel each."""
        return self._panels(figure, [e for e in self.effects if len(e.series)], "plot")

    def plot_gaps(self, figure: Any) -> list[Axes]:
        """Draw the difference to the comparison over time, one panel an outcome."""
        return self._panels(figure, [e for e in self.effects if len(e.gaps)], "plot_gaps")

    @staticmethod
    def _panels(figure: Any, effects: list[Effect], what: str) -> list[Axes]:
        figure.set_figheight(2.9 * max(len(effects), 1))
        panels = np.atleast_1d(figure.subplots(max(len(effects), 1), 1, squeeze=False).ravel())
        drawn = []
        for effect, ax in zip(effects, panels, strict=False):
            getattr(effect, what)(ax=ax)
            drawn.append(ax)
        return drawn


def _corrected(e: Evaluation, p_holm: float, outcomes: int) -> Evaluation:
    """Warn where an effect is clear alone, but not after the correction for several outcomes."""
    if e.effect is None or not e.effect.clear or not p_holm >= _CLEAR:
        return e
    check = Finding(
        "several outcomes",
        "The effect on {outcome} is clear by itself, but not once it is allowed for that {n}"
        " outcomes were looked at (p-value {p}).",
        {"outcome": outcome_name(e), "n": outcomes, "p": float(f"{p_holm:.2g}")},
        severity="warning",
    )
    row = pd.DataFrame([("assumptions checked", check.key, -1)], columns=e.grading.table.columns)
    grading = replace(
        e.grading,
        strength=weaker(e.grading.strength),
        table=pd.concat([e.grading.table, row], ignore_index=True),
    )
    return replace(e, checks=(*e.checks, check), grading=grading)
