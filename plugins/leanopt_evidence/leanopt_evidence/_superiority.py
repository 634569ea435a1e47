"""Whether the best of several strategies beats a benchmark, for all that were tried.

[6] White 2000, A Reality Check for Data Snooping. [7] Hansen 2005, A Test for Superior Predictive
Ability. [8] Romano, Wolf 2005, Stepwise Multiple Testing as Formalized Data Snooping.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import numpy.typing as npt
from attrs import frozen

from leanopt_evidence._inputs import Estimate, Floats
from leanopt_evidence._resampled import Resampled

#: Resamples that are evaluated together, so that memory stays small.
_AT_ONCE = 64
_FEW = "fewer than three observations"
_NONE = "no column has a variance"


@frozen(eq=False)
class RealityCheck:
    """White's statistic, its p-value, and its resampled values (B)."""

    statistic: float | None
    p_value: Estimate
    resampled: Floats | None = None


@frozen(eq=False)
class SuperiorAbility:
    """Hansen's statistic and p-values; `consistent` is the one to report.

    `resampled` (3 x B) has the resampled statistics: lower, consistent, upper. `left_out` are the
    columns without a variance.
    """

    statistic: float | None
    lower: Estimate
    consistent: Estimate
    upper: Estimate
    resampled: Floats | None = None
    left_out: tuple[int, ...] = ()


@frozen
class Stepwise:
    """The columns that beat the benchmark, those of each step; `left_out` have no variance."""

    steps: tuple[tuple[int, ...], ...]
    left_out: tuple[int, ...] = ()
    reason: str | None = None

    @property
    def rejected(self) -> tuple[int, ...]:
        """Return the columns of all steps, in order."""
        return tuple(sorted(column for step in self.steps for column in step))


def reality_check(differences: npt.ArrayLike, indices: npt.ArrayLike) -> RealityCheck:
    """Return White's Reality Check [6].

    `differences` are n periods x K strategies: each strategy's return minus the benchmark's.
    `indices` (B x n, B at least 1,000) come from `stationary_bootstrap`. The p-value is
    (1 + k) / (B + 1), never 0. Raises ValueError for NaN, infinity and indices that do not fit.
    """
    return white(Resampled(differences, indices))


def white(of: Resampled) -> RealityCheck:
    """Return White's Reality Check of resampled strategies."""
    if of.few:
        return RealityCheck(None, Estimate(None, _FEW))
    best = sqrt(of.n) * float(of.means.max())
    resampled = sqrt(of.n) * of.deviations.max(axis=1)
    return RealityCheck(best, _p_value(best, resampled), resampled)


def superior_ability(
    differences: npt.ArrayLike, indices: npt.ArrayLike, block: float
) -> SuperiorAbility:
    """Return Hansen's test for Superior Predictive Ability [7].

    Arguments as of `reality_check`; `block` is the mean length of the bootstrap's blocks, which the
    variance depends on. A column without a variance is left out.
    """
    return hansen(Resampled(differences, indices, block))


def hansen(of: Resampled) -> SuperiorAbility:
    """Return Hansen's test of resampled strategies, whose errors are known."""
    if of.few or not len(of.kept):
        none = Estimate(None, _FEW if of.few else _NONE)
        left_out = () if of.few else of.left_out
        return SuperiorAbility(None, none, none, none, left_out=left_out)
    root, errors, means = sqrt(of.n), of.errors, of.means[of.kept]
    best = max(0.0, root * float((means / errors).max()))
    # log(log(n)) is above zero from three rows on.
    bound = -errors * sqrt(2 * log(log(of.n)) / of.n)
    centres = np.maximum(means, 0), np.where(means >= bound, means, 0), means
    parts = []
    for start in range(0, len(of.deviations), _AT_ONCE):
        part = of.deviations[start : start + _AT_ONCE, of.kept] + means
        parts.append([(root * (part - one) / errors).max(axis=1).clip(0) for one in centres])
    resampled = np.concatenate(parts, axis=1)
    lower, consistent, upper = (_p_value(best, row) for row in resampled)
    return SuperiorAbility(best, lower, consistent, upper, resampled, of.left_out)


def stepwise_superiority(
    differences: npt.ArrayLike, indices: npt.ArrayLike, block: float, alpha: float = 0.05
) -> Stepwise:
    """Return which columns beat the benchmark, by the studentised StepM [8].

    Arguments as of `superior_ability`; the chance that any column is named wrongly is at most about
    `alpha`. A step rejects the columns whose statistic is above the 1 - alpha quantile of the
    resampled maximum over those still in. Raises ValueError unless alpha is between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}: expected a number between 0 and 1")
    return romano_wolf(Resampled(differences, indices, block), alpha)


def romano_wolf(of: Resampled, alpha: float) -> Stepwise:
    """Return StepM of resampled strategies, whose errors are known."""
    if of.few:
        return Stepwise((), reason=_FEW)
    if not len(of.kept):
        return Stepwise((), of.left_out, _NONE)
    resampled = of.deviations[:, of.kept] / of.errors
    statistics, steps = of.means[of.kept] / of.errors, []
    remaining = np.arange(len(of.kept))
    while len(remaining):
        limit = _quantile(resampled[:, remaining].max(axis=1), alpha)
        rejected = statistics[remaining] > limit
        if not rejected.any():
            break
        steps.append(tuple(of.kept[remaining[rejected]].tolist()))
        remaining = remaining[~rejected]
    return Stepwise(tuple(steps), of.left_out)


def _p_value(statistic: float, resampled: Floats) -> Estimate:
    reached = int(np.count_nonzero(resampled >= statistic))
    return Estimate((1 + reached) / (len(resampled) + 1))


def _quantile(resampled: Floats, alpha: float) -> float:
    """Return the limit above which the p-value, (1 + k) / (B + 1), is at most alpha."""
    allowed = int(round(alpha * (len(resampled) + 1), 9)) - 1
    return float(np.sort(resampled)[len(resampled) - 1 - allowed]) if allowed >= 0 else np.inf
