"""The contract of a fitness function: a trial's backtests in, a value or reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from attrs import field, frozen

from leanopt_core.statistics import Statistics

Direction = Literal["max", "min"]


@frozen
class Backtested:
    """A completed backtest as a fitness function sees it.

    `closed_trades` is the number of closed trades, None if the engine does not report it.
    """

    scenario: str
    statistics: Statistics
    closed_trades: int | None = None


@frozen
class Fitness:
    """The result of a fitness function.

    `value` is None, with `reasons`, if the trial has no fitness. `violation` (0 or more) is then
    the distance from having one; a search can reduce it. `values` are further named values; ranking
    uses `value` only.
    """

    value: float | None = None
    reasons: tuple[str, ...] = ()
    violation: float = 0.0
    values: Mapping[str, float] = field(factory=dict)


class FitnessFunction(Protocol):
    """Scores trials. Called on the main thread, in trial order; must depend on its input only."""

    @property
    def direction(self) -> Direction:
        """Return whether higher (`max`) or lower (`min`) is better."""
        ...

    @property
    def target(self) -> float | None:
        """Return the value at which the search may end, None if there is none."""
        ...

    def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
        """Score a trial by its completed backtests, one per scenario, in their order."""
        ...
