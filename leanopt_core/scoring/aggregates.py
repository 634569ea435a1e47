"""Combine the values of several scenarios to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import floor, fsum
from statistics import median
from typing import TYPE_CHECKING, Final, get_args

from attrs import evolve

from leanopt_core.fitness import Backtested, Direction, Fitness
from leanopt_core.fitness_options import Aggregate

if TYPE_CHECKING:
    from typing import TypeAlias

    Combine: TypeAlias = Callable[[Sequence[float]], float]


def score_each(
    backtests: Sequence[Backtested],
    score: Callable[[Backtested], Fitness],
    how: Aggregate = "mean",
    *,
    direction: Direction = "max",
    q: float | None = None,
) -> Fitness:
    """Score each scenario's backtest alone, then aggregate the scores as `aggregate` does.

    With several scenarios each reason begins with its scenario: `SPY: no statistic 'Drawdown'`.
    The weights are those of the backtests.
    """
    scored = [score(backtest) for backtest in backtests]
    if len(backtests) > 1:
        scored = [_named(*one) for one in zip(backtests, scored, strict=True)]
    weights = [backtest.weight for backtest in backtests] if how == "weighted" else None
    return aggregate(scored, how, direction=direction, q=q, weights=weights)


def _named(backtest: Backtested, fitness: Fitness) -> Fitness:
    return evolve(fitness, reasons=tuple(f"{backtest.scenario}: {r}" for r in fitness.reasons))


def aggregate(
    fitnesses: Sequence[Fitness],
    how: Aggregate = "mean",
    *,
    direction: Direction = "max",
    q: float | None = None,
    weights: Sequence[float] | None = None,
) -> Fitness:
    """Aggregate `fitnesses`, one per scenario, to one fitness.

    The value is their mean, median, minimum or maximum; the worst in this `direction`; the
    quantile `q`, interpolated as `numpy.quantile` does; or the mean with `weights`, 1 by default.
    It is None if one has no value. Reasons are joined without repeats, violations summed; named
    values that all have are aggregated like the value. Raises ValueError if there is no fitness,
    for an unknown `how`, for a quantile without `q`, and if weights are not above 0.
    """
    if not fitnesses:
        raise ValueError("no fitness to aggregate")
    if how in _WAYS:
        way = _WAYS[how]
    else:
        way = _way(how, direction, q, [1.0] * len(fitnesses) if weights is None else weights)
    if len(fitnesses) == 1:
        return fitnesses[0]
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


def _way(
    how: Aggregate, direction: Direction, q: float | None, weights: Sequence[float]
) -> Combine:
    match how:
        case "worst":
            return min if direction == "max" else max
        case "quantile":
            if q is None or not 0 <= q <= 1:
                raise ValueError(f"expected q from 0 to 1 for 'quantile', found {q}")
            return lambda values: quantile(values, q)
        case "weighted":
            if not all(weight > 0 for weight in weights):
                raise ValueError(f"expected weights above 0, found {list(weights)}")
            return lambda values: weighted_mean(values, weights)
    raise ValueError(f"cannot aggregate by '{how}'; choose from: {', '.join(get_args(Aggregate))}")


def _mean(values: Sequence[float]) -> float:
    return fsum(value / len(values) for value in values)


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the mean of one or more values with as many weights above 0."""
    whole = fsum(weights)
    return fsum(value * (weight / whole) for value, weight in zip(values, weights, strict=True))


def quantile(values: Sequence[float], q: float) -> float:
    """Return the quantile `q` (0 to 1) of one or more values, between two of them linear."""
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    at = floor(place)
    low, high = ordered[at], ordered[min(at + 1, len(ordered) - 1)]
    between = low * (1 - (place - at)) + high * (place - at)
    # Rounding must not lead out of the interval.
    return min(max(between, low), high)


_WAYS: Final[Mapping[str, Combine]] = {"mean": _mean, "median": median, "min": min, "max": max}
