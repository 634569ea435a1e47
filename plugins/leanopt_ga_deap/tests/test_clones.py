"""Clones: children that repeat a point count in generations as lean-optimizer counts them."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from math import inf
from random import Random

import pytest
from attrs import asdict, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_ga_deap import GeneticOptions
from leanopt_ga_deap._impl import GeneticSearch, create
from leanopt_ga_deap._population import Individual, Population, standing
from leanopt_ga_deap._progress import CloneProgress

from leanopt_core.pipeline.plan import plain_options
from leanopt_core.search.commands import StageRule
from leanopt_core.space import Axis, Space
from leanopt_core.stage import StageStart
from leanopt_core.testing import drive
from leanopt_core.testing.outcomes import Judge
from leanopt_core.trial import Score

SPACE = Space(tuple(Axis.integers(name, 0, 9, 1) for name in "abcde"), {}, ())
PLAIN = {"population_size": 30, "final_population_size": 30, "restart": False, "batch_size": 5}


def steps(point: tuple[int, ...]) -> Score:
    """Return a hill with one top, in steps above the minimum delta."""
    height = -float(sum(abs(level - 7) for level in point))
    return Score(height, height)


def searched(seed: int = 1, lookahead: int = 1, **options: object) -> list[tuple[int, ...]]:
    """Return the points that a search tries."""
    build = partial(create, GeneticOptions(**PLAIN | options))  # type: ignore[arg-type]
    rules = [StageRule("ga", "ga", build, None)]
    run = drive(SPACE, rules, steps, lookahead=lookahead, seed=seed)
    return [command.proposal.point for command in run.proposed]


@frozen
class Reference:
    """lean-optimizer's early stop on the best after each generation, as its source has it."""

    window: int
    delta: float
    bests: list[float] = field(factory=list)

    def stops(self) -> bool:
        """Return whether it would end now."""
        if self.window <= 0 or len(self.bests) <= self.window:
            return False
        return self.bests[-1] - self.bests[-self.window - 1] < self.delta


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(-1, 12)), max_size=80),
    st.integers(0, 4),
    st.integers(1, 4),
    st.sampled_from([0.0, 1.0, 2.5]),
)
def test_ends_where_lean_optimizer_does(
    children: list[tuple[bool, int]], window: int, batch: int, delta: float
) -> None:
    """Clones and told children fill generations alike; below zero is infeasible there, -inf."""
    options = GeneticOptions(
        population_size=2,
        batch_size=batch,
        early_stopping_generations=window,
        early_stopping_min_delta=delta,
    )
    population = Population(2)
    progress = CloneProgress(options, 2, population)
    reference, best = Reference(window, delta), -float("inf")
    for number, (clone, value) in enumerate([(False, -1), (False, -1), *children]):
        if clone:
            progress.clone()
        else:
            fitness = standing(float(value), 0) if value >= 0 else standing(None, 1)
            population.offer(Individual(fitness, number, (number,)))
            progress.tell(fitness)
            best = max(best, float(value) if value >= 0 else -float("inf"))
        bred = number + 1 - 2
        if bred >= 0 and bred % batch == 0:
            reference.bests.append(best)
        assert (progress.end() is not None) == reference.stops()
        if reference.stops():
            assert progress.end() == f"no gain in {window} generations"
            break


def ragged(seed: int) -> Judge:
    """Return a random landscape, a third of whose points are infeasible."""

    def judge(point: tuple[int, ...]) -> Score:
        draw = Random(f"{seed} {point}")
        if draw.random() < 1 / 3:
            return Score(violation=1.0)
        height = steps(point).objective + draw.uniform(0, 6)
        return Score(height, height)

    return judge


