"""P(alive) as a map: how often a customer has bought against how long they have been silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.clv.models.purchase import PurchaseResults
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Picture, Result, labelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class AliveMap(Result):
    """P(alive) of customers first seen at one time.

    Attributes
    ----------
    table : DataFrame
        One row a cell: frequency, silence (time since the last purchase), p_alive, low, high.
    age : float
        Time since the first purchase that the map is drawn for.
    unit : str or None
        Unit of time.
    """

    table: pd.DataFrame
    age: float
    unit: str | None

    def estimates(self) -> dict[str, Estimate]:
        """Silence after which a customer of each frequency is as likely gone as not.

        Limits are where those of P(alive) cross one half; NaN beyond the map.
        """
        out = {}
        for frequency, rows in self.table.groupby("frequency"):
            at, low, high = (
                float(rows.loc[rows[c] < 0.5, "silence"].min()) for c in ("p_alive", "low", "high")
            )
            if at == at:
                out[f"even_odds_{frequency}"] = Estimate(at, low, high)
        return out

    def coarse(self) -> pd.DataFrame:
        """Return a few rows and columns of the map, to be read as a table."""
        rows = np.unique(np.geomspace(1, self.table["frequency"].max(), 4).round().astype(int))
        times = np.sort(self.table["silence"].unique())
        columns = times[np.linspace(0, len(times) - 1, 5).round().astype(int)]
        chosen = self.table["frequency"].isin(rows) & self.table["silence"].isin(columns)
        return self.table[chosen].reset_index(drop=True)

    def picture(self) -> Picture:
        """Draw the whole map, with a few of its cells below."""
        return Picture(
            self.plot,
            "How long a pause is a bad sign",
            "P(active), by repeat purchases and time since the last one",
            self.coarse(),
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Tint by P(alive), with lines where it is 20, 50 and 80 percent."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        grid = self.table.pivot_table(index="frequency", columns="silence", values="p_alive")
        x, y = grid.columns.to_numpy(dtype=float), grid.index.to_numpy(dtype=float)
        ax.pcolormesh(x, y, grid.to_numpy(), vmin=0, vmax=1.25, shading="nearest")
        lines = ax.contour(x, y, grid.to_numpy(), levels=[0.2, 0.5, 0.8], colors="0.25")
        ax.clabel(lines, fmt={0.2: "20%", 0.5: "50%", 0.8: "80%"}, fontsize=9)
        quiet = say("Time since the last purchase")
        ax.set_xlabel(f"{quiet} ({say(self.unit + 's')})" if self.unit else quiet)
        ax.set_ylabel(say("Repeat purchases"))
        ax.grid(visible=False)
        return ax


def alive_map(results: PurchaseResults, *, top: int | None = None, steps: int = 40) -> AliveMap:
    """Map P(alive) for a customer first seen as long ago as the customers of the fit on average.

    Parameters
    ----------
    results : PurchaseResults
    top : int, optional
        Highest number of repeat purchases; by default what one in fifty customers exceeds, at
        least 5 and at most 30.
    steps : int
        Columns of the map.
    """
    rows = results.model.rows
    age = float(np.average(rows.T, weights=rows.n))
    if age == 0:
        raise DataError("all customers are new", remedy="observe longer")
    if top is None:
        order = np.argsort(rows.x)
        share = np.cumsum(rows.n[order]) / rows.customers
        top = int(np.clip(rows.x[order][np.searchsorted(share, 0.98)], 5, 30))
    frequency, silence = np.meshgrid(
        np.arange(1, top + 1), np.linspace(0, 0.97 * age, steps), indexing="ij"
    )
    x, quiet = frequency.ravel().astype(float), silence.ravel()
    table = results.p_alive(x, age - quiet, np.full(x.size, age)).table
    table.insert(0, "frequency", x.astype(int))
    table.insert(1, "silence", quiet)
    shown = labelled(
        table.rename(columns={"estimate": "p_alive"}),
        frequency="Repeat purchases",
        silence="Time since the last purchase",
        p_alive=("P(active)", "percent"),
    )
    return AliveMap(shown, age, results.unit)
