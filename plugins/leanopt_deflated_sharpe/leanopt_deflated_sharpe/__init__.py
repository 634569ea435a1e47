"""The Deflated Sharpe Ratio as the fitness: registration and options, nothing heavy."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from leanopt_core.api import FitnessSpec, ReturnsOptions, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DeflatedSharpeOptions", "leanopt_fitness"]

LEANOPT_API_VERSION = 2


@frozen(kw_only=True)
class DeflatedSharpeOptions(ReturnsOptions):
    """The options of `deflated_sharpe`."""

    trials: int | None = field(
        default=None,
        validator=validators.optional(validators.ge(2)),
        metadata={
            "help": "number of trials to deflate by (default: the budget of the search)",
            "bounds": "2 or more",
        },
    )
    variance: float | None = field(
        default=None,
        validator=validators.optional(validators.and_(validators.ge(0), validators.lt(inf))),
        metadata={
            "help": "variance of the trials' Sharpe ratios a year (default: of those told before)",
            "bounds": "0 or more",
        },
    )


@hookimpl
def leanopt_fitness() -> Sequence[FitnessSpec]:
    """Register the fitness function `deflated_sharpe`."""
    return [
        FitnessSpec(
            "deflated_sharpe",
            "leanopt_deflated_sharpe._impl:create",
            DeflatedSharpeOptions,
            "Deflated Sharpe Ratio of daily returns",
            needs=frozenset({"returns"}),
        )
    ]
