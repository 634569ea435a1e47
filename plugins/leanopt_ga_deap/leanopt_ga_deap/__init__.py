"""The steady-state genetic algorithm: registration and options, nothing heavy."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from leanopt_core import hookimpl
from leanopt_core.specs import StageSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GeneticOptions", "leanopt_stages"]

LEANOPT_API_VERSION = 1

_SHARE = validators.and_(validators.ge(0.0), validators.le(1.0))


@frozen
class GeneticOptions:
    """The options of `ga_deap`."""

    population_size: int = field(
        default=125,
        validator=validators.ge(2),
        metadata={"help": "individuals at the start, random ones", "bounds": "2 or more"},
    )
    final_population_size: int = field(
        default=20,
        validator=validators.ge(2),
        metadata={
            "help": "individuals left once the population has narrowed",
            "bounds": "2 or more",
        },
    )
    n_generations: int = field(
        default=73,
        validator=validators.ge(0),
        metadata={"help": "it ends after so many generations of children", "bounds": "0 or more"},
    )
    batch_size: int = field(
        default=15,
        validator=validators.ge(1),
        metadata={"help": "children that count as a generation", "bounds": "1 or more"},
    )
    crossover_prob: float = field(
        default=0.95,
        validator=_SHARE,
        metadata={"help": "how often a child has two parents", "bounds": "0 to 1"},
    )
    mutation_prob: float = field(
        default=0.05,
        validator=_SHARE,
        metadata={"help": "how often each parameter of a child changes", "bounds": "0 to 1"},
    )
    tournament_size: int = field(
        default=3,
        validator=validators.ge(1),
        metadata={"help": "candidates of which the best is a parent", "bounds": "1 or more"},
    )
    early_stopping_generations: int = field(
        default=15,
        validator=validators.ge(0),
        metadata={
            "help": "it ends after so many generations without a gain, 0: never",
            "bounds": "0 or more",
        },
    )
    early_stopping_min_delta: float = field(
        default=0.01,
        validator=validators.and_(validators.ge(0.0), validators.lt(inf)),
        metadata={"help": "rise of the best fitness that is a gain", "bounds": "0 or more"},
    )
    n_seeds: int = field(
        default=10,
        validator=validators.ge(0),
        metadata={
            "help": "best trials of the stage `seed_from` that join at the start",
            "bounds": "0 or more",
        },
    )
    restart: bool = field(
        default=True,
        metadata={"help": "begin anew around the best when diversity is lost"},
    )


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `ga_deap`."""
    return [
        StageSpec(
            "ga_deap",
            "leanopt_ga_deap._impl:create",
            GeneticOptions,
            "A steady-state genetic algorithm: children of good points replace the worst",
        )
    ]
