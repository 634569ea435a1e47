"""Sensitivity: known landscapes, brute force over small spaces, shuffled targets."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations, islice, product

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_evidence import sensitivity
from scipy import stats

from leanopt_core.api import Axis, Point, Space, Told
from leanopt_core.space import ParameterConstraint, number_text


def space_of(*lengths: int, choices: Sequence[int] = ()) -> Space:
    """Return a space of axes a, b, c ...; those at `choices` have no order."""
    axes = [
        Axis.choices(name, [f"v{level}" for level in range(length)])
        if place in choices
        else Axis.integers(name, 0, length - 1)
        for place, (name, length) in enumerate(zip("abcdefgh", lengths, strict=False))
    ]
    return Space(axes, {}, [])


def told(
    space: Space, count: int, value: Callable[[Point], float | None], seed: int = 1
) -> list[Told]:
    """Return random trials with these objectives; None is infeasible, NaN failed."""
    found = []
    for number, point in enumerate(islice(space.sample(seed), count), 1):
        objective = value(point)
        failed = objective is not None and math.isnan(objective)
        found.append(
            Told(
                number, point, None if failed else objective, 0.0 if objective is not None else 2.0
            )
        )
    return found


def total_effects(space: Space, value: Callable[[Point], float]) -> list[float]:
    """Return each axis's total effect on the normal score of the value, over the whole grid.

    It is the mean squared difference of two points that differ in the axis alone, both drawn
    uniformly, over twice the variance [Jansen 1999].
    """
    lengths = [len(axis) for axis in space.axes]
    values = np.array([value(point) for point in product(*map(range, lengths))])
    scores = stats.norm.ppf((stats.rankdata(values) - 0.375) / (len(values) + 0.25))
    grid = scores.reshape(lengths)
    return [float(grid.var(axis=axis).mean() / grid.var()) for axis in range(len(lengths))]


LANDSCAPES: dict[str, Callable[[Point], float]] = {
    "additive": lambda p: 0.8 * p[0] + 0.3 * p[1] ** 2 + 0.01 * p[2],
    "interaction": lambda p: p[0] * p[1] + p[3],
    "peak": lambda p: -abs(p[0] - 4) - 2.0 * (p[4] == 1),
}


@pytest.mark.long
@pytest.mark.parametrize("name", LANDSCAPES)
def test_importance_is_the_total_effect(name: str) -> None:
    """Of landscapes that are known everywhere; parameters without an effect show none."""
    space = space_of(6, 6, 5, 4, 3, choices=[4])
    found = sensitivity(space, told(space, 900, LANDSCAPES[name])).fitness
    shares = {one.parameter: one.share for one in found.parameters}
    expected = dict(zip("abcde", total_effects(space, LANDSCAPES[name]), strict=True))
    assert shares == pytest.approx(expected, abs=0.08)
    beyond = {one.parameter for one in found.parameters if one.beyond_chance}
    assert {name for name, effect in expected.items() if effect > 0.05} <= beyond
    assert not any(expected[name] == 0 for name in beyond)
    assert found.explained > 0.8
    assert [one.share for one in found.parameters] == sorted(shares.values(), reverse=True)


def test_an_effect_that_two_parameters_have_only_together_is_found() -> None:
    """Neither alone changes the mean; the forest finds both, and underestimates them."""
    space = space_of(6, 6, 5)
    found = sensitivity(space, told(space, 180, lambda p: (p[0] - 2.5) * (p[1] - 2.5))).fitness
    assert [one.parameter for one in found.parameters if one.beyond_chance] in (
        ["a", "b"],
        ["b", "a"],
    )


def shown_by_chance(seeds: Sequence[int]) -> int:
    """Return how many searches without any effect show one."""
    space, count = space_of(5, 5, 4, 3, choices=[3]), 0
    for seed in seeds:
        noise = np.random.default_rng(seed)
        trials = told(space, 60, lambda _, noise=noise: float(noise.normal()), seed)
        found = sensitivity(space, trials, seed=seed).fitness
        count += any(one.beyond_chance for one in found.parameters)
    return count


def test_a_shuffled_target_shows_no_importance() -> None:
    """A few searches; the next test counts more."""
    assert shown_by_chance(range(3)) == 0


@pytest.mark.long
def test_of_searches_without_an_effect_one_in_twenty_shows_one() -> None:
    """60 searches of pure noise, within three standard errors."""
    assert shown_by_chance(range(100, 160)) / 60 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)


def test_feasibility_has_its_own_importance() -> None:
    """One parameter decides the fitness, another whether a trial is feasible."""
    space = space_of(8, 8, 8)
    found = sensitivity(space, told(space, 300, lambda p: None if p[1] > 4 else p[0]))
    assert found.fitness.parameters[0].parameter == "a"
    assert [one.parameter for one in found.feasibility.parameters if one.beyond_chance] == ["b"]
    assert found.feasibility.parameters[0].share > 0.9
    assert found.feasibility.trials == 300
    assert found.fitness.trials == found.counts.feasible


CONDITIONAL = Space(
    [
        Axis.choices("mode", ["none", "trail"]),
        Axis.logarithmic("stop", 1, 1000, 7),
        Axis.integers("x", 0, 5),
    ],
    {},
    [],
    {
        "stop": ParameterConstraint.parse(
            "mode == 'trail'", {"mode": Axis.choices("mode", ["none", "trail"])}
        )
    },
)


def test_a_conditional_parameter_counts_where_it_is_active() -> None:
    """Its slice has the active trials only, and it matters among them."""
    trials = told(CONDITIONAL, 48, lambda p: p[1] if p[0] else 2.5)
    found = sensitivity(CONDITIONAL, trials)
    stop = found.slices[1]
    assert stop.inactive == sum(one.point[0] == 0 for one in trials) > 0
    assert [group.median for group in stop.groups] == [0, 1, 2, 3, 4, 5, 6]
    assert [group.low for group in stop.groups] == ["1", "3", "10", "32", "100", "316", "1000"]
    assert found.fitness.parameters[0].parameter == "stop"
    assert not next(one for one in found.fitness.parameters if one.parameter == "x").beyond_chance


small = st.sampled_from([space_of(3, 4, 2, choices=[2]), space_of(5, 3), CONDITIONAL])
objectives = st.sampled_from([None, math.nan, 0.0, 1.0, 1.0, 2.5, -3.0])


@st.composite
def searches(draw) -> tuple[Space, list[Told]]:
    """Draw some trials of a small space."""
    space = draw(small)
    count = draw(st.integers(0, 30))
    values = draw(st.lists(objectives, min_size=count, max_size=count))
    one_after_the_other = iter(values)
    trials = told(space, count, lambda _: next(one_after_the_other), draw(st.integers(0, 9)))
    pruned = draw(st.sets(st.integers(1, 30), max_size=3))
    return space, [
        attrs.evolve(one, pruned_at=0 if one.number in pruned else None) for one in trials
    ]


def naive_median(values: Sequence[float]) -> float | None:
    """Return the median, None without values."""
    return statistics.median(values) if values else None


def is_feasible(trial: Told) -> bool:
    """Return whether a trial has a fitness and no violation."""
    return trial.objective is not None and trial.violation == 0


def is_known(trial: Told) -> bool:
    """Return whether it is known what a trial is worth; a pruned one may be, if it is bad."""
    return trial.complete or not is_feasible(trial)


@settings(deadline=None)
@given(searches())
def test_slices_are_medians_by_value(drawn: tuple[Space, list[Told]]) -> None:
    """Trial by trial."""
    space, trials = drawn
    found = sensitivity(space, trials)
    kept = [one for one in trials if is_known(one)]
    for place, axis in enumerate(space.axes):
        groups = defaultdict(list)
        for one in kept:
            if space.active(one.point)[place]:
                groups[one.point[place]].append(one)
        expected = []
        for level in sorted(groups):
            text = number_text(axis.value(level))
            values = [one.objective for one in groups[level] if is_feasible(one)]
            median, best = naive_median(values), max(values, default=None)
            expected.append((text, text, len(groups[level]), len(values), median, best))
        assert [attrs.astuple(one) for one in found.slices[place].groups] == expected
        active = sum(map(len, groups.values()))
        assert found.slices[place].inactive == len(kept) - active


@settings(deadline=None)
@given(searches())
def test_pairs_are_medians_by_two_values(drawn: tuple[Space, list[Told]]) -> None:
    """Of the trials in which both count."""
    space, trials = drawn
    found = {(one.x, one.y): one for one in sensitivity(space, trials).pairs}
    assert list(found) == list(combinations([axis.name for axis in space.axes], 2))
    for (x, y), pair in found.items():
        places = space.names.index(x), space.names.index(y)
        groups = defaultdict(list)
        for one in trials:
            active = space.active(one.point)
            if is_known(one) and all(active[place] for place in places):
                texts = [number_text(space.axes[at].value(one.point[at])) for at in places]
                groups[tuple(texts)].append(one)
        expected = {}
        for at, inside in groups.items():
            values = [one.objective for one in inside if is_feasible(one)]
            expected[at] = (len(inside), len(values), naive_median(values))
        cells = {
            (pair.xs[one.x][0], pair.ys[one.y][0]): (one.trials, one.feasible, one.median)
            for one in pair.cells
        }
        assert cells == expected


def naive_neighbours(
    space: Space, trials: Sequence[Told], best: Told
) -> dict[tuple[str, str], Told]:
    """Return the told trials that differ from the best by one step of one ordered parameter."""
    found = {}
    for one in trials:
        both = [
            a and b for a, b in zip(space.active(one.point), space.active(best.point), strict=True)
        ]
        apart = [
            (axis, abs(a - b))
            for axis, a, b, counts in zip(space.axes, one.point, best.point, both, strict=True)
            if counts and a != b
        ]
        if len(apart) == 1 and apart[0][0].ordered and apart[0][1] == 1 and is_known(one):
            axis = apart[0][0]
            value = axis.value(one.point[space.names.index(axis.name)])
            found[axis.name, number_text(value)] = one
    return found


@settings(deadline=None)
@given(searches())
def test_the_neighbourhood_of_the_best(drawn: tuple[Space, list[Told]]) -> None:
    """Plateau and cliffs by brute force over all told trials."""
    space, trials = drawn
    found = sensitivity(space, trials)
    feasible = [one for one in trials if one.complete and is_feasible(one)]
    if not feasible:
        assert found.best is None
        assert found.no_best == "no trial is feasible"
        return
    values = [one.objective for one in feasible]
    best = min(feasible, key=lambda one: (-one.objective, one.number))
    near = naive_neighbours(space, trials, best)
    assert (found.best.trial, found.best.fitness) == (best.number, best.objective)
    assert {(one.parameter, one.value): one.trial for one in found.best.neighbours} == {
        at: one.number for at, one in near.items()
    }
    lead = max(values) - statistics.median(values)
    for one in found.best.neighbours:
        trial = near[one.parameter, one.value]
        if not is_feasible(trial):
            assert (one.fitness, one.loss, one.cliff) == (None, None, True)
            assert one.state == ("infeasible" if trial.violation else "failed")
        else:
            share = (best.objective - trial.objective) / lead if lead else None
            assert (one.state, one.fitness, one.loss) == ("feasible", trial.objective, share)
            assert one.cliff == (share is not None and share >= 0.5)
    plateau = [
        best.objective,
        *(one.objective if is_feasible(one) else -math.inf for one in near.values()),
    ]
    for name, value in (("median", statistics.median(plateau)), ("worst", min(plateau))):
        estimate = getattr(found.best, name)
        if len(near) >= 2 and value > -math.inf:
            assert estimate.value == pytest.approx(value)
        else:
            assert estimate.value is None
            assert estimate.reason


@settings(deadline=None)
@given(searches())
def test_counts(drawn: tuple[Space, list[Told]]) -> None:
    """What became of the trials, and how many share a fitness."""
    space, trials = drawn
    found = sensitivity(space, trials).counts
    kept = [one for one in trials if is_known(one)]
    values = [one.objective for one in kept if is_feasible(one)]
    assert (found.trials, found.pruned) == (len(trials), len(trials) - len(kept))
    assert found.feasible == len(values)
    assert found.infeasible == sum(one.violation > 0 for one in kept)
    assert found.failed == sum(one.objective is None and not one.violation for one in trials)
    assert found.feasible + found.infeasible + found.failed == len(kept)
    assert found.equal == sum(values.count(value) > 1 for value in values)
    assert found.equal_to_best == (values.count(max(values)) - 1 if values else 0)


def test_a_parameter_that_changes_nothing_is_said_to_be_one() -> None:
    """By trials that differ in it alone; too few of these say nothing."""
    space = space_of(4, 5, 3)
    found = sensitivity(space, told(space, 60, lambda p: p[0] + (p[1] > 2) * p[2])).effects
    assert [(one.parameter, one.compared, one.equal) for one in found] == [
        ("a", 15, 0),
        ("b", 12, 4),
        ("c", 20, 12),
    ]
    assert [one.changes_nothing for one in found] == [False] * 3
    found = sensitivity(space, told(space, 60, lambda p: p[0])).effects
    assert [one.changes_nothing for one in found] == [False, True, True]
    few = sensitivity(space, told(space, 60, lambda p: p[0])[:3]).effects
    assert [one.changes_nothing for one in few] == [None] * 3


def test_results_decide_what_is_equal() -> None:
    """Two trials can have one fitness and other orders."""
    space = space_of(4, 5)
    trials = told(space, 20, lambda p: p[0])
    found = sensitivity(space, trials, results=[one.point for one in trials]).effects
    assert [one.equal for one in found] == [0, 0]


def test_a_lower_fitness_can_be_the_better_one() -> None:
    """All but the signs is the same."""
    space = space_of(6, 6, 4)
    trials = told(space, 144, lambda p: p[0] * 1.5 - p[1])
    up, down = sensitivity(space, trials), sensitivity(space, trials, direction="min")
    assert down.fitness == up.fitness
    assert down.best.fitness == -up.best.fitness
    assert [one.fitness for one in down.best.neighbours] == [
        -one.fitness for one in up.best.neighbours
    ]
    assert [one.loss for one in down.best.neighbours] == [one.loss for one in up.best.neighbours]
    for name in ("median", "worst"):
        assert getattr(down.best, name).value == -getattr(up.best, name).value
    for one, other in zip(up.slices, down.slices, strict=True):
        assert [-group.best for group in other.groups] == [group.best for group in one.groups]


@pytest.mark.long
@given(st.sampled_from([0.25, 8.0]), st.integers(-5, 5))
@settings(deadline=None, max_examples=5)
def test_scale_and_shift_change_no_share(scale: float, shift: int) -> None:
    """Neither importance nor losses and cliffs."""
    space = space_of(5, 5, 4)
    first, other = (
        sensitivity(space, told(space, 80, value))
        for value in (lambda p: p[0] * p[1] + p[2], lambda p: scale * (p[0] * p[1] + p[2]) + shift)
    )
    assert other.fitness == first.fitness
    for one, two in zip(first.best.neighbours, other.best.neighbours, strict=True):
        assert (one.trial, one.cliff) == (two.trial, two.cliff)
        assert one.loss == pytest.approx(two.loss)


def test_the_same_arguments_give_the_same() -> None:
    """Another seed gives other shares."""
    space = space_of(5, 5, 4)
    trials = told(space, 90, lambda p: p[0] * p[1] + p[2])
    assert sensitivity(space, trials) == sensitivity(space, trials)
    assert sensitivity(space, trials, seed=1).fitness != sensitivity(space, trials).fitness


def test_long_axes_are_shown_in_groups() -> None:
    """At most twenty of equal numbers of levels, with the values that were tried at their ends."""
    space = Space([Axis.integers("x", 0, 10**12), Axis.integers("y", 0, 99)], {}, [])
    trials = told(space, 500, lambda p: p[1])
    found = sensitivity(space, trials)
    groups = found.slices[1].groups
    assert [int(one.low) // 5 for one in groups] == list(range(20))
    assert [int(one.high) // 5 for one in groups] == list(range(20))
    for one in groups:
        values = [t.point[1] for t in trials if int(one.low) <= t.point[1] <= int(one.high)]
        assert (one.trials, one.median, one.best) == (
            len(values),
            naive_median(values),
            max(values),
        )
    assert len(found.slices[0].groups) == 20
    assert len(found.pairs[0].xs) == 20


def test_pairs_are_those_of_the_most_important_parameters() -> None:
    """Six of eight."""
    space = space_of(*[4] * 8)
    found = sensitivity(space, told(space, 300, lambda p: 3 * p[7] + p[6]))
    names = {name for one in found.pairs for name in (one.x, one.y)}
    assert len(found.pairs) == 15
    assert {"g", "h"} <= names


def test_what_is_unknown_has_its_reason() -> None:
    """Too few trials, one fitness for all, too few of a kind, nothing searched."""
    space = space_of(5, 5)
    none = sensitivity(space, [])
    assert none.fitness.reason == none.feasibility.reason.replace(
        "0 of 0 trials are feasible", none.fitness.reason
    )
    assert none.best is None
    few = sensitivity(space, told(space, 19, lambda p: p[0]))
    assert few.fitness.reason == "fewer than 20 trials"
    same = sensitivity(space, told(space, 25, lambda _: 1.0))
    assert same.fitness.reason == "all trials have the same fitness"
    assert same.counts.equal_to_best == 24
    assert [one.loss for one in same.best.neighbours] == [None] * same.best.possible
    assert not same.best.cliffs
    assert same.feasibility.reason == "0 of 25 trials are not feasible"
    bad = sensitivity(space, told(space, 25, lambda p: None if p[0] or p[1] else 1.0))
    assert bad.feasibility.reason == "1 of 25 trials are feasible"
    assert bad.best.median.reason == "2 of 2 neighbours not feasible"
    fixed = Space([], {"a": 1}, [])
    assert sensitivity(fixed, [Told(1, (), 1.0, 0.0)]).fitness.reason == "no parameter is searched"


@pytest.mark.long
def test_many_trials_are_sampled() -> None:
    """The forest sees a thousand of them, the slices all."""
    space = space_of(20, 20, 20)
    found = sensitivity(space, told(space, 1500, lambda p: p[0]))
    assert found.fitness.trials == 1000
    assert sum(one.trials for one in found.slices[0].groups) == 1500
    assert found.fitness.parameters[0].parameter == "a"
