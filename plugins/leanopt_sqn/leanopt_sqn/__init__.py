"""The system quality number as the fitness: registration and options, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from leanopt_core.api import FitnessSpec, ScenarioOptions, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SqnOptions", "leanopt_fitness"]

LEANOPT_API_VERSION = 2


@frozen(kw_only=True)
class SqnOptions(ScenarioOptions):
    """The options of `sqn`."""

    trade_cap: int = field(
        default=100,
        validator=validators.ge(0),
        metadata={
            "help": "number of trades from which more do not raise the value; 0 for no cap",
            "bounds": "0 or more",
        },
    )


@hookimpl
def leanopt_fitness() -> Sequence[FitnessSpec]:
    """Register the fitness function `sqn`."""
    return [
        FitnessSpec(
            "sqn",
            "leanopt_sqn._impl:create",
            SqnOptions,
            "System quality number of closed trades, after fees",
            needs=frozenset({"returns", "trades"}),
        )
    ]
