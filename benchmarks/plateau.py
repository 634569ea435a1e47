"""What comes later of the best trial of a search, and of the one on the best plateau.

    python benchmarks/plateau.py [--quick] [--json] [--seeds N] [--trials N] [--kept FOLDER]

Two strategies whose every point is backtested on two spans: the quickstart's on both indices, on a
coarser grid, each half of the days chosen on once and looked at once, and 13 windows of a
walk-forward by LEAN. Rules choose from the same trials, so they are compared in pairs. `--kept`
keeps the backtests of the halves. The last line of output is one JSON object.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import product
from math import sqrt
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from attrs import frozen
from common import options, report, said
from landscapes.spans import Pair, halves, windows
from search.methods import METHODS, Part, stage

from leanopt_core.search.commands import Propose, StageRule
from leanopt_core.search.history import ToldHistory
from leanopt_core.search.machine import SearchMachine
from leanopt_core.search.plateau import Neighbourhood, Plateau, objectives
from leanopt_core.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from leanopt_core.space import Point
    from leanopt_core.stage import Told

SYMBOLS: Final = ("ixic", "spx")
#: Searches by methods, all points of the grid, and a random half of them.
SEARCHES: Final = ("random", "climb", "ga", "grid", "half")
TRIALS, SEEDS, QUICK_SEEDS = 800, 20, 3
#: Of the 32 points of a window: all, and random ones.
COUNTS: Final = (32, 16, 8)
DRAWS, QUICK_DRAWS = 200, 5
LOOKAHEAD: Final = 16
#: How many of the best trials have all their neighbours backtested.
PROBED: Final = 10


def best(_pair: Pair, told: ToldHistory) -> Told:
    """Return the best trial."""
    return told.best(1)[0]


def plateau(radius: int, statistic: str, pair: Pair, told: ToldHistory) -> Told:
    """Return the trial that `[choose] use = "plateau"` chooses."""
    return Plateau(pair.train.space, radius, statistic)(told)[0]


def probed(pair: Pair, told: ToldHistory) -> Told:
    """Return the trial with the best plateau of the ten best, with all their neighbours."""
    rule = Plateau(pair.train.space)
    known = objectives(told)
    first = [one for one in told.best(PROBED) if one.feasible]
    for point in {near for one in first for near in rule.neighbours(one.point)}:
        score = pair.train.score(point)
        known[point] = score.objective if score.feasible else None
    around: list[Neighbourhood] = [rule.around(one, known) for one in first]
    return min(around, key=lambda one: one.rank_key).told


Rule: TypeAlias = "Callable[[Pair, ToldHistory], Told]"
RULES: Final[Mapping[str, Rule]] = {
    "best": best,
    "median": partial(plateau, 1, "median"),
    "worst": partial(plateau, 1, "worst"),
    "median2": partial(plateau, 2, "median"),
    "probed": probed,
}


@frozen
class Chosen:
    """What a rule chose: the point, what it gave out of sample, and how many points gave less."""

    point: Point
    value: float
    share: float


def chosen(pair: Pair, told: ToldHistory) -> dict[str, Chosen]:
    """Return what each rule chooses of the same trials."""
    found = {}
    for name, rule in RULES.items():
        point = rule(pair, told).point
        value = float(pair.test[pair.train.space.grid_index(point)])
        found[name] = Chosen(point, value, pair.share_below(value))
    return found


def told_of(pair: Pair, points: Iterable[Point]) -> ToldHistory:
    """Return the history of a search that was told these points."""
    history, space = ToldHistory(pair.train.space), pair.train.space
    for number, point in enumerate(points, 1):
        trial = Trial(number, "one", point, "", pair.train.score(point))
        history.add(trial, space.grid_index(point))
    return history


def search(pair: Pair, method: str, seed: int, trials: int) -> ToldHistory:
    """Drive a search to its end."""
    used = sum(part.trials or 0 for part in METHODS[method].parts[:-1])
    parts = METHODS[method].parts
    rules = [_rule(part, part.trials or trials - used) for part in parts]
    machine = SearchMachine(pair.train.space, rules, seed=seed, lookahead=LOOKAHEAD)
    while not machine.ended:
        for command in machine.advance():
            if isinstance(command, Propose):
                machine.finished(command.number, pair.train.score(command.proposal.point))
    return machine.history


def _rule(part: Part, trials: int) -> StageRule:
    registered = stage(part.use)
    build = partial(registered.load(), registered.spec.options(**part.options))
    return StageRule(part.use, part.use, build, trials=trials, seed_from=part.seed_from)


@cache
def index_pairs(folder: Path, symbol: str) -> tuple[Pair, Pair]:
    """Return the pairs of an index, read once a process."""
    return halves(symbol, folder)


def searched(folder: Path, trials: int, job: tuple[str, int, str, int]) -> dict[str, Chosen] | None:
    """Return what each rule chooses of a search; None if it has no feasible trial."""
    symbol, half, method, seed = job
    pair = index_pairs(folder, symbol)[half]
    space = pair.train.space
    if method in ("grid", "half"):
        points = list(filter(space.feasible, map(space.point_at, range(space.grid_size))))
        order = np.random.default_rng(seed).permutation(len(points))
        count = len(points) if method == "grid" else len(points) // 2
        told = told_of(pair, (points[one] for one in order[:count]))
    else:
        told = search(pair, method, seed, trials)
    return chosen(pair, told) if told.best(1)[0].feasible else None


def drawn(pair: Pair, count: int, draws: int) -> list[dict[str, Chosen]]:
    """Return what each rule chooses of random points of a window; of all points once."""
    space, random = pair.train.space, np.random.default_rng(17)
    whole = count == space.grid_size
    found = []
    for _ in range(1 if whole else draws):
        order = range(count) if whole else random.permutation(space.grid_size)[:count]
        found.append(chosen(pair, told_of(pair, (space.point_at(int(one)) for one in order))))
    return found


def compared(groups: Sequence[Sequence[Mapping[str, Chosen]]], name: str) -> dict[str, float]:
    """Return what a rule gave, and the difference to the best trial of the same search.

    A group has searches on the same landscape: they share their luck, so the error of the mean is
    that over the groups. `differs` is how often the rule chose another trial, `better` how often
    that gave more.
    """
    gains = [fmean(one[name].value - one["best"].value for one in group) for group in groups]
    shares = [fmean(one[name].share for one in group) for group in groups]
    every = [one for group in groups for one in group]
    others = [one for one in every if one[name].point != one["best"].point]
    better = [one[name].value > one["best"].value for one in others]
    figures = {
        "value": fmean(fmean(one[name].value for one in group) for group in groups),
        "share": fmean(shares),
    }
    if name == "best":
        return figures
    return figures | {
        "gain": fmean(gains),
        "gain_error": stdev(gains) / sqrt(len(gains)),
        "gaining_groups": float(sum(gain > 0 for gain in gains)),
        "differs": len(others) / len(every),
        "better": fmean(better) if better else float("nan"),
    }


def of_windows(draws: int) -> dict[str, float]:
    """Return the figures of LEAN's windows."""
    figures = {}
    for count in COUNTS:
        groups = [drawn(pair, count, draws) for pair in windows()]
        for name in RULES:
            found = compared(groups, name)
            figures |= {f"lean_{count}_{name}_{key}": one for key, one in found.items()}
    return figures


