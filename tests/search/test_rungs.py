"""Rungs: a trial climbs until it is decided; that depends on nothing but scores told by then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from random import Random

import pytest
from attrs import evolve
from driving import grid
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.search import commands as said
from leanopt_core.search.choose import Best
from leanopt_core.search.commands import (
    Promote,
    Propose,
    SearchCommand,
    SearchEnded,
    StageEnded,
    StageRule,
    Stop,
    Tell,
    Withdraw,
)
from leanopt_core.search.machine import SearchMachine
from leanopt_core.search.prune import Bound, Ends, Halving
from leanopt_core.space import Point
from leanopt_core.stage import AskContext, StageStart, TellContext
from leanopt_core.trial import DONE, Proposal, Score, Signal, Trial, Violation

SPACE = grid()
RUNGS = 4


def bound() -> Bound:
    """Return what a search with the strictest promise prunes by."""
    return Bound(each=True, worst=True)


class Always:
    """Ends every trial at its first rung."""

    def told(self, scores: Sequence[Score]) -> None:
        """Learn nothing."""

    def proposed(self) -> Ends:
        """Return what ends every trial."""
        return lambda _: True


def value(point: Point, scenario: int) -> float | None:
    """Return what a scenario gives: some values are equal, some backtests fail."""
    found = (SPACE.grid_index(point) * 37 + scenario * 11) % 29
    return None if found == 0 else float(found // 2)


def violated(point: Point, scenario: int) -> bool:
    """Return whether a scenario breaks the constraint."""
    return (SPACE.grid_index(point) + scenario) % 13 == 0


def judge(point: Point, rung: int) -> Score:
    """Return the score of the scenarios up to this rung: the worst counts."""
    scenarios = range(rung + 1)
    values = [value(point, one) for one in scenarios]
    if None in values:
        return Score(failure="strategy error", reasons=("it failed",))
    lowest = min(one for one in values if one is not None)
    broken = [Violation(f"limit [{one}]", 0.5) for one in scenarios if violated(point, one)]
    return Score(lowest, lowest, 0.5 * len(broken), tuple(broken))


class Listed:
    """A method that proposes a list of points, whatever it is told."""

    def __init__(self, points: Sequence[int]) -> None:
        self._points = iter(points)
        self.told: list[Trial] = []

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return the next point."""
        index = next(self._points, None)
        return DONE if index is None else Proposal(SPACE.point_at(index))

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Keep what it is told."""
        self.told.append(trial)

    def refused(self, point: Point) -> None:
        """Go on."""


class Climber(Listed):
    """A method that learns: a neighbour of the best complete trial, or a random point."""

    def __init__(self, start: StageStart) -> None:
        super().__init__(())
        self._start = start

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return a point that depends on everything told so far."""
        random, best = context.random(), context.history.best(1)
        if len(self.told) >= 40 or context.attempt > 30:
            return DONE
        if best and best[0].complete and random.random() < 0.7:
            near = list(self._start.space.neighbours(best[0].point, 2, "chebyshev"))
            return Proposal(random.choice(near))
        return Proposal(SPACE.point_at(random.randrange(SPACE.grid_size)))


class Farm:
    """Workers that take backtests as they are commanded; `seed` says how long each takes."""

    def __init__(self, machine: SearchMachine, workers: int, seed: int, stop: int = 0) -> None:
        self.machine, self.workers, self.stop_after = machine, workers, stop
        self.random = Random(seed)
        self.queue: list[tuple[int, int]] = []
        self.running: list[tuple[float, int, int]] = []
        self.points: dict[int, Point] = {}
        self.commands: list[SearchCommand] = []
        self.now, self.backtests, self.tested = 0.0, 0, list[int]()

    def run(self) -> list[SearchCommand]:
        """Drive the machine to the end of its search and return its commands."""
        self._take(self.machine.advance())
        while not self.machine.ended:
            while self.queue and len(self.running) < self.workers:
                number, rung = self.queue.pop(0)
                self.running.append((self.now + self.random.expovariate(1.0), number, rung))
            self.running.sort()
            self.now, number, rung = self.running.pop(0)
            self.backtests += 1
            if rung < 0:
                self.machine.tested(number)
            else:
                self.machine.finished(number, judge(self.points[number], rung))
            self._take(self.machine.advance())
        return self.commands

    def _take(self, commands: Iterator[SearchCommand]) -> None:
        for command in commands:
            self.commands.append(command)
            match command:
                case Propose(number):
                    self.points[number] = command.proposal.point
                    self.queue.append((number, 0))
                case Promote(number, rung):
                    self.queue.append((number, rung))
                case said.Test(trials=trials):
                    self.tested += [told.number for told in trials]
                    self.queue += [(told.number, -1) for told in trials]
                case Withdraw(_, numbers):
                    self.queue = [one for one in self.queue if one[0] not in numbers]
                    self.running = [one for one in self.running if one[1] not in numbers]
                case Tell(_, trial) if trial.number == self.stop_after:
                    self.machine.stop(Stop("enough"))


