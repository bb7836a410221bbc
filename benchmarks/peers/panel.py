"""Estimate one panel task with one package, in that package's environment; cost as JSON."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd
import peak


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
    frame = pd.read_csv(path)
    frame["year"] = frame["year"].astype(int)
    late = range(1980, 1989)
    special = [("cigsale", [year], "mean") for year in (1975, 1980, 1988)]

    def workbench() -> tuple[float, float]:
        from workbench.impact import predictor_means, read_panel
        from workbench.impact.nested import fit_mixture

        x = predictor_means(
            frame,
            {
                "lnincome": late,
                "retprice": late,
                "age15to24": late,
                "beer": range(1984, 1989),
                **{f"cigsale@{years[0]}": years for _, years, _ in special},
            },
            unit="state",
            period="year",
        )
        panel = read_panel(
            frame,
            {"California": True},
            start="1989-01-01",
            unit="state",
            period="year",
            outcome="cigsale",
        )
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

        others = sorted(set(frame["state"]) - {"California"})
        prepared = Dataprep(
            foo=frame,
            predictors=["lnincome", "retprice", "age15to24"],
            predictors_op="mean",
            time_predictors_prior=late,
            special_predictors=[*special, ("beer", range(1984, 1989), "mean")],
            dependent="cigsale",
            unit_variable="state",
            time_variable="year",
            treatment_identifier="California",
            controls_identifier=others,
            time_optimize_ssr=range(1970, 1989),
        )
        synth = Synth()
        synth.fit(prepared, optim_method="Nelder-Mead", optim_initial="equal")
        wide = frame.pivot_table(index="year", columns="state", values="cigsale")
        gap = wide["California"] - wide[others] @ np.asarray(synth.W)
        after = gap.index >= 1989
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