def of_indices(
    folder: Path, methods: Sequence[str], *, seeds: int, trials: int
) -> dict[str, float]:
    """Return the figures of the quickstart's indices."""
    figures = {}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        said("enumerate the halves")
        list(pool.map(partial(halves, folder=folder), SYMBOLS))
        for method in methods:
            said(method)
            count = 1 if method == "grid" else seeds
            pairs = list(product(SYMBOLS, (0, 1)))
            jobs = [(*pair, method, seed) for pair in pairs for seed in range(count)]
            found = list(pool.map(partial(searched, folder, trials), jobs, chunksize=5))
            groups = [found[at : at + count] for at in range(0, len(found), count)]
            feasible = [[one for one in group if one is not None] for group in groups]
            for name in RULES:
                told = compared(feasible, name)
                figures |= {f"{method}_{name}_{key}": one for key, one in told.items()}
    return figures


def main() -> None:
    """Compare the rules on both strategies and print the figures."""
    parser = options(__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, help=f"{SEEDS} unless given")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--methods", default=",".join(SEARCHES), help="with commas")
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help="folder of enumerated halves")
    given = parser.parse_args()
    figures = of_windows(QUICK_DRAWS if given.quick else DRAWS)
    seeds = given.seeds or (QUICK_SEEDS if given.quick else SEEDS)
    with TemporaryDirectory(prefix="leanopt-bench-") as temporary:
        folder = given.kept or Path(temporary)
        figures |= of_indices(folder, given.methods.split(","), seeds=seeds, trials=given.trials)
    known = {key: None if np.isnan(value) else value for key, value in figures.items()}
    report("plateau", known, as_json=given.json)


if __name__ == "__main__":
    main()
