"""What the loop holds of trials that are not told yet; the rest is in the store."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field

from leanopt_core.space import Value
from leanopt_core.work import Backtest, Outcome


@define(eq=False)
class Flight:
    """A trial between its proposal and its telling: one outcome slot a scenario.

    `replayed` says that it had been told before the run was resumed.
    """

    search: int
    number: int
    parameters: Mapping[str, Value]
    outcomes: list[Outcome | None]
    replayed: bool = False

    @property
    def landed(self) -> bool:
        """Say whether every scenario has its outcome."""
        return None not in self.outcomes


@define(eq=False)
class Errand:
    """A backtest to be run, with the places (trial and scenario) that wait for its outcome.

    `lost` counts how often its result could not be read any more.
    """

    search: int
    backtest: Backtest
    scenario: int
    waiting: list[tuple[Flight, int]] = field(factory=list)
    lost: int = 0
