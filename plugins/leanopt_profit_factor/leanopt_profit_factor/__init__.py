"""The profit factor as the fitness: registration, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import FitnessSpec, ScenarioOptions, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["leanopt_fitness"]

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_fitness() -> Sequence[FitnessSpec]:
    """Register the fitness function `profit_factor`."""
    return [
        FitnessSpec(
            "profit_factor",
            "leanopt_profit_factor._impl:create",
            ScenarioOptions,
            "Gross profit over gross loss of closed trades, after fees",
            needs=frozenset({"returns", "trades"}),
        )
    ]
