"""The running time of a search: counted over all starts, and limited."""

from __future__ import annotations

from leanopt_core.search.commands import Stop
from leanopt_core.search.running_time import RunningTime, TimeLimits


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_the_time_of_earlier_starts_counts() -> None:
    """The search's limit is for all stages together."""
    clock = Clock()
    work = RunningTime(TimeLimits(60.0, (None, None)), [50.0, 2.0], clock)
    assert work.stop() is None
    work.begin(1)
    clock.now += 7.5
    assert work.stop() is None
    clock.now += 0.5
    assert work.stop() == Stop("search.time: ran for 60 s", "time")
    assert work.end() == (1, 10.0)
    clock.now += 100
    assert work.end() is None


def test_a_stage_has_a_limit_of_its_own() -> None:
    """Which ends the stage alone."""
    clock = Clock()
    work = RunningTime(TimeLimits(None, (None, 7200.0)), [0.0, 0.0], clock)
    work.begin(0)
    clock.now += 10_000
    assert work.stop() is None
    assert work.end() == (0, 10_000.0)
    work.begin(1)
    clock.now += 7200
    assert work.stop() == Stop("stage.time: ran for 7,200 s", "time", stage_only=True)


def test_it_is_noted_once_a_second_however_often_it_is_looked_at() -> None:
    """Each note would be a row to write."""
    clock = Clock()
    work = RunningTime(TimeLimits(9.0, ()), [0.0], clock)
    work.begin(0)
    noted = []
    for _ in range(20):
        clock.now += 0.25
        assert work.stop() is None
        noted.append(work.due())
    assert [one for one in noted if one] == [(0, 1.0), (0, 2.0), (0, 3.0), (0, 4.0), (0, 5.0)]
