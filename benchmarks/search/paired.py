"""Better, worse or not to be told apart: Wilcoxon's signed-rank test on paired seeds.

F. Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1 (1945); the correction
for several tests is S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian
Journal of Statistics 6 (1979). The p-values are exact, ties included: regrets on a grid tie often,
and the usual normal approximation is too bold for the few pairs that then remain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from attrs import evolve, frozen

from search.figures import ROUNDING, ranks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.figures import Floats, Summary

#: Verdicts are at this level, over all landscapes together.
ALPHA: Final = 0.05
DIGITS: Final = 9


@frozen
class Comparison:
    """One method's regrets beside another's: medians, the p-value, which has the lower ranks.

    `lower` is -1 where the first method's regrets are lower, 1 where they are higher, else 0.
    """

    one: float
    other: float
    p: float
    lower: int

    @property
    def sign(self) -> str:
        """Return + where the first is better, - where it is worse, = without a difference."""
        return {-1: "+", 0: "=", 1: "-"}[self.lower if self.p <= ALPHA else 0]


def compared(pairs: Mapping[str, tuple[Summary, Summary]], budget: int) -> dict[str, Comparison]:
    """Compare two methods on each landscape after `budget` evaluations, by Holm over them all."""
    found = {}
    for place, (one, other) in pairs.items():
        columns = matched(one, other, budget)
        found[place] = Comparison(*map(float, map(np.median, columns)), *signed_ranks(*columns))
    adjusted = holm({place: each.p for place, each in found.items()})
    return {place: evolve(each, p=adjusted[place]) for place, each in found.items()}


def matched(one: Summary, other: Summary, budget: int) -> tuple[Floats, Floats]:
    """Return both methods' regrets after `budget`, of the seeds that both have, in order."""
    seeds = [seed for seed in one.seeds if seed in other.seeds]
    first, second = (
        summary.curves[[summary.seeds.index(seed) for seed in seeds], budget - 1]
        for summary in (one, other)
    )
    return first, second


def signed_ranks(one: Floats, other: Floats) -> tuple[float, int]:
    """Return the two-sided p-value, and the sign of the sum of the signed ranks.

    Pairs that are equal count for nothing; equal differences share the mean of their ranks.
    """
    both = np.isinf(one) & np.isinf(other)
    differences = np.where(both, 0.0, one - np.where(both, 0.0, other))
    kept = differences[np.abs(differences) > ROUNDING]
    if not kept.size:
        return 1.0, 0
    doubled = np.rint(2 * np.array(ranks(np.round(np.abs(kept), DIGITS)))).astype(int)
    above, below = int(doubled[kept > 0].sum()), int(doubled[kept < 0].sum())
    tail = _ways(doubled)[: min(above, below) + 1].sum() / 2.0**kept.size
    return min(1.0, 2 * float(tail)), int(np.sign(above - below))


def _ways(doubled: Sequence[int]) -> Floats:
    """Return by sum how many choices among the ranks have it."""
    ways = np.zeros(int(np.sum(doubled)) + 1)
    ways[0] = 1
    for rank in doubled:
        ways[rank:] = ways[rank:] + ways[:-rank]
    return ways


def holm(values: Mapping[str, float]) -> dict[str, float]:
    """Return the p-values as they are after Holm's correction for their number."""
    adjusted, reached = {}, 0.0
    for i, (name, value) in enumerate(sorted(values.items(), key=lambda item: item[1])):
        reached = max(reached, min(1.0, (len(values) - i) * value))
        adjusted[name] = reached
    return adjusted
