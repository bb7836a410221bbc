"""What the survey's instruments promise, drawn again from fixed seeds.

How many planted items of a pilot are found, how often intervals of shares of comments hold the
truth, how often planned samples keep their margin, and how often two versions of a questionnaire
that are alike are said to differ.

    python -m benchmarks.survey [part ...]      all parts, or pilot, shares, samples, versions

Writes benchmarks/survey.md from benchmarks/survey.json, which keeps what was measured before.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pilots import pilot_answers
from workbench.satisfaction import coded_share
from workbench.satisfaction.instrument.sampling import plan_sample, sample_for_margin
from workbench.satisfaction.instrument.screening import compare_versions, screen_items
from workbench.study.instrument import Sampling

HERE = Path(__file__).parent
KEPT, PAGE = HERE / "survey.json", HERE / "survey.md"
SEED = 20261130
#: What thirty answers may name.
SMALL = ("turned", "at the end", "unanswered")
#: Sensitivity and specificity of the rules that guess the tone of comments.
RULES = {"weak": (0.7, 0.9), "good": (0.9, 0.97), "knows nothing": None}


def judged(n: int, draws: int) -> tuple[float, dict[str, float], set[str]]:
    """Share of the pilots in which five of six are found and one at most is false; kinds found."""
    good, right, named = 0, dict.fromkeys(SMALL, 0), set()
    for draw in range(draws):
        answers, planted = pilot_answers(np.random.default_rng([SEED, n, draw]), n)
        found = screen_items(answers).problems
        hits = len(found.keys() & planted.keys())
        good += hits >= 5 and len(found) - hits <= 1
        named |= set(found.values())
        for item, kind in planted.items():
            if kind in right:
                right[kind] += found.get(item) == kind
    return good / draws, {kind: count / draws for kind, count in right.items()}, named


def coverage(n: int, base: float, rule: str, draws: int, seed: int) -> tuple[float, float, float]:
    """Share of intervals with the truth, their width against the coded alone, mean error."""
    rng, held, width, alone, error = np.random.default_rng(seed), 0, 0.0, 0.0, 0.0
    for _ in range(draws):
        tone, predicted, true = sampled(n, base, RULES[rule], rng)
        found = coded_share(tone, predicted)
        plain = coded_share(tone, np.full(tone.size, np.nan))
        held += found.low <= true <= found.high
        width += found.high - found.low
        alone += plain.high - plain.low
        error += (found.value - true) / draws
    return held / draws, width / alone, error


def sampled(
    n: int,
    base: float,
    rule: tuple[float, float] | None,
    rng: np.random.Generator,
    total: int = 3000,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Draw the comments that people code, what a rule guesses of all, and the true share."""
    truth = (np.arange(total) < round(base * total)).astype(float)
    say = np.full(total, 0.5) if rule is None else np.where(truth == 1, rule[0], 1 - rule[1])
    tone = np.full(total, np.nan)
    chosen = rng.permutation(total)[:n]
    tone[chosen] = truth[chosen]
    return tone, (rng.random(total) < say).astype(float), float(truth.mean())


def _pilot() -> Iterator[list[object]]:
    for n in (30, 50, 100, 200):
        share, right, named = judged(n, 200)
        few = ", ".join(f"{kind} {value:.3f}" for kind, value in right.items())
        promised = {30: "each of three .95, no other named", 100: ".90", 200: ".97"}.get(n, "none")
        others = sorted(named - set(SMALL))
        yield [n, 200, f"{share:.3f}", few, ", ".join(others) or "none", promised]


def _shares() -> Iterator[list[object]]:
    for n in (150, 600, 2500):
        for base in (0.05, 0.15, 0.5):
            for rule in RULES:
                held, width, error = coverage(n, base, rule, 2000, seed=20251231)
                yield [n, base, rule, 2000, f"{held:.4f}", f"{width:.3f}", f"{error:+.5f}"]


def _samples() -> Iterator[list[object]]:
    rng = np.random.default_rng(SEED)
    for population in (400, 4000, 400_000):
        for share in (0.5, 0.1):
            n = sample_for_margin(0.05, share=share, population=population)
            yes = round(share * population)
            seen = rng.hypergeometric(yes, population - yes, n, size=20_000) / n
            inside = float(np.mean(np.abs(seen - yes / population) <= 0.05 + 1e-9))
            yield [f"{population:,}", share, n, 20_000, f"{inside:.4f}"]
    sizes, truth = {"a": 6000, "b": 600}, {"a": 0.5, "b": 0.6}
    plan = plan_sample(Sampling(margin=0.05, group_margin=0.06), sizes)
    ns = dict(zip(plan.table["group"], plan.table["answers"], strict=True))
    whole = sum(sizes[g] * truth[g] for g in sizes) / 6600
    seen = sum(
        sizes[g] / 6600 / ns[g]
        * rng.hypergeometric(round(sizes[g] * truth[g]), round(sizes[g] * (1 - truth[g])), ns[g],
                             size=20_000)
        for g in sizes
    )  # fmt: skip
    inside = float(np.mean(np.abs(seen - whole) <= plan.margin + 1e-9))
    yield ["6,000 and 600, weighted back", "0.5, 0.6", plan.answers, 20_000, f"{inside:.4f}"]


def _versions() -> Iterator[list[object]]:
    for n in (100, 300):
        false = 0
        for draw in range(200):
            rng = np.random.default_rng([SEED, 7, n, draw])
            whole, _ = pilot_answers(rng, 2 * n, planted=False)
            first = np.arange(2 * n) < n
            found = compare_versions(whole.subset(first), whole.subset(~first))
            false += bool(found.table["differs"].any())
        yield [n, 200, f"{false / 200:.3f}", "at most .05"]


PARTS: dict[str, tuple[str, list[str], Callable[[], Iterator[list[object]]]]] = {
    "pilot": (
        "Pilots of four dimensions of six items (loadings .55 to .80), six of them planted bad",
        ["answers", "draws", "five of six found, one at most false", "found, by kind",
         "other kinds named", "promised"],
        _pilot,
    ),
    "shares": (
        "Shares of positive comments among 3,000, by what people coded and what a rule guesses",
        ["coded", "share", "rule", "draws", "95 % intervals with the truth",
         "width over that of the coded alone", "mean error"],
        _shares,
    ),
    "samples": (
        "Samples planned for a margin of five points, drawn without replacement",
        ["customers", "share", "answers", "draws", "within the margin"],
        _samples,
    ),
    "versions": (
        "Two equal versions of a questionnaire",
        ["answers each", "draws", "any item said to differ", "promised"],
        _versions,
    ),
}  # fmt: skip


def main(parts: list[str]) -> None:
    """Measure, and write the page."""
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in parts or PARTS:
        begun, rows = time.process_time(), []
        for row in PARTS[name][2]():
            rows.append(row)
            print(name, row, flush=True)
        cpu = round(time.process_time() - begun)
        kept[name] = {"date": f"{dt.date.today()}", "cpu": cpu, "rows": rows}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    text = f"# What the survey's instruments promise\n\n{__doc__.partition(chr(10))[2].strip()}\n"
    for name, (title, head, _) in PARTS.items():
        if name in kept:
            about = f"Measured on {kept[name]['date']}, {kept[name]['cpu']} CPU seconds."
            lines = [head, ["---"] * len(head), *kept[name]["rows"]]
            table = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
            text += f"\n## {title}\n\n{about}\n\n{table}\n"
    PAGE.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
