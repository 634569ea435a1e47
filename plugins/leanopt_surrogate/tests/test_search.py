"""How it searches: it finds, it spreads, it climbs, it searches several neighbourhoods."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_surrogate._archive import Archive
from leanopt_surrogate._arms import PROCESS_WAITING, GaussianArm
from leanopt_surrogate._climb import climb
from leanopt_surrogate._design import spread_design
from leanopt_surrogate._elites import APART, REACH, elites, near, promising
from leanopt_surrogate._grid import Grid
from leanopt_surrogate._models import Models, measurements
from leanopt_surrogate._pool import are_new, candidates, changes, neighbours
from leanopt_surrogate._schedule import Schedule
from leanopt_surrogate._scores import standard_scores
from numpy.random import default_rng

from leanopt_core.search.history import ToldHistory
from leanopt_core.testing import drive
from leanopt_core.trial import Score, Trial, Violation

pytestmark = pytest.mark.long  # `make test` runs a few of them

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_core.search.commands import StageRule
    from leanopt_core.space import Point, Space

    MakeStage = Callable[..., StageRule]
    MakeSpace = Callable[..., Space]

BEST = (12, 3, 7, 2, 1)


def hill(point: Point) -> Score:
    """Return a hill at `BEST`; the last axis is a choice that matters."""
    away = [(level - best) / 8 for level, best in zip(point[:4], BEST[:4], strict=True)]
    value = -sum(d * d for d in away) + away[0] * away[1] - (point[4] != BEST[4])
    return Score(value, value)


@pytest.mark.long
@pytest.mark.alike(1)
@pytest.mark.smoke
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_finds_the_best_of_a_smooth_hill(stage: MakeStage, space: MakeSpace, seed: int) -> None:
    """The best of 54,000 points is among the first 100; random search would need 54,000."""
    proposed = drive(space(18, 10, 15, 5, 4, choices=(4,)), [stage(100)], hill, seed=seed).proposed
    assert BEST in [command.proposal.point for command in proposed]


def test_climbs_by_violation(stage: MakeStage, space: MakeSpace) -> None:
    """Where one point in a thousand is feasible, violations lead there."""

    def score(point: Point) -> Score:
        size = sum(abs(level - 17) for level in point) - 3.0
        return Score(1.0, 1.0, size, (Violation("rule", size),)) if size > 0 else Score(1.0, 1.0)

    proposed = drive(space(20, 20, 20), [stage(100)], score).proposed
    assert any(score(command.proposal.point).feasible for command in proposed)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stays_where_points_are_feasible(stage: MakeStage, space: MakeSpace, seed: int) -> None:
    """One point in sixty is feasible: the first of them leads to others, and to the best."""

    def score(point: Point) -> Score:
        size = sum(abs(level - 16) for level in point) - 4.0
        value = -abs(point[0] - 15) - abs(point[1] - 17) / 2
        broken = (Violation("rule", size),) if size > 0 else ()
        return Score(value, value, max(size, 0.0), broken)

    proposed = drive(space(20, 20, 20), [stage(70)], score, seed=seed, lookahead=4).proposed
    found = [score(command.proposal.point) for command in proposed]
    assert sum(one.feasible for one in found) > 10
    assert 0.0 in [one.objective for one in found if one.feasible]


def test_learns_the_objective_of_infeasible_trials(space: MakeSpace) -> None:
    """They count up to the best feasible one; what was pruned or has no fitness does not count."""
    broken = {"violation": 0.5, "violations": (Violation("drawdown", 0.5),)}
    scores = [
        Score(1.0, 1.0),
        Score(2.0, 2.0, **broken),
        Score(90.0, 90.0, **broken),
        Score(3.0, 3.0),
        Score(2.5, 2.5, pruned_at=0, **broken),
        Score(reasons=("too few trades",)),
        Score(1.5, 1.5),
        Score(2.5, 2.5),
    ]
    archive = scored(space(9, 9), {(level, 0): score for level, score in enumerate(scores)})
    rows, values = measurements(archive, 100, 1)
    assert rows.tolist() == [0, 1, 2, 3, 6, 7]
    assert values.tolist() == standard_scores(np.array([1.0, 2.0, 3.0, 3.0, 1.5, 2.5])).tolist()
    assert all(3 in measurements(archive, 2, seed)[0] for seed in range(9))


def test_learns_from_violations_while_few_trials_are_feasible(space: MakeSpace) -> None:
    """With three feasible ones every trial counts, by its rank; a smaller violation is better."""
    broken = [Score(9.0, 9.0, size, (Violation("drawdown", size),)) for size in (0.5, 0.2, 0.9)]
    archive = scored(space(9, 9), {(level, 0): score for level, score in enumerate(broken)})
    rows, values = measurements(archive, 100, 1)
    assert rows.tolist() == [0, 1, 2]
    assert values[1] > values[0] > values[2]
    assert measurements(archive, 2, 1)[0].tolist() in ([0, 1], [1, 2])
    feasible = [Score(value, value) for value in (1.0, 3.0, 2.0)]
    scores = dict(enumerate(broken + feasible))
    archive = scored(space(9, 9), {(level, 0): score for level, score in scores.items()})
    rows, values = measurements(archive, 100, 1)
    assert rows.tolist() == list(range(6))
    assert np.argsort(values).tolist() == [2, 0, 1, 3, 5, 4]


def told(space: Space, scores: dict[Point, float]) -> Archive:
    """Return an archive of told trials."""
    return scored(space, {point: Score(value, value) for point, value in scores.items()})


def scored(space: Space, scores: dict[Point, Score]) -> Archive:
    """Return an archive of told trials, infeasible and pruned ones too."""
    history = ToldHistory(space)
    for number, (point, score) in enumerate(scores.items(), 1):
        history.add(Trial(number, "s", point, "", score), space.grid_index(point))
    archive = Archive(Grid(space))
    archive.read(history.since(0))
    return archive


def test_a_pruned_trial_is_never_the_best(space: MakeSpace) -> None:
    """Its other scenarios could only lower it: it counts for less than the best complete one."""
    values = [(3.0, None), (8.0, 0), (2.5, 1), (5.0, None)]
    scores = [Score(value, value, pruned_at=pruned) for value, pruned in values]
    archive = scored(space(9, 9), {(level, 0): score for level, score in enumerate(scores)})
    first, decoy, below, best = archive.objective
    assert (first, below, best) == (3.0, 2.5, 5.0)
    assert 2.5 < decoy < 3.0
    assert archive.idle() == 0


def test_what_cannot_be_compared_yet_is_not_the_best(space: MakeSpace) -> None:
    """A short window may give any value; before a complete trial nothing says how good that is."""
    broken = {"violation": 0.5, "violations": (Violation("drawdown", 0.5),)}
    scores = [Score(1.0, 1.0, **broken), Score(90.0, 90.0, pruned_at=0), Score(2.0, 2.0)]
    scores += [Score(value, value) for value in (1.2, 1.8, 1.6)]
    archive = scored(space(9, 9), {(level, 0): score for level, score in enumerate(scores)})
    assert archive.best_at == 2
    rows, values = measurements(archive, 100, 1)
    assert rows.tolist() == [0, 2, 3, 4, 5]
    assert values.tolist() == standard_scores(np.array([1.0, 2.0, 1.2, 1.8, 1.6])).tolist()
    assert np.argsort(archive.scores())[:2].tolist() == [0, 1]


def test_pruned_trials_alone_are_too_few_to_learn_values(space: MakeSpace) -> None:
    """Their ranks are learned, one for all of them, above violations."""
    scores = [Score(float(value), float(value), pruned_at=0) for value in range(5)]
    scores.append(Score(1.0, 1.0, 0.5, (Violation("drawdown", 0.5),)))
    archive = scored(space(9, 9), {(level, 0): score for level, score in enumerate(scores)})
    assert archive.best_at == -1
    rows, values = measurements(archive, 100, 1)
    assert rows.tolist() == list(range(6))
    assert len(set(values[:5].tolist())) == 1
    assert np.isfinite(values).all()
    assert values[0] > values[5]


def test_trials_before_the_models_do_not_make_the_search_stall(
    stage: MakeStage, space: MakeSpace
) -> None:
    """With 100 outstanding, 107 points are spread; the process has 30 told trials of its own."""
    proposed = drive(
        space(15, 15, 15), [stage(270)], lambda _: Score(1.0, 1.0), lookahead=100
    ).proposed
    origins = [command.proposal.origin for command in proposed]
    first = next(at for at, origin in enumerate(origins) if origin not in ("spread", "process"))
    assert origins[:107] == ["spread"] * 107
    assert 107 + 100 + 30 <= first < 107 + 100 + 30 + 4 * 6


@given(seed=st.integers(0, 10**6))
def test_elites_are_good_and_apart(space: Callable[..., Space], seed: int) -> None:
    """The first is the best; any two are some steps apart; nobody better was left out freely."""
    tried = space(9, 9, 4, choices=(2,))
    random = default_rng(seed)
    rows = {tuple(row): float(random.random()) for row in Grid(tried).draw(50, random).tolist()}
    archive = told(tried, rows)
    chosen = [tuple(row) for row in elites(archive, archive.scores()).tolist()]
    assert rows[chosen[0]] == max(rows.values())

    def apart(a: Point, b: Point) -> float:
        return abs(a[0] - b[0]) + abs(a[1] - b[1]) + (a[2] != b[2])

    assert all(apart(a, b) >= APART for a in chosen for b in chosen if a != b)
    worst = min(rows[point] for point in chosen)
    for point, value in rows.items():
        better = [other for other in chosen if rows[other] >= value]
        assert value < worst or point in chosen or min(apart(point, o) for o in better) < APART


def test_neighbourhoods_take_turns(space: MakeSpace) -> None:
    """The best elite's is searched first, and another's once it has had many trials."""
    tried = space(9, 9, 9, 9)
    scores = {(1, 1, 1, 1): 9.0, (7, 7, 7, 7): 8.0, (1, 7, 1, 7): 1.0, (7, 1, 7, 1): 0.0}
    archive = told(tried, scores)
    assert promising(archive, archive.scores()).tolist() == [1, 1, 1, 1]
    around = changes(archive.grid, np.ones((1, 4), np.int64), default_rng(1))[0].tolist()
    archive = told(tried, scores | {tuple(p): 0.5 for p in around if tuple(p) not in scores})
    assert promising(archive, archive.scores()).tolist() == [7, 7, 7, 7]


def test_climbs_end_where_no_change_is_better(space: MakeSpace) -> None:
    """Of a concave function of the levels that is the best point, from anywhere."""
    grid, random = Grid(space(9, 12, 5, choices=(2,))), default_rng(3)

    def rate(levels: np.ndarray) -> np.ndarray:
        return -np.abs(levels - [2, 11, 4]).astype(float) @ [1.0, 2.0, 3.0]

    start = grid.draw(5, random)
    ends, merit = climb(grid, start, rate(start), rate, random)
    assert ends.tolist() == [[2, 11, 4]] * 5
    assert merit.tolist() == [0.0] * 5


def test_coordinates_of_choices_are_hamming(space: MakeSpace) -> None:
    """Any two different choices are 1 apart, two as well as five; the columns know their axis."""
    grid = Grid(space(5, 2, 11, choices=(0, 1)))
    assert grid.axis_of_column.tolist() == [0, 0, 0, 0, 0, 1, 2]
    x = grid.coordinates(np.array([[0, 0, 0], [3, 0, 0], [4, 1, 10]]))
    squares = np.square(x[:, None] - x[None]).sum(axis=2)
    assert squares == pytest.approx(np.array([[0, 1, 3], [1, 0, 3], [3, 3, 0]]))


@given(seed=st.integers(0, 10**6))
def test_candidates_stay_on_the_grid(space: Callable[..., Space], seed: int) -> None:
    """On the grid; what is new is feasible and unknown; a change is of one axis."""
    tried = space(30, 2, 1, 5, rules=("a > 2",), choices=(3,))
    grid, random = Grid(tried), default_rng(seed)
    good = grid.draw(4, random)
    pool = candidates(grid, good, random)
    assert ((pool >= 0) & (pool < grid.lengths)).all()
    known = set(map(tuple, pool[:50].tolist()))
    new = {tuple(row) for row in pool[are_new(grid, pool, known)].tolist()}
    assert new == {row for row in map(tuple, pool.tolist()) if tried.feasible(row)} - known
    changed = changes(grid, good, random)
    assert ((changed >= 0) & (changed < grid.lengths)).all()
    assert ((changed != good[:, None]).sum(axis=2) <= 1).all()
    assert near(neighbours(grid, good[0], REACH, random), good[0]).all()


def test_design_is_a_hypercube(space: MakeSpace) -> None:
    """Each axis is covered evenly; constraints leave as many points, all of them feasible."""
    points = np.array(spread_design(Grid(space(48, 12, 6, 2)), 24, default_rng(1)))
    for axis, (length, each) in enumerate([(24, 1), (12, 2), (6, 4), (2, 12)]):
        cells = points[:, axis] * length // [48, 12, 6, 2][axis]
        assert np.bincount(cells, minlength=length).tolist() == [each] * length
    bound = space(40, 40, rules=("a < b",))
    design = spread_design(Grid(bound), 24, default_rng(1))
    assert len(set(design)) == 24
    assert all(bound.feasible(point) for point in design)


def test_a_process_has_a_bounded_part_of_what_is_outstanding(space: MakeSpace) -> None:
    """The latest: with thousands, the cube of their number would take minutes."""
    tried = space(30, 30, 30)
    archive = told(tried, {(level, level, level): float(level) for level in range(9)})
    points = [point for point, _ in zip(tried.sample(3), range(1000), strict=False)]
    for point in points:
        archive.propose(point)
    arm = GaussianArm.build(archive, Models(archive, 1, Schedule()), np.ones(9, np.bool_))
    latest = archive.grid.coordinates(np.array(points[-PROCESS_WAITING:]))
    assert arm.process.x[9:].tolist() == latest.tolist()


def test_a_design_of_thousands_takes_megabytes(space: MakeSpace) -> None:
    """Thousands may be outstanding; distances of all pairs would be half a gigabyte."""
    grid = Grid(space(50, 50, 50, 50, 50, 50, 50))
    tracemalloc.start()
    try:
        assert len(spread_design(grid, 3000, default_rng(1))) > 2900
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20e6


THREADS = """
from functools import partial
from leanopt_core.search.commands import Propose, StageRule
from leanopt_core.search.machine import SearchMachine
from leanopt_core.space import Axis, Space
from leanopt_core.trial import Score
from leanopt_surrogate import SurrogateOptions
from leanopt_surrogate._impl import create

space = Space([Axis.integers(name, 0, 19, 1) for name in "abcd"])
stage = StageRule("s", "s", partial(create, SurrogateOptions()), 130)
points = []
score = lambda point: Score(v := sum((x - 7.3) ** 2 for x in point) ** 0.5, -v)
machine = SearchMachine(space, [stage], seed=7, lookahead=4)
while not machine.ended:
    for command in machine.advance():
        if isinstance(command, Propose):
            points.append(command.proposal.point)
            machine.finished(command.number, score(command.proposal.point))
print(points)
"""


@pytest.mark.long
def test_same_points_on_any_number_of_threads() -> None:
    """Linear algebra runs on one thread, whatever the environment offers."""
    printed = []
    for threads in ("1", "4"):
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, threads)}
        ended = subprocess.run(
            [sys.executable, "-c", THREADS],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        printed.append(ended.stdout)
    assert printed[0] == printed[1]
    assert printed[0].count("(") == 130
