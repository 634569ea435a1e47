"""The fitness function `deflated_sharpe`: its formula, its variance, its README."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import leanopt_deflated_sharpe
import mpmath
import numpy as np
import pytest
from hypothesis import given
from leanopt_deflated_sharpe import DeflatedSharpeOptions
from leanopt_deflated_sharpe._impl import create
from scipy.optimize import fsolve

from leanopt_core.api import FitnessContext
from leanopt_core.fitness import Moments
from tests.backtests import RETURNS, listed, merits, said, with_returns
from tests.real_curves import COUNT, lean_curves
from tests.returns_cases import FIGURES, ReturnsContract

README = Path(str(leanopt_deflated_sharpe.__file__)).parents[1] / "README.md"


@pytest.mark.kit_again
class TestContract(ReturnsContract):
    """The kit for fitness functions."""

    @pytest.fixture
    def fitness(self):
        """With a rate; a minimum of years would hide backtests without returns."""
        return create(DeflatedSharpeOptions(trials=100, risk_free_rate="2%"))


def exact(returns: Sequence[float], trials: int, variance: float, rate: float = 0.0) -> float:
    """Return the Deflated Sharpe Ratio from its definition, in 40 digits; both per period."""
    with mpmath.workdps(40):
        values = [mpmath.mpf(one) - rate for one in returns]
        n = len(values)
        mean = mpmath.fsum(values) / n
        second, third, fourth = (
            mpmath.fsum((v - mean) ** k for v in values) / n for k in (2, 3, 4)
        )
        ratio = mean / mpmath.sqrt(second * n / (n - 1))
        skew, kurtosis = third / second ** mpmath.mpf("1.5"), fourth / second**2
        below = [1 - mpmath.mpf(1) / trials, 1 - 1 / (trials * mpmath.e)]
        first, other = (mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1) for p in below)
        threshold = mpmath.sqrt(variance) * ((1 - mpmath.euler) * first + mpmath.euler * other)
        spread = mpmath.sqrt(1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2)
        return float(mpmath.ncdf((ratio - threshold) * mpmath.sqrt(n - 1) / spread))


@pytest.mark.parametrize("number", range(0, COUNT, 5))
@pytest.mark.parametrize("rate", [0.0, 0.03])
def test_as_mpmath_computes_it(number: int, rate: float) -> None:
    """On real curves of LEAN."""
    returns = np.float32(lean_curves()[number].returns).tolist()
    options = DeflatedSharpeOptions(
        trials=250, variance=0.1, periods_per_year=252, risk_free_rate=rate
    )
    value = create(options)([with_returns(returns)]).value
    expected = exact(returns, 250, 0.1 / 252, math.expm1(math.log1p(rate) / 252))
    assert value == pytest.approx(expected, rel=1e-9)


def series(n: int, sharpe: float, skewness: float, kurtosis: float) -> list[float]:
    """Return `n` returns of these moments: quantiles of a distribution of two parameters."""
    base = quantiles(n)

    def shaped(by: Sequence[float]) -> np.ndarray:
        values = np.sinh(by[0] + by[1] * base)
        return (values - values.mean()) / values.std()

    def away(by: Sequence[float]) -> tuple[float, float]:
        values = shaped(by)
        return (values**3).mean() - skewness, (values**4).mean() - kurtosis

    values = shaped(fsolve(away, [-0.2, 0.7], xtol=1e-12))
    values = values / values.std(ddof=1) + sharpe
    return (0.01 * values).tolist()


def quantiles(n: int) -> np.ndarray:
    """Return quantiles of the normal distribution."""
    places = (np.arange(n) + 0.5) / n
    return np.array([float(mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1)) for p in places])


def test_worked_example() -> None:
    """The best of 64 trials, V 0.3 a year: 0.7268137; the README has it too."""
    options = DeflatedSharpeOptions(trials=64, variance=0.3, periods_per_year=252)
    value = create(options)([with_returns(series(504, 0.11, -0.8, 6.0))]).value
    assert value == pytest.approx(0.7268137, abs=2e-6)  # the returns have 32 bits
    assert "give SR0 = 0.0818 a day and the value 0.7268" in README.read_text()


ONE = with_returns(np.random.default_rng(4).normal(0.001, 0.01, 400).tolist())
RETURNED = list(ONE.returns.values)


@pytest.mark.parametrize(
    ("told", "variance"),
    [
        ({}, 1 / 399),
        ({"sharpe SPY": Moments(19, 0.1, 0.004)}, 1 / 399),
        ({"sharpe SPY": Moments(20, 0.1, 0.004)}, 0.004),
        ({"sharpe QQQ": Moments(50, 0.1, 0.004)}, 1 / 399),
        ({"fitness": Moments(50, 0.1, 0.004)}, 1 / 399),
        ({"sharpe SPY": Moments(50, 0.1, None)}, 1 / 399),
        ({"sharpe SPY": Moments(50, 0.1, 0.0)}, 0.0),
    ],
)
def test_the_variance_is_that_of_the_told_trials(
    told: Mapping[str, Moments], variance: float
) -> None:
    """Of this scenario, once there are enough."""
    value = create(DeflatedSharpeOptions())([ONE], FitnessContext(50, 80, told)).value
    assert value == pytest.approx(exact(RETURNED, 80, variance), rel=1e-9)


def test_an_option_goes_before_what_was_told() -> None:
    """The number of trials and the variance."""
    context = FitnessContext(50, 80, {"sharpe SPY": Moments(50, 0.1, 0.004)})
    options = DeflatedSharpeOptions(trials=9, variance=0.5, periods_per_year=100)
    value = create(options)([ONE], context).value
    assert value == pytest.approx(exact(RETURNED, 9, 0.005), rel=1e-9)
    value = create(DeflatedSharpeOptions(variance=0.0))([ONE], context).value
    assert value == pytest.approx(exact(RETURNED, 80, 0.0), rel=1e-9)


def test_later_trials_learn_the_sharpe_ratio_of_each_scenario() -> None:
    """As named values, also if the trial has no fitness since another scenario has none."""
    other = with_returns(np.random.default_rng(5).normal(0, 0.01, 300).tolist())
    fitness = create(DeflatedSharpeOptions(trials=10))
    judged = fitness([ONE, type(other)("QQQ", other.statistics, 100, other.returns)])
    assert list(judged.values) == ["sharpe SPY", "sharpe QQQ"]
    mean, deviation = np.mean(RETURNED), np.std(RETURNED, ddof=1)
    assert judged.values["sharpe SPY"] == pytest.approx(mean / deviation, rel=1e-12)
    singles = [fitness([one]).value for one in (ONE, other)]
    assert judged.value == pytest.approx(sum(singles) / 2, rel=1e-12)
    flat = fitness([ONE, with_returns([0.0] * 100)])
    assert flat.value is None
    assert "SPY: no Sharpe ratio: the returns do not vary" in flat.reasons


@pytest.mark.parametrize(
    ("context", "reason"),
    [(FitnessContext(), "no budget"), (FitnessContext(1, 1), "one trial: nothing was selected")],
)
def test_without_a_number_of_trials_there_is_no_value(context: FitnessContext, reason: str) -> None:
    """And the reason says what to do."""
    judged = create(DeflatedSharpeOptions())([ONE], context)
    assert judged.value is None
    assert reason in judged.reasons[0]


def test_more_trials_and_more_variance_lower_the_value() -> None:
    """And a longer backtest of the same moments raises it."""
    by_trials = [
        create(DeflatedSharpeOptions(trials=trials, variance=0.1))([ONE]).value
        for trials in (2, 10, 1000)
    ]
    by_variance = [
        create(DeflatedSharpeOptions(trials=10, variance=variance))([ONE]).value
        for variance in (0.0, 0.1, 1.0)
    ]
    for values in (by_trials, by_variance):
        assert values == sorted(values, reverse=True)
        assert len(set(values)) == 3
    options = DeflatedSharpeOptions(trials=10, variance=0.01, periods_per_year=252)
    short, long = (with_returns(RETURNED * times) for times in (1, 4))
    assert create(options)([short]).value < create(options)([long]).value


@given(*FIGURES)
def test_always_a_share_or_a_reason(returns: list[float], rate: float, periods: int) -> None:
    """For any returns."""
    options = DeflatedSharpeOptions(trials=7, risk_free_rate=rate, periods_per_year=periods)
    judged = create(options)([with_returns(returns)])
    if judged.value is None:
        assert judged.reasons
    else:
        assert 0 <= judged.value <= 1


@pytest.mark.parametrize("changed", [{"trials": 1}, {"variance": -0.1}, {"variance": math.inf}])
def test_wrong_options(changed: dict[str, float]) -> None:
    """Are refused before a search."""
    with pytest.raises(ValueError, match=next(iter(changed))):
        DeflatedSharpeOptions(**changed)


def test_order() -> None:
    """Those with a value, then those without one, a total loss last."""
    usual = {
        case: one
        for case, one in RETURNS.items()
        if case.startswith(("gains and", "losses and", "one trade", "no trades", "total loss"))
    }
    ranked = merits(create(DeflatedSharpeOptions(trials=100)), usual)
    assert ranked == sorted(ranked)


def test_readme_says_what_is_computed() -> None:
    """The table of cases."""
    fitness = create(DeflatedSharpeOptions(trials=100))
    assert listed(README) == {case: said(fitness, one) for case, one in RETURNS.items()}


def test_registers_lightly() -> None:
    """The hook names the function, where its code is, and what it needs."""
    (spec,) = leanopt_deflated_sharpe.leanopt_fitness()
    assert (spec.name, spec.factory) == ("deflated_sharpe", "leanopt_deflated_sharpe._impl:create")
    assert spec.needs == {"returns"}
