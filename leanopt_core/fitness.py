"""The contract of a fitness function: a trial's backtests in, one value or reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from attrs import field, frozen

from leanopt_core.statistics import Statistics

Direction = Literal["max", "min"]


@frozen
class Backtested:
    """A completed backtest as a fitness function sees it.

    `closed_trades` is the number of closed trades where the engine reports them, else None.
    """

    scenario: str
    statistics: Statistics
    closed_trades: int | None = None


@frozen
class Fitness:
    """What a fitness function returns.

    `value` is None where there is none, with `reasons`; `violation` (0 or more) says how far the
    trial is from having one, so that a search can climb towards it. `values` are further named
    values; ranking uses `value`.
    """

    value: float | None = None
    reasons: tuple[str, ...] = ()
    violation: float = 0.0
    values: Mapping[str, float] = field(factory=dict)


class FitnessFunction(Protocol):
    """Judges trials. Called on the main thread, in trial order; must depend on its input only."""

    @property
    def direction(self) -> Direction:
        """Say which way is better."""
        ...

    @property
    def target(self) -> float | None:
        """Return the value at which the search may end, None for no such value."""
        ...

    def __call__(self, backtests: Sequence[Backtested]) -> Fitness:
        """Judge a trial by its completed backtests, one for each scenario, in their order."""
        ...
