"""From runs to figures: regret by evaluation, the level and when it is reached, who found what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from attrs import frozen

from search.methods import LAST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from landscapes import Landscape
    from numpy.typing import NDArray

    from search.drive import Trace

    Floats = NDArray[np.float64]

BUDGETS: Final = (100, 200, 300, 472, 600)
#: The budget at which the plain genetic algorithm sets the level.
LEVEL_AT: Final = 472
RESAMPLES: Final = 1000
QUARTILES: Final = (0.25, 0.75)
INTERVAL: Final = (2.5, 97.5)
#: What a difference of two regrets may owe to rounding.
ROUNDING: Final = 1e-9


@frozen
class Summary:
    """One method on one landscape at one lookahead; curves are one row a seed, infinite: none yet.

    `level` is the plain genetic algorithm's median regret after 472 evaluations, `seeds` are those
    of the rows, `cpu_s` the processor time of all runs in seconds.
    """

    curves: Floats
    level: float
    tops: Mapping[str, float]
    ask_ms: float | None
    seeds: tuple[int, ...]
    cpu_s: float

    @property
    def median(self) -> Floats:
        """Return the median regret after each evaluation."""
        return _median(self.curves)

    @property
    def last(self) -> int:
        """Return after how many evaluations the runs end."""
        return self.curves.shape[1]

    @property
    def evaluations(self) -> int | None:
        """Return the first number of evaluations with a median at the level, None without one."""
        return first_at(self.median, self.level)

    @property
    def evaluations_interval(self) -> tuple[int | None, int | None]:
        """Return the bootstrap interval of `evaluations`; None is beyond the last."""
        at, beyond = self.level, self.last + 1
        found = _resampled(self.curves, lambda rows: first_at(_median(rows), at) or beyond)
        low, high = (int(one) for one in np.percentile(found, INTERVAL, method="nearest"))
        return (None if low == beyond else low), (None if high == beyond else high)

    def regret(self, budget: int) -> float:
        """Return the median regret after `budget` evaluations."""
        return float(self.median[budget - 1])

    def quartiles(self, budget: int) -> tuple[float, float]:
        """Return the quartiles of the regret over the seeds."""
        low, high = np.quantile(self.curves[:, budget - 1], QUARTILES, method="inverted_cdf")
        return float(low), float(high)

    def regret_interval(self, budget: int) -> tuple[float, float]:
        """Return the bootstrap interval of the median regret."""
        column = self.curves[:, budget - 1 : budget]
        found = _resampled(column, lambda rows: float(_median(rows)[0]))
        low, high = np.percentile(found, INTERVAL, method="nearest")
        return float(low), float(high)

    def found(self, top: str, budget: int) -> float:
        """Return the share of runs that have found a point of the `top` after `budget`."""
        return float(np.mean(self.curves[:, budget - 1] <= self.tops[top] + ROUNDING))


def curves(traces: Sequence[Trace], best: float, last: int = LAST) -> Floats:
    """Return the regret after each of `last` evaluations, one row a run."""
    rows = np.full((len(traces), last), np.inf)
    for row, trace in zip(rows, traces, strict=True):
        for number, objective in trace.gains:
            row[number - 1 :] = best - objective
    return rows


def level(traces: Sequence[Trace], best: float) -> float:
    """Return the median regret of these runs, the plain genetic algorithm's, at its budget."""
    return float(_median(curves(traces, best))[LEVEL_AT - 1])


def summary(runs: Mapping[int, Trace], landscape: Landscape, at: float, last: int) -> Summary:
    """Return what is to be said of a method's runs, by seed, on a landscape with the level `at`."""
    tops = {"1": 1, "10": 10, "0.1%": max(1, len(landscape.valid) // 1000)}
    traces = list(runs.values())
    times = [trace.ask_ms for trace in traces if trace.ask_ms is not None]
    return Summary(
        curves(traces, landscape.best, last),
        at,
        {name: landscape.regret_of_top(count) for name, count in tops.items()},
        float(np.mean(times)) if times else None,
        tuple(runs),
        sum(trace.cpu_s for trace in traces),
    )


def first_at(median: Floats, at: float) -> int | None:
    """Return the first evaluation, from 1, at which `median` has come down to `at`."""
    reached = np.flatnonzero(median <= at + ROUNDING)
    return int(reached[0]) + 1 if reached.size else None


def ranks(regrets: Iterable[float]) -> list[float]:
    """Return the place of each, 1 for the smallest; equals share the mean of their places."""
    values = list(regrets)
    return [
        1 + sum(other < one for other in values) + (values.count(one) - 1) / 2 for one in values
    ]


def _median(rows: Floats) -> Floats:
    return np.asarray(np.median(rows, axis=0))


def _resampled(rows: Floats, statistic: Callable[[Floats], float]) -> list[float]:
    generator = np.random.default_rng(0)
    picks = generator.integers(len(rows), size=(RESAMPLES, len(rows)))
    return [statistic(rows[pick]) for pick in picks]
