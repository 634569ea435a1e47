"""Annual return over the ulcer index as the fitness: registration, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import FitnessSpec, ReturnsOptions, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["leanopt_fitness"]

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_fitness() -> Sequence[FitnessSpec]:
    """Register the fitness function `ulcer`."""
    return [
        FitnessSpec(
            "ulcer",
            "leanopt_ulcer._impl:create",
            ReturnsOptions,
            "Annual return over the ulcer index of daily closes",
            needs=frozenset({"returns"}),
        )
    ]
