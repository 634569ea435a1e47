"""Its parts: operators that know the axes, Deb's rules, worst replacement."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_ga_deap import GeneticOptions
from leanopt_ga_deap._breeding import make_toolbox
from leanopt_ga_deap._population import Individual, Judge, Population, standing

from leanopt_core.pruned import ComparableObjectives
from leanopt_core.search.history import ToldHistory
from leanopt_core.space import Axis, Space
from leanopt_core.trial import Score, Trial

AXES = (
    Axis.integers("wide", 0, 99, 1),
    Axis.integers("short", 0, 1, 1),
    Axis.integers("fixed", 5, 5, 1),
    Axis.choices("exit", ["close", "trail", "time", "never"]),
)

scores = st.builds(
    Score,
    objective=st.none() | st.integers(-3, 3).map(float),
    violation=st.sampled_from([0.0, 0.0, 0.5, 2.0]),
)


def individuals(found: list[Score]) -> list[Individual]:
    """Return individuals with these scores, numbered from 1."""
    return [
        Individual(standing(score.objective, score.violation), number, (number,))
        for number, score in enumerate(found, 1)
    ]


@settings(deadline=None)
@given(st.lists(scores, min_size=1, max_size=30))
def test_ranks_as_the_core_does(found: list[Score]) -> None:
    """Deb's rules: the order of DEAP's comparisons is that of the told history."""
    wide = Space((Axis.integers("a", 0, 99, 1),), {}, ())
    history = ToldHistory(wide)
    for number, score in enumerate(found, 1):
        history.add(Trial(number, "s", (number,), "", score), number)
    ours = sorted(individuals(found), key=lambda one: one.fitness, reverse=True)
    assert [one.number for one in ours] == [told.number for told in history.best(len(found))]


@settings(deadline=None)
@given(st.lists(st.tuples(scores, st.booleans()), min_size=1, max_size=30), st.booleans())
def test_a_pruned_trial_is_never_the_best(
    found: list[tuple[Score, bool]], same_scale: bool
) -> None:
    """Complete ones keep their order; a pruned one that looks better is below the best."""
    judge = Judge(ComparableObjectives(same_scale))
    given = [evolve(score, pruned_at=None if whole else 1) for score, whole in found]
    ours = [(judge.fitness(score).wvalues, score) for score in given]
    whole = [score for score in given if score.complete and score.feasible]
    assert all(
        value == standing(score.objective, score.violation).wvalues
        for value, score in ours
        if score.complete or not score.feasible
    )
    if whole:
        best = max(value for value, _ in ours)
        assert best == (2.0, max(score.objective or 0.0 for score in whole))
        assert all(score.complete for value, score in ours if value == best)


@settings(deadline=None)
@given(st.lists(scores, min_size=1, max_size=40), st.integers(1, 9), st.integers(1, 9))
def test_only_the_worst_gives_way(found: list[Score], size: int, narrow: int) -> None:
    """Always the best of all offered are alive, an older one rather than one as good."""
    population = Population(size)
    offered: list[Individual] = []
    for child in individuals(found):
        entered = population.offer(child)
        offered.append(child)
        best = sorted((one.fitness.wvalues for one in offered), reverse=True)[:size]
        assert sorted((o.fitness.wvalues for o in population.members), reverse=True) == best
        assert entered == (child in population.members)
    before = sorted(population.members)
    population.narrow(min(narrow, size))
    assert sorted(population.members) == before[-min(narrow, size) :]
    population.keep_best()
    assert population.members == [before[-1]]


def test_spread_counts_steps() -> None:
    """Worked out on paper: one of two is 4 + 1 + 0 + 1 steps from the best, on four axes."""
    population = Population(5)
    population.offer(Individual(standing(1.0, 0), 1, (10, 0, 0, 0)))
    assert population.spread(AXES) == 0
    population.offer(Individual(standing(0.0, 0), 2, (14, 1, 0, 3)))
    assert population.spread(AXES) == 6 / 2 / 4


def test_tournament_prefers_the_best() -> None:
    """Of n the best wins a tournament of 3 with probability 3 / n; of all it always does."""
    alive = individuals([Score(objective=float(number)) for number in range(10)])
    tools = make_toolbox(GeneticOptions(), AXES)
    random = Random(1)
    won = Counter(tools.select(alive, random).point for _ in range(3000))
    assert 0.25 < won[(10,)] / 3000 < 0.35
    assert won[(1,)] == won[(2,)] == 0
    every = make_toolbox(GeneticOptions(tournament_size=50), AXES)
    assert every.select(alive, random).point == (10,)


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_crossover_takes_each_level_from_a_parent(seed: int) -> None:
    """Never a level that neither has; without crossover the first parent itself."""
    one, two = (3, 0, 0, 1), (90, 1, 0, 2)
    child = make_toolbox(GeneticOptions(crossover_prob=1), AXES).mate(one, two, Random(seed))
    assert all(level in pair for level, pair in zip(child, zip(one, two, strict=True), strict=True))
    assert make_toolbox(GeneticOptions(crossover_prob=0), AXES).mate(one, two, Random(seed)) is one


def test_crossover_mixes_evenly() -> None:
    """Each of the eight ways to mix three levels comes about equally often."""
    tools, random = make_toolbox(GeneticOptions(crossover_prob=1), AXES), Random(2)
    mixed = Counter(tools.mate((3, 0, 0, 1), (90, 1, 0, 2), random) for _ in range(4000))
    assert len(mixed) == 8
    assert all(400 < count < 600 for count in mixed.values())


@pytest.mark.parametrize("rate", [0.0, 0.05, 1.0])
def test_each_parameter_mutates_at_its_rate(rate: float) -> None:
    """A mutation always changes the level; a parameter of one level cannot."""
    tools, random = make_toolbox(GeneticOptions(mutation_prob=rate), AXES), Random(3)
    point = (50, 0, 0, 2)
    changed = Counter(
        place
        for _ in range(4000)
        for place, level in enumerate(tools.mutate(point, random))
        if level != point[place]
    )
    assert changed[2] == 0
    assert all(changed[place] / 4000 == pytest.approx(rate, abs=0.015) for place in (0, 1, 3))


def test_a_step_knows_what_is_near() -> None:
    """Ordered: near levels far more often than far ones, yet any; choices: all alike."""
    tools, random = make_toolbox(GeneticOptions(), AXES), Random(4)
    point = (50, 0, 0, 2)
    found = [tools.step(point, random) for _ in range(30_000)]
    assert all(sum(a != b for a, b in zip(step, point, strict=True)) == 1 for step in found)
    wide = Counter(abs(step[0] - 50) for step in found if step[0] != 50)
    near = sum(count for distance, count in wide.items() if distance <= 4)
    assert near / wide.total() > 0.2  # 8 of 99 levels: drawn evenly it would be 0.08
    assert len(wide) == 50
    exits = Counter(step[3] for step in found if step[3] != 2)
    assert set(exits) == {0, 1, 3}
    assert max(exits.values()) < 1.1 * min(exits.values())


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(0, 10**6))
def test_steps_stay_on_the_grid(size: int, seed: int) -> None:
    """From any level of any axis, at its ends too."""
    axes = (Axis.integers("a", 0, size - 1, 1),)
    tools, random = make_toolbox(GeneticOptions(mutation_prob=1), axes), Random(seed)
    for level in range(size):
        (other,) = tools.mutate((level,), random)
        assert 0 <= other < size
        assert (other != level) == (size > 1)
    assert tools.step((0,), random) == (0,) or size > 1