class Watching(GeneticSearch):
    """Notes the best after each trial that was told (true) and after each clone, until it ends."""

    def __init__(
        self, noted: list[tuple[bool, float]], options: GeneticOptions, start: StageStart
    ) -> None:
        super().__init__(options, start)
        self.noted, self.best = noted, -inf

    def tell(self, trial, context) -> None:
        """Note it of a trial."""
        super().tell(trial, context)
        if not trial.score.violation:
            self.best = max(self.best, trial.score.fitness)
        if not self.reason:
            self.noted.append((True, self.best))

    def _enter_again(self, point, history) -> None:
        super()._enter_again(point, history)
        self.noted.append((False, self.best))


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 4]),
    st.sampled_from([0.0, 0.5, 3.0]),
    st.integers(1, 4),
    st.integers(2, 7),
)
def test_searches_end_where_lean_optimizer_does(
    seed: int, lookahead: int, delta: float, window: int, batch: int
) -> None:
    """On random landscapes, at the first ask at which it would stop."""
    options = GeneticOptions(
        **PLAIN | {"population_size": 12, "final_population_size": 12, "batch_size": batch},
        early_stopping_generations=window,
        early_stopping_min_delta=delta,
        clones=True,
        n_generations=60,
    )
    noted: list[tuple[bool, float]] = []
    rules = [StageRule("ga", "ga", partial(Watching, noted, options), None)]
    drive(SPACE, rules, ragged(seed), lookahead=lookahead, seed=seed)
    # The first population is a generation; after it each one is a batch of children. Clones that
    # are bred before all of it is told count with it.
    first = [at for at, (told, _) in enumerate(noted) if told][11]
    early = first - 11
    each = [noted[first][1]] * (1 + early) + [best for _, best in noted[first + 1 :]]
    bests = each[::batch]
    ends = range(1 + early // batch, len(bests) + 1)
    stops = [at for at in ends if Reference(window, delta, bests[:at]).stops()]
    if stops:
        assert stops == [len(bests)]
        assert len(each) == max(1 + early, 1 + (len(bests) - 1) * batch)
    else:
        assert len(bests) <= 60 + 1


@pytest.mark.alike(1)
@pytest.mark.parametrize("lookahead", [1, 16])
def test_clones_cost_no_trials_and_no_point_repeats(lookahead: int) -> None:
    """A converged population breeds clones, so the early stop comes after fewer trials."""
    for seed in range(5):
        cloned = searched(seed, lookahead, clones=True)
        assert len(set(cloned)) == len(cloned)
        assert len(cloned) < len(searched(seed, lookahead))


def test_generations_count_clones() -> None:
    """Without an early stop the search ends after its generations, most of them clones by then."""
    endless = {"early_stopping_generations": 0, "n_generations": 200}
    assert len(searched(**endless)) == 30 + 200 * 5
    assert 30 < len(searched(**endless, clones=True)) < 30 + 200 * 5 / 2


def test_a_space_of_clones_is_left_by_random_points() -> None:
    """Where all that it breeds is known it takes what is left, until nothing is."""
    small = Space(tuple(Axis.integers(name, 0, 2, 1) for name in "ab"), {}, ())
    options = GeneticOptions(
        population_size=3, n_generations=10_000, early_stopping_generations=0, clones=True
    )
    rules = [StageRule("ga", "ga", partial(create, options), None)]
    points = [command.proposal.point for command in drive(small, rules, steps).proposed]
    assert sorted(points) == sorted(small.sample(1))


def test_plans_without_clones_do_not_name_them() -> None:
    """So the plans of before stay the same."""
    assert set(asdict(GeneticOptions())) - set(plain_options(GeneticOptions())) == {"clones"}
    assert plain_options(GeneticOptions(clones=True))["clones"] is True


def test_deaps_own_operators_draw_from_the_global_generator() -> None:
    """Why there are operators of ours, as the README says: the ask's generator cannot be given."""
    program = """
import random
from deap import tools
for operator in (
    lambda: tools.selTournament([1, 2], 1, 2, "real"),
    lambda: tools.cxUniform([1, 2], [3, 4], 0.5),
    lambda: tools.mutUniformInt([1, 2], 0, 9, 0.5),
):
    random.seed(1)
    before = random.getstate()
    operator()
    print(random.getstate() != before)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["True"] * 3
