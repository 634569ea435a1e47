"""How many points there are to search, and whether a lookahead keeps the workers busy."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log

from attrs import frozen

from leanopt_core.space import Space


@frozen
class Size:
    """How large a space is: `value` feasible points, `exact` or not, and a warning or none."""

    value: int
    exact: bool
    warning: str | None = None


def size_of(space: Space) -> Size:
    """Return the number of feasible points.

    A pipeline whose space is proven empty has been refused before; where only sampling was
    possible and found no point, that is a warning.
    """
    counted = space.count()
    exact = counted.how != "estimated"
    if counted.value or exact:
        return Size(counted.value, exact)
    warning = (
        "no sampled point satisfies constraints.parameters; "
        "if none does, the search will find nothing to try"
    )
    return Size(0, exact=False, warning=warning)


# The lookahead that keeps 95% of so many workers busy, in the steady state, with lognormal run
# times of coefficient of variation 0.5; simulated.
_NEEDED = ((1, 1), (2, 3), (4, 7), (16, 38), (64, 204))
_LEAST = 8


def needed(workers: int) -> float:
    """Return the lookahead that keeps 95% of the workers busy; interpolated in logarithms."""
    for (low, least), (high, most) in pairwise(_NEEDED):
        if workers <= high or high == _NEEDED[-1][0]:
            share = log(workers / low) / log(high / low)
            return exp(log(least) + share * log(most / least))
    raise AssertionError(workers)


def advised(workers: int) -> int:
    """Return the lookahead to set: the power of two at or above three a worker, at least 8."""
    better = _LEAST
    while better < 3 * workers:
        better *= 2
    return better


def advice(lookahead: int, workers: int) -> str | None:
    """Return what to say of this lookahead, None where at least 95% of the workers stay busy."""
    if lookahead >= round(needed(workers)):
        return None
    return (
        f"search.lookahead = {lookahead} leaves some of the {workers} workers idle: "
        f"{advised(workers)} would keep them busy (changing it changes the trials)"
    )
