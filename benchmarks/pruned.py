"""What `[prune] use = "bound"` saves, and what methods that learn lose by it.

    python benchmarks/pruned.py [--quick] [--json] [--methods NAMES] [--seeds N] [--trials N]

Each landscape is judged by twelve scenarios, whose best points are a little apart; the worst one
counts. A search is driven with and without the bound; no backtest really runs. The last line of
output is one JSON object.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import product
from multiprocessing import get_context
from statistics import fmean
from typing import TYPE_CHECKING, Final

import numpy as np
from attrs import evolve, frozen
from common import options, report, said
from landscapes import landscape
from search.methods import METHODS, Part, stage

from leanopt_core.search.commands import Promote, Propose, StageRule, Tell
from leanopt_core.search.machine import SearchMachine
from leanopt_core.search.prune import Bound
from leanopt_core.trial import Score

if TYPE_CHECKING:
    from landscapes._landscape import Floats

    from leanopt_core.space import Point, Space

LANDSCAPES: Final = ("smooth", "rugged")
SCENARIOS: Final = 12
#: How far the best point of a scenario is moved at most, as a share of an axis.
APART: Final = 0.12
LOOKAHEAD: Final = 16
#: A method that the benchmark of searches has within others only.
LHS: Final = (Part("lhs"),)
NAMES: Final = ("random", "lhs", "ga", "climb", "tpe", "default")
TRIALS, SEEDS, QUICK_SEEDS = 300, 10, 3


@frozen(eq=False)
class Scenarios:
    """The values of every point under each scenario; `best` is the best of their worst."""

    space: Space
    values: tuple[Floats, ...]
    best: float

    def score(self, point: Point, count: int) -> Score:
        """Return the score of the first so many scenarios."""
        index = self.space.grid_index(point)
        worst = min(float(one[index]) for one in self.values[:count])
        return Score(worst, worst)


@cache
def scenarios(name: str) -> Scenarios:
    """Return the scenarios of a landscape, made once a process."""
    found = landscape(name)
    lengths = [len(axis) for axis in found.space.axes]
    whole = found.objective.reshape(lengths)
    random = np.random.default_rng(17)
    values = []
    for _ in range(SCENARIOS):
        moves = [round(length * random.uniform(-APART, APART)) for length in lengths]
        moved = [
            np.clip(np.arange(length) + move, 0, length - 1)
            for length, move in zip(lengths, moves, strict=True)
        ]
        values.append(whole[np.ix_(*moved)].reshape(-1) + random.normal(0, 0.2))
    return Scenarios(found.space, tuple(values), float(np.minimum.reduce(values).max()))


@frozen
class Trace:
    """Regret after each told trial, the number of backtests up to it, and the best point."""

    regrets: tuple[float, ...]
    backtests: tuple[int, ...]
    best: Point

    def after(self, backtests: int) -> float:
        """Return the regret when so many backtests had been made."""
        return [
            one
            for one, count in zip(self.regrets, self.backtests, strict=True)
            if count <= backtests
        ][-1]


def search(name: str, method: str, seed: int, trials: int, *, bound: bool) -> Trace:
    """Drive a search to its end."""
    judged = scenarios(name)
    machine = SearchMachine(
        judged.space,
        [_rule(part) for part in _parts(method, trials)],
        seed=seed,
        lookahead=LOOKAHEAD,
        rungs=SCENARIOS,
        prune=Bound(each=True, worst=True) if bound else None,
    )
    points: dict[int, Point] = {}
    made = 0
    best = -np.inf
    regrets, backtests = [], []
    while not machine.ended:
        for command in machine.advance():
            match command:
                case Propose(number):
                    points[number] = command.proposal.point
                    machine.finished(number, judged.score(points[number], 1))
                    made += 1
                case Promote(number, rung):
                    machine.finished(number, judged.score(points[number], rung + 1))
                    made += 1
                case Tell(_, trial):
                    if trial.complete:
                        best = max(best, trial.score.objective or -np.inf)
                    regrets.append(judged.best - best)
                    backtests.append(made)
    return Trace(tuple(regrets), tuple(backtests), machine.history.best(1)[0].point)


def _parts(method: str, trials: int) -> list[Part]:
    """Return the stages of a method; the last one has the rest of the trials."""
    *first, last = LHS if method == "lhs" else METHODS[method].parts
    used = sum(part.trials or 0 for part in first)
    return [*first, evolve(last, trials=trials - used)]


def _rule(part: Part) -> StageRule:
    registered = stage(part.use)
    build = partial(registered.load(), registered.spec.options(**part.options))
    return StageRule(part.use, part.use, build, trials=part.trials, seed_from=part.seed_from)


def both(job: tuple[str, str, int], trials: int) -> tuple[Trace, Trace]:
    """Return a search without the bound, and with it."""
    return search(*job, trials, bound=False), search(*job, trials, bound=True)


def main() -> None:
    """Run every method on every landscape and print the means over the seeds."""
    parser = options(__doc__.partition("\n")[0])
    parser.add_argument("--methods", help=f"with commas; {', '.join(NAMES)} unless given")
    parser.add_argument("--seeds", type=int, help=f"{SEEDS} unless given")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    methods = given.methods.split(",") if given.methods else NAMES
    seeds = given.seeds or (QUICK_SEEDS if given.quick else SEEDS)
    figures: dict[str, float | None] = {}
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        for name, method in product(LANDSCAPES, methods):
            said(f"{method} on {name}")
            jobs = [(name, method, seed) for seed in range(seeds)]
            traces = list(pool.map(partial(both, trials=given.trials), jobs))
            figures |= {f"{method}_{name}_{key}": one for key, one in _figures(traces).items()}
    report("pruned", figures, as_json=given.json)


def _figures(traces: list[tuple[Trace, Trace]]) -> dict[str, float]:
    """Return the share of backtests that the bound needs, how often it found the same, and regrets.

    `regret_alike` is that without the bound after as many backtests as with it.
    """
    return {
        "share": fmean(bound.backtests[-1] / whole.backtests[-1] for whole, bound in traces),
        "same_best": fmean(bound.best == whole.best for whole, bound in traces),
        "regret": fmean(whole.regrets[-1] for whole, _ in traces),
        "regret_bound": fmean(bound.regrets[-1] for _, bound in traces),
        "regret_alike": fmean(whole.after(bound.backtests[-1]) for whole, bound in traces),
    }


if __name__ == "__main__":
    main()