def search(
    build, *, lookahead: int = 1, workers: int = 1, seed: int = 0, stop: int = 0, **options
) -> tuple[Farm, list[Trial]]:
    """Run a search of one stage; return the farm and the told trials."""
    rule = {name: options.pop(name) for name in ("patience", "target") if name in options}
    stages = [StageRule("one", "stage 'one' (demo 1.0)", build, **rule)]
    machine = SearchMachine(SPACE, stages, seed=7, lookahead=lookahead, **options)
    farm = Farm(machine, workers, seed, stop)
    farm.run()
    return farm, [command.trial for command in farm.commands if isinstance(command, Tell)]


def listed(points: Sequence[int]):
    """Return what builds a method that proposes these points."""
    return lambda _start: Listed(points)


POINTS = st.lists(st.integers(0, SPACE.grid_size - 1), unique=True, max_size=40)
LOOKAHEADS = st.integers(1, 12)
PRUNES = st.sampled_from([bound, partial(Halving, RUNGS, 2), partial(Halving, RUNGS, 3)])


def model(points: Sequence[int], lookahead: int) -> list[Score]:
    """Return the scores by the rule, one trial after the other."""
    scores: list[Score] = []
    for place, index in enumerate(points):
        told = scores[: max(0, place + 1 - lookahead)]
        whole = [one.objective for one in told if one.complete and one.feasible]
        best = max((one for one in whole if one is not None), default=None)
        point = SPACE.point_at(index)
        for rung in range(RUNGS):
            score = judge(point, rung)
            objective = score.objective
            beaten = best is not None and objective is not None and objective <= best
            if rung + 1 < RUNGS and (not score.feasible or beaten):
                score = Score(
                    *(score.fitness, objective, score.violation, score.violations, score.reasons),
                    failure=score.failure,
                    pruned_at=rung,
                )
                break
        scores.append(score)
    return scores


@given(POINTS, LOOKAHEADS, st.integers(1, 16), st.integers(0, 999))
def test_a_trial_is_pruned_by_what_was_told_when_it_was_proposed(points, lookahead, workers, seed):
    """However many workers there are and whatever ends first."""
    farm, told = search(
        listed(points), lookahead=lookahead, workers=workers, seed=seed, rungs=RUNGS, prune=bound()
    )
    expected = model(points, lookahead)
    assert [trial.score for trial in told] == expected
    assert [trial.number for trial in told] == list(range(1, len(points) + 1))
    asked = [RUNGS if one.pruned_at is None else one.pruned_at + 1 for one in expected]
    assert farm.backtests == sum(asked)


@pytest.mark.long
@given(PRUNES, LOOKAHEADS, st.integers(1, 16), st.integers(0, 999))
def test_a_method_that_learns_has_one_search(prune, lookahead, workers, seed):
    """What it proposes depends on scores, and they do not depend on the workers."""
    options = {"lookahead": lookahead, "rungs": RUNGS}
    first, told = search(Climber, prune=prune(), **options)
    again, others = search(Climber, workers=workers, seed=seed, prune=prune(), **options)
    assert again.points == first.points
    assert others == told
    assert again.backtests == first.backtests


@given(POINTS, LOOKAHEADS, st.none() | st.integers(1, 8), st.none() | st.integers(5, 13).map(float))
def test_the_bound_changes_neither_the_trials_nor_the_best(points, lookahead, patience, target):
    """Of a method that does not learn: the same best, the same end, no backtest more."""
    rule = {"patience": patience, "target": target, "lookahead": lookahead}

    pruned, told = search(listed(points), rungs=RUNGS, prune=bound(), **rule)
    whole, every = search(listed(points), rungs=RUNGS, **rule)
    assert [trial.point for trial in told] == [trial.point for trial in every]
    ends = [
        [one.reason for one in farm.commands if isinstance(one, StageEnded | SearchEnded)]
        for farm in (pruned, whole)
    ]
    assert ends[0] == ends[1]
    best = [
        [(one.number, one.objective) for one in farm.machine.history.best(1) if one.feasible]
        for farm in (pruned, whole)
    ]
    assert best[0] == best[1]
    assert pruned.backtests <= whole.backtests
    for one, complete in zip(told, every, strict=True):
        if one.complete:
            assert one.score == complete.score


def standing(score: Score) -> tuple[int, float]:
    """Return how a trial ranks: feasible ones by value, violations by size, then the rest."""
    if score.violation > 0:
        return (1, score.violation)
    return (2, 0.0) if score.objective is None else (0, -score.objective)


