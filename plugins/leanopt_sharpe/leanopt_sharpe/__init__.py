"""The Sharpe ratio as the fitness: registration, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import FitnessSpec, ReturnsOptions, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["leanopt_fitness"]

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_fitness() -> Sequence[FitnessSpec]:
    """Register the fitness function `sharpe`."""
    return [
        FitnessSpec(
            "sharpe",
            "leanopt_sharpe._impl:create",
            ReturnsOptions,
            "Sharpe ratio of daily returns",
            needs=frozenset({"returns"}),
        )
    ]
