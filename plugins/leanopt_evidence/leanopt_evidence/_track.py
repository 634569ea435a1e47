"""What one series of daily returns shows by itself."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Final, get_args

import numpy as np
from attrs import frozen

from leanopt_evidence._bootstrap import (
    Interval,
    Statistic,
    bootstrap_interval,
    stationary_bootstrap,
)
from leanopt_evidence._inputs import FEWEST, Estimate, Floats, Ints
from leanopt_evidence._sharpe import (
    Moments,
    TrackRecord,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
)

_STATISTICS: Final[tuple[Statistic, ...]] = get_args(Statistic)


@frozen
class Sampling:
    """How statistics resample: the number of resamples, and the seed of their random numbers."""

    resamples: int = 1000
    seed: int = 0

    def rows(self, n: int) -> tuple[Ints, float]:
        """Return the rows of resamples of n periods, and the mean block: the cube root of n."""
        block = float(max(1, round(n ** (1 / 3))))
        return stationary_bootstrap(n, block, self.resamples, self.seed), block


@frozen(eq=False)
class Track:
    """What one series of daily returns shows: `periods` are days a year.

    `probabilistic` is against 0, `record` the length with which it would be 0.95. `intervals` have
    the Sharpe ratio per period, the Calmar ratio and the drawdown, of 95%.
    """

    moments: Moments
    periods: float
    probabilistic: Estimate
    record: TrackRecord
    intervals: Mapping[Statistic, Interval]

    @property
    def sharpe_per_year(self) -> float | None:
        """Return the Sharpe ratio per year, None if there is none."""
        sharpe = self.moments.sharpe
        return None if sharpe is None else sharpe * sqrt(self.periods)


def track_of(returns: Floats, periods: float, sampling: Sampling) -> Track:
    """Return what a series of daily returns shows; it may be empty."""
    found = moments(returns)
    rows = sampling.rows(len(returns))[0] if len(returns) >= FEWEST else np.zeros((0, 0), dtype=int)
    intervals = {
        one: bootstrap_interval(returns, one, rows, periods=periods) for one in _STATISTICS
    }
    return Track(
        found, periods, probabilistic_sharpe(found), minimum_track_record(found), intervals
    )
