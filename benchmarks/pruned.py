"""What `[prune]` saves, and what is lost by it.

    python benchmarks/pruned.py [--quick] [--json] [--use RULE] [--methods NAMES] [--seeds N]
        [--trials N]

Each landscape is judged by twelve scenarios, whose best points are a little apart; with the bound
the worst one counts, with halving their mean. With spans they are years, whose sum counts: a trial
is judged by the last year, the last four, then all, and each step runs all of its years. Backtests
are then counted in years. A search is driven with and without pruning; no backtest really runs. The
last line of output is one JSON object.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import product
from math import fsum
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
from leanopt_core.search.prune import Bound, Halving, Prune
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
#: How many scenarios judge a trial at each rung, by the rule.
RUNGS: Final = {
    "bound": tuple(range(1, SCENARIOS + 1)),
    "halving": (1, 4, SCENARIOS),
    "spans": (1, 4, SCENARIOS),
}
JOINED: Final = {"bound": min, "halving": fmean, "spans": fsum}
REDUCTION: Final = 3
TRIALS, SEEDS, QUICK_SEEDS = 300, 10, 3


@frozen(eq=False)
class Scenarios:
    """The values of every point under each scenario; `best` is the best of how they are joined."""

    space: Space
    values: tuple[Floats, ...]
    best: float
    use: str

    def score(self, point: Point, count: int) -> Score:
        """Return the score of the first so many scenarios."""
        index = self.space.grid_index(point)
        values = [float(one[index]) for one in self.values[:count]]
        value = JOINED[self.use](values)
        return Score(value, value)

    def regret(self, value: float) -> float:
        """Return how far the best is from a value; of a sum, its share of one year."""
        return (self.best - value) / (SCENARIOS if self.use == "spans" else 1)


@cache
def scenarios(name: str, use: str) -> Scenarios:
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
    joined = {"bound": np.min, "halving": np.mean, "spans": np.sum}[use](values, axis=0)
    return Scenarios(found.space, tuple(values), float(joined.max()), use)


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


def search(name: str, method: str, seed: int, trials: int, *, use: str, pruned: bool) -> Trace:
    """Drive a search to its end."""
    judged, rungs = scenarios(name, use), RUNGS[use] if pruned else (SCENARIOS,)
    machine = SearchMachine(
        judged.space,
        [_rule(part) for part in _parts(method, trials)],
        seed=seed,
        lookahead=LOOKAHEAD,
        rungs=len(rungs),
        prune=_prune(use) if pruned else None,
        same_scale=use != "spans",
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
                    machine.finished(number, judged.score(points[number], rungs[0]))
                    made += rungs[0]
                case Promote(number, rung):
                    machine.finished(number, judged.score(points[number], rungs[rung]))
                    made += rungs[rung] - (0 if use == "spans" else rungs[rung - 1])
                case Tell(_, trial):
                    if trial.complete:
                        best = max(best, trial.score.objective or -np.inf)
                    regrets.append(judged.regret(best))
                    backtests.append(made)
    return Trace(tuple(regrets), tuple(backtests), machine.history.best(1)[0].point)


def _prune(use: str) -> Prune:
    """Return the rule of this name."""
    halving = Halving(len(RUNGS[use]), REDUCTION)
    return Bound(each=True, worst=True) if use == "bound" else halving


def _parts(method: str, trials: int) -> list[Part]:
    """Return the stages of a method; the last one has the rest of the trials."""
    *first, last = LHS if method == "lhs" else METHODS[method].parts
    used = sum(part.trials or 0 for part in first)
    return [*first, evolve(last, trials=trials - used)]


def _rule(part: Part) -> StageRule:
    registered = stage(part.use)
    build = partial(registered.load(), registered.spec.options(**part.options))
    return StageRule(part.use, part.use, build, trials=part.trials, seed_from=part.seed_from)


def both(job: tuple[str, str, int], trials: int, use: str) -> tuple[Trace, Trace]:
    """Return a search without pruning, and with it."""
    whole, pruned = (search(*job, trials, use=use, pruned=pruned) for pruned in (False, True))
    return whole, pruned


def main() -> None:
    """Run every method on every landscape and print the means over the seeds."""
    parser = options(__doc__.partition("\n")[0])
    parser.add_argument("--methods", help=f"with commas; {', '.join(NAMES)} unless given")
    parser.add_argument("--use", choices=RUNGS, default="bound")
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
            traces = list(pool.map(partial(both, trials=given.trials, use=given.use), jobs))
            figures |= {f"{method}_{name}_{key}": one for key, one in _figures(traces).items()}
    report("pruned", figures, as_json=given.json)


def _figures(traces: list[tuple[Trace, Trace]]) -> dict[str, float]:
    """Return the share of backtests with pruning, how often it found the same, and regrets.

    `regret_alike` is that without pruning after as many backtests as with it.
    """
    return {
        "share": fmean(pruned.backtests[-1] / whole.backtests[-1] for whole, pruned in traces),
        "same_best": fmean(pruned.best == whole.best for whole, pruned in traces),
        "regret": fmean(whole.regrets[-1] for whole, _ in traces),
        "regret_pruned": fmean(pruned.regrets[-1] for _, pruned in traces),
        "regret_alike": fmean(whole.after(pruned.backtests[-1]) for whole, pruned in traces),
    }


if __name__ == "__main__":
    main()
