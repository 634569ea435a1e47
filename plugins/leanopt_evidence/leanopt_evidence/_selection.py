"""What the best of many trials without skill is expected to show.

[2] Bailey, Lopez de Prado 2014, The Deflated Sharpe Ratio. [4] Bailey, Borwein, Lopez de Prado,
Zhu 2014, Pseudo-Mathematics and Financial Charlatanism.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import e, log, sqrt

import numpy as np
from attrs import frozen
from scipy.special import ndtri

from leanopt_evidence._inputs import FEWEST, Estimate, finite
from leanopt_evidence._sharpe import Moments, probabilistic_sharpe

_ONE = "one trial: nothing was selected"


def _trials(trials: float) -> float:
    """Return how many trials there were; raises ValueError for fewer than one."""
    if finite("trials", trials) < 1:
        raise ValueError(f"trials is {trials}: expected at least 1")
    return float(trials)


def _deviations(trials: float) -> float:
    """Return z(N): the expected maximum in standard deviations [2, eq. 1]."""
    # The upper tail directly: 1 - 1/N would round to 1 for large N.
    first, second = -ndtri(1 / trials), -ndtri(1 / (trials * e))
    return float((1 - np.euler_gamma) * first + np.euler_gamma * second)


def expected_maximum(trials: float, variance: float, mean: float = 0.0) -> Estimate:
    """Return the expected maximum of N independent normal values [2, eq. 1].

    `trials` is N, not always whole; `variance` and `mean` are those of the values. Below about 1.3
    trials the approximation is below the mean. Raises ValueError for fewer than one trial and a
    variance below zero.
    """
    if finite("variance", variance) < 0:
        raise ValueError(f"variance is {variance}: expected zero or more")
    if _trials(trials) == 1:
        return Estimate(None, _ONE)
    return Estimate(finite("mean", mean) + sqrt(variance) * _deviations(trials))


def sharpe_variance(sharpes: Iterable[float | None]) -> Estimate:
    """Return the variance (ddof = 1) of the trials' Sharpe ratios per period.

    None is a trial without one, for instance a failed trial: it counts among the trials, not here.
    """
    known = [finite("a Sharpe ratio", one) for one in sharpes if one is not None]
    if len(known) < FEWEST:
        return Estimate(None, "fewer than two trials have a Sharpe ratio")
    return Estimate(float(np.var(known, ddof=1)))


@frozen
class Deflated:
    """The Deflated Sharpe Ratio, or None with the reason; and the `threshold` per period."""

    value: float | None
    threshold: float | None
    reason: str | None = None


def deflated_sharpe(of: Moments, trials: float, variance: float) -> Deflated:
    """Return the Deflated Sharpe Ratio of the chosen trial [2, eq. 2].

    `of` are the chosen trial's moments, `trials` all that were tried, failed ones too, and
    `variance` that of their Sharpe ratios per period (per year: divide by the periods a year). The
    threshold is the expected maximum of as many trials without skill, at least 0: that of fewer
    than about 1.3 trials is below it only by the approximation. One minus a p-value, not the chance
    that a strategy is good. After one trial there is none: `probabilistic_sharpe` says what there
    is to say.
    """
    expected = expected_maximum(trials, variance)
    if expected.value is None:
        return Deflated(None, None, expected.reason)
    threshold = max(expected.value, 0.0)
    found = probabilistic_sharpe(of, threshold)
    return Deflated(found.value, threshold, found.reason)


@frozen
class BacktestLength:
    """A length in years and its simple upper `bound`, or None with the reason."""

    years: float | None
    bound: float | None
    reason: str | None = None


def minimum_backtest_length(trials: float, sharpe_per_year: float) -> BacktestLength:
    """Return the minimum backtest length [4, th. 3.1].

    With less history the best of N `trials` without skill is expected to show `sharpe_per_year`.
    The bound is 2 ln N / SR^2.
    """
    if finite("sharpe_per_year", sharpe_per_year) <= 0:
        return BacktestLength(None, None, "the Sharpe ratio is not above zero")
    if _trials(trials) == 1:
        return BacktestLength(None, None, _ONE)
    years = (max(_deviations(trials), 0.0) / sharpe_per_year) ** 2
    return BacktestLength(years, 2 * log(trials) / sharpe_per_year**2)
