"""NSGA-II, a search method of several objectives: registration and options, nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from leanopt_core.api import StageSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Nsga2Options", "leanopt_stages"]

LEANOPT_API_VERSION = 2

_SHARE = validators.and_(validators.ge(0.0), validators.le(1.0))


@frozen
class Nsga2Options:
    """The options of `nsga2`."""

    population_size: int = field(
        default=50,
        validator=validators.ge(4),
        metadata={"help": "parents, and children between two selections", "bounds": "4 or more"},
    )
    crossover_prob: float = field(
        default=0.9,
        validator=_SHARE,
        metadata={"help": "probability that a child has two parents", "bounds": "0 to 1"},
    )
    mutation_prob: float | None = field(
        default=None,
        validator=validators.optional(_SHARE),
        metadata={
            "help": "probability that a parameter of a child changes (default: 1 / parameters)",
            "bounds": "0 to 1",
        },
    )


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `nsga2`."""
    return [
        StageSpec(
            "nsga2",
            "leanopt_nsga2._impl:create",
            Nsga2Options,
            "Genetic algorithm for several objectives: children spread along the Pareto front",
        )
    ]
