"""Random backtests for the kit of fitness functions, values that break arithmetic among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import evolve
from hypothesis import strategies as st

from leanopt_core.outputs import ClosedTrade
from leanopt_core.testing.backtests import GOOD, Sample, curve
from leanopt_core.work import Outcome

#: Values that break divisions, powers or logarithms.
EDGES: Final = (0.0, -0.0, -1.0, 5e-324, -5e-324, 1.7e308, -1.7e308)

_figures = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(EDGES)
_reported = st.dictionaries(
    st.sampled_from(sorted(GOOD)), _figures | st.none() | st.text(max_size=3)
)
_closed = st.none() | st.integers(0, 10**9)
_curves = st.lists(st.floats(-2, 2) | st.sampled_from(EDGES), max_size=6).map(curve)
_trades = st.lists(_figures | st.none(), max_size=5).map(
    lambda drawn: [ClosedTrade(profit=one, fees=one) for one in drawn]
)


def outcomes(
    good: Mapping[str, float], good_sample: Sample, *, samples: bool
) -> st.SearchStrategy[Sequence[Outcome]]:
    """Return a strategy for the backtests of a trial; with `samples`, of their curves and trades.

    Statistics are those of a good backtest with some others in their place, or few.
    """
    whole = _reported.map(lambda drawn: {**good, **drawn})
    drawn = st.builds(Sample, _curves | st.none(), _trades | st.none())
    sample = st.just(good_sample) | drawn if samples else st.just(good_sample)
    one = st.builds(
        lambda told, closed, sample: evolve(sample.outcome(told), closed_trades=closed),
        whole | _reported,
        _closed,
        sample,
    )
    return st.lists(one, min_size=1, max_size=3)
