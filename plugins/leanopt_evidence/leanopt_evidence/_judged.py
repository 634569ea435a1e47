"""Every statistic of one search: its best trial, and how it was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from leanopt_evidence._inputs import FEWEST, Estimate, constant
from leanopt_evidence._overfitting import Overfitting, probability_of_overfitting
from leanopt_evidence._resampled import Resampled
from leanopt_evidence._selection import (
    BacktestLength,
    Deflated,
    deflated_sharpe,
    minimum_backtest_length,
    sharpe_variance,
)
from leanopt_evidence._superiority import (
    RealityCheck,
    Stepwise,
    SuperiorAbility,
    hansen,
    romano_wolf,
    white,
)
from leanopt_evidence._track import Sampling, Track, track_of

if TYPE_CHECKING:
    from leanopt_evidence._aligned import Aligned
    from leanopt_evidence._counted import Counted

#: The blocks of CSCV, fewer if a block would have fewer rows than this.
_BLOCKS, _ROWS = 16, 10
#: The chance that StepM names any trial wrongly.
_ALPHA = 0.05


@frozen(eq=False)
class SearchEvidence:
    """What the statistics say of the best trial of a search, each with a value or a reason.

    `trial` is its number, None without one; `track` its returns over the days from `first` to
    `last`. `counted` are the trials of the strategy. `variance` is that of the Sharpe ratios per
    period of the search's trials. `deflated` is with all trials, `effective` with their effective
    number; `length` and `effective_length` the minimum backtest lengths. `overfitting` chooses by
    Sharpe ratio. `white`, `superior` and `stepwise` compare with cash that pays nothing; their
    columns are `returns.trials`.
    """

    number: int
    name: str
    trial: int | None
    returns: Aligned
    counted: Counted
    track: Track
    variance: Estimate
    deflated: Deflated
    effective: Deflated
    length: BacktestLength
    effective_length: BacktestLength
    overfitting: Overfitting
    white: RealityCheck
    superior: SuperiorAbility
    stepwise: Stepwise
    superior_trials: tuple[int, ...] = field(default=())

    @property
    def selected(self) -> Estimate:
        """Return what judges the best trial: deflated, unless there was one trial in effect."""
        if self.counted.effective <= 1:
            return self.track.probabilistic
        return Estimate(self.effective.value, self.effective.reason)

    @property
    def years(self) -> float:
        """Return the length of its history."""
        return len(self.returns.days) / self.returns.periods


def judge(
    number: int,
    name: str,
    trial: int | None,
    returns: Aligned,
    counted: Counted,
    sampling: Sampling,
) -> SearchEvidence:
    """Return the evidence of a search whose best is `trial`."""
    column = None if trial is None else returns.column(trial)
    series = np.zeros(0) if column is None else column.astype(np.float64)
    track = track_of(series, returns.periods, sampling)
    variance = sharpe_variance(_sharpes(returns))
    sharpe = track.sharpe_per_year
    against_cash = _tests(returns, sampling)
    return SearchEvidence(
        number,
        name,
        trial,
        returns,
        counted,
        track,
        variance,
        _deflated(track, counted.raw, variance),
        _deflated(track, counted.effective, variance),
        _length(counted.raw, sharpe, track),
        _length(counted.effective, sharpe, track),
        _overfitting(returns),
        *against_cash,
        tuple(returns.trials[at] for at in against_cash[2].rejected),
    )


def _sharpes(returns: Aligned) -> list[float]:
    """Return the Sharpe ratios per period of all trials that have one."""
    if len(returns.days) < FEWEST or not returns.trials:
        return []
    values = returns.values
    varying = ~constant(values)
    means = values.mean(axis=0, dtype=np.float64)[varying]
    found: list[float] = (means / values.std(axis=0, ddof=1, dtype=np.float64)[varying]).tolist()
    return found


def _deflated(track: Track, trials: float, variance: Estimate) -> Deflated:
    if track.moments.sharpe is None:
        return Deflated(None, None, track.moments.reason)
    if variance.value is None and trials > 1:
        return Deflated(None, None, variance.reason)
    return deflated_sharpe(track.moments, trials, variance.value or 0.0)


def _length(trials: float, sharpe: float | None, track: Track) -> BacktestLength:
    if sharpe is None:
        return BacktestLength(None, None, track.moments.reason)
    return minimum_backtest_length(trials, sharpe)


def _overfitting(returns: Aligned) -> Overfitting:
    rows = len(returns.days)
    blocks = min(_BLOCKS, rows // _ROWS // 2 * 2)
    if not blocks:
        return Overfitting(Estimate(None, f"fewer than {2 * _ROWS} days"))
    if not returns.trials:
        return Overfitting(Estimate(None, "no trial has daily returns"))
    return probability_of_overfitting(returns.values, blocks)


def _tests(returns: Aligned, sampling: Sampling) -> tuple[RealityCheck, SuperiorAbility, Stepwise]:
    """Return the tests of all trials against cash."""
    if not returns.trials or not len(returns.days):
        none = Estimate(None, "no trial has daily returns")
        return (
            RealityCheck(None, none),
            SuperiorAbility(None, none, none, none),
            Stepwise((), reason=none.reason),
        )
    resampled = Resampled(returns.values, *sampling.rows(len(returns.days)))
    return white(resampled), hansen(resampled), romano_wolf(resampled, _ALPHA)
