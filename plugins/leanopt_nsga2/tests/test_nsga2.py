"""NSGA-II in searches: selection by all pairs, known fronts, and Optuna's NSGA-II as a peer."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_nsga2 import Nsga2Options
from leanopt_nsga2._impl import create
from leanopt_nsga2._selection import Individual, fitness_type, select

from leanopt_core.pareto import pareto_front
from leanopt_core.search.commands import StageRule
from leanopt_core.space import Axis, Point, Space
from leanopt_core.testing import drive
from leanopt_core.trial import Score

PARAMETERS, LEVELS = 6, 21
SPACE = Space(tuple(Axis.integers(f"x{at}", 0, LEVELS - 1, 1) for at in range(PARAMETERS)))


def zdt(point: Point, power: float) -> tuple[float, float]:
    """Return both values of ZDT1 (power 0.5) or ZDT2 (power 2), which are minimized."""
    first, *others = (level / (LEVELS - 1) for level in point)
    g = 1 + 9 * sum(others) / len(others)
    return first, g * (1 - (first / g) ** power)


def hypervolume(values: list[tuple[float, float]]) -> float:
    """Return the area between two minimized values and the reference (1.1, 11)."""
    area, lowest = 0.0, 11.0
    for one, other in sorted(set(values)):
        if other < lowest:
            area, lowest = area + (1.1 - one) * (lowest - other), other
    return area


def searched(power: float, seed: int, trials: int, **options: float) -> list[Point]:
    """Return the points of a search for the front of ZDT."""

    def judge(point: Point) -> Score:
        one, other = zdt(point, power)
        return Score(-one, -one, objectives=(-one, -other))

    build = partial(create, Nsga2Options(**options))  # type: ignore[arg-type]  # its own types
    rule = StageRule("nsga2", "stage nsga2", build, trials)
    return drive(SPACE, [rule], judge, seed=seed).points


@pytest.mark.alike(1)
@pytest.mark.parametrize("power", [0.5, 2.0])
def test_finds_known_fronts_far_better_than_chance(power: float) -> None:
    """With 400 trials of 85 million points, on each of three seeds."""
    known = hypervolume([zdt((at, 0, 0, 0, 0, 0), power) for at in range(LEVELS)])
    for seed in range(3):
        found = hypervolume([zdt(one, power) for one in searched(power, seed, 400)])
        draw = Random(seed)
        points = [tuple(draw.randrange(LEVELS) for _ in range(PARAMETERS)) for _ in range(400)]
        chance = hypervolume([zdt(one, power) for one in points])
        assert known - found < 0.6 * (known - chance)


@pytest.mark.long
@pytest.mark.parametrize("power", [0.5, 2.0])
def test_as_good_as_optunas(power: float) -> None:
    """In the median of five seeds, though 16 trials are proposed ahead of results."""
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def theirs(seed: int) -> float:
        sampler = optuna.samplers.NSGAIISampler(seed=seed)
        study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
        names = [axis.name for axis in SPACE.axes]
        study.optimize(
            lambda trial: zdt(
                tuple(trial.suggest_int(name, 0, LEVELS - 1) for name in names), power
            ),
            n_trials=600,
        )
        return hypervolume([(one.values[0], one.values[1]) for one in study.trials])

    ours = [
        hypervolume([zdt(one, power) for one in searched(power, seed, 600)]) for seed in range(5)
    ]
    assert median(ours) > median(map(theirs, range(5))) - 0.05


@given(
    st.lists(st.tuples(st.sampled_from("ffvn"), st.integers(0, 4), st.integers(0, 4)), max_size=16),
    st.integers(1, 20),
)
def test_selection_takes_front_after_front(some: list[tuple[str, int, int]], count: int) -> None:
    """Feasible ones by front, then by violation, then those that failed."""
    individuals = [
        Individual(
            number,
            (a, b),
            None if kind == "n" else float(a + 1) * (kind == "v"),
            fitness_type(2)((float(a), float(b))) if kind == "f" else None,
        )
        for number, (kind, a, b) in enumerate(some, 1)
    ]
    ranks: dict[int, tuple[int, float]] = {}
    left = [one for one in individuals if one.fitness is not None]
    place = 0
    while left:
        front = {left[at].number for at in pareto_front([one.fitness.values for one in left])}
        ranks |= dict.fromkeys(front, (0, float(place)))
        left, place = [one for one in left if one.number not in front], place + 1
    for one in individuals:
        if one.fitness is None:
            ranks[one.number] = (2, 0.0) if one.violation is None else (1, one.violation)
    chosen = [one.number for one in select(individuals, count).members]
    assert len(chosen) == len(set(chosen)) == min(count, len(individuals))
    found = [ranks[number] for number in chosen]
    assert found == sorted(ranks.values())[: len(chosen)]


def test_a_front_keeps_its_ends() -> None:
    """Of one front too large for the population, the best by each objective stay."""
    line = [
        Individual(at, (at,), 0.0, fitness_type(2)((float(at), float(-at)))) for at in range(1, 30)
    ]
    kept = [one.number for one in select(line, 5).members]
    assert {1, 29} <= set(kept)


def test_one_objective_is_climbed_too() -> None:
    """A front of one objective is its best trial."""
    rule = StageRule("nsga2", "stage nsga2", partial(create, Nsga2Options(population_size=20)), 400)
    found = drive(SPACE, [rule], lambda point: Score(-float(sum(point)), -float(sum(point))))
    first, last = found.points[:50], found.points[-50:]
    assert median(map(sum, last)) < median(map(sum, first)) / 2


def test_it_is_listed_without_deap() -> None:
    """Options and registration load nothing heavy."""
    code = "import sys, leanopt_nsga2; print('deap' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
