"""The time left of runs, against schedules of known lengths."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from random import Random

import pytest
from attrs import frozen

from leanopt_core.cli.progress import Progress
from leanopt_core.report.remaining import Remaining
from leanopt_core.report.time_left import TimeLeft
from leanopt_core.store.records import StoredRun, StoredScenario, StoredSearch, StoredStage


@frozen
class Ended:
    """A backtest of a schedule."""

    at: float
    seconds: float
    worker: int


def schedule(durations: list[float], workers: int, start: float = 0.0) -> list[Ended]:
    """Return when each backtest ends if the next free worker takes it; all are free at `start`."""
    free = [(start, worker) for worker in range(1, workers + 1)]
    ended = []
    for seconds in durations:
        begun, worker = heapq.heappop(free)
        heapq.heappush(free, (begun + seconds, worker))
        ended.append(Ended(begun + seconds, seconds, worker))
    return sorted(ended, key=lambda one: one.at)


def looks(ended: list[Ended], workers: int, share: float = 0.1) -> Iterator[tuple[float, float]]:
    """Yield time left and truth at 80 moments or so, from `share` of the run to its last tenth."""
    times, end = TimeLeft(workers), ended[-1].at
    every = max(1, len(ended) // 100)
    for done, one in enumerate(ended, 1):
        times.add(one.at, one.seconds, one.worker)
        if share * end <= one.at < 0.9 * end and done % every == 0:
            left = times.left(one.at, len(ended) - done)
            assert left is not None
            yield left, end - one.at


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize(("cv", "count"), [(0.0, 100), (0.3, 150), (0.6, 600)])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_within_a_quarter_of_the_truth(
    workers: int, cv: float, count: int, seed: int
) -> None:
    """From a tenth of the run on; the more run times are spread, the more of them it takes."""
    random = Random(seed)
    durations = [max(0.05, random.gauss(1, cv)) for _ in range(count * workers)]
    for left, truth in looks(schedule(durations, workers), workers):
        assert left == pytest.approx(truth, rel=0.25)


def test_starting_is_not_slowness() -> None:
    """Workers that start late, and then first take long: neither is taken for the speed."""
    durations = [10.0, 10.0, *[1.0] * 200]
    for left, truth in looks(schedule(durations, 2, start=60.0), 2, share=0.55):
        assert left == pytest.approx(truth, rel=0.1)


def test_one_backtest_that_hung_changes_little() -> None:
    """One that ended at a time limit of a hundred times as long as the others take."""
    ended = schedule([1.0] * 20, 1)
    times = TimeLeft(1)
    for one in ended:
        times.add(one.at, one.seconds, one.worker)
    times.add(120.0, 100.0, 1)
    assert times.left(120.0, 50) == pytest.approx(50, rel=0.25)


def test_nothing_is_said_before_it_is_worth_saying() -> None:
    """What workers run first says little, unless it takes long; none is left when all is done."""
    times = TimeLeft(2)
    assert times.left(0.0, 10) is None
    for worker in (1, 2, 1, 2):
        times.add(1.0, 1.0, worker)
    assert times.left(1.0, 10) is None
    times.add(2.0, 1.0, 1)
    assert times.left(2.0, 10) == pytest.approx(5, abs=1)
    assert times.left(2.0, 0) == 0.0
    long = TimeLeft(2)
    for worker in (1, 2, 1):
        long.add(60.0 + worker, 60.0, worker)
    assert long.left(63.0, 10) == pytest.approx(300, rel=0.25)


def run(
    *stages: tuple[str, int | None],
    searches: int = 1,
    scenarios: int = 1,
    patience: int | None = None,
    execution: dict[str, object] | None = None,
    **limits: int,
) -> StoredRun:
    """Return a run of these stages with their trials."""
    plan = {
        "scoring": {"fitness": {"name": "calmar", "options": {}}},
        "space": {},
        "stages": [{"name": name, "patience": patience, "target": None} for name, _ in stages],
        **limits,
    }
    several = tuple(
        StoredSearch(
            number, number, f"s{number}", 1, "max", None, 0, 0, 0, None,
            tuple(StoredScenario(at, at, f"c{at}", "{}") for at in range(scenarios)),
            tuple(
                StoredStage(at, at, name, "random", "leanopt-random", "1", trials, None)
                for at, (name, trials) in enumerate(stages)
            ),
        )
        for number in range(1, searches + 1)
    )  # fmt: skip
    texts = json.dumps(plan), json.dumps(execution or {})
    return StoredRun(1, "run-1", "run", "s", "hash", *texts, "running", "2026-01-01", None, several)


def test_trials_are_counted_by_search_and_stage() -> None:
    """A stage that ends early leaves nothing, in its search; an ended search leaves nothing."""
    remaining = Remaining.of(run(("a", 10), ("b", 5), searches=2))
    assert (remaining.trials, remaining.drains) == (30, 2)
    remaining.told(1, "a")
    assert (remaining.trials, remaining.stage_trials("a")) == (29, 19)
    remaining.stage_ended(1, "a", 0.0)
    assert (remaining.trials, remaining.stage_trials("a")) == (20, 10)
    remaining.search_ended(2)
    assert (remaining.trials, remaining.stage_trials("a"), remaining.drains) == (5, 0, 1)


def test_budgets_and_points_limit_a_search() -> None:
    """The tightest counts; without any, the number of trials is unknown."""
    assert Remaining.of(run(("a", None))).trials is None
    assert Remaining.of(run(("a", None), trials=7)).trials == 7
    assert Remaining.of(run(("a", 10), scenarios=3, backtests=13)).trials == 4
    points = {"most_trials": {"stages": {}, "search": 6}}
    assert Remaining.of(run(("a", None), execution=points)).trials == 6
    ends = {"most_trials": {"stages": {"a": 3}, "search": None}}
    assert Remaining.of(run(("a", 10), ("b", 2), execution=ends)).trials == 5


def test_time_limits_count_the_running_time_of_all_starts() -> None:
    """That of the search, and of its stages; only a stage that can end early makes it `at most`."""
    remaining = Remaining.of(run(("a", 10), ("b", 10), execution={"time": 100}))
    remaining.stage_worked(1, "a", 30.0)
    assert remaining.seconds(0.0) == 70
    remaining.stage_started(1, "a", 10.0)
    assert remaining.seconds(15.0) == 65
    assert not remaining.early
    assert Remaining.of(run(("a", 10), patience=5)).early
    stages = Remaining.of(run(("a", 10), execution={"stage_times": {"a": 20}}))
    stages.stage_started(1, "a", 10.0)
    assert (stages.seconds(15.0), stages.stage_seconds("a", 15.0)) == (15, 15)
    both = Remaining.of(run(("a", 10), ("b", 10), execution={"stage_times": {"a": 20}}))
    assert both.seconds(0.0) is None
    several = Remaining.of(run(("a", 10), searches=3, execution={"time": 100}))
    several.search_ended(1)
    several.stage_worked(2, "a", 40.0)
    assert several.seconds(0.0) == 160
    for search in (2, 3):
        several.search_ended(search)
    assert several.seconds(0.0) is None


def followed(progress: Progress, count: int, *, hits: int = 0, start: float = 0.0) -> float:
    """Tell so many trials, one a second, each with one backtest, and `hits` between two of them."""
    for at in range(1, count + 1):
        progress.backtested(start + at, 1.0, 1)
        for _ in range(hits + 1):
            progress.trial(1, "a", 0.0, backtests=1)
        progress.hit(hits)
    return start + count


def test_what_was_repeated_or_found_is_no_speed() -> None:
    """Trials of an earlier start, a series of cache hits at the start, hits in between."""
    resumed, cached, mixed = (Progress(0.0) for _ in range(3))
    for progress in (resumed, cached, mixed):
        progress.started(run(("a", 1000)), 1)
        progress.stage_started(1, "a", 0.0)
    for _ in range(500):
        resumed.trial(1, "a", 0.0, backtests=1, earlier=True)
        cached.hit()
        cached.trial(1, "a", 0.0, backtests=1)
    assert resumed.view(1.0).left is None
    assert resumed.view(followed(resumed, 20)).left == pytest.approx(480, rel=0.05)
    assert resumed.view(20.0).rate == pytest.approx(1, rel=0.1)
    assert cached.view(followed(cached, 20)).left == pytest.approx(480, rel=0.05)
    assert mixed.view(followed(mixed, 20, hits=3)).left == pytest.approx(920 / 4, rel=0.1)


def test_several_scenarios_and_results_that_wait_for_earlier_ones() -> None:
    """Each trial has as many backtests as scenarios; those that wait to be told are done."""
    progress = Progress(0.0)
    progress.started(run(("a", 100), scenarios=3), 1)
    progress.stage_started(1, "a", 0.0)
    for at in range(1, 31):
        progress.backtested(float(at), 1.0, 1)
    progress.ahead = 30
    assert progress.view(30.0).left == pytest.approx(270, rel=0.05)
    for _ in range(10):
        progress.trial(1, "a", 0.0, backtests=3)
    progress.ahead = 0
    assert progress.view(30.0).left == pytest.approx(270, rel=0.05)


def test_without_a_number_of_trials_only_a_time_limit_is_known() -> None:
    """And it is the most that can be left; a stage's own line says the same."""
    progress = Progress(0.0)
    progress.started(run(("a", None), execution={"time": 60}), 1)
    progress.stage_started(1, "a", 0.0)
    view = progress.view(followed(progress, 10))
    assert (view.left, view.at_most) == (50, True)
    unlimited = Progress(0.0)
    unlimited.started(run(("a", None)), 1)
    unlimited.stage_started(1, "a", 0.0)
    assert unlimited.view(followed(unlimited, 10)).left is None
