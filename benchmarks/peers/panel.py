"""Estimate one panel task with one package, in that package's environment; cost as JSON."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd
import peak
import prop99


def difference(package: str, path: str) -> list[dict]:
    """Two-way fixed effects of a long table, clustered; twice, for code made on first use."""
    data = np.load(path)
    units, periods = data["y"].shape
    treated, after = data["treated"], data["after"]
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), periods),
            "period": np.tile(pd.date_range("2023-01-01", periods=periods, freq="MS"), units),
            "y": data["y"].ravel(),
            "d": np.outer(treated, after).ravel().astype(float),
        }
    )
    del data

    def workbench() -> tuple[float, float]:
        from workbench.impact import difference_in_differences, read_panel

        panel = read_panel(
            frame,
            dict.fromkeys(np.flatnonzero(treated), True),
            start=frame["period"][int(np.argmax(after))],
            unit="unit",
            outcome="y",
        )
        found = difference_in_differences(panel, fixed="unit", inference="cr1")
        return found.effect, (found.high - found.low) / 2 / 1.96

    def pyfixest() -> tuple[float, float]:
        import pyfixest as pf

        fit = pf.feols("y ~ d | unit + period", frame, vcov={"CRV1": "unit"})
        return float(fit.coef()["d"]), float(fit.se()["d"])

    def linearmodels() -> tuple[float, float]:
        from linearmodels import PanelOLS

        indexed = frame.set_index(["unit", "period"])
        fit = PanelOLS(indexed["y"], indexed[["d"]], entity_effects=True, time_effects=True).fit(
            cov_type="clustered", cluster_entity=True
        )
        return float(fit.params["d"]), float(fit.std_errors["d"])

    run = {"workbench": workbench, "pyfixest": pyfixest, "linearmodels": linearmodels}[package]
    return [timed(run) for _ in range(2)]


def california(package: str, path: str) -> list[dict]:
    """Nested synthetic control of Proposition 99; the answer is effect and error before."""

    def workbench() -> tuple[float, float]:
        from workbench.impact.designs.synthetic.donor_weights import fit_mixture

        panel, x = prop99.panel_and_predictors(path)
        own, before = panel.treated, ~panel.after
        table = x.loc[panel.units].to_numpy()
        mix = fit_mixture(
            table[~own].T,
            table[own][0],
            panel.outcome[~own][:, before].T,
            panel.outcome[own][0, before],
            starts=20,
            rng=np.random.default_rng(20251231),
        )
        gap = panel.outcome[own][0] - mix.weights @ panel.outcome[~own]
        return float(gap[~before].mean()), float(np.sqrt(mix.mspe))

    def pysyncon() -> tuple[float, float]:
        from pysyncon import Dataprep, Synth

        frame = prop99.read(path)
        others = sorted(set(frame["state"]) - {prop99.TREATED})
        prepared = Dataprep(
            foo=frame,
            predictors=["lnincome", "retprice", "age15to24"],
            predictors_op="mean",
            time_predictors_prior=prop99.LATE,
            special_predictors=[
                *[(prop99.OUTCOME, [year], "mean") for year in prop99.LAGS],
                ("beer", prop99.BEER, "mean"),
            ],
            dependent=prop99.OUTCOME,
            unit_variable="state",
            time_variable="year",
            treatment_identifier=prop99.TREATED,
            controls_identifier=others,
            time_optimize_ssr=range(1970, prop99.START),
        )
        synth = Synth()
        synth.fit(prepared, optim_method="Nelder-Mead", optim_initial="equal")
        wide = frame.pivot_table(index="year", columns="state", values=prop99.OUTCOME)
        gap = wide[prop99.TREATED] - wide[others] @ np.asarray(synth.W)
        after = gap.index >= prop99.START
        return float(gap[after].mean()), float(np.sqrt(np.square(gap[~after]).mean()))

    return [timed({"workbench": workbench, "pysyncon": pysyncon}[package])]


def timed(run) -> dict:
    start = time.perf_counter(), time.process_time()
    answer = run()
    return {
        "wall": time.perf_counter() - start[0],
        "seconds": time.process_time() - start[1],
        "megabytes": peak.megabytes(),
        "answer": answer,
    }


if __name__ == "__main__":
    task, name, file = sys.argv[1:]
    print(json.dumps({"difference": difference, "california": california}[task](name, file)))
