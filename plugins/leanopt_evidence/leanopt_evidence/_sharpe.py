"""The Sharpe ratio of one series: its error, and how long a series must be.

[1] Bailey, Lopez de Prado 2012, The Sharpe Ratio Efficient Frontier.
"""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np
import numpy.typing as npt
from attrs import Attribute, field, frozen
from scipy.special import ndtr, ndtri

from leanopt_evidence._inputs import FEWEST, ROUNDING, Estimate, finite, series

_FEW = "fewer than two observations"
_FLAT = "the returns do not vary"
#: What rounding can take from a kurtosis.
_SLACK = 1e-9


@frozen
class Moments:
    """What the error of a Sharpe ratio depends on.

    `n` periods; `sharpe` per period; `skewness`; `kurtosis` raw, so that a normal distribution has
    3. The three are None, with the `reason`, where the returns have no Sharpe ratio. Raises
    ValueError for moments that no distribution has: kurtosis < 1 + skewness^2.
    """

    n: int
    sharpe: float | None
    skewness: float | None
    kurtosis: float | None = field()
    reason: str | None = None

    @kurtosis.validator
    def _check(self, _attribute: Attribute[float | None], kurtosis: float | None) -> None:
        if self.sharpe is None:
            return
        if self.n < FEWEST or self.skewness is None or kurtosis is None:
            raise ValueError("expected n of at least 2, skewness and kurtosis with a Sharpe ratio")
        for name in ("sharpe", "skewness", "kurtosis"):
            finite(name, getattr(self, name))
        least = 1 + self.skewness**2
        if kurtosis < least - _SLACK * least:
            raise ValueError(
                f"kurtosis is {kurtosis}: expected at least 1 + skewness^2 = {least:.6g}; "
                "it is raw, 3 for a normal distribution"
            )


def moments(returns: npt.ArrayLike) -> Moments:
    """Return the moments of `returns`: one a period, in excess of the risk-free rate.

    The Sharpe ratio is mean / standard deviation (ddof = 1), skewness m3 / m2^1.5 and kurtosis
    m4 / m2^2 with central moments divided by n. Raises ValueError for NaN and infinity.
    """
    found = series(returns)
    n = len(found)
    if n < FEWEST:
        return Moments(n, None, None, None, _FEW)
    # Scaled, so that the fourth power of a small return is not lost.
    largest = float(np.abs(found).max())
    scaled = found / largest if largest else found
    deviation = float(scaled.std(ddof=1))
    if deviation <= ROUNDING:
        return Moments(n, None, None, None, _FLAT)
    mean = scaled.mean()
    centred = scaled - mean
    # By products: powers may differ in the last bit between processors.
    squared = centred * centred
    powers = (squared, squared * centred, squared * squared)
    second, third, fourth = (float(power.mean()) for power in powers)
    skewness = third / second**1.5
    # Of returns that all but equal, rounding can take more than a distribution allows.
    kurtosis = max(fourth / second**2, 1 + skewness**2)
    return Moments(n, float(mean) / deviation, skewness, kurtosis)


def _term(of: Moments) -> Estimate:
    """Return v = 1 - g3 SR + (g4 - 1)/4 SR^2 [1, eq. 8]."""
    if of.sharpe is None or of.skewness is None or of.kurtosis is None:
        return Estimate(None, of.reason or "no Sharpe ratio")
    term = 1 - of.skewness * of.sharpe + (of.kurtosis - 1) / 4 * of.sharpe**2
    if term <= 0:
        return Estimate(None, "the skewness and kurtosis leave no variance of the Sharpe ratio")
    return Estimate(term)


def sharpe_error(of: Moments) -> Estimate:
    """Return the standard error of the Sharpe ratio, per period [1, eq. 9].

    It assumes independent, stationary returns.
    """
    term = _term(of)
    return term if term.value is None else Estimate(sqrt(term.value / (of.n - 1)))


def probabilistic_sharpe(of: Moments, threshold: float = 0.0) -> Estimate:
    """Return the Probabilistic Sharpe Ratio against a `threshold` per period [1, eq. 11].

    It is one minus the p-value of a true Sharpe ratio of `threshold`, not the chance that a
    strategy is good. A threshold per year is divided by the root of the periods a year first.
    """
    error, threshold = sharpe_error(of), finite("threshold", threshold)
    if error.value is None or of.sharpe is None:
        return error
    return Estimate(float(ndtr((of.sharpe - threshold) / error.value)))


@frozen
class TrackRecord:
    """The length of a series in periods, exact and `whole`; or None with the reason."""

    periods: float | None
    whole: int | None
    reason: str | None = None


def minimum_track_record(
    of: Moments, threshold: float = 0.0, confidence: float = 0.95
) -> TrackRecord:
    """Return the minimum track record length: with it, PSR(`threshold`) is `confidence`.

    [1, eq. 13]. Raises ValueError unless `confidence` is between 0.5 and 1.
    """
    if not 0.5 < confidence < 1:  # noqa: PLR2004
        raise ValueError(f"confidence is {confidence}: expected a number between 0.5 and 1")
    term, threshold = _term(of), finite("threshold", threshold)
    if term.value is None or of.sharpe is None:
        return TrackRecord(None, None, term.reason)
    if of.sharpe <= threshold:
        return TrackRecord(None, None, "the Sharpe ratio is not above the threshold")
    with np.errstate(over="ignore"):
        periods = float(1 + term.value * np.square(ndtri(confidence) / (of.sharpe - threshold)))
    if not np.isfinite(periods):
        return TrackRecord(None, None, "the Sharpe ratio is too near the threshold")
    return TrackRecord(periods, ceil(periods))
