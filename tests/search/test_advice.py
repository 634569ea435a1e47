"""Which lookahead is advised, against the simulated figures and a simulation of our own."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from math import log, sqrt
from random import Random

import pytest

from leanopt_core.search.advice import advice, needed
from leanopt_core.search.differences import differences


@pytest.mark.parametrize(("workers", "lookahead"), [(1, 1), (2, 3), (4, 7), (16, 38), (64, 204)])
def test_the_simulated_figures(workers: int, lookahead: int) -> None:
    """At the points that were simulated the interpolation is them."""
    assert round(needed(workers)) == lookahead
    assert advice(lookahead, workers) is None
    assert lookahead == 1 or advice(lookahead - 1, workers) is not None


@pytest.mark.parametrize(
    ("workers", "advised"), [(2, 8), (3, 16), (8, 32), (16, 64), (20, 64), (64, 256), (100, 512)]
)
def test_the_power_of_two_at_or_above_three_times_the_workers(workers: int, advised: int) -> None:
    """At least 8, and named in the advice."""
    said = advice(1, workers)
    assert said is not None
    assert f"; {advised} would keep them busy" in said


@pytest.mark.parametrize(("steps", "lookahead"), [(1, 7), (2, 7), (4, 10), (8, 14), (20, 22)])
def test_more_steps_need_a_larger_lookahead(steps: int, lookahead: int) -> None:
    """The table of the page on pruning, for four workers; one worker is always busy."""
    assert advice(lookahead, 4, steps) is None
    assert advice(lookahead - 1, 4, steps) is not None
    assert advice(1, 1, steps) is None


@pytest.mark.parametrize("steps", [4, 8, 20])
@pytest.mark.parametrize("workers", [2, 4, 16])
def test_trials_of_several_steps_keep_the_workers_busy(workers: int, steps: int) -> None:
    """Simulated: a trial in ten takes all steps, most take one; a trial's next step goes first."""
    lookahead = round(needed(workers, steps))
    assert _busy_in_steps(workers, lookahead, steps) > 0.9


def _busy_in_steps(workers: int, lookahead: int, steps: int, trials: int = 4_000) -> float:
    random, sigma = Random(5), sqrt(log(1.25))
    left = [steps if random.random() < 0.1 else 1 + (random.random() < 0.3) for _ in range(trials)]
    queue: deque[int] = deque()
    running: list[tuple[float, int]] = []
    now = work = 0.0
    told = proposed = 0
    while told < trials:
        while proposed < min(trials, told + lookahead):
            queue.append(proposed)
            proposed += 1
        while queue and len(running) < workers:
            runtime = random.lognormvariate(-sigma * sigma / 2, sigma)
            work += runtime
            heappush(running, (now + runtime, queue.popleft()))
        now, number = heappop(running)
        left[number] -= 1
        if left[number]:
            queue.appendleft(number)
        while told < proposed and not left[told]:
            told += 1
    return work / (workers * now)


def _busy(workers: int, lookahead: int, trials: int = 20_000) -> float:
    """Return the share of time that workers work: lognormal run times, CV 0.5, told in order."""
    random, sigma = Random(5), sqrt(log(1.25))
    free, ends = [0.0] * workers, []
    told, work = 0.0, 0.0
    for number in range(trials):
        if number >= lookahead:
            told = max(told, ends[number - lookahead])
        runtime = random.lognormvariate(-sigma * sigma / 2, sigma)
        end = max(told, heappop(free)) + runtime
        heappush(free, end)
        ends.append(end)
        work += runtime
    return work / (workers * max(ends))


@pytest.mark.parametrize("workers", [2, 3, 4, 8, 16])
def test_a_lookahead_without_advice_keeps_the_workers_busy(workers: int) -> None:
    """Simulated again: what passes keeps 95% busy, to a percent."""
    lookahead = next(n for n in range(1, 1000) if advice(n, workers) is None)
    assert _busy(workers, lookahead) > 0.94


def test_differences_are_named_by_path() -> None:
    """Changed, absent and new places, in a fixed order; many are counted."""
    before = {"seed": 1, "stages": [{"trials": 5}, {"trials": 9}], "gone": None}
    now = {"seed": 2, "stages": [{"trials": 5, "patience": 3}], "new": [1]}
    assert differences(before, now) == [
        "gone: None, now absent",
        "new: absent, now [1]",
        "seed: 1, now 2",
        "stages.0.patience: absent, now 3",
        "stages.1: {'trials': 9}, now absent",
    ]
    many = differences({}, {f"key{n}": n for n in range(11)})
    assert len(many) == 9
    assert many[-1] == "and 3 more"
    assert differences(before, before) == []