def halved(points: Sequence[int], lookahead: int, reduction: int) -> list[int]:
    """Return the rung that each trial reaches, by the rule: all are ranked at each rung."""
    reached: list[int] = []
    for place, index in enumerate(points):
        told = range(max(0, place + 1 - lookahead))
        rung = 0
        while rung + 1 < RUNGS:
            score = judge(SPACE.point_at(index), rung)
            rivals = [one for one in told if reached[one] >= rung]
            ranked = sorted(
                [*rivals, place],
                key=lambda one, at=rung: (*standing(judge(SPACE.point_at(points[one]), at)), one),
            )
            if score.failure or place not in ranked[: max(1, len(ranked) // reduction)]:
                break
            rung += 1
        reached.append(rung)
    return reached


@given(POINTS, LOOKAHEADS, st.integers(1, 16), st.integers(0, 999), st.integers(2, 5))
def test_the_best_of_each_rung_go_on(points, lookahead, workers, seed, reduction):
    """Of the trials told when this one was proposed, and itself; in any order of ends."""
    farm, told = search(
        listed(points),
        lookahead=lookahead,
        workers=workers,
        seed=seed,
        rungs=RUNGS,
        prune=Halving(RUNGS, reduction),
    )
    reached = halved(points, lookahead, reduction)
    last = RUNGS - 1
    assert [last if one.complete else one.score.pruned_at for one in told] == reached
    assert farm.backtests == sum(rung + 1 for rung in reached)
    for trial, rung in zip(told, reached, strict=True):
        assert evolve(trial.score, pruned_at=None) == judge(trial.point, rung)


def test_without_rivals_every_trial_goes_on() -> None:
    """The first trials, and always the best one of a rung."""
    points = range(1, 13)
    _, told = search(listed(points), lookahead=12, rungs=2, prune=Halving(2, 3))
    failed = [judge(SPACE.point_at(index), 0).failure is not None for index in points]
    assert [one.complete for one in told] == [not one for one in failed]


def test_one_rung_is_a_search_as_ever():
    """Nothing is promoted, and every trial is complete."""
    farm, told = search(listed(range(30)), lookahead=4, workers=3)
    assert not any(isinstance(command, Promote) for command in farm.commands)
    assert all(trial.complete for trial in told)
    assert farm.backtests == 30


def test_what_is_withdrawn_climbs_no_further() -> None:
    """A stop comes before a promotion that is due, and there is none in the next stage."""
    rules = [StageRule(name, f"stage {name!r}", listed(range(9))) for name in ("one", "two")]
    machine = SearchMachine(SPACE, rules, seed=7, lookahead=3, rungs=RUNGS, prune=bound())
    proposed = [one for one in machine.advance() if isinstance(one, Propose)]
    for command in proposed:
        machine.finished(command.number, Score(1.0, 1.0))
    machine.stop(Stop("enough", stage_only=True))
    first, second, *left = machine.advance()
    assert [first, second] == [Withdraw(0, (1, 2, 3)), StageEnded(0, "stop")]
    assert not any(isinstance(command, Promote) for command in left)
    assert [command.number for command in left if isinstance(command, Propose)] == [4, 5, 6]


CASES = {
    "it failed": (Score(failure="timeout"), None, (True, True, True)),
    "a constraint is broken": (
        Score(9.0, 9.0, 0.1, (Violation("Drawdown <= 20% [SPY]", 0.1),)),
        None,
        (True, True, True),
    ),
    "the function's own violation": (
        Score(violation=2.0, violations=(Violation("fitness", 2.0),)),
        None,
        (False, True, True),
    ),
    "no value and no violation": (Score(reasons=("no trades",)), None, (False, True, True)),
    "not better than the best": (Score(5.0, 5.0), 5.0, (False, False, True)),
    "better than the best": (Score(5.0, 5.0), 4.0, (False, False, False)),
    "no best yet": (Score(-5.0, -5.0), None, (False, False, False)),
}


def test_when_a_trial_is_decided():
    """By the fitness function's promise: none, each scenario alone, the worst counts."""
    promises = ((False, False), (True, False), (True, True))
    for name, (score, best, expected) in CASES.items():
        for (each, worst), decided in zip(promises, expected, strict=True):
            rule = Bound(each, worst)
            if best is not None:
                rule.told([Score(best, best)])
            assert rule.proposed()([Score(9.9, 9.9), score]) == decided, name


@given(POINTS, st.integers(1, 4), st.integers(1, 16), st.integers(0, 99), st.integers(0, 20))
def test_tests_come_before_the_end_of_the_search(points, tested, workers, seed, stop):
    """Also after a stop; the trials are chosen of what was told, and no method hears of it."""
    options = {"workers": workers, "seed": seed, "stop": stop, "choose": Best(tested)}
    farm, told = search(listed(points), lookahead=3, **options)
    best = [one for one in farm.machine.history.best(tested) if one.feasible]
    assert farm.tested == [one.number for one in best]
    if best:
        assert farm.commands[-2].trials == tuple(best)
    assert isinstance(farm.commands[-1], SearchEnded)
    assert sum(isinstance(command, said.Test) for command in farm.commands) == bool(best)
    assert len(told) == (min(stop, len(points)) if stop else len(points))


def test_a_pruned_trial_is_never_chosen():
    """Even where no complete one is left."""
    farm, _ = search(listed(range(12)), rungs=2, prune=Always(), choose=Best(3))
    assert farm.tested == []
    assert farm.commands[-1] == SearchEnded("stages")
