"""Model-based search: registration and options, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from leanopt_core.api import StageSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SurrogateOptions", "leanopt_stages"]

LEANOPT_API_VERSION = 2

#: The stage keeps up with so many asks per second at its leisure: it then has 50 ms for each.
LEISURE = 20.0


@frozen
class SurrogateOptions:
    """The options of `surrogate`."""

    initial: int = field(
        default=24,
        validator=validators.ge(1),
        metadata={
            "help": "spread points before the models, at most a third of `trials` (or 8); more "
            "until 8 trials are told; trials of earlier stages count"
        },
    )
    asks_per_second: float | None = field(
        default=None,
        validator=validators.optional(validators.gt(0)),
        metadata={
            "help": "asks that a core must manage per second; more make models cruder",
            "bounds": "above 0",
        },
    )

    def ask_seconds(self, trials: int, lookahead: int) -> float:
        """Return about what ask and tell of a trial take in the mean."""
        from leanopt_surrogate._schedule import MANY, Schedule

        schedule, first = Schedule(self.asks_per_second, lookahead), min(trials, MANY)
        seconds = first * schedule.seconds(0) + (trials - first) * schedule.seconds(MANY)
        return seconds / trials


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `surrogate`."""
    return [
        StageSpec(
            "surrogate",
            "leanopt_surrogate._impl:create",
            SurrogateOptions,
            "Model-based search for expensive backtests",
        )
    ]
