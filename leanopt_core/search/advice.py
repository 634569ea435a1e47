"""Report the size of the search space, and whether the lookahead keeps the workers busy."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log, sqrt

from attrs import frozen

from leanopt_core.space import Sampling, Space


@frozen
class Size:
    """The size of a space: `value` feasible points, `exact` or estimated, and a warning if any."""

    value: int
    exact: bool
    warning: str | None = None


def size_of(space: Space) -> Size:
    """Return the number of feasible points.

    A space that is proven empty is an error of the pipeline. If so few points are feasible that
    they must be searched for, the result has a warning.
    """
    sampling = space.sampling
    if sampling.size is not None:
        return Size(sampling.size, exact=True)
    counted = space.count()
    exact = counted.how != "estimated"
    return Size(counted.value, exact, None if sampling.how == "rejection" else _scarce(sampling))


def _scarce(sampling: Sampling) -> str:
    few = "fewer than one point in 10,000 satisfies constraints.parameters"
    if not sampling.found:
        return f"{few}, and a search found none; the search may find no point to try"
    return (
        f"{few}, and they are too many to count: random points are searched for; every feasible "
        "point can come, but not all are equally likely"
    )


# (workers, lookahead that keeps 95% of them busy): simulated steady state with lognormal run times,
# coefficient of variation 0.5.
_NEEDED = ((1, 1), (2, 3), (4, 7), (16, 38), (64, 204))
_LEAST = 8


def needed(workers: int, steps: int = 1) -> float:
    """Return the lookahead that keeps 95% of the workers busy, interpolated in logarithms.

    `steps` is how many backtests of a trial can run one after the other.
    """
    for (low, least), (high, most) in pairwise(_NEEDED):
        if workers <= high or high == _NEEDED[-1][0]:
            share = log(workers / low) / log(high / low)
            return exp(log(least) + share * log(most / least)) * _longer(workers, steps)
    raise AssertionError(workers)


def _longer(workers: int, steps: int) -> float:
    """Return the factor for trials of several steps, of which few take all.

    Simulated as above with 4 to 20 steps, where one trial in ten takes all of them.
    """
    return 1.0 if workers == 1 else max(1.0, sqrt(steps / 2))


def advised(workers: int, steps: int = 1) -> int:
    """Return the advised lookahead: 3 per worker, rounded up to a power of two, at least 8.

    Trials of several `steps` need more.
    """
    better = _LEAST
    while better < 3 * workers * _longer(workers, steps):
        better *= 2
    return better


def advice(lookahead: int, workers: int, steps: int = 1) -> str | None:
    """Return a warning about a low lookahead, None if at least 95% of the workers stay busy.

    `steps` is how many backtests of a trial can run one after the other.
    """
    if lookahead >= round(needed(workers, steps)):
        return None
    pruned = " with [prune], where a trial's steps run one after the other" * (steps > 1)
    return (
        f"search.lookahead = {lookahead} leaves some of the {workers} workers idle{pruned}; "
        f"{advised(workers, steps)} would keep them busy (changing it changes the trials)"
    )
