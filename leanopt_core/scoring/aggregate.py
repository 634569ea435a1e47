"""One fitness out of several scenarios' ones, for fitness functions that judge each by itself."""

from __future__ import annotations

from math import fsum
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

from attrs import evolve

from leanopt_core.fitness import Backtested, Fitness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Aggregate = Literal["mean", "median", "min", "max"]


def _mean(values: Sequence[float]) -> float:
    return fsum(value / len(values) for value in values)


_WAYS: Final[Mapping[Aggregate, Callable[[Sequence[float]], float]]] = {
    "mean": _mean,
    "median": median,
    "min": min,
    "max": max,
}


def judge_each(
    backtests: Sequence[Backtested],
    judge: Callable[[Backtested], Fitness],
    how: Aggregate = "mean",
) -> Fitness:
    """Judge each scenario's backtest by itself and combine.

    Where there are several, each reason begins with its scenario: `SPY: no statistic 'Drawdown'`.
    """
    return combine([_named(backtest, judge(backtest), backtests) for backtest in backtests], how)


def _named(backtest: Backtested, fitness: Fitness, backtests: Sequence[Backtested]) -> Fitness:
    if len(backtests) == 1:
        return fitness
    return evolve(fitness, reasons=tuple(f"{backtest.scenario}: {r}" for r in fitness.reasons))


def combine(fitnesses: Sequence[Fitness], how: Aggregate = "mean") -> Fitness:
    """Return one fitness for all `fitnesses`, one for each scenario.

    The value is their mean, median, smallest or largest; where one has none, so has the whole.
    Reasons are joined without repeats, violations summed, and named values that all of them have
    are combined like the value. No fitness at all, or an unknown `how`, raises ValueError.
    """
    if not fitnesses:
        raise ValueError("there is no fitness to combine")
    if how not in _WAYS:
        raise ValueError(f"'{how}' is no way to combine; there are: {', '.join(_WAYS)}")
    if len(fitnesses) == 1:
        return fitnesses[0]
    way = _WAYS[how]
    values = [fitness.value for fitness in fitnesses if fitness.value is not None]
    shared = [
        name for name in fitnesses[0].values if all(name in fitness.values for fitness in fitnesses)
    ]
    return Fitness(
        value=way(values) if len(values) == len(fitnesses) else None,
        reasons=tuple(dict.fromkeys(reason for one in fitnesses for reason in one.reasons)),
        violation=fsum(fitness.violation for fitness in fitnesses),
        values={name: way([fitness.values[name] for fitness in fitnesses]) for name in shared},
    )
