"""The contract of a fitness function: a trial's backtests in, a value or reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, Protocol

from attrs import field, frozen

from leanopt_core.outputs import ClosedTrade, DailyReturns, Equity
from leanopt_core.read_only import read_only
from leanopt_core.statistics import Statistics

Direction = Literal["max", "min"]

#: The name of the value itself among the named values of trials.
FITNESS: Final = "fitness"


def turned(value: float | None, direction: Direction) -> float | None:
    """Return a fitness as an objective, or the reverse: negated if lower is better."""
    # No -0.0.
    return 0.0 - value if value is not None and direction == "min" else value


@frozen
class Backtested:
    """A completed backtest as a fitness function sees it.

    `closed_trades` is the number of closed trades, None if the engine does not report it.
    `returns`, `equity` and `trades` are None unless `FitnessSpec.needs` names them and the engine
    reports them. They are what the store holds, whether the backtest ran now or was cached.
    `weight` is the scenario's, 1 unless the pipeline sets it.
    """

    scenario: str
    statistics: Statistics
    closed_trades: int | None = None
    returns: DailyReturns | None = None
    equity: Equity | None = None
    trades: Sequence[ClosedTrade] | None = None
    weight: float = 1.0


@frozen
class Moments:
    """Count, mean and sample variance (divided by `count` - 1) of a named value over trials.

    `variance` is None for a single trial, and if it is too large for a float.
    """

    count: int
    mean: float
    variance: float | None = None


@frozen
class FitnessContext:
    """What a fitness function may know of the search, besides the trial's own backtests.

    `stage_trials` and `search_trials` are the budgets of the trial's stage and of its search, None
    without one. `values` has the moments of each named value, and of the value itself as `fitness`,
    over the trials that had been told when this one was proposed. A name that no trial had yet is
    missing. The mapping is read-only.
    """

    stage_trials: int | None = None
    search_trials: int | None = None
    values: Mapping[str, Moments] = field(factory=dict, converter=read_only)


@frozen
class Fitness:
    """The result of a fitness function.

    `value` is None, with `reasons`, if the trial has no fitness. `violation` (0 or more) is then
    the distance from having one; a search can reduce it. `values` are further named values; ranking
    uses `value` only. The name `fitness` is reserved for the value itself.
    """

    value: float | None = None
    reasons: tuple[str, ...] = ()
    violation: float = 0.0
    values: Mapping[str, float] = field(factory=dict)


class FitnessFunction(Protocol):
    """Scores trials. Called on the main thread; must depend on its input only.

    A function that takes only the backtests works too: leanopt looks at its signature once.
    """

    @property
    def direction(self) -> Direction:
        """Return whether higher (`max`) or lower (`min`) is better."""
        ...

    @property
    def target(self) -> float | None:
        """Return the value at which the search may end, None if there is none."""
        ...

    def __call__(self, backtests: Sequence[Backtested], context: FitnessContext) -> Fitness:
        """Score a trial by its completed backtests, one per scenario.

        They are the scenarios of one step of the trial: any number of them, in any order.
        """
        ...
